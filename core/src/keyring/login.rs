//! What the leader of a flight does, and what comes of the answers.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};

use super::{Keyring, Source};
use crate::Secret;
use crate::error::{Cause, LoginError, RequestId, Trouble};
use crate::identity::{Credential, Heard, Inquiry, Kept, Next, Renewal};
use crate::lease::Lease;
use crate::pace::{Pace, retry_after};
use crate::random::Random;
use crate::secret::SecretBytes;
use crate::skew::ServerClock;
use crate::slot::Flight;
use crate::time::Now;

/// What the leader of a flight does next.
#[derive(Debug)]
pub(crate) enum Step {
    /// Wait until then.
    Wait(Duration),
    /// Ask for the credential. `refused`: the last one was.
    Credential { refused: bool },
    /// Ask somebody.
    Inquiry(Inquiry),
    /// Ask Keystone.
    Ask(Request<SecretBytes>, Arc<Credential>),
}

/// What an answer brought, for the record.
#[derive(Debug)]
pub(crate) enum Outcome {
    Issued { life: Duration, early: bool },
    Failed { error: LoginError, next_try_in: Option<Duration> },
}

/// What a keyring borrows of its keychain.
pub(crate) struct Tools<'a> {
    pub(crate) pace: &'a Pace,
    pub(crate) random: &'a mut Random,
    pub(crate) clock: &'a ServerClock,
}

impl Keyring {
    /// What the leader of `flight` does next; `None` if that flight is over.
    pub(crate) fn lead(
        &mut self,
        flight: Flight,
        now: Now,
        random: &mut Random,
    ) -> Option<Result<Step, LoginError>> {
        let midway = self.slot.work(flight).is_some_and(|login| login.is_midway());
        if self.is_spent() && !midway {
            self.slot.refuse(flight, LoginError::Spent);
        }
        let next_try = self.slot.next_try(flight)?;
        if now.tick < next_try {
            return Some(Ok(Step::Wait(next_try)));
        }
        let next = self.slot.work(flight)?.next(now, random);
        self.keep(flight);
        Some(next.map(|next| match next {
            Next::Credential => Step::Credential { refused: self.refused.is_some() },
            Next::Inquiry(inquiry) => Step::Inquiry(inquiry),
            Next::Answer(request, credential) => Step::Ask(request, credential),
            Next::Wait(tick) => Step::Wait(tick),
        }))
    }

    /// Takes in the credential that was asked for.
    pub(crate) fn told(
        &mut self,
        flight: Flight,
        credential: Result<Credential, String>,
        now: Now,
        tools: Tools<'_>,
    ) -> Option<Outcome> {
        let login = self.slot.work(flight)?;
        let error = match credential {
            Err(reason) => LoginError::NotTold(reason),
            Ok(credential) if self.refused.as_deref() == Some(&credential) => LoginError::Refused {
                message: "the credential supplied is the one it refused before".to_owned(),
                request_id: RequestId::default(),
            },
            Ok(credential) => match credential.check() {
                Err(error) => LoginError::NotTold(error.to_string()),
                Ok(()) => {
                    login.told_credential(Arc::new(credential));
                    return None;
                }
            },
        };
        Some(self.failed(flight, error, None, now, tools))
    }

    /// Takes in what was asked of somebody.
    pub(crate) fn told_answer(
        &mut self,
        flight: Flight,
        reply: Result<Secret, String>,
        now: Now,
        tools: Tools<'_>,
    ) -> Option<Outcome> {
        let heard = self.slot.work(flight)?.told(reply, now, tools.random);
        self.keep(flight);
        Some(self.heard(flight, heard?, None, now, tools))
    }

    /// The login cannot go on.
    pub(crate) fn stuck(&mut self, flight: Flight, error: LoginError, now: Now, tools: Tools<'_>) -> Outcome {
        self.failed(flight, error, None, now, tools)
    }

    /// Takes in an answer of Keystone, or why there is none.
    pub(crate) fn hear(
        &mut self,
        flight: Flight,
        answer: Result<&Response<Vec<u8>>, Cause>,
        now: Now,
        tools: Tools<'_>,
    ) -> Option<Outcome> {
        let retry_after = answer.as_ref().ok().and_then(|answer| retry_after(answer.headers()));
        let heard = self.slot.work(flight)?.hear(answer, now, tools.random);
        self.keep(flight);
        Some(self.heard(flight, heard?, retry_after, now, tools))
    }

