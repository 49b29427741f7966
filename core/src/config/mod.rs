//! What operators have written already: oslo.config files. Text in, settings out; reading files is an
//! adapter's.
//!
//! - [`Ini`] are oslo.config files; [`Ini::group`] reads one group as keystoneauth1's loaders do.
//!
//! Each value knows where it was said ([`Origin`]). What was misspelt is told with the name that was
//! probably meant ([`Warning`], [`ConfigError`]), and no message shows a secret.

mod adapter;
mod auth;
mod credential;
mod error;
mod federated;
mod group;
mod ini;
mod ini_lines;
mod nearest;
mod options;
mod origin;
mod plugins;
mod session;
mod settings;
mod substitute;
mod values;

pub use adapter::{AdapterSettings, adapter_options};
pub use auth::{AuthSettings, IdentitySettings};
pub use error::{ConfigError, Warning};
pub use group::Group;
pub use ini::Ini;
pub use options::{Kind, Opt};
pub use origin::{Given, Origin};
pub use plugins::{Plugin, plugin, plugins};
pub use session::{SessionSettings, session_options};
pub use settings::Settings;
pub use values::{Effective, Options};
