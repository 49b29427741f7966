//! The handle, as far as it is about other ways to log in than passwords.

use super::{
    credentials::{Credentials, Unknown},
    handle::{Cloud, unknown},
    keystone::{OAuth1Keys, passcode},
};

/// Other ways to log in.
impl Cloud {
    /// The passcode that a user's device shows now.
    ///
    /// # Errors
    /// When there is no such user, or it has no device.
    pub fn passcode(&self, user: &str) -> Result<String, Unknown> {
        let keystone = self.shared.keystone();
        let found = keystone.directory.user_named(user).ok_or_else(|| unknown("user", user))?;
        let step = self.now().timestamp().div_euclid(30);
        let shown = found.totp_secret.as_deref().and_then(|secret| passcode(secret, step));
        shown.ok_or_else(|| unknown("device of user", user))
    }

    /// Makes a consumer of OAuth 1.0, and an access token by which it acts for a user on the user's
    /// default project.
    ///
    /// # Errors
    /// When there is no such user, or it has no default project.
    pub fn oauth1_keys(&self, user: &str) -> Result<OAuth1Keys, Unknown> {
        let Credentials { user_id, project_id, .. } = self.credentials(user)?;
        let project_id = project_id.ok_or_else(|| unknown("default project of user", user))?;
        Ok(self.shared.keystone().delegate_by_oauth1(&user_id, &project_id))
    }

    /// From now on, every request to Keystone shows the client certificate of this user, or none.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn show_certificate_of(&self, user: Option<&str>) -> Result<(), Unknown> {
        let user_id = user.map(|user| self.credentials(user)).transpose()?.map(|it| it.user_id);
        self.shared.keystone().certificate = user_id;
        Ok(())
    }
}
