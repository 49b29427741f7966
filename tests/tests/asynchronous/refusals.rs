//! Tokens that are expired, refused, revoked or not to be sent at all.

use http::{Request, StatusCode};
use keepstone_async::{
    Credential, Endpoint, Error, Failure, Head, LoginError, Need, Notice, Outlook, Refusal, UserRef, When,
    refusal,
};
use keepstone_tests::cloud::{Answer, Arrival, Service};

use crate::world::{HOUR, SECOND, World, everywhere, get, status};

const WINDOW: std::time::Duration = std::time::Duration::from_secs(172_800);

/// The last request to the volume service; an errand may have been at Keystone since.
fn last_arrival(world: &World) -> Arrival {
    let arrivals = world.cloud.arrivals();
    arrivals.into_iter().rev().find(|arrival| arrival.service == Service::Volume).unwrap()
}

fn failure(result: Result<keepstone_async::Response, Error>) -> Failure {
    match result {
        Err(Error::Failure(failure)) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_service_token_carries_an_expired_one_to_the_end_of_the_window() {
    everywhere(|| async {
        let world = World::still();
        let (alice, token) = world.borrowed(HOUR);
        let nova = world.identity("nova");
        let session = world.volumes_of(&alice).vouched_by(&nova);
        assert_eq!(status(&session).await, 200);
        world.pass(HOUR + SECOND * 2);
        assert_eq!(status(&session).await, 200, "expired, and carried");
        let last = last_arrival(&world);
        assert_eq!(last.user_token.as_deref(), Some(token.as_str()));
        assert!(last.service_token.is_some());
        world.pass(WINDOW - SECOND * 4);
        assert_eq!(status(&session).await, 200, "the window's last seconds");
        world.pass(SECOND * 4);
        let before = world.cloud.counters().service(Service::Volume).requests;
        assert!(matches!(failure(get(&session, "/volumes/detail").await), Failure::WindowOver { .. }));
        assert_eq!(world.cloud.counters().service(Service::Volume).requests, before, "nothing was sent");
    });
}

#[test]
fn an_expired_token_alone_does_not_leave() {
    everywhere(|| async {
        let world = World::still();
        let (alice, _) = world.borrowed(HOUR);
        let session = world.volumes_of(&alice);
        assert_eq!(status(&session).await, 200, "this answer shows what time it is in the cloud");
        assert!(matches!(session.outlook().unwrap(), Outlook::Ends { vouched: None, .. }));
        world.pass(HOUR + SECOND * 2);
        let before = world.cloud.counters().service(Service::Volume).requests;
        let failure = failure(get(&session, "/volumes/detail").await);
        assert!(matches!(failure, Failure::UserExpired { .. }), "{failure:?}");
        assert_eq!(world.cloud.counters().service(Service::Volume).requests, before);
    });
}

#[test]
fn an_expired_token_never_goes_to_keystone_and_a_service_token_neither() {
    everywhere(|| async {
        let world = World::still();
        let (alice, _) = world.borrowed(HOUR);
        let nova = world.identity("nova");
        let keystone = Endpoint::fixed(world.cloud.auth_url());
        let session = alice.session().vouched_by(&nova);
        assert_eq!(status(&session.clone().at(world.volumes())).await, 200);
        let listing =
            get(&session.clone().at(keystone.clone()), "/OS-TRUST/trusts?trustor_user_id=x").await.unwrap();
        let arrived = world.cloud.arrivals().pop().unwrap();
        assert!(arrived.service_token.is_none(), "{} {arrived:?}", listing.status());
        world.pass(HOUR + SECOND * 2);
        let failure = failure(get(&session.at(keystone), "/OS-TRUST/trusts").await);
        assert_eq!(failure, Failure::ExpiredForKeystone);
    });
}

#[test]
fn a_revoked_token_that_can_be_renewed_is() {
    everywhere(|| async {
        let world = World::still();
        let alice = world.identity("alice");
        let session = world.volumes_of(&alice);
        assert_eq!(status(&session).await, 200);
        world.pass(SECOND * 60);
        world.cloud.revoke_all_of("alice").unwrap();
        assert_eq!(status(&session).await, 200);
        assert_eq!(world.token_requests(), 2);
        let refused =
            world.notices.lock().unwrap().iter().any(|n| *n == Notice::Refused { keyring: alice.id() });
        assert!(refused);
    });
}

#[test]
fn refused_credentials_are_sent_once_until_others_are_supplied() {
    everywhere(|| async {
        let world = World::still();
        let account = world.cloud.credentials("alice").unwrap();
        let user = || UserRef::id(account.user_id.as_str());
        let wrong = Credential::password(&account.auth_url, user(), "wrong").unwrap();
        let alice = world.client.identity(wrong).unwrap();
        let session = world.volumes_of(&alice);
        for _ in 0..5 {
            let failure = failure(get(&session, "/volumes/detail").await);
            assert!(
                matches!(failure, Failure::Login { source: LoginError::Refused { .. }, .. }),
                "{failure:?}"
            );
            world.pass(HOUR);
        }
        assert_eq!(world.cloud.counters().wrong_passwords("alice"), 1);
        alice.supply(world.credential("alice")).unwrap();
        assert_eq!(status(&session).await, 200);
    });
}

#[test]
fn a_credential_from_a_callback_follows_a_rotation() {
    everywhere(|| async {
        let world = World::still();
        let password = std::sync::Arc::new(std::sync::Mutex::new(String::from("alice-password")));
        let (file, account) = (std::sync::Arc::clone(&password), world.cloud.credentials("alice").unwrap());
        let alice = world.client.identity_from(move |_| {
            let (password, account) = (file.lock().unwrap().clone(), account.clone());
            async move {
                tokio::task::yield_now().await;
                Credential::password(&account.auth_url, UserRef::id(account.user_id.as_str()), password)
            }
        });
        let session = world.volumes_of(&alice);
        assert_eq!(status(&session).await, 200);
        world.pass(SECOND * 60);
        world.cloud.change_password("alice", "n3w").unwrap();
        // The file is not written yet: the old password is refused once, and not sent again.
        for _ in 0..3 {
            assert!(get(&session, "/volumes/detail").await.is_err());
        }
        assert_eq!(world.cloud.counters().wrong_passwords("alice"), 1);
        *password.lock().unwrap() = "n3w".to_owned();
        world.pass(SECOND * 31);
        assert_eq!(status(&session).await, 200);
        assert_eq!(world.cloud.counters().wrong_passwords("alice"), 1);
    });
}

#[test]
fn a_service_identity_without_the_role_is_told_at_first_use() {
    everywhere(|| async {
        let world = World::still();
        let (alice, _) = world.borrowed(HOUR);
        let norole = world.identity("norole");
        let session = world.volumes_of(&alice);
        let failure = failure(get(&session.clone().vouched_by(&norole), "/volumes/detail").await);
        let Failure::ServiceRoleMissing { wanted, has } = &failure else { panic!("{failure:?}") };
        assert_eq!(
            (wanted.as_slice(), has.contains(&"service".to_owned())),
            (&["service".to_owned()][..], false)
        );
        assert_eq!(world.cloud.counters().service(Service::Volume).requests, 0);

        let preferred = session.vouched_with(&norole, |vouching| vouching.need(Need::Preferred));
        assert_eq!(status(&preferred).await, 200);
        let loud = world
            .notices
            .lock()
            .unwrap()
            .iter()
            .any(|n| matches!(n, Notice::GoesWithout { error: None, .. }));
        assert!(loud);
    });
}

#[test]
fn a_service_token_goes_along_only_near_the_end_if_so_asked() {
    everywhere(|| async {
        let world = World::still();
        let (alice, _) = world.borrowed(HOUR);
        let nova = world.identity("nova");
        let near = |vouching: keepstone_async::Vouching| vouching.when(When::NearExpiry(SECOND * 60));
        let session = world.volumes_of(&alice).vouched_with(&nova, near);
        let carried = || last_arrival(&world).service_token.is_some();
        // No clock has been compared yet, so nova logs in; that answer shows that there is time.
        assert_eq!((status(&session).await, carried()), (200, false));
        assert_eq!((status(&session).await, carried()), (200, false));
        assert_eq!(world.token_requests(), 1);
        world.pass(HOUR - SECOND * 30);
        assert_eq!((status(&session).await, carried()), (200, true));
    });
}

#[test]
fn a_401_that_cannot_be_helped_comes_with_its_reason() {
    everywhere(|| async {
        let world = World::still();
        let (alice, token) = world.borrowed(HOUR);
        world.cloud.revoke_token(&token);
        let refused = get(&world.volumes_of(&alice), "/volumes/detail").await.unwrap();
        assert_eq!(
            (refused.status(), refusal(&refused)),
            (StatusCode::UNAUTHORIZED, Some(Refusal::Borrowed))
        );
        let nobody = world.client.anonymous().at(world.volumes());
        assert_eq!(refusal(&get(&nobody, "/volumes/detail").await.unwrap()), Some(Refusal::NoToken));
    });
}

#[test]
fn a_redirect_to_another_origin_gets_no_token() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        let elsewhere = world.cloud.origin(Service::Image);
        for status in [301, 302, 303, 307, 308] {
            let location = format!("{elsewhere}/v2/images");
            world.cloud.answer_next(Service::Volume, 1, Answer::status(status).header("Location", &location));
            let answer = get(&session, "/volumes/detail").await.unwrap();
            assert_eq!(answer.status(), status);
        }
        assert_eq!(world.cloud.counters().service(Service::Image).requests, 0);
    });
}

