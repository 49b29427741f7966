//! Logins at Identity API v2.0, and at whatever version there is.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;

use common::{SECOND, answer, get, granted, refused, start};
use http::Response;
use keepstone_core::identity::{AnyVersion, V2};
use keepstone_core::{
    Action, Credential, DomainRef, Event, Failure, InputError, Keychain, LoginError, Now, Scope, Session,
    UserRef,
};

const ROOT: &str = "http://keystone:5000";

/// The versions that a Keystone lists, newest first.
fn documents(versions: &[(&str, &str, &str)]) -> Response<Vec<u8>> {
    let values: Vec<_> = versions
        .iter()
        .map(|(id, status, url)| {
            serde_json::json!({"id": id, "status": status, "links": [{"rel": "self", "href": url}]})
        })
        .collect();
    answer(300, &serde_json::json!({"versions": {"values": values}}).to_string())
}

fn both() -> Response<Vec<u8>> {
    documents(&[
        ("v3.8", "stable", "http://elsewhere:5000/v3/"),
        ("v2.0", "deprecated", "http://elsewhere:5000/v2.0/"),
    ])
}

fn v2_granted(name: &str, now: Now, seconds: u64) -> Response<Vec<u8>> {
    let body = serde_json::json!({"access": {
        "token": {
            "id": name,
            "issued_at": common::stamp(now.wall),
            "expires": common::stamp(now.wall + SECOND * u32::try_from(seconds).unwrap()),
            "tenant": {"id": "t1", "name": "demo", "enabled": true},
        },
        "user": {"id": "u1", "name": "alice", "username": "alice", "roles": [{"name": "member"}], "roles_links": []},
        "serviceCatalog": [{"type": "volume", "name": "cinder", "endpoints_links": [], "endpoints": [
            {"region": "R", "publicURL": "http://volume:8776/v1/t1"}]}],
    }});
    answer(200, &body.to_string())
}

/// Runs one call; Keystone gives these answers. What was asked comes back, and how the call ended.
fn run(
    keys: &mut Keychain,
    session: &Session,
    now: Now,
    answers: Vec<Response<Vec<u8>>>,
) -> (String, Option<Failure>) {
    let mut answers = answers.into_iter();
    let mut asked = Vec::new();
    let mut call = get(session);
    let mut event = Event::Begin;
    loop {
        event = match call.next(keys, event, now) {
            Action::Ask(ask) => {
                let (head, body) = ask.request.into_parts();
                let token = head.headers.get("x-auth-token").map_or("", |token| token.to_str().unwrap());
                let body = String::from_utf8(body.reveal().to_vec()).unwrap();
                asked.push(format!("{} {} {token} {body}", head.method, head.uri));
                Event::Answered(answers.next().expect("an answer"))
            }
            Action::Send(dispatch) => {
                asked.push(format!("SEND {}", common::carried(&dispatch)));
                return (asked.join("\n"), None);
            }
            Action::Fail(failure) => return (asked.join("\n"), Some(failure)),
            Action::Pause { .. } => return (asked.join("\n") + "\nPAUSE", None),
            other => panic!("{other:?}"),
        };
    }
}

fn first_login(credential: Credential, answers: Vec<Response<Vec<u8>>>) -> (String, Option<Failure>) {
    let mut keys = Keychain::new(7);
    let session = Session::of(keys.add(credential).unwrap());
    run(&mut keys, &session, start(), answers)
}

fn v2(method: V2, scope: Scope) -> String {
    let credential = Credential::new("http://keystone:5000/v2.0/", method).unwrap().scope(scope);
    let (asked, failure) = first_login(credential, vec![v2_granted("t", start(), 3601)]);
    assert_eq!(failure, None);
    asked
}

