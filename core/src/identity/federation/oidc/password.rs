//! The grant `password`: the user's name and password, and perhaps a one-time code.

use std::sync::Arc;

use http::Uri;

use super::answer::No;
use super::discovery::Desk;
use super::flow::Flow;
use super::provider::OidcProvider;
use super::way::{Ready, Way};
use crate::Secret;
use crate::error::{InputError, LoginError, ProviderProblem};
use crate::identity::{Exchange, Fields, Inquiry, Method, Moment, Remedy, Renewal, Scope, Start};

/// A login with a user's name and password at the provider (grant `password`).
#[derive(Clone, Debug)]
pub struct OidcPassword {
    provider: OidcProvider,
    username: String,
    password: Secret,
    otp: Option<Otp>,
}

/// A one-time code that the provider wants too.
#[derive(Clone, Debug)]
struct Otp {
    /// What the provider calls it.
    key: String,
    /// The code, unless it is asked for.
    code: Option<Secret>,
}

impl OidcPassword {
    /// This user of the provider's.
    pub fn new(provider: OidcProvider, username: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self { provider, username: username.into(), password: password.into(), otp: None }
    }

    /// And a one-time code under this name (`idp_otp_key`: `totp`), which is asked for whenever a login
    /// needs one ([`Inquiry::Passcode`]).
    #[must_use]
    pub fn otp_asked(mut self, key: impl Into<String>) -> Self {
        self.otp = Some(Otp { key: key.into(), code: None });
        self
    }

    /// And this one-time code under this name: good for one login.
    #[must_use]
    pub fn otp(mut self, key: impl Into<String>, code: impl Into<Secret>) -> Self {
        self.otp = Some(Otp { key: key.into(), code: Some(code.into()) });
        self
    }

    fn given_code(&self) -> Option<&Secret> {
        self.otp.as_ref()?.code.as_ref()
    }
}

impl Method for OidcPassword {
    fn name(&self) -> &str {
        "v3oidcpassword"
    }

    fn fields(&self, fields: &mut Fields) {
        self.provider.fields(fields);
        fields.text("username", &self.username);
        fields.secret("password", &self.password);
        fields.maybe("idp_otp_key", self.otp.as_ref().map(|otp| otp.key.as_str()));
        if let Some(code) = self.given_code() {
            fields.one_time("otp", code);
        }
    }

    fn renewal(&self) -> Renewal {
        match &self.otp {
            None => Renewal::Unattended,
            Some(Otp { code: Some(_), .. }) => Renewal::Limited,
            Some(Otp { code: None, .. }) => Renewal::Attended,
        }
    }

    fn remedy(&self) -> Remedy {
        Remedy::RefreshToken
    }

    fn uses(&self) -> Option<u32> {
        self.given_code().map(|_| 1)
    }

    fn check(&self, _: &Uri, _: &Scope) -> Result<(), InputError> {
        self.provider.check()
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let provider = self.provider.clone();
        Box::new(Flow::new(provider, Password { told: self.given_code().cloned(), method: self }, start))
    }
}

#[derive(Debug)]
struct Password {
    method: Arc<OidcPassword>,
    /// The one-time code.
    told: Option<Secret>,
}

impl Way for Password {
    fn grant(&self) -> &'static str {
        "password"
    }

    fn prepare(&mut self, _: &Desk<'_>, _: &mut Moment<'_>) -> Result<Ready, LoginError> {
        match (&self.method.otp, &self.told) {
            (Some(Otp { code: Some(_), .. }), None) => Err(LoginError::Spent),
            (Some(Otp { key, code: None }), None) => {
                Ok(Ready::Consult(Inquiry::Passcode { kind: key.clone() }))
            }
            (otp, _) => Ok(Ready::Yes { once: otp.is_some() }),
        }
    }

    fn form(&self, desk: &Desk<'_>, form: &mut Fields) {
        form.text("username", &self.method.username);
        form.secret("password", &self.method.password);
        form.maybe("scope", Some(desk.provider.scope.as_str()).filter(|scope| !scope.is_empty()));
        if let (Some(otp), Some(code)) = (&self.method.otp, &self.told) {
            form.secret(&otp.key, code);
        }
    }

    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        self.told = Some(Secret::new(reply.reveal().trim()));
        Ok(())
    }

    fn without_refresh(&self, no: No) -> Result<(), ProviderProblem> {
        // The code that was given brought the login before this one.
        if self.method.given_code().is_some() { Err(no.ended()) } else { Ok(()) }
    }

    fn used(&mut self) {
        self.told = None;
    }
}