#[test]
fn a_busy_service_is_asked_again() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        world.cloud.answer_next(Service::Volume, 2, Answer::status(503).header("Retry-After", "2"));
        let before = world.cloud.now();
        assert_eq!(status(&session).await, 200);
        assert!(world.cloud.now() - before >= chrono::TimeDelta::seconds(4), "it waited as it was asked to");
        world.cloud.answer_next(Service::Volume, 1, Answer::status(503));
        let posted = session.send(Request::post("/volumes").body("{}").unwrap()).await.unwrap();
        assert_eq!(posted.status(), 503, "what may have happened is not repeated");
    });
}

#[test]
fn another_library_can_send_the_request() {
    everywhere(|| async {
        let world = World::still();
        let session = world.volumes_of(&world.identity("alice"));
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().new_agent();
        let send = || async {
            let mut lent = session.lend(Request::get("/volumes/detail").body(()).unwrap());
            let mut tries = 0;
            loop {
                tries += 1;
                let request = lent.request().await.unwrap();
                let agent = agent.clone();
                let answer = tokio::task::spawn_blocking(move || agent.run(request).unwrap()).await.unwrap();
                if !lent.judge(Head { status: answer.status(), headers: answer.headers(), touched: false }) {
                    return (tries, answer.status().as_u16());
                }
            }
        };
        assert_eq!(send().await, (1, 200));
        world.pass(SECOND * 60);
        world.cloud.revoke_all_of("alice").unwrap();
        assert_eq!(send().await, (2, 200));
    });
}

#[test]
fn identities_are_forgotten_with_their_last_session() {
    everywhere(|| async {
        let world = World::still();
        let session = {
            let (alice, _) = world.borrowed(HOUR);
            world.volumes_of(&alice)
        };
        assert_eq!(status(&session).await, 200, "the session keeps its identity");
    });
}
