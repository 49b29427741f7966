//! From options to a credential.

use super::ConfigError;
use super::auth::{AuthSettings, IdentitySettings};
use crate::error::InputError;
use crate::identity::{
    AnyVersion, ApplicationCredential, Method, MultiFactor, OAuth1, OAuth2ClientCredential, OAuth2Mtls, Part,
    Password, Receipt, ScopeOptions, TokenMethod, Totp, V2,
};
use crate::{Credential, DomainRef, Fixed, Scope, Secret, TlsId, UserRef};

impl AuthSettings {
    /// The identity that they say. Nothing is sent for that.
    ///
    /// # Errors
    /// [`ConfigError::Missing`], [`ConfigError::BadValue`], [`ConfigError::Unsupported`];
    /// [`ConfigError::Input`] for what contradicts itself.
    pub fn credential(&self) -> Result<IdentitySettings, ConfigError> {
        let missing = self.missing();
        if !missing.is_empty() {
            return Err(self.lacks(missing));
        }
        let made = match self.method().name {
            "none" => IdentitySettings::Fixed(self.placed(Fixed::none())?),
            "http_basic" => {
                let user = self.text("username").unwrap_or_default();
                IdentitySettings::Fixed(self.placed(Fixed::basic(user, self.secret("password")?))?)
            }
            "admin_token" => IdentitySettings::Fixed(self.placed(Fixed::admin_token(self.secret("token")?))?),
            "v3tokenlessauth" => IdentitySettings::Fixed(Fixed::tokenless(
                self.need("auth-url")?,
                &self.scope()?,
                TlsId::default(),
            )?),
            "v2password" | "v2token" => self.v2()?,
            "password" | "token" => self.any_version()?,
            _ => self.v3()?,
        };
        if let IdentitySettings::Credential(credential) = &made {
            credential.check()?;
        }
        Ok(made)
    }

    fn v3(&self) -> Result<IdentitySettings, ConfigError> {
        match self.method().name {
            "v3password" => self.finished(self.password()?),
            "v3token" => self.finished(TokenMethod::new(self.secret("token")?)),
            "v3totp" => self.finished(self.totp()?),
            "v3applicationcredential" => self.finished(self.application_credential()?),
            "v3multifactor" => self.finished(self.multi_factor()?),
            "v3oauth1" => self.finished(OAuth1::new(
                self.need("consumer-key")?,
                self.secret("consumer-secret")?,
                self.need("access-key")?,
                self.secret("access-secret")?,
            )),
            "v3oauth2clientcredential" => self.finished(OAuth2ClientCredential::new(
                self.need("oauth2_endpoint")?,
                self.need("oauth2_client_id")?,
                self.secret("oauth2_client_secret")?,
            )),
            "v3oauth2mtlsclientcredential" => {
                self.finished(OAuth2Mtls::new(self.need("oauth2-endpoint")?, self.need("oauth2-client-id")?))
            }
            _ => self.federated(),
        }
    }

    fn v2(&self) -> Result<IdentitySettings, ConfigError> {
        let method = match (self.method().name, self.text("username"), self.text("user-id")) {
            ("v2token", _, _) => V2::token(self.secret("token")?),
            (_, Some(name), _) => V2::password(name, self.secret("password")?),
            (_, None, Some(id)) => V2::password_of_id(id, self.secret("password")?),
            (_, None, None) => return Err(self.lacks_one_of(vec!["username", "user-id"])),
        };
        let method = match self.text("trust-id") {
            Some(trust) => method.trust(trust),
            None => method,
        };
        let tenant = match (self.text("tenant-id"), self.text("tenant-name")) {
            (Some(id), _) => Scope::project_id(id),
            (None, Some(name)) => Scope::project(name),
            (None, None) => Scope::Default,
        };
        let credential = Credential::new(self.need("auth-url")?, method)?.scope(tenant);
        Ok(IdentitySettings::Credential(Box::new(credential)))
    }

    fn any_version(&self) -> Result<IdentitySettings, ConfigError> {
        let mut method = if self.method().name == "token" {
            AnyVersion::token(self.secret("token")?)
        } else {
            let password = self.secret("password")?;
            match (self.text("user-id"), self.text("username"), self.domain("user-")) {
                (None, Some(name), None) => AnyVersion::password_of(name, password),
                (_, _, None) => AnyVersion::password(self.user()?, password),
                (_, _, Some(_)) => AnyVersion::password(self.user()?, password).v3_only(),
            }
        };
        if let Some(default) = self.domain("default-") {
            method = method.default_domain(default);
        }
        let scope = match self.scope() {
            // The name alone will do at v2.0, or with a default domain.
            Err(ConfigError::Input(InputError::ProjectWithoutDomain(name))) => {
                method = method.project(name);
                self.text("trust-id").map_or(Scope::Default, |id| Scope::Trust(id.to_owned()))
            }
            scope => scope?,
        };
        self.scoped(method, scope)
    }

    fn password(&self) -> Result<Password, ConfigError> {
        Ok(Password::new(self.user()?, self.secret("password")?))
    }

