//! The device authorization grant (RFC 8628): a page that a person visits on another device.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, Uri};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{No, refused, seconds};
use super::discovery::{DEVICE, Desk};
use super::flow::Flow;
use super::pkce::{CodeChallenge, Pkce};
use super::provider::{OidcProvider, usable};
use super::way::{Ready, Way};
use crate::Secret;
use crate::error::{InputError, LoginError, ProviderProblem};
use crate::identity::{Exchange, Fields, Inquiry, Method, Moment, Page, Remedy, Renewal, Scope, Start};
use crate::time::Now;

/// How long to wait between two questions if the provider does not say (RFC 8628, 3.2), and what is
/// added whenever it finds that too fast (3.5).
const INTERVAL: Duration = Duration::from_secs(5);

/// A login that a person approves on another device (RFC 8628): the page is told by
/// [`Inquiry::Page`], and the provider is asked until somebody has visited it.
#[derive(Clone, Debug)]
pub struct OidcDevice {
    provider: OidcProvider,
    device_authorization_endpoint: Option<String>,
    code_challenge_method: Option<CodeChallenge>,
}

impl OidcDevice {
    /// At this provider.
    #[must_use]
    pub fn new(provider: OidcProvider) -> Self {
        Self { provider, device_authorization_endpoint: None, code_challenge_method: None }
    }

    /// Where codes are asked for, rather than what the discovery document says.
    #[must_use]
    pub fn device_authorization_endpoint(mut self, url: impl Into<String>) -> Self {
        self.device_authorization_endpoint = Some(url.into());
        self
    }

    /// That the device's code is bound to this client (RFC 7636).
    #[must_use]
    pub fn code_challenge_method(mut self, method: CodeChallenge) -> Self {
        self.code_challenge_method = Some(method);
        self
    }
}

impl Method for OidcDevice {
    fn name(&self) -> &str {
        "v3oidcdeviceauthz"
    }

    fn fields(&self, fields: &mut Fields) {
        self.provider.fields(fields);
        fields.maybe("device_authorization_endpoint", self.device_authorization_endpoint.as_deref());
        fields.maybe("code_challenge_method", self.code_challenge_method.map(CodeChallenge::name));
    }

    fn renewal(&self) -> Renewal {
        Renewal::Attended
    }

    fn remedy(&self) -> Remedy {
        Remedy::RefreshToken
    }

    fn check(&self, _: &Uri, _: &Scope) -> Result<(), InputError> {
        self.provider.check()?;
        self.provider.check_endpoint(DEVICE, self.device_authorization_endpoint.as_deref())
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let provider = self.provider.clone();
        Box::new(Flow::new(provider, Device { method: self, pkce: None, asked: None, visit: None }, start))
    }
}

#[derive(Debug)]
struct Device {
    method: Arc<OidcDevice>,
    pkce: Option<Pkce>,
    /// When the codes were asked for.
    asked: Option<Now>,
    visit: Option<Visit>,
}

/// A visit that is awaited.
#[derive(Debug)]
struct Visit {
    device_code: Secret,
    page: Page,
    asked: Now,
    life: Duration,
    interval: Duration,
    /// When the provider may be asked next; nothing before the page was shown.
    next: Option<Duration>,
}

impl Visit {
    fn read(answer: &Response<Vec<u8>>, asked: Now) -> Result<Self, ProviderProblem> {
        if let Some(no) = refused(answer)? {
            return Err(no.into());
        }
        let garbled = || ProviderProblem::Garbled("it is not a device authorization (RFC 8628, 3.2)");
        let body: Authorization = serde_json::from_slice(answer.body()).map_err(|_| garbled())?;
        let address = |url: &String| usable(url).is_some();
        let page = Page {
            url: body.verification_uri.filter(address).ok_or_else(garbled)?,
            complete_url: body.verification_uri_complete.filter(address),
            user_code: Some(body.user_code),
            wants_code: false,
            expires_in: None,
        };
        let interval = body.interval.as_ref().and_then(seconds).unwrap_or(INTERVAL);
        Ok(Self {
            device_code: Secret::new(body.device_code),
            page,
            asked,
            life: seconds(&body.expires_in).ok_or_else(garbled)?,
            interval: interval.max(Duration::from_secs(1)),
            next: None,
        })
    }

