//! From tokens to a request: where it goes, whether it may, and what it carries.

use std::time::Duration;

use http::{Method, Uri};

use super::Call;
use super::dispatch::{BodyKind, Dispatch};
use super::judge::Sent;
use super::look::Tokens;
use crate::allow_expired::{DEFAULT_WINDOW, Hold, When, admit};
use crate::error::{Failure, InputError};
use crate::headers;
use crate::lease::Lease;
use crate::lifetime::Lifetime;
use crate::service::{Catalog, Owner, absolute, join};
use crate::skew::ServerClock;
use crate::time::Now;

/// A clock comparison older than this is repeated when a call depends on it.
const COMPARED_WITHIN: Duration = Duration::from_secs(600);

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
        let to_keystone = is_keystone(&uri, tokens.user.as_deref(), tokens.service.as_deref());
        let holder = tokens.user.filter(|_| self.session.tokens);
        let user = holder.as_deref();
        let service = tokens.service.filter(|_| user.is_some() && !to_keystone);
        self.check_standing(user, to_keystone, service.is_some(), now, clock)?;
        headers::check(&self.headers, user.is_some(), service.is_some())?;

        let headers = headers::compose(&self.headers, &self.session.headers, user, service.as_deref());
        let wants_date = user.is_some_and(|lease| {
            matches!(lease.lifetime, Lifetime::Stated { .. }) && clock.older_than(COMPARED_WITHIN, now)
        });
        let vouching = self.session.vouching.as_ref();
        let standby = service.is_none() && !to_keystone && vouching.is_some_and(|v| v.when != When::Never);
        self.sent =
            Some(Sent { at: now, to: uri.clone(), user: holder, service, standby, wants_date, pause });
        Ok(Dispatch {
            method: if self.probe { Method::HEAD } else { self.method.clone() },
            uri,
            headers,
            with_body: !self.probe && self.body != BodyKind::Empty,
            expect_continue: !self.probe && self.body.streams(),
            tls: self.session.tls,
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
        let endpoint = self.session.endpoint.as_ref().ok_or(InputError::NoEndpoint(text))?;
        let token = user.map(|lease| &lease.token.description);
        let owner = Owner {
            project: token.and_then(|token| token.project.as_ref()).map(|project| project.id.as_str()),
            user: token.and_then(|token| token.user.as_ref()).map(|user| user.id.as_str()),
        };
        let base = endpoint.resolve(token.and_then(|token| token.catalog.as_ref()), owner)?;
        let path = self.uri.path_and_query().map_or("", |path| path.as_str());
        Ok(join(&base, path)?)
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

/// Whether an address is Keystone's own API: below what we log in at, or what a catalog lists
/// as identity service.
fn is_keystone(uri: &Uri, user: Option<&Lease>, service: Option<&Lease>) -> bool {
    let issuers = user.into_iter().chain(service).filter_map(|lease| lease.issuer.as_ref());
    let listed =
        user.and_then(|lease| lease.token.description.catalog.as_ref()).into_iter().flat_map(identity);
    issuers
        .map(|issuer| is_below(uri, issuer))
        .chain(listed.map(|url| url.parse().is_ok_and(|base| is_below(uri, &base))))
        .any(|below| below)
}

fn identity(catalog: &Catalog) -> impl Iterator<Item = &str> {
    let identities = catalog.services.iter().filter(|service| service.kind == "identity");
    identities.flat_map(|service| &service.endpoints).map(|endpoint| endpoint.url.as_str())
}

/// Whether `uri` is on the same origin as `base` and below its path, versions aside. A Keystone at
/// the root of its origin owns the paths of its versions only: others may live beside it.
fn is_below(uri: &Uri, base: &Uri) -> bool {
    let root = base.path().trim_end_matches('/');
    let root = root.strip_suffix("/v3").or_else(|| root.strip_suffix("/v2.0")).unwrap_or(root);
    let Some(rest) = uri.path().strip_prefix(root) else { return false };
    let under = |version: &str| {
        rest.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    uri.scheme() == base.scheme()
        && uri.authority() == base.authority()
        && (rest.is_empty() || rest == "/" || under("/v3") || under("/v2.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keystone_is_known_by_its_address() {
        let below = |uri: &str, base: &str| is_below(&uri.parse().unwrap(), &base.parse().unwrap());
        for (uri, base, expected) in [
            ("http://h:5000/v3/auth/tokens", "http://h:5000/v3", true),
            ("http://h:5000/v3", "http://h:5000/v3/", true),
            ("http://h:5000/", "http://h:5000", true),
            ("http://H:5000/v3/users", "http://h:5000/v3", true),
            ("http://h/identity/v3/users", "http://h/identity", true),
            ("http://h:5000/v3", "https://h:5000/v3", false),
            ("http://h:8776/v3/p/volumes", "http://h:5000/v3", false),
            ("http://h/identity2/v3/users", "http://h/identity", false),
            ("http://h/volume/v3/p", "http://h/identity/v3", false),
            ("http://h/volume/v3/p", "http://h/v3", false),
            ("http://h:5000/v30", "http://h:5000/v3", false),
        ] {
            assert_eq!(below(uri, base), expected, "{uri} below {base}");
        }
    }
}
