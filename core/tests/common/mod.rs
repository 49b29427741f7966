//! What core's tests share: virtual clocks, answers as Keystone writes them, and a driver that
//! follows a script.
#![allow(dead_code, unreachable_pub, reason = "a module of several test crates, each of which uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderMap, Method, Response, StatusCode};
use keepstone_core::{
    Action, BodyKind, Borrowed, Call, Catalog, Credential, Dispatch, ErrandStep, Event, Failure, Head,
    Keychain, Now, Refusal, Scope, Session, UserRef, Verdict, X_AUTH_TOKEN, X_SERVICE_TOKEN,
};

pub const AUTH_URL: &str = "http://keystone:5000/v3";
pub const MILLI: Duration = Duration::from_millis(1);
pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);

/// The instant at which all tests begin: a whole second of the calendar.
pub fn start() -> Now {
    Now { wall: DateTime::from_timestamp(1_800_000_000, 0).unwrap(), tick: Duration::from_secs(1000) }
}

pub fn after(span: Duration) -> Now {
    Now { wall: start().wall + span, tick: start().tick + span }
}

pub fn password(user: &str) -> Credential {
    let credential = Credential::password(AUTH_URL, UserRef::name(user), "s3cr3t").unwrap();
    credential.scope(Scope::project("demo"))
}

pub fn stamp(date: DateTime<Utc>) -> String {
    date.to_rfc3339_opts(SecondsFormat::Micros, true)
}

pub fn http_date(date: DateTime<Utc>) -> String {
    date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

pub const CATALOG: &str = r#"[
  {"type":"identity","name":"keystone","endpoints":[{"interface":"public","region":"R","url":"http://keystone:5000/v3"}]},
  {"type":"volumev3","name":"cinderv3","endpoints":[{"interface":"public","region":"R","url":"http://volume:8776/v3/p1"}]}]"#;

pub fn catalog() -> Catalog {
    Catalog::from_json(CATALOG.as_bytes()).unwrap()
}

/// Keystone's answer to a login: a token of this name, issued now, for so many seconds.
pub fn granted(name: &str, now: Now, seconds: u64, roles: &[&str]) -> Response<Vec<u8>> {
    let roles: Vec<_> = roles.iter().map(|role| serde_json::json!({"id": role, "name": role})).collect();
    let body = serde_json::json!({"token": {
        "methods": ["password"],
        "user": {"id": "u1", "name": "alice", "domain": {"id": "default", "name": "Default"}},
        "project": {"id": "p1", "name": "demo", "domain": {"id": "default", "name": "Default"}},
        "roles": roles,
        "catalog": serde_json::from_str::<serde_json::Value>(CATALOG).unwrap(),
        "issued_at": stamp(now.wall),
        "expires_at": stamp(now.wall + Duration::from_secs(seconds)),
    }});
    Response::builder()
        .status(201)
        .header("x-subject-token", name)
        .header("date", http_date(now.wall))
        .body(body.to_string().into_bytes())
        .unwrap()
}

pub fn answer(status: u16, body: &str) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap()
}

pub fn refused() -> Response<Vec<u8>> {
    answer(
        401,
        r#"{"error":{"code":401,"message":"The request you have made requires authentication.","title":"Unauthorized"}}"#,
    )
}

pub fn get(session: &Session) -> Call {
    Call::new(
        session,
        Method::GET,
        "http://volume:8776/v3/p1/volumes".parse().unwrap(),
        HeaderMap::new(),
        BodyKind::Empty,
    )
}

pub fn borrowed(name: &str) -> Borrowed {
    Borrowed::new(name).catalog(catalog()).project_id("p1")
}

/// Which tokens a dispatch carries, as `user+service`.
pub fn carried(dispatch: &Dispatch) -> String {
    let text =
        |name| dispatch.headers.get(name).map_or("-", |value: &http::HeaderValue| value.to_str().unwrap());
    format!("{}+{}", text(X_AUTH_TOKEN), text(X_SERVICE_TOKEN))
}

/// One call at a time against a Keystone and a service that do what they are told.
pub struct Scripted {
    pub keys: Keychain,
    pub now: Now,
    pub life: u64,
    pub roles: Vec<&'static str>,
    /// What happened, step by step.
    pub log: Vec<String>,
    pub asked: u32,
}

/// How a scripted call ended.
#[derive(Debug, PartialEq)]
pub enum End {
    Delivered(u16, Option<Refusal>),
    Failed(Failure),
}

impl Scripted {
    pub fn new(keys: Keychain) -> Self {
        Self { keys, now: start(), life: 3601, roles: vec!["member", "service"], log: Vec::new(), asked: 0 }
    }

    pub fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    /// Runs a call; the service answers with these, and with 200 when they are used up.
    pub fn run(&mut self, call: &mut Call, statuses: &[u16]) -> End {
        let mut statuses = statuses.iter().copied();
        let mut event = Event::Begin;
        for _ in 0..50 {
            event = match call.next(&mut self.keys, event, self.now) {
                Action::Ask(ask) => Event::Answered(self.keystone(ask.request.uri().path())),
                Action::Pause { until } => {
                    let span = until.saturating_sub(self.now.tick);
                    self.log.push(format!("pause {span:?}"));
                    self.pass(span);
                    Event::Woke
                }
                Action::Send(dispatch) => {
                    let body = if dispatch.with_body { " with its body" } else { "" };
                    let verb = if dispatch.method == Method::GET { "send" } else { dispatch.method.as_str() };
                    self.log.push(format!("{verb} {}{body}", carried(&dispatch)));
                    self.run_errand(dispatch);
                    let status = statuses.next().unwrap_or(200);
                    let head = Head {
                        status: StatusCode::from_u16(status).unwrap(),
                        headers: &HeaderMap::new(),
                        touched: true,
                    };
                    match call.judge(head, self.now) {
                        Verdict::Deliver(refusal) => {
                            call.abandon(&mut self.keys);
                            return self.end(End::Delivered(status, refusal));
                        }
                        Verdict::Again => {
                            self.log.push(format!("{status}, again"));
                            Event::Again
                        }
                    }
                }
                Action::Fail(failure) => return self.end(End::Failed(failure)),
                other => panic!("a single caller is never told to {other:?}"),
            };
        }
        panic!("no end: {:#?}", self.log);
    }

    fn run_errand(&mut self, dispatch: Dispatch) {
        let Some(mut errand) = dispatch.errand else { return };
        let mut event = Event::Begin;
        while let ErrandStep::Ask(ask) = errand.next(&mut self.keys, event, self.now) {
            event = Event::Answered(self.keystone(ask.request.uri().path()));
        }
    }

    fn keystone(&mut self, path: &str) -> Response<Vec<u8>> {
        assert_eq!(path, "/v3/auth/tokens");
        self.asked += 1;
        self.log.push(format!("ask for t{}", self.asked));
        granted(&format!("t{}", self.asked), self.now, self.life, &self.roles)
    }

    fn end(&mut self, end: End) -> End {
        self.log.push(match &end {
            End::Delivered(status, refusal) => format!("deliver {status} {refusal:?}"),
            End::Failed(failure) => format!("fail: {failure:?}"),
        });
        end
    }

    /// The log since the last time, as one line.
    pub fn story(&mut self) -> String {
        self.log.drain(..).collect::<Vec<_>>().join("; ")
    }
}
