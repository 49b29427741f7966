//! SAML 2.0 with a password, without a browser: the client carries what the service provider in
//! front of Keystone and the identity provider have to say to each other (`v3samlpassword`).

mod ecp;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Response, StatusCode, Uri, header};

use super::visitor::{PAOS, Visitor, address, is_stale};
use super::{FederationError, Party, Rescope, check_address, check_id, location, not_the_password, words};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::form::basic;
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Scope, Start, Step};
use crate::secret::SecretBytes;
use crate::service::same_origin;
use crate::time::Now;
use ecp::Wanted;

/// What a client says of itself, so that it gets an envelope in place of a page.
const VISITING: [(HeaderName, &str); 2] = [
    (header::ACCEPT, "*/*,application/vnd.paos+xml"),
    (
        HeaderName::from_static("paos"),
        r#"ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp""#,
    ),
];

/// A user and a password at a SAML identity provider (`v3samlpassword`).
///
/// ```
/// use keepstone_core::identity::Saml2Password;
/// use keepstone_core::{Credential, Scope};
/// let alice = Saml2Password {
///     identity_provider: "university".into(),
///     protocol: "saml2".into(),
///     identity_provider_url: "https://idp.example.org/idp/profile/SAML2/SOAP/ECP".into(),
///     username: "alice".into(),
///     password: "s3cr3t".into(),
/// };
/// let alice = Credential::new("https://keystone.example.org", alice)?.scope(Scope::project("demo"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Saml2Password {
    /// The identity provider's name at Keystone.
    pub identity_provider: String,
    /// The protocol's name there, usually `saml2`.
    pub protocol: String,
    /// The identity provider's address for clients without a browser.
    pub identity_provider_url: String,
    /// The user's name there.
    pub username: String,
    /// The password there.
    pub password: Secret,
}

impl Method for Saml2Password {
    fn name(&self) -> &str {
        "v3samlpassword"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", &self.identity_provider);
        fields.text("protocol", &self.protocol);
        fields.text("identity_provider_url", &self.identity_provider_url);
        fields.text("username", &self.username);
        fields.secret("password", &self.password);
    }

    fn check(&self, auth_url: &Uri, _: &Scope) -> Result<(), InputError> {
        crate::identity::v3::check_url(auth_url)?;
        check_id("identity provider", &self.identity_provider)?;
        check_id("protocol", &self.protocol)?;
        if self.username.contains(':') {
            // HTTP Basic takes it for the end of the name.
            return Err(InputError::NotAHeader("username"));
        }
        check_address("identity_provider_url", &self.identity_provider_url)
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let rescope = Rescope::new(start);
        Box::new(Login {
            method: self,
            rescope,
            visitor: Visitor::default(),
            stage: Stage::Visit,
            asked: None,
            last: None,
        })
    }
}

#[derive(Debug)]
struct Login {
    method: Arc<Saml2Password>,
    rescope: Rescope,
    visitor: Visitor,
    stage: Stage,
    /// When the last question left.
    asked: Option<Now>,
    /// When the last answer came that led further.
    last: Option<Duration>,
}

#[derive(Debug)]
enum Stage {
    /// Going to Keystone, where the service provider stands in the way.
    Visit,
    /// Taking its question to the identity provider.
    Prove { wanted: Wanted },
    /// Taking the answer back. An assertion is good for one time: were that asked twice, all begins anew.
    Relay { to: Uri, answer: SecretBytes, sent: bool },
    /// Telling the service provider why there is none.
    Object { to: Uri, why: LoginError, sent: bool },
    /// Going where it sends us, with its cookies.
    Enter { to: Uri },
}

impl Login {
    fn federated(&self) -> Result<Uri, LoginError> {
        let url = self.rescope.federated_url(&self.method.identity_provider, &self.method.protocol);
        url.parse().map_err(|_| LoginError::Garbled("the auth URL is none"))
    }

    /// What has waited too long, or must not be sent twice, is not sent.
    fn forget_what_is_stale(&mut self, now: Now) {
        if is_stale(self.last, now) || matches!(self.stage, Stage::Relay { sent: true, .. }) {
            self.rescope.begin_anew();
            self.visitor = Visitor::default();
            self.stage = Stage::Visit;
            self.last = None;
        }
    }

    fn visited(&mut self, answer: &Response<Vec<u8>>, now: Now) -> Result<Option<Grant>, LoginError> {
        if !answer.status().is_success() {
            return Err(Party::ServiceProvider.failed(answer));
        }
        let kind = answer.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let is_envelope = kind.is_some_and(|kind| kind.trim_start().starts_with(PAOS));
        if !is_envelope {
            // Nobody stood in the way.
            return self.rescope.unscoped(answer, self.asked.unwrap_or(now));
        }
        let wanted = Wanted::read(answer.body())?;
        self.stage = Stage::Prove { wanted };
        Ok(None)
    }

