//! What an answer means: the 401 table, and what may be repeated.
//!
//! ```text
//! sent with                                              │ a 401 leads to
//! ───────────────────────────────────────────────────────┼─────────────────────────────────────
//! no token, or the caller forbade renewal                │ deliver
//! the user's, renewable (or one keyring on both sides)   │ refuse it, renew, again
//! the user's, borrowed; a service identity stood by      │ attach its token, again
//! both; the service's older than the minimum distance    │ suspect it: renew it while others go
//!                                                        │ on using it, again
//! both; the service's beyond suspicion; user renewable   │ refuse the user's, renew, again
//! both; likewise; user borrowed                          │ deliver, naming the user
//! all that can be renewed was; a piece of a transfer     │ pause, again with the same tokens
//! any of these; the body is consumed                     │ note the refusal, fail: consumed
//! ```
//! Each row at most once for a call.

use std::sync::Arc;
use std::time::Duration;

use http::{StatusCode, Uri};

use super::redirect::Redirect;
use super::{BodyKind, Broke, Call, Head, Verdict};
use crate::error::{Cause, Failure, Refusal, Trouble, Wait};
use crate::identity::Renewal;
use crate::keychain::{Keychain, date};
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::notice::Notice;
use crate::pace::retry_after;
use crate::session::DEFAULT_DEADLINE;
use crate::slot::Flight;
use crate::time::Now;

/// No server may make a call wait longer than this between two tries.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(600);

/// What a dispatch went out with.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) at: Now,
    pub(super) to: Uri,
    pub(super) user: Option<Arc<Lease>>,
    pub(super) service: Option<Arc<Lease>>,
    /// A service identity stood by and was not needed.
    pub(super) standby: bool,
    /// The keychain wants to know what time it is there.
    pub(super) wants_date: bool,
    /// The pause to make if the service is busy.
    pub(super) pause: Duration,
}

/// What to do about an answer before the call goes out again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Remedy {
    RenewUser(Flight),
    SuspectService(Flight),
    Attach,
    Wait(Duration),
    /// The question that was asked first is answered.
    SendBody,
    Follow(Redirect),
}

impl Call {
    /// What did the answer mean? Looks at nothing but the head, and only notes what is to be done.
    pub fn judge(&mut self, answer: Head<'_>, now: Now) -> Verdict {
        let Some(sent) = self.sent.take() else { return Verdict::Deliver(None) };
        if sent.wants_date {
            self.date = date(answer.headers).map(|shown| (shown, sent.at, now));
        }
        self.begin(now);
        let consumed = !self.probe && self.body.is_consumed(answer.touched);
        let remedy = match answer.status {
            StatusCode::UNAUTHORIZED => match self.blame(&sent, answer, now) {
                Ok(remedy) => Some(remedy),
                Err(refusal) => return Verdict::Deliver(Some(refusal)),
            },
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS
                if self.may_repeat() && !consumed =>
            {
                self.worth_waiting(sent.pause, answer, now)
            }
            _ if self.probe => Some(Remedy::SendBody),
            _ => self.redirected(answer, &sent.to, consumed).map(Remedy::Follow),
        };
        self.consumed = consumed;
        self.remedy = remedy;
        if self.remedy.is_some() { Verdict::Again } else { Verdict::Deliver(None) }
    }

    /// The 401 table.
    fn blame(&mut self, sent: &Sent, answer: Head<'_>, now: Now) -> Result<Remedy, Refusal> {
        let Some(user) = &sent.user else { return Err(Refusal::NoToken) };
        if !self.session.renewal {
            return Err(Refusal::RenewalForbidden);
        }
        let renewable = user.renewal != Renewal::Never;
        let renew_user = (renewable && !self.done.renewed_user).then_some(Remedy::RenewUser(user.flight));
        let (remedy, refusal) = match &sent.service {
            None if user.lifetime == Lifetime::Endless => (None, Refusal::Fixed),
            None if sent.standby && !renewable && !self.done.attached => {
                (Some(Remedy::Attach), Refusal::Borrowed)
            }
            None if renewable => (renew_user, Refusal::EvenRenewed),
            None => (None, Refusal::Borrowed),
            Some(service) if service.flight == user.flight => (renew_user, Refusal::EvenRenewed),
            Some(service) if self.is_suspect(service, now) => {
                (Some(Remedy::SuspectService(service.flight)), Refusal::EvenRenewed)
            }
            Some(_) if renewable => (renew_user, Refusal::EvenRenewed),
            Some(_) => (None, Refusal::BorrowedBesideService),
        };
        remedy.or_else(|| self.outlast(sent.pause, answer, now)).ok_or(refusal)
    }

