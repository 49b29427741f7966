//! The end of every federated login: an unscoped token, and the exchange for one with a scope.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};

use crate::error::{InputError, LoginError};
use crate::identity::v3::{TokenMethod, TokenRequest, read, v3_url};
use crate::identity::{Exchange, Grant, Moment, Scope, Start, Step};
use crate::time::{Now, between};
use crate::token::Token;

/// Where a federated login ends.
#[derive(Debug)]
pub(crate) struct Rescope {
    start: Start,
    exchange: Option<TokenRequest>,
    /// When the unscoped token was asked for, and how long it lives.
    unscoped: Option<(Now, Duration)>,
    /// Keystone was asked for the exchange already.
    tried: bool,
}

impl Rescope {
    pub(crate) fn new(start: Start) -> Self {
        Self { start, exchange: None, unscoped: None, tried: false }
    }

    /// Forgets the unscoped token.
    pub(crate) fn begin_anew(&mut self) {
        (self.exchange, self.unscoped, self.tried) = (None, None, false);
    }

    /// Where Keystone takes in what a provider says
    /// (`/v3/OS-FEDERATION/identity_providers/{id}/protocols/{protocol}/auth`).
    pub(crate) fn federated_url(&self, provider: &str, protocol: &str) -> String {
        let v3 = v3_url(&self.start.auth_url);
        format!("{v3}/OS-FEDERATION/identity_providers/{provider}/protocols/{protocol}/auth")
    }

    /// Takes in the unscoped token: all there is, or the first half.
    pub(crate) fn unscoped(
        &mut self,
        answer: &Response<Vec<u8>>,
        asked: Now,
    ) -> Result<Option<Grant>, LoginError> {
        let token = read(answer).map_err(|error| match error {
            // Keystone enters a user whom it has not seen yet, and so does another login of the same.
            LoginError::Denied { status: status @ StatusCode::CONFLICT, .. } => LoginError::Busy { status },
            error => error,
        });
        self.take(token?, asked)
    }

    /// The same, of a token that came by other ways.
    pub(crate) fn take(&mut self, token: Token, asked: Now) -> Result<Option<Grant>, LoginError> {
        if matches!(self.start.scope, Scope::Default | Scope::Unscoped) {
            let mut grant = Grant::new(token).asked_at(asked);
            grant.issuer = v3_url(&self.start.auth_url).parse().ok();
            return Ok(Some(grant));
        }
        let stamps = (token.description.issued_at, token.description.expires_at);
        if let (Some(issued), Some(expires)) = stamps {
            // Both stamps are whole seconds, rounded down.
            let life = between(issued, expires).saturating_sub(Duration::from_secs(1));
            self.unscoped = Some((asked, life));
        }
        let method = TokenMethod::new(token.id);
        self.exchange = Some(TokenRequest::new(self.start.clone(), vec![Arc::new(method)]));
        Ok(None)
    }

    /// Forgets an unscoped token that has died meanwhile (Keystone was away): the first half is to be
    /// done again.
    pub(crate) fn forget_if_over(&mut self, now: Now) {
        if self.tried && self.unscoped.is_some_and(|(asked, life)| now.since(asked) >= life) {
            self.begin_anew();
        }
    }

    /// Whether the first half is done: then [`Exchange::need`] and [`Exchange::hear`] are this one's.
    pub(crate) fn is_due(&self) -> bool {
        self.exchange.is_some()
    }

    pub(crate) fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        self.tried = true;
        self.exchange.as_mut().ok_or(LoginError::Garbled("there is no token to exchange yet"))?.need(at)
    }

    pub(crate) fn hear(
        &mut self,
        answer: &Response<Vec<u8>>,
        at: &mut Moment<'_>,
    ) -> Result<Option<Grant>, LoginError> {
        self.exchange
            .as_mut()
            .ok_or(LoginError::Garbled("there is no token to exchange yet"))?
            .hear(answer, at)
            .map_err(not_the_password)
    }
}

/// Refuses what cannot stand in an address by itself.
pub(crate) fn check_id(name: &'static str, id: &str) -> Result<(), InputError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~".contains(c);
    if !id.is_empty() && id.chars().all(plain) {
        Ok(())
    } else {
        Err(InputError::NotAnId(name, id.to_owned()))
    }
}

/// What Keystone refuses after somebody else has accepted the password is not the password: a token
/// has ended while Keystone was busy, or no mapping is for this user. So it may be tried again later.
pub(crate) fn not_the_password(error: LoginError) -> LoginError {
    match error {
        LoginError::Refused { message, request_id } => {
            LoginError::Denied { status: StatusCode::UNAUTHORIZED, message, request_id }
        }
        error => error,
    }
}
