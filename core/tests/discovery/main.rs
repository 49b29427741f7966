//! Finding a service in the version that is wanted: what is asked, how often, and where calls go.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that fails may panic")]

#[path = "../common/mod.rs"]
mod common;
mod microversions;
mod random;
mod sharing;
mod world;

use common::{HOUR, SECOND};
use keepstone_core::{
    Allow, DiscoveryError, Endpoint, EndpointError, Failure, Notice, Search, Session, Status, Version,
};
use world::{Page, World, document, page};

const VOLUMES: [(&str, &str, &str); 2] =
    [("v2.0", "DEPRECATED", "http://in/v2/"), ("v3.0", "CURRENT", "http://in/v3/")];

fn volumes() -> Endpoint {
    Endpoint::of("block-storage")
}

/// A cloud whose catalog lists volumes with their version and project.
fn cloud() -> World {
    World::new("volumev3", "http://v:8776/v3/p1")
        .with("http://v:8776/", page(&VOLUMES))
        .with("http://v:8776/v3", page(&[VOLUMES[1]]))
}

#[test]
fn nothing_is_asked_that_the_catalog_answers() {
    let mut world = cloud();
    let alice = Session::of(world.user("alice"));
    for (endpoint, url) in [
        (volumes(), "http://v:8776/v3/p1/things"),
        (volumes().version("3"), "http://v:8776/v3/p1/things"),
        (volumes().version("v3.0"), "http://v:8776/v3/p1/things"),
        (volumes().versions("3", "3.latest"), "http://v:8776/v3/p1/things"),
        (Endpoint::of("volumev3"), "http://v:8776/v3/p1/things"),
        (Endpoint::fixed("http://f/x/%(project_id)s"), "http://f/x/p1/things"),
    ] {
        assert_eq!(world.whereto(&alice.clone().at(endpoint)), url);
    }
    assert_eq!(world.asked(), "");
}

#[test]
fn another_version_is_found_by_asking() {
    let mut world = cloud();
    let alice = Session::of(world.user("alice"));
    for (endpoint, asked) in [
        (volumes().version("2"), "http://v:8776/"),
        (volumes().versions("2", "2.latest"), ""),
        (volumes().max_version("2"), ""),
    ] {
        assert_eq!(world.whereto(&alice.clone().at(endpoint)), "http://v:8776/v2/p1/things");
        assert_eq!(world.asked(), asked);
    }
    assert_eq!(world.whereto(&alice.at(volumes().latest())), "http://v:8776/v3/p1/things");
    assert_eq!(world.asked(), "", "it is known already");
}

#[test]
fn a_version_that_is_not_there_is_an_error() {
    let mut world = cloud();
    let alice = Session::of(world.user("alice"));
    let wanted = alice.clone().at(volumes().version("4"));
    let failure = world.whereto(&wanted);
    insta::assert_snapshot!(failure, @"`block-storage` at http://v:8776/v3/p1 has no version from 4.0 to 4.latest; it offers: 3.0 (Current), 2.0 (Deprecated). Demand another, or allow versions of other statuses");
    let strict = Allow { deprecated: false, ..Allow::default() };
    let failure = world.send(&mut world::get(&alice.at(volumes().version("2").allow(strict)))).unwrap_err();
    assert!(matches!(failure, Failure::Endpoint(EndpointError::NoSuchVersion { .. })), "{failure:?}");
    assert_eq!(world.asked(), "http://v:8776/");
}

#[test]
fn an_upgrade_is_noticed_by_who_needs_it() {
    let mut world = cloud();
    let alice = Session::of(world.user("alice")).at(volumes().version("4"));
    for _ in 0..3 {
        assert!(world.whereto(&alice).contains("has no version"));
    }
    assert_eq!(world.asked(), "http://v:8776/", "it was asked a moment ago");
    world.documents.insert("http://v:8776/".to_owned(), page(&[("v4.0", "CURRENT", "v4/")]));
    world.pass(SECOND * 30);
    assert_eq!(world.whereto(&alice), "http://v:8776/v4/p1/things");
    assert_eq!(world.asked(), "http://v:8776/");
}

#[test]
fn a_service_that_does_not_tell_is_used_as_it_is_listed() {
    for (page, kind) in [
        (Page::Answer(404, String::new()), "Status"),
        (Page::Answer(200, "<html>It works!</html>".to_owned()), "NoDocument"),
        (Page::Answer(200, "[]".to_owned()), "NoDocument"),
        (Page::Answer(503, String::new()), "Status"),
        (Page::Locked(String::new(), "b1"), "Status"),
        (Page::Moved("http://elsewhere/"), "Status"),
        (Page::Moved("/"), "Status"),
        (Page::TooLarge, "NoDocument"),
    ] {
        let mut world = World::new("image", "http://i:9292/").with("http://i:9292/", page);
        let anybody = world.borrow("b1");
        let image = Session::of(anybody).at(Endpoint::of("image").version("2"));
        assert_eq!(world.whereto(&image), "http://i:9292/things", "{kind}");
        let asked = world.asked();
        assert_eq!(world.whereto(&image), "http://i:9292/things");
        assert_eq!(world.asked(), "", "the failure is known");
        let told = world.keys.take_notices().iter().any(
            |notice| matches!(notice, Notice::Undiscovered { error, .. } if format!("{error:?}").starts_with(kind)),
        );
        assert!(told, "{kind}: {asked}");
        // Somebody tries again after a while.
        world.pass(SECOND * 30);
        assert_eq!(world.whereto(&image), "http://i:9292/things");
        assert_ne!(world.asked(), "", "{kind}");
    }
}

