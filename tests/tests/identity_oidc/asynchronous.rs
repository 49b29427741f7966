//! Over the async transport.

use std::time::Duration;

use keepstone_async::Identity;
use keepstone_core::Credential;

use crate::asynchronous_world::{SECOND, World, everywhere, get, status};
use crate::cases::{Helper, all, assert_announced, assert_renewed, given_token, renewable, scribe};

const TICK: Duration = Duration::from_millis(500);

fn identity(world: &World, credential: &Credential, helper: &Helper) -> Identity {
    let helper = helper.clone();
    let answer = move |inquiry| {
        let helper = helper.clone();
        async move { helper.answer(&inquiry) }
    };
    world.client.identity_asking(credential.clone(), answer).unwrap()
}

#[test]
fn keystone_is_shown_a_token_without_a_body() {
    everywhere(async || {
        let (url, written) = scribe();
        let world = World::still();
        let identity = identity(&world, &given_token(&url), &Helper::new(&world.cloud));
        get(&world.volumes_of(&identity), "/volumes").await.unwrap_err();
        assert_announced(&written.join().unwrap());
    });
}

#[test]
fn each_method_logs_in_and_calls_a_service() {
    everywhere(async || {
        let world = World::still();
        for case in all(&world.cloud) {
            let helper = Helper::new(&world.cloud);
            let identity = identity(&world, &case.credential, &helper);
            assert_eq!(status(&world.volumes_of(&identity)).await, 200, "{}", case.name);
            assert_eq!(helper.asked(), case.questions, "{}", case.name);
        }
    });
}

#[test]
fn tokens_of_three_seconds_are_renewed_unattended() {
    everywhere(async || {
        for index in 0..4 {
            let world = World::still_with(SECOND * 3);
            let case = renewable(&world.cloud).remove(index);
            let helper = Helper::new(&world.cloud);
            let identity = identity(&world, &case.credential, &helper);
            for _ in 0..14 {
                assert_eq!(status(&world.volumes_of(&identity)).await, 200, "{}", case.name);
                world.pass(TICK);
            }
            assert_renewed(&world.cloud, &case, &helper);
        }
    });
}

#[test]
fn a_refresh_token_that_is_over_is_done_without() {
    everywhere(async || {
        for index in 0..4 {
            let world = World::still();
            let case = renewable(&world.cloud).remove(index);
            let helper = Helper::new(&world.cloud);
            let identity = identity(&world, &case.credential, &helper);
            assert_eq!(status(&world.volumes_of(&identity)).await, 200, "{}", case.name);
            world.cloud.provider().end_sessions();
            world.pass(SECOND * 7200);
            assert_eq!(status(&world.volumes_of(&identity)).await, 200, "{}", case.name);
            let counts = world.cloud.provider().counts();
            assert_eq!(counts.granted(case.name), 2, "{}", case.name);
            assert_eq!(helper.asked(), 2 * case.questions, "{}", case.name);
        }
    });
}
