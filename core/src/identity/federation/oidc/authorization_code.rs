//! The grant `authorization_code`: a code to which a page at the provider leads.

use std::sync::Arc;

use form_urlencoded::{Serializer, parse};
use http::Uri;

use super::answer::No;
use super::discovery::{AUTHORIZATION, Desk};
use super::flow::Flow;
use super::pkce::{CodeChallenge, Pkce, unguessable};
use super::provider::OidcProvider;
use super::way::{Ready, Way};
use crate::Secret;
use crate::error::{InputError, LoginError, ProviderProblem};
use crate::identity::{Exchange, Fields, Inquiry, Method, Moment, Page, Remedy, Renewal, Scope, Start};

/// A login with a code to which the provider's page leads (grant `authorization_code`).
#[derive(Clone, Debug)]
pub struct OidcAuthorizationCode {
    provider: OidcProvider,
    /// Where the page leads in the end: the provider compares it.
    redirect_uri: Option<String>,
    code: Code,
}

#[derive(Clone, Debug)]
enum Code {
    Given { code: Secret, verifier: Option<Secret> },
    Asked { authorization_endpoint: Option<String> },
}

impl OidcAuthorizationCode {
    /// With this code: good for one login, and for those that a refresh token then spares.
    pub fn given(provider: OidcProvider, code: impl Into<Secret>) -> Self {
        Self { provider, redirect_uri: None, code: Code::Given { code: code.into(), verifier: None } }
    }

    /// With a code that is asked for whenever a login needs one ([`Inquiry::Page`]). The answer is the
    /// code, or the whole address that the page led to, which is then checked to belong to this login.
    pub fn asked(provider: OidcProvider, redirect_uri: impl Into<String>) -> Self {
        let code = Code::Asked { authorization_endpoint: None };
        Self { provider, redirect_uri: Some(redirect_uri.into()), code }
    }

    /// Where the page led to, for a code that is given.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// The verifier (RFC 7636) to whose challenge a code that is given was bound.
    #[must_use]
    pub fn code_verifier(mut self, secret: impl Into<Secret>) -> Self {
        if let Code::Given { verifier, .. } = &mut self.code {
            *verifier = Some(secret.into());
        }
        self
    }

    /// Where the page is, rather than what the discovery document says.
    #[must_use]
    pub fn authorization_endpoint(mut self, url: impl Into<String>) -> Self {
        if let Code::Asked { authorization_endpoint } = &mut self.code {
            *authorization_endpoint = Some(url.into());
        }
        self
    }
}

impl Method for OidcAuthorizationCode {
    fn name(&self) -> &str {
        "v3oidcauthcode"
    }

    fn fields(&self, fields: &mut Fields) {
        self.provider.fields(fields);
        fields.maybe("redirect_uri", self.redirect_uri.as_deref());
        match &self.code {
            // Nothing but the code says whose login it is.
            Code::Given { code, verifier } => {
                fields.secret("code", code);
                if let Some(verifier) = verifier {
                    fields.secret("code_verifier", verifier);
                }
            }
            Code::Asked { authorization_endpoint } => {
                fields.text("code_from", "somebody");
                fields.maybe("authorization_endpoint", authorization_endpoint.as_deref());
            }
        }
    }

    fn renewal(&self) -> Renewal {
        match self.code {
            Code::Given { .. } => Renewal::Limited,
            Code::Asked { .. } => Renewal::Attended,
        }
    }

    fn remedy(&self) -> Remedy {
        Remedy::RefreshToken
    }

    fn uses(&self) -> Option<u32> {
        matches!(self.code, Code::Given { .. }).then_some(1)
    }

    fn check(&self, _: &Uri, _: &Scope) -> Result<(), InputError> {
        self.provider.check()?;
        match &self.code {
            Code::Given { .. } => Ok(()),
            Code::Asked { authorization_endpoint } => {
                self.provider.check_endpoint(AUTHORIZATION, authorization_endpoint.as_deref())
            }
        }
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let provider = self.provider.clone();
        let way = match &self.code {
            Code::Given { code, verifier } => {
                Codes { code: Some(code.clone()), verifier: verifier.clone(), visit: None, method: self }
            }
            Code::Asked { .. } => Codes { code: None, verifier: None, visit: None, method: self },
        };
        Box::new(Flow::new(provider, way, start))
    }
}

