//! From tokens to a request: where it goes, whether it may, and what it carries.

use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, Method, Uri};

use super::Call;
use super::dispatch::{BodyKind, Dispatch, TlsId};
use super::judge::Sent;
use super::look::Tokens;
use crate::allow_expired::{DEFAULT_WINDOW, Hold, When, admit};
use crate::error::{Failure, InputError};
use crate::headers;
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::service::{Endpoint, absolute, ask_for, join};
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
        if self.search.is_some() {
            return Ok(self.nothing_to_send(uri));
        }
        self.check_fixed(tokens.user.as_deref(), &uri)?;
        let leases = tokens.user.iter().chain(&tokens.service);
        let to_keystone = leases.into_iter().any(|lease| lease.leads_to_keystone(&uri));
        let holder = tokens.user.filter(|_| self.session.tokens);
        let user = holder.as_deref();
        let service = tokens.service.filter(|_| user.is_some() && !to_keystone);
        self.check_standing(user, to_keystone, service.is_some(), now, clock)?;
        headers::check(&self.headers, user, service.is_some())?;

        let mut headers = headers::compose(&self.headers, &self.session.headers, user, service.as_deref());
        self.name_microversion(&mut headers)?;
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
        if let Some(own) = self.own_place(user) {
            return Ok(join(&own.to_string(), path)?);
        }
        let found = self.found.as_ref().ok_or_else(path_alone)?;
        Ok(join(&found.data.url, path)?)
    }

    /// Where calls of this identity go, if that is its own to say: an address that the session states
    /// comes first, and a listed one would need a catalog.
    pub(super) fn own_place<'a>(&self, user: Option<&'a Lease>) -> Option<&'a Uri> {
        let own = user.and_then(|lease| lease.endpoint.as_ref());
        own.filter(|_| self.session.endpoint.as_deref().is_none_or(Endpoint::is_listed))
    }

    fn name_microversion(&self, headers: &mut HeaderMap) -> Result<(), Failure> {
        let Some(microversion) = self.session.microversion_wanted() else { return Ok(()) };
        let kind = self.session.endpoint.as_ref().and_then(|endpoint| endpoint.kind());
        let offered = self.found.as_ref().and_then(|found| found.microversions());
        Ok(ask_for(headers, microversion, kind, offered)?)
    }

    /// The end of a search: nothing is to be judged, and nothing to be sent.
    fn nothing_to_send(&mut self, uri: Uri) -> Dispatch {
        self.sent = None;
        Dispatch {
            method: Method::GET,
            uri,
            headers: HeaderMap::new(),
            with_body: false,
            expect_continue: false,
            tls: self.session.tls,
            until: self.until,
            errand: None,
        }
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
        let endpoint = self.session.endpoint.as_deref().filter(|_| self.is_at_endpoint());
        if endpoint.is_some_and(|endpoint| endpoint.is_listed() && !endpoint.is_identity()) {
            return Err(InputError::TokenlessElsewhere("another service of the catalog".to_owned()));
        }
        if user.leads_to_keystone(uri) {
            return Ok(());
        }
        let (scheme, authority) = (uri.scheme_str(), uri.authority().map(Authority::as_str));
        let origin = format!("`{}://{}`", scheme.unwrap_or_default(), authority.unwrap_or_default());
        Err(InputError::TokenlessElsewhere(origin))
    }

    pub(super) fn check_standing(
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
