//! A login in a browser: what is shown, what is asked, and who has to help.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use std::time::Duration;

use common::{HOUR, SECOND, answer, get, granted, refused, start};
use keepstone_core::identity::WebSso;
use keepstone_core::{
    Action, Credential, Event, Failure, InputError, Inquiry, Keychain, LoginError, Now, Outlook, Question,
    Renewal, Reply, Scope, Secret, Session,
};

/// Who answers the page, and how.
type Answer = fn(u32) -> Result<Secret, String>;

/// Runs a call against a Keystone that describes and exchanges tokens. What happened comes back.
fn run(keys: &mut Keychain, session: &Session, now: Now, told: Answer, refuse: bool) -> String {
    let mut log = Vec::new();
    let mut call = get(session);
    let mut event = Event::Begin;
    let mut pages = 0;
    loop {
        event = match call.next(keys, event, now) {
            Action::Ask(ask) => {
                let (head, body) = ask.request.into_parts();
                let text = |name: &str| head.headers.get(name).map_or("-", |value| value.to_str().unwrap());
                let (token, subject) = (text("x-auth-token"), text("x-subject-token"));
                let body = String::from_utf8(body.reveal().to_vec()).unwrap();
                log.push(
                    format!("{} {} {token} {subject} {body}", head.method, head.uri).trim_end().to_owned(),
                );
                let describes = head.method == http::Method::GET;
                Event::Answered(match (describes, refuse) {
                    (true, true) => refused(),
                    (true, false) => answer(200, &described(now)),
                    (false, _) => granted("scoped", now, 601, &["member"]),
                })
            }
            Action::Consult { question: Question::Inquiry { inquiry: Inquiry::Page(page), .. }, .. } => {
                pages += 1;
                assert!(page.wants_code);
                log.push(format!("PAGE {}", page.url));
                Event::Told(Reply::Answer(told(pages)))
            }
            Action::Send(dispatch) => {
                log.push(format!("SEND {}", common::carried(&dispatch)));
                return log.join("\n");
            }
            Action::Fail(Failure::Login { source, .. }) => {
                log.push(format!("FAIL {source}"));
                return log.join("\n");
            }
            other => panic!("{other:?}"),
        };
    }
}

fn described(now: Now) -> String {
    let token = granted("", now, 601, &[]);
    String::from_utf8(token.into_body()).unwrap()
}

fn world(scope: Scope) -> (Keychain, Session) {
    let mut keys = Keychain::new(7);
    let method = WebSso::new("idp", "openid").callback("http://127.0.0.1:9990/auth/websso/");
    let credential = Credential::new(common::AUTH_URL, method).unwrap().scope(scope);
    assert_eq!(credential.renewal(), Renewal::Attended);
    let session = Session::of(keys.add(credential).unwrap());
    (keys, session)
}

fn yes(_: u32) -> Result<Secret, String> {
    Ok(Secret::new("from-the-page"))
}

