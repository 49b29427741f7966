//! From options to a credential, for logins that go by way of an identity provider.

use super::ConfigError;
use super::auth::{AuthSettings, IdentitySettings};
use crate::identity::{
    AdfsPassword, CodeChallenge, OidcAccessToken, OidcAuthorizationCode, OidcClientCredentials, OidcDevice,
    OidcPassword, OidcProvider, OidcTokenType, Saml2Password, WebSso,
};

impl AuthSettings {
    pub(super) fn federated(&self) -> Result<IdentitySettings, ConfigError> {
        match self.method().name {
            "v3oidcpassword" => self.oidc_password(),
            "v3oidcclientcredentials" => self.finished(OidcClientCredentials::new(self.provider()?)),
            "v3oidcauthcode" => self.oidc_code(),
            "v3oidcdeviceauthz" => self.oidc_device(),
            "v3oidcaccesstoken" => self.finished(OidcAccessToken::new(
                self.need("identity-provider")?,
                self.need("protocol")?,
                self.secret("access-token")?,
            )),
            "v3samlpassword" => self.finished(Saml2Password {
                identity_provider: self.owned("identity-provider")?,
                protocol: self.owned("protocol")?,
                identity_provider_url: self.owned("identity-provider-url")?,
                username: self.owned("username")?,
                password: self.secret("password")?,
            }),
            "v3adfspassword" => self.finished(AdfsPassword {
                identity_provider: self.owned("identity-provider")?,
                protocol: self.owned("protocol")?,
                identity_provider_url: self.owned("identity-provider-url")?,
                service_provider_endpoint: self.owned("service-provider-endpoint")?,
                service_provider_entity_id: self.text("service-provider-entity-id").map(str::to_owned),
                username: self.owned("username")?,
                password: self.secret("password")?,
            }),
            "v3websso" => self.websso(),
            other => Err(ConfigError::Unsupported(other)),
        }
    }

    fn oidc_password(&self) -> Result<IdentitySettings, ConfigError> {
        let method = OidcPassword::new(self.provider()?, self.need("username")?, self.secret("password")?);
        self.finished(match self.text("idp_otp_key") {
            Some(key) => method.otp_asked(key),
            None => method,
        })
    }

    fn oidc_code(&self) -> Result<IdentitySettings, ConfigError> {
        let redirect = self.text("redirect-uri");
        if let (None, Some(uri)) = (self.text("code"), redirect) {
            return self.finished(OidcAuthorizationCode::asked(self.provider()?, uri));
        }
        let method = OidcAuthorizationCode::given(self.provider()?, self.secret("code")?);
        self.finished(match redirect {
            Some(uri) => method.redirect_uri(uri),
            None => method,
        })
    }

    fn oidc_device(&self) -> Result<IdentitySettings, ConfigError> {
        let mut method = OidcDevice::new(self.provider()?);
        if let Some(url) = self.text("device-authorization-endpoint") {
            method = method.device_authorization_endpoint(url);
        }
        let challenge =
            self.options().read("code-challenge-method", "`plain` or `S256`", CodeChallenge::named)?;
        self.finished(match challenge {
            Some(challenge) => method.code_challenge_method(challenge),
            None => method,
        })
    }

    fn provider(&self) -> Result<OidcProvider, ConfigError> {
        let client = self.text("client-id").unwrap_or_default();
        let mut provider = OidcProvider::new(self.need("identity-provider")?, self.need("protocol")?, client);
        if let Some(secret) = self.options().given("client-secret") {
            provider = provider.client_secret(secret.secret());
        }
        if let Some(scope) = self.get("openid-scope") {
            provider = provider.scope(scope);
        }
        let kind = "`access_token` or `id_token`";
        if let Some(kind) = self.options().read("access-token-type", kind, OidcTokenType::named)? {
            provider = provider.access_token_type(kind);
        }
        let endpoints = (self.text("access-token-endpoint"), self.text("discovery-endpoint"));
        if endpoints == (None, None) {
            return Err(self.lacks_one_of(vec!["access-token-endpoint", "discovery-endpoint"]));
        }
        if let Some(url) = endpoints.0 {
            provider = provider.access_token_endpoint(url);
        }
        if let Some(url) = endpoints.1 {
            provider = provider.discovery_endpoint(url);
        }
        Ok(provider)
    }

    fn websso(&self) -> Result<IdentitySettings, ConfigError> {
        let host = self.get("redirect-host").unwrap_or_default();
        let port =
            self.options().read("redirect-port", "the number of a port", |text| text.parse::<u16>().ok())?;
        let method = WebSso::new(self.need("identity-provider")?, self.need("protocol")?);
        self.finished(method.callback(format!("http://{host}:{}/auth/websso/", port.unwrap_or(9990))))
    }

    fn owned(&self, name: &'static str) -> Result<String, ConfigError> {
        self.need(name).map(str::to_owned)
    }
}