    fn relay(wanted: &Wanted, answer: &Response<Vec<u8>>) -> Result<(Uri, SecretBytes), LoginError> {
        let party = Party::IdentityProvider;
        match answer.status() {
            status if status.is_success() => {}
            StatusCode::UNAUTHORIZED => return Err(party.refused(words(answer))),
            _ => return Err(party.failed(answer)),
        }
        let relayed = wanted.relay(answer.body())?;
        let to = address(&wanted.consumer, Party::ServiceProvider, "its consumer has no web address")?;
        Ok((to, relayed))
    }

    /// The service provider is told of a mismatch, but nobody else who may stand behind the address.
    fn object(&mut self, wanted: &str, why: LoginError) -> Result<Option<Grant>, LoginError> {
        let to = address(wanted, Party::ServiceProvider, "its consumer has no web address")?;
        if !same_origin(&self.federated()?, &to) {
            return Err(why);
        }
        self.stage = Stage::Object { to, why, sent: false };
        Ok(None)
    }

    fn relayed(
        &mut self,
        to: &Uri,
        answer: &Response<Vec<u8>>,
        now: Now,
    ) -> Result<Option<Grant>, LoginError> {
        match answer.status() {
            StatusCode::FOUND | StatusCode::SEE_OTHER => {
                let to = location(to, answer).ok_or_else(|| {
                    Party::ServiceProvider.garbled("it sends the login on, and does not say where to")
                })?;
                if !same_origin(&self.federated()?, &to) {
                    let to = format!(
                        "{}://{}{}",
                        to.scheme_str().unwrap_or_default(),
                        to.host().unwrap_or_default(),
                        to.path()
                    );
                    return Err(FederationError::Elsewhere { to }.into());
                }
                self.stage = Stage::Enter { to };
                Ok(None)
            }
            status if status.is_success() => self.rescope.unscoped(answer, self.asked.unwrap_or(now)),
            _ => Err(Party::ServiceProvider.failed(answer)),
        }
    }
}

impl Login {
    fn heard(&mut self, answer: &Response<Vec<u8>>, now: Now) -> Result<Option<Grant>, LoginError> {
        self.visitor.take_in(answer, now);
        match &self.stage {
            Stage::Visit => self.visited(answer, now),
            Stage::Prove { wanted } => match Self::relay(wanted, answer) {
                Ok((to, answer)) => {
                    self.stage = Stage::Relay { to, answer, sent: false };
                    Ok(None)
                }
                Err(why @ LoginError::Federation(FederationError::ConsumerMismatch { .. })) => {
                    let wanted = wanted.consumer.clone();
                    self.object(&wanted, why)
                }
                Err(error) => Err(error),
            },
            Stage::Relay { to, .. } => self.relayed(&to.clone(), answer, now),
            Stage::Object { why, .. } => Err(why.clone()),
            Stage::Enter { .. } => {
                let asked = self.asked.unwrap_or(now);
                self.rescope.unscoped(answer, asked).map_err(not_the_password)
            }
        }
    }
}

impl Exchange for Login {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        self.forget_what_is_stale(at.now());
        if self.rescope.is_due() {
            return self.rescope.need(at);
        }
        self.asked = Some(at.now());
        let federated = self.federated()?;
        let Self { method, visitor, stage, .. } = self;
        let request = match stage {
            Stage::Visit => visitor.get(&federated, &VISITING),
            Stage::Prove { wanted } => {
                let to =
                    address(&method.identity_provider_url, Party::IdentityProvider, "it has no address")?;
                let question = SecretBytes::new(wanted.question.clone());
                let mut request = visitor.post(&to, "text/xml", question)?;
                let proof = basic(&method.username, &method.password).header();
                let proof =
                    proof.map_err(|_| LoginError::Garbled("the name and the password are no header"))?;
                request.headers_mut().insert(header::AUTHORIZATION, proof);
                Ok(request)
            }
            Stage::Relay { to, answer, sent } => {
                *sent = true;
                visitor.post(to, PAOS, answer.clone())
            }
            Stage::Object { why, sent: true, .. } => Err(why.clone()),
            Stage::Object { to, sent, .. } => {
                *sent = true;
                visitor.post(to, PAOS, SecretBytes::new(ecp::FAULT.as_bytes().to_vec()))
            }
            Stage::Enter { to } => visitor.get(to, &VISITING),
        };
        request.map(Step::Ask)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let now = at.now();
        let heard =
            if self.rescope.is_due() { self.rescope.hear(answer, at) } else { self.heard(answer, now) };
        if heard.is_ok() {
            self.last = Some(now.tick);
        }
        heard
    }
}