#[test]
fn what_is_listed_need_not_be_an_address() {
    for listed in [
        "image",
        "/v2",
        "http://",
        "ftp://i/v1",
        "http://i i/",
        "http://[::1",
        "::",
        "http:///v1/p1",
        "\u{0}",
    ] {
        let mut world = World::new("image", listed);
        let image = Session::of(world.borrow("b1")).at(Endpoint::of("image").version("2"));
        let failure = world.send(&mut world::get(&image)).unwrap_err();
        assert!(matches!(failure, Failure::Endpoint(_)), "{listed}: {failure:?}");
        assert!(world.search(&image, Search::Versions).is_err(), "{listed}");
        assert_eq!(world.asked(), "", "{listed}");
    }
}

#[test]
fn a_stated_address_is_not_guessed_from() {
    let mut world = cloud().with("http://f/v2", page(&[VOLUMES[0]]));
    let alice = Session::of(world.user("alice"));
    let fixed = |url: &str| alice.clone().at(Endpoint::fixed(url).version("3"));
    assert_eq!(world.whereto(&fixed("http://v:8776/v3/%(project_id)s")), "http://v:8776/v3/p1/things");
    assert_eq!(world.whereto(&fixed("http://v:8776/")), "http://v:8776/v3/things");
    assert!(world.whereto(&fixed("http://f/v2")).contains("has no version"));
    let failure = world.send(&mut world::get(&fixed("http://nowhere/v2/p1"))).unwrap_err();
    let Failure::Endpoint(EndpointError::Undiscovered { source, .. }) = &failure else {
        panic!("{failure:?}")
    };
    assert_eq!(*source, DiscoveryError::Status(http::StatusCode::NOT_FOUND));
    insta::assert_snapshot!(failure, @"which versions the service offers is not known: no version document at http://nowhere/v2/p1 or nearby. State the address of the version itself, or demand none");
    assert_eq!(world.asked(), "http://v:8776/, http://f/v2, http://nowhere/v2, http://nowhere/v2/p1");
}

#[test]
fn who_wants_a_token_for_it_gets_one() {
    let mut world = World::new("image", "http://i:9292/")
        .with("http://i:9292/", Page::Locked(document(&[("v2.9", "CURRENT", "v2/")]), ""));
    let wanted = Endpoint::of("image").version("2");
    let (alice, bob) = (world.user("alice"), world.user("bob"));
    assert_eq!(world.whereto(&Session::of(alice).at(wanted.clone())), "http://i:9292/v2/things");
    assert_eq!(world.asked(), "http://i:9292/, http://i:9292/ with t1");
    assert_eq!(world.whereto(&Session::of(bob).at(wanted.clone())), "http://i:9292/v2/things");
    assert_eq!(world.asked(), "http://i:9292/ with t2", "each for himself");
    let silent = Session::of(alice).tokens(false).at(wanted);
    assert_eq!(world.whereto(&silent), "http://i:9292/things", "as listed");
    assert_eq!(world.asked(), "");
}

#[test]
fn a_token_that_is_refused_there_is_renewed_once() {
    let mut world = World::new("image", "http://i:9292/")
        .with("http://i:9292/", Page::Locked(document(&[("v2.9", "CURRENT", "v2/")]), "t1"));
    let alice = world.user("alice");
    let image = Session::of(alice).at(Endpoint::of("image").version("2"));
    assert_eq!(world.whereto(&image), "http://i:9292/v2/things");
    assert_eq!(world.asked(), "http://i:9292/, http://i:9292/ with t1, http://i:9292/ with t2");
    assert_eq!(world.logins, 2);
}

#[test]
fn an_expired_token_does_not_leave_for_a_document_either() {
    let mut world = World::new("image", "http://i:9292/")
        .with("http://i:9292/", Page::Locked(document(&[("v2.9", "CURRENT", "v2/")]), ""));
    let bob = Session::of(world.user("bob"));
    let image = Session::of(world.borrow("b1")).at(Endpoint::of("image").version("2"));
    assert!(world.whereto(&bob.at(Endpoint::of("image"))).starts_with("http"), "now the clock is known");
    world.pass(HOUR + SECOND * 2);
    let failure = world.send(&mut world::get(&image)).unwrap_err();
    assert!(matches!(failure, Failure::UserExpired { .. }), "{failure:?}");
    assert_eq!(world.asked(), "http://i:9292/");
}

