// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use std::collections::BTreeMap;

use keepstone_core::identity::{
    ApplicationCredential, Method, MultiFactor, OAuth1, OAuth2ClientCredential, OAuth2Mtls, Password, Totp,
};
use keepstone_core::{Credential, Endpoint};
use keepstone_tests::cloud::{Cloud, Service};

use super::{client, get};
use crate::world::{SECOND, SECRET, application_credential, asked, cloud, password, user, volumes};

const STEPS: u32 = 24;

/// Calls the volume service for twelve seconds with a login that needs nobody's help.
fn outlives(cloud: &Cloud, credential: Credential) {
    let session = client(cloud).identity(credential).unwrap().session();
    let session = session.at(Endpoint::fixed(cloud.endpoint(Service::Volume, "demo").unwrap()));
    for step in 0..STEPS {
        assert_eq!(get(&session, "/volumes/detail").map_err(|error| error.to_string()), Ok(200), "{step}");
        cloud.advance(SECOND / 2);
    }
    let seen = volumes(cloud);
    assert_eq!((seen.requests, seen.refusals), (u64::from(STEPS), 0));
    let tokens = headers(cloud).len();
    assert!((6..=9).contains(&tokens), "{tokens} tokens of at most two seconds in twelve");
}

/// The tokens that reached the volume service, with the `Authorization` beside each.
fn headers(cloud: &Cloud) -> BTreeMap<String, Option<String>> {
    let mut headers = BTreeMap::new();
    for arrival in cloud.arrivals().into_iter().filter(|arrival| arrival.service == Service::Volume) {
        let beside = headers.entry(arrival.user_token.unwrap()).or_insert(arrival.authorization.clone());
        assert_eq!(*beside, arrival.authorization, "they change together");
    }
    headers
}

/// How often something was asked, where it is asked once for each token. The last token may have
/// been asked for beside the last call, for nobody.
fn assert_once_for_each(cloud: &Cloud, asked: usize) {
    let tokens = headers(cloud).len();
    assert!((tokens..=tokens + 1).contains(&asked), "{asked} for {tokens} tokens");
}

fn by(cloud: &Cloud, method: impl Method) -> Credential {
    Credential::new(&cloud.auth_url(), method).unwrap()
}

#[test]
fn a_password() {
    let cloud = cloud();
    outlives(&cloud, password(&cloud, "alice"));
}

#[test]
fn an_application_credential_by_id() {
    let cloud = cloud();
    let (id, secret) = application_credential(&cloud);
    outlives(&cloud, by(&cloud, ApplicationCredential::new(id, secret)));
}

#[test]
fn an_application_credential_by_name() {
    let cloud = cloud();
    let (_, secret) = application_credential(&cloud);
    let alice = user(&cloud, "alice");
    outlives(&cloud, by(&cloud, ApplicationCredential::named("backup", alice, secret)));
}

#[test]
fn computed_passcodes() {
    let cloud = cloud();
    let alice = user(&cloud, "alice");
    outlives(&cloud, by(&cloud, Totp::computed(alice, SECRET)));
    assert_eq!(cloud.counters().wrong_passwords("alice"), 0);
}

#[test]
fn a_password_and_a_passcode_in_one_request() {
    let cloud = cloud();
    let carol = || user(&cloud, "carol");
    let both = MultiFactor::new(Password::new(carol(), "pass-word")).and(Totp::computed(carol(), SECRET));
    outlives(&cloud, by(&cloud, both));
    assert_once_for_each(&cloud, asked(&cloud, "/v3/auth/tokens"));
}

#[test]
fn a_password_and_a_passcode_if_a_receipt_asks_for_it() {
    let cloud = cloud();
    let carol = || user(&cloud, "carol");
    let careful =
        MultiFactor::new(Password::new(carol(), "pass-word")).if_asked(Totp::computed(carol(), SECRET));
    outlives(&cloud, by(&cloud, careful));
    assert_once_for_each(&cloud, asked(&cloud, "/v3/auth/tokens") / 2);
}

#[test]
fn a_consumer_of_oauth_1() {
    let cloud = cloud();
    let keys = cloud.oauth1_keys("alice").unwrap();
    let method = OAuth1::new(keys.consumer_key, keys.consumer_secret, keys.access_key, keys.access_secret);
    outlives(&cloud, by(&cloud, method));
}

#[test]
fn a_consumer_of_oauth_1_at_an_address_without_a_version_and_without_a_catalog() {
    let cloud = cloud();
    let keys = cloud.oauth1_keys("alice").unwrap();
    let method = OAuth1::new(keys.consumer_key, keys.consumer_secret, keys.access_key, keys.access_secret);
    let bare = cloud.origin(Service::Identity);
    outlives(&cloud, Credential::new(&bare, method).unwrap().without_catalog());
}

#[test]
fn a_client_of_oauth_2() {
    let cloud = cloud();
    let (id, secret) = application_credential(&cloud);
    let endpoint = format!("{}/OS-OAUTH2/token", cloud.auth_url());
    outlives(&cloud, by(&cloud, OAuth2ClientCredential::new(endpoint, id, secret)));
    let headers = headers(&cloud);
    assert!(headers.values().all(|it| it.as_ref().unwrap().starts_with("Bearer gAAAA")), "{headers:?}");
    assert_once_for_each(&cloud, asked(&cloud, "/v3/OS-OAUTH2/token"));
    assert_once_for_each(&cloud, asked(&cloud, "/v3/auth/tokens"));
}

#[test]
fn a_client_of_oauth_2_with_a_certificate() {
    let cloud = cloud();
    cloud.show_certificate_of(Some("alice")).unwrap();
    let endpoint = format!("{}/OS-OAUTH2/token", cloud.auth_url());
    let id = cloud.credentials("alice").unwrap().user_id;
    outlives(&cloud, by(&cloud, OAuth2Mtls::new(endpoint, id)));
    let headers = headers(&cloud);
    assert!(headers.iter().all(|(token, beside)| *beside == Some(format!("Bearer {token}"))), "{headers:?}");
    assert_once_for_each(&cloud, asked(&cloud, "/v3/OS-OAUTH2/token"));
}
