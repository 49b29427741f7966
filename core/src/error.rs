//! What can go wrong, one enum for each question that can fail.
//!
//! [`InputError`]: is this usable at all? [`LoginError`]: can this identity get a token?
//! [`Failure`]: may this call go ahead? [`Refusal`]: why did the service answer 401?
//! (Where a service is, is [`crate::EndpointError`].) Each message names what happened, to whom,
//! and the remedy; none holds a secret.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode};
use thiserror::Error;

use crate::EndpointError;
use crate::headers::request_id;
pub use crate::identity::ProviderProblem;
use crate::identity::{FederationError, Receipt, Remedy, may_pass};
use crate::token::Unreadable;

/// Which of a session's identities is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Who {
    /// The user on whose behalf a call is made.
    User,
    /// The service that makes it, which vouches for the user with `X-Service-Token`.
    Service,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::User => "the user's identity",
            Self::Service => "the service identity",
        })
    }
}

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

/// Why an exchange was not answered, as a transport tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind of trouble.
    pub kind: Trouble,
    /// The transport's own words, without secrets.
    pub text: String,
}

/// The kinds of trouble that matter to a decision or to a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The host name has no address.
    Resolve,
    /// Nobody answers at the address.
    Connect,
    /// No secure connection: a certificate, a protocol version. Trying again does not help soon.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection broke.
    Broken,
    /// The answer is larger than was allowed, or is not HTTP.
    Unreadable,
    /// The transport could not even try: its own settings, a bad request.
    Unusable,
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Trouble::Resolve => "unknown host",
            Trouble::Connect => "cannot connect",
            Trouble::Tls => "no secure connection",
            Trouble::Timeout => "timed out",
            Trouble::Broken => "the connection broke",
            Trouble::Unreadable => "the answer cannot be read",
            Trouble::Unusable => "the request cannot be sent",
        };
        write!(f, "{kind}: {}", self.text)
    }
}

impl std::error::Error for Cause {}

/// Why an identity has no token.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum LoginError {
    /// Keystone refused the credentials. They are not tried again: that locks accounts.
    #[error(
        "Keystone refused the credentials ({message}): they are not tried again until others are \
         supplied{request_id}"
    )]
    Refused {
        /// Keystone's words.
        message: String,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// What was given is right, and the user's rules demand more.
    #[error(
        "Keystone accepts {:?} and demands more, by one of the rules {:?}: log in with the missing methods and \
         the receipt, which is good for some minutes{request_id}",
        receipt.methods, receipt.required
    )]
    MoreNeeded {
        /// What to go on with.
        receipt: Box<Receipt>,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// Somebody's help was needed, and nobody gave it.
    #[error(
        "the login needs an answer that it did not get ({0}): answer the question, or use a method that needs nobody's help"
    )]
    Unanswered(String),
    /// The answer to something that is good for one time got lost.
    #[error("the answer to a one-time code got lost, and the code cannot be used again: supply a new one")]
    OnceLost,
    /// Keystone knows the identity and will not give it this token.
    #[error(
        "Keystone answered {status} to the login ({message}): check the scope, the roles and the auth URL{request_id}"
    )]
    Denied {
        /// What it answered.
        status: StatusCode,
        /// Keystone's words.
        message: String,
        /// For Keystone's log.
        request_id: RequestId,
    },
    /// Keystone is there and cannot answer now.
    #[error("Keystone answered {status}: it is overloaded or being restarted")]
    Busy {
        /// What it answered.
        status: StatusCode,
    },
    /// Keystone cannot be reached.
    #[error("Keystone cannot be reached")]
    Unreachable(#[source] Cause),
    /// Somebody else who takes part in the login cannot be reached.
    #[error("`{host}`, which takes part in the login, cannot be reached")]
    PartyUnreachable {
        /// Its host and port.
        host: String,
        /// Why.
        #[source]
        cause: Cause,
    },
    /// Somebody else who takes part in the login failed.
    #[error(transparent)]
    Federation(#[from] FederationError),
    /// An identity provider, which is to vouch for the user at Keystone, did not.
    #[error("the identity provider `{provider}` {problem}")]
    Provider {
        /// Which: as Keystone knows it, or its host.
        provider: String,
        /// Why.
        problem: ProviderProblem,
    },
    /// Something answered that is not Keystone, or not Identity API v3.
    #[error(
        "the answer to the login is not Keystone's ({0}): check the auth URL, and what stands in front of it"
    )]
    Garbled(&'static str),
    /// Keystone's answer describes no token.
    #[error("the answer to the login cannot be read: check the auth URL, and what stands in front of it")]
    Unreadable(#[from] Unreadable),
    /// No version of the Identity API is there that this login can use.
    #[error(
        "the auth URL leads to no version of the Identity API that this login can use: check the auth URL (`/v3` at its end spares the search), and whether the login names domains, which v2.0 has not"
    )]
    NoVersion,
    /// The token ends as it begins.
    #[error("Keystone issues tokens that live less than two seconds: raise `[token] expiration`")]
    DeadOnArrival,
    /// A token was handed in or exchanged, and it cannot be renewed.
    #[error(
        "the token cannot be renewed (an exchanged token keeps the end of the one it came from): supply a new one"
    )]
    NotRenewable,
    /// A credential that may be used a number of times has been.
    #[error(
        "the credential's uses are spent (a one-time code is good for one login): supply another, or use one that \
         needs nobody's help"
    )]
    Spent,
    /// Whoever was to supply the credential did not.
    #[error("no credential was supplied: {0}")]
    NotTold(String),
}

