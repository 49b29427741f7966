//! Logins that another identity provider vouches for: they end at Keystone's `OS-FEDERATION`, with
//! an unscoped token that is then exchanged for one of the wanted scope.

mod rescope;
mod websso;

pub(crate) use rescope::{Rescope, check_id};
pub use websso::WebSso;
