//! Keystone's own login in a browser (WebSSO), as the dashboard uses it: Keystone posts the unscoped
//! token to an address on this machine.

use std::sync::Arc;
use std::time::Duration;

use form_urlencoded::byte_serialize;
use http::{Request, Response, Uri, header};

use super::{Rescope, check_id};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::headers::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::identity::v3::{check_url, described_by, v3_url};
use crate::identity::{Exchange, Fields, Grant, Inquiry, Method, Moment, Page, Renewal, Scope, Start, Step};
use crate::keychain::date;
use crate::secret::SecretBytes;
use crate::time::{Now, between};
use crate::token::Token;

/// A login in a browser. Whoever answers its [`Inquiry::Page`] shows the page, listens at the callback
/// for the form that Keystone's page posts there, and answers with its field `token`.
///
/// The callback must stand in Keystone's `[federation] trusted_dashboard`, letter for letter. Listen on
/// a loopback address only, and for one token only: any page that is open in the browser can post
/// there.
#[derive(Clone, Debug)]
pub struct WebSso {
    provider: String,
    protocol: String,
    callback: String,
}

impl WebSso {
    /// By this identity provider and protocol, with Keystone's usual callback for command lines,
    /// `http://localhost:9990/auth/websso/`.
    pub fn new(provider: impl Into<String>, protocol: impl Into<String>) -> Self {
        let callback = "http://localhost:9990/auth/websso/".to_owned();
        Self { provider: provider.into(), protocol: protocol.into(), callback }
    }

    /// With another callback.
    #[must_use]
    pub fn callback(mut self, url: impl Into<String>) -> Self {
        self.callback = url.into();
        self
    }
}

impl Method for WebSso {
    fn name(&self) -> &str {
        "websso"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", &self.provider);
        fields.text("protocol", &self.protocol);
        fields.text("callback", &self.callback);
    }

    fn renewal(&self) -> Renewal {
        Renewal::Attended
    }

    fn check(&self, auth_url: &Uri, _: &Scope) -> Result<(), InputError> {
        check_url(auth_url)?;
        check_id("identity provider", &self.provider)?;
        check_id("protocol", &self.protocol)
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let v3 = v3_url(&start.auth_url);
        Box::new(Visit { method: self, v3, token: None, shown: None, rescope: Rescope::new(start) })
    }
}

#[derive(Debug)]
struct Visit {
    method: Arc<WebSso>,
    v3: String,
    /// What the page led to; nothing else is known of it yet.
    token: Option<Secret>,
    /// When the page was shown.
    shown: Option<Now>,
    rescope: Rescope,
}

impl Exchange for Visit {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if self.rescope.is_due() {
            return self.rescope.need(at);
        }
        let Some(token) = &self.token else {
            self.shown = Some(at.now());
            return Ok(Step::Consult(Inquiry::Page(self.page())));
        };
        let token =
            token.header().map_err(|_| LoginError::Unanswered("what was told is no token".to_owned()))?;
        let request = Request::get(format!("{}/auth/tokens", self.v3))
            .header(header::ACCEPT, "application/json")
            .header(X_AUTH_TOKEN, token.clone())
            .header(X_SUBJECT_TOKEN, token)
            .body(SecretBytes::default());
        request.map(Step::Ask).map_err(|_| LoginError::Garbled("the auth URL cannot be asked"))
    }

    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        self.token = Some(reply);
        Ok(None)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        if self.rescope.is_due() {
            return self.rescope.hear(answer, at);
        }
        let Some(token) = self.token.clone() else { return Ok(None) };
        let token = described_by(token, answer)?;
        let issued = self.issued(&token, answer, at.now());
        self.rescope.take(token, issued)
    }
}

impl Visit {
    /// When the token was issued, at the earliest: not before the page was shown, and as long ago as
    /// Keystone says, by a clock that need not be right.
    fn issued(&self, token: &Token, answer: &Response<Vec<u8>>, now: Now) -> Now {
        let shown = self.shown.unwrap_or(now);
        let (issued, date) = (token.description.issued_at, date(answer.headers()));
        // Dates are whole seconds, rounded down.
        let age = issued.zip(date).map(|(issued, date)| between(issued, date) + Duration::from_secs(1));
        age.filter(|age| *age < now.since(shown)).map_or(shown, |age| now.before(age))
    }

    fn page(&self) -> Page {
        let WebSso { provider, protocol, callback } = &*self.method;
        let path = format!("auth/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/websso");
        let origin: String = byte_serialize(callback.as_bytes()).collect();
        let url = format!("{}/{path}?origin={origin}", self.v3);
        Page { url, complete_url: None, user_code: None, wants_code: true, expires_in: None }
    }
}
