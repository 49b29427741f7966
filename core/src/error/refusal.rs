//! Why did the service answer 401?

use thiserror::Error;

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
