//! What a client needs to know of the rig: addresses, accounts, ids.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Where everything is, and who can log in.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Stack {
    /// Keystone's v3 API.
    pub auth_url: String,
    /// The service behind keystonemiddleware. The catalog also lists it, as `volumev3`, `network` and `image`.
    pub echo_url: String,
    /// The only region.
    pub region: String,
    /// The only domain: of every user and every project.
    pub domain: Named,
    /// The accounts.
    pub users: Users,
    /// The roles there are, by name: their ids.
    pub roles: BTreeMap<String, String>,
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