#[test]
fn version_2_is_asked_in_its_own_words() {
    let story = [
        v2(V2::password("alice", "s3cr3t"), Scope::Default),
        v2(V2::password_of_id("u1", "s3cr3t"), Scope::project_id("t1")),
        v2(V2::password("alice", "s3cr3t").trust("x"), Scope::project("demo")),
        v2(V2::token("old"), Scope::Trust("x".to_owned())),
    ]
    .join("\n");
    insta::assert_snapshot!(story, @r#"
    POST http://keystone:5000/v2.0/tokens  {"auth":{"passwordCredentials":{"username":"alice","password":"s3cr3t"}}}
    SEND t+-
    POST http://keystone:5000/v2.0/tokens  {"auth":{"passwordCredentials":{"userId":"u1","password":"s3cr3t"},"tenantId":"t1"}}
    SEND t+-
    POST http://keystone:5000/v2.0/tokens  {"auth":{"passwordCredentials":{"username":"alice","password":"s3cr3t"},"tenantName":"demo","trust_id":"x"}}
    SEND t+-
    POST http://keystone:5000/v2.0/tokens old {"auth":{"token":{"id":"old"},"trust_id":"x"}}
    SEND t+-
    "#);
}

#[test]
fn what_version_2_does_not_have_is_refused_before_anything_is_sent() {
    let mut keys = Keychain::new(7);
    for scope in [
        Scope::System,
        Scope::Unscoped,
        Scope::Domain(DomainRef::Id("default".to_owned())),
        Scope::project_in("demo", DomainRef::Name("other".to_owned())),
    ] {
        let credential = Credential::new("http://h/v2.0", V2::password("a", "p")).unwrap().scope(scope);
        assert_eq!(keys.add(credential), Err(InputError::ScopeNeedsV3));
    }
}

#[test]
fn a_refusal_of_version_2_is_final_and_rubbish_is_no_token() {
    for (given, expected) in [
        (refused(), true),
        (answer(200, "{}"), false),
        (answer(200, "<html>"), false),
        (answer(200, r#"{"access": {"token": {"id": 7}}}"#), false),
    ] {
        let credential = Credential::new("http://h/v2.0", V2::password("a", "p")).unwrap();
        let (_, failure) = first_login(credential, vec![given]);
        let Some(Failure::Login { source, .. }) = failure else { panic!("{failure:?}") };
        assert_eq!(matches!(source, LoginError::Refused { .. }), expected, "{source}");
        assert_eq!(matches!(source, LoginError::Unreadable(_)), !expected, "{source}");
    }
}

#[test]
fn the_version_follows_from_what_there_is_and_what_is_named() {
    let named = || AnyVersion::password(UserRef::name("alice"), "s3cr3t");
    let bare = || AnyVersion::password_of("alice", "s3cr3t");
    let default = || DomainRef::Id("default".to_owned());
    let three = || documents(&[("v3.14", "stable", "http://k/v3/")]);
    let two = || documents(&[("v2.0", "stable", "http://k/v2.0/")]);
    let at = |method: AnyVersion, scope: Scope, document: Response<Vec<u8>>| {
        let credential = Credential::new(ROOT, method).unwrap().scope(scope);
        let v2 = |asked: &str| asked.contains("v2.0/tokens");
        let mut keys = Keychain::new(7);
        let session = Session::of(keys.add(credential).unwrap());
        // Which one it is shows in the second question, whose answer does not matter.
        let (asked, failure) = run(&mut keys, &session, start(), vec![document, refused()]);
        match failure {
            Some(Failure::Login { source: LoginError::NoVersion, .. }) => "none",
            _ if v2(&asked) => "v2.0",
            _ => "v3",
        }
    };
    for (name, method, scope, document, expected) in [
        ("both, a domain is named", named(), Scope::Default, both(), "v3"),
        ("both, none is named", bare(), Scope::Default, both(), "v2.0"),
        ("both, an id", AnyVersion::password(UserRef::id("u"), "p"), Scope::project_id("p"), both(), "v2.0"),
        (
            "both, a scope with a domain",
            bare().default_domain(default()),
            Scope::project("demo"),
            both(),
            "v3",
        ),
        ("both, a default domain", bare().default_domain(default()), Scope::Default, both(), "v3"),
        ("both, the system", AnyVersion::token("t"), Scope::System, both(), "v3"),
        ("both, a tenant by name", bare().project("demo"), Scope::Default, both(), "v2.0"),
        ("v3 only", named(), Scope::Default, three(), "v3"),
        ("v3 only, no domain known", bare(), Scope::Default, three(), "none"),
        ("v2.0 only", bare(), Scope::Default, two(), "v2.0"),
        (
            "v2.0 only, a default domain",
            bare().default_domain(default()).project("demo"),
            Scope::Default,
            two(),
            "v2.0",
        ),
        ("v2.0 only, a domain is named", named(), Scope::Default, two(), "none"),
        (
            "an experimental v3",
            named(),
            Scope::Default,
            documents(&[("v3", "experimental", "http://k/v3")]),
            "none",
        ),
        ("no document", named(), Scope::Default, answer(404, "no"), "none"),
    ] {
        assert_eq!(at(method, scope, document), expected, "{name}");
    }
}

#[test]
fn an_address_that_names_its_version_does_without_a_document() {
    for url in ["http://h/identity/v3", "http://h/v3/"] {
        let credential = Credential::new(url, AnyVersion::password(UserRef::name("a"), "p")).unwrap();
        let (asked, failure) =
            first_login(credential, vec![answer(404, "no"), granted("t", start(), 3601, &[])]);
        assert_eq!(failure, None, "{asked}");
        assert!(asked.contains(&format!("POST {}/auth/tokens", url.trim_end_matches('/'))), "{asked}");
    }
}

#[test]
fn what_was_found_is_kept_until_it_is_gone() {
    let mut keys = Keychain::new(7);
    let credential = Credential::new(ROOT, AnyVersion::password(UserRef::name("alice"), "s3cr3t")).unwrap();
    let session = Session::of(keys.add(credential).unwrap());
    let mut now = start();
    let mut told = Vec::new();
    let moved = || documents(&[("v3.14", "stable", "http://keystone:5000/new/v3")]);
    let stages = [
        vec![both(), granted("t1", now, 3601, &[])],
        vec![granted("t2", now, 3601, &[])],
        vec![answer(404, "no"), moved(), granted("t3", now, 3601, &[])],
        vec![granted("t4", now, 3601, &[])],
    ];
    for answers in stages {
        let (asked, failure) = run(&mut keys, &session, now, answers);
        assert_eq!(failure, None, "{asked}");
        told.push(
            asked.lines().map(|line| line.split(" {").next().unwrap().trim()).collect::<Vec<_>>().join("; "),
        );
        now = Now { wall: now.wall + common::HOUR, tick: now.tick + common::HOUR };
    }
    insta::assert_snapshot!(told.join("\n"), @"
    GET http://keystone:5000/; POST http://keystone:5000/v3/auth/tokens; SEND t1+-
    POST http://keystone:5000/v3/auth/tokens; SEND t2+-
    POST http://keystone:5000/v3/auth/tokens; GET http://keystone:5000/; POST http://keystone:5000/new/v3/auth/tokens; SEND t3+-
    POST http://keystone:5000/new/v3/auth/tokens; SEND t4+-
    ");
}

#[test]
fn a_busy_keystone_is_asked_again() {
    let credential = Credential::new(ROOT, AnyVersion::password(UserRef::name("alice"), "s3cr3t")).unwrap();
    let (asked, failure) = first_login(credential, vec![answer(503, "")]);
    assert_eq!((asked.lines().last(), failure), (Some("PAUSE"), None));
}
