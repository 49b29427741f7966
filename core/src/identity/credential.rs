//! What proves an identity: credentials that can log in, and tokens that were handed in.

use chrono::{DateTime, Utc};
use http::Uri;

use super::scope::{Scope, UserRef};
use crate::call::TlsId;
use crate::error::InputError;
use crate::service::absolute;
use crate::token::{Description, Project, Token};
use crate::{Catalog, Secret};

/// How an identity proves itself to Keystone.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// A user's password.
    Password {
        /// The user.
        user: UserRef,
        /// The password.
        password: Secret,
    },
    /// A token, exchanged for one with another scope. Keystone keeps the old expiry, so this
    /// cannot be renewed.
    Token {
        /// The token to give.
        token: Secret,
    },
    /// An application credential.
    ApplicationCredential {
        /// Which one.
        credential: ApplicationCredentialRef,
        /// Its secret.
        secret: Secret,
    },
}

/// An application credential, by id or by name and user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplicationCredentialRef {
    /// By id.
    Id(String),
    /// By name, which is unique for its user only.
    Name {
        /// The name.
        name: String,
        /// The user that it belongs to.
        user: UserRef,
    },
}

/// Whether, and how often, tokens can be had without anybody's help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// As often as needed.
    Unattended,
    /// A number of times only: renewed when there is no other way, never early or on suspicion.
    Limited,
    /// Not at all: a token that was handed in or exchanged.
    Never,
}

/// A credential that can log in: where, how, and for what.
///
/// ```
/// use keepstone_core::{Credential, Scope, UserRef};
/// let nova = Credential::password("http://keystone:5000/v3", UserRef::name("nova"), "s3cr3t")?
///     .scope(Scope::project("service"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    pub(super) auth_url: Uri,
    pub(super) method: Method,
    pub(super) scope: Scope,
    pub(super) uses: Option<u32>,
    pub(super) tls: TlsId,
}

impl Credential {
    /// A login by any method. `auth_url` is Keystone's address, with or without `/v3`.
    ///
    /// # Errors
    /// [`InputError::AuthUrl`] if it is not an absolute http or https address, or is that of
    /// Identity API v2.0; [`InputError::TokenNotAHeader`] for a token that no header can carry.
    pub fn new(auth_url: &str, method: Method) -> Result<Self, InputError> {
        let refused = || InputError::AuthUrl(without_password(auth_url));
        let bare = auth_url.trim().trim_end_matches('/');
        let v3 = if bare.ends_with("/v3") { bare.to_owned() } else { format!("{bare}/v3") };
        if bare.ends_with("/v2.0") || bare.contains(['?', '#', '@']) {
            return Err(refused());
        }
        if let Method::Token { token } = &method {
            token.header()?;
        }
        let auth_url = absolute(&v3).ok_or_else(refused)?;
        Ok(Self { auth_url, method, scope: Scope::Default, uses: None, tls: TlsId::default() })
    }

    /// A login with a user's password.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn password(auth_url: &str, user: UserRef, password: impl Into<Secret>) -> Result<Self, InputError> {
        Self::new(auth_url, Method::Password { user, password: password.into() })
    }

    /// The exchange of a token for one with another scope and the same end.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn token(auth_url: &str, token: impl Into<Secret>) -> Result<Self, InputError> {
        Self::new(auth_url, Method::Token { token: token.into() })
    }

    /// A login with an application credential, by its id.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn application_credential(
        auth_url: &str,
        id: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> Result<Self, InputError> {
        let credential = ApplicationCredentialRef::Id(id.into());
        Self::new(auth_url, Method::ApplicationCredential { credential, secret: secret.into() })
    }

    /// What the token is to be good for.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// That this credential can be used `uses` times and no more: a trust with `remaining_uses`.
    #[must_use]
    pub fn limited_to(mut self, uses: u32) -> Self {
        self.uses = Some(uses);
        self
    }

    /// The connections on which to log in, where Keystone wants a client certificate of its own.
    #[must_use]
    pub fn tls(mut self, tls: TlsId) -> Self {
        self.tls = tls;
        self
    }

    /// Keystone's address, ending in `/v3`.
    #[must_use]
    pub fn auth_url(&self) -> &Uri {
        &self.auth_url
    }

    /// Whether this credential can bring more than one token.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        match (&self.method, self.uses) {
            (Method::Token { .. }, _) => Renewal::Never,
            (_, Some(_)) => Renewal::Limited,
            (_, None) => Renewal::Unattended,
        }
    }

    pub(crate) fn uses(&self) -> Option<u32> {
        self.uses
    }

    pub(crate) fn tls_id(&self) -> TlsId {
        self.tls
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), InputError> {
        match (&self.method, &self.scope) {
            (_, Scope::Default) | (Method::Password { .. } | Method::Token { .. }, _) => Ok(()),
            (Method::ApplicationCredential { .. }, _) => Err(InputError::ScopeWithApplicationCredential),
        }
    }
}

