//! What a client needs to know of the rig: addresses, accounts, ids.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::login::{ApplicationCredentials, Federation, OAuth1, Tls};

/// Where everything is, and who can log in.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Stack {
    /// Keystone's v3 API.
    pub auth_url: String,
    /// The service behind keystonemiddleware. The catalog also lists it, as `volumev3`, `network` and `image`.
    /// Below `/bearer` it wants an OAuth2 access token instead of `X-Auth-Token`.
    pub echo_url: String,
    /// The only region.
    pub region: String,
    /// The domain of every user and every project. Keystone makes others for federated people.
    pub domain: Named,
    /// The accounts.
    pub users: Users,
    /// The roles there are, by name: their ids.
    pub roles: BTreeMap<String, String>,
    /// The projects there are, by name: their ids.
    pub projects: BTreeMap<String, String>,
    /// Application credentials.
    pub application_credentials: ApplicationCredentials,
    /// A consumer of OAuth 1.0a.
    pub oauth1: OAuth1,
    /// Keystone's token endpoint of OAuth 2.0, where application credentials are clients.
    pub oauth2_url: String,
    /// Keystone through TLS.
    pub tls: Tls,
    /// Identities that come from elsewhere.
    pub federation: Federation,
    /// The servers, by name: their process ids at the start.
    pub pids: BTreeMap<String, u32>,
}

/// The accounts, by what they are good for.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Users {
    /// A person: `member` and `reader` of the project `demo`.
    pub alice: User,
    /// A service with the role `service` in the project `service`: it may send service tokens.
    pub nova: User,
    /// A service that lacks that role: only `member` of the project `service`.
    pub norole: User,
    /// The administrator, of the project `admin` and of the system.
    pub admin: User,
    /// A person who has one-time passcodes beside the password; either is enough. `member` of the project `demo`.
    pub totp: User,
    /// A person who needs both. `member` of the project `demo`.
    pub mfa: User,
    /// An OAuth2 client by a certificate. `member` of the project `demo`, which is this user's default.
    pub mtls: User,
    /// `admin` of the domain, and `reader` of the project `demo`.
    pub domadmin: User,
    /// A person without a default project, so that a login may stay unscoped. `member` of the project `demo`.
    pub unscoped: User,
}

/// An account.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct User {
    /// Its id.
    pub id: String,
    /// Its name, in the only domain.
    pub name: String,
    /// Its password.
    pub password: String,
    /// The project it has roles in.
    pub project: Named,
    /// The secret of its one-time passcodes, if it has any, in base 32: six digits, SHA-1, thirty seconds.
    pub totp_secret: Option<String>,
}

/// Something with an id and a name.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Named {
    /// Its id.
    pub id: String,
    /// Its name, in the only domain.
    pub name: String,
}
