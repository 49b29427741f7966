//! A conversation: what a login asks, in full, against answers that a test has in store.

use std::collections::VecDeque;
use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use http::{HeaderMap, Response, header};
use keepstone_core::identity::{Method, OidcProvider};
use keepstone_core::{
    Action, Ask, Borrowed, Broke, Call, Cause, Credential, Event, Inquiry, Keychain, KeyringId, Now,
    Question, Reply, Scope, Session, Trouble,
};

use crate::common::{HOUR, answer, get, granted, start};

pub(crate) const TOKEN_URL: &str = "https://sso.example.org/token";
pub(crate) const DISCOVERY: &str = "https://sso.example.org/.well-known/openid-configuration";

pub(crate) fn provider() -> OidcProvider {
    OidcProvider::new("sso", "openid", "keepstone").access_token_endpoint(TOKEN_URL)
}

/// Somebody's half of a conversation.
pub(crate) enum Say {
    /// An HTTP answer.
    Answer(u16, String),
    /// Keystone's answer: a token of this name.
    Token(&'static str),
    /// The answer to a question that is not HTTP.
    Told(&'static str),
    /// The address that a page led to, with the state that the page was told in place of `STATE`.
    Back(&'static str),
    /// Nobody answers: nothing was sent.
    Down,
    /// The answer is lost.
    Lost,
    /// The leader goes away before the answer comes, and another caller takes over.
    Gone,
}

pub(crate) fn json(status: u16, body: &str) -> Say {
    Say::Answer(status, body.to_owned())
}

/// The answer of a token endpoint.
pub(crate) fn tokens(access: &str, refresh: Option<&str>) -> Say {
    let refresh = refresh.map(|refresh| format!(r#","refresh_token":"{refresh}""#)).unwrap_or_default();
    json(200, &format!(r#"{{"token_type":"Bearer","access_token":"{access}","expires_in":300{refresh}}}"#))
}

/// What a token endpoint has against it.
pub(crate) fn no(error: &str) -> Say {
    json(400, &format!(r#"{{"error":"{error}","error_description":"not like this"}}"#))
}

pub(crate) struct Talk {
    pub(crate) keys: Keychain,
    pub(crate) user: KeyringId,
    pub(crate) now: Now,
    /// How many seconds Keystone's tokens live.
    pub(crate) life: u64,
    /// How long a call waits. A person takes minutes.
    pub(crate) patience: Duration,
    /// All that `Debug` showed on the way.
    pub(crate) shown: String,
}

impl Talk {
    pub(crate) fn with(method: impl Method) -> Self {
        Self::of(Credential::new("http://keystone:5000/v3", method).unwrap().scope(Scope::Unscoped))
    }

    pub(crate) fn of(credential: Credential) -> Self {
        let mut keys = Keychain::new(7);
        let user = keys.add(credential).unwrap();
        Self { keys, user, now: start(), life: 3600, patience: HOUR, shown: String::new() }
    }

    pub(crate) fn pass(&mut self, span: Duration) {
        self.now = Now { wall: self.now.wall + span, tick: self.now.tick + span };
    }

    pub(crate) fn call(&self) -> Call {
        get(&Session::of(self.user).deadline(self.patience))
    }

    /// One call, from its first question to its dispatch or its failure; the next begins two hours
    /// later, when the token is dead.
    pub(crate) fn run(&mut self, script: impl IntoIterator<Item = Say>) -> String {
        let log = self.run_now(script);
        self.pass(HOUR * 2);
        log
    }

    pub(crate) fn run_now(&mut self, script: impl IntoIterator<Item = Say>) -> String {
        let mut script: VecDeque<Say> = script.into_iter().collect();
        let (mut log, mut call, mut event) = (String::new(), self.call(), Event::Begin);
        for _ in 0..100 {
            let action = call.next(&mut self.keys, event, self.now);
            write!(self.shown, "{action:?} {:?} ", self.keys).unwrap();
            event = match action {
                Action::Pause { until } | Action::Park { until, .. } => {
                    let span = until.saturating_sub(self.now.tick);
                    writeln!(log, "wait {span:?}").unwrap();
                    self.pass(span);
                    Event::Woke
                }
                Action::Ask(ask) => {
                    log += &written(&ask);
                    self.answer(script.pop_front(), &mut call, &mut log)
                }
                Action::Consult { question, .. } => {
                    writeln!(log, "{}", asked(&question)).unwrap();
                    self.answer(script.pop_front(), &mut call, &mut log)
                }
                Action::Send(dispatch) => {
                    assert!(script.is_empty(), "more was expected: {log}");
                    call.abandon(&mut self.keys);
                    return log + "send " + &crate::common::carried(&dispatch) + "\n";
                }
                Action::Fail(failure) => {
                    assert!(script.is_empty(), "more was expected: {log}\n{failure:?}");
                    write!(self.shown, "{failure:?} {}", chain(&failure)).unwrap();
                    return log + &chain(&failure) + "\n";
                }
            };
        }
        panic!("no end: {log}");
    }

    fn answer(&mut self, say: Option<Say>, call: &mut Call, log: &mut String) -> Event {
        let lost = |kind| Cause { kind, text: "cable".to_owned() };
        match say {
            Some(Say::Answer(status, body)) => Event::Answered(answer(status, &body)),
            Some(Say::Token(name)) => Event::Answered(granted(name, self.now, self.life, &["member"])),
            Some(Say::Told(told)) => Event::Told(Reply::Answer(Ok(told.into()))),
            Some(Say::Back(url)) => {
                let state = log.rsplit("state=").next().and_then(|rest| rest.split('&').next());
                Event::Told(Reply::Answer(Ok(url.replace("STATE", state.unwrap()).into())))
            }
            Some(Say::Down) => Event::Broke(Broke::Unsent(lost(Trouble::Connect))),
            Some(Say::Lost) => Event::Broke(Broke::Waiting(lost(Trouble::Broken))),
            Some(Say::Gone) => {
                log.push_str("(the leader goes away)\n");
                call.abandon(&mut self.keys);
                *call = self.call();
                Event::Begin
            }
            None => panic!("nobody answers: {log}"),
        }
    }
}

/// A failure and its reasons.
pub(crate) fn chain(failure: &dyn Error) -> String {
    let mut text = failure.to_string();
    let mut source = failure.source();
    while let Some(cause) = source {
        write!(text, ": {cause}").unwrap();
        source = cause.source();
    }
    text
}

/// A request, as it goes over the wire.
pub(crate) fn written(ask: &Ask) -> String {
    let request = &ask.request;
    let mut text = format!("{} {}\n", request.method(), request.uri());
    let of_interest = [header::AUTHORIZATION, header::CONTENT_TYPE];
    for name in of_interest {
        if let Some(value) = request.headers().get(&name) {
            writeln!(text, "  {name}: {}", value.to_str().unwrap()).unwrap();
        }
    }
    let body = std::str::from_utf8(request.body().reveal()).unwrap();
    if !body.is_empty() {
        writeln!(text, "  {body}").unwrap();
    }
    text
}

fn asked(question: &Question) -> String {
    match question {
        Question::Inquiry { inquiry: Inquiry::Passcode { kind }, .. } => format!("passcode {kind}?"),
        Question::Inquiry { inquiry: Inquiry::Page(page), .. } => {
            let code = page.user_code.as_deref().map(|code| format!(" code {code}")).unwrap_or_default();
            let complete = page.complete_url.as_deref().map(|url| format!(" or {url}")).unwrap_or_default();
            let within = page.expires_in.map(|span| format!(" within {span:?}")).unwrap_or_default();
            let wants = if page.wants_code { " and tell its code" } else { "" };
            format!("visit {}{complete}{code}{within}{wants}?", page.url)
        }
        other => panic!("{other:?}"),
    }
}

/// Whether a token that was handed in, and that has an hour to live, is taken for dead.
pub(crate) fn takes_for_dead(talk: &mut Talk) -> bool {
    let end = talk.now.wall + HOUR;
    let borrowed = talk.keys.borrow(Borrowed::new("b").expires_at(end)).unwrap();
    let mut call = get(&Session::of(borrowed));
    let action = call.next(&mut talk.keys, Event::Begin, talk.now);
    matches!(action, Action::Fail(_))
}

/// An answer that says what time it is there.
pub(crate) fn dated(body: &str, date: &str) -> Response<Vec<u8>> {
    let mut answer = answer(200, body);
    let mut headers = HeaderMap::new();
    headers.insert(header::DATE, date.parse().unwrap());
    *answer.headers_mut() = headers;
    answer
}
