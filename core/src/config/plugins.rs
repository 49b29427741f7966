//! Every login method that keystoneauth1 5.18.1 can load, with every option, and ours.

use super::options::{Kind, Opt};

/// A login method, as `auth_type` names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plugin {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub help: &'static str,
    options: &'static [&'static [Opt]],
}

impl Plugin {
    /// Its options. Those of `v3multifactor` are these and the ones of the methods that it is told.
    pub fn options(&self) -> impl Iterator<Item = &'static Opt> + use<> {
        self.options.iter().copied().flatten()
    }
}

/// All login methods, in alphabetical order.
#[must_use]
pub fn plugins() -> &'static [Plugin] {
    PLUGINS
}

/// The login method of this name. openstacksdk's other names count: nothing and `None` are `none`, and
/// `token_endpoint` is `admin_token`.
#[must_use]
pub fn plugin(name: &str) -> Option<&'static Plugin> {
    let name = match name {
        "" | "None" => "none",
        "token_endpoint" => "admin_token",
        name => name,
    };
    PLUGINS.iter().find(|plugin| plugin.name == name)
}

const fn method(name: &'static str, help: &'static str, options: &'static [&'static [Opt]]) -> Plugin {
    Plugin { name, help, options }
}

const PLUGINS: &[Plugin] = &[
    method(
        "admin_token",
        "A token that is always good, at a stated address",
        &[&[ENDPOINT.also(&["url"]), TOKEN]],
    ),
    method(
        "http_basic",
        "A name and a password with each request (HTTP Basic)",
        &[&[USERNAME, PASSWORD, ENDPOINT]],
    ),
    method("none", "No login at all, for a service that runs without Keystone", &[&[ENDPOINT]]),
    method("password", "A password, at whatever version Keystone has", &[GENERIC, USER, &[PASSWORD], EXTRAS]),
    method(
        "token",
        "A token in exchange for another, at whatever version Keystone has",
        &[GENERIC, &[TOKEN], EXTRAS],
    ),
    method("v2password", "A password, at Identity API v2.0", &[TENANT, &[USERNAME, USER_ID, PASSWORD]]),
    method("v2token", "A token in exchange for another, at Identity API v2.0", &[TENANT, &[TOKEN]]),
    method(
        "v3adfspassword",
        "A password at Active Directory Federation Services",
        &[FEDERATED, SAML, ADFS, EXTRAS],
    ),
    method(
        "v3applicationcredential",
        "An application credential",
        &[V3, USER, APPLICATION_CREDENTIAL, EXTRAS],
    ),
    method("v3fedkerb", "Kerberos, at an identity provider", &[FEDERATED, KERBEROS, EXTRAS]),
    method("v3kerberos", "Kerberos", &[V3, KERBEROS, EXTRAS]),
    method("v3multifactor", "Several methods in one login", &[V3, MULTI_FACTOR, EXTRAS]),
    method("v3oauth1", "An OAuth 1.0a access token of Keystone", &[&[AUTH_URL], OAUTH1]),
    method("v3oauth2clientcredential", "OAuth 2.0 client credentials, at Keystone", &[V3, OAUTH2, EXTRAS]),
    method(
        "v3oauth2mtlsclientcredential",
        "OAuth 2.0 client credentials proved by a client certificate, at Keystone",
        &[V3, OAUTH2_MTLS, EXTRAS],
    ),
    method("v3oidcaccesstoken", "An OpenID Connect access token", &[FEDERATED, OIDC_ACCESS_TOKEN, EXTRAS]),
    method("v3oidcauthcode", "OpenID Connect, authorization code", &[FEDERATED, OIDC, OIDC_CODE, EXTRAS]),
    method("v3oidcclientcredentials", "OpenID Connect, client credentials", &[FEDERATED, OIDC, EXTRAS]),
    method(
        "v3oidcdeviceauthz",
        "OpenID Connect, by a code on another device",
        &[FEDERATED, OIDC, OIDC_DEVICE, EXTRAS],
    ),
    method(
        "v3oidcpassword",
        "OpenID Connect, the user's password",
        &[FEDERATED, OIDC, OIDC_PASSWORD, EXTRAS],
    ),
    method("v3password", "A password", &[V3, USER, &[PASSWORD], EXTRAS]),
    method("v3samlpassword", "A password at a SAML2 identity provider (ECP)", &[FEDERATED, SAML, EXTRAS]),
    method("v3token", "A token in exchange for another", &[V3, &[TOKEN], EXTRAS]),
    method("v3tokenlessauth", "A client certificate in place of a token, for Keystone itself", TOKENLESS),
    method("v3totp", "A one-time passcode", &[V3, USER, TOTP, EXTRAS]),
    method("v3websso", "Keystone's login page, in a browser", &[FEDERATED, WEBSSO, EXTRAS]),
];

