//! Holds what came against what the data says.

use std::collections::BTreeMap;

use serde_json::Value;

use super::body::pattern;
use super::column::Check;
use super::driver::Ended;
use super::expected::Count;
use super::step::{Call, Counts};
use crate::cloud::{Arrival, Counters, Service};

/// The names of tokens: `u1` is the first that was seen as a user's, `s1` the first as a service's.
#[derive(Debug, Default)]
pub(super) struct Labels {
    known: BTreeMap<String, String>,
    users: u32,
    services: u32,
}

impl Labels {
    /// Which tokens came with the requests from the `from`-th on, logins aside.
    pub(super) fn sent(&mut self, arrivals: &[Arrival], from: usize) -> String {
        let is_login = |it: &&Arrival| it.service == Service::Identity && it.path.ends_with("/auth/tokens");
        let sent: Vec<String> =
            arrivals.iter().skip(from).filter(|it| !is_login(it)).map(|it| self.carried(it)).collect();
        sent.join(" ")
    }

    fn carried(&mut self, arrival: &Arrival) -> String {
        let user =
            arrival.user_token.as_ref().map(|token| label(&mut self.known, token, 'u', &mut self.users));
        let service = arrival
            .service_token
            .as_ref()
            .map(|token| label(&mut self.known, token, 's', &mut self.services));
        match (user, service) {
            (None, None) => "-".to_owned(),
            (user, None) => user.unwrap_or_default(),
            (user, Some(service)) => format!("{}+{service}", user.as_deref().unwrap_or("-")),
        }
    }
}

fn label(known: &mut BTreeMap<String, String>, token: &str, kind: char, count: &mut u32) -> String {
    let new = || {
        *count += 1;
        format!("{kind}{count}")
    };
    known.entry(token.to_owned()).or_insert_with(new).clone()
}

/// What a call's answer must show and have.
pub(super) fn answer(what: &str, call: &Call, ended: &Ended) -> Vec<Check> {
    let body: Value = serde_json::from_slice(&ended.body).unwrap_or_default();
    let mut checks = Vec::new();
    for (member, expected) in &call.shows {
        let got = body[member.as_str()].as_str().unwrap_or("nothing").to_owned();
        let fits = match expected.split_once('*') {
            Some((start, _)) => got.starts_with(start),
            None => *expected == got,
        };
        let (what, expected) = (format!("{what}: {member}"), expected.clone());
        checks.push(Check { choice: expected.contains('*'), what, expected, got, fits });
    }
    for header in &call.has {
        let there = ended.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case(header));
        let got = if there { "there" } else { "missing" };
        checks.push(Check::exactly(format!("{what}: header {header}"), "there", got));
    }
    checks
}

/// How many of a herd ended how.
pub(super) fn tally(what: String, expected: &BTreeMap<String, Count>, ended: &[Ended]) -> Check {
    let mut got: BTreeMap<&str, u64> = BTreeMap::new();
    for end in ended {
        *got.entry(&end.outcome).or_default() += 1;
    }
    let fits = expected.iter().all(|(end, count)| count.fits(got.get(end.as_str()).copied().unwrap_or(0)))
        && got.keys().all(|end| expected.contains_key(*end));
    let choice = expected.values().any(|count| count.is_choice());
    let list = |it: Vec<String>| it.join(", ");
    let expected = list(expected.iter().map(|(end, count)| format!("{count} × {end}")).collect());
    let got = list(got.iter().map(|(end, count)| format!("{count} × {end}")).collect());
    Check { what, expected, got, fits, choice }
}

/// Whether an object is what the answer to its upload said.
pub(super) fn object(what: String, told: &str, found: Option<&Ended>, size: usize) -> Check {
    let expected = if told == "201" { "whole" } else { "absent" };
    let got = match found {
        Some(ended) if ended.outcome == "200" && ended.body == pattern(size) => "whole".to_owned(),
        Some(ended) if ended.outcome == "200" => format!("torn: {} bytes", ended.body.len()),
        Some(ended) if ended.outcome == "404" => "absent".to_owned(),
        ended => ended.map_or("nothing", |ended| &ended.outcome).to_owned(),
    };
    // Which of the two it is was checked, and may have been free, with the upload.
    let expected = format!("{expected} (the upload said {told})");
    let fits = expected.starts_with(&got);
    Check { what, expected, got, fits, choice: true }
}

/// What the cloud has counted.
pub(super) fn counts(place: &str, expected: &Counts, got: &Counters) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut check = |what: String, expected: Option<Count>, got: u64| {
        if let Some(count) = expected {
            let (fits, choice) = (count.fits(got), count.is_choice());
            let (expected, got) = (count.to_string(), got.to_string());
            checks.push(Check { what: format!("{place}. {what}"), expected, got, fits, choice });
        }
    };
    check("token requests".into(), expected.token_requests, got.token_requests);
    check("token requests at once".into(), expected.at_once, got.token_requests_at_once);
    for (user, count) in &expected.token_requests_of {
        check(format!("token requests of {user}"), Some(*count), got.token_requests_of(user));
    }
    for (user, count) in &expected.wrong_passwords {
        check(format!("wrong passwords of {user}"), Some(*count), got.wrong_passwords(user));
    }
    for (service, count) in &expected.requests {
        check(format!("requests to {service:?}"), Some(*count), got.service((*service).into()).requests);
    }
    for (service, count) in &expected.refusals {
        check(format!("refusals by {service:?}"), Some(*count), got.service((*service).into()).refusals);
    }
    for (object, count) in &expected.stored {
        let stored = got.objects.get(object).map_or(0, |bytes| bytes.stored);
        check(format!("bytes stored of {object}"), Some(*count), stored);
    }
    checks
}
