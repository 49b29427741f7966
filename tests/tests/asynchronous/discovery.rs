//! Services found in the version that is wanted, over the wire.

use keepstone_async::{Endpoint, EndpointError, Error, Failure, Interface, Notice, Session, Status, Version};
use keepstone_tests::cloud::{Outage, Service};

use crate::world::{HOUR, SECOND, World, everywhere, get};

fn images() -> Endpoint {
    Endpoint::of("image").interfaces([Interface::Internal, Interface::Public]).version("2")
}

/// Where GETs arrived at a service.
fn paths(world: &World, service: Service) -> Vec<String> {
    let arrivals = world.cloud.arrivals();
    arrivals.into_iter().filter(|arrival| arrival.service == service).map(|arrival| arrival.path).collect()
}

/// As many tasks at once; how many of their calls were not answered with 200.
async fn herd(session: &Session, tasks: usize) -> usize {
    let mut herd = tokio::task::JoinSet::new();
    for _ in 0..tasks {
        let session = session.clone();
        herd.spawn(async move { get(&session, "/images").await.is_ok_and(|answer| answer.status() == 200) });
    }
    herd.join_all().await.into_iter().filter(|well| !well).count()
}

#[test]
fn a_herd_asks_for_versions_once() {
    everywhere(|| async {
        let world = World::still();
        world.cloud.set_latency(Service::Image, std::time::Duration::from_millis(50));
        let session = world.identity("alice").session().at(images());
        assert_eq!(herd(&session, 32).await, 0);
        let arrived = paths(&world, Service::Image);
        assert_eq!(arrived.iter().filter(|path| *path == "/").count(), 1, "{arrived:?}");
        assert_eq!(arrived.iter().filter(|path| *path == "/v2/images").count(), 32, "{arrived:?}");
        // The next token finds the document there.
        world.pass(HOUR * 2);
        assert_eq!(herd(&session, 4).await, 0);
        assert_eq!(paths(&world, Service::Image).iter().filter(|path| *path == "/").count(), 1);
        assert_eq!(world.token_requests(), 2);
    });
}

#[test]
fn a_session_tells_what_a_service_offers() {
    everywhere(|| async {
        let world = World::still();
        let alice = world.identity("alice");
        let volumes = alice.session().at(Endpoint::of("block-storage").version("3"));
        let listed = world.cloud.endpoint(Service::Volume, "demo").unwrap();
        assert_eq!(volumes.endpoint_url().await.unwrap(), listed);
        assert_eq!(volumes.api_version().await.unwrap(), Some(Version::new(3, 0)));
        assert_eq!(paths(&world, Service::Volume), Vec::<String>::new(), "the catalog shows it");

        let endpoint = volumes.endpoint().await.unwrap();
        assert_eq!(endpoint.url, listed);
        assert_eq!(
            (endpoint.service_type.as_deref(), endpoint.status),
            (Some("volumev3"), Some(Status::Current))
        );
        assert_eq!(endpoint.max_microversion, Some(Version::new(3, 71)));
        let versions = volumes.versions().await.unwrap();
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0].url, format!("{}/v3/", world.cloud.origin(Service::Volume)));
        assert_eq!(paths(&world, Service::Volume), ["/v3/", "/"]);

        let keystone = alice.session().at(Endpoint::of("identity"));
        assert_eq!(keystone.api_version().await.unwrap(), Some(Version::new(3, 0)));
        assert_eq!(keystone.versions().await.unwrap()[0].version, Version::new(3, 14));
        let swift = alice.session().at(Endpoint::of("object-store"));
        assert_eq!(swift.versions().await.unwrap(), []);
        let nowhere = alice.session().endpoint_url().await.unwrap_err();
        assert!(matches!(nowhere, Error::Failure(Failure::Input(_))), "{nowhere:?}");
    });
}

#[test]
fn a_microversion_that_nobody_speaks_does_not_leave() {
    everywhere(|| async {
        let world = World::still();
        let volumes = world.identity("alice").session().at(Endpoint::of("block-storage"));
        volumes.versions().await.unwrap();
        let before = paths(&world, Service::Volume).len();
        let error = get(&volumes.clone().microversion("3.72"), "/volumes").await.unwrap_err();
        let told = matches!(error, Error::Failure(Failure::Endpoint(EndpointError::Microversion { .. })));
        assert!(told, "{error:?}");
        assert_eq!(paths(&world, Service::Volume).len(), before);
        assert_eq!(get(&volumes.microversion("3.71"), "/volumes").await.unwrap().status(), 200);
    });
}

#[test]
fn a_version_that_is_not_there_is_an_error_and_an_outage_is_none() {
    everywhere(|| async {
        let world = World::still();
        let session = world.identity("alice").session();
        let error = get(&session.clone().at(images().version("3")), "/images").await.unwrap_err();
        let told = matches!(error, Error::Failure(Failure::Endpoint(EndpointError::NoSuchVersion { .. })));
        assert!(told, "{error:?}");

        let network = session.at(Endpoint::of("network").version("2"));
        world.cloud.set_outage(Service::Network, Outage::Unavailable { retry_after: None });
        let listed = world.cloud.endpoint(Service::Network, "demo").unwrap();
        assert_eq!(network.endpoint_url().await.unwrap(), listed, "what the catalog says will have to do");
        let notices = world.notices.lock().unwrap().clone();
        assert!(notices.iter().any(|notice| matches!(notice, Notice::Undiscovered { .. })), "{notices:?}");
        world.cloud.set_outage(Service::Network, Outage::None);
        world.pass(SECOND * 30);
        assert_eq!(network.endpoint_url().await.unwrap(), format!("{listed}/v2.0/"));
    });
}