const AUTH_URL: Opt = Opt::new("auth-url", "Keystone's address").required();
const ENDPOINT: Opt = Opt::new("endpoint", "The address that is always used");
const TOKEN: Opt = Opt::new("token", "The token").secret();
const PASSWORD: Opt = Opt::new("password", "The user's password").secret().prompt("Password: ");
const USERNAME: Opt = Opt::new("username", "The user, by name").also(&["user-name"]);
const USER_ID: Opt = Opt::new("user-id", "The user, by id");
const PROJECT_ID: Opt = Opt::new("project-id", "The project that the token is for, by id");
const PROJECT_NAME: Opt = Opt::new("project-name", "The project that the token is for, by name");
const TRUST_ID: Opt = Opt::new("trust-id", "The trust that is used, by id");
const SYSTEM_SCOPE: Opt = Opt::new("system-scope", "`all`, if the token is for the whole deployment");

const DOMAINS: [Opt; 2] = [
    Opt::new("domain-id", "The domain that the token is for, by id"),
    Opt::new("domain-name", "The domain that the token is for, by name"),
];
const PROJECT_DOMAINS: [Opt; 2] = [
    Opt::new("project-domain-id", "The domain that the project is in, by id"),
    Opt::new("project-domain-name", "The domain that the project is in, by name"),
];

const V3: &[Opt] = &[
    AUTH_URL,
    SYSTEM_SCOPE,
    DOMAINS[0],
    DOMAINS[1],
    PROJECT_ID,
    PROJECT_NAME,
    PROJECT_DOMAINS[0],
    PROJECT_DOMAINS[1],
    TRUST_ID,
];
const GENERIC: &[Opt] = &[
    AUTH_URL,
    SYSTEM_SCOPE,
    DOMAINS[0],
    DOMAINS[1],
    PROJECT_ID.also(&["tenant-id"]),
    PROJECT_NAME.also(&["tenant-name"]),
    PROJECT_DOMAINS[0],
    PROJECT_DOMAINS[1],
    TRUST_ID,
    Opt::new(
        "default-domain-id",
        "The domain of users and projects that name none, by id; v2.0 has no use for it",
    ),
    Opt::new(
        "default-domain-name",
        "The domain of users and projects that name none, by name; v2.0 has no use for it",
    ),
];
const TENANT: &[Opt] = &[
    AUTH_URL,
    Opt::new("tenant-id", "The tenant that the token is for, by id"),
    Opt::new("tenant-name", "The tenant that the token is for, by name"),
    TRUST_ID,
];
const TOKENLESS: &[&[Opt]] =
    &[&[AUTH_URL, DOMAINS[0], DOMAINS[1], PROJECT_ID, PROJECT_NAME, PROJECT_DOMAINS[0], PROJECT_DOMAINS[1]]];
const USER: &[Opt] = &[
    USER_ID,
    USERNAME,
    Opt::new("user-domain-id", "The domain that the user is in, by id"),
    Opt::new("user-domain-name", "The domain that the user is in, by name"),
];
const FEDERATED: &[Opt] = &[
    AUTH_URL,
    SYSTEM_SCOPE,
    DOMAINS[0],
    DOMAINS[1],
    PROJECT_ID,
    PROJECT_NAME,
    PROJECT_DOMAINS[0],
    PROJECT_DOMAINS[1],
    TRUST_ID,
    Opt::new("identity-provider", "The identity provider, as Keystone names it").required(),
    Opt::new("protocol", "The federation protocol, as Keystone names it").required(),
];
const OIDC: &[Opt] = &[
    Opt::new("client-id", "The client, as the provider knows it"),
    Opt::new("client-secret", "The client's secret").secret(),
    Opt::new("openid-scope", "What the provider is asked for; `openid` has to be in it")
        .also(&["scope"])
        .default("openid profile"),
    Opt::new("access-token-endpoint", "Where the provider gives tokens; goes before what is discovered"),
    Opt::new(
        "discovery-endpoint",
        "Where the provider describes itself (`…/.well-known/openid-configuration`)",
    ),
    Opt::new(
        "access-token-type",
        "Which of the provider's tokens Keystone gets: `access_token` or `id_token`",
    ),
];
const OIDC_PASSWORD: &[Opt] = &[
    Opt::new("username", "The user, as the provider knows them").required(),
    Opt::new("password", "The user's password at the provider").secret().required(),
    Opt::new("idp_otp_key", "The form field in which the provider takes a one-time passcode, such as `totp`"),
];
const OIDC_CODE: &[Opt] = &[
    Opt::new("redirect-uri", "Where the provider sends the browser back to"),
    Opt::new("code", "The authorization code").also(&["authorization-code"]).secret().required(),
];
const OIDC_ACCESS_TOKEN: &[Opt] =
    &[Opt::new("access-token", "The provider's access token").secret().required()];