    /// A piece of a transfer waits for a 401 to pass. The time for that is counted from the first
    /// one: each attempt may take hours, and the call's own time starts anew with them.
    fn outlast(&mut self, pause: Duration, answer: Head<'_>, now: Now) -> Option<Remedy> {
        if !self.session.piece {
            return None;
        }
        let span = self.session.deadline.unwrap_or(DEFAULT_DEADLINE);
        let end = *self.done.outlast_until.get_or_insert(now.tick.saturating_add(span));
        let remedy = self.worth_waiting(pause, answer, now)?;
        (now.tick.saturating_add(pause) < end).then_some(remedy)
    }

    /// Whether it may be this service token's fault: not if it was renewed for this call, nor
    /// if it is so young that another login would come too soon.
    fn is_suspect(&self, service: &Lease, now: Now) -> bool {
        self.done.suspected.is_none()
            && service.renewal == Renewal::Unattended
            && service.age(now) >= service.distance
    }

    fn worth_waiting(&self, pause: Duration, answer: Head<'_>, now: Now) -> Option<Remedy> {
        let asked = retry_after(answer.headers).unwrap_or_default().min(LONGEST_RETRY_AFTER);
        let pause = pause.max(asked);
        (now.tick.saturating_add(pause) < self.deadline()).then_some(Remedy::Wait(pause))
    }

    fn may_repeat(&self) -> bool {
        self.method.is_idempotent() && self.done.retries < self.session.retries
    }

    /// Does what the last verdict noted.
    pub(super) fn apply(&mut self, keys: &mut Keychain, now: Now) -> Result<(), Failure> {
        match self.remedy.take() {
            Some(Remedy::RenewUser(flight)) => {
                self.done.renewed_user = true;
                keys.refuse(flight);
            }
            Some(Remedy::SuspectService(flight)) if self.consumed => keys.suspect(flight),
            Some(Remedy::SuspectService(flight)) => {
                self.done.suspected = Some(flight);
                keys.notify(Notice::Suspected { keyring: flight.keyring });
            }
            Some(Remedy::Attach) => self.done.attached = true,
            Some(Remedy::Wait(pause)) => self.wait(pause, now),
            Some(Remedy::SendBody) => self.probe = false,
            Some(Remedy::Follow(redirect)) => self.follow(redirect),
            None => {}
        }
        if std::mem::take(&mut self.consumed) { Err(Failure::Consumed) } else { Ok(()) }
    }

    fn wait(&mut self, pause: Duration, now: Now) {
        self.done.retries = self.done.retries.saturating_add(1);
        self.not_before = now.tick.saturating_add(pause);
    }

    /// The request was not answered: may it go again?
    pub(super) fn broke(&mut self, keys: &mut Keychain, broke: Broke, now: Now) -> Result<(), Failure> {
        self.sent = None;
        let may_repeat = self.probe || self.method.is_idempotent();
        let (harmless, cause) = match broke {
            _ if now.tick >= self.deadline() => {
                return Err(Failure::Late { waiting_for: Wait::Answer, last: None });
            }
            Broke::Late => return Err(Failure::Late { waiting_for: Wait::Answer, last: None }),
            Broke::Unsent(cause) => (true, cause),
            Broke::Sending { cause, touched } if self.body.is_consumed(touched) => (false, cause),
            Broke::Waiting(cause) if !self.probe && self.body.is_consumed(true) => (false, cause),
            Broke::Sending { cause, .. } => {
                // A server that refuses a body may close before its 401 is read: ask it first.
                self.probe = may_repeat && self.body != BodyKind::Empty;
                (may_repeat, cause)
            }
            Broke::Waiting(cause) => (may_repeat, cause),
        };
        let pause = keys.pause(self.done.retries.saturating_add(1), None);
        let in_time = now.tick.saturating_add(pause) < self.deadline();
        if harmless && in_time && self.done.retries < self.session.retries && may_pass(&cause) {
            self.wait(pause, now);
            return Ok(());
        }
        Err(match cause.kind {
            Trouble::Resolve | Trouble::Connect | Trouble::Tls | Trouble::Unusable => {
                Failure::Unreachable(cause)
            }
            _ => Failure::Interrupted(cause),
        })
    }
}

fn may_pass(cause: &Cause) -> bool {
    matches!(cause.kind, Trouble::Connect | Trouble::Timeout | Trouble::Broken)
}
