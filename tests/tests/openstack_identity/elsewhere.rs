// People whom Keystone knows by hearsay: OpenID Connect, SAML2, another Keystone. Compiled once for
// each transport.

use keepstone_core::LoginError;
use keepstone_core::identity::{OidcPassword, OidcProvider};
use serde_json::Value;

use super::world::{Expected, Scoped, World, login_error};
use super::{Credential, Session};
use crate::helper::Somebody;
use crate::{skipped, ways};

const FRED: Expected<'_> = Expected {
    user: "fred",
    methods: &["openid", "token"],
    scope: Scoped::Project("demo"),
    roles: &["member", "reader"],
};

/// Asserts what Keystone and the service make of a federated login by this protocol.
fn comes_from(world: &World, session: &Session, expected: &Expected<'_>, provider: &str, protocol: &str) {
    let told = world.proves(session, expected);
    let federation = &told["user"]["OS-FEDERATION"];
    assert_eq!(federation["identity_provider"]["id"], *provider, "{told}");
    assert_eq!(federation["protocol"]["id"], *protocol, "{told}");
    assert!(federation["groups"].as_array().is_some_and(|groups| groups.len() == 1), "{told}");
}

fn comes_by_openid(world: &World, session: &Session, expected: &Expected<'_>) {
    comes_from(world, session, expected, &world.stack.federation.identity_provider, "openid");
}

/// A login in which fred is asked for his help once.
fn with_help(world: &World, credential: Credential) -> Session {
    let somebody = Somebody::who_answers(1);
    world.log_in_asking(credential, move |inquiry| somebody.answer(inquiry))
}

#[test]
fn a_client_comes_for_itself() {
    let world = World::new();
    let session = world.log_in(ways::oidc_client(world.stack));
    comes_by_openid(&world, &session, &Expected { user: "service-account-keepclient", ..FRED });
}

#[test]
fn a_password_at_the_provider() {
    let world = World::new();
    comes_by_openid(&world, &world.log_in(ways::oidc_password(world.stack)), &FRED);
    comes_by_openid(&world, &world.log_in(ways::oidc_password_alone(world.stack)), &FRED);
}

#[test]
fn a_device() {
    let world = World::new();
    comes_by_openid(&world, &with_help(&world, ways::oidc_device(world.stack)), &FRED);
    comes_by_openid(&world, &with_help(&world, ways::oidc_device_alone(world.stack)), &FRED);
}

#[test]
fn an_authorization_code() {
    let world = World::new();
    comes_by_openid(&world, &with_help(&world, ways::oidc_code(world.stack)), &FRED);
    comes_by_openid(&world, &world.log_in(ways::oidc_code_given(world.stack)), &FRED);
}

#[test]
fn an_access_token_of_the_providers() {
    let world = World::new();
    comes_by_openid(&world, &world.log_in(ways::oidc_access_token(world.stack)), &FRED);
}

#[test]
fn whom_no_mapping_lets_in_stays_outside() {
    let world = World::new();
    let (federation, stranger) = (&world.stack.federation, &world.stack.federation.people.stranger);
    let provider = OidcProvider::new(
        federation.identity_provider.as_str(),
        "openid",
        federation.oidc.public_client.id.as_str(),
    )
    .access_token_endpoint(federation.oidc.token_url.as_str());
    let method = OidcPassword::new(provider, stranger.name.as_str(), stranger.password.as_str());
    let error = login_error(&world.echo(&world.log_in(ways::into_demo(world.stack, method))));
    // Not `Refused`: the password was right.
    assert!(matches!(error, LoginError::Denied { .. }), "{error:?}");
}

#[test]
fn saml_for_clients_without_a_browser() {
    let world = World::new();
    let expected = Expected { methods: &["saml2", "token"], ..FRED };
    let session = world.log_in(ways::saml2(world.stack));
    comes_from(&world, &session, &expected, &world.stack.federation.identity_provider, "saml2");
}

#[test]
fn one_keystone_vouches_at_another() {
    let world = World::new();
    let credential = match ways::keystone_to_keystone(world.stack) {
        Ok(credential) => credential,
        Err(why) => {
            skipped("Keystone to Keystone", why);
            return;
        }
    };
    let session = world.log_in(credential);
    let expected = Expected { user: "alice", methods: &["saml2", "token"], ..FRED };
    comes_from(&world, &session, &expected, &world.stack.federation.k2k.identity_provider, "saml2");
    let told: Value = world.told(&session);
    assert_ne!(told["user"]["id"], *world.stack.users.alice.id, "it is her, as the other cloud knows her");
}