const OIDC_DEVICE: &[Opt] = &[
    Opt::new(
        "device-authorization-endpoint",
        "Where the provider gives device codes; goes before what is discovered",
    ),
    Opt::new("code-challenge-method", "How PKCE is done: `plain` or `S256`; without it, not at all"),
];
const SAML: &[Opt] = &[
    Opt::new("identity-provider-url", "Where the identity provider takes the login").required(),
    Opt::new("username", "The user, as the identity provider knows them").required(),
    Opt::new("password", "The user's password at the identity provider").secret().required(),
];
const ADFS: &[Opt] = &[
    Opt::new("service-provider-endpoint", "Where Keystone's web server takes the assertion").required(),
    Opt::new("service-provider-entity-id", "The name under which ADFS knows Keystone").required(),
];
const APPLICATION_CREDENTIAL: &[Opt] = &[
    Opt::new("application_credential_secret", "The application credential's secret").secret().required(),
    Opt::new("application_credential_id", "The application credential, by id"),
    Opt::new("application_credential_name", "The application credential, by name, which needs its user"),
];
const KERBEROS: &[Opt] =
    &[Opt::new("mutual-auth", "Whether Keystone proves itself, too: `required`, `optional` or `disabled`")
        .default("optional")];
const MULTI_FACTOR: &[Opt] = &[
    Opt::new("auth_methods", "The methods, with commas between them, such as `v3password,v3totp`")
        .kind(Kind::List)
        .required(),
    Opt::new("receipt", "The receipt of a login that lacked a method, to go on from").secret().ours(),
];
const OAUTH1: &[Opt] = &[
    Opt::new("consumer-key", "The consumer").required(),
    Opt::new("consumer-secret", "The consumer's secret").secret().required(),
    Opt::new("access-key", "The access token").required(),
    Opt::new("access-secret", "The access token's secret").secret().required(),
];
const OAUTH2: &[Opt] = &[
    Opt::new("oauth2_endpoint", "Where Keystone gives OAuth 2.0 tokens").required(),
    Opt::new("oauth2_client_id", "The client: the id of an application credential").required(),
    Opt::new("oauth2_client_secret", "The application credential's secret").secret().required(),
];
const OAUTH2_MTLS: &[Opt] = &[
    Opt::new("oauth2-endpoint", "Where Keystone gives OAuth 2.0 tokens to who has a client certificate")
        .required(),
    Opt::new("oauth2-client-id", "The client: the id of a user").required(),
];
const TOTP: &[Opt] = &[
    Opt::new("passcode", "The one-time passcode").secret().prompt("One-time passcode: "),
    Opt::new("totp-secret", "The secret from which passcodes are computed, in base32, in place of one")
        .secret()
        .ours(),
];
const WEBSSO: &[Opt] = &[
    Opt::new("redirect-host", "Where the browser is sent back to").default("localhost"),
    Opt::new("redirect-port", "The port that the browser is sent back to").kind(Kind::Whole).default("9990"),
    Opt::new("login-timeout", "How long the person at the browser has").kind(Kind::Seconds).default("60"),
    Opt::new("username", "The user whose saved login may be used"),
];
/// What keystoneauth1's classes can do, and its loaders cannot.
const EXTRAS: &[Opt] = &[
    Opt::new("unscoped", "Whether the token is to have no scope, not even the user's default project")
        .kind(Kind::Flag)
        .ours(),
    Opt::new("include-catalog", "Whether the token is to come with the service catalog; it does")
        .kind(Kind::Flag)
        .ours(),
];