#[derive(Debug)]
struct Codes {
    method: Arc<OidcAuthorizationCode>,
    code: Option<Secret>,
    verifier: Option<Secret>,
    visit: Option<Visit>,
}

/// What a visit to the page is recognised by.
#[derive(Debug)]
struct Visit {
    state: Secret,
    pkce: Pkce,
}

impl Codes {
    /// The page, with all that it has to know (RFC 6749, 4.1.1).
    fn page(&mut self, endpoint: &Uri, provider: &OidcProvider, at: &mut Moment<'_>) -> Inquiry {
        let visit = self.visit.get_or_insert_with(|| Visit {
            state: unguessable(at),
            pkce: Pkce::new(CodeChallenge::S256, at),
        });
        let mut form = Fields::default();
        form.text("response_type", "code");
        form.text("client_id", &provider.client_id);
        form.maybe("redirect_uri", self.method.redirect_uri.as_deref());
        form.maybe("scope", Some(provider.scope.as_str()).filter(|scope| !scope.is_empty()));
        form.secret("state", &visit.state);
        visit.pkce.challenge(&mut form);
        let query = Serializer::new(String::new()).extend_pairs(form.lasting()).finish();
        let joint = if endpoint.query().is_some() { '&' } else { '?' };
        let url = format!("{endpoint}{joint}{query}");
        Inquiry::Page(Page { url, complete_url: None, user_code: None, wants_code: true, expires_in: None })
    }

    /// The code in what somebody told: that itself, or an address with the code in it.
    fn code_in(&self, reply: &Secret) -> Result<Secret, ProviderProblem> {
        let reply = reply.reveal().trim();
        let Some((_, query)) = reply.split_once('?') else { return Ok(Secret::new(reply)) };
        let query = query.split('#').next().unwrap_or_default();
        let value = |name: &str| {
            parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        let expected = self.visit.as_ref().map(|visit| visit.state.clone());
        if value("state").map(Secret::new) != expected {
            return Err(ProviderProblem::NoCode("an address that is not of this login"));
        }
        match (value("code"), value("error")) {
            (Some(code), _) => Ok(Secret::new(code)),
            (None, Some(error)) if error == "access_denied" => Err(ProviderProblem::Declined),
            _ => Err(ProviderProblem::NoCode("an address without a code")),
        }
    }
}

impl Way for Codes {
    fn grant(&self) -> &'static str {
        "authorization_code"
    }

    fn prepare(&mut self, desk: &Desk<'_>, at: &mut Moment<'_>) -> Result<Ready, LoginError> {
        let method = Arc::clone(&self.method);
        match &method.code {
            _ if self.code.is_some() => Ok(Ready::Yes { once: true }),
            Code::Given { .. } => Err(LoginError::Spent),
            Code::Asked { authorization_endpoint } => {
                let endpoint = desk.endpoint(AUTHORIZATION, authorization_endpoint.as_deref());
                let endpoint = endpoint.map_err(|problem| desk.provider.error(problem))?;
                Ok(Ready::Consult(self.page(&endpoint, desk.provider, at)))
            }
        }
    }

    fn form(&self, _: &Desk<'_>, form: &mut Fields) {
        form.maybe("redirect_uri", self.method.redirect_uri.as_deref());
        if let Some(code) = &self.code {
            form.secret("code", code);
        }
        if let Some(verifier) = &self.verifier {
            form.secret("code_verifier", verifier);
        }
    }

    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        self.code = Some(self.code_in(&reply)?);
        self.verifier = self.visit.take().map(|visit| visit.pkce.verifier);
        Ok(())
    }

    fn without_refresh(&self, no: No) -> Result<(), ProviderProblem> {
        // The code that was given brought the login before this one.
        if matches!(self.method.code, Code::Given { .. }) { Err(no.ended()) } else { Ok(()) }
    }

    fn used(&mut self) {
        (self.code, self.verifier) = (None, None);
    }
}
