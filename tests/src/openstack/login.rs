//! What it takes to log in without a password: credentials, certificates, identity providers.

use std::path::PathBuf;

use serde::Deserialize;

/// Application credentials of alice, for the project `demo`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ApplicationCredentials {
    /// One with all roles she has there.
    pub plain: ApplicationCredential,
    /// One that is `reader`, and may do nothing but `GET /volumev3/allowed/**` of the type `volumev3`.
    pub ruled: ApplicationCredential,
}

/// An application credential.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct ApplicationCredential {
    /// Its id.
    pub id: String,
    /// Its name, which is unique for its user.
    pub name: String,
    /// Its secret.
    pub secret: String,
}

/// A consumer of OAuth 1.0a, and the access token by which it is alice, a `member` of the project `demo`.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct OAuth1 {
    /// The consumer.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: String,
    /// The access token.
    pub access_key: String,
    /// Its secret.
    pub access_secret: String,
}

/// The same Keystone through TLS. A client may show a certificate there, and need not.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Tls {
    /// Keystone's v3 API.
    pub auth_url: String,
    /// The certificate of the authority to trust, in PEM.
    pub authority: PathBuf,
    /// Of the user `mtls`, who is an OAuth2 client by it.
    pub mtls: KeyPair,
    /// Of the user `nova`, who needs no token with it.
    pub tokenless: KeyPair,
}

/// A client's certificate with its key.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct KeyPair {
    /// The certificate, in PEM.
    pub certificate: PathBuf,
    /// The private key, in PEM (PKCS 8).
    pub key: PathBuf,
}

/// Identities that come from elsewhere.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Federation {
    /// The identity provider's id. Its protocols are `openid`, `mapped` (OpenID Connect too) and `saml2`.
    pub identity_provider: String,
    /// Whom it knows.
    pub people: People,
    /// How it speaks OpenID Connect.
    pub oidc: Oidc,
    /// How it speaks SAML2.
    pub saml: Saml,
    /// Keystone as an identity provider for itself.
    pub k2k: K2k,
}

/// Whom the identity provider knows.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct People {
    /// In the group that is `member` and `reader` of the project `demo`.
    pub fred: Person,
    /// Not in that group: Keystone refuses the login.
    pub stranger: Person,
}

/// Somebody the identity provider knows.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Person {
    /// The name, there and at Keystone.
    pub name: String,
    /// The password, at the provider only.
    pub password: String,
}

/// An OpenID Connect provider. Its access tokens live as long as the tokens of Keystone.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Oidc {
    /// Its discovery document.
    pub discovery_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// The authorisation endpoint. A `GET` with the person's name and password (`Basic`) stands for the browser.
    pub authorization_url: String,
    /// The device authorisation endpoint.
    pub device_url: String,
    /// Where a person answers a device, with name and password (`Basic`): a form of `user_code` and `answer`,
    /// which is `allow` or `deny`.
    pub device_answer_url: String,
    /// A client with a secret; on its own behalf it is in the same group as fred.
    pub client: OidcClient,
    /// A client without one, which gets no refresh tokens.
    pub public_client: OidcClient,
}

/// A client of the OpenID Connect provider.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct OidcClient {
    /// Its id.
    pub id: String,
    /// Its secret, if it has one.
    pub secret: Option<String>,
}

/// A SAML2 identity provider for enhanced clients (ECP).
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct Saml {
    /// Where a client takes the request of a service provider, with the person's name and password (`Basic`).
    pub ecp_url: String,
}

/// Keystone to Keystone: this one vouches for its users to itself. Members of `demo` are let in.
#[derive(Clone, Debug, Deserialize)]
#[non_exhaustive]
pub struct K2k {
    /// The id of the service provider.
    pub service_provider: String,
    /// The id that Keystone has there as an identity provider, by the protocol `saml2`.
    pub identity_provider: String,
    /// Why Keystone cannot sign here: the program for it is missing.
    pub missing: Option<String>,
}
