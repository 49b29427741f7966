//! All that a file, the environment or a command line says about one identity and one service.

use super::values::Effective;
use super::{
    AdapterSettings, AuthSettings, ConfigError, IdentitySettings, SessionSettings, Warning, adapter, session,
};

/// All that a file, the environment or a command line says about one identity and one service.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Settings {
    /// Who logs in; `None` if no login method was named.
    pub auth: Option<AuthSettings>,
    /// How connections are made.
    pub session: SessionSettings,
    /// Which service is called.
    pub adapter: AdapterSettings,
    /// What is probably not as it was meant.
    pub warnings: Vec<Warning>,
}

impl Settings {
    /// The identity.
    ///
    /// # Errors
    /// [`ConfigError::NoMethod`] if none was named; as for [`AuthSettings::credential`].
    pub fn identity(&self) -> Result<IdentitySettings, ConfigError> {
        self.auth.as_ref().ok_or(ConfigError::NoMethod)?.credential()
    }

    /// What holds, with secrets hidden and where each value was said.
    #[must_use]
    pub fn effective(&self) -> Vec<Effective> {
        let mut lines = self.auth.as_ref().map(AuthSettings::effective).unwrap_or_default();
        lines.extend(self.session.options().effective(session::OPTIONS));
        lines.extend(self.adapter.options().effective(adapter::OPTIONS));
        lines
    }
}
