//! Over the blocking transport.

use std::error::Error as _;
use std::time::Duration;

use keepstone_blocking::{Error, Identity, Notice};
use keepstone_core::{Credential, Failure, LoginError, ProviderProblem};
use keepstone_tests::cloud::{Outage, Service};

use crate::blocking_world::{SECOND, World, get, status};
use crate::cases::{
    Helper, all, assert_announced, assert_renewed, demo, device, federated, given_token, password, renewable,
    scribe,
};

const TICK: Duration = Duration::from_millis(500);

fn identity(world: &World, credential: &Credential, helper: &Helper) -> Identity {
    let helper = helper.clone();
    world.client.identity_asking(credential.clone(), move |inquiry| helper.answer(inquiry)).unwrap()
}

/// Why the identity of a call has no token.
fn login_error(world: &World, identity: &Identity) -> LoginError {
    let error = get(&world.volumes_of(identity), "/volumes").unwrap_err();
    match error {
        Error::Failure(Failure::Login { source, .. } | Failure::Late { last: Some(source), .. }) => source,
        other => panic!("{other:?}: {:?}", other.source()),
    }
}

#[test]
fn keystone_is_shown_a_token_without_a_body() {
    let (url, written) = scribe();
    let world = World::still();
    let identity = identity(&world, &given_token(&url), &Helper::new(&world.cloud));
    login_error(&world, &identity);
    assert_announced(&written.join().unwrap());
}

#[test]
fn each_method_logs_in_and_calls_a_service() {
    let world = World::still();
    for case in all(&world.cloud) {
        let helper = Helper::new(&world.cloud);
        let identity = identity(&world, &case.credential, &helper);
        assert_eq!(status(&world.volumes_of(&identity)), 200, "{}", case.name);
        assert_eq!(helper.asked(), case.questions, "{}", case.name);
    }
}

#[test]
fn tokens_of_three_seconds_are_renewed_unattended() {
    for index in 0..4 {
        let world = World::still_with(SECOND * 3);
        let case = renewable(&world.cloud).remove(index);
        let helper = Helper::new(&world.cloud);
        let identity = identity(&world, &case.credential, &helper);
        for _ in 0..14 {
            assert_eq!(status(&world.volumes_of(&identity)), 200, "{}", case.name);
            world.pass(TICK);
        }
        assert_renewed(&world.cloud, &case, &helper);
    }
}

#[test]
fn without_refresh_tokens_the_whole_login_is_done_again() {
    for index in 0..2 {
        let world = World::still_with(SECOND * 3);
        world.cloud.provider().rule(|rules| rules.refresh_life = Duration::ZERO);
        let case = renewable(&world.cloud).remove(index);
        let identity = identity(&world, &case.credential, &Helper::new(&world.cloud));
        for _ in 0..14 {
            assert_eq!(status(&world.volumes_of(&identity)), 200, "{}", case.name);
            world.pass(TICK);
        }
        assert!(world.cloud.provider().counts().granted(case.name) >= 3, "{}", case.name);
    }
}

#[test]
fn a_refresh_token_that_is_over_is_done_without() {
    for index in 0..4 {
        let world = World::still();
        let case = renewable(&world.cloud).remove(index);
        let helper = Helper::new(&world.cloud);
        let identity = identity(&world, &case.credential, &helper);
        assert_eq!(status(&world.volumes_of(&identity)), 200, "{}", case.name);
        world.cloud.provider().end_sessions();
        world.pass(SECOND * 7200);
        assert_eq!(status(&world.volumes_of(&identity)), 200, "{}", case.name);
        let counts = world.cloud.provider().counts();
        assert_eq!((counts.granted(case.name), counts.refused("invalid_grant")), (2, 1), "{}", case.name);
        assert_eq!(helper.asked(), 2 * case.questions, "{}", case.name);
    }
}

#[test]
fn a_device_slows_down_when_it_is_told_to() {
    let world = World::still();
    world.cloud.provider().rule(|rules| rules.slow_downs = 2);
    let identity = identity(&world, &demo(&world.cloud, device(&world.cloud)), &Helper::new(&world.cloud));
    let began = world.cloud.now();
    assert_eq!(status(&world.volumes_of(&identity)), 200);
    let counts = world.cloud.provider().counts();
    // After the first question 10 s, then 15 s each: two in vain, the last one well.
    assert_eq!((counts.refused("slow_down"), counts.refused("authorization_pending")), (2, 2));
    let took = (world.cloud.now() - began).num_seconds();
    assert_eq!(took, 10 + 15 + 15 + 15);
}

#[test]
fn a_device_that_is_declined_says_so() {
    let world = World::still();
    let provider = world.cloud.provider();
    let decline = move |inquiry: &keepstone_blocking::Inquiry| {
        let keepstone_blocking::Inquiry::Page(page) = inquiry else { return Err("what?") };
        provider.decline_device(page.user_code.as_deref().unwrap());
        Ok("".into())
    };
    let credential = demo(&world.cloud, device(&world.cloud));
    let identity = world.client.identity_asking(credential, decline).unwrap();
    let error = login_error(&world, &identity);
    assert!(matches!(error, LoginError::Provider { problem: ProviderProblem::Declined, .. }), "{error:?}");
}

#[test]
fn a_wrong_password_is_sent_once() {
    let world = World::still();
    let identity = identity(&world, &password(&world.cloud, "wrong"), &Helper::new(&world.cloud));
    for _ in 0..3 {
        let error = login_error(&world, &identity);
        let refused = matches!(&error, LoginError::Provider { problem: ProviderProblem::Refused { error, .. }, .. } if error == "invalid_grant");
        assert!(refused, "{error:?}");
        world.pass(SECOND * 3600);
    }
    assert_eq!(world.cloud.counters().wrong_passwords("alice"), 1);
    assert_eq!(world.cloud.provider().counts().refused("invalid_grant"), 1);
}

#[test]
fn an_outage_of_the_provider_is_told_of_it_and_passes() {
    let world = World::still();
    let identity = identity(&world, &password(&world.cloud, "alice-password"), &Helper::new(&world.cloud));
    for outage in [Outage::Refuse, Outage::Close, Outage::Unavailable { retry_after: None }] {
        world.cloud.set_outage(Service::IdentityProvider, outage);
        let error = login_error(&world, &identity);
        assert!(matches!(error, LoginError::Provider { .. }) && error.is_transient(), "{error:?}");
    }
    world.cloud.set_outage(Service::IdentityProvider, Outage::None);
    assert_eq!(status(&world.volumes_of(&identity)), 200);
    assert_eq!(federated(&world.cloud), 1);
    let failed =
        world.notices.lock().unwrap().iter().filter(|it| matches!(it, Notice::Failed { .. })).count();
    assert!(failed >= 3, "{failed}");
}
