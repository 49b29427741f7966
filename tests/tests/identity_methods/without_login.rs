// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use keepstone_core::{Endpoint, Failure, Fixed, InputError, Outlook, Refusal, Scope, TlsId};
use keepstone_tests::cloud::{Arrival, Service};

use super::{Session, answer, client, get};
use crate::world::{SECOND, asked, cloud, password};

/// What the volume service saw last.
fn seen(cloud: &keepstone_tests::cloud::Cloud) -> Arrival {
    cloud.arrivals().into_iter().rev().find(|arrival| arrival.service == Service::Volume).unwrap()
}

#[test]
fn headers_go_along_and_a_401_is_delivered() {
    let cloud = cloud();
    let client = client(&cloud);
    let volumes = cloud.endpoint(Service::Volume, "demo").unwrap();
    for (fixed, token, authorization) in [
        (Fixed::none(), None, None),
        (Fixed::basic("ironic", "s3cr3t"), None, Some("Basic aXJvbmljOnMzY3IzdA==")),
        (Fixed::admin_token("adm1n"), Some("adm1n"), None),
    ] {
        let session = client.fixed(fixed.endpoint(&volumes).unwrap()).unwrap().session();
        assert_eq!(answer(&session, "/volumes/detail"), Ok((401, Some(Refusal::Fixed))));
        let seen = seen(&cloud);
        assert_eq!((seen.user_token.as_deref(), seen.authorization.as_deref()), (token, authorization));
        assert_eq!(session.outlook(), Ok(Outlook::Endless));
    }
    assert_eq!(asked(&cloud, "/v3/auth/tokens"), 0);
}

#[test]
fn a_token_that_is_always_good_is_used_for_ever() {
    let cloud = cloud();
    let token = cloud.issue_token("alice", "demo", SECOND * 1_000_000).unwrap();
    let volumes = cloud.endpoint(Service::Volume, "demo").unwrap();
    let admin = client(&cloud).fixed(Fixed::admin_token(token)).unwrap();
    let session = admin.session().at(Endpoint::fixed(volumes));
    for _ in 0..4 {
        assert_eq!(get(&session, "/volumes/detail"), Ok(200));
        cloud.advance(SECOND * 200_000);
    }
}

#[test]
fn a_certificate_in_place_of_a_token() {
    let cloud = cloud();
    let client = client(&cloud);
    let at = |scope| Fixed::tokenless(&cloud.origin(Service::Identity), &scope, TlsId::default()).unwrap();
    let session = |scope| -> Session { client.fixed(at(scope)).unwrap().session() };
    let demo = session(Scope::project("demo"));
    assert_eq!(answer(&demo, "/auth/catalog"), Ok((401, Some(Refusal::Fixed))), "there is none");
    cloud.show_certificate_of(Some("alice")).unwrap();
    assert_eq!(get(&demo, "/auth/catalog"), Ok(200));
    assert_eq!(get(&session(Scope::project("service")), "/auth/catalog"), Ok(401), "alice has no role there");
    let elsewhere = get(&demo.at(Endpoint::of("volumev3")), "/volumes/detail");
    assert!(matches!(elsewhere, Err(Failure::Input(InputError::TokenlessElsewhere(_)))), "{elsewhere:?}");
    assert_eq!(asked(&cloud, "/v3/auth/tokens"), 0);
}

#[test]
fn nobody_vouches_for_what_has_no_end() {
    let cloud = cloud();
    let client = client(&cloud);
    let nova = client.identity(password(&cloud, "alice")).unwrap();
    let volumes = Endpoint::fixed(cloud.endpoint(Service::Volume, "demo").unwrap());
    let fixed = client.fixed(Fixed::none()).unwrap();
    let vouched = fixed.session().vouched_by(&nova).at(volumes.clone());
    let failure = get(&vouched, "/volumes/detail");
    assert_eq!(failure, Err(Failure::Input(InputError::NothingToVouchFor)));
    let by_nobody = nova.session().vouched_by(&fixed).at(volumes);
    assert_eq!(get(&by_nobody, "/volumes/detail"), Err(Failure::Input(InputError::CannotVouch)));
    assert!(cloud.arrivals().iter().all(|arrival| arrival.service == Service::Identity));
}
