//! Giving a token up, here and at Keystone.

use http::{Request, Response, StatusCode};

use super::flights::LARGEST_ANSWER;
use super::{Keychain, KeyringId};
use crate::call::Ask;
use crate::error::{Cause, LoginError, RequestId};
use crate::headers::{X_AUTH_TOKEN, X_SUBJECT_TOKEN};
use crate::secret::SecretBytes;
use crate::time::Now;

impl Keychain {
    /// Logs an identity out: its token is dropped here, and the request that is returned revokes it
    /// at Keystone (which answers 204, or 404 if it was gone already). `None` if there is no token,
    /// or it was handed in: then it is its owner's to revoke. The next call logs in anew.
    pub fn log_out(&mut self, id: KeyringId, now: Now) -> Option<Ask> {
        let name = self.login_name(id);
        let keyring = self.keyrings.get_mut(&id)?;
        if keyring.lease().is_none() {
            // What would bring another token without a login is given up all the same.
            keyring.drop_lease();
            self.unsave(name, now.wall);
            return None;
        }
        let url = format!("{}/auth/tokens", keyring.lease()?.issuer.as_ref()?);
        let token = keyring.lease()?.header.clone()?;
        let lease = keyring.drop_lease()?;
        self.epoch += 1;
        let mut request = Request::delete(url).body(SecretBytes::default()).ok()?;
        request.headers_mut().insert(X_AUTH_TOKEN, token.clone());
        request.headers_mut().insert(X_SUBJECT_TOKEN, token);
        self.unsave(name, lease.asked_at().unwrap_or(now.wall));
        let until = now.tick.saturating_add(self.pace.ask_timeout);
        Some(Ask { request, tls: lease.tls, at_most: LARGEST_ANSWER, until })
    }

    /// Whether a request of [`Keychain::log_out`] did what it was sent for.
    ///
    /// # Errors
    /// [`LoginError`]: the token may still be good at Keystone.
    pub fn logged_out(answer: Result<&Response<Vec<u8>>, Cause>) -> Result<(), LoginError> {
        let answer = answer.map_err(LoginError::Unreachable)?;
        match answer.status() {
            StatusCode::NOT_FOUND | StatusCode::UNAUTHORIZED => Ok(()),
            status if status.is_success() => Ok(()),
            status if status.is_client_error() => Err(LoginError::Denied {
                status,
                message: "the token was not revoked".to_owned(),
                request_id: RequestId::of(answer.headers()),
            }),
            status => Err(LoginError::Busy { status }),
        }
    }
}
