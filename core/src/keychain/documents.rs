//! Version documents: who asks for them, and how long they are believed.
//!
//! They belong to a service, not to a token: a renewal leaves them as they are. Each address is
//! asked once, however many callers need it, first without a token, since most services tell their
//! versions to anybody. Where a token is wanted, each identity asks with its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode, Uri, header};

use super::{Keychain, KeyringId};
use crate::call::{Ask, TlsId, redirection};
use crate::error::Cause;
use crate::headers::USER_AGENT;
use crate::notice::Notice;
use crate::pace::Pace;
use crate::secret::SecretBytes;
use crate::service::{
    DiscoveryError, Known, LARGEST_DOCUMENT, Stay, VersionData, absolute, parse, without_slash,
};
use crate::slot::{Flight, Have, Slot, Turn};
use crate::time::Now;

/// More documents than this are not kept. Those that were asked for longest ago go first.
const MOST_DOCUMENTS: usize = 256;

/// The most redirects that are followed on the way to a document.
const MOST_REDIRECTS: u32 = 5;

/// What a document is kept by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    tls: TlsId,
    url: String,
    /// With whose token it is asked for.
    asker: Option<KeyringId>,
}

#[derive(Debug, Default)]
pub(super) struct Documents(BTreeMap<Target, Document>);

/// A document, and the flight that fetches it.
#[derive(Debug)]
struct Document {
    /// By which a flight names it: documents and keyrings have ids of one kind.
    id: KeyringId,
    slot: Slot<Asking, DiscoveryError>,
    state: State,
    /// The last that was read. It is believed while it is not too old, whatever came after.
    read: Option<(Arc<[VersionData]>, Now)>,
}

#[derive(Debug)]
enum State {
    Unknown,
    Read,
    /// It is told only to those who bring a token.
    Locked(Now),
    Failed(DiscoveryError, Now),
}

/// A request for a document under way.
#[derive(Debug)]
struct Asking {
    /// Where a redirect led.
    to: Option<Uri>,
    redirects: u32,
    asked: Option<Now>,
}

/// What the leader of a document's flight does next.
#[derive(Debug)]
pub(crate) enum Reading {
    Wait(Duration),
    Ask {
        ask: Ask,
        /// Whether the caller's tokens go along.
        with_tokens: bool,
    },
}

/// Who looks for a document, on which connections.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    pub(crate) tls: TlsId,
    pub(crate) asker: Option<KeyringId>,
}

impl Target {
    fn of(reader: Reader, url: &str, asker: Option<KeyringId>) -> Self {
        Self { tls: reader.tls, url: without_slash(url).to_owned(), asker }
    }
}

impl Document {
    fn new(id: KeyringId) -> Self {
        Self { id, slot: Slot::new(), state: State::Unknown, read: None }
    }

    /// What is known of it at an instant; without one, what was known last.
    fn known(&self, now: Option<Now>, pace: &Pace) -> Known {
        let over = |since: Now, span| now.is_some_and(|now| Stay { since, span }.is_over(now));
        if let Some((versions, since)) = &self.read {
            let (since, age) = (*since, pace.discovery_age);
            if !over(since, age) {
                let stay = Stay { since, span: age - age / 8 };
                let old = over(since, pace.cool_down);
                return Known::Read { versions: Arc::clone(versions), stay, old };
            }
        }
        match &self.state {
            State::Failed(error, since) => {
                let stay = Stay { since: *since, span: pace.cool_down };
                let again = over(*since, pace.cool_down) && !self.slot.is_flying();
                Known::Failed { error: error.clone(), stay, again }
            }
            State::Locked(since) => {
                let stay = Stay { since: *since, span: pace.discovery_age };
                Known::Failed { error: DiscoveryError::Status(StatusCode::UNAUTHORIZED), stay, again: false }
            }
            State::Unknown | State::Read => Known::Unknown,
        }
    }

    fn is_locked(&self, now: Option<Now>, pace: &Pace) -> bool {
        matches!(self.state, State::Locked(since) if now.is_none_or(|now| now.since(since) < pace.discovery_age))
    }

    /// When something last became of it.
    fn since(&self) -> Duration {
        let read = self.read.as_ref().map(|(_, since)| since.tick);
        match &self.state {
            State::Locked(since) | State::Failed(_, since) => read.unwrap_or_default().max(since.tick),
            State::Unknown | State::Read => read.unwrap_or_default(),
        }
    }
}

impl Documents {
    pub(super) fn is_led(&self, flight: Flight) -> bool {
        self.0.values().any(|document| document.id == flight.keyring && document.slot.is_led(flight))
    }

    /// An identity is gone, and with it what was told to it.
    pub(super) fn forget(&mut self, asker: KeyringId) {
        self.0.retain(|target, _| target.asker != Some(asker));
    }

    /// Nothing that was under way is waited for.
    pub(super) fn start_afresh(&mut self) {
        self.0.values_mut().for_each(|document| document.slot = Slot::new());
    }

    fn flying(&mut self, flight: Flight) -> Option<(&Target, &mut Document)> {
        self.0.iter_mut().find(|(_, document)| document.id == flight.keyring)
    }

    /// Which one a reader has to ask for: with a token where one is wanted.
    fn target(&self, reader: Reader, url: &str, now: Option<Now>, pace: &Pace) -> Target {
        let open = Target::of(reader, url, None);
        let locked = self.0.get(&open).is_some_and(|document| document.is_locked(now, pace));
        if locked && reader.asker.is_some() { Target { asker: reader.asker, ..open } } else { open }
    }

