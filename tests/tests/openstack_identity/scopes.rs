// What tokens are good for. Compiled once for each transport.

use keepstone_core::{DomainRef, Endpoint, Failure, Scope};
use serde_json::json;

use super::Credential;
use super::world::{Expected, Scoped, Trust, World, get};
use crate::ways;

const ALL: &[&str] = &["admin", "manager", "member", "reader"];

fn password(world: &World, user: &keepstone_tests::openstack::User, scope: Scope) -> Credential {
    ways::by(world.stack, ways::password_of(user)).scope(scope)
}

#[test]
fn a_trust() {
    let world = World::new();
    let trust = Trust::new(&world);
    let (alice, nova) = (&world.stack.users.alice, &world.stack.users.nova);
    let expected = Expected {
        user: "alice",
        methods: &["password"],
        scope: Scoped::Project("demo"),
        roles: &["member", "reader"],
    };
    let session = world.log_in(trust.credential(&world));
    // A token of a trust may not ask about itself, at this Keystone.
    let told = world.proves_what_is_told(&session, world.told_to_nova(&session), &expected);
    let delegated = &told["OS-TRUST:trust"];
    assert_eq!((&delegated["id"], &delegated["impersonation"]), (&json!(trust.id), &json!(true)));
    assert_eq!(delegated["trustor_user"]["id"], *alice.id);
    assert_eq!(delegated["trustee_user"]["id"], *nova.id);
    trust.end();
}

#[test]
fn a_domain_by_id_and_by_name() {
    let world = World::new();
    let domain = &world.stack.domain;
    for scope in [DomainRef::Id(domain.id.clone()), DomainRef::Name(domain.name.clone())] {
        let session = world.log_in(password(&world, &world.stack.users.domadmin, Scope::Domain(scope)));
        let expected = Expected {
            user: "domadmin",
            methods: &["password"],
            scope: Scoped::Domain(&domain.name),
            roles: ALL,
        };
        world.proves(&session, &expected);
    }
}

#[test]
fn the_system() {
    let world = World::new();
    let session = world.log_in(password(&world, &world.stack.users.admin, Scope::System));
    let expected = Expected { user: "admin", methods: &["password"], scope: Scoped::System, roles: ALL };
    world.proves(&session, &expected);
}

#[test]
fn nothing_with_a_default_project_and_without() {
    let world = World::new();
    for user in [&world.stack.users.mtls, &world.stack.users.unscoped] {
        let session = world.log_in(password(&world, user, Scope::Unscoped));
        let expected =
            Expected { user: &user.name, methods: &["password"], scope: Scoped::Nothing, roles: &[] };
        let told = world.proves(&session, &expected);
        assert!(told.get("catalog").is_none());
        let failure = get(&session.at(Endpoint::of("volumev3")), "/volumes").map(|answer| answer.status);
        assert!(matches!(failure, Err(Failure::Endpoint(_))), "{failure:?}");
    }
}

#[test]
fn whatever_keystone_gives() {
    let world = World::new();
    let users = &world.stack.users;
    let at_home = Expected {
        user: "mtls",
        methods: &["password"],
        scope: Scoped::Project("demo"),
        roles: &["member", "reader"],
    };
    world.proves(&world.log_in(password(&world, &users.mtls, Scope::Default)), &at_home);
    let nowhere = Expected { user: "unscoped", scope: Scoped::Nothing, roles: &[], ..at_home };
    world.proves(&world.log_in(password(&world, &users.unscoped, Scope::Default)), &nowhere);
}
