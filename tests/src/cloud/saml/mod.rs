//! SAML: an identity provider, the service provider in front of Keystone (as Shibboleth is), ADFS,
//! and Keystone's own assertions for another Keystone.
//!
//! All of them live on Keystone's port, below paths of their own. Nothing is signed: an assertion
//! bears a digest of its own text, so whoever writes it anew on the way breaks it. That is stricter
//! than a signature, which survives other quotes and spaces between attributes.

mod adfs;
mod front;
mod handle;
mod identity_provider;
mod seal;
mod vouching;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{StatusCode, request::Parts};

use super::{
    knobs::Answer,
    shared::Shared,
    wire::{self, Reply},
};

pub use handle::SamlPlace;

/// The name by which Keystone knows the identity provider, and the protocol's.
pub(crate) const PROVIDER: &str = "uni";
pub(crate) const PROTOCOL: &str = "saml2";
/// Keystone's name at ADFS.
pub(crate) const ENTITY: &str = "urn:keepstone:keystone";
const PAOS: &str = "application/vnd.paos+xml";

/// What all of them remember.
#[derive(Debug, Default)]
pub(crate) struct Saml {
    /// Users by the cookie of their session at the service provider.
    sessions: BTreeMap<String, String>,
    /// What the service provider asked and was not answered yet: relay states by the question's id.
    questions: BTreeMap<String, String>,
    /// Assertions and messages that were taken in: each is good once.
    used: BTreeSet<String>,
    /// Requests so far.
    requests: BTreeMap<SamlPlace, u64>,
    /// Answers made up by a test.
    answers: BTreeMap<SamlPlace, VecDeque<Answer>>,
    /// The consumer that the identity provider names, if it is not the right one.
    misled: Option<String>,
}

/// A request, read.
struct Asked<'a> {
    shared: &'a Shared,
    head: &'a Parts,
    body: &'a [u8],
    now: DateTime<Utc>,
}

/// The answer, if the request is for one of them.
pub(crate) fn answer(shared: &Shared, head: &Parts, body: &[u8], now: DateTime<Utc>) -> Option<Reply> {
    let asked = Asked { shared, head, body, now };
    let place = place(&asked)?;
    let made_up = {
        let mut saml = shared.saml();
        *saml.requests.entry(place).or_default() += 1;
        saml.answers.get_mut(&place).and_then(VecDeque::pop_front)
    };
    if let Some(answer) = made_up {
        return Some(wire::made_up(answer));
    }
    Some(match place {
        SamlPlace::IdentityProvider => identity_provider::answer(&asked),
        SamlPlace::Adfs => adfs::answer(&asked),
        SamlPlace::Front => front::question(&asked),
        SamlPlace::Entrance => front::enter(&asked),
        SamlPlace::Consumer => front::consume(&asked),
        SamlPlace::Objection => wire::empty(StatusCode::OK),
        SamlPlace::AdfsConsumer => adfs::consume(&asked),
        SamlPlace::Vouching => vouching::answer(&asked),
    })
}

fn place(asked: &Asked<'_>) -> Option<SamlPlace> {
    let path = asked.head.uri.path();
    let fault = || asked.text().contains("Fault>");
    let place = match (asked.head.method.as_str(), path) {
        ("POST", "/Shibboleth.sso/SAML2/ECP") if fault() => SamlPlace::Objection,
        ("POST", path) => [
            SamlPlace::IdentityProvider,
            SamlPlace::Adfs,
            SamlPlace::Consumer,
            SamlPlace::AdfsConsumer,
            SamlPlace::Vouching,
        ]
        .into_iter()
        .find(|place| place.path() == path)?,
        ("GET", path) if path == SamlPlace::Front.path() => {
            if asked.session().is_some() {
                SamlPlace::Entrance
            } else {
                SamlPlace::Front
            }
        }
        _ => return None,
    };
    Some(place)
}

impl Asked<'_> {
    fn text(&self) -> &str {
        std::str::from_utf8(self.body).unwrap_or_default()
    }

    fn header(&self, name: &str) -> &str {
        wire::get(&self.head.headers, name).unwrap_or_default()
    }

    /// The user whose session's cookie came along.
    fn session(&self) -> Option<String> {
        let saml = self.shared.saml();
        let cookies = self.header("cookie").split("; ").filter_map(|pair| pair.split_once('='));
        let mut sessions = cookies.filter(|(name, _)| *name == "_shibsession_1");
        sessions.find_map(|(_, id)| saml.sessions.get(id).cloned())
    }

    /// Begins a session for a user, and sends on.
    fn welcome(&self, user: String, to: &str) -> Reply {
        let id = self.shared.keystone().dice.id();
        let mut reply = wire::empty(StatusCode::FOUND);
        wire::set(reply.headers_mut(), "location", to);
        wire::set(reply.headers_mut(), "set-cookie", &format!("_shibsession_1={id}; path=/; HttpOnly"));
        self.shared.saml().sessions.insert(id, user);
        reply
    }

    /// Whether something good for one time was not used before.
    fn first_use(&self, id: &str) -> bool {
        self.shared.saml().used.insert(id.to_owned())
    }

    /// Whether a user has this password; a wrong one goes into the books.
    fn knows(&self, user: &str, password: &str) -> bool {
        let mut keystone = self.shared.keystone();
        let known = keystone.directory.user_named(user).map(|user| user.password == password);
        if known == Some(false) {
            *keystone.wrong_passwords.entry(user.to_owned()).or_default() += 1;
        }
        known == Some(true)
    }
}

fn xml(kind: &'static str, body: String) -> Reply {
    wire::with_body(StatusCode::OK, kind, Bytes::from(body))
}

fn no(status: StatusCode, why: &str) -> Reply {
    wire::text(status, why)
}
