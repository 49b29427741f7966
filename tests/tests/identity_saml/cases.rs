// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use std::sync::Arc;
use std::time::Duration;

use keepstone_core::identity::{AdfsPassword, Keystone2Keystone, Method, Password, Saml2Password};
use keepstone_core::{Credential, Endpoint, FederationError, LoginError, Party, Scope, UserRef};
use keepstone_tests::cloud::{Answer, Clock, Cloud, SamlPlace, Service, Settings};

use super::{Session, call, client};

/// Which way in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Saml,
    Adfs,
    K2k,
}

const WAYS: [Way; 3] = [Way::Saml, Way::Adfs, Way::K2k];

struct World {
    /// The Keystone that the credential names.
    home: Cloud,
    /// Where the service is, if it is elsewhere.
    abroad: Option<Cloud>,
    session: Session,
    way: Way,
}

impl World {
    fn new(way: Way, password: &str) -> Self {
        Self::with(way, password, Duration::from_secs(3600))
    }

    fn with(way: Way, password: &str, token_life: Duration) -> Self {
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let start = |seed| {
            Cloud::start(Settings { clock: clock.clone(), token_life, seed, ..Settings::default() }).unwrap()
        };
        let home = start(1);
        let abroad = (way == Way::K2k).then(|| start(2));
        let credential = match way {
            Way::Saml => credential(&home, saml(&home, password)),
            Way::Adfs => credential(&home, adfs(&home, password)),
            Way::K2k => {
                home.add_service_provider("partner", abroad.as_ref().unwrap());
                let inner = Password::new(UserRef::name("alice"), password);
                credential(&home, Keystone2Keystone::new(Arc::new(inner), "partner"))
            }
        };
        let volumes = abroad.as_ref().unwrap_or(&home).endpoint(Service::Volume, "demo").unwrap();
        let alice = client(clock).identity(credential).unwrap();
        Self { home, abroad, session: alice.session().at(Endpoint::fixed(volumes)), way }
    }

    /// The cloud at which the login ends.
    fn there(&self) -> &Cloud {
        self.abroad.as_ref().unwrap_or(&self.home)
    }

    /// How often a password was shown.
    fn attempts(&self) -> u64 {
        match self.way {
            Way::Saml => self.home.saml_requests(SamlPlace::IdentityProvider),
            Way::Adfs => self.home.saml_requests(SamlPlace::Adfs),
            Way::K2k => self.home.counters().token_requests,
        }
    }

    /// Where an assertion is shown.
    fn consumer(&self) -> SamlPlace {
        if self.way == Way::Adfs { SamlPlace::AdfsConsumer } else { SamlPlace::Consumer }
    }
}

fn credential(cloud: &Cloud, method: impl Method) -> Credential {
    Credential::new(&cloud.auth_url(), method).unwrap().scope(Scope::project("demo"))
}

fn saml(cloud: &Cloud, password: &str) -> Saml2Password {
    Saml2Password {
        identity_provider: "uni".into(),
        protocol: "saml2".into(),
        identity_provider_url: cloud.saml_url(SamlPlace::IdentityProvider),
        username: "alice".into(),
        password: password.into(),
    }
}

fn adfs(cloud: &Cloud, password: &str) -> AdfsPassword {
    AdfsPassword {
        identity_provider: "uni".into(),
        protocol: "saml2".into(),
        identity_provider_url: cloud.saml_url(SamlPlace::Adfs),
        service_provider_endpoint: cloud.saml_url(SamlPlace::AdfsConsumer),
        service_provider_entity_id: Some("urn:keepstone:keystone".into()),
        username: "alice".into(),
        password: password.into(),
    }
}

#[test]
fn short_tokens_are_renewed_for_as_long_as_there_is_work() {
    for way in WAYS {
        let world = World::with(way, "alice-password", Duration::from_secs(3));
        for round in 1..=10 {
            assert_eq!(call(&world.session), Ok(200), "{way:?}, {round}");
            assert_eq!(world.there().saml_requests(SamlPlace::Entrance), round, "{way:?}");
            world.home.advance(Duration::from_secs(3));
        }
        assert_eq!(world.there().saml_requests(world.consumer()), 10, "{way:?}");
        assert_eq!(world.attempts(), 10, "{way:?}");
        assert_eq!(world.there().counters().services[&Service::Volume].refusals, 0, "{way:?}");
    }
}