    fn totp(&self) -> Result<Totp, ConfigError> {
        Ok(match self.options().given("totp-secret") {
            Some(secret) => Totp::computed(self.user()?, secret.secret()),
            None => Totp::passcode(self.user()?, self.secret("passcode")?),
        })
    }

    fn application_credential(&self) -> Result<ApplicationCredential, ConfigError> {
        let secret = self.secret("application_credential_secret")?;
        match (self.text("application_credential_id"), self.text("application_credential_name")) {
            (Some(id), _) => Ok(ApplicationCredential::new(id, secret)),
            (None, Some(name)) => Ok(ApplicationCredential::named(name, self.user()?, secret)),
            (None, None) => {
                Err(self.lacks_one_of(vec!["application_credential_id", "application_credential_name"]))
            }
        }
    }

    /// Several methods in one request, in the order in which they are named.
    fn multi_factor(&self) -> Result<MultiFactor, ConfigError> {
        let mut all: Option<MultiFactor> = None;
        for name in self.options().list("auth_methods") {
            all = Some(match name {
                "v3password" => joined(all, self.password()?),
                "v3token" => joined(all, TokenMethod::new(self.secret("token")?)),
                "v3totp" => joined(all, self.totp()?),
                "v3applicationcredential" => joined(all, self.application_credential()?),
                _ => {
                    return Err(self.refused(
                        "auth_methods",
                        "a list of v3password, v3token, v3totp, v3applicationcredential",
                    ));
                }
            });
        }
        let all = all.ok_or_else(|| self.lacks(vec!["auth_methods"]))?;
        Ok(match self.options().given("receipt").filter(|given| !given.is_empty()) {
            Some(given) => all.with_receipt(&Receipt::of_id(given.secret())),
            None => all,
        })
    }

    pub(super) fn finished(&self, method: impl Method) -> Result<IdentitySettings, ConfigError> {
        self.scoped(method, self.scope()?)
    }

    fn scoped(&self, method: impl Method, scope: Scope) -> Result<IdentitySettings, ConfigError> {
        let credential = Credential::new(self.need("auth-url")?, method)?.scope(scope);
        let catalog = self.options().flag("include-catalog")?.unwrap_or(true);
        let credential = if catalog { credential } else { credential.without_catalog() };
        Ok(IdentitySettings::Credential(Box::new(credential)))
    }

    fn placed(&self, fixed: Fixed) -> Result<Fixed, ConfigError> {
        Ok(match self.text("endpoint") {
            Some(endpoint) => fixed.endpoint(endpoint)?,
            None => fixed,
        })
    }

    fn scope(&self) -> Result<Scope, ConfigError> {
        let text = |name: &str| self.text(name).unwrap_or_default().to_owned();
        let options = ScopeOptions {
            project_id: text("project-id"),
            project_name: text("project-name"),
            project_domain_id: text("project-domain-id"),
            project_domain_name: text("project-domain-name"),
            domain_id: text("domain-id"),
            domain_name: text("domain-name"),
            system_scope: text("system-scope"),
            trust_id: text("trust-id"),
            unscoped: self.options().flag("unscoped")?.unwrap_or(false),
        };
        Ok(options.scope()?)
    }

    /// A user by id, or by name and domain.
    fn user(&self) -> Result<UserRef, ConfigError> {
        match (self.text("user-id"), self.text("username"), self.domain("user-")) {
            (Some(id), _, _) => Ok(UserRef::id(id)),
            (None, Some(name), Some(domain)) => Ok(UserRef::named(name, domain)),
            (None, Some(_), None) => Err(self.lacks_one_of(vec!["user-domain-id", "user-domain-name"])),
            (None, None, _) => Err(self.lacks_one_of(vec!["username", "user-id"])),
        }
    }

    fn domain(&self, prefix: &str) -> Option<DomainRef> {
        let id = self.text(&format!("{prefix}domain-id")).map(|id| DomainRef::Id(id.to_owned()));
        id.or_else(|| self.text(&format!("{prefix}domain-name")).map(|name| DomainRef::Name(name.to_owned())))
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.options().get(name)
    }

    pub(super) fn need(&self, name: &'static str) -> Result<&str, ConfigError> {
        self.text(name).ok_or_else(|| self.lacks(vec![name]))
    }

    /// A secret, which may be empty.
    pub(super) fn secret(&self, name: &'static str) -> Result<Secret, ConfigError> {
        self.options().given(name).map(super::Given::secret).ok_or_else(|| self.lacks(vec![name]))
    }

    pub(super) fn refused(&self, name: &'static str, expected: &'static str) -> ConfigError {
        match self.options().given(name) {
            Some(given) => self.options().bad(name, given, expected),
            None => self.lacks(vec![name]),
        }
    }
}

fn joined(all: Option<MultiFactor>, part: impl Part) -> MultiFactor {
    match all {
        Some(all) => all.and(part),
        None => MultiFactor::new(part),
    }
}
