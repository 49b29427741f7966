//! One request, from the first question to the final answer.
//!
//! A driver asks two questions: [`Call::next`] — may I send? — and [`Call::judge`] — what did
//! the answer mean? Everything between them is in here and in [`crate::Keychain`].

mod compose;
mod discover;
mod dispatch;
mod errand;
mod judge;
mod lasting;
mod look;
mod redirect;
mod whose;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::uri::Authority;
use http::{HeaderMap, Method, Uri};

pub use dispatch::{
    Action, Ask, BodyKind, Broke, Dispatch, Event, Head, Published, Question, Reply, TlsId, Verdict,
};
pub use errand::{Errand, ErrandStep};
pub(crate) use redirect::{redirection, resolve};
pub use whose::{Described, Whose};

use crate::error::{Failure, Who};
use crate::keychain::{Keychain, KeyringId};
use crate::service::{Found, Search};
use crate::session::{DEFAULT_DEADLINE, Session};
use crate::slot::Flight;
use crate::time::Now;
use discover::Fetching;
use judge::{Remedy, Sent};

/// One request, with what it has been through so far.
///
/// Give [`Call::next`] the event that answers its last action. Before a call is dropped, [`Call::owes`] says whether [`Call::abandon`] is due.
pub struct Call {
    session: Session,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: BodyKind,
    /// When it must be done; set at its first step.
    until: Option<Duration>,
    /// Not before this tick is it looked at again.
    not_before: Duration,
    lead: Option<Leading>,
    /// The version document that it fetches or waits for. A token comes first.
    fetching: Option<Fetching>,
    /// What is to be found out, if that is all it is for.
    search: Option<Search>,
    /// Where the session's endpoint is.
    found: Option<Arc<Found>>,
    /// Until when this dispatch waits for a service token that is only preferred.
    patience: Option<Duration>,
    /// The service identity without whose token it goes.
    without: Option<KeyringId>,
    sent: Option<Sent>,
    /// What the last answer asks for, to be done at the next step.
    remedy: Option<Remedy>,
    /// The body has been used up: the remedy is for the next call.
    consumed: bool,
    done: Done,
    /// Whether a body that can be read once waits for the answer to a question without it.
    probe: bool,
    /// A `Date` that the keychain wants, with when its request left and when it came.
    date: Option<(DateTime<Utc>, Now, Now)>,
}

/// A flight that a call leads: for which of its identities, and until when.
#[derive(Clone, Copy, Debug)]
struct Leading {
    flight: Flight,
    who: Who,
    until: Duration,
}

/// What a call has tried already: each row of the 401 table at most once.
#[derive(Debug, Default)]
struct Done {
    renewed_user: bool,
    /// The service lease that was suspected: any other will do.
    suspected: Option<Flight>,
    attached: bool,
    /// How often it was repeated because its service was busy or out of reach, or because a
    /// piece of a transfer waited for a 401 to go away.
    retries: u32,
    redirects: u32,
    /// A version document was fetched anew for it.
    refreshed: bool,
    /// Until when a piece of a transfer waits for a 401 to pass.
    outlast_until: Option<Duration>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { session, method, body, lead, done, .. } = self;
        let (origin, path) = (self.uri.authority().map(Authority::host), self.uri.path());
        // Not the headers, nor the query: a caller may have put a secret there.
        f.debug_struct("Call")
            .field("session", session)
            .field("method", method)
            .field("to", &(origin, path))
            .field("body", body)
            .field("lead", lead)
            .field("done", done)
            .finish_non_exhaustive()
    }
}

impl Call {
    /// A call of this session. `uri` may be absolute, or only a path if the session has an endpoint.
    #[must_use]
    pub fn new(session: &Session, method: Method, uri: Uri, headers: HeaderMap, body: BodyKind) -> Self {
        Self {
            session: session.clone(),
            method,
            uri,
            headers,
            body,
            until: None,
            not_before: Duration::ZERO,
            lead: None,
            fetching: None,
            search: None,
            found: None,
            patience: None,
            without: None,
            sent: None,
            remedy: None,
            consumed: false,
            done: Done::default(),
            probe: false,
            date: None,
        }
    }

    /// For a transport that cannot wait for `100 Continue`: before a body that can be read once
    /// leaves, a HEAD to the same address shows whether the tokens are good.
    #[must_use]
    pub fn asking_first(mut self) -> Self {
        self.probe = self.body == BodyKind::OneShot;
        self
    }

    /// May I send? Takes what happened, and says what to do next.
    pub fn next(&mut self, keys: &mut Keychain, event: Event, now: Now) -> Action {
        self.begin(now);
        if let Err(failure) = self.take_in(keys, event, now) {
            self.abandon(keys);
            return Action::Fail(failure);
        }
        self.look(keys, now)
    }

    fn take_in(&mut self, keys: &mut Keychain, event: Event, now: Now) -> Result<(), Failure> {
        self.settle(keys);
        match (event, self.lead) {
            (Event::Answered(answer), Some(Leading { flight, .. })) => keys.hear(flight, Ok(&answer), now),
            (Event::Told(reply), Some(Leading { flight, .. })) => keys.told(flight, reply, now),
            // If it is our own deadline that cut the answer off, that is no failure of Keystone's.
            (Event::Broke(broke), Some(Leading { flight, until, .. })) if now.tick < until => {
                keys.hear(flight, Err(broke.into_cause()), now);
            }
            (Event::Answered(answer), None) => self.heard_document(keys, &answer, now),
            (Event::Broke(broke), None) if self.leads_document() => self.lost_document(keys, broke, now),
            (Event::Broke(broke), None) => return self.broke(keys, broke, now),
            (Event::Again, None) => return self.apply(keys, now),
            _ => {}
        }
        Ok(())
    }

    /// Whether the call must not be dropped without [`Call::abandon`].
    #[must_use]
    pub fn owes(&self) -> bool {
        self.lead.is_some() || self.leads_document() || self.remedy.is_some() || self.date.is_some()
    }

    /// The driver is done with this call, or vanishes: the lead is handed on, and what was
    /// noted of tokens and clocks is not lost.
    pub fn abandon(&mut self, keys: &mut Keychain) {
        self.settle(keys);
        if let Some(Leading { flight, .. }) = self.lead.take() {
            keys.leave(flight);
        }
        self.leave_document(keys);
        match self.remedy.take() {
            Some(Remedy::RenewUser(flight)) => keys.refuse(flight),
            Some(Remedy::SuspectService(flight)) if self.consumed => keys.suspect(flight),
            _ => {}
        }
    }

    fn settle(&mut self, keys: &mut Keychain) {
        if let Some((date, asked, now)) = self.date.take() {
            keys.compare_clock(date, asked, now);
        }
    }

    fn begin(&mut self, now: Now) {
        let span = self.session.deadline.unwrap_or(DEFAULT_DEADLINE);
        self.until.get_or_insert(now.tick.saturating_add(span));
    }

    fn deadline(&self) -> Duration {
        self.until.unwrap_or(Duration::MAX)
    }
}
