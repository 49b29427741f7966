//! A desk at which logins are answered by a script, one caller at a time: what is asked is written
//! down word for word.
#![allow(dead_code, unreachable_pub, reason = "a module of several test crates, each of which uses a part")]

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use http::{HeaderMap, Response, StatusCode};
use keepstone_core::{
    Action, Ask, Broke, Call, Cause, Credential, Dispatch, Event, Failure, Head, Keychain, KeyringId, Now,
    Question, Refusal, Reply, Secret, Session, Trouble, Verdict,
};

use crate::common::{get, granted, start};

/// What becomes of a question.
#[derive(Debug)]
pub enum Fate {
    Answered(Response<Vec<u8>>),
    /// It left, and no answer came.
    Lost,
    /// It never left.
    Unsent,
    /// Whoever asked goes away before the answer comes.
    Deserted,
}

/// How a call ended.
#[derive(Debug)]
pub enum End {
    /// It went out, and was answered like this.
    Sent(Dispatch, u16, Option<Refusal>),
    Failed(Failure),
    Deserted,
}

pub struct Desk {
    pub keys: Keychain,
    pub now: Now,
    /// What was asked, of anybody.
    pub asked: Vec<String>,
    /// What becomes of the next questions; when these are used up, tokens `t1`, `t2`… are granted.
    pub fates: VecDeque<Fate>,
    /// What is told to those who ask for it.
    pub told: VecDeque<Result<&'static str, String>>,
    /// What is supplied to identities that were added without a credential.
    pub supplied: VecDeque<Credential>,
    pub life: u64,
    granted: u32,
}

impl Desk {
    pub fn new() -> Self {
        Self {
            keys: Keychain::new(42),
            now: start(),
            asked: Vec::new(),
            fates: VecDeque::new(),
            told: VecDeque::new(),
            supplied: VecDeque::new(),
            life: 3601,
            granted: 0,
        }
    }

    pub fn add(&mut self, credential: Credential) -> KeyringId {
        self.keys.add(credential).expect("it contradicts itself")
    }

    pub fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    /// A call of this identity to the volume service, which answers 200.
    pub fn call(&mut self, user: KeyringId) -> End {
        self.run(get(&Session::of(user)), 200)
    }

    /// What a call fails with.
    pub fn failure(&mut self, user: KeyringId) -> Failure {
        match self.call(user) {
            End::Failed(failure) => failure,
            other => panic!("{other:?}"),
        }
    }

    /// The headers with which a call goes out.
    pub fn headers(&mut self, user: KeyringId) -> HeaderMap {
        match self.call(user) {
            End::Sent(dispatch, ..) => dispatch.headers,
            other => panic!("{other:?}"),
        }
    }

    pub fn run(&mut self, mut call: Call, status: u16) -> End {
        let mut event = Event::Begin;
        for _ in 0..100 {
            event = match call.next(&mut self.keys, event, self.now) {
                Action::Ask(ask) => match self.ask(&ask) {
                    Some(event) => event,
                    None => {
                        call.abandon(&mut self.keys);
                        return End::Deserted;
                    }
                },
                Action::Consult { question: Question::Inquiry { inquiry, .. }, .. } => {
                    self.asked.push(format!("{inquiry:?}"));
                    let told = self.told.pop_front().unwrap_or(Err("nobody is there".to_owned()));
                    Event::Told(Reply::Answer(told.map(Secret::from)))
                }
                Action::Consult { question: Question::Credential { .. }, .. } => {
                    let supplied = self.supplied.pop_front().ok_or_else(|| "nobody is there".to_owned());
                    Event::Told(Reply::Credential(supplied.map(Box::new)))
                }
                Action::Pause { until } => {
                    self.pass(until.saturating_sub(self.now.tick));
                    Event::Woke
                }
                Action::Send(dispatch) => return self.send(call, dispatch, status),
                Action::Fail(failure) => return End::Failed(failure),
                other => panic!("a single caller is never told to {other:?}"),
            };
        }
        panic!("no end: {:#?}", self.asked);
    }

    fn send(&mut self, mut call: Call, mut dispatch: Dispatch, status: u16) -> End {
        if let Some(errand) = dispatch.errand.take() {
            errand.abandon(&mut self.keys);
        }
        let head =
            Head { status: StatusCode::from_u16(status).unwrap(), headers: &HeaderMap::new(), touched: true };
        match call.judge(head, self.now) {
            Verdict::Deliver(refusal) => {
                call.abandon(&mut self.keys);
                End::Sent(dispatch, status, refusal)
            }
            Verdict::Again => panic!("sent once only"),
        }
    }

    fn ask(&mut self, ask: &Ask) -> Option<Event> {
        self.asked.push(show(ask));
        let cause = |kind| Cause { kind, text: "so it is".to_owned() };
        Some(match self.fates.pop_front() {
            Some(Fate::Answered(answer)) => Event::Answered(answer),
            Some(Fate::Lost) => Event::Broke(Broke::Waiting(cause(Trouble::Broken))),
            Some(Fate::Unsent) => Event::Broke(Broke::Unsent(cause(Trouble::Connect))),
            Some(Fate::Deserted) => return None,
            None => {
                self.granted += 1;
                let name = format!("t{}", self.granted);
                Event::Answered(granted(&name, self.now, self.life, &["member"]))
            }
        })
    }

    /// What was asked since the last time.
    pub fn story(&mut self) -> String {
        self.asked.drain(..).collect::<Vec<_>>().join("\n")
    }
}

/// A request as it goes over the wire, without what is the same in all of them.
pub fn show(ask: &Ask) -> String {
    let request = &ask.request;
    let shown = request.headers().iter().filter(|(name, _)| !["accept"].contains(&name.as_str()));
    let headers: BTreeMap<&str, &str> =
        shown.map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
    let headers: Vec<String> = headers
        .into_iter()
        .filter(|(name, value)| *name != "content-type" || *value != "application/json")
        .map(|(name, value)| format!(" {name}={value}"))
        .collect();
    let body = std::str::from_utf8(request.body().reveal()).unwrap();
    let tls = if ask.tls.0 == 0 { String::new() } else { format!(" tls={}", ask.tls.0) };
    format!("{} {}{}{tls} {body}", request.method(), request.uri(), headers.concat()).trim_end().to_owned()
}
