//! Where it goes: the endpoint of a call's session, and the version documents that it takes to know.

use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode, header};

use super::Call;
use super::dispatch::{Action, Ask, Broke};
use super::look::Tokens;
use crate::error::{Cause, Failure};
use crate::headers::{self, X_SERVICE_TOKEN};
use crate::identity::Renewal;
use crate::keychain::{Keychain, Reader, Reading};
use crate::lease::Lease;
use crate::service::{
    DiscoveryError, Endpoint, EndpointData, EndpointError, Found, Owner, Search, Searcher, Step, Version,
    VersionData, is_spoken,
};
use crate::session::Session;
use crate::slot::{Flight, Have, Turn};
use crate::time::Now;

/// A version document that a call fetches, or waits for while another does.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fetching {
    flight: Flight,
    leads: bool,
    /// The call can do without: it has an older one, or the catalog's word.
    spare: bool,
    until: Duration,
    /// The user's token that went along, if it can be had anew.
    renewable: Option<Flight>,
}

impl Session {
    /// As whom documents are asked for.
    pub(crate) fn reader(&self) -> Reader {
        Reader { tls: self.tls, asker: self.user.filter(|_| self.tokens) }
    }

    /// A search for `endpoint` in the catalog of a token of this session.
    pub(crate) fn searcher<'a>(
        &self,
        endpoint: &'a Endpoint,
        user: Option<&'a Lease>,
        search: Search,
    ) -> Searcher<'a> {
        let token = user.map(|lease| &lease.token.description);
        let owner = Owner {
            project: token.and_then(|token| token.project.as_ref()).map(|project| project.id.as_str()),
            user: token.and_then(|token| token.user.as_ref()).map(|user| user.id.as_str()),
            issuer: user.and_then(|lease| lease.issuer.as_ref()),
        };
        let catalog = token.and_then(|token| token.catalog.as_ref());
        let microversions = self.microversion_wanted().is_some();
        Searcher { endpoint, catalog, owner, search, microversions }
    }

    /// The microversion that is wanted.
    pub(crate) fn microversion_wanted(&self) -> Option<&str> {
        let endpoints = || self.endpoint.as_ref()?.microversion.as_deref();
        self.microversion.as_deref().or_else(endpoints)
    }
}

impl Call {
    /// A call that sends nothing to the service: it finds out where the session's endpoint is, and
    /// in which versions. A driver asks [`Call::next`] as ever; at [`crate::Action::Send`] it sends
    /// nothing, and takes [`Call::endpoint`] and [`Call::versions`].
    #[must_use]
    pub fn search(session: &Session, search: Search) -> Self {
        let call = Self::new(
            session,
            http::Method::GET,
            http::Uri::from_static("/"),
            http::HeaderMap::new(),
            super::BodyKind::Empty,
        );
        Self { search: Some(search), ..call }
    }

    /// The session's endpoint, once it is found; `None` before, and if the request's address is
    /// absolute.
    #[must_use]
    pub fn endpoint(&self) -> Option<&EndpointData> {
        self.found.as_deref().map(|found| &found.data)
    }

    /// The versions that a [`Search::Versions`] found, newest first. None, if the service has no
    /// version document.
    #[must_use]
    pub fn versions(&self) -> &[VersionData] {
        self.found.as_deref().map_or(&[], |found| &found.versions)
    }

    /// Whether the request's address is a path at the session's endpoint.
    pub(super) fn is_at_endpoint(&self) -> bool {
        self.uri.scheme().is_none() && self.uri.authority().is_none() && self.session.endpoint.is_some()
    }

    /// Refuses a demand for versions that contradicts itself, before anybody is asked for anything.
    pub(super) fn check_demand(&self) -> Result<(), Failure> {
        match &self.session.endpoint {
            Some(endpoint) if self.is_at_endpoint() => Ok(endpoint.range().map(|_| ())?),
            _ => Ok(()),
        }
    }

    /// Finds the endpoint, or says what has to be done before it can be found. It starts from the
    /// catalog of the very token that the request goes out with.
    pub(super) fn find(&mut self, keys: &mut Keychain, tokens: &Tokens, now: Now) -> Result<(), Action> {
        self.go_on_fetching(keys, tokens, now)?;
        let own = self.own_place(tokens.user.as_deref());
        let endpoint = match (own, &self.session.endpoint) {
            // Where it goes is the identity's to say: there is nothing to find.
            (Some(_), _) if self.search.is_none() => return Ok(()),
            (Some(own), _) => Arc::new(Endpoint::fixed(own.to_string())),
            (None, Some(endpoint)) if self.is_at_endpoint() => Arc::clone(endpoint),
            (None, _) => return Ok(()),
        };
        let reader = self.session.reader();
        let search = self.search.unwrap_or(Search::Address);
        let searcher = self.session.searcher(&endpoint, tokens.user.as_deref(), search);
        let step = searcher.go(|url| keys.known(reader, url, Some(now))).map_err(fail)?;
        let found = match step {
            Step::Done(found) => found,
            Step::Ask { url, otherwise } => {
                let spare = matches!(otherwise, Some(Ok(_)));
                match self.fetch(keys, tokens, &url, Have::Nothing, spare, now) {
                    Ok(error) => {
                        let nothing = || Err(EndpointError::nothing_at(&url, error));
                        otherwise.unwrap_or_else(nothing).map_err(fail)?
                    }
                    Err(action) => return Err(action),
                }
            }
        };
        self.refresh(keys, tokens, &found, now)?;
        self.found = Some(found.into());
        Ok(())
    }

