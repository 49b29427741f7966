//! May I send now, and with which tokens?

use std::sync::Arc;
use std::time::Duration;

use super::Call;
use super::dispatch::{Action, BodyKind, Dispatch, Published};
use super::errand::Errand;
use crate::allow_expired::{Need, Vouching};
use crate::error::{Failure, InputError, LoginError, Wait, Who};
use crate::identity::Renewal;
use crate::keychain::{Keychain, KeyringId, Task};
use crate::keyring::Want;
use crate::lease::Lease;
use crate::lifetime::Standing;
use crate::notice::Notice;
use crate::skew::ServerClock;
use crate::slot::Turn;
use crate::time::Now;

/// A token that has less than this left is renewed before a body leaves that cannot be sent again,
/// if tokens live that long at all.
const ONE_SHOT_MARGIN: Duration = Duration::from_secs(10);

/// The two tokens of a dispatch, as far as the session has them.
#[derive(Default)]
pub(super) struct Tokens {
    pub(super) user: Option<Arc<Lease>>,
    pub(super) service: Option<Arc<Lease>>,
    errand: Option<Errand>,
}

impl Call {
    /// The hot path: the dispatch of a call whose tokens are all fresh in `published`. Takes no
    /// lock. `None` means: lock the keychain and use [`Call::next`] with [`super::Event::Begin`].
    pub fn warm(&mut self, published: &Published, now: Now) -> Option<Dispatch> {
        self.begin(now);
        let ahead = now.after(published.ahead);
        let fresh = |lease: &Lease| match lease.renewal {
            Renewal::Never => true,
            _ => lease.standing(ahead, &published.clock, Duration::ZERO) == Standing::Fresh,
        };
        let tokens = Tokens {
            user: published.user.clone().filter(|lease| fresh(lease)),
            service: published
                .service
                .clone()
                .filter(|lease| fresh(lease) && lease.may_vouch(now, &published.clock)),
            errand: None,
        };
        if self.session.user.is_some() != tokens.user.is_some() {
            return None;
        }
        self.check_life(tokens.user.as_deref(), now, &published.clock).ok()?;
        let service = match self.vouching_now(tokens.user.as_deref(), now, &published.clock) {
            Some(vouching) => {
                let lease = tokens.service.filter(|lease| has_role(&vouching, lease))?;
                Some(lease)
            }
            None => None,
        };
        let tokens = Tokens { service, ..tokens };
        self.compose(tokens, now, &published.clock, published.pause).ok()
    }

    pub(super) fn look(&mut self, keys: &mut Keychain, now: Now) -> Action {
        match self.plan(keys, now) {
            Ok(dispatch) => Action::Send(dispatch),
            Err(action) => {
                if matches!(action, Action::Fail(_)) {
                    self.abandon(keys);
                }
                action
            }
        }
    }

    /// The dispatch, or what has to be done before there can be one.
    fn plan(&mut self, keys: &mut Keychain, now: Now) -> Result<Dispatch, Action> {
        self.go_on_leading(keys, now)?;
        if now.tick >= self.deadline() {
            return Err(self.late(keys));
        }
        if now.tick < self.not_before {
            return Err(Action::Pause { until: self.not_before.min(self.deadline()) });
        }
        let mut tokens = Tokens::default();
        let gathered = self.gather(keys, &mut tokens, now);
        let errand = tokens.errand.take();
        let pause = keys.pause(self.done.retries.saturating_add(1), None);
        let composed =
            gathered.and_then(|()| self.compose(tokens, now, keys.clock(), pause).map_err(Action::Fail));
        match (composed, errand) {
            (Ok(dispatch), errand) => Ok(Dispatch { errand, ..dispatch }),
            (Err(action), errand) => {
                // The call does not go out yet, so neither does the errand that it would bring.
                if let Some(errand) = errand {
                    errand.abandon(keys);
                }
                Err(action)
            }
        }
    }

    fn gather(&mut self, keys: &mut Keychain, tokens: &mut Tokens, now: Now) -> Result<(), Action> {
        self.take_user(keys, tokens, now)?;
        self.check_life(tokens.user.as_deref(), now, keys.clock()).map_err(Action::Fail)?;
        self.take_service(keys, tokens, now)
    }

    /// A leader asks until its flight is over.
    fn go_on_leading(&mut self, keys: &mut Keychain, now: Now) -> Result<(), Action> {
        let Some((flight, who)) = self.lead else { return Ok(()) };
        let deadline = self.deadline();
        if now.tick >= deadline {
            return Err(self.late(keys));
        }
        match keys.lead(flight, now, deadline) {
            None => {
                self.lead = None;
                Ok(())
            }
            Some(Ok(Task::Wait(until))) => Err(Action::Pause { until: until.min(deadline) }),
            Some(Ok(Task::Ask(ask))) => Err(Action::Ask(ask)),
            Some(Ok(Task::Consult(question))) => Err(Action::Consult(question)),
            Some(Err(error)) => {
                let source = LoginError::NotTold(error.to_string());
                Err(Action::Fail(Failure::Login { who, source }))
            }
        }
    }