    fn make_room(&mut self) {
        if self.0.len() < MOST_DOCUMENTS {
            return;
        }
        // A flight whose leader went away holds no place: it may be that nobody comes to continue it.
        let idle = self.0.iter().filter(|(_, document)| !document.slot.is_tended());
        let oldest = idle.min_by_key(|(_, document)| document.since()).map(|(target, _)| target.clone());
        if let Some(oldest) = oldest {
            self.0.remove(&oldest);
        }
    }
}

impl Keychain {
    /// What is known of the version document at `url`; without an instant, what was known last.
    pub(crate) fn known(&self, reader: Reader, url: &str, now: Option<Now>) -> Known {
        let target = self.documents.target(reader, url, now, &self.pace);
        self.documents.0.get(&target).map_or(Known::Unknown, |document| document.known(now, &self.pace))
    }

    /// What a caller who must be done by `deadline` does to get the document at `url`.
    pub(crate) fn document_turn(
        &mut self,
        reader: Reader,
        url: &str,
        have: Have,
        now: Now,
        deadline: Duration,
    ) -> Turn<DiscoveryError> {
        let target = self.documents.target(reader, url, Some(now), &self.pace);
        if !self.documents.0.contains_key(&target) {
            self.documents.make_room();
        }
        let id = self.new_id();
        let document = self.documents.0.entry(target).or_insert_with(|| Document::new(id));
        let (keyring, last_flight) = (document.id, &mut self.last_flight);
        document.slot.turn(have, now.tick, deadline, || {
            *last_flight += 1;
            let asking = Asking { to: None, redirects: 0, asked: None };
            (Flight { keyring, number: *last_flight }, asking)
        })
    }

    /// What the leader of a document's flight does next; `None` if there is nothing left to lead.
    pub(crate) fn lead_document(&mut self, flight: Flight, now: Now, deadline: Duration) -> Option<Reading> {
        let until = now.tick.saturating_add(self.pace.ask_timeout).min(deadline);
        let (target, document) = self.documents.flying(flight)?;
        if !document.slot.is_led(flight) {
            return None;
        }
        let next_try = document.slot.next_try(flight)?;
        if now.tick < next_try {
            return Some(Reading::Wait(next_try));
        }
        let asking = document.slot.work(flight)?;
        asking.asked = Some(now);
        // What the catalog lists need not be an address.
        let to = asking.to.clone().or_else(|| absolute(&target.url));
        let request = to.and_then(|to| {
            let request = Request::get(to).header(header::ACCEPT, "application/json");
            request.header(header::USER_AGENT, USER_AGENT).body(SecretBytes::default()).ok()
        });
        let (tls, with_tokens) = (target.tls, target.asker.is_some());
        match request {
            Some(request) => Some(Reading::Ask {
                ask: Ask { request, tls, at_most: LARGEST_DOCUMENT, until },
                with_tokens,
            }),
            None => {
                let error = DiscoveryError::NoDocument("its address is not an http or https address");
                self.end_document(flight, Err(error), now);
                None
            }
        }
    }

    /// Takes in an answer for a document, or why there is none.
    pub(crate) fn hear_document(
        &mut self,
        flight: Flight,
        answer: Result<&Response<Vec<u8>>, Cause>,
        now: Now,
    ) {
        let Some((target, document)) = self.documents.flying(flight) else { return };
        let Some(asking) = document.slot.work(flight) else { return };
        let outcome = match answer {
            Err(cause) => Err(DiscoveryError::unanswered(cause)),
            Ok(answer) => {
                let from = asking.to.clone().or_else(|| target.url.parse().ok());
                let onward = from.and_then(|from| redirection(&from, answer));
                if let Some(to) = onward.filter(|_| asking.redirects < MOST_REDIRECTS) {
                    (asking.to, asking.redirects) = (Some(to), asking.redirects + 1);
                    return;
                }
                if answer.status() == StatusCode::UNAUTHORIZED && target.asker.is_none() {
                    document.state = State::Locked(now);
                    document.slot.land(flight, Duration::ZERO);
                    self.epoch += 1;
                    return;
                }
                parse(&target.url, answer)
            }
        };
        self.end_document(flight, outcome, now);
    }

    fn end_document(&mut self, flight: Flight, outcome: Result<Vec<VersionData>, DiscoveryError>, now: Now) {
        let again = now.tick.saturating_add(self.pace.cool_down);
        let Some((target, document)) = self.documents.flying(flight) else { return };
        self.epoch += 1;
        match outcome {
            Ok(versions) => {
                document.read = Some((versions.into(), now));
                document.state = State::Read;
                document.slot.land(flight, Duration::ZERO);
            }
            Err(error) => {
                document.state = State::Failed(error.clone(), now);
                document.slot.cool(flight, again, error.clone());
                let url = target.url.clone();
                self.notify(Notice::Undiscovered { url, error });
            }
        }
    }

    /// The leader of a document's flight goes away: whoever needs it next continues.
    pub(crate) fn leave_document(&mut self, flight: Flight) {
        let first_pause = self.pace.first_pause;
        let Some((_, document)) = self.documents.flying(flight) else { return };
        if document.slot.is_led(flight) {
            let asked = document.slot.work(flight).and_then(|asking| asking.asked);
            let next_try = asked.map_or(Duration::ZERO, |asked| asked.tick.saturating_add(first_pause));
            document.slot.leave(flight, next_try);
            self.epoch += 1;
        }
    }
}

#[cfg(test)]
mod tests;
