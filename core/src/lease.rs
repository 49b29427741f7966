//! A token and the flight that brought it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::{HeaderName, HeaderValue, Uri};

use crate::Secret;
use crate::call::TlsId;
use crate::error::{InputError, LoginError};
use crate::identity::{Credential, Fixed, Grant, Remedy, Renewal};
use crate::lifetime::{Granted, Lifetime, Standing};
use crate::pace::Pace;
use crate::random::Random;
use crate::saved::{Parts, RestoreError, SavedLogin};
use crate::service::{is_below, keystones};
use crate::skew::ServerClock;
use crate::slot::Flight;
use crate::time::Now;
use crate::token::{Description, Token};

/// What an identity holds. Immutable: a renewal brings another one, by another flight, so a
/// late 401 about this one can do no harm to the next.
#[derive(Debug)]
pub(crate) struct Lease {
    pub(crate) flight: Flight,
    pub(crate) token: Token,
    /// The token as a header value, made once. An identity without Keystone may have none.
    pub(crate) header: Option<HeaderValue>,
    /// What else goes with each call.
    pub(crate) beside: Vec<(HeaderName, HeaderValue)>,
    /// Where calls go, if that is the identity's to say.
    pub(crate) endpoint: Option<Uri>,
    pub(crate) lifetime: Lifetime,
    pub(crate) renewal: Renewal,
    /// What would let it be renewed unattended, if it is not.
    pub(crate) remedy: Remedy,
    /// Keystone's address, if we asked for the token ourselves.
    pub(crate) issuer: Option<Uri>,
    /// All addresses of Keystone's that are known: the issuer's, and those in the catalog.
    pub(crate) keystones: Vec<Uri>,
    /// The connections on which we asked.
    pub(crate) tls: TlsId,
    /// Whether calls have to use them too: what goes along is bound to their certificate.
    pub(crate) bound: bool,
    /// Least age at which this lease may be suspected, and least distance to the next request.
    pub(crate) distance: Duration,
}

impl Lease {
    /// A token that Keystone granted to a login begun at `asked`.
    ///
    /// An exchanged token keeps the end of the one it came from but has an issue date of its
    /// own, so the distance of the two is its life all the same.
    pub(crate) fn granted(
        flight: Flight,
        grant: Grant,
        credential: &Credential,
        renewal: Renewal,
        asked: Now,
        pace: &Pace,
        random: &mut Random,
    ) -> Result<Self, LoginError> {
        let Grant { token, beside, issuer, at_most, bound, .. } = grant;
        let (Some(issued), Some(expires)) = (token.description.issued_at, token.description.expires_at)
        else {
            return Err(LoginError::Garbled("the token has no issued_at or no expires_at"));
        };
        let granted =
            Granted::new(issued, expires, asked, at_most, pace, random).ok_or(LoginError::DeadOnArrival)?;
        let distance = pace.distance(granted.life);
        let header = token.id.header().map_err(|_| LoginError::Garbled("the token is no header value"))?;
        let keystones = keystones(
            Some(issuer.as_ref().unwrap_or(credential.auth_url())),
            token.description.catalog.as_ref(),
        );
        Ok(Self {
            flight,
            token,
            header: Some(header),
            beside: header_values(beside)
                .map_err(|_| LoginError::Garbled("a header of the login is none"))?,
            endpoint: None,
            lifetime: Lifetime::Granted(granted),
            renewal,
            remedy: credential.remedy(),
            keystones,
            issuer,
            tls: credential.tls_id(),
            bound,
            distance,
        })
    }

    /// A token that an earlier process asked for, `age` ago.
    pub(crate) fn restored(
        flight: Flight,
        saved: &SavedLogin,
        age: Duration,
        credential: &Credential,
        now: Now,
        pace: &Pace,
        random: &mut Random,
    ) -> Result<Self, RestoreError> {
        let document = &saved.document;
        let issuer = saved.issuer()?;
        let token = Token { id: document.token.clone(), description: document.description.clone() };
        let header = token.id.header().map_err(|_| RestoreError::Broken)?;
        let keystones = keystones(
            Some(issuer.as_ref().unwrap_or(credential.auth_url())),
            token.description.catalog.as_ref(),
        );
        let granted = Granted::restored(age, saved.life(), now, pace, random);
        Ok(Self {
            flight,
            token,
            header: Some(header),
            beside: header_values(saved.beside()?).map_err(|_| RestoreError::Broken)?,
            endpoint: None,
            distance: pace.distance(granted.life),
            lifetime: Lifetime::Granted(granted),
            renewal: document.renewal.unwrap_or_else(|| credential.renewal()),
            remedy: credential.remedy(),
            keystones,
            issuer,
            tls: credential.tls_id(),
            bound: document.bound,
        })
    }