#[test]
fn a_wrong_password_is_shown_once() {
    for way in WAYS {
        let world = World::new(way, "wr<ng");
        for _ in 0..3 {
            let error = call(&world.session).unwrap_err();
            match way {
                Way::K2k => assert!(matches!(error, LoginError::Refused { .. }), "{error:?}"),
                _ => {
                    let refused = matches!(
                        error,
                        LoginError::Federation(FederationError::Refused {
                            party: Party::IdentityProvider,
                            ..
                        })
                    );
                    assert!(refused, "{error:?}");
                }
            }
            assert!(!error.to_string().contains("wr<ng"), "{error}");
            world.home.advance(Duration::from_secs(100_000));
        }
        assert_eq!(world.attempts(), 1, "{way:?}");
        assert_eq!(world.home.counters().wrong_passwords["alice"], 1, "{way:?}");
    }
}

#[test]
fn who_is_busy_is_asked_again() {
    let busy = || Answer::status(503).header("retry-after", "2");
    for way in WAYS {
        let world = World::new(way, "alice-password");
        let place = match way {
            Way::Saml => SamlPlace::IdentityProvider,
            Way::Adfs => SamlPlace::Adfs,
            Way::K2k => SamlPlace::Vouching,
        };
        world.home.answer_saml(place, busy());
        world.home.answer_saml(place, busy());
        world.there().answer_saml(SamlPlace::Entrance, busy());
        assert_eq!(call(&world.session), Ok(200), "{way:?}");
        assert_eq!(world.home.saml_requests(place), 3, "{way:?}");
        assert_eq!(world.there().saml_requests(world.consumer()), 1, "{way:?}");
        assert_eq!(world.there().saml_requests(SamlPlace::Entrance), 2, "{way:?}");
    }
}

#[test]
fn a_busy_consumer_gets_another_assertion() {
    for way in WAYS {
        let world = World::new(way, "alice-password");
        world.there().answer_saml(world.consumer(), Answer::status(503));
        assert_eq!(call(&world.session), Ok(200), "{way:?}");
        assert_eq!(world.there().saml_requests(world.consumer()), 2, "{way:?}");
        assert_eq!(world.attempts(), if way == Way::K2k { 1 } else { 2 }, "{way:?}");
    }
}

#[test]
fn the_identity_provider_must_mean_the_same_consumer() {
    let world = World::new(Way::Saml, "alice-password");
    world.home.mislead_saml("http://127.0.0.1:1/evil");
    let error = call(&world.session).unwrap_err();
    let expected = FederationError::ConsumerMismatch {
        service_provider: world.home.saml_url(SamlPlace::Consumer),
        identity_provider: "http://127.0.0.1:1/evil".to_owned(),
    };
    assert_eq!(error, LoginError::Federation(expected));
    assert_eq!(world.home.saml_requests(SamlPlace::Objection), 1, "the service provider is told");
    assert_eq!(world.home.saml_requests(SamlPlace::Consumer), 0);
}

#[test]
fn a_redirect_leads_nobody_astray() {
    let world = World::new(Way::Saml, "alice-password");
    let away = Answer::status(302).header("location", "http://127.0.0.1:1/v3");
    world.home.answer_saml(SamlPlace::Consumer, away);
    let error = call(&world.session).unwrap_err();
    assert!(matches!(error, LoginError::Federation(FederationError::Elsewhere { .. })), "{error:?}");
}

#[test]
fn a_service_provider_that_nobody_knows() {
    let cloud = Cloud::start(Settings::default()).unwrap();
    let inner = Password::new(UserRef::name("alice"), "alice-password");
    let abroad = credential(&cloud, Keystone2Keystone::new(Arc::new(inner), "nowhere"));
    let alice = client(cloud.clock().clone()).identity(abroad).unwrap();
    let error = call(&alice.session().at(Endpoint::fixed("http://127.0.0.1:1"))).unwrap_err();
    let expected = FederationError::NoSuchServiceProvider { wanted: "nowhere".into(), known: Vec::new() };
    assert_eq!(error, LoginError::Federation(expected));
}