    fn left(&self, now: Now) -> Duration {
        self.life.saturating_sub(now.since(self.asked))
    }

    /// The page, to somebody who has so much time.
    fn show(&self, left: Duration) -> Ready {
        Ready::Consult(Inquiry::Page(Page { expires_in: Some(left), ..self.page.clone() }))
    }
}

#[derive(Deserialize)]
struct Authorization {
    device_code: String,
    user_code: String,
    #[serde(alias = "verification_url")]
    verification_uri: Option<String>,
    #[serde(alias = "verification_url_complete")]
    verification_uri_complete: Option<String>,
    expires_in: Value,
    interval: Option<Value>,
}

impl Device {
    /// The question for codes (RFC 8628, 3.1), in the order in which keystoneauth has it.
    fn ask(&mut self, desk: &Desk<'_>, at: &mut Moment<'_>) -> Result<Ready, LoginError> {
        let stated = self.method.device_authorization_endpoint.as_deref();
        let url = desk.endpoint(DEVICE, stated).map_err(|problem| desk.provider.error(problem))?;
        if self.pkce.is_none() {
            self.pkce = self.method.code_challenge_method.map(|method| Pkce::new(method, at));
        }
        let present = |text: &'_ str| !text.is_empty();
        let mut form = Fields::default();
        form.maybe("client_id", Some(desk.provider.client_id.as_str()).filter(|it| present(it)));
        form.maybe("scope", Some(desk.provider.scope.as_str()).filter(|it| present(it)));
        if let Some(pkce) = &self.pkce {
            pkce.challenge(&mut form);
        }
        self.asked = Some(at.now());
        Ok(Ready::Ask(url, form))
    }
}

impl Way for Device {
    fn grant(&self) -> &'static str {
        "urn:ietf:params:oauth:grant-type:device_code"
    }

    fn prepare(&mut self, desk: &Desk<'_>, at: &mut Moment<'_>) -> Result<Ready, LoginError> {
        let now = at.now();
        // A page that nobody was shown in time is no use to anybody.
        self.visit.take_if(|visit| visit.next.is_none() && visit.left(now).is_zero());
        match &mut self.visit {
            None => self.ask(desk, at),
            Some(visit) if visit.left(now).is_zero() => Err(desk.provider.error(ProviderProblem::Expired)),
            Some(visit) => match visit.next {
                None => Ok(visit.show(visit.left(now))),
                Some(next) if now.tick < next => Ok(Ready::NotBefore(next)),
                Some(_) => {
                    visit.next = Some(now.tick.saturating_add(visit.interval));
                    Ok(Ready::Yes { once: false })
                }
            },
        }
    }

    fn form(&self, _: &Desk<'_>, form: &mut Fields) {
        if let Some(visit) = &self.visit {
            form.secret("device_code", &visit.device_code);
        }
        if let Some(pkce) = &self.pkce {
            form.secret("code_verifier", &pkce.verifier);
        }
    }

    /// Some want it (Entra ID), and none minds.
    fn always_names_client(&self) -> bool {
        true
    }

    fn prepared(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        let asked = self.asked.unwrap_or_else(|| at.now());
        self.visit = Some(Visit::read(answer, asked)?);
        Ok(())
    }

    fn told(&mut self, _: Secret, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        if let Some(visit) = &mut self.visit {
            visit.next = Some(at.now().tick);
        }
        Ok(())
    }

    fn judge(&mut self, no: No, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        let slower = match no.error.as_str() {
            "authorization_pending" => Duration::ZERO,
            "slow_down" => INTERVAL,
            "expired_token" => return Err(ProviderProblem::Expired),
            "access_denied" => return Err(ProviderProblem::Declined),
            _ => return Err(no.into()),
        };
        if let Some(visit) = &mut self.visit {
            visit.interval = visit.interval.saturating_add(slower);
            visit.next = Some(at.now().tick.saturating_add(visit.interval));
        }
        Ok(())
    }

    fn used(&mut self) {
        (self.visit, self.pkce) = (None, None);
    }
}
