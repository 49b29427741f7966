//! What would let an identity renew its tokens by itself.

use std::fmt;

/// What would let an identity that cannot renew its tokens unattended do so. Its text ends a
/// sentence: "…: log in with an application credential".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Remedy {
    /// Another method that needs nobody.
    ApplicationCredential,
    /// The secret behind one-time passcodes, in place of the passcodes.
    ComputedPasscode,
    /// Something that the provider gives for renewing tokens.
    RefreshToken,
    /// A credential that can be used as often as needed.
    MoreUses,
    /// All that a login needs, in place of what it began with.
    AllFactors,
    /// Somebody who vouches, or an identity of one's own in place of a token that was handed in.
    Voucher,
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ApplicationCredential => "log in with an application credential, which renews by itself",
            Self::ComputedPasscode => {
                "give the shared secret of the passcodes (`Totp::computed`), or log in with an application credential"
            }
            Self::RefreshToken => {
                "have the provider give a refresh token (scope `offline_access`), or log in with an application credential"
            }
            Self::MoreUses => {
                "have a trust without a limit of its uses, or log in with an application credential"
            }
            Self::AllFactors => "give the login all that it needs (`MultiFactor`), in place of a receipt",
            Self::Voucher => {
                "vouch with a service identity that renews by itself, or start from a trust or an application credential"
            }
        })
    }
}
