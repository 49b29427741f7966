// Passwords, exchanges, application credentials, OAuth. Compiled once for each transport.

use http::{Request, StatusCode};
use keepstone_core::identity::{AnyVersion, TokenMethod};
use keepstone_core::{Credential, Endpoint, LoginError, UserRef};
use serde_json::json;

use super::world::{Expected, Scoped, World, assert_same, get, login_error, seen, told_by};
use super::{headers_lent, send};
use crate::ways;

const ALICE: Expected<'_> = Expected {
    user: "alice",
    methods: &["password"],
    scope: Scoped::Project("demo"),
    roles: &["member", "reader"],
};

#[test]
fn a_password_by_id_by_name_and_at_any_version() {
    let world = World::new();
    let alice = &world.stack.users.alice;
    for credential in [
        ways::password(world.stack, alice),
        ways::password_by_name(world.stack, alice),
        ways::any_version(world.stack, alice),
    ] {
        let told = world.proves(&world.log_in(credential), &ALICE);
        assert_eq!(
            (&told["user"]["id"], &told["project"]["id"]),
            (&json!(alice.id), &json!(alice.project.id))
        );
    }
}

#[test]
fn a_wrong_password_is_refused() {
    let world = World::new();
    // Nobody's account, so that no other test meets one that is locked.
    let nobody = UserRef::named("nobody", keepstone_core::DomainRef::Id(world.stack.domain.id.clone()));
    let session = world.log_in(Credential::password(&world.stack.auth_url, nobody, "wrong").unwrap());
    let error = login_error(&world.echo(&session));
    assert!(matches!(error, LoginError::Refused { .. }), "{error:?}");
}

#[test]
fn a_token_is_exchanged_for_another_scope_with_the_same_end() {
    let world = World::new();
    let alice = &world.stack.users.alice;
    let unscoped = world.log_in(ways::by(world.stack, ways::password_of(alice)));
    let before = world.told(&unscoped);
    let token = || headers_lent(&world.keystone(&unscoped))["x-auth-token"].to_str().unwrap().to_owned();
    let root = world.stack.auth_url.trim_end_matches("/v3");
    let exchanges = [
        Credential::new(&world.stack.auth_url, TokenMethod::new(token())).unwrap(),
        Credential::new(root, AnyVersion::token(token())).unwrap(),
    ];
    for exchange in exchanges {
        let session = world.log_in(exchange.scope(ways::demo(world.stack)));
        let told = world.proves(&session, &Expected { methods: &["password", "token"], ..ALICE });
        assert_eq!(told["expires_at"], before["expires_at"]);
        assert_eq!(told["audit_ids"][1], before["audit_ids"][0], "it comes from that one");
    }
}

#[test]
fn an_application_credential_by_id_and_by_name() {
    let world = World::new();
    let plain = &world.stack.application_credentials.plain;
    for credential in
        [ways::application_credential(world.stack), ways::application_credential_by_name(world.stack)]
    {
        let expected = Expected { methods: &["application_credential"], ..ALICE };
        let told = world.proves(&world.log_in(credential), &expected);
        assert_eq!(told["application_credential"]["id"], *plain.id);
        assert_eq!(told["application_credential"]["name"], *plain.name);
    }
}

#[test]
fn access_rules_are_the_services_to_enforce() {
    let world = World::new();
    let session = world.log_in(ways::ruled(world.stack)).at(Endpoint::of("volumev3"));
    let seen_there = seen(&session, "/allowed/one");
    assert_eq!(seen_there["x-user-name"], "alice");
    assert_eq!(seen_there["x-roles"], "reader");
    // The token is good, so to ask for another one is of no use: the answer is delivered.
    for request in [Request::put("/allowed/one"), Request::get("/other")] {
        let answer = send(&session, request.body(String::new()).unwrap()).unwrap();
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{}", answer.body);
    }
    assert_eq!(seen(&session, "/allowed/two")["x-user-name"], "alice");
    let told = world.told_to_nova(&session);
    let credential = &told["application_credential"];
    assert_eq!(credential["id"], *world.stack.application_credentials.ruled.id, "{told}");
    assert_eq!(credential["access_rules"][0]["path"], "/volumev3/allowed/**");
}

#[test]
fn an_oauth1_consumer_acts_for_alice() {
    let world = World::new();
    let told =
        world.proves(&world.log_in(ways::oauth1(world.stack)), &Expected { methods: &["oauth1"], ..ALICE });
    assert_eq!(told["OS-OAUTH1"]["access_token_id"], *world.stack.oauth1.access_key);
}

#[test]
fn an_oauth2_client_has_an_access_token_beside_keystones() {
    let world = World::new();
    let session = world.log_in(ways::oauth2(world.stack));
    let told = world.proves(&session, &Expected { methods: &["application_credential"], ..ALICE });
    let echo = world.echo(&session);
    let lent = headers_lent(&echo);
    assert_same(&told, &seen(&echo, "/bearer"));
    let again = headers_lent(&echo);
    assert_eq!(
        lent["authorization"] == again["authorization"],
        lent["x-auth-token"] == again["x-auth-token"],
        "one access token for one token of Keystone's"
    );
    assert!(lent["authorization"].to_str().unwrap().starts_with("Bearer "));
    // Nobody else is let in there.
    assert_eq!(get(&world.echo(&world.alice()), "/bearer").unwrap().status, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_token_without_a_catalog_is_as_good() {
    let world = World::new();
    let credential = ways::password(world.stack, &world.stack.users.alice).without_catalog();
    let session = world.log_in(credential);
    let told = told_by(&world.keystone(&session));
    ALICE.assert(&told);
    assert_same(&told, &seen(&world.echo(&session), "/somewhere"));
    assert!(get(&session.at(Endpoint::of("volumev3")), "/volumes").is_err(), "where would that be?");
}
