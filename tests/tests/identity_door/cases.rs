// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use std::sync::Arc;
use std::time::Duration;

use keepstone_core::identity::{Method, MultiFactor, Password};
use keepstone_core::{Credential, Endpoint, LoginError, Scope, UserRef};
use keepstone_tests::cloud::{Clock, Cloud, Negotiation, Service, Settings, TokenFault};

use super::{NAME, Session, call, client, identity};
use crate::fedkerb::FedKerberos;
use crate::kerberos::{Kerberos, Mutual};
use crate::library::Library;

struct World {
    cloud: Cloud,
    library: Arc<Library>,
    session: Session,
}

impl World {
    fn new(name: &str, method: impl Method) -> Self {
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let token_life = Duration::from_secs(3);
        let cloud =
            Cloud::start(Settings { clock: clock.clone(), token_life, ..Settings::default() }).unwrap();
        let library = Arc::new(Library::new(&format!("{name}-{NAME}")));
        let credential = Credential::new(&cloud.auth_url(), method).unwrap().scope(Scope::project("demo"));
        let alice = identity(&client(clock), credential, Arc::clone(&library));
        let volumes = cloud.endpoint(Service::Volume, "demo").unwrap();
        Self { cloud, library, session: alice.session().at(Endpoint::fixed(volumes)) }
    }

    fn plain(name: &str, mutual: Mutual) -> Self {
        Self::new(&format!("plain-{name}"), Kerberos { mutual })
    }

    fn federated(name: &str, mutual: Mutual) -> Self {
        let (identity_provider, protocol) = ("krb", "kerberos");
        Self::new(&format!("federated-{name}"), FedKerberos { identity_provider, protocol, mutual })
    }

    fn both(name: &str, mutual: Mutual) -> [Self; 2] {
        let worlds = [Self::plain(name, mutual), Self::federated(name, mutual)];
        worlds.iter().for_each(|world| world.library.kinit("alice"));
        worlds
    }
}

#[test]
fn tickets_are_traded_for_as_long_as_there_is_work() {
    for world in World::both("renewed", Mutual::Required) {
        for round in 1..=5 {
            assert_eq!(call(&world.session), Ok(200), "{round}");
            assert_eq!(world.library.asked(), "Negotiate 127.0.0.1 -, Negotiate 127.0.0.1 server");
            world.cloud.advance(Duration::from_secs(3));
        }
        assert_eq!(world.cloud.ticket_replays(), 0);
        assert_eq!(world.cloud.counters().services[&Service::Volume].refusals, 0);
    }
}

#[test]
fn a_handshake_may_take_another_round() {
    for world in World::both("rounds", Mutual::Required) {
        world.cloud.set_negotiation(Negotiation { challenges: true, ..Negotiation::default() });
        assert_eq!(call(&world.session), Ok(200));
        assert_eq!(
            world.library.asked(),
            "Negotiate 127.0.0.1 -, Negotiate 127.0.0.1 challenge, Negotiate 127.0.0.1 server"
        );
    }
}

#[test]
fn a_server_that_cannot_prove_itself_gets_no_call() {
    let impostor = Negotiation { impostor: true, ..Negotiation::default() };
    let silent = Negotiation { silent: true, ..Negotiation::default() };
    let untrue = "the server is not who it says it is";
    for (index, (mutual, negotiation, expected)) in [
        (Mutual::Required, &impostor, Err(LoginError::Unanswered(untrue.to_owned()))),
        (Mutual::Optional, &impostor, Err(LoginError::Unanswered(untrue.to_owned()))),
        (Mutual::Disabled, &impostor, Ok(200)),
        (
            Mutual::Required,
            &silent,
            Err(LoginError::Garbled("it does not prove who it is, and mutual authentication is required")),
        ),
        (Mutual::Optional, &silent, Ok(200)),
        (Mutual::Disabled, &silent, Ok(200)),
    ]
    .into_iter()
    .enumerate()
    {
        for world in World::both(&format!("mutual-{index}"), mutual) {
            world.cloud.set_negotiation(negotiation.clone());
            assert_eq!(call(&world.session), expected, "{mutual:?} {negotiation:?}");
            let calls = world.cloud.counters().services.get(&Service::Volume).map_or(0, |it| it.requests);
            assert_eq!(calls, u64::from(expected.is_ok()));
        }
    }
}

#[test]
fn no_word_is_said_twice_when_answers_get_lost() {
    let world = World::plain("lost", Mutual::Required);
    world.library.kinit("alice");
    world.cloud.fail_token_requests(2, TokenFault::Close);
    assert_eq!(call(&world.session), Ok(200));
    assert_eq!(world.cloud.ticket_replays(), 0);
    let ticket = "Negotiate 127.0.0.1 -";
    assert_eq!(world.library.asked(), format!("{ticket}, {ticket}, {ticket}, Negotiate 127.0.0.1 server"));
}

#[test]
fn without_a_ticket_it_is_said_what_helps() {
    for (name, world) in [
        ("plain", World::plain("bare", Mutual::Optional)),
        ("federated", World::federated("bare", Mutual::Optional)),
    ] {
        assert_eq!(
            call(&world.session),
            Err(LoginError::Unanswered("no ticket: run kinit".to_owned())),
            "{name}"
        );
        world.library.kinit("alice");
        world.cloud.advance(Duration::from_secs(3600));
        assert_eq!(call(&world.session), Ok(200), "{name}");
    }
}

#[test]
fn a_ticket_of_a_stranger_is_shown_once() {
    for (name, world) in [
        ("plain", World::plain("stranger", Mutual::Optional)),
        ("federated", World::federated("stranger", Mutual::Optional)),
    ] {
        world.library.kinit("mallory");
        for _ in 0..3 {
            let error = call(&world.session).unwrap_err();
            assert!(matches!(error, LoginError::Refused { .. }), "{name}: {error:?}");
            world.cloud.advance(Duration::from_secs(100_000));
        }
        assert_eq!(world.library.asked(), "Negotiate 127.0.0.1 -", "{name}");
    }
}

#[test]
fn a_ticket_goes_along_with_other_methods() {
    let password = Password::new(UserRef::name("alice"), "alice-password");
    let both = MultiFactor::new(Kerberos { mutual: Mutual::Required }).and(password);
    let world = World::new("multi", both);
    world.library.kinit("alice");
    assert_eq!(call(&world.session), Ok(200));
    assert_eq!(world.library.asked(), "Negotiate 127.0.0.1 -, Negotiate 127.0.0.1 server");
}