    /// Has a document fetched anew that is getting old, or that denies what is wanted now.
    fn refresh(
        &mut self,
        keys: &mut Keychain,
        tokens: &Tokens,
        found: &Found,
        now: Now,
    ) -> Result<(), Action> {
        let wanted: Option<Version> = self.session.microversion_wanted().and_then(|text| text.parse().ok());
        let denied =
            found.microversions().zip(wanted).is_some_and(|(offered, wanted)| !is_spoken(offered, &wanted));
        let (url, have) = match (&found.old, &found.document) {
            (Some(url), _) if denied => (url, Have::Nothing),
            (_, Some(url)) if found.stay.is_some_and(|stay| stay.is_over(now)) => (url, Have::Alive),
            _ => return Ok(()),
        };
        if self.done.refreshed {
            return Ok(());
        }
        let fetched = self.fetch(keys, tokens, url, have, true, now).map(|_| ());
        self.done.refreshed = self.leads_document();
        fetched
    }

    /// Takes a caller's turn at a document. `Ok`: there is nothing to wait for, and why.
    fn fetch(
        &mut self,
        keys: &mut Keychain,
        tokens: &Tokens,
        url: &str,
        have: Have,
        spare: bool,
        now: Now,
    ) -> Result<Option<DiscoveryError>, Action> {
        let until = if spare { self.patience(now) } else { self.deadline() };
        if now.tick >= until {
            return Ok(None);
        }
        let (flight, leads) = match keys.document_turn(self.session.reader(), url, have, now, until) {
            Turn::Lead(flight) | Turn::Renew(flight) => (flight, true),
            Turn::Park(flight) => (flight, false),
            Turn::Pause(tick) => return Err(Action::Pause { until: tick.min(until) }),
            Turn::Fail(error) => return Ok(Some(error)),
            Turn::Use => return Ok(None),
        };
        self.fetching = Some(Fetching { flight, leads, spare, until, renewable: None });
        if !leads {
            return Err(Action::Park { flight, until });
        }
        self.go_on_fetching(keys, tokens, now)?;
        // The flight has ended at once: what became of it is on the shelf.
        Err(Action::Pause { until: now.tick })
    }

    /// A leader asks until its document is there, or is known not to be.
    fn go_on_fetching(&mut self, keys: &mut Keychain, tokens: &Tokens, now: Now) -> Result<(), Action> {
        let Some(Fetching { flight, leads: true, until, .. }) = self.fetching else {
            self.fetching = None;
            return Ok(());
        };
        match keys.lead_document(flight, now, until) {
            None => {
                self.fetching = None;
                Ok(())
            }
            Some(Reading::Wait(tick)) => Err(Action::Pause { until: tick.min(self.deadline()) }),
            Some(Reading::Ask { mut ask, with_tokens }) => {
                if with_tokens {
                    if let Err(failure) = self.carry(&mut ask, tokens, keys, now) {
                        keys.leave_document(flight);
                        self.fetching = None;
                        return Err(Action::Fail(failure));
                    }
                }
                if let Some(agent) = self.session.headers.get(header::USER_AGENT) {
                    ask.request.headers_mut().insert(header::USER_AGENT, agent.clone());
                }
                Err(Action::Ask(ask))
            }
        }
    }

    /// Puts the call's tokens on a request for a document, under the rules for the call itself.
    fn carry(&mut self, ask: &mut Ask, tokens: &Tokens, keys: &Keychain, now: Now) -> Result<(), Failure> {
        let Some(user) = &tokens.user else { return Ok(()) };
        let to_keystone = user.leads_to_keystone(ask.request.uri());
        let service = tokens.service.as_ref().filter(|_| !to_keystone);
        self.check_standing(Some(user), to_keystone, service.is_some(), now, keys.clock())?;
        let headers = ask.request.headers_mut();
        headers::carry(headers, user);
        if let Some(token) = service.and_then(|lease| lease.header.as_ref()) {
            headers.insert(X_SERVICE_TOKEN, token.clone());
        }
        if let Some(fetching) = &mut self.fetching {
            fetching.renewable = (user.renewal != Renewal::Never).then_some(user.flight);
        }
        Ok(())
    }

    /// Takes in the answer to a request for a document.
    pub(super) fn heard_document(&mut self, keys: &mut Keychain, answer: &Response<Vec<u8>>, now: Now) {
        let Some(fetching) = self.fetching else { return };
        let refused = fetching.renewable.filter(|_| answer.status() == StatusCode::UNAUTHORIZED);
        match refused {
            // The token may have been revoked: the next one is tried, once for a call.
            Some(token) if self.session.renewal && !self.done.renewed_user => {
                self.done.renewed_user = true;
                keys.refuse(token);
            }
            _ => keys.hear_document(fetching.flight, Ok(answer), now),
        }
    }

    /// A request for a document was not answered. If it is our own deadline that cut it off, that
    /// is no failure of the service's.
    pub(super) fn lost_document(&mut self, keys: &mut Keychain, broke: Broke, now: Now) {
        let Some(fetching) = self.fetching else { return };
        if fetching.spare || now.tick < fetching.until {
            let cause: Cause = broke.into_cause();
            keys.hear_document(fetching.flight, Err(cause), now);
        }
    }

    /// Whether it fetches a document that others may wait for.
    pub(super) fn leads_document(&self) -> bool {
        self.fetching.is_some_and(|fetching| fetching.leads)
    }

    pub(super) fn leave_document(&mut self, keys: &mut Keychain) {
        if let Some(Fetching { flight, leads: true, .. }) = self.fetching.take() {
            keys.leave_document(flight);
        }
    }
}

fn fail(error: EndpointError) -> Action {
    Action::Fail(error.into())
}
