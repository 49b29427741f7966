//! On whose behalf: trusts, application credentials, and what OAuth adds.

use serde::{Deserialize, Serialize};

use super::{is_default, told};

/// A delegation that a token was made with.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Trust {
    /// The id of the trust.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// Whether the token acts under the trustor's name.
    #[serde(deserialize_with = "told")]
    pub impersonation: bool,
    /// Who delegated.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub trustor_user: UserId,
    /// To whom.
    #[serde(deserialize_with = "told", skip_serializing_if = "is_default")]
    pub trustee_user: UserId,
    /// The trust that this one was passed on from. Keystone tells it of a trust, hardly of a token.
    #[serde(skip_serializing_if = "is_default")]
    pub redelegated_trust_id: Option<String>,
    /// How often it may still be passed on; told as seldom.
    #[serde(skip_serializing_if = "is_default")]
    pub redelegation_count: Option<u32>,
}

/// A user of whom only the id is told.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct UserId {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
}

/// The application credential behind a token.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct ApplicationCredential {
    /// The id.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The name; unique for its user.
    #[serde(deserialize_with = "told")]
    pub name: String,
    /// Whether it is kept from making further credentials and trusts.
    #[serde(deserialize_with = "told")]
    pub restricted: bool,
    /// The requests that it is good for. `None`: all that its roles allow.
    #[serde(skip_serializing_if = "is_default")]
    pub access_rules: Option<Vec<AccessRule>>,
}

/// Requests that an application credential is good for.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct AccessRule {
    /// The id of the rule.
    #[serde(deserialize_with = "told")]
    pub id: String,
    /// The type of the service.
    #[serde(deserialize_with = "told")]
    pub service: String,
    /// The path, in which `*` and `**` stand for anything and `{name}` for one part.
    #[serde(deserialize_with = "told")]
    pub path: String,
    /// The method.
    #[serde(deserialize_with = "told")]
    pub method: String,
}

/// The OAuth 1 access behind a token.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Oauth1 {
    /// The id of the access token, by which a user let a consumer in. It is no secret by itself.
    #[serde(deserialize_with = "told")]
    pub access_token_id: String,
    /// The consumer.
    #[serde(deserialize_with = "told")]
    pub consumer_id: String,
}

/// The certificate that an OAuth 2 token is bound to (RFC 8705).
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default)]
pub struct Oauth2Credential {
    /// The SHA-256 of the client's certificate, in base64 for URLs. Keystone takes it of the text in PEM,
    /// not of the certificate's bytes as RFC 8705 does.
    #[serde(rename = "x5t#S256", deserialize_with = "told")]
    pub thumbprint: String,
}
