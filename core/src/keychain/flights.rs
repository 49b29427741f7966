//! Flights, as a keychain's callers see them: whose turn it is, what a leader does, what came back.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderMap, Response, header};

use super::{Keychain, KeyringId};
use crate::call::{Ask, Question, Reply};
use crate::error::{Cause, Failure, InputError, LoginError, Who};
use crate::keyring::{Keyring, Outcome, Step, Tools, Want};
use crate::notice::Notice;
use crate::skew::Source;
use crate::slot::{Flight, Turn};
use crate::time::Now;

/// The most bytes of Keystone's answer that are read: a large catalog has some 100 KiB.
pub(super) const LARGEST_ANSWER: usize = 4 << 20;

/// What the leader does next.
#[derive(Debug)]
pub(crate) enum Task {
    Wait(Duration),
    Ask(Ask),
    Consult { question: Question, until: Duration },
}

impl Keychain {
    pub(crate) fn turn(
        &mut self,
        id: KeyringId,
        who: Who,
        want: &Want,
        now: Now,
        deadline: Duration,
    ) -> Result<Turn<LoginError>, InputError> {
        let Self { keyrings, clock, last_flight, .. } = self;
        let keyring = keyrings.get_mut(&id).ok_or(InputError::NoSuchKeyring(who))?;
        let new_flight = || {
            *last_flight += 1;
            Flight { keyring: id, number: *last_flight }
        };
        Ok(keyring.turn(want, now, deadline, clock, new_flight))
    }

    /// Whether an identity holds what a call wants.
    pub(crate) fn is_usable(&self, id: KeyringId, want: &Want, now: Now) -> bool {
        self.keyrings.get(&id).is_some_and(|keyring| keyring.is_usable(want, now, &self.clock))
    }

    /// The lead of a renewal of this identity's token, if one is due and nobody has it.
    pub(crate) fn renewal_due(&mut self, id: KeyringId, now: Now) -> Option<Flight> {
        let Self { keyrings, clock, last_flight, .. } = self;
        keyrings.get_mut(&id)?.renewal_due(now, clock, || {
            *last_flight += 1;
            Flight { keyring: id, number: *last_flight }
        })
    }

    /// What the leader of a flight does next; `None` if there is nothing, or nothing left, to lead.
    pub(crate) fn lead(&mut self, flight: Flight, now: Now, deadline: Duration) -> Option<Task> {
        let keyring = self.keyrings.get_mut(&flight.keyring).filter(|keyring| keyring.is_led(flight))?;
        let until = now.tick.saturating_add(self.pace.ask_timeout).min(deadline);
        let consult = |question| Some(Task::Consult { question, until });
        match keyring.lead(flight, now, &mut self.random)? {
            Ok(Step::Wait(until)) => Some(Task::Wait(until)),
            Ok(Step::Credential { refused }) => {
                consult(Question::Credential { keyring: flight.keyring, refused })
            }
            // A person takes as long as the call has.
            Ok(Step::Inquiry(inquiry)) => {
                let question = Question::Inquiry { keyring: flight.keyring, inquiry };
                Some(Task::Consult { question, until: deadline })
            }
            Ok(Step::Ask(request, credential)) => {
                Some(Task::Ask(Ask { request, tls: credential.tls_id(), at_most: LARGEST_ANSWER, until }))
            }
            Err(error) => {
                self.report(flight, |keyring, tools| Some(keyring.stuck(flight, error, now, tools)));
                None
            }
        }
    }

    pub(crate) fn told(&mut self, flight: Flight, reply: Reply, now: Now) {
        self.report(flight, |keyring, tools| match reply {
            Reply::Credential(credential) => {
                keyring.told(flight, credential.map(|credential| *credential), now, tools)
            }
            Reply::Answer(answer) => keyring.told_answer(flight, answer, now, tools),
        });
    }

    pub(crate) fn hear(&mut self, flight: Flight, answer: Result<&Response<Vec<u8>>, Cause>, now: Now) {
        // An identity provider has a clock of its own, which says nothing of Keystone's.
        let asked = self
            .keyrings
            .get_mut(&flight.keyring)
            .and_then(|keyring| if keyring.asks_a_stranger(flight) { None } else { keyring.asked(flight) });
        let date = answer.as_ref().ok().and_then(|answer| date(answer.headers()));
        if let (Some(date), Some(asked)) = (date, asked) {
            self.clock.compare(date, Source::Keystone, asked, now);
        }
        self.report(flight, |keyring, tools| keyring.hear(flight, answer, now, tools));
    }