#[test]
fn redirects_are_followed_at_home() {
    let mut world = World::new("image", "http://i:9292/image")
        .with("http://i:9292/image", Page::Moved("/image/"))
        .with("http://i:9292/image/", Page::Moved("http://i:9292/image/versions"))
        .with("http://i:9292/image/versions", page(&[("v2.9", "CURRENT", "http://in/v2/")]));
    let image = Session::of(world.borrow("b1")).at(Endpoint::of("image").version("2"));
    assert_eq!(world.whereto(&image), "http://i:9292/image/v2/things");
}

#[test]
fn what_there_is_to_know_is_told() {
    let mut world = cloud();
    let alice = Session::of(world.user("alice")).at(volumes().region("R"));
    let call = world.search(&alice, Search::Address).unwrap();
    assert_eq!(call.endpoint().unwrap().url, "http://v:8776/v3/p1");
    assert_eq!(call.endpoint().unwrap().version, Some(Version::new(3, 0)));
    world.search(&alice, Search::Version).unwrap();
    assert_eq!(world.asked(), "", "the address shows it");

    let call = world.search(&alice, Search::Details).unwrap();
    insta::assert_snapshot!(format!("{:?}", call.endpoint().unwrap()), @r#"EndpointData { url: "http://v:8776/v3/p1", service_type: Some("volumev3"), service_name: Some("volumev3"), region: Some("R"), interface: Some(Public), version: Some(Version(3.0)), status: Some(Current), min_microversion: Some(Version(2.1)), max_microversion: Some(Version(2.96)), next_min_version: None, not_before: None }"#);
    assert_eq!(world.asked(), "http://v:8776/v3");

    let call = world.search(&alice, Search::Versions).unwrap();
    let told: Vec<_> = call
        .versions()
        .iter()
        .map(|data| (data.version.to_string(), data.status, data.url.as_str()))
        .collect();
    let expected = [
        ("3.0".to_owned(), Status::Current, "http://v:8776/v3/"),
        ("2.0".to_owned(), Status::Deprecated, "http://v:8776/v2/"),
    ];
    assert_eq!(told, expected);
    assert_eq!(world.asked(), "http://v:8776/");

    let mut world = World::new("object-store", "http://s:8080/v1/AUTH_p1");
    let swift = Session::of(world.borrow("b1")).at(Endpoint::of("object-store"));
    let call = world.search(&swift, Search::Versions).unwrap();
    assert_eq!(
        (call.versions().len(), call.endpoint().unwrap().version.clone()),
        (0, Some(Version::new(1, 0)))
    );
}

#[test]
fn a_version_that_no_address_shows_is_asked_for() {
    let mut world =
        World::new("network", "http://n:9696").with("http://n:9696/", page(&[("v2.0", "CURRENT", "/v2.0/")]));
    let network = Session::of(world.user("alice")).at(Endpoint::of("network"));
    let call = world.search(&network, Search::Version).unwrap();
    assert_eq!(call.endpoint().unwrap().version, Some(Version::new(2, 0)));
    assert_eq!(world.asked(), "http://n:9696/");
    assert_eq!(world.whereto(&network), "http://n:9696/things", "what was learnt moves no call");
}

#[test]
fn the_keystone_of_a_token_needs_no_catalog() {
    let mut world = World::new("", "").with(
        "http://keystone:5000/",
        page(&[("v3.14", "stable", "http://in/v3/"), ("v2.0", "deprecated", "http://in/v2.0/")]),
    );
    world.catalog = "[]".to_owned();
    let alice = Session::of(world.user("alice"));
    let keystone = Endpoint::keystone;
    assert_eq!(world.whereto(&alice.clone().at(keystone())), "http://keystone:5000/v3/things");
    assert_eq!(world.whereto(&alice.clone().at(keystone().version("3"))), "http://keystone:5000/v3/things");
    assert_eq!(world.asked(), "");
    assert_eq!(world.whereto(&alice.at(keystone().version("2"))), "http://keystone:5000/v2.0/things");
    let borrowed = Session::of(world.borrow("b1")).at(keystone());
    let failure = world.send(&mut world::get(&borrowed)).unwrap_err();
    assert_eq!(failure, Failure::Endpoint(EndpointError::NoIssuer));
}

#[test]
fn without_a_token_a_stated_address_is_found_too() {
    let mut world = World::new("", "").with("http://k:5000/", page(&[("v3.14", "stable", "http://in/v3/")]));
    let anybody = Session::anonymous().at(Endpoint::fixed("http://k:5000").version("3"));
    assert_eq!(world.whereto(&anybody), "http://k:5000/v3/things");
}
