//! What differs from grant to grant.

use std::fmt;

use http::{Response, Uri};

use super::answer::No;
use super::discovery::Desk;
use crate::Secret;
use crate::error::{LoginError, ProviderProblem};
use crate::identity::{Fields, Inquiry, Moment};

/// One grant of OAuth 2.0, in the course of one login.
pub(super) trait Way: fmt::Debug + Send + 'static {
    /// Its name on the wire.
    fn grant(&self) -> &'static str;

    /// What has to be done before the token endpoint can be asked.
    fn prepare(&mut self, desk: &Desk<'_>, at: &mut Moment<'_>) -> Result<Ready, LoginError> {
        let _ = (desk, at);
        Ok(Ready::Yes { once: false })
    }

    /// What it says to the token endpoint, the grant's name and the client's aside.
    fn form(&self, desk: &Desk<'_>, form: &mut Fields);

    /// Whether the client's id is in the form even if its secret goes along.
    fn always_names_client(&self) -> bool {
        false
    }

    /// Takes in the answer to [`Ready::Ask`].
    fn prepared(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        let _ = (answer, at);
        Err(ProviderProblem::Garbled("nothing was asked"))
    }

    /// Takes in the answer to [`Ready::Consult`].
    fn told(&mut self, reply: Secret, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        let _ = (reply, at);
        Err(ProviderProblem::Garbled("nobody was asked"))
    }

    /// What a no of the token endpoint means.
    fn judge(&mut self, no: No, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        let _ = at;
        Err(no.into())
    }

    /// A refresh token is over: whether this can begin anew.
    fn without_refresh(&self, no: No) -> Result<(), ProviderProblem> {
        let _ = no;
        Ok(())
    }

    /// What was good for one time is used up.
    fn used(&mut self) {}
}

/// Whether a grant can be used already.
pub(super) enum Ready {
    /// It can: `once`, if it holds something that is good for one time.
    Yes { once: bool },
    /// This form must be answered first.
    Ask(Uri, Fields),
    /// Somebody must be asked first.
    Consult(Inquiry),
    /// Not before this tick.
    NotBefore(std::time::Duration),
}