    /// What another process needs to go on with it.
    pub(crate) fn saved(
        &self,
        credential: &Credential,
        kept: Option<Secret>,
        key: &[u8],
    ) -> Option<SavedLogin> {
        let Lifetime::Granted(granted) = &self.lifetime else { return None };
        let text = |(name, value): &(HeaderName, HeaderValue)| {
            value.to_str().ok().map(|value| (name.clone(), Secret::new(value)))
        };
        let parts = Parts {
            token: &self.token.id,
            description: &self.token.description,
            beside: self.beside.iter().map(text).collect::<Option<_>>()?,
            issuer: self.issuer.as_ref(),
            asked: granted.asked_at(),
            life: granted.life,
            kept,
            renewal: (self.renewal != credential.renewal()).then_some(self.renewal),
            bound: self.bound,
        };
        Some(SavedLogin::new(credential.cache_id(key), parts))
    }

    /// When it was asked for, if we asked.
    pub(crate) fn asked_at(&self) -> Option<DateTime<Utc>> {
        match &self.lifetime {
            Lifetime::Granted(granted) => Some(granted.asked_at()),
            Lifetime::Stated { .. } | Lifetime::Unknown | Lifetime::Endless => None,
        }
    }

    /// A token that somebody handed in.
    pub(crate) fn borrowed(flight: Flight, token: Token, lifetime: Lifetime) -> Result<Self, InputError> {
        let header = token.id.header()?;
        let keystones = keystones(None, token.description.catalog.as_ref());
        Ok(Self {
            flight,
            token,
            header: Some(header),
            beside: Vec::new(),
            endpoint: None,
            lifetime,
            renewal: Renewal::Never,
            remedy: Remedy::Voucher,
            keystones,
            issuer: None,
            tls: TlsId::default(),
            bound: false,
            distance: Duration::ZERO,
        })
    }

    /// What goes with the calls of an identity without a login.
    pub(crate) fn fixed(flight: Flight, fixed: Fixed) -> Result<Self, InputError> {
        let Fixed { headers, endpoint, tls, at_keystone } = fixed;
        let keystones = if at_keystone { endpoint.iter().cloned().collect() } else { Vec::new() };
        Ok(Self {
            flight,
            token: Token { id: Secret::new(""), description: Description::default() },
            header: None,
            beside: header_values(headers)?,
            endpoint,
            lifetime: Lifetime::Endless,
            renewal: Renewal::Never,
            remedy: Remedy::ApplicationCredential,
            keystones,
            issuer: None,
            tls: tls.unwrap_or_default(),
            bound: tls.is_some(),
            distance: Duration::ZERO,
        })
    }

    /// Whether an address is Keystone's own API, as far as this token tells.
    pub(crate) fn leads_to_keystone(&self, uri: &Uri) -> bool {
        self.keystones.iter().any(|keystone| is_below(uri, keystone))
    }

    pub(crate) fn standing(&self, now: Now, clock: &ServerClock, window: Duration) -> Standing {
        self.lifetime.standing(now, clock, window)
    }

    /// What is left of it, if it will not be renewed in time by itself and that is known.
    pub(crate) fn unattended_end(&self, now: Now, clock: &ServerClock) -> Option<Duration> {
        if self.renewal == Renewal::Unattended { None } else { self.lifetime.left(now, clock) }
    }

    /// What is left of it beside a service token: the allow-expired window, as long as the service's own
    /// token is there. `None`, if that helps nothing: others are renewed when they end, or its end is
    /// not known.
    pub(crate) fn left_vouched(
        &self,
        service: Option<&Lease>,
        window: Duration,
        now: Now,
        clock: &ServerClock,
    ) -> Option<Duration> {
        if self.renewal != Renewal::Never {
            return None;
        }
        let own = self.lifetime.left(now, clock)?;
        let vouched = self.lifetime.left_in_window(now, clock, window)?;
        let service = service.and_then(|service| service.unattended_end(now, clock));
        Some(service.map_or(vouched, |service| vouched.min(service.max(own))))
    }

    /// What is left of it, if others would be renewed now and this one is not.
    pub(crate) fn ending(&self, now: Now, clock: &ServerClock) -> Option<Duration> {
        let stale = self.standing(now, clock, Duration::ZERO) == Standing::Stale;
        self.unattended_end(now, clock).filter(|_| stale)
    }