    fn late(&self, keys: &Keychain) -> Action {
        let user = self.session.user.and_then(|id| keys.last_failure(id));
        let service = self.session.vouching.as_ref().and_then(|v| keys.last_failure(v.service));
        let (waiting_for, last) = match self.lead {
            Some((flight, who)) => (Wait::Token(who), keys.last_failure(flight.keyring)),
            None if self.not_before > Duration::ZERO => (Wait::Retry, None),
            None if user.is_none() && service.is_some() => (Wait::Token(Who::Service), service),
            None => (Wait::Token(Who::User), user),
        };
        Action::Fail(Failure::Late { waiting_for, last })
    }

    fn take_user(&mut self, keys: &mut Keychain, tokens: &mut Tokens, now: Now) -> Result<(), Action> {
        let Some(user) = self.session.user else { return Ok(()) };
        let margin = if self.body == BodyKind::OneShot { ONE_SHOT_MARGIN } else { Duration::ZERO };
        let want = Want { at_least: self.session.at_least.max(margin), ..Want::default() };
        match keys.turn(user, Who::User, &want, now, self.deadline()).map_err(fail)? {
            Turn::Use => {}
            Turn::Renew(flight) => tokens.errand = Some(Errand::new(flight, self.deadline())),
            turn => return Err(self.not_yet(keys, Who::User, turn, now)),
        }
        tokens.user = keys.lease(user);
        Ok(())
    }

    fn take_service(&mut self, keys: &mut Keychain, tokens: &mut Tokens, now: Now) -> Result<(), Action> {
        let Some(vouching) = self.vouching_now(tokens.user.as_deref(), now, keys.clock()) else {
            return Ok(());
        };
        let service = vouching.service;
        let want = Want {
            other_than: self.done.suspected,
            vouching: true,
            no_errand: tokens.errand.is_some(),
            ..Want::default()
        };
        let optional = vouching.need == Need::Preferred && self.stands_alone(tokens, now, keys.clock());
        match keys.turn(service, Who::Service, &want, now, self.deadline()).map_err(fail)? {
            Turn::Use => {}
            Turn::Renew(flight) => tokens.errand = Some(Errand::new(flight, self.deadline())),
            Turn::Pause(_) if optional => return go_without(keys, service, keys.last_failure(service)),
            Turn::Fail(error) if optional => return go_without(keys, service, Some(error)),
            turn => return Err(self.not_yet(keys, Who::Service, turn, now)),
        }
        let Some(lease) = keys.lease(service) else { return Ok(()) };
        if !has_role(&vouching, &lease) {
            if optional {
                return go_without(keys, service, None);
            }
            let has = lease.token.description.roles.iter().map(|role| role.name.clone()).collect();
            return Err(Action::Fail(Failure::ServiceRoleMissing { wanted: vouching.roles.clone(), has }));
        }
        tokens.service = Some(lease);
        Ok(())
    }

    /// Whether the user's token is good without anybody's vouching.
    fn stands_alone(&self, tokens: &Tokens, now: Now, clock: &ServerClock) -> bool {
        tokens.user.as_ref().is_some_and(|lease| {
            matches!(lease.standing(now, clock, Duration::ZERO), Standing::Fresh | Standing::Stale)
        })
    }

    /// A turn that does not bring a token yet, as an action.
    fn not_yet(&mut self, keys: &mut Keychain, who: Who, turn: Turn<LoginError>, now: Now) -> Action {
        let deadline = self.deadline();
        match turn {
            Turn::Lead(flight) => {
                self.lead = Some((flight, who));
                match self.go_on_leading(keys, now) {
                    Err(action) => action,
                    Ok(()) => Action::Pause { until: now.tick },
                }
            }
            Turn::Park(flight) => Action::Park { flight, until: deadline },
            Turn::Pause(until) => Action::Pause { until: until.min(deadline) },
            Turn::Fail(source) => Action::Fail(Failure::Login { who, source }),
            Turn::Use | Turn::Renew(_) => Action::Pause { until: now.tick },
        }
    }

    /// The service identity, if its token goes along this time. It never goes to Keystone.
    fn vouching_now(&self, user: Option<&Lease>, now: Now, clock: &ServerClock) -> Option<Arc<Vouching>> {
        let (vouching, user) = (self.session.vouching.as_ref()?, user?);
        if self.session.endpoint.as_ref().is_some_and(|endpoint| endpoint.is_identity()) {
            return None;
        }
        let attach = self.done.attached
            || vouching.wanted(user.standing(now, clock, vouching.window), user.lifetime.left(now, clock));
        attach.then(|| Arc::clone(vouching))
    }

    /// "A token with at least so much left", of a token that cannot be had anew, or lives too short.
    fn check_life(&self, user: Option<&Lease>, now: Now, clock: &ServerClock) -> Result<(), Failure> {
        let wanted = self.session.at_least;
        let Some(left) = user.and_then(|lease| lease.lifetime.left(now, clock)) else { return Ok(()) };
        if left < wanted { Err(Failure::TooShort { wanted, left }) } else { Ok(()) }
    }
}

fn has_role(vouching: &Vouching, lease: &Lease) -> bool {
    lease.token.description.has_any_role(&vouching.roles)
}

fn go_without(keys: &mut Keychain, keyring: KeyringId, error: Option<LoginError>) -> Result<(), Action> {
    keys.notify(Notice::GoesWithout { keyring, error });
    Ok(())
}

fn fail(error: InputError) -> Action {
    Action::Fail(error.into())
}
