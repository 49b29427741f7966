//! Identities without Keystone: what goes with each call is known, and has no end.

use http::{HeaderName, Uri, header};

use super::form::basic;
use super::v3::v3_url;
use super::{DomainRef, ProjectRef, Scope, without_password};
use crate::Secret;
use crate::call::TlsId;
use crate::error::InputError;
use crate::headers::X_AUTH_TOKEN;
use crate::service::absolute;

/// An identity that needs no login: nothing at all, a name and a password (HTTP Basic), an admin
/// token, or a client certificate (tokenless X.509).
///
/// It has no end and nothing to renew: a 401 is delivered, with [`crate::Refusal::Fixed`]. Nobody
/// can vouch for it, nor can it vouch for anybody; a session that wants that fails before a byte
/// leaves.
///
/// ```
/// use keepstone_core::{Fixed, Keychain};
/// let mut keys = Keychain::new(7);
/// let ironic = Fixed::basic("ironic", "s3cr3t").endpoint("http://bare-metal:6385")?;
/// let ironic = keys.fixed(ironic)?;
/// # let _ = ironic;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Fixed {
    pub(crate) headers: Vec<(HeaderName, Secret)>,
    pub(crate) endpoint: Option<Uri>,
    pub(crate) tls: Option<TlsId>,
    /// It is Keystone that is talked to.
    pub(crate) at_keystone: bool,
}

impl Fixed {
    /// Nothing: for services that run without Keystone. No header goes along. (keystoneauth1 sends
    /// `X-Auth-Token: notused`; where a service wants to see some token all the same,
    /// [`Fixed::admin_token`] sends any.)
    #[must_use]
    pub fn none() -> Self {
        Self { headers: Vec::new(), endpoint: None, tls: None, at_keystone: false }
    }

    /// A name and a password, as HTTP Basic (RFC 7617).
    #[must_use]
    pub fn basic(user: &str, password: impl Into<Secret>) -> Self {
        let value = basic(user, &password.into());
        Self { headers: vec![(header::AUTHORIZATION, value)], ..Self::none() }
    }

    /// A token that is always good, such as Keystone's `[DEFAULT] admin_token`.
    #[must_use]
    pub fn admin_token(token: impl Into<Secret>) -> Self {
        Self { headers: vec![(X_AUTH_TOKEN, token.into())], ..Self::none() }
    }

    /// A client certificate in place of a token, for Keystone's own API alone (`[tokenless_auth]`).
    /// The scope, a project or a domain, goes along as headers with each call. `auth_url` is
    /// Keystone's address, with or without `/v3`.
    ///
    /// # Errors
    /// [`InputError::NotAnAddress`]; [`InputError::TokenlessScope`] and [`InputError::NotAsciiInAHeader`] for a
    /// scope that no header can say.
    pub fn tokenless(auth_url: &str, scope: &Scope, tls: TlsId) -> Result<Self, InputError> {
        let mut keystone = Self::none().tls(tls).endpoint(auth_url)?;
        let address = keystone.endpoint.as_ref().and_then(|given| v3_url(given).parse().ok());
        keystone.endpoint = Some(address.ok_or_else(|| InputError::AuthUrl(without_password(auth_url)))?);
        Ok(Self { headers: scope_headers(scope)?, at_keystone: true, ..keystone })
    }

    /// Where its calls go, whatever service they are for, unless their session states an address.
    ///
    /// # Errors
    /// [`InputError::NotAnAddress`], if it is not an absolute http or https address.
    pub fn endpoint(mut self, address: &str) -> Result<Self, InputError> {
        let address = address.trim();
        let uri = absolute(address).filter(|_| !address.contains(['?', '#', '@']));
        self.endpoint =
            Some(uri.ok_or_else(|| InputError::NotAnAddress("endpoint", without_password(address)))?);
        Ok(self)
    }

    /// On these connections.
    #[must_use]
    pub fn tls(mut self, tls: TlsId) -> Self {
        self.tls = Some(tls);
        self
    }
}

/// A scope as headers: what Keystone's `tokenless_auth` reads.
fn scope_headers(scope: &Scope) -> Result<Vec<(HeaderName, Secret)>, InputError> {
    let header = |name, value: &str| {
        // Beyond ASCII, servers differ in what they take a header for.
        let plain = value.is_ascii();
        let header = || (HeaderName::from_static(name), Secret::new(value));
        plain.then(header).ok_or_else(|| InputError::NotAsciiInAHeader(value.to_owned()))
    };
    let domain = |domain: &DomainRef, id, name| match domain {
        DomainRef::Id(it) => header(id, it),
        DomainRef::Name(it) => header(name, it),
    };
    match scope {
        Scope::Project(ProjectRef::Id { id }) => Ok(vec![header("x-project-id", id)?]),
        Scope::Project(ProjectRef::Name { name, domain: owner }) => Ok(vec![
            header("x-project-name", name)?,
            domain(owner, "x-project-domain-id", "x-project-domain-name")?,
        ]),
        Scope::Domain(it) => Ok(vec![domain(it, "x-domain-id", "x-domain-name")?]),
        Scope::Default | Scope::Unscoped | Scope::System | Scope::Trust(_) => Err(InputError::TokenlessScope),
    }
}
