//! Services with version documents, in virtual time.

use std::collections::BTreeMap;
use std::time::Duration;

use http::{HeaderMap, Method, Response};
use keepstone_core::{
    Action, Ask, BodyKind, Broke, Call, Catalog, Cause, Dispatch, Event, Failure, Keychain, KeyringId, Now,
    Search, Session, Trouble, X_AUTH_TOKEN,
};

use crate::common::{HOUR, http_date, password, stamp, start};

pub(crate) struct World {
    pub(crate) keys: Keychain,
    pub(crate) now: Now,
    /// The catalog that the next token comes with.
    pub(crate) catalog: String,
    /// What services answer, by address.
    pub(crate) documents: BTreeMap<String, Page>,
    /// What was asked, in order: the address, and the token that went along.
    pub(crate) asked: Vec<String>,
    pub(crate) logins: u32,
}

/// What is at an address.
#[derive(Clone)]
pub(crate) enum Page {
    Answer(u16, String),
    /// Only for those who bring a token, and not this one.
    Locked(String, &'static str),
    Moved(&'static str),
    Hangs,
    TooLarge,
}

pub(crate) fn page(entries: &[(&str, &str, &str)]) -> Page {
    Page::Answer(200, document(entries))
}

/// A document of versions: id, status, and link.
pub(crate) fn document(entries: &[(&str, &str, &str)]) -> String {
    let entries: Vec<_> = entries
        .iter()
        .map(|(id, status, href)| {
            serde_json::json!({"id": id, "status": status, "links": [{"rel": "self", "href": href}],
                "min_version": "2.1", "version": "2.96"})
        })
        .collect();
    serde_json::json!({ "versions": entries }).to_string()
}

/// A catalog of one service.
pub(crate) fn listed(kind: &str, url: &str) -> String {
    let endpoint = serde_json::json!({"interface": "public", "region": "R", "url": url});
    serde_json::json!([{"type": kind, "name": kind, "endpoints": [endpoint]}]).to_string()
}

pub(crate) fn get(session: &Session) -> Call {
    Call::new(session, Method::GET, "/things".parse().unwrap(), HeaderMap::new(), BodyKind::Empty)
}

impl World {
    pub(crate) fn new(kind: &str, url: &str) -> Self {
        Self {
            keys: Keychain::new(7),
            now: start(),
            catalog: listed(kind, url),
            documents: BTreeMap::new(),
            asked: Vec::new(),
            logins: 0,
        }
    }

    pub(crate) fn with(mut self, url: &str, page: Page) -> Self {
        self.documents.insert(url.to_owned(), page);
        self
    }

    pub(crate) fn user(&mut self, name: &str) -> KeyringId {
        self.keys.add(password(name)).unwrap()
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    /// The answer to an ask.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Event {
        let uri = ask.request.uri();
        if uri.path().ends_with("/auth/tokens") {
            self.logins += 1;
            return Event::Answered(self.login());
        }
        let token = ask.request.headers().get(X_AUTH_TOKEN).map(|token| token.to_str().unwrap().to_owned());
        let with = token.as_ref().map_or(String::new(), |token| format!(" with {token}"));
        self.asked.push(format!("{uri}{with}"));
        let answer = |status: u16, body: &str| {
            Event::Answered(Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap())
        };
        let broke = |kind| Event::Broke(Broke::Waiting(Cause { kind, text: "as told".to_owned() }));
        match self.documents.get(&uri.to_string()).cloned() {
            None => answer(404, "nothing here"),
            Some(Page::Answer(status, body)) => answer(status, &body),
            Some(Page::Locked(body, refused)) => match token {
                Some(token) if token != refused => answer(200, &body),
                _ => answer(401, "who are you?"),
            },
            Some(Page::Moved(to)) => {
                let moved = Response::builder().status(302).header("location", to).body(Vec::new()).unwrap();
                Event::Answered(moved)
            }
            Some(Page::Hangs) => {
                self.pass(ask.until - self.now.tick);
                broke(Trouble::Timeout)
            }
            Some(Page::TooLarge) => broke(Trouble::Unreadable),
        }
    }

    fn login(&self) -> Response<Vec<u8>> {
        let catalog: serde_json::Value = serde_json::from_str(&self.catalog).unwrap();
        let body = serde_json::json!({"token": {
            "methods": ["password"],
            "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}},
            "project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
            "roles": [{"id": "1", "name": "member"}],
            "catalog": catalog,
            "issued_at": stamp(self.now.wall),
            "expires_at": stamp(self.now.wall + HOUR),
        }});
        Response::builder()
            .status(201)
            .header("x-subject-token", format!("t{}", self.logins))
            .header("date", http_date(self.now.wall))
            .body(body.to_string().into_bytes())
            .unwrap()
    }

    /// Runs a call to the point where its request leaves.
    pub(crate) fn send(&mut self, call: &mut Call) -> Result<Dispatch, Failure> {
        self.go_on(call, Event::Begin)
    }

    pub(crate) fn go_on(&mut self, call: &mut Call, mut event: Event) -> Result<Dispatch, Failure> {
        for _ in 0..100 {
            event = match call.next(&mut self.keys, event, self.now) {
                Action::Ask(ask) => self.answer(&ask),
                Action::Pause { until } | Action::Park { until, .. } => {
                    self.pass(until.saturating_sub(self.now.tick));
                    Event::Woke
                }
                Action::Send(mut dispatch) => {
                    if let Some(errand) = dispatch.errand.take() {
                        errand.abandon(&mut self.keys);
                    }
                    return Ok(dispatch);
                }
                Action::Fail(failure) => {
                    assert!(!call.owes(), "a failed call owes nothing");
                    return Err(failure);
                }
                other => panic!("nobody needs {other:?}"),
            };
        }
        panic!("no end: {:?}", self.asked);
    }

    /// Where a request to `/things` goes, or why it goes nowhere.
    pub(crate) fn whereto(&mut self, session: &Session) -> String {
        match self.send(&mut get(session)) {
            Ok(dispatch) => dispatch.uri.to_string(),
            Err(failure) => failure.to_string(),
        }
    }

    pub(crate) fn search(&mut self, session: &Session, search: Search) -> Result<Call, Failure> {
        let mut call = Call::search(session, search);
        self.send(&mut call)?;
        assert!(!call.owes());
        Ok(call)
    }

    /// What was asked since the last time.
    pub(crate) fn asked(&mut self) -> String {
        self.asked.drain(..).collect::<Vec<_>>().join(", ")
    }

    pub(crate) fn borrow(&mut self, name: &str) -> KeyringId {
        let catalog = Catalog::from_json(self.catalog.as_bytes()).unwrap();
        let borrowed = keepstone_core::Borrowed::new(name).catalog(catalog).project_id("p1");
        self.keys.borrow(borrowed.expires_at(self.now.wall + HOUR)).unwrap()
    }
}
