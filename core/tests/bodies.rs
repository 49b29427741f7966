//! What goes over the wire, word for word: every method of Identity API v3, and every scope.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails may panic")]

mod common;
mod desk;

use common::AUTH_URL;
use desk::{Desk, End};
use keepstone_core::identity::{
    ApplicationCredential, Method, MultiFactor, OAuth1, OAuth2ClientCredential, OAuth2Mtls, Password,
    TokenMethod, Totp,
};
use keepstone_core::{Credential, DomainRef, Scope, TlsId, UserRef};

/// The first question of a login.
fn first(credential: Credential) -> String {
    let mut desk = Desk::new();
    desk.fates.push_back(desk::Fate::Deserted);
    let user = desk.add(credential);
    assert!(matches!(desk.call(user), End::Deserted));
    desk.story()
}

fn by(method: impl Method) -> String {
    first(Credential::new(AUTH_URL, method).unwrap())
}

fn scoped(scope: Scope) -> String {
    first(Credential::password(AUTH_URL, UserRef::id("u1"), "p").unwrap().scope(scope))
}

fn users() -> [UserRef; 3] {
    let named = |domain| UserRef::named("alice", domain);
    [
        UserRef::id("u1"),
        named(DomainRef::Id("default".to_owned())),
        named(DomainRef::Name("Default".to_owned())),
    ]
}

#[test]
fn passwords() {
    let [id, name, domain_name] = users();
    let all = [id, name, domain_name].map(|user| by(Password::new(user, "s3cr3t \"quoted\" ä"))).join("\n");
    insta::assert_snapshot!(all, @r#"
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"s3cr3t \"quoted\" ä"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","domain":{"id":"default"},"password":"s3cr3t \"quoted\" ä"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"alice","domain":{"name":"Default"},"password":"s3cr3t \"quoted\" ä"}}}}}
    "#);
}

#[test]
fn tokens_and_application_credentials() {
    let named = |user| by(ApplicationCredential::named("backup", user, "s3cr3t"));
    let [id, name, domain_name] = users();
    let all = [
        by(TokenMethod::new("gAAAA")),
        by(ApplicationCredential::new("ac1", "s3cr3t")),
        named(id),
        named(name),
        named(domain_name),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    POST http://keystone:5000/v3/auth/tokens x-auth-token=gAAAA {"auth":{"identity":{"methods":["token"],"token":{"id":"gAAAA"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"ac1","secret":"s3cr3t"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"name":"backup","user":{"id":"u1"},"secret":"s3cr3t"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"name":"backup","user":{"name":"alice","domain":{"id":"default"}},"secret":"s3cr3t"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"name":"backup","user":{"name":"alice","domain":{"name":"Default"}},"secret":"s3cr3t"}}}}
    "#);
}

#[test]
fn passcodes_alone_and_with_others() {
    let [id, name, domain_name] = users();
    let all = [
        by(Totp::passcode(id.clone(), " 123456\n")),
        by(Totp::passcode(name.clone(), "123456")),
        by(Totp::passcode(domain_name, "123456")),
        // RFC 6238's secret, at the instant 1800000000.
        by(Totp::computed(id, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")),
        by(MultiFactor::new(Password::new(name.clone(), "p")).and(Totp::passcode(name, "123456"))),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"id":"u1","passcode":"123456"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"name":"alice","domain":{"id":"default"},"passcode":"123456"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"name":"alice","domain":{"name":"Default"},"passcode":"123456"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["totp"],"totp":{"user":{"id":"u1","passcode":"768147"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password","totp"],"password":{"user":{"name":"alice","domain":{"id":"default"},"password":"p"}},"totp":{"user":{"name":"alice","domain":{"id":"default"},"passcode":"123456"}}}}}
    "#);
}

#[test]
fn oauth() {
    let endpoint = "http://keystone:5000/v3/OS-OAUTH2/token";
    let mtls = Credential::new(AUTH_URL, OAuth2Mtls::new(endpoint, "u 1")).unwrap();
    let all = [
        by(OAuth1::new("consumer", "c0ns", "access", "acc3ss")),
        by(OAuth2ClientCredential::new(endpoint, "ac1", "s3cr3t")),
        first(mtls.tls(TlsId(3))),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    POST http://keystone:5000/v3/auth/tokens authorization=OAuth oauth_nonce="6b1c404a41d73ea9a2770561", oauth_timestamp="1800000000", oauth_version="1.0", oauth_signature_method="HMAC-SHA1", oauth_consumer_key="consumer", oauth_token="access", oauth_signature="Ds1K%2BhfRFYcMNf6GtWa7a7AYUOI%3D" {"auth":{"identity":{"methods":["oauth1"],"oauth1":{}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["application_credential"],"application_credential":{"id":"ac1","secret":"s3cr3t"}}}}
    POST http://keystone:5000/v3/OS-OAUTH2/token content-type=application/x-www-form-urlencoded tls=3 grant_type=client_credentials&client_id=u+1
    "#);
}

#[test]
fn scopes() {
    let all = [
        Scope::Default,
        Scope::Unscoped,
        Scope::project_id("p1"),
        Scope::project("demo"),
        Scope::project_in("demo", DomainRef::Name("Default".to_owned())),
        Scope::Domain(DomainRef::Id("d1".to_owned())),
        Scope::Domain(DomainRef::Name("Default".to_owned())),
        Scope::System,
        Scope::Trust("tr1".to_owned()),
    ];
    insta::assert_snapshot!(all.map(scoped).join("\n"), @r#"
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":"unscoped"}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"project":{"id":"p1"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"project":{"name":"demo","domain":{"name":"Default"}}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"domain":{"id":"d1"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"domain":{"name":"Default"}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"system":{"all":true}}}}
    POST http://keystone:5000/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}},"scope":{"OS-TRUST:trust":{"id":"tr1"}}}}
    "#);
}

#[test]
fn addresses() {
    let at = |url: &str| Credential::password(url, UserRef::id("u1"), "p").unwrap();
    let all = [at("http://h"), at("https://h/identity/v3/"), at("http://h:5000/v3").without_catalog()];
    insta::assert_snapshot!(all.map(first).join("\n"), @r#"
    POST http://h/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}
    POST https://h/identity/v3/auth/tokens {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}
    POST http://h:5000/v3/auth/tokens?nocatalog {"auth":{"identity":{"methods":["password"],"password":{"user":{"id":"u1","password":"p"}}}}}
    "#);
}
