//! Whose token is it that a session sends? The way to one, without a request to send it with.

use std::ops::{ControlFlow, Deref};
use std::sync::Arc;

use http::{HeaderMap, Method, Uri};

use super::Call;
use super::dispatch::{Action, BodyKind, Event};
use super::look::Tokens;
use crate::keychain::Keychain;
use crate::lease::Lease;
use crate::session::Session;
use crate::time::Now;
use crate::token::Description;

/// What Keystone said of a token that is in use. It is shared, not copied, and stays what it is when
/// the token is renewed.
#[derive(Clone)]
pub struct Described(Arc<Lease>);

impl Deref for Described {
    type Target = Description;

    fn deref(&self) -> &Description {
        &self.0.token.description
    }
}

impl std::fmt::Debug for Described {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        (**self).fmt(f)
    }
}

/// The question whose token a session sends. A driver treats it as a call that never says
/// [`Action::Send`].
#[derive(Debug)]
pub struct Whose(Call);

impl Whose {
    /// The question, for the user's token of this session.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        Self(Call::new(session, Method::GET, Uri::default(), HeaderMap::new(), BodyKind::Empty))
    }

    /// Takes what happened ([`Event::Begin`] at first), and says what to do next, or what is known of
    /// the token: it is the one in use, or the one that was logged in for. `None` for a session
    /// without an identity. Of a token that was handed in, it is what was handed in with it.
    pub fn next(
        &mut self,
        keys: &mut Keychain,
        event: Event,
        now: Now,
    ) -> ControlFlow<Option<Described>, Action> {
        match self.0.token(keys, event, now) {
            Ok(lease) => ControlFlow::Break(lease.map(Described)),
            Err(action) => {
                if matches!(action, Action::Fail(_)) {
                    self.0.abandon(keys);
                }
                ControlFlow::Continue(action)
            }
        }
    }

    /// As [`Call::owes`].
    #[must_use]
    pub fn owes(&self) -> bool {
        self.0.owes()
    }

    /// As [`Call::abandon`].
    pub fn abandon(&mut self, keys: &mut Keychain) {
        self.0.abandon(keys);
    }
}

impl Call {
    fn token(&mut self, keys: &mut Keychain, event: Event, now: Now) -> Result<Option<Arc<Lease>>, Action> {
        self.begin(now);
        self.take_in(keys, event, now).map_err(Action::Fail)?;
        self.go_on_leading(keys, now)?;
        if now.tick >= self.deadline() {
            return Err(self.late(keys));
        }
        let mut tokens = Tokens::default();
        self.take_user(keys, &mut tokens, now)?;
        Ok(tokens.user)
    }
}
