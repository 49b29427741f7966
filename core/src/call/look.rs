//! May I send now, and with which tokens?

use std::sync::Arc;
use std::time::Duration;

use super::dispatch::{Action, BodyKind, Dispatch, Published};
use super::errand::Errand;
use super::{Call, Leading};
use crate::allow_expired::{Need, Vouching, When};
use crate::error::{Failure, InputError, LoginError, Wait, Who};
use crate::identity::Renewal;
use crate::keychain::{Keychain, KeyringId, Task};
use crate::keyring::Want;
use crate::lease::Lease;
use crate::lifetime::{Lifetime, Standing};
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
}

impl Call {
    /// The hot path: the dispatch of a call whose tokens are all fresh in `published`. Takes no
    /// lock. `None` means: lock the keychain and use [`Call::next`] with [`super::Event::Begin`].
    pub fn warm(&mut self, published: &Published, now: Now) -> Option<Dispatch> {
        self.begin(now);
        let under_way = self.search.is_some()
            || self.lead.is_some()
            || self.fetching.is_some()
            || self.remedy.is_some()
            || now.tick < self.not_before;
        if under_way || self.done.suspected.is_some() || self.done.attached {
            return None;
        }
        let ahead = now.after(published.ahead);
        let [told_user, told_service] = published.told_ending;
        let standing = |lease: &Lease| lease.standing(ahead, &published.clock, Duration::ZERO);
        // One that is not renewed early is used to its end, once it has been told that it ends.
        let fresh = |lease: &Lease, told: bool| match lease.renewal {
            Renewal::Never => told || lease.ending(now, &published.clock).is_none(),
            Renewal::Unattended => standing(lease) == Standing::Fresh,
            Renewal::Limited | Renewal::Attended => match standing(lease) {
                Standing::Fresh => true,
                Standing::Stale => told,
                Standing::Vouchable | Standing::Dead | Standing::Unknown => false,
            },
        };
        let tokens = Tokens {
            user: published.user.clone().filter(|lease| fresh(lease, told_user)),
            service: published
                .service
                .clone()
                .filter(|lease| fresh(lease, told_service) && lease.may_vouch(now, &published.clock)),
        };
        if self.session.user.is_some() != tokens.user.is_some() {
            return None;
        }
        self.check_life(tokens.user.as_deref(), now, &published.clock).ok()?;
        let (user, service) = (tokens.user.as_deref(), published.service.as_deref());
        self.check_lasting(user, service, now, &published.clock).ok()?;
        if tokens.user.as_ref().is_some_and(|lease| lease.falls_short(self.margin(), now)) {
            return None;
        }
        let service = match self.vouching_now(tokens.user.as_deref(), now, &published.clock) {
            Some(vouching) => {
                let lease = tokens.service.filter(|lease| has_role(&vouching, lease))?;
                Some(lease)
            }
            None => None,
        };
        if self.is_at_endpoint() && self.own_place(tokens.user.as_deref()).is_none() {
            let microversions = self.session.microversion_wanted().is_some();
            self.found = Some(published.found(self.session.endpoint.as_ref()?, microversions, now)?);
        }
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
        self.check_demand().map_err(Action::Fail)?;
        self.without = None;
        let mut tokens = Tokens::default();
        let pause = keys.pause(self.done.retries.saturating_add(1), None);
        self.gather(keys, &mut tokens, now)?;
        self.find(keys, &tokens, now)?;
        let dispatch = self.compose(tokens, now, keys.clock(), pause).map_err(Action::Fail)?;
        self.carried().for_each(|id| keys.tell_ending(id, now));
        // The next wait, if there is one, has a half of its own.
        self.patience = None;
        // The lead of a renewal is taken only by a call that goes out, and so can run it.
        Ok(Dispatch { errand: self.errand(keys, now), ..dispatch })
    }

    /// A renewal that is due of a token that this call goes out with.
    fn errand(&self, keys: &mut Keychain, now: Now) -> Option<Errand> {
        let mut wanted = self.carried().chain(self.without);
        let flight = wanted.find_map(|keyring| keys.renewal_due(keyring, now))?;
        Some(Errand::new(flight, self.deadline()))
    }

    /// Whose tokens it goes out with.
    fn carried(&self) -> impl Iterator<Item = KeyringId> {
        let leases = self.sent.iter().flat_map(|sent| sent.user.iter().chain(&sent.service));
        leases.map(|lease| lease.flight.keyring)
    }

