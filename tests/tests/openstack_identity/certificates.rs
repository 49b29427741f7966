// Client certificates, shown in real handshakes. Compiled once for each transport.

use data_encoding::BASE64URL;
use http::{Request, StatusCode};
use keepstone_core::{DomainRef, Endpoint, Fixed, LoginError, Scope, TlsId};
use serde_json::Value;

use super::world::{
    Expected, Scoped, World, about_token_of, assert_same, get, json_of, login_error, seen, told_by,
};
use super::{headers_lent, send};
use crate::ways;

#[test]
fn an_oauth2_client_has_a_token_that_is_bound_to_its_certificate() {
    let world = World::new();
    let session = world.log_in(ways::oauth2_mtls(world.stack, world.mtls));
    let told = told_by(&session.clone().at(Endpoint::fixed(world.stack.tls.auth_url.as_str())));
    let expected = Expected {
        user: "mtls",
        methods: &["oauth2_credential"],
        scope: Scoped::Project("demo"),
        roles: &["member", "reader"],
    };
    expected.assert(&told);
    // Of the text, not of the certificate itself as RFC 8705 has it: Keystone and its middleware agree.
    let certificate = std::fs::read(&world.stack.tls.mtls.certificate).unwrap();
    let thumbprint = BASE64URL.encode(ring::digest::digest(&ring::digest::SHA256, &certificate).as_ref());
    assert_eq!(told["oauth2_credential"]["x5t#S256"], *thumbprint);
    assert_same(&told, &seen(&session.at(Endpoint::of("volumev3")), "/volumes"));
}

#[test]
fn without_its_certificate_it_is_nobody() {
    let world = World::new();
    let session = world.log_in(ways::oauth2_mtls(world.stack, TlsId::default()));
    let error = login_error(&world.echo(&session));
    assert!(matches!(error, LoginError::Refused { .. } | LoginError::Denied { .. }), "{error:?}");
}

#[test]
fn nova_needs_no_token_at_keystone() {
    let world = World::new();
    let home = &world.stack.users.nova.project;
    let alice = world.keystone(&world.alice());
    let by_name = Scope::project_in(home.name.as_str(), DomainRef::Id(world.stack.domain.id.clone()));
    for scope in [Scope::project_id(home.id.as_str()), by_name] {
        let nova = Fixed::tokenless(&world.stack.tls.auth_url, &scope, world.tokenless).unwrap();
        let nova = world.client.fixed(nova).unwrap().session();
        let told = json_of(send(&nova, about_token_of(&alice)))["token"].take();
        assert_eq!(told["user"]["name"], "alice");
        assert_eq!(told["project"]["name"], "demo");
        // Known, and not entitled to: the list of users is the administrators'.
        assert_eq!(get(&nova, "/users").unwrap().status, StatusCode::FORBIDDEN);
    }
    let stranger =
        Fixed::tokenless(&world.stack.tls.auth_url, &Scope::project_id(&home.id), TlsId::default());
    let stranger = world.client.fixed(stranger.unwrap()).unwrap().session();
    assert_eq!(send(&stranger, about_token_of(&alice)).unwrap().status, StatusCode::UNAUTHORIZED);
}

#[test]
fn a_token_by_certificate_is_renewed_on_the_same_connections() {
    let world = World::new();
    let session = world.log_in(ways::oauth2_mtls(world.stack, world.mtls));
    let keystone = session.at(Endpoint::fixed(world.stack.tls.auth_url.as_str()));
    let first = told_by(&keystone);
    // Revoked behind the session's back: the next call is refused, and asks anew with the certificate.
    let token = headers_lent(&keystone)["x-auth-token"].clone();
    let revoke = Request::delete("/auth/tokens").header("X-Subject-Token", token);
    assert_eq!(send(&keystone, revoke.body(String::new()).unwrap()).unwrap().status, StatusCode::NO_CONTENT);
    let volumes = keystone.at(Endpoint::of("volumev3"));
    assert_eq!(seen(&volumes, "/volumes")["x-user-name"], "mtls");
    let second: Value = told_by(&volumes.at(Endpoint::fixed(world.stack.tls.auth_url.as_str())));
    assert_ne!(second["audit_ids"], first["audit_ids"]);
    assert_eq!(second["oauth2_credential"], first["oauth2_credential"]);
}