/// A request id in brackets, or nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestId(pub Option<String>);

impl RequestId {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        Self(request_id(headers).map(|id| id.chars().take(64).collect()))
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |id| write!(f, " [{id}]"))
    }
}

impl LoginError {
    /// The same, with other words of somebody's.
    pub(crate) fn reworded(self, reword: &dyn Fn(String) -> String) -> Self {
        match self {
            Self::Refused { message, request_id } => Self::Refused { message: reword(message), request_id },
            Self::Denied { status, message, request_id } => {
                Self::Denied { status, message: reword(message), request_id }
            }
            Self::Unanswered(words) => Self::Unanswered(reword(words)),
            Self::Federation(error) => Self::Federation(error.reworded(reword)),
            Self::Provider { provider, problem } => {
                Self::Provider { provider, problem: problem.reworded(reword) }
            }
            other => other,
        }
    }

    /// Whether the credentials are wrong: they are never sent again.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::Refused { .. }
                | Self::Federation(FederationError::Refused { .. })
                | Self::Provider { problem: ProviderProblem::Refused { .. }, .. }
        )
    }

    /// What somebody answered who is overloaded, or gave up on another.
    pub(crate) fn busy(&self) -> Option<StatusCode> {
        match self {
            Self::Busy { status }
            | Self::Federation(FederationError::Busy { status, .. })
            | Self::Provider { problem: ProviderProblem::Busy { status }, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether it may go away by itself, so that waiting is better than failing.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotTold(_) => true,
            Self::Unreachable(cause) | Self::PartyUnreachable { cause, .. } => may_pass(cause),
            _ => self.busy().is_some(),
        }
    }
}

