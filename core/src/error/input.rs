//! Is this usable at all?

use thiserror::Error;

use super::Who;

/// Bad input, found before any request leaves.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum InputError {
    /// A token or secret that no header can carry.
    #[error("the token holds characters that no header can carry (a line break at its end, perhaps)")]
    TokenNotAHeader,
    /// A text that the named header cannot carry.
    #[error("the text for `{0}` holds characters that no header can carry")]
    NotAHeader(&'static str),
    /// Not a catalog.
    #[error("this is not a service catalog: expected a JSON list of services with `type` and `endpoints`")]
    Catalog,
    /// Not the address of an Identity API v3.
    #[error("the auth URL `{0}` is not an absolute http or https address of Identity API v3")]
    AuthUrl(String),
    /// Two scopes at once.
    #[error("a token has one scope, and the options say two: {0} and {1}; leave one of them out")]
    ScopeConflict(&'static str, &'static str),
    /// A project's name, which is unique in its domain only.
    #[error("the project `{0}` is named without its domain: add the project's domain, by id or by name")]
    ProjectWithoutDomain(String),
    /// A part of the system, of which Keystone knows none.
    #[error("the system scope `{0}` is none that Keystone knows: say `all`, or leave it out")]
    SystemScope(String),
    /// A scope that Identity API v2.0 does not have.
    #[error("Identity API v2.0 knows tenants and trusts and no domains: use v3, or another scope")]
    ScopeNeedsV3,
    /// A name alone, where there may be domains.
    #[error("a user or a project is named without a domain: add the domain, or a default one")]
    NameWithoutDomain,
    /// The method decides the scope by itself.
    #[error(
        "an application credential is bound to its project and cannot request a scope: leave the \
         scope out, or log in with a password"
    )]
    ScopeWithApplicationCredential,
    /// What proves the identity decides the scope by itself.
    #[error("{0} is bound to its project and cannot request a scope: leave the scope out")]
    ScopeIsFixed(&'static str),
    /// Two methods of the same name in one login.
    #[error("the method `{0}` is in one login twice: Keystone reads each of them once")]
    MethodTwice(String),
    /// Not the address of what is named.
    #[error("the {0} `{1}` is not an absolute http or https address without a name and a password in it")]
    NotAnAddress(&'static str, String),
    /// Not the shared secret of a TOTP device.
    #[error("the TOTP secret is not base32: give it as Keystone's credential of type `totp` holds it")]
    TotpSecret,
    /// A scope that no header can say.
    #[error(
        "a client certificate in place of a token is scoped to a project or a domain, with each call: name \
         one; system, trust and `unscoped` need a login"
    )]
    TokenlessScope,
    /// A name that travels in a header, where servers differ in how they read it.
    #[error("`{0}` is not ASCII, and would travel in a header: name it by its id")]
    NotAsciiInAHeader(String),
    /// A client certificate in place of a token, for something that is not Keystone.
    #[error(
        "a client certificate in place of a token is for Keystone's own API alone, not for {0}: log in for that"
    )]
    TokenlessElsewhere(String),
    /// A service identity beside a user's that cannot expire.
    #[error(
        "an identity that needs no login does not expire, so there is nothing to vouch for: leave the \
         service identity out"
    )]
    NothingToVouchFor,
    /// A service identity without a token.
    #[error(
        "an identity that needs no login cannot vouch, since services ask Keystone about the token: log in \
         as a service user"
    )]
    CannotVouch,
    /// A name that is to stand in an address, and cannot.
    #[error("the {0} `{1}` cannot stand in an address: letters, digits and `-._~` only")]
    NotAnId(&'static str, String),
    /// A text that no XML can hold.
    #[error("the {0} holds control characters that no XML message can carry")]
    NotInXml(&'static str),
    /// Not an address of an identity provider's.
    #[error("the {0} is not an absolute http or https address, without a user name in it and without a `#`")]
    ProviderUrl(&'static str),
    /// An address of an identity provider's that nobody knows.
    #[error("nobody says where the provider's {0} is: state it, or a `discovery_endpoint`")]
    NoProviderUrl(&'static str),
    /// Two sources for one header.
    #[error(
        "the request sets `{0}` itself, and the session would too: leave it to the session, or send without one"
    )]
    HeaderTaken(&'static str),
    /// Neither a path nor an address.
    #[error(
        "`{0}` is neither a path nor an address: a path begins with a slash, and spaces are percent-encoded"
    )]
    NotAPath(String),
    /// A path without a place to send it to.
    #[error("`{0}` is only a path: give the session an endpoint, or use an absolute address")]
    NoEndpoint(String),
    /// A limit that knows nothing of this client's exchanges.
    #[error(
        "the limit is another client's: make it with `Client::limit` of the client whose session this is"
    )]
    LimitOfAnotherClient,
    /// The identity was forgotten, or belongs to another keychain.
    #[error("{0} is not, or no longer, in this keychain: keep its handle alive for as long as its sessions")]
    NoSuchKeyring(Who),
}
