//! From tokens to a request: where it goes, whether it may, and what it carries.

use std::time::Duration;

use http::uri::Authority;
use http::{Method, Uri};

use super::Call;
use super::dispatch::{BodyKind, Dispatch, TlsId};
use super::judge::Sent;
use super::look::Tokens;
use crate::allow_expired::{DEFAULT_WINDOW, Hold, When, admit};
use crate::error::{Failure, InputError};
use crate::headers;
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::service::{Endpoint, Owner, absolute, join};
use crate::skew::{COMPARED_WITHIN, ServerClock};
use crate::time::Now;

impl Call {
    /// The dispatch, if it may leave at all; what went with it is remembered for the verdict.
    pub(super) fn compose(
        &mut self,
        tokens: Tokens,
        now: Now,
        clock: &ServerClock,
        pause: Duration,
    ) -> Result<Dispatch, Failure> {
        let uri = self.address(tokens.user.as_deref())?;
        self.check_fixed(tokens.user.as_deref(), &uri)?;
        let leases = tokens.user.iter().chain(&tokens.service);
        let to_keystone = leases.into_iter().any(|lease| lease.leads_to_keystone(&uri));
        let holder = tokens.user.filter(|_| self.session.tokens);
        let user = holder.as_deref();
        let service = tokens.service.filter(|_| user.is_some() && !to_keystone);
        self.check_standing(user, to_keystone, service.is_some(), now, clock)?;
        headers::check(&self.headers, user, service.is_some())?;

        let headers = headers::compose(&self.headers, &self.session.headers, user, service.as_deref());
        let wants_date = user.is_some_and(|lease| {
            matches!(lease.lifetime, Lifetime::Stated { .. })
                && (clock.older_than(COMPARED_WITHIN, now) || !clock.is_sure(now))
        });
        let vouching = self.session.vouching.as_ref();
        // What is bound to a certificate goes on its connections, unless the session names others.
        let bound = user.filter(|lease| lease.bound && self.session.tls == TlsId::default());
        let tls = bound.map_or(self.session.tls, |lease| lease.tls);
        let standby = service.is_none() && !to_keystone && vouching.is_some_and(|v| v.when != When::Never);
        self.sent =
            Some(Sent { at: now, to: uri.clone(), user: holder, service, standby, wants_date, pause });
        Ok(Dispatch {
            method: if self.probe { Method::HEAD } else { self.method.clone() },
            uri,
            headers,
            with_body: !self.probe && self.body != BodyKind::Empty,
            expect_continue: !self.probe && self.body.streams(),
            tls,
            until: self.until_of_dispatch(),
            errand: None,
        })
    }

    /// A streamed body may take its time, unless the caller set a deadline; the default one
    /// starts anew when it has been sent.
    fn until_of_dispatch(&mut self) -> Option<Duration> {
        if self.body.streams() && !self.probe && self.session.deadline.is_none() {
            self.until = None;
        }
        self.until
    }

    fn address(&self, user: Option<&Lease>) -> Result<Uri, Failure> {
        let text = self.uri.to_string();
        if let Some(uri) = absolute(&text) {
            return Ok(uri);
        }
        // `container` by itself reads as a host, and its path as nothing: the endpoint's own root.
        if self.uri.authority().is_some() {
            return Err(InputError::NotAPath(text).into());
        }
        let path_alone = || InputError::NoEndpoint(self.uri.path().to_owned());
        let path = self.uri.path_and_query().map_or("", |path| path.as_str());
        let endpoint = self.session.endpoint.as_deref();
        let own = user.and_then(|lease| lease.endpoint.as_ref());
        // An address that the session states comes first; a listed one needs a catalog.
        if let (Some(own), None | Some(Endpoint::Listed(_))) = (own, endpoint) {
            return Ok(join(&own.to_string(), path)?);
        }
        let endpoint = endpoint.ok_or_else(path_alone)?;
        let token = user.map(|lease| &lease.token.description);
        let owner = Owner {
            project: token.and_then(|token| token.project.as_ref()).map(|project| project.id.as_str()),
            user: token.and_then(|token| token.user.as_ref()).map(|user| user.id.as_str()),
        };
        let base = endpoint.resolve(token.and_then(|token| token.catalog.as_ref()), owner)?;
        Ok(join(&base, path)?)
    }

    /// What an identity without a login is not for: a certificate in place of a token is Keystone's
    /// alone to judge, and what cannot expire needs nobody to vouch for it.
    fn check_fixed(&self, user: Option<&Lease>, uri: &Uri) -> Result<(), InputError> {
        let Some(user) = user.filter(|user| user.lifetime == Lifetime::Endless) else { return Ok(()) };
        if self.session.vouching.as_ref().is_some_and(|vouching| vouching.when != When::Never) {
            return Err(InputError::NothingToVouchFor);
        }
        if user.keystones.is_empty() {
            return Ok(());
        }
        let listed_elsewhere =
            self.uri.authority().is_none()
                && self.session.endpoint.as_deref().is_some_and(|endpoint| {
                    matches!(endpoint, Endpoint::Listed(_)) && !endpoint.is_identity()
                });
        if listed_elsewhere {
            return Err(InputError::TokenlessElsewhere("another service of the catalog".to_owned()));
        }
        if user.leads_to_keystone(uri) {
            return Ok(());
        }
        let (scheme, authority) = (uri.scheme_str(), uri.authority().map(Authority::as_str));
        let origin = format!("`{}://{}`", scheme.unwrap_or_default(), authority.unwrap_or_default());
        Err(InputError::TokenlessElsewhere(origin))
    }

    fn check_standing(
        &self,
        user: Option<&Lease>,
        to_keystone: bool,
        vouched: bool,
        now: Now,
        clock: &ServerClock,
    ) -> Result<(), Failure> {
        let Some(user) = user else { return Ok(()) };
        let window = self.session.vouching.as_ref().map_or(DEFAULT_WINDOW, |vouching| vouching.window);
        let ago = || user.lifetime.expired_for(now, clock);
        admit(user.standing(now, clock, window), to_keystone, vouched).map_err(|hold| match hold {
            Hold::Unvouched => Failure::UserExpired { ago: ago() },
            Hold::WindowOver => Failure::WindowOver { ago: ago() },
            Hold::Keystone => Failure::ExpiredForKeystone,
        })
    }
}
