//! Identities that need no login: what goes with their calls, where to, and what they are not for.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
mod desk;

use std::time::Duration;

use common::{HOUR, borrowed, password};
use desk::{Desk, End};
use http::{HeaderMap, Method};
use keepstone_core::{
    BodyKind, Call, Dispatch, DomainRef, Endpoint, Failure, Fixed, InputError, KeyringId, Need, Outlook,
    Refusal, Scope, Session, TlsId, Vouching, When,
};

const TLS: TlsId = TlsId(3);

fn call(session: &Session, uri: &str) -> Call {
    Call::new(session, Method::GET, uri.parse().unwrap(), HeaderMap::new(), BodyKind::Empty)
}

fn desk(fixed: Fixed) -> (Desk, KeyringId) {
    let mut desk = Desk::new();
    let user = desk.keys.fixed(fixed).unwrap();
    (desk, user)
}

fn sent(desk: &mut Desk, session: &Session, uri: &str) -> Dispatch {
    match desk.run(call(session, uri), 200) {
        End::Sent(dispatch, ..) => dispatch,
        other => panic!("{other:?}"),
    }
}

fn refused(desk: &mut Desk, session: &Session, uri: &str) -> InputError {
    match desk.run(call(session, uri), 200) {
        End::Failed(Failure::Input(error)) => error,
        other => panic!("{other:?}"),
    }
}

/// Where a call goes, and with what.
fn shown(fixed: Fixed, uri: &str) -> String {
    let (mut desk, user) = desk(fixed);
    let dispatch = sent(&mut desk, &Session::of(user), uri);
    assert_eq!(desk.asked.len(), 0, "nobody is asked for anything");
    let mut headers: Vec<String> = dispatch
        .headers
        .iter()
        .filter(|(name, _)| *name != "user-agent")
        .map(|(name, value)| {
            assert!(value.is_sensitive());
            format!(" {name}={}", value.to_str().unwrap())
        })
        .collect();
    headers.sort();
    format!("{} tls={}{}", dispatch.uri, dispatch.tls.0, headers.concat())
}

