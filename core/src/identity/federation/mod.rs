//! Logins that another identity provider vouches for: they end at Keystone's `OS-FEDERATION`, with
//! an unscoped token that is then exchanged for one of the wanted scope.

pub(crate) mod oidc;
mod problem;
mod rescope;

pub use problem::ProviderProblem;
pub(crate) use problem::may_pass;
pub(crate) use rescope::{Rescope, check_id};