    fn gather(&mut self, keys: &mut Keychain, tokens: &mut Tokens, now: Now) -> Result<(), Action> {
        self.take_user(keys, tokens, now)?;
        self.check_life(tokens.user.as_deref(), now, keys.clock()).map_err(Action::Fail)?;
        self.check_operation(keys, tokens, now)?;
        self.take_service(keys, tokens, now)?;
        self.check_operation(keys, tokens, now)
    }

    fn check_operation(&self, keys: &Keychain, tokens: &Tokens, now: Now) -> Result<(), Action> {
        let service = self.session.vouching.as_ref().and_then(|vouching| keys.lease(vouching.service));
        self.check_lasting(tokens.user.as_deref(), service.as_deref(), now, keys.clock())
            .map_err(Action::Fail)
    }

    /// A leader asks until its flight is over.
    pub(super) fn go_on_leading(&mut self, keys: &mut Keychain, now: Now) -> Result<(), Action> {
        let Some(Leading { flight, until: end, .. }) = self.lead else { return Ok(()) };
        if now.tick >= self.deadline() {
            return Err(self.late(keys));
        }
        if now.tick >= end {
            keys.leave(flight);
        }
        match keys.lead(flight, now, end) {
            None => {
                self.lead = None;
                Ok(())
            }
            // What is only preferred is not waited for once it has failed: an errand goes on with it.
            Some(Task::Wait(_)) if end < self.deadline() && keys.last_failure(flight.keyring).is_some() => {
                keys.leave(flight);
                self.lead = None;
                Ok(())
            }
            Some(Task::Wait(until)) => Err(Action::Pause { until: until.min(end) }),
            Some(Task::Ask(ask)) => Err(Action::Ask(ask)),
            Some(Task::Consult { question, until }) => Err(Action::Consult { question, until }),
        }
    }

    pub(super) fn late(&self, keys: &Keychain) -> Action {
        let user = self.session.user.and_then(|id| keys.last_failure(id));
        let service = self.session.vouching.as_ref().and_then(|v| keys.last_failure(v.service));
        let (waiting_for, last) = match self.lead {
            Some(Leading { flight, who, .. }) => (Wait::Token(who), keys.last_failure(flight.keyring)),
            None if self.fetching.is_some() => (Wait::Versions, None),
            None if self.not_before >= self.deadline() => (Wait::Retry, None),
            None if user.is_none() && service.is_some() => (Wait::Token(Who::Service), service),
            None => (Wait::Token(Who::User), user),
        };
        Action::Fail(Failure::Late { waiting_for, last })
    }

    pub(super) fn take_user(
        &mut self,
        keys: &mut Keychain,
        tokens: &mut Tokens,
        now: Now,
    ) -> Result<(), Action> {
        let Some(user) = self.session.user else { return Ok(()) };
        let deadline = self.deadline();
        let enough = Want { at_least: self.session.at_least, ..Want::default() };
        // More is better for some bodies, but nothing to wait for when Keystone has none to give.
        let more = match keys.last_failure(user) {
            None => Want { at_least: enough.at_least.max(self.margin()), ..enough },
            Some(_) => enough,
        };
        match keys.turn(user, Who::User, &more, now, deadline).map_err(fail)? {
            Turn::Use => {}
            Turn::Fail(_) | Turn::Pause(_) if keys.is_usable(user, &enough, now) => {}
            turn => return Err(self.not_yet(keys, Who::User, turn, deadline, now)),
        }
        tokens.user = keys.lease(user);
        Ok(())
    }

    fn take_service(&mut self, keys: &mut Keychain, tokens: &mut Tokens, now: Now) -> Result<(), Action> {
        let Some(vouching) = self.vouching_now(tokens.user.as_deref(), now, keys.clock()) else {
            return Ok(());
        };
        let service = vouching.service;
        check_fixed(tokens.user.as_deref(), keys.lease(service).as_deref()).map_err(fail)?;
        let want = Want { other_than: self.done.suspected, vouching: true, ..Want::default() };
        let optional = vouching.need == Need::Preferred && self.stands_alone(tokens, now, keys.clock());
        let until = if optional { self.patience(now) } else { self.deadline() };
        let last = keys.last_failure(service);
        let in_vain = optional && (last.is_some() || now.tick >= until);
        if in_vain && !keys.is_usable(service, &want, now) {
            return self.go_without(keys, service, last, now);
        }
        match keys.turn(service, Who::Service, &want, now, until).map_err(fail)? {
            Turn::Use => {}
            Turn::Fail(error) if optional => return self.go_without(keys, service, Some(error), now),
            turn => return Err(self.not_yet(keys, Who::Service, turn, until, now)),
        }
        match keys
            .lease(service)
            .map(|lease| (self.check_voucher(&vouching, &lease, now, keys.clock()), lease))
        {
            Some((Ok(()), lease)) => tokens.service = Some(lease),
            Some((Err(_), _)) if optional => return self.go_without(keys, service, None, now),
            Some((Err(failure), _)) => return Err(Action::Fail(failure)),
            None => {}
        }
        Ok(())
    }