/// An address as it may be shown: without the name and the password that may stand in it.
fn without_password(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => address.to_owned(),
    }
}

/// A token that was handed in, by a request context or by a user: it cannot be renewed.
///
/// ```
/// use keepstone_core::{Borrowed, Catalog};
/// let context = Borrowed::new("gAAAAAB…").project_id("3b1f");
/// # let _ = context;
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Borrowed {
    id: Secret,
    description: Description,
    trust_ends: Option<DateTime<Utc>>,
}

impl Borrowed {
    /// A token of which nothing else is known. When it ends is then the servers' to judge.
    pub fn new(id: impl Into<Secret>) -> Self {
        Self { id: id.into(), description: Description::default(), trust_ends: None }
    }

    /// A token with Keystone's description of it (`keystone.token_info` of a request).
    #[must_use]
    pub fn described(mut self, description: Description) -> Self {
        let Description { expires_at, catalog, project, .. } = std::mem::take(&mut self.description);
        self.description = Description {
            expires_at: description.expires_at.or(expires_at),
            catalog: description.catalog.or(catalog),
            project: description.project.or(project),
            ..description
        };
        self
    }

    /// When it ends, by the cloud's clock.
    #[must_use]
    pub fn expires_at(mut self, end: DateTime<Utc>) -> Self {
        self.description.expires_at = Some(end);
        self
    }

    /// When the trust behind it ends, if it came of one: no service token helps beyond.
    #[must_use]
    pub fn trust_ends_at(mut self, end: DateTime<Utc>) -> Self {
        self.trust_ends = Some(end);
        self
    }

    /// Where its services are (`X-Service-Catalog` of a request).
    #[must_use]
    pub fn catalog(mut self, catalog: Catalog) -> Self {
        self.description.catalog = Some(catalog);
        self
    }

    /// The project it is scoped to (`X-Project-Id` of a request), for endpoints that name it.
    #[must_use]
    pub fn project_id(mut self, id: impl Into<String>) -> Self {
        self.description.project = Some(Project { id: id.into(), ..Project::default() });
        self
    }

    pub(crate) fn into_parts(self) -> (Token, Option<DateTime<Utc>>) {
        (Token { id: self.id, description: self.description }, self.trust_ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_urls_are_completed_or_refused() {
        let url = |text| Credential::token(text, "t").map(|credential| credential.auth_url.to_string());
        for (given, used) in [
            ("http://h:5000", "http://h:5000/v3"),
            ("http://h:5000/", "http://h:5000/v3"),
            ("https://h/identity", "https://h/identity/v3"),
            ("https://h/identity/v3/", "https://h/identity/v3"),
        ] {
            assert_eq!(url(given).as_deref(), Ok(used));
        }
        for wrong in ["", "h:5000", "ftp://h", "http://h/v2.0", "/v3"] {
            assert_eq!(url(wrong), Err(InputError::AuthUrl(wrong.to_owned())));
        }
        assert_eq!(url("http://u:p@h/v3"), Err(InputError::AuthUrl("http://…@h/v3".to_owned())));
    }

    #[test]
    fn an_application_credential_has_its_scope_already() {
        let credential = Credential::application_credential("http://h", "id", "secret").unwrap();
        assert_eq!(credential.check(), Ok(()));
        let scoped = credential.scope(Scope::Trust("t".to_owned()));
        assert_eq!(scoped.check(), Err(InputError::ScopeWithApplicationCredential));
    }

    #[test]
    fn what_can_be_renewed_is_known() {
        let password = || Credential::password("http://h", UserRef::name("u"), "p").unwrap();
        assert_eq!(password().renewal(), Renewal::Unattended);
        assert_eq!(password().limited_to(2).renewal(), Renewal::Limited);
        assert_eq!(Credential::token("http://h", "t").unwrap().renewal(), Renewal::Never);
        assert!(matches!(Credential::token("http://h", "a\nb"), Err(InputError::TokenNotAHeader)));
    }
}
