//! What the cloud saw.

use std::collections::{BTreeMap, VecDeque};

use http::StatusCode;

use super::{auth_token::Question, service::Service};

/// How many arrivals are remembered.
const REMEMBERED: usize = 10_000;

/// Counts of what happened so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Token requests that arrived, answered well or not.
    pub token_requests: u64,
    /// The same, by the name of the user who asked.
    pub token_requests_of: BTreeMap<String, u64>,
    /// The most token requests that were in Keystone at once.
    pub token_requests_at_once: u64,
    /// Attempts with a wrong password or secret, by user: what locks accounts.
    pub wrong_passwords: BTreeMap<String, u64>,
    /// Token validations, over the wire and by the services.
    pub validations: u64,
    /// What each service did.
    pub services: BTreeMap<Service, ServiceCounters>,
    /// Bytes by object, as `container/object` in the project's account (`PUT` attempts add up).
    pub objects: BTreeMap<String, ObjectBytes>,
}

impl Counters {
    /// Token requests by a user of this name.
    #[must_use]
    pub fn token_requests_of(&self, user: &str) -> u64 {
        self.token_requests_of.get(user).copied().unwrap_or(0)
    }

    /// Wrong passwords tried for a user of this name.
    #[must_use]
    pub fn wrong_passwords(&self, user: &str) -> u64 {
        self.wrong_passwords.get(user).copied().unwrap_or(0)
    }

    /// What one service did.
    #[must_use]
    pub fn service(&self, service: Service) -> ServiceCounters {
        self.services.get(&service).copied().unwrap_or_default()
    }
}

/// Counts of one service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServiceCounters {
    /// Requests that arrived.
    pub requests: u64,
    /// Answers with 401.
    pub refusals: u64,
    /// Body bytes read, of refused requests too.
    pub bytes_received: u64,
    /// The most requests that it worked on at once. (Keystone's token requests are counted apart.)
    pub at_once: u64,
}

/// Bytes of one object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ObjectBytes {
    /// Body bytes received for it, over all attempts.
    pub received: u64,
    /// Bytes that were stored, over all attempts.
    pub stored: u64,
}

/// A request that reached a service, and the tokens it carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Where it arrived.
    pub service: Service,
    /// The method.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// `X-Auth-Token` as sent.
    pub user_token: Option<String>,
    /// `X-Service-Token` as sent.
    pub service_token: Option<String>,
    /// `Authorization` as sent.
    pub authorization: Option<String>,
}

/// A question about a token that a service put to Keystone, and the answer's status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Validation {
    /// The token asked about.
    pub subject: String,
    /// The query of the request: empty or `allow_expired=1`.
    pub query: &'static str,
    /// The answer's status.
    pub status: u16,
}

/// The books behind [`Counters`].
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) counters: Counters,
    pub(crate) arrivals: VecDeque<Arrival>,
    pub(crate) validations: VecDeque<Validation>,
    in_flight: u64,
    inside: BTreeMap<Service, u64>,
}

impl Books {
    pub(crate) fn arrived(&mut self, arrival: Arrival) {
        self.service(arrival.service).requests += 1;
        remember(&mut self.arrivals, arrival);
    }

    pub(crate) fn validated(&mut self, question: Question<'_>, status: StatusCode) {
        let (subject, query) = (question.subject.to_owned(), question.query());
        let status = status.as_u16();
        remember(&mut self.validations, Validation { subject, query, status });
    }

    pub(crate) fn service(&mut self, service: Service) -> &mut ServiceCounters {
        self.counters.services.entry(service).or_default()
    }

    /// Somebody goes in to a service.
    pub(crate) fn goes_in(&mut self, service: Service) {
        let inside = self.inside.entry(service).or_default();
        *inside += 1;
        let inside = *inside;
        let at_once = &mut self.service(service).at_once;
        *at_once = inside.max(*at_once);
    }

    pub(crate) fn comes_out(&mut self, service: Service) {
        let inside = self.inside.entry(service).or_default();
        *inside = inside.saturating_sub(1);
    }

    pub(crate) fn token_request_begins(&mut self) {
        self.counters.token_requests += 1;
        self.in_flight += 1;
        let at_once = &mut self.counters.token_requests_at_once;
        *at_once = self.in_flight.max(*at_once);
    }

    pub(crate) fn token_request_ends(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Starts counting anew; what is under way still counts as such.
    pub(crate) fn reset(&mut self) {
        self.counters = Counters { token_requests_at_once: self.in_flight, ..Counters::default() };
        self.arrivals.clear();
        self.validations.clear();
    }
}

fn remember<T>(journal: &mut VecDeque<T>, entry: T) {
    if journal.len() == REMEMBERED {
        journal.pop_front();
    }
    journal.push_back(entry);
}
