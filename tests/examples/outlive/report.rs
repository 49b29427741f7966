//! What came of the stories: a table, JSON, and whether all went as promised.

use std::time::Duration;

use keepstone_tests::cloud::Counters;
use serde_json::{Value, json};

use crate::job::Count;
use crate::transport::Transport;

/// All that was told.
pub(crate) struct Report {
    /// `embedded` or `real`.
    pub(crate) server: &'static str,
    /// The stories, in order.
    pub(crate) stories: Vec<Told>,
}

/// What came of one story.
pub(crate) struct Told {
    name: &'static str,
    transport: Transport,
    kept: Count,
    lost: Count,
    requests: Requests,
    faults: Vec<String>,
}

/// Token requests that a story made of Keystone.
pub(crate) struct Requests {
    /// For the user.
    pub(crate) user: u64,
    /// For the service that vouched.
    pub(crate) service: u64,
}

impl Told {
    /// A story and its two outcomes: with Keepstone, and bare.
    pub(crate) fn new(
        name: &'static str,
        transport: Transport,
        (kept, lost): (Count, Count),
        requests: Requests,
    ) -> Self {
        let told = Self { name, transport, kept, lost, requests, faults: Vec::new() };
        let held = told.kept.failed == 0 && told.kept.calls() > 0;
        let ways = told.kept.ways.iter().map(String::as_str).collect::<Vec<_>>().join("; ");
        told.claim(held, &format!("no call with Keepstone fails; some did: {ways}"))
    }

    /// Holds the story against a promise.
    pub(crate) fn claim(mut self, held: bool, promise: &str) -> Self {
        if !held {
            self.faults.push(format!("{}: {promise}", self.name));
        }
        self
    }

    /// Holds it against a promise of Keepstone's that the cloud's own counters can tell.
    pub(crate) fn at_once(self, counters: &Counters) -> Self {
        self.claim(counters.token_requests_at_once <= 1, "one token request at a time")
    }

    fn row(&self) -> String {
        let Self { name, kept, lost, requests, .. } = self;
        let mut spans = kept.spans.clone();
        spans.sort_unstable();
        let at = |index: usize| spans.get(index).map_or(0.0, Duration::as_secs_f64) * 1000.0;
        let (median, slowest) = (at(spans.len() / 2), at(spans.len().saturating_sub(1)));
        format!(
            "{name:<16}{:<11}{:>6}{:>8}{:>13}{:>9}{:>9}{median:>11.1}{slowest:>11.1}",
            self.transport.name(),
            kept.calls(),
            kept.failed,
            lost.failed,
            requests.user,
            requests.service,
        )
    }

    fn json(&self) -> Value {
        json!({
            "name": self.name,
            "transport": self.transport.name(),
            "calls": self.kept.calls(),
            "failed": self.kept.failed,
            "bare_failed": self.lost.failed,
            "token_requests": {"user": self.requests.user, "service": self.requests.service},
        })
    }
}

impl Report {
    /// The promises that were not kept. A bare token that survives an embedded cloud makes the
    /// demonstration void; in a real cloud tokens live longer than a story.
    pub(crate) fn faults(&self) -> Vec<String> {
        let void = |told: &&Told| self.server == "embedded" && told.lost.failed == 0;
        let void = self.stories.iter().filter(void);
        let void = void.map(|told| format!("{}: the bare job survived, so this shows nothing", told.name));
        self.stories.iter().flat_map(|told| told.faults.clone()).chain(void).collect()
    }

    /// The stories side by side.
    pub(crate) fn table(&self) -> String {
        let head = format!(
            "\n{:<27}{:>6}{:>8}{:>13}{:>18}{:>11}{:>11}\n{:<16}{:<11}{:>6}{:>8}{:>13}{:>9}{:>9}{:>11}{:>11}",
            "",
            "",
            "",
            "bare",
            "token requests",
            "median",
            "slowest", //
            "story",
            "transport",
            "calls",
            "failed",
            "failed",
            "user",
            "service",
            "ms",
            "ms",
        );
        let rule = "─".repeat(94);
        let rows = self.stories.iter().map(Told::row).collect::<Vec<_>>().join("\n");
        format!("{head}\n{rule}\n{rows}\n{rule}")
    }

    /// What there is to learn.
    pub(crate) fn moral(&self) -> &'static str {
        match self.server {
            "embedded" => "With Keepstone no call failed. With a bare token, calls failed in every story.",
            _ => "With Keepstone no call failed.",
        }
    }

    /// The same for machines.
    pub(crate) fn json(&self) -> Value {
        json!({"server": self.server, "stories": self.stories.iter().map(Told::json).collect::<Value>()})
    }
}
