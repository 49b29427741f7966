//! One login, from the first question to a token. Its progress is data, so that whoever takes
//! over from a leader that went away can go on with it.

use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, StatusCode, Uri};

use super::credential::Credential;
use super::seen::Seen;
use super::{Exchange, Grant, Inquiry, Moment, Step};
use crate::Secret;
use crate::error::{Cause, LoginError, Trouble};
use crate::random::Random;
use crate::secret::SecretBytes;
use crate::service::same_origin;
use crate::time::Now;

/// The most of somebody's words that is kept.
const LONGEST_MESSAGE: usize = 300;

/// A login under way.
#[derive(Debug)]
pub(crate) struct Login {
    under_way: Option<UnderWay>,
    /// What the last login kept.
    kept: Option<Kept>,
    /// What is to be kept from now on, if that has changed.
    keeps: Option<Option<Secret>>,
}

/// What a login keeps for the next one of the same credential: a refresh token, an address. It may be
/// another's secret, or another's address, to any other credential.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) what: Secret,
    pub(crate) of: Arc<Credential>,
}

#[derive(Debug)]
struct UnderWay {
    credential: Arc<Credential>,
    exchange: Box<dyn Exchange>,
    /// When the last question left.
    asked: Option<Now>,
    /// Where it went.
    to: Option<Uri>,
    /// A question is out that must not be sent again.
    once: bool,
    /// An answer has led to another question.
    midway: bool,
    /// A question that must not be sent again has been answered.
    said_once: bool,
    seen: Seen,
}

/// What a login needs next.
#[derive(Debug)]
pub(crate) enum Next {
    /// The credential itself, from whoever supplies it.
    Credential,
    /// Something that is not HTTP.
    Inquiry(Inquiry),
    /// An answer.
    Answer(Request<SecretBytes>, Arc<Credential>),
    /// Nothing before this tick.
    Wait(Duration),
}

/// What came of an answer.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) credential: Arc<Credential>,
    /// When the question was asked: the token's life counts from there.
    pub(crate) asked: Now,
    /// Something was said that is good for one time, and has been heard.
    pub(crate) said_once: bool,
    pub(crate) outcome: Result<Grant, LoginError>,
}

impl Login {
    /// A login with this credential; without one, it begins by asking for it.
    pub(crate) fn new(credential: Option<Arc<Credential>>, kept: Option<Kept>) -> Self {
        let mut login = Self { under_way: None, kept, keeps: None };
        if let Some(credential) = credential {
            login.told_credential(credential);
        }
        login
    }

    pub(crate) fn next(&mut self, now: Now, random: &mut Random) -> Result<Next, LoginError> {
        let Some(login) = &mut self.under_way else { return Ok(Next::Credential) };
        let mut at = Moment::new(now, random);
        let step = login.exchange.need(&mut at);
        self.keeps = login.settle(at).or(self.keeps.take());
        let step = step.map_err(|error| login.scrubbed(error))?;
        login.once = matches!(step, Step::AskOnce(_));
        Ok(match step {
            Step::Ask(request) | Step::AskOnce(request) => {
                login.asked = Some(now);
                login.to = Some(request.uri().clone());
                login.seen.sent(&request);
                Next::Answer(request, Arc::clone(&login.credential))
            }
            Step::Consult(inquiry) => Next::Inquiry(inquiry),
            Step::WaitUntil(tick) => Next::Wait(tick),
        })
    }

    pub(crate) fn told_credential(&mut self, credential: Arc<Credential>) {
        let kept = self.kept.take().filter(|kept| kept.of == credential).map(|kept| kept.what);
        let mut seen = Seen::default();
        kept.iter().for_each(|kept| seen.add(kept.reveal()));
        let exchange = credential.begin(kept);
        self.under_way = Some(UnderWay {
            credential,
            exchange,
            asked: None,
            to: None,
            once: false,
            midway: false,
            said_once: false,
            seen,
        });
    }

    /// Takes in what was asked of somebody; `None` where there is more to do.
    pub(crate) fn told(
        &mut self,
        reply: Result<Secret, String>,
        now: Now,
        random: &mut Random,
    ) -> Option<Heard> {
        let login = self.under_way.as_mut()?;
        let mut at = Moment::new(now, random);
        let told = match reply {
            Ok(reply) => {
                login.seen.add(reply.reveal());
                login.exchange.told(reply, &mut at)
            }
            Err(reason) => Err(LoginError::Unanswered(reason)),
        };
        self.keeps = login.settle(at).or(self.keeps.take());
        login.heard(told, now)
    }

