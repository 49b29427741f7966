//! Active Directory Federation Services with a password (`v3adfspassword`): a security token by
//! WS-Trust, a session at the service provider by WS-Federation, and with its cookies to Keystone.

mod trust;

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Response, Uri, header};

use super::visitor::{Visitor, address, is_stale};
use super::xml::can_stand;
use super::{Party, Rescope, check_address, check_id, not_the_password};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::identity::form::form;
use crate::identity::{Exchange, Fields, Grant, Method, Moment, Scope, Start, Step};
use crate::secret::SecretBytes;
use crate::time::Now;

const ENTERING: [(HeaderName, &str); 1] = [(header::ACCEPT, "*/*")];

/// A user and a password at ADFS (`v3adfspassword`).
///
/// ```
/// use keepstone_core::identity::AdfsPassword;
/// use keepstone_core::{Credential, Scope};
/// let alice = AdfsPassword {
///     identity_provider: "company".into(),
///     protocol: "saml2".into(),
///     identity_provider_url: "https://adfs.example.org/adfs/services/trust/13/usernamemixed".into(),
///     service_provider_endpoint: "https://keystone.example.org/Shibboleth.sso/ADFS".into(),
///     service_provider_entity_id: Some("https://keystone.example.org/shibboleth".into()),
///     username: "alice@example.org".into(),
///     password: "s3cr3t".into(),
/// };
/// let alice = Credential::new("https://keystone.example.org", alice)?.scope(Scope::project("demo"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct AdfsPassword {
    /// The identity provider's name at Keystone.
    pub identity_provider: String,
    /// The protocol's name there, usually `saml2`.
    pub protocol: String,
    /// Where ADFS takes names and passwords by WS-Trust 1.3.
    pub identity_provider_url: String,
    /// Where the service provider takes in what ADFS says.
    pub service_provider_endpoint: String,
    /// The service provider's name at ADFS, if it is not that address.
    pub service_provider_entity_id: Option<String>,
    /// The user's name there.
    pub username: String,
    /// The password there.
    pub password: Secret,
}

impl Method for AdfsPassword {
    fn name(&self) -> &str {
        "v3adfspassword"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", &self.identity_provider);
        fields.text("protocol", &self.protocol);
        fields.text("identity_provider_url", &self.identity_provider_url);
        fields.text("service_provider_endpoint", &self.service_provider_endpoint);
        fields.maybe("service_provider_entity_id", self.service_provider_entity_id.as_deref());
        fields.text("username", &self.username);
        fields.secret("password", &self.password);
    }

    fn check(&self, auth_url: &Uri, _: &Scope) -> Result<(), InputError> {
        crate::identity::v3::check_url(auth_url)?;
        check_id("identity provider", &self.identity_provider)?;
        check_id("protocol", &self.protocol)?;
        check_address("identity_provider_url", &self.identity_provider_url)?;
        check_address("service_provider_endpoint", &self.service_provider_endpoint)?;
        let texts = [
            ("username", Some(self.username.as_str())),
            ("password", Some(self.password.reveal())),
            ("service_provider_entity_id", self.service_provider_entity_id.as_deref()),
        ];
        match texts.into_iter().find(|(_, text)| text.is_some_and(|text| !can_stand(text))) {
            Some((name, _)) => Err(InputError::NotInXml(name)),
            None => Ok(()),
        }
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let rescope = Rescope::new(start);
        Box::new(Login {
            method: self,
            rescope,
            visitor: Visitor::default(),
            stage: Stage::Prove,
            asked: None,
            last: None,
        })
    }
}

#[derive(Debug)]
struct Login {
    method: Arc<AdfsPassword>,
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
    /// Asking ADFS for a security token.
    Prove,
    /// Showing it to the service provider. It is good for one time: were it asked twice, all begins anew.
    Present { form: SecretBytes, sent: bool },
    /// Going to Keystone with the cookies.
    Enter,
}

impl Login {
    /// What has waited too long, or must not be sent twice, is not sent.
    fn forget_what_is_stale(&mut self, now: Now) {
        if is_stale(self.last, now) || matches!(self.stage, Stage::Present { sent: true, .. }) {
            self.rescope.begin_anew();
            self.visitor = Visitor::default();
            self.stage = Stage::Prove;
            self.last = None;
        }
    }

    fn heard(&mut self, answer: &Response<Vec<u8>>, now: Now) -> Result<Option<Grant>, LoginError> {
        self.visitor.take_in(answer, now);
        match self.stage {
            Stage::Prove => self.proved(answer).map(|()| None),
            Stage::Present { .. } => self.presented(answer).map(|()| None),
            Stage::Enter => {
                let asked = self.asked.unwrap_or(now);
                self.rescope.unscoped(answer, asked).map_err(not_the_password)
            }
        }
    }

    fn proved(&mut self, answer: &Response<Vec<u8>>) -> Result<(), LoginError> {
        if !answer.status().is_success() {
            return Err(trust::refusal(answer));
        }
        let response = Secret::new(trust::response(answer.body())?);
        let form = form(&[("wa", "wsignin1.0"), ("wresult", response.reveal())]);
        self.stage = Stage::Present { form, sent: false };
        Ok(())
    }

    /// The service provider would send a browser on to some page; what counts is its cookie.
    fn presented(&mut self, answer: &Response<Vec<u8>>) -> Result<(), LoginError> {
        let status = answer.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(Party::ServiceProvider.failed(answer));
        }
        self.visitor.check_session()?;
        self.stage = Stage::Enter;
        Ok(())
    }
}

impl Exchange for Login {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        self.forget_what_is_stale(at.now());
        if self.rescope.is_due() {
            return self.rescope.need(at);
        }
        self.asked = Some(at.now());
        let Self { method, visitor, stage, rescope, .. } = self;
        let request = match stage {
            Stage::Prove => {
                let to =
                    address(&method.identity_provider_url, Party::IdentityProvider, "it has no address")?;
                let request = trust::request(method, at.now().wall, at.secret_bytes());
                visitor.post(&to, "application/soap+xml; charset=utf-8", request)
            }
            Stage::Present { form, sent } => {
                *sent = true;
                let to = &method.service_provider_endpoint;
                let to = address(to, Party::ServiceProvider, "it has no address")?;
                visitor.post(&to, "application/x-www-form-urlencoded", form.clone())
            }
            Stage::Enter => {
                let url = rescope.federated_url(&method.identity_provider, &method.protocol);
                let to = url.parse().map_err(|_| LoginError::Garbled("the auth URL is none"))?;
                visitor.get(&to, &ENTERING)
            }
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