#[test]
fn a_page_leads_to_a_token_and_that_to_its_scope() {
    let (mut keys, session) = world(Scope::project_id("p1"));
    insta::assert_snapshot!(run(&mut keys, &session, start(), yes, false), @r#"
    PAGE http://keystone:5000/v3/auth/OS-FEDERATION/identity_providers/idp/protocols/openid/websso?origin=http%3A%2F%2F127.0.0.1%3A9990%2Fauth%2Fwebsso%2F
    GET http://keystone:5000/v3/auth/tokens from-the-page from-the-page
    POST http://keystone:5000/v3/auth/tokens from-the-page - {"auth":{"identity":{"methods":["token"],"token":{"id":"from-the-page"}},"scope":{"project":{"id":"p1"}}}}
    SEND scoped+-
    "#);
    let (mut keys, session) = world(Scope::Unscoped);
    assert!(run(&mut keys, &session, start(), yes, false).ends_with("SEND from-the-page+-"));
}

#[test]
fn nobody_is_asked_before_the_token_has_ended() {
    let (mut keys, session) = world(Scope::Default);
    run(&mut keys, &session, start(), yes, false);
    let at = |span: Duration| Now { wall: start().wall + span, tick: start().tick + span };
    // Others would be renewed early; a person is not disturbed for that.
    assert_eq!(run(&mut keys, &session, at(599 * SECOND), yes, false), "SEND from-the-page+-");
    assert!(run(&mut keys, &session, at(HOUR), yes, false).starts_with("PAGE"));
}

#[test]
fn who_does_not_answer_is_asked_again_after_a_while_only() {
    fn no(_: u32) -> Result<Secret, String> {
        Err("the window was closed".to_owned())
    }
    let (mut keys, session) = world(Scope::Default);
    let first = run(&mut keys, &session, start(), no, false);
    assert!(
        first.contains("FAIL the login needs an answer that it did not get (the window was closed)"),
        "{first}"
    );
    let again = run(&mut keys, &session, common::after(SECOND), yes, false);
    assert!(again.starts_with("FAIL"), "{again}");
    let later = run(&mut keys, &session, common::after(60 * SECOND), yes, false);
    assert!(later.ends_with("SEND from-the-page+-"), "{later}");
}

#[test]
fn a_wrong_token_is_refused_and_another_page_may_bring_a_better_one() {
    let (mut keys, session) = world(Scope::Default);
    let first = run(&mut keys, &session, start(), yes, true);
    assert!(first.contains("FAIL Keystone refused the credentials"), "{first}");
    let later = run(&mut keys, &session, common::after(60 * SECOND), yes, false);
    assert!(later.starts_with("PAGE") && later.ends_with("SEND from-the-page+-"), "{later}");
}

#[test]
fn what_cannot_stand_in_an_address_is_refused() {
    for (provider, protocol) in [("a/b", "openid"), ("idp", "o?p"), ("", "openid")] {
        let made = Credential::new(common::AUTH_URL, WebSso::new(provider, protocol));
        assert!(matches!(made, Err(InputError::NotAnId(..))), "{provider} {protocol}");
    }
    assert!(LoginError::Unanswered(String::new()).to_string().contains("answer the question"));
}

#[test]
fn what_the_page_led_to_does_not_show() {
    let (mut keys, session) = world(Scope::Default);
    let mut call = get(&session);
    let mut event = Event::Begin;
    let failure = loop {
        event = match call.next(&mut keys, event, start()) {
            Action::Consult { .. } => Event::Told(Reply::Answer(yes(1))),
            Action::Ask(_) => {
                Event::Answered(answer(403, r#"{"error":{"message":"not with from-the-page"}}"#))
            }
            Action::Fail(failure) => break failure,
            other => panic!("{other:?}"),
        };
    };
    let shown = format!("{failure:?}");
    assert!(shown.contains("not with …") && !shown.contains("from-the-page"), "{shown}");
}

/// The token that the page leads to is older than the question about it.
#[test]
fn a_life_counts_from_when_the_page_was_shown() {
    let (mut keys, session) = world(Scope::Default);
    let mut call = get(&session);
    let at = |seconds| common::after(seconds * SECOND);
    let shown = call.next(&mut keys, Event::Begin, at(0));
    assert!(matches!(shown, Action::Consult { .. }), "{shown:?}");
    let asks = call.next(&mut keys, Event::Told(Reply::Answer(yes(1))), at(20));
    assert!(matches!(asks, Action::Ask(_)), "{asks:?}");
    // It was issued as soon as the page was shown; whose clock is right, nobody knows.
    let described = answer(200, &described(at(0)));
    let sent = call.next(&mut keys, Event::Answered(described), at(20));
    assert!(matches!(sent, Action::Send(_)), "{sent:?}");
    let outlook = keys.outlook(&session, at(20)).unwrap();
    let Outlook::Ends { left, .. } = outlook else { panic!("{outlook:?}") };
    // Of 601 seconds, 20 are gone; stamps are rounded down.
    assert!(left <= 581 * SECOND && left >= 579 * SECOND, "{left:?}");
}

/// A person took longer than a token lives: the token is as old as Keystone says, and not as the page.
#[test]
fn a_page_that_takes_long_leads_to_a_young_token() {
    let (mut keys, session) = world(Scope::Default);
    let session = session.deadline(HOUR);
    let mut call = get(&session);
    let at = |seconds| common::after(seconds * SECOND);
    assert!(matches!(call.next(&mut keys, Event::Begin, at(0)), Action::Consult { .. }));
    let asks = call.next(&mut keys, Event::Told(Reply::Answer(yes(1))), at(700));
    assert!(matches!(asks, Action::Ask(_)), "{asks:?}");
    // Issued ten seconds ago.
    let mut answer = answer(200, &described(at(690)));
    answer.headers_mut().insert("date", common::http_date(at(700).wall).parse().unwrap());
    let sent = call.next(&mut keys, Event::Answered(answer), at(700));
    assert!(matches!(sent, Action::Send(_)), "{sent:?}");
    let outlook = keys.outlook(&session, at(700)).unwrap();
    let Outlook::Ends { left, .. } = outlook else { panic!("{outlook:?}") };
    assert!(left <= 591 * SECOND && left >= 588 * SECOND, "{left:?}");
}