    /// How long it has been held; without end for a token that was handed in.
    pub(crate) fn age(&self, now: Now) -> Duration {
        match &self.lifetime {
            Lifetime::Granted(granted) => granted.age(now),
            Lifetime::Stated { .. } | Lifetime::Unknown | Lifetime::Endless => Duration::MAX,
        }
    }

    /// Whether it has less left than that, and another one would have more.
    pub(crate) fn falls_short(&self, wanted: Duration, now: Now) -> bool {
        let Lifetime::Granted(granted) = &self.lifetime else { return false };
        let left = granted.life.saturating_sub(granted.age(now));
        left < wanted && wanted.saturating_add(self.distance) <= granted.life
    }

    /// Whether it may still vouch for another token: it must outlive the way to the receiver and
    /// the receiver's own look-up. A tenth of its life, ten seconds at the most, is kept back.
    pub(crate) fn may_vouch(&self, now: Now, clock: &ServerClock) -> bool {
        match &self.lifetime {
            Lifetime::Granted(granted) => {
                let kept = (granted.life / 10).min(Duration::from_secs(10));
                granted.age(now) < granted.life - kept
            }
            Lifetime::Stated { .. } => self.lifetime.left(now, clock) != Some(Duration::ZERO),
            Lifetime::Unknown | Lifetime::Endless => true,
        }
    }
}

fn header_values(headers: Vec<(HeaderName, Secret)>) -> Result<Vec<(HeaderName, HeaderValue)>, InputError> {
    headers.into_iter().map(|(name, value)| Ok((name, value.header()?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::UserRef;
    use crate::time::later;

    const NANO: Duration = Duration::from_nanos(1);

    fn start() -> Now {
        Now { wall: chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap(), tick: Duration::ZERO }
    }

    /// A lease that lives `life`, asked for at the start.
    fn lease(life: u64) -> Lease {
        let credential = Credential::password("http://k", UserRef::name("u"), "p").unwrap();
        let end = later(start().wall, Duration::from_secs(life + 1));
        let description =
            Description { issued_at: Some(start().wall), expires_at: Some(end), ..Default::default() };
        let token = Token { id: "t".into(), description };
        let flight = Flight { keyring: crate::keychain::KeyringId(1), number: 1 };
        let (pace, mut random) = (Pace::default(), Random::new(1));
        Lease::granted(
            flight,
            Grant::new(token),
            &credential,
            Renewal::Unattended,
            start(),
            &pace,
            &mut random,
        )
        .unwrap()
    }

    #[test]
    fn a_tenth_is_kept_back_for_vouching_and_ten_seconds_at_most() {
        let clock = ServerClock::default();
        for (life, kept) in [(50, 5), (100, 10), (3600, 10)] {
            let lease = lease(life);
            let end = Duration::from_secs(life - kept);
            assert!(lease.may_vouch(start().after(end - NANO), &clock), "{life}");
            assert!(!lease.may_vouch(start().after(end), &clock), "{life}");
        }
    }

    #[test]
    fn a_stated_voucher_ends_with_its_date() {
        let end = later(start().wall, Duration::from_secs(10));
        let lifetime = Lifetime::Stated { expires: end, trust_ends: None };
        let token = Token { id: "t".into(), description: Description::default() };
        let flight = Flight { keyring: crate::keychain::KeyringId(1), number: 1 };
        let lease = Lease::borrowed(flight, token, lifetime).unwrap();
        let mut clock = ServerClock::default();
        assert!(lease.may_vouch(start().after(Duration::from_secs(99)), &clock), "nobody knows");
        clock.compare(start().wall, crate::skew::Source::Keystone, start(), start());
        assert!(lease.may_vouch(start().after(Duration::from_secs(9) - NANO), &clock));
        assert!(!lease.may_vouch(start().after(Duration::from_secs(9)), &clock));
    }

    #[test]
    fn a_lease_falls_short_only_if_another_would_not() {
        let lease = lease(100);
        let left = |seconds: u64| start().after(Duration::from_secs(100 - seconds));
        let wanted = Duration::from_secs(30);
        assert!(!lease.falls_short(wanted, left(30)));
        assert!(lease.falls_short(wanted, left(30).after(NANO)));
        // The least distance is five seconds: what lives 100 cannot promise more than 95.
        assert!(lease.falls_short(Duration::from_secs(95), left(10)));
        assert!(!lease.falls_short(Duration::from_secs(95) + NANO, left(10)));
    }
}
