// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use keepstone_core::identity::{
    Method, MultiFactor, OAuth1, OAuth2ClientCredential, OAuth2Mtls, Password, Totp,
};
use keepstone_core::{Credential, Endpoint, Failure, LoginError};
use keepstone_tests::cloud::{Cloud, Service};

use super::{Identity, Session, asking, client, get};
use crate::world::{SECOND, SECRET, application_credential, asked, cloud, password, user, volumes};

fn by(cloud: &Cloud, method: impl Method) -> Credential {
    Credential::new(&cloud.auth_url(), method).unwrap()
}

fn to_volumes(cloud: &Cloud, identity: &Identity) -> Session {
    identity.session().at(Endpoint::fixed(cloud.endpoint(Service::Volume, "demo").unwrap()))
}

/// Why a call got no token.
fn login_error(session: &Session) -> LoginError {
    match get(session, "/volumes/detail") {
        Err(Failure::Login { source, .. }) => source,
        other => panic!("{other:?}"),
    }
}

/// Calls until the token has ended. The service then has seen as many good calls, and nothing else.
fn ends(cloud: &Cloud, session: &Session) -> LoginError {
    let mut good = 0;
    for _ in 0..10 {
        if get(session, "/volumes/detail") == Ok(200) {
            good += 1;
            cloud.advance(SECOND / 2);
            continue;
        }
        let error = login_error(session);
        assert_eq!(volumes(cloud).refusals, 0);
        assert_eq!(volumes(cloud).requests, good);
        assert!(good == 0 || good >= 4, "a token of two seconds serves four calls: {good}");
        return error;
    }
    panic!("it never ends");
}

#[test]
fn a_passcode_that_nobody_tells() {
    let cloud = cloud();
    let asked_for = by(&cloud, Totp::asked(user(&cloud, "alice")));
    let identity = client(&cloud).identity(asked_for).unwrap();
    let error = ends(&cloud, &to_volumes(&cloud, &identity));
    assert!(matches!(error, LoginError::Unanswered(_)), "{error}");
    assert!(error.to_string().contains("use a method that needs nobody's help"), "{error}");
    assert_eq!(cloud.counters().token_requests, 0);
}

#[test]
fn a_passcode_that_somebody_tells_once() {
    let cloud = cloud();
    let asked_for = by(&cloud, Totp::asked(user(&cloud, "alice")));
    let identity = asking(&client(&cloud), asked_for, vec![cloud.passcode("alice").unwrap()]);
    let error = ends(&cloud, &to_volumes(&cloud, &identity));
    assert_eq!(error, LoginError::Unanswered("nobody is there".to_owned()));
    assert_eq!(cloud.counters().token_requests, 1);
}

#[test]
fn a_passcode_that_was_given() {
    let cloud = cloud();
    let given = by(&cloud, Totp::passcode(user(&cloud, "alice"), cloud.passcode("alice").unwrap()));
    let identity = client(&cloud).identity(given).unwrap();
    let error = ends(&cloud, &to_volumes(&cloud, &identity));
    assert_eq!(error, LoginError::Spent);
    assert!(error.to_string().contains("supply another"), "{error}");
    assert_eq!(cloud.counters().token_requests, 1);
    let another = by(&cloud, Totp::passcode(user(&cloud, "alice"), cloud.passcode("alice").unwrap()));
    identity.supply(another).unwrap();
    assert_eq!(get(&to_volumes(&cloud, &identity), "/volumes/detail"), Ok(200));
}

#[test]
fn a_wrong_passcode_is_sent_once() {
    let cloud = cloud();
    let wrong = by(&cloud, Totp::passcode(user(&cloud, "alice"), "000000"));
    let identity = client(&cloud).identity(wrong).unwrap();
    for _ in 0..3 {
        let error = login_error(&to_volumes(&cloud, &identity));
        assert!(matches!(error, LoginError::Refused { .. }), "{error}");
        cloud.advance(SECOND * 60);
    }
    assert_eq!(cloud.counters().wrong_passwords("alice"), 1);
}

#[test]
fn a_login_goes_on_from_a_receipt_while_that_is_good() {
    let cloud = cloud();
    let identity = client(&cloud).identity(password(&cloud, "carol")).unwrap();
    let session = to_volumes(&cloud, &identity);
    let LoginError::MoreNeeded { receipt, .. } = login_error(&session) else { panic!() };
    assert_eq!(receipt.missing(), [["totp"]]);
    assert_eq!(receipt.user.as_ref().map(|user| user.name.as_str()), Some("carol"));
    let rest = || {
        let passcode = cloud.passcode("carol").unwrap();
        by(&cloud, MultiFactor::new(Totp::passcode(user(&cloud, "carol"), passcode)).with_receipt(&receipt))
    };
    cloud.advance(SECOND * 299);
    identity.supply(rest()).unwrap();
    assert_eq!(get(&session, "/volumes/detail"), Ok(200));
    cloud.advance(SECOND * 2);
    identity.supply(rest()).unwrap();
    assert!(matches!(login_error(&session), LoginError::Refused { .. }), "the receipt has ended");
    assert_eq!(volumes(&cloud).refusals, 0);
}

#[test]
fn somebody_is_asked_only_if_a_receipt_asks() {
    let cloud = cloud();
    for (name, requests) in [("alice", 1), ("carol", 2)] {
        let who = || user(&cloud, name);
        cloud.reset_counters();
        let careful = MultiFactor::new(Password::new(who(), "pass-word")).if_asked(Totp::asked(who()));
        let told = if requests == 2 { vec![cloud.passcode(name).unwrap()] } else { Vec::new() };
        let identity = asking(&client(&cloud), by(&cloud, careful), told);
        assert_eq!(get(&to_volumes(&cloud, &identity), "/volumes/detail"), Ok(200), "{name}");
        assert_eq!(cloud.counters().token_requests, requests);
    }
}

#[test]
fn refused_clients_are_not_tried_again() {
    let cloud = cloud();
    let (id, _) = application_credential(&cloud);
    let endpoint = format!("{}/OS-OAUTH2/token", cloud.auth_url());
    let alice = cloud.credentials("alice").unwrap().user_id;
    let keys = cloud.oauth1_keys("alice").unwrap();
    let forged = OAuth1::new(keys.consumer_key, "not the secret", keys.access_key, keys.access_secret);
    for wrong in [
        by(&cloud, OAuth2ClientCredential::new(&endpoint, id, "not the secret")),
        by(&cloud, OAuth2Mtls::new(&endpoint, alice)),
        by(&cloud, forged),
        by(&cloud, Totp::computed(user(&cloud, "alice"), &SECRET[8..])),
    ] {
        cloud.reset_counters();
        let identity = client(&cloud).identity(wrong).unwrap();
        for _ in 0..3 {
            let error = login_error(&to_volumes(&cloud, &identity));
            assert!(matches!(error, LoginError::Refused { .. }), "{error}");
            cloud.advance(SECOND * 60);
        }
        let asked = asked(&cloud, "/v3/auth/tokens") + asked(&cloud, "/v3/OS-OAUTH2/token");
        assert_eq!((asked, volumes(&cloud).requests), (1, 0));
    }
}