#[test]
fn what_goes_along_is_known() {
    let at = |fixed: Fixed| fixed.endpoint("http://bare-metal:6385/").unwrap();
    let tokenless = |scope| Fixed::tokenless("https://keystone:5000", &scope, TLS).unwrap();
    let domain = || DomainRef::Name("Default".to_owned());
    let all = [
        shown(at(Fixed::none()), "/v1/nodes"),
        shown(at(Fixed::basic("ironic", "s3cr3t:ä")), "/v1/nodes"),
        shown(at(Fixed::admin_token("adm1n")), "/v1/nodes"),
        shown(Fixed::admin_token("adm1n").tls(TLS), "http://volume:8776/v3/p1/volumes"),
        shown(tokenless(Scope::project_id("p1")), "/users?name=alice"),
        shown(tokenless(Scope::project("demo")), "https://keystone:5000/v3/users"),
        shown(tokenless(Scope::project_in("demo", domain())), "/users"),
        shown(tokenless(Scope::Domain(DomainRef::Id("d1".to_owned()))), "/users"),
        shown(tokenless(Scope::Domain(domain())), "/users"),
    ];
    insta::assert_snapshot!(all.join("\n"), @"
    http://bare-metal:6385/v1/nodes tls=0
    http://bare-metal:6385/v1/nodes tls=0 authorization=Basic aXJvbmljOnMzY3IzdDrDpA==
    http://bare-metal:6385/v1/nodes tls=0 x-auth-token=adm1n
    http://volume:8776/v3/p1/volumes tls=3 x-auth-token=adm1n
    https://keystone:5000/v3/users?name=alice tls=3 x-project-id=p1
    https://keystone:5000/v3/users tls=3 x-project-domain-id=default x-project-name=demo
    https://keystone:5000/v3/users tls=3 x-project-domain-name=Default x-project-name=demo
    https://keystone:5000/v3/users tls=3 x-domain-id=d1
    https://keystone:5000/v3/users tls=3 x-domain-name=Default
    ");
}

#[test]
fn it_has_no_end() {
    let (mut desk, user) = desk(Fixed::basic("u", "p"));
    desk.pass(HOUR * 100_000);
    let session = Session::of(user).at_least(HOUR * 1000);
    sent(&mut desk, &session, "http://volume:8776/x");
    assert_eq!(desk.keys.outlook(&session, desk.now), Ok(Outlook::Endless));
    assert!(desk.keys.log_out(user, desk.now).is_none(), "there is nothing to revoke");
    desk.keys.start_afresh(7);
    sent(&mut desk, &session, "http://volume:8776/x");
}

#[test]
fn a_401_is_delivered_with_the_reason() {
    for fixed in [Fixed::none(), Fixed::basic("u", "p"), Fixed::admin_token("t")] {
        let (mut desk, user) = desk(fixed);
        for _ in 0..2 {
            let end = desk.run(call(&Session::of(user), "http://volume:8776/x"), 401);
            assert!(matches!(end, End::Sent(_, 401, Some(Refusal::Fixed))), "{end:?}");
        }
    }
}

#[test]
fn an_address_that_the_session_states_comes_first() {
    let (mut desk, user) = desk(Fixed::none().endpoint("http://bare-metal:6385").unwrap());
    let of = |endpoint| Session::of(user).at(endpoint);
    let to = |desk: &mut Desk, session| sent(desk, &session, "/nodes").uri.to_string();
    assert_eq!(to(&mut desk, of(Endpoint::fixed("http://other/v1"))), "http://other/v1/nodes");
    assert_eq!(to(&mut desk, of(Endpoint::of("baremetal"))), "http://bare-metal:6385/nodes");
    assert_eq!(to(&mut desk, Session::of(user)), "http://bare-metal:6385/nodes");
}

#[test]
fn a_certificate_in_place_of_a_token_is_for_keystone_alone() {
    let keystone = || Fixed::tokenless("https://keystone:5000/v3", &Scope::project_id("p1"), TLS).unwrap();
    let (mut desk, user) = desk(keystone());
    let session = Session::of(user);
    let at = |endpoint| session.clone().at(endpoint);
    sent(&mut desk, &at(Endpoint::of("identity")), "/users");
    sent(&mut desk, &at(Endpoint::fixed("https://keystone:5000/v3")), "/users");
    let all = [
        refused(&mut desk, &session, "http://volume:8776/v3/p1/volumes"),
        refused(&mut desk, &session, "http://keystone:5000/v3/users"),
        refused(&mut desk, &at(Endpoint::of("volumev3")), "/volumes"),
        refused(&mut desk, &at(Endpoint::fixed("http://volume:8776/v3")), "/volumes"),
    ];
    insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"), @"
    a client certificate in place of a token is for Keystone's own API alone, not for `http://volume:8776`: log in for that
    a client certificate in place of a token is for Keystone's own API alone, not for `http://keystone:5000`: log in for that
    a client certificate in place of a token is for Keystone's own API alone, not for another service of the catalog: log in for that
    a client certificate in place of a token is for Keystone's own API alone, not for `http://volume:8776`: log in for that
    ");
    for scope in [Scope::Default, Scope::Unscoped, Scope::System, Scope::Trust("t".to_owned())] {
        assert_eq!(Fixed::tokenless("https://k", &scope, TLS), Err(InputError::TokenlessScope));
    }
}

#[test]
fn nobody_vouches_for_it_nor_by_it() {
    let mut desk = Desk::new();
    let nova = desk.add(password("nova"));
    let fixed = desk.keys.fixed(Fixed::admin_token("adm1n")).unwrap();
    let alice = desk.keys.borrow(borrowed("b1")).unwrap();
    let by = |user, service| Session::of(user).vouched(Vouching::by(service));
    let to = "http://volume:8776/x";
    for need in [Need::Required, Need::Preferred] {
        let session = Session::of(fixed).vouched(Vouching::by(nova).need(need));
        assert_eq!(refused(&mut desk, &session, to), InputError::NothingToVouchFor);
        let session = Session::of(alice).vouched(Vouching::by(fixed).need(need));
        assert_eq!(refused(&mut desk, &session, to), InputError::CannotVouch);
    }
    assert_eq!(refused(&mut desk, &by(fixed, fixed), to), InputError::NothingToVouchFor);
    assert_eq!(desk.asked.len(), 0, "before anything is sent");
    let off = Session::of(fixed).vouched(Vouching::by(nova).when(When::Never));
    assert_eq!(sent(&mut desk, &off, to).headers["x-auth-token"], "adm1n");
    let near = Vouching::by(nova).when(When::NearExpiry(Duration::from_secs(60)));
    assert_eq!(refused(&mut desk, &Session::of(fixed).vouched(near), to), InputError::NothingToVouchFor);
    insta::assert_snapshot!(format!("{}\n{}", InputError::NothingToVouchFor, InputError::CannotVouch), @"
    an identity that needs no login does not expire, so there is nothing to vouch for: leave the service identity out
    an identity that needs no login cannot vouch, since services ask Keystone about the token: log in as a service user
    ");
}

#[test]
fn the_hot_path_decides_alike() {
    let mut desk = Desk::new();
    let nova = desk.add(password("nova"));
    let fixed = desk.keys.fixed(Fixed::basic("u", "p")).unwrap();
    let alice = desk.keys.borrow(borrowed("b1")).unwrap();
    let vouched = |user, service| Session::of(user).vouched(Vouching::by(service));
    for (session, goes) in
        [(Session::of(fixed), true), (vouched(fixed, nova), false), (vouched(alice, fixed), false)]
    {
        let published = desk.keys.publish(&session);
        let warm = call(&session, "http://volume:8776/x").warm(&published, desk.now);
        assert_eq!(warm.is_some(), goes, "{session:?}");
    }
}

#[test]
fn a_callers_own_authorization_is_its_mistake() {
    let (mut desk, user) = desk(Fixed::basic("u", "p"));
    let mut headers = HeaderMap::new();
    headers.insert(http::header::AUTHORIZATION, "Bearer x".parse().unwrap());
    let uri = "http://volume:8776/x".parse().unwrap();
    let own = Call::new(&Session::of(user), Method::GET, uri, headers, BodyKind::Empty);
    let end = desk.run(own, 200);
    let taken = InputError::HeaderTaken("Authorization");
    assert!(matches!(&end, End::Failed(Failure::Input(error)) if *error == taken), "{end:?}");
}

#[test]
fn what_cannot_be_used_is_said_at_once() {
    for wrong in ["", "h:5000", "ftp://h", "http://h/?x=1"] {
        let expected = InputError::NotAnAddress("endpoint", wrong.to_owned());
        assert_eq!(Fixed::none().endpoint(wrong), Err(expected));
    }
    let shown = Fixed::none().endpoint("http://u:p@h").unwrap_err();
    assert_eq!(shown, InputError::NotAnAddress("endpoint", "http://…@h".to_owned()));
    let mut keys = keepstone_core::Keychain::new(1);
    assert_eq!(keys.fixed(Fixed::admin_token("a\nb")), Err(InputError::TokenNotAHeader));
    let shown = format!("{:?}", Fixed::basic("u", "s3cr3t"));
    assert!(!shown.contains("s3cr3t") && !shown.contains("dTpzM2NyM3Q"), "{shown}");
}