    /// Whether a service token can vouch: it is alive, and has a role that receivers ask for.
    fn check_voucher(
        &self,
        vouching: &Vouching,
        lease: &Lease,
        now: Now,
        clock: &ServerClock,
    ) -> Result<(), Failure> {
        if !lease.may_vouch(now, clock) {
            return Err(Failure::Login { who: Who::Service, source: LoginError::NotRenewable });
        }
        if !has_role(vouching, lease) {
            let has = lease.token.description.roles.iter().map(|role| role.name.clone()).collect();
            return Err(Failure::ServiceRoleMissing { wanted: vouching.roles.clone(), has });
        }
        Ok(())
    }

    /// How long a token that is only preferred is waited for: half of the time there is.
    pub(super) fn patience(&mut self, now: Now) -> Duration {
        let left = self.deadline().saturating_sub(now.tick);
        *self.patience.get_or_insert(now.tick.saturating_add(left / 2))
    }

    fn go_without(
        &mut self,
        keys: &mut Keychain,
        service: KeyringId,
        error: Option<LoginError>,
        now: Now,
    ) -> Result<(), Action> {
        self.without = Some(service);
        keys.warn(service, error, now);
        Ok(())
    }

    /// What the user's token must have left, beyond what the session asks for.
    fn margin(&self) -> Duration {
        if self.body == BodyKind::OneShot { ONE_SHOT_MARGIN } else { Duration::ZERO }
    }

    /// Whether the user's token is good without anybody's vouching.
    fn stands_alone(&self, tokens: &Tokens, now: Now, clock: &ServerClock) -> bool {
        tokens.user.as_ref().is_some_and(|lease| {
            let standing = lease.standing(now, clock, Duration::ZERO);
            matches!(standing, Standing::Fresh | Standing::Stale | Standing::Unknown)
        })
    }

    /// A turn that does not bring a token yet, as an action.
    fn not_yet(
        &mut self,
        keys: &mut Keychain,
        who: Who,
        turn: Turn<LoginError>,
        until: Duration,
        now: Now,
    ) -> Action {
        let again = Action::Pause { until: now.tick };
        match turn {
            Turn::Lead(flight) => {
                self.lead = Some(Leading { flight, who, until });
                self.go_on_leading(keys, now).err().unwrap_or(again)
            }
            Turn::Park(flight) => Action::Park { flight, until },
            Turn::Pause(next) => Action::Pause { until: next.min(until) },
            Turn::Fail(source) => {
                let id = match who {
                    Who::User => self.session.user,
                    Who::Service => self.session.vouching.as_ref().map(|vouching| vouching.service),
                };
                Action::Fail(match id {
                    Some(id) => keys.no_token(id, who, source, now),
                    None => Failure::Login { who, source },
                })
            }
            Turn::Use | Turn::Renew(_) => again,
        }
    }

    /// The service identity, if its token goes along this time. It never goes to Keystone.
    fn vouching_now(&self, user: Option<&Lease>, now: Now, clock: &ServerClock) -> Option<Arc<Vouching>> {
        let (vouching, user) = (self.session.vouching.as_ref()?, user?);
        if self.session.endpoint.as_ref().is_some_and(|endpoint| endpoint.is_identity()) {
            return None;
        }
        // A body that can be read once is not put at risk to save a header.
        let attach = self.done.attached
            || (self.body == BodyKind::OneShot && vouching.when != When::Never)
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

/// Refuses to vouch for what cannot expire, or by what is no token of Keystone's.
fn check_fixed(user: Option<&Lease>, service: Option<&Lease>) -> Result<(), InputError> {
    let endless = |lease: Option<&Lease>| lease.is_some_and(|lease| lease.lifetime == Lifetime::Endless);
    match (endless(user), endless(service)) {
        (true, _) => Err(InputError::NothingToVouchFor),
        (false, true) => Err(InputError::CannotVouch),
        (false, false) => Ok(()),
    }
}

fn fail(error: InputError) -> Action {
    Action::Fail(error.into())
}
