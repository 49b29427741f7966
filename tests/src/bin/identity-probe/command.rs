//! What a line says.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::options::Options;

/// One case.
#[derive(Debug, Deserialize)]
pub(crate) struct Command {
    pub(crate) id: String,
    #[serde(flatten)]
    pub(crate) login: Login,
    /// Where the request goes; `None`: only the endpoint is wanted.
    #[serde(default)]
    pub(crate) get: Option<String>,
    /// How the endpoint is chosen.
    #[serde(default)]
    pub(crate) endpoint: Option<Map<String, Value>>,
}

/// A way to log in, as keystoneauth1's loaders name it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Login {
    pub(crate) auth_type: String,
    #[serde(default)]
    pub(crate) options: Options,
    #[serde(default)]
    pub(crate) extra: Extra,
}

/// What no loader option can say.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Extra {
    pub(crate) tls: Tls,
    /// How often the request is sent.
    pub(crate) times: Option<u32>,
    pub(crate) include_catalog: Option<bool>,
    pub(crate) unscoped: bool,
    pub(crate) receipt: Option<String>,
    pub(crate) service: Option<Box<Login>>,
    pub(crate) service_provider: Option<String>,
    pub(crate) base: Option<Box<Login>>,
    pub(crate) access: Option<Access>,
    pub(crate) answers: Answers,
    pub(crate) spnego: Option<Spnego>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tls {
    pub(crate) ca: Option<String>,
    pub(crate) cert: Option<String>,
    pub(crate) key: Option<String>,
}

/// A token that somebody has already, with Keystone's answer about it.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Access {
    pub(crate) token: String,
    pub(crate) body: Value,
}

/// What the person at the keyboard says.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Answers {
    pub(crate) otp: Option<String>,
}

/// What the Kerberos library says.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Spnego {
    pub(crate) token: String,
}