    /// What the next login is to begin with, if that has changed since this was asked last.
    pub(crate) fn keeps(&mut self) -> Option<Option<Kept>> {
        let of = &self.under_way.as_ref()?.credential;
        let keeps = self.keeps.take()?;
        Some(keeps.map(|what| Kept { what, of: Arc::clone(of) }))
    }

    /// Whether some of it is done: then it is the same use of its credential that goes on.
    pub(crate) fn is_midway(&self) -> bool {
        self.under_way.as_ref().is_some_and(|login| login.midway)
    }

    /// Whether the last question went to somebody else than Keystone.
    pub(crate) fn asks_a_stranger(&self) -> bool {
        self.under_way.as_ref().is_some_and(|login| login.elsewhere().is_some())
    }

    /// When its last question left.
    pub(crate) fn asked(&self) -> Option<Now> {
        self.under_way.as_ref()?.asked
    }

    /// Whether a question is out that must not be sent again.
    pub(crate) fn is_once(&self) -> bool {
        self.under_way.as_ref().is_some_and(|login| login.once)
    }

    /// Takes in an answer; `None` where nothing had been asked, or there is more to do.
    pub(crate) fn hear(
        &mut self,
        answer: Result<&Response<Vec<u8>>, Cause>,
        now: Now,
        random: &mut Random,
    ) -> Option<Heard> {
        let login = self.under_way.as_mut()?;
        let asked = login.asked?;
        let once = std::mem::take(&mut login.once);
        let mut at = Moment::new(now, random);
        answer.iter().for_each(|answer| login.seen.given(answer.headers()));
        let told = match answer {
            Ok(answer) => match login.exchange.hear(answer, &mut at) {
                Err(error) if once && error.busy().is_some_and(may_be_done) => Err(LoginError::OnceLost),
                told => {
                    login.said_once |= once && !told.as_ref().is_err_and(LoginError::is_transient);
                    told
                }
            },
            Err(cause) if once && left(&cause) => Err(LoginError::OnceLost),
            Err(cause) => Err(login.unreachable(cause)),
        };
        self.keeps = login.settle(at).or(self.keeps.take());
        login.midway |= matches!(told, Ok(None));
        login.heard(told, asked)
    }
}

impl UnderWay {
    /// A step is taken: what it says is to be kept.
    fn settle(&mut self, at: Moment<'_>) -> Option<Option<Secret>> {
        at.concealed.iter().chain(at.kept.iter().flatten()).for_each(|secret| self.seen.add(secret.reveal()));
        at.kept
    }

    fn heard(&self, told: Result<Option<Grant>, LoginError>, asked: Now) -> Option<Heard> {
        let outcome = told.map_err(|error| self.scrubbed(error)).transpose()?;
        let asked = outcome.as_ref().ok().and_then(|grant| grant.asked).unwrap_or(asked);
        let said_once = self.said_once;
        Some(Heard { credential: Arc::clone(&self.credential), asked, said_once, outcome })
    }

    /// Where the last question went, if that is not Keystone.
    fn elsewhere(&self) -> Option<&Uri> {
        self.to.as_ref().filter(|to| !same_origin(self.credential.auth_url(), to))
    }

    /// Who cannot be reached: Keystone, or somebody else whom the login has to do with.
    fn unreachable(&self, cause: Cause) -> LoginError {
        match self.elsewhere().and_then(|to| to.host().map(|host| (host, to.port_u16()))) {
            Some((host, port)) => {
                let host = port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
                LoginError::PartyUnreachable { host, cause }
            }
            None => LoginError::Unreachable(cause),
        }
    }

    /// The words of an error, shortened, without secrets that somebody repeated in them.
    fn scrubbed(&self, error: LoginError) -> LoginError {
        let fields = self.credential.fields();
        error.reworded(&|words| self.seen.scrub(&fields, words).chars().take(LONGEST_MESSAGE).collect())
    }
}

/// Whether a request that was answered like this may have been carried out: something in front of
/// Keystone gave up waiting, or Keystone broke on it. The others say that it was turned away.
fn may_be_done(status: StatusCode) -> bool {
    status.is_server_error() && status != StatusCode::SERVICE_UNAVAILABLE
}

/// Whether a request may have got to where it was sent.
fn left(cause: &Cause) -> bool {
    matches!(cause.kind, Trouble::Timeout | Trouble::Broken | Trouble::Unreadable)
}
