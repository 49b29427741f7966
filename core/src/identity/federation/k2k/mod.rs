//! Keystone to Keystone: the Keystone at home vouches for its users at another.

mod provider;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Response, StatusCode, Uri, header};

use super::visitor::{PAOS, Visitor, is_stale};
use super::{Party, Rescope, not_the_password};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::v3::check_url;
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Renewal, Scope, Start, Step};
use crate::secret::SecretBytes;
use crate::time::Now;
use crate::token::Token;
use provider::{Provider, assertion_request};

const ENTERING: [(HeaderName, &str); 2] = [(header::ACCEPT, "*/*"), (header::CONTENT_TYPE, PAOS)];

/// A login at another cloud, by way of one's own.
///
/// The credential's address is that of the Keystone at home, and its scope is the one that is wanted
/// at the other cloud. Where that is, the Keystone at home knows.
///
/// ```
/// use std::sync::Arc;
/// use keepstone_core::identity::{Keystone2Keystone, Password};
/// use keepstone_core::{Credential, Scope, UserRef};
/// let home = Arc::new(Password::new(UserRef::name("alice"), "s3cr3t"));
/// let abroad = Keystone2Keystone::new(home, "partner").home_scope(Scope::project("demo"));
/// let abroad = Credential::new("https://home.example.org:5000", abroad)?.scope(Scope::project("guests"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Keystone2Keystone {
    home: Arc<dyn Method>,
    home_scope: Scope,
    service_provider: String,
}

impl Keystone2Keystone {
    /// A login at home by `home`, then at the cloud that is registered there under this id.
    pub fn new(home: Arc<dyn Method>, service_provider: impl Into<String>) -> Self {
        Self { home, home_scope: Scope::Default, service_provider: service_provider.into() }
    }

    /// The scope of the login at home: its roles are what the other cloud is told.
    #[must_use]
    pub fn home_scope(mut self, scope: Scope) -> Self {
        self.home_scope = scope;
        self
    }

    /// A login at home. With a catalog or without: Keystone tells of service providers in both.
    fn at_home(&self, start: &Start) -> Box<dyn Exchange> {
        Arc::clone(&self.home).begin(Start { scope: self.home_scope.clone(), ..start.clone() })
    }
}

impl Method for Keystone2Keystone {
    fn name(&self) -> &str {
        "v3k2k"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("service_provider", &self.service_provider);
        fields.text("home_scope", "");
        self.home_scope.fields(fields);
        fields.text("home_auth_type", self.home.name());
        self.home.fields(fields);
    }

    fn renewal(&self) -> Renewal {
        self.home.renewal()
    }

    fn uses(&self) -> Option<u32> {
        self.home.uses()
    }

    fn check(&self, auth_url: &Uri, _: &Scope) -> Result<(), InputError> {
        check_url(auth_url)?;
        self.home.check(auth_url, &self.home_scope)
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let home = self.at_home(&start);
        let rescope = Rescope::new(start.clone());
        Box::new(Login {
            method: self,
            start,
            home,
            rescope,
            visitor: Visitor::default(),
            vouched: None,
            stage: Stage::Home,
            asked: None,
            last: None,
        })
    }
}

#[derive(Debug)]
struct Login {
    method: Arc<Keystone2Keystone>,
    start: Start,
    home: Box<dyn Exchange>,
    rescope: Rescope,
    visitor: Visitor,
    vouched: Option<Vouched>,
    stage: Stage,
    /// When the last question left.
    asked: Option<Now>,
    /// When the last answer came that led further.
    last: Option<Duration>,
}

/// What the login at home brought.
#[derive(Debug)]
struct Vouched {
    kept: Option<Secret>,
    renewal: Option<Renewal>,
}

#[derive(Debug)]
enum Stage {
    Home,
    /// Asking the Keystone at home for an assertion.
    Vouch {
        token: Token,
        to: Provider,
    },
    /// Showing it to the other one. It is good for one time: were it asked twice, another is fetched.
    Present {
        token: Token,
        to: Provider,
        assertion: SecretBytes,
        sent: bool,
    },
    /// Going to the other Keystone with the cookies.
    Enter {
        to: Provider,
    },
}

