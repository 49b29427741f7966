// What the cases work with: a client of the rig, and what Keystone and the service say of its tokens.
// Compiled once for each transport; `super` is the transport, under one set of names.

use std::collections::BTreeSet;
use std::error::Error;
use std::fs::read;
use std::sync::{Arc, Mutex, MutexGuard};

use http::{Request, StatusCode};
use keepstone_core::{Endpoint, LoginError, Scope, TlsId};
use keepstone_tests::openstack::{KeyPair, Stack};
use serde_json::{Value, json};

use super::{
    Answer, Client, Credential, Failure, Inquiry, Notice, Proxy, Secret, Session, Tls, asking, headers_lent,
    send,
};
use crate::{RIG, alone_with_trusts, ways};

/// A client whose notices are kept.
pub(super) struct World {
    pub(super) stack: &'static Stack,
    pub(super) client: Client,
    /// The connections that show the certificate of `mtls`.
    pub(super) mtls: TlsId,
    /// Those that show the one of nova by which it needs no token.
    pub(super) tokenless: TlsId,
    pub(super) notices: Arc<Mutex<Vec<Notice>>>,
}

impl World {
    pub(super) fn new() -> Self {
        let stack = &RIG.stack;
        let trusting = || Tls::new().authority(read(&stack.tls.authority).unwrap());
        let showing = |pair: &KeyPair| {
            let key = String::from_utf8(read(&pair.key).unwrap()).unwrap();
            trusting().identity(read(&pair.certificate).unwrap(), key)
        };
        let notices = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&notices);
        let mut builder = Client::builder()
            .proxy(Proxy::None)
            .tls(trusting())
            .on_notice(move |notice| heard.lock().unwrap().push(notice.clone()));
        let mtls = builder.add_tls(showing(&stack.tls.mtls));
        let tokenless = builder.add_tls(showing(&stack.tls.tokenless));
        Self { stack, client: builder.build().unwrap(), mtls, tokenless, notices }
    }

    pub(super) fn log_in(&self, credential: Credential) -> Session {
        self.client.identity(credential).unwrap().session()
    }

    pub(super) fn log_in_asking(
        &self,
        credential: Credential,
        answerer: impl Fn(&Inquiry) -> Result<Secret, String> + Send + Sync + 'static,
    ) -> Session {
        asking(&self.client, credential, answerer).session()
    }

    pub(super) fn alice(&self) -> Session {
        self.log_in(ways::password(self.stack, &self.stack.users.alice))
    }

    /// Keystone by its plain address, which tokens without a catalog need.
    pub(super) fn keystone(&self, session: &Session) -> Session {
        session.clone().at(Endpoint::fixed(self.stack.auth_url.as_str()))
    }

    pub(super) fn echo(&self, session: &Session) -> Session {
        session.clone().at(Endpoint::fixed(self.stack.echo_url.as_str()))
    }

    /// What Keystone says of the session's token, asked with that token.
    pub(super) fn told(&self, session: &Session) -> Value {
        told_by(&self.keystone(session))
    }

    /// The same, asked by nova, as a service asks.
    pub(super) fn told_to_nova(&self, session: &Session) -> Value {
        let nova = self.log_in(ways::password(self.stack, &self.stack.users.nova));
        told_to(&self.keystone(&nova), &self.keystone(session))
    }

    /// Asserts what Keystone says of a token, and that a service sees the same; returns the former.
    pub(super) fn proves(&self, session: &Session, expected: &Expected<'_>) -> Value {
        self.proves_what_is_told(session, self.told(session), expected)
    }

    pub(super) fn proves_what_is_told(
        &self,
        session: &Session,
        told: Value,
        expected: &Expected<'_>,
    ) -> Value {
        expected.assert(&told);
        let seen = match expected.scope {
            Scoped::Project(_) => seen(&session.clone().at(Endpoint::of("volumev3")), "/volumes"),
            _ => seen(&self.echo(session), "/somewhere"),
        };
        assert_eq!(seen["x-identity-status"], "Confirmed", "{seen}");
        assert_same(&told, &seen);
        told
    }

    /// How many tokens were issued, and whether a service refused any.
    pub(super) fn issued_and_refused(&self) -> (usize, bool) {
        let notices = self.notices.lock().unwrap();
        let issued = notices.iter().filter(|notice| matches!(notice, Notice::Issued { .. })).count();
        (issued, notices.iter().any(|notice| matches!(notice, Notice::Refused { .. })))
    }
}

/// What Keystone, where this session leads, says of its token.
pub(super) fn told_by(session: &Session) -> Value {
    told_to(session, session)
}

fn told_to(asking: &Session, subject: &Session) -> Value {
    json_of(send(asking, about_token_of(subject)))["token"].take()
}

/// The question what this session's token is. Access rules are told only to those who know of them.
pub(super) fn about_token_of(session: &Session) -> Request<String> {
    let token = headers_lent(session)["x-auth-token"].clone();
    let about = Request::get("/auth/tokens").header("X-Subject-Token", token);
    about.header("OpenStack-Identity-Access-Rules", "1.0").body(String::new()).unwrap()
}

/// What is expected of a token.
pub(super) struct Expected<'a> {
    pub(super) user: &'a str,
    pub(super) methods: &'a [&'a str],
    pub(super) scope: Scoped<'a>,
    pub(super) roles: &'a [&'a str],
}