    /// What a login says is to be kept is kept at once: it may come to nothing all the same, and a
    /// refresh token that has been replaced is good for nothing.
    fn keep(&mut self, flight: Flight) {
        if let Some(kept) = self.slot.work(flight).and_then(|login| login.keeps()) {
            self.kept = kept;
            self.rotated = true;
        }
    }

    fn heard(
        &mut self,
        flight: Flight,
        heard: Heard,
        retry_after: Option<Duration>,
        now: Now,
        tools: Tools<'_>,
    ) -> Outcome {
        let Heard { credential, asked, said_once, outcome } = heard;
        self.count_use(outcome.as_ref().err(), said_once, &credential);
        let lease = outcome.and_then(|grant| {
            let renewal = match &self.source {
                // Whoever supplied this one is asked for the next, whatever it is.
                Source::Asked => Renewal::Unattended,
                Source::Known(_) | Source::Nowhere => grant.renewal.unwrap_or_else(|| credential.renewal()),
            };
            let kept = grant.kept.clone().map(|what| Kept { what, of: Arc::clone(&credential) });
            Lease::granted(flight, grant, &credential, renewal, asked, tools.pace, tools.random)
                .map(|lease| (lease, kept))
        });
        match lease {
            Ok((lease, kept)) => {
                self.kept = kept;
                self.granted(lease, now, tools.clock)
            }
            Err(error) => {
                let again = credential.renewal() == Renewal::Attended;
                if error.is_refusal() && !again {
                    self.refused = Some(credential);
                }
                self.failed(flight, error, retry_after, now, tools)
            }
        }
    }

    fn granted(&mut self, lease: Lease, now: Now, clock: &ServerClock) -> Outcome {
        let early = self.is_alive(now, clock);
        let life = lease.lifetime.left(now, clock).unwrap_or_default();
        self.slot.land(lease.flight, now.tick.saturating_add(lease.distance));
        self.refused = None;
        self.lease = Some(Arc::new(lease));
        Outcome::Issued { life, early }
    }

    fn failed(
        &mut self,
        flight: Flight,
        error: LoginError,
        retry_after: Option<Duration>,
        now: Now,
        tools: Tools<'_>,
    ) -> Outcome {
        let asked_again = match &self.source {
            Source::Asked => true,
            // Somebody may have mistyped a passcode: the next one is another.
            Source::Known(credential) => credential.renewal() == Renewal::Attended,
            Source::Nowhere => false,
        };
        let for_good = error.is_refusal() || matches!(error, LoginError::MoreNeeded { .. });
        let next_try_in = if error.is_transient() {
            let alive = self.is_alive(now, tools.clock);
            let failures = self.slot.failures_with_this(alive);
            let pause = tools.pace.pause(failures, retry_after, tools.random);
            self.slot.stumble(flight, alive, now.tick.saturating_add(pause), error.clone());
            Some(pause)
        } else if for_good && !asked_again {
            self.slot.refuse(flight, error.clone());
            None
        } else {
            self.slot.cool(flight, now.tick.saturating_add(tools.pace.cool_down), error.clone());
            Some(tools.pace.cool_down)
        };
        Outcome::Failed { error, next_try_in }
    }

    /// A use is spent when a token was issued, or may have been, and a code when it was heard.
    fn count_use(&mut self, error: Option<&LoginError>, said_once: bool, credential: &Credential) {
        let spent = match error {
            None | Some(LoginError::OnceLost) => true,
            // A login that goes on later needs its code no more.
            Some(error) if said_once && credential.is_for_one_time() && !error.is_transient() => true,
            Some(LoginError::Unreachable(cause) | LoginError::PartyUnreachable { cause, .. })
                if credential.counts_lost_tokens() =>
            {
                matches!(cause.kind, Trouble::Timeout | Trouble::Broken | Trouble::Unreadable)
            }
            Some(_) => false,
        };
        if spent {
            self.spend_use();
        }
    }

    pub(super) fn spend_use(&mut self) {
        if let Some(left) = &mut self.uses_left {
            *left = left.saturating_sub(1);
        }
    }
}