    fn report(&mut self, flight: Flight, told: impl FnOnce(&mut Keyring, Tools<'_>) -> Option<Outcome>) {
        let Self { keyrings, clock, pace, random, .. } = self;
        let Some(keyring) = keyrings.get_mut(&flight.keyring) else { return };
        let outcome = told(keyring, Tools { pace, random, clock });
        let rotated = keyring.take_rotated();
        self.note_saving(flight.keyring, outcome.as_ref(), rotated);
        let Some(outcome) = outcome else { return };
        self.epoch += 1;
        self.notify(match outcome {
            Outcome::Issued { life, early } => Notice::Issued { keyring: flight.keyring, life, early },
            Outcome::Failed { error, next_try_in } => {
                Notice::Failed { keyring: flight.keyring, error, next_try_in }
            }
        });
    }

    /// The leader of a flight steps down.
    pub(crate) fn leave(&mut self, flight: Flight) {
        let keyring = self.keyrings.get_mut(&flight.keyring);
        if keyring.is_some_and(|keyring| keyring.leave(flight, &self.pace)) {
            self.epoch += 1;
        }
    }

    pub(super) fn is_led(&self, flight: Flight) -> bool {
        self.keyrings.get(&flight.keyring).is_some_and(|keyring| keyring.is_led(flight))
            || self.documents.is_led(flight)
    }

    /// A service may have refused the token that this flight had brought: it is renewed with the
    /// next call that carries it.
    pub(crate) fn suspect(&mut self, flight: Flight) {
        if let Some(keyring) = self.keyrings.get_mut(&flight.keyring) {
            keyring.suspect(flight);
            self.epoch += 1;
        }
    }

    /// Tells that calls go without an identity's token, though not for each of them.
    pub(crate) fn warn(&mut self, keyring: KeyringId, error: Option<LoginError>, now: Now) {
        let due = self.keyrings.get_mut(&keyring).is_some_and(|keyring| keyring.warns(now.tick, &self.pace));
        if due {
            self.notify(Notice::GoesWithout { keyring, error });
        }
    }

    /// Tells that an identity's token ends and is not renewed unattended, once for each token.
    pub(crate) fn tell_ending(&mut self, id: KeyringId, now: Now) {
        let Self { keyrings, clock, .. } = self;
        let Some((left, lease)) = keyrings.get_mut(&id).and_then(|keyring| keyring.tells_ending(now, clock))
        else {
            return;
        };
        let notice = Notice::Ending { keyring: id, left, renewal: lease.renewal, remedy: lease.remedy };
        self.notify(notice);
    }

    /// Why an identity has no token: that it has ended, and what would have helped, if it was to be
    /// renewed with somebody's help and was not.
    pub(crate) fn no_token(&self, id: KeyringId, who: Who, source: LoginError, now: Now) -> Failure {
        let unhelped = matches!(
            source,
            LoginError::Unanswered(_) | LoginError::Spent | LoginError::OnceLost | LoginError::NotRenewable
        );
        let keyring = self.keyrings.get(&id).filter(|_| unhelped);
        match keyring.and_then(|keyring| keyring.ended(now, &self.clock)) {
            Some(remedy) => Failure::Ended { who, source, remedy },
            None => Failure::Login { who, source },
        }
    }

    /// A service refused the token that this flight had brought.
    pub(crate) fn refuse(&mut self, flight: Flight) {
        self.note_refusal(flight);
        if self.keyrings.get_mut(&flight.keyring).is_some_and(|keyring| keyring.refuse(flight)) {
            self.epoch += 1;
            self.notify(Notice::Refused { keyring: flight.keyring });
        }
    }
}

/// The `Date` of an answer: when the server wrote it, by its own clock (RFC 9110, 6.6.1).
pub(crate) fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    let text = headers.get(header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text).ok().map(|date| date.to_utc())
}
