//! What a client knows of its provider, and how it proves itself there.

use http::{Request, Uri, header};

use crate::Secret;
use crate::error::{InputError, LoginError, ProviderProblem};
use crate::identity::Fields;
use crate::identity::federation::check_id;
use crate::identity::form::{basic, form as form_body};
use crate::secret::SecretBytes;
use crate::service::absolute;

/// An OpenID Connect provider, as Keystone and as a client of it know it: what its methods have in
/// common.
///
/// ```
/// use keepstone_core::Credential;
/// use keepstone_core::identity::{OidcClientCredentials, OidcProvider};
/// let provider = OidcProvider::new("sso", "openid", "batch")
///     .client_secret("s3cr3t")
///     .discovery_endpoint("https://sso.example.org/.well-known/openid-configuration");
/// let batch = Credential::new("https://keystone:5000/v3", OidcClientCredentials::new(provider))?;
/// # let _ = batch;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct OidcProvider {
    pub(super) identity_provider: String,
    pub(super) protocol: String,
    pub(super) client_id: String,
    client_secret: Option<Secret>,
    pub(super) token_type: OidcTokenType,
    pub(super) scope: String,
    pub(super) access_token_endpoint: Option<String>,
    pub(super) discovery_endpoint: Option<String>,
}

/// Which of the provider's tokens Keystone is shown (`access_token_type`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OidcTokenType {
    /// The access token, which Keystone's web server introspects.
    #[default]
    AccessToken,
    /// The id token, which says by itself who the user is.
    IdToken,
}

impl OidcTokenType {
    /// Its name, in options and in the provider's answers.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AccessToken => "access_token",
            Self::IdToken => "id_token",
        }
    }

    /// The one of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        [Self::AccessToken, Self::IdToken].into_iter().find(|it| it.name() == name)
    }
}

impl OidcProvider {
    /// The provider and the protocol, by the names that Keystone has for them, and the client by the
    /// name that the provider has for it.
    pub fn new(
        identity_provider: impl Into<String>,
        protocol: impl Into<String>,
        client_id: impl Into<String>,
    ) -> Self {
        Self {
            identity_provider: identity_provider.into(),
            protocol: protocol.into(),
            client_id: client_id.into(),
            client_secret: None,
            token_type: OidcTokenType::default(),
            scope: "openid profile".to_owned(),
            access_token_endpoint: None,
            discovery_endpoint: None,
        }
    }

    /// The client's secret; without one it is a public client.
    #[must_use]
    pub fn client_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.client_secret = Some(secret.into()).filter(|secret| !secret.reveal().is_empty());
        self
    }

    /// Which token Keystone is shown.
    #[must_use]
    pub fn access_token_type(mut self, token_type: OidcTokenType) -> Self {
        self.token_type = token_type;
        self
    }

    /// What is asked of the provider: `openid profile` unless stated. With `offline_access`, most give
    /// a refresh token.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = scope.into();
        self
    }

    /// The token endpoint, rather than what the discovery document says.
    #[must_use]
    pub fn access_token_endpoint(mut self, url: impl Into<String>) -> Self {
        self.access_token_endpoint = Some(url.into());
        self
    }

    /// Where the discovery document is (`…/.well-known/openid-configuration`).
    #[must_use]
    pub fn discovery_endpoint(mut self, url: impl Into<String>) -> Self {
        self.discovery_endpoint = Some(url.into());
        self
    }

    pub(super) fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", &self.identity_provider);
        fields.text("protocol", &self.protocol);
        fields.text("client_id", &self.client_id);
        if let Some(secret) = &self.client_secret {
            fields.secret("client_secret", secret);
        }
        fields.text("access_token_type", self.token_type.name());
        fields.text("scope", &self.scope);
        fields.maybe("access_token_endpoint", self.access_token_endpoint.as_deref());
        fields.maybe("discovery_endpoint", self.discovery_endpoint.as_deref());
    }

    pub(super) fn check(&self) -> Result<(), InputError> {
        check_id("identity_provider", &self.identity_provider)?;
        check_id("protocol", &self.protocol)?;
        check_url("discovery_endpoint", self.discovery_endpoint.as_deref())?;
        self.check_endpoint("access_token_endpoint", self.access_token_endpoint.as_deref())
    }

    /// Refuses an endpoint that is not usable, or neither stated nor to be discovered.
    pub(super) fn check_endpoint(&self, name: &'static str, url: Option<&str>) -> Result<(), InputError> {
        if url.is_none() && self.discovery_endpoint.is_none() {
            return Err(InputError::NoProviderUrl(name));
        }
        check_url(name, url)
    }

    /// A form for the provider. The client proves itself with its secret, if it has one; else its id is
    /// in the form already.
    pub(super) fn post(&self, url: &Uri, form: &Fields) -> Result<Request<SecretBytes>, LoginError> {
        let fields: Vec<_> = form.lasting().collect();
        let mut request = Request::post(url)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(form_body(&fields))
            .map_err(|_| LoginError::Garbled("the provider's endpoint cannot be asked"))?;
        if let Some(secret) = &self.client_secret {
            let value = self.basic(secret).header();
            let value = value.map_err(|_| LoginError::Garbled("the client's secret is no header value"))?;
            request.headers_mut().insert(header::AUTHORIZATION, value);
        }
        Ok(request)
    }

    /// As is, like keystoneauth, although RFC 6749 (2.3.1) wants both form-encoded: providers differ.
    /// Only a colon in the id cannot stand as it is, for the secret begins at the first one.
    fn basic(&self, secret: &Secret) -> Secret {
        basic(&self.client_id.replace(':', "%3A"), secret)
    }

    pub(super) fn has_secret(&self) -> bool {
        self.client_secret.is_some()
    }

    /// An error that is this provider's.
    pub(super) fn error(&self, problem: ProviderProblem) -> LoginError {
        LoginError::Provider { provider: self.identity_provider.clone(), problem }
    }
}

/// Refuses what is not an address that secrets can be sent to.
pub(super) fn check_url(name: &'static str, url: Option<&str>) -> Result<(), InputError> {
    match url {
        Some(url) if usable(url).is_none() => Err(InputError::ProviderUrl(name)),
        _ => Ok(()),
    }
}

/// An address that secrets can be sent to.
pub(super) fn usable(url: &str) -> Option<Uri> {
    absolute(url).filter(|_| !url.contains('#')).filter(|uri| !uri.authority().is_some_and(has_user))
}

fn has_user(authority: &http::uri::Authority) -> bool {
    authority.as_str().contains('@')
}
