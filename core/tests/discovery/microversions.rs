//! Microversions on requests, held against what is known of the service.

use keepstone_core::{Endpoint, EndpointError, Failure, Search, Session};

use crate::common::SECOND;
use crate::world::{World, get, page};

fn compute() -> World {
    World::new("compute", "http://c:8774/v2.1")
        .with("http://c:8774/", page(&[("v2.1", "CURRENT", "http://in/v2.1/")]))
        .with("http://c:8774/v2.1", page(&[("v2.1", "CURRENT", "http://in/v2.1/")]))
}

fn sent(world: &mut World, session: &Session) -> Result<String, Failure> {
    let dispatch = world.send(&mut get(session))?;
    Ok(dispatch.headers["openstack-api-version"].to_str().unwrap().to_owned())
}

#[test]
fn a_microversion_is_the_endpoints_or_the_sessions() {
    let mut world = compute();
    let alice = Session::of(world.user("alice"));
    let session = alice.clone().at(Endpoint::of("compute").microversion("2.9"));
    assert_eq!(sent(&mut world, &session).unwrap(), "compute 2.9");
    assert_eq!(sent(&mut world, &session.microversion("2.10")).unwrap(), "compute 2.10");
    let fixed = Endpoint::fixed("http://c:8774/v2.1").microversion("2.9");
    let failure = sent(&mut world, &alice.clone().at(fixed.clone())).unwrap_err();
    assert!(matches!(failure, Failure::Endpoint(EndpointError::NoServiceType { .. })), "{failure:?}");
    assert_eq!(sent(&mut world, &alice.at(fixed.service_type("compute"))).unwrap(), "compute 2.9");
    assert_eq!(world.asked(), "", "a microversion alone makes nobody ask");
}

#[test]
fn it_is_held_against_the_range_once_that_is_known() {
    let mut world = compute();
    let session = Session::of(world.user("alice")).at(Endpoint::of("compute"));
    let new = session.clone().microversion("2.97");
    assert_eq!(sent(&mut world, &new).unwrap(), "compute 2.97", "nobody knows yet");
    world.search(&session, Search::Versions).unwrap();
    insta::assert_snapshot!(sent(&mut world, &new).unwrap_err(), @"compute speaks microversions 2.1 to 2.96, and the request is for 2.97");
    for fine in ["2.1", "2.96", "latest"] {
        assert!(sent(&mut world, &session.clone().microversion(fine)).is_ok(), "{fine}");
    }
    let published = world.keys.publish(&new);
    assert!(get(&new).warm(&published, world.now).is_none(), "nor does it leave by the hot path");
    assert!(get(&session.clone().microversion("2.96")).warm(&published, world.now).is_some());
    let plain = world.keys.publish(&session);
    assert!(get(&session).warm(&plain, world.now).is_some());
    assert!(get(&new).warm(&plain, world.now).is_none(), "nor by a snapshot for calls that need none");
    assert_eq!(world.asked(), "http://c:8774/");
}

#[test]
fn an_upgrade_of_the_range_is_noticed() {
    let mut world = compute();
    let session = Session::of(world.user("alice")).at(Endpoint::of("compute"));
    world.search(&session, Search::Versions).unwrap();
    let new = session.microversion("2.97");
    world.pass(SECOND * 30);
    assert!(sent(&mut world, &new).is_err());
    assert_eq!(world.asked(), "http://c:8774/, http://c:8774/");
    world.documents.values_mut().for_each(|page| {
        if let crate::world::Page::Answer(_, body) = page {
            *body = body.replace("2.96", "2.97");
        }
    });
    assert!(sent(&mut world, &new).is_err(), "it was asked a moment ago");
    world.pass(SECOND * 30);
    assert_eq!(sent(&mut world, &new).unwrap(), "compute 2.97");
}