/// Why a call ended without an answer. Unless it says otherwise, nothing was sent to the service.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum Failure {
    /// Bad input.
    #[error(transparent)]
    Input(#[from] InputError),
    /// No endpoint.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// One of the identities has no token.
    #[error("{who} has no token")]
    Login {
        /// Whose token it is.
        who: Who,
        /// Why.
        #[source]
        source: LoginError,
    },
    /// The deadline came first.
    #[error(
        "the call's deadline passed while waiting for {waiting_for}: allow more time, or look at what held it up"
    )]
    Late {
        /// What the call was waiting for.
        waiting_for: Wait,
        /// What had gone wrong until then, if anything had.
        #[source]
        last: Option<LoginError>,
    },
    /// The user's token is expired and nobody vouches for it.
    #[error(
        "the user's token expired {} s ago and no live service token goes with it: vouch with a service \
         identity that has the role, start from a trust or an application credential, or hand in a new token",
        ago.as_secs()
    )]
    UserExpired {
        /// How long ago, at least.
        ago: Duration,
    },
    /// The user's token is past the allow-expired window.
    #[error(
        "the user's token expired {} s ago and the allow-expired window has ended: hand in a new token; \
         work that takes longer than the window needs a trust or an application credential",
        ago.as_secs()
    )]
    WindowOver {
        /// How long ago it expired, at least.
        ago: Duration,
    },
    /// Keystone's own API takes no expired token, whoever vouches.
    #[error(
        "the user's token has expired, and Keystone's own API accepts no expired token, service token or not: hand in a new token"
    )]
    ExpiredForKeystone,
    /// The service identity cannot vouch.
    #[error(
        "the service identity has none of the roles {wanted:?} (it has {has:?}): services would refuse \
         its token, so assign the role on the service project"
    )]
    ServiceRoleMissing {
        /// What receivers ask for (`service_token_roles`).
        wanted: Vec<String>,
        /// What the token has.
        has: Vec<String>,
    },
    /// A token with a longer life was demanded than there is.
    #[error(
        "the call asks for a token with at least {} s left, and there are {} s: raise `[token] \
         expiration`, or ask for less",
        wanted.as_secs(), left.as_secs()
    )]
    TooShort {
        /// What was asked for.
        wanted: Duration,
        /// What there is at best.
        left: Duration,
    },
    /// The token has ended, and there is no other without somebody's help.
    #[error(
        "the token of {who} has ended, and the next was not to be had without help: answer when asked, or {remedy}"
    )]
    Ended {
        /// Whose token it was.
        who: Who,
        /// What became of the login.
        #[source]
        source: LoginError,
        /// What would have made it renew by itself.
        remedy: Remedy,
    },
    /// The operation outlasts what the token can be used for.
    #[error(
        "the operation is to last another {} s, and the token of {who} {} s: {remedy}",
        wanted.as_secs(), left.as_secs()
    )]
    WontLast {
        /// Whose token ends first.
        who: Who,
        /// How much longer it can be used, at least; beside a service token, if one vouches for it.
        left: Duration,
        /// How much longer the operation is to last.
        wanted: Duration,
        /// What would let it last.
        remedy: Remedy,
    },
    /// The token was refused after the body had been used up.
    #[error(
        "the service refused the token after part of the body was read, and this body cannot be read \
         again: what can be renewed will be, so open the body anew and send it once more"
    )]
    Consumed,
    /// The service could not be reached; nothing happened there.
    #[error("the service cannot be reached")]
    Unreachable(#[source] Cause),
    /// The exchange broke off. The request **may** have been carried out.
    #[error(
        "the exchange broke off after the request began to leave; it may have been carried out: look before sending it again"
    )]
    Interrupted(#[source] Cause),
}

/// What a call can wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// A token of one of its identities.
    Token(Who),
    /// What the service says of its versions.
    Versions,
    /// The answer of the service.
    Answer,
    /// Its turn, where a limit lets only so many through.
    Turn,
    /// The end of a pause, after the service had been busy or unreachable.
    Retry,
}

impl fmt::Display for Wait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(who) => write!(f, "a token of {who}"),
            Self::Versions => f.write_str("the service's version document"),
            Self::Answer => f.write_str("the service's answer"),
            Self::Turn => f.write_str("its turn under the session's own limit"),
            Self::Retry => f.write_str("the service to be ready again"),
        }
    }
}

/// Why a service refused a call with 401 and nothing more could be done. It comes with the answer.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// No token went with the call.
    #[error("the service wants a token, and this call sends none: use a session with an identity")]
    NoToken,
    /// The caller wanted no second try.
    #[error("the service refused the token, and the call forbids renewal")]
    RenewalForbidden,
    /// A token that was handed in, with nobody to vouch for it.
    #[error(
        "the service refused the user's token, which was handed in and cannot be renewed: it is expired \
         or revoked; hand in a new one, or vouch with a service identity"
    )]
    Borrowed,
    /// An identity that is not renewed because it has no end.
    #[error(
        "the service refused an identity that needs no login: check the name and password, the admin token or the certificate"
    )]
    Fixed,
    /// A token that was handed in, beside a service token that is beyond doubt.
    #[error(
        "the service refused the user's token beside a service token that is fresh: the user's is revoked, \
         past the allow-expired window, or its user lost the project; hand in a new one"
    )]
    BorrowedBesideService,
    /// Tokens that Keystone issued for this very call.
    #[error(
        "the service refused tokens that Keystone issued moments ago: does it ask the same Keystone, can \
         it reach it, and does it accept the role of the service identity?"
    )]
    EvenRenewed,
}