/// What a token is good for: a project by name, for one.
#[derive(Clone, Copy)]
pub(super) enum Scoped<'a> {
    Project(&'a str),
    Domain(&'a str),
    System,
    Nothing,
}

impl Expected<'_> {
    /// Asserts that this is what Keystone says.
    pub(super) fn assert(&self, told: &Value) {
        assert_eq!(told["user"]["name"], *self.user, "{told}");
        assert_eq!(names(&told["methods"], Value::as_str), BTreeSet::from_iter(self.methods.iter().copied()));
        let (mut project, mut domain, mut system) = (Value::Null, Value::Null, Value::Null);
        match self.scope {
            Scoped::Project(name) => project = json!(name),
            Scoped::Domain(name) => domain = json!(name),
            Scoped::System => system = json!(true),
            Scoped::Nothing => {}
        }
        assert_eq!((&told["project"]["name"], &told["domain"]["name"]), (&project, &domain), "{told}");
        assert_eq!(told["system"]["all"], system, "{told}");
        let roles = names(&told["roles"], |role| role["name"].as_str());
        assert_eq!(roles, BTreeSet::from_iter(self.roles.iter().copied()));
    }
}

/// A list without its order: Keystone has none for these.
fn names<'a>(list: &'a Value, name: impl Fn(&'a Value) -> Option<&'a str>) -> BTreeSet<&'a str> {
    list.as_array().into_iter().flatten().map(|one| name(one).unwrap()).collect()
}

/// Asserts that the service saw whom Keystone meant.
pub(super) fn assert_same(told: &Value, seen: &Value) {
    for (header, meant) in [
        ("x-user-id", &told["user"]["id"]),
        ("x-user-name", &told["user"]["name"]),
        ("x-project-id", &told["project"]["id"]),
        ("x-domain-id", &told["domain"]["id"]),
    ] {
        assert_eq!(&seen[header], meant, "{header}");
    }
    let system = if told["system"]["all"] == true { json!("all") } else { Value::Null };
    assert_eq!(seen["openstack-system-scope"], system);
    let roles = seen["x-roles"].as_str().unwrap_or_default().split(',').filter(|role| !role.is_empty());
    assert_eq!(roles.collect::<BTreeSet<_>>(), names(&told["roles"], |role| role["name"].as_str()));
}

pub(super) fn get(session: &Session, path: &str) -> Result<Answer, Failure> {
    send(session, Request::get(path).body(String::new()).unwrap())
}

/// The identity headers that the service saw.
pub(super) fn seen(session: &Session, path: &str) -> Value {
    json_of(get(session, path))["identity"].take()
}

pub(super) fn json_of(answer: Result<Answer, Failure>) -> Value {
    let answer = answer.unwrap_or_else(|failure| panic!("{}", chain(&failure)));
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// Why a login came to nothing.
pub(super) fn login_error(session: &Session) -> LoginError {
    match get(session, "/somewhere") {
        Err(Failure::Login { source, .. } | Failure::Ended { source, .. }) => source,
        Err(other) => panic!("{other:?}"),
        Ok(answer) => panic!("{} {}", answer.status, answer.body),
    }
}

/// An error with all its causes, as a reader sees it.
pub(super) fn chain(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// A trust by which nova acts as alice in `demo`, as a `member`. There is one at a time.
pub(super) struct Trust {
    pub(super) id: String,
    trustor: String,
    alice: Session,
    before: Vec<String>,
    _alone: MutexGuard<'static, ()>,
}

impl Trust {
    pub(super) fn new(world: &World) -> Self {
        let alone = alone_with_trusts();
        let users = &world.stack.users;
        let alice = world.alice().at(Endpoint::of("identity"));
        let trustor = users.alice.id.clone();
        let before = trusts(&alice, &trustor);
        let trust = json!({"trust": {
            "trustor_user_id": users.alice.id, "trustee_user_id": users.nova.id,
            "project_id": users.alice.project.id, "impersonation": true, "roles": [{"name": "member"}],
        }});
        let request = Request::post("/OS-TRUST/trusts").header("Content-Type", "application/json");
        let made = json_of(send(&alice, request.body(trust.to_string()).unwrap()));
        let id = made["trust"]["id"].as_str().unwrap().to_owned();
        Self { id, trustor, alice, before, _alone: alone }
    }

    pub(super) fn credential(&self, world: &World) -> Credential {
        ways::password(world.stack, &world.stack.users.nova).scope(Scope::Trust(self.id.clone()))
    }

    /// Takes it back, and looks whether the list is what it was.
    pub(super) fn end(self) {
        let listed = || trusts(&self.alice, &self.trustor);
        assert!(listed().contains(&self.id));
        let gone = Request::delete(format!("/OS-TRUST/trusts/{}", self.id)).body(String::new()).unwrap();
        assert_eq!(send(&self.alice, gone).unwrap().status, StatusCode::NO_CONTENT);
        assert_eq!(listed(), self.before);
    }
}

/// Those that alice has given.
fn trusts(alice: &Session, trustor: &str) -> Vec<String> {
    let listed = json_of(get(alice, &format!("/OS-TRUST/trusts?trustor_user_id={trustor}")));
    let id = |trust: &Value| trust["id"].as_str().unwrap().to_owned();
    let mut ids: Vec<_> = listed["trusts"].as_array().unwrap().iter().map(id).collect();
    ids.sort();
    ids
}