impl Login {
    /// What has waited too long, or must not be sent twice, is not sent. Nobody is asked twice for
    /// what only somebody can tell.
    fn forget_what_is_stale(&mut self, now: Now) {
        let at_home = matches!(self.stage, Stage::Home);
        if !at_home && is_stale(self.last, now) && self.method.renewal() == Renewal::Unattended {
            self.home = self.method.at_home(&self.start);
            self.rescope.begin_anew();
            self.stage = Stage::Home;
            self.last = None;
        } else if let Stage::Present { token, to, sent: true, .. } = &self.stage {
            self.stage = Stage::Vouch { token: token.clone(), to: to.clone() };
        } else {
            return;
        }
        self.visitor = Visitor::default();
    }

    fn heard(&mut self, answer: &Response<Vec<u8>>, now: Now) -> Result<Option<Grant>, LoginError> {
        match &self.stage {
            Stage::Home => Ok(None),
            Stage::Vouch { token, to } => {
                if !answer.status().is_success() {
                    return Err(Party::BaseKeystone.failed(answer));
                }
                if answer.body().is_empty() {
                    return Err(Party::BaseKeystone.garbled("its assertion is empty"));
                }
                let (token, to) = (token.clone(), to.clone());
                let assertion = SecretBytes::new(answer.body().clone());
                self.stage = Stage::Present { token, to, assertion, sent: false };
                Ok(None)
            }
            Stage::Present { to, .. } => {
                let to = to.clone();
                self.visitor.take_in(answer, now);
                self.presented(to, answer, now)
            }
            Stage::Enter { .. } => self.unscoped(answer, now),
        }
    }

    fn came_home(&mut self, heard: Option<Grant>) -> Result<Option<Grant>, LoginError> {
        let Some(Grant { token, kept, renewal, .. }) = heard else { return Ok(None) };
        // Should it begin anew, it goes on from here.
        self.start.kept.clone_from(&kept);
        self.vouched = Some(Vouched { kept, renewal });
        let to = Provider::of(&token, &self.method.service_provider)?;
        self.rescope = Rescope::new(Start { auth_url: to.auth_url()?, kept: None, ..self.start.clone() });
        self.stage = Stage::Vouch { token, to };
        Ok(None)
    }

    fn presented(
        &mut self,
        to: Provider,
        answer: &Response<Vec<u8>>,
        now: Now,
    ) -> Result<Option<Grant>, LoginError> {
        match answer.status() {
            // It is not followed: it says that there is a session now.
            StatusCode::FOUND | StatusCode::SEE_OTHER => {
                self.visitor.check_session()?;
                self.stage = Stage::Enter { to };
                Ok(None)
            }
            status if status.is_success() => self.unscoped(answer, now),
            _ => Err(Party::ServiceProvider.failed(answer)),
        }
    }

    fn unscoped(&mut self, answer: &Response<Vec<u8>>, now: Now) -> Result<Option<Grant>, LoginError> {
        let asked = self.asked.unwrap_or(now);
        let grant = self.rescope.unscoped(answer, asked).map_err(not_the_password)?;
        Ok(grant.map(|grant| self.vouched(grant)))
    }

    /// The other cloud's token is as renewable as the login at home.
    fn vouched(&self, mut grant: Grant) -> Grant {
        if let Some(Vouched { kept, renewal }) = &self.vouched {
            grant.kept.clone_from(kept);
            grant.renewal = *renewal;
        }
        grant
    }
}

impl Exchange for Login {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        self.forget_what_is_stale(at.now());
        if self.rescope.is_due() {
            return self.rescope.need(at);
        }
        self.asked = Some(at.now());
        let request = match &mut self.stage {
            Stage::Home => return self.home.need(at),
            Stage::Vouch { token, .. } => {
                assertion_request(&self.start.auth_url, token, &self.method.service_provider)
            }
            Stage::Present { to, assertion, sent, .. } => {
                *sent = true;
                self.visitor.post(&to.consumer, PAOS, assertion.clone())
            }
            Stage::Enter { to } => self.visitor.get(&to.keystone, &ENTERING),
        };
        request.map(Step::Ask)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let now = at.now();
        let heard = if self.rescope.is_due() {
            self.rescope.hear(answer, at).map(|grant| grant.map(|grant| self.vouched(grant)))
        } else if matches!(self.stage, Stage::Home) {
            self.home.hear(answer, at).and_then(|heard| self.came_home(heard))
        } else {
            self.heard(answer, now)
        };
        if heard.is_ok() {
            self.last = Some(now.tick);
        }
        heard
    }

    fn told(&mut self, reply: Secret, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let heard = self.home.told(reply, at)?;
        self.came_home(heard)
    }
}
