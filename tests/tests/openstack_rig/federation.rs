//! SAML2: an enhanced client between two sides that know each other, and Keystone as a provider for itself.

use http::StatusCode;
use keepstone_tests::openstack::{Person, Stack};
use serde_json::json;

use super::client::{Answer, at_home, basic, exchange, log_in_to, send};
use super::read;

const PAOS: &str = "application/vnd.paos+xml";
const ENHANCED: [(&str, &str); 2] = [
    ("Accept", PAOS),
    ("PAOS", r#"ver="urn:liberty:paos:2003-08";"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp""#),
];

#[test]
fn an_assertion_opens_a_session() {
    let rig = read();
    let fred = &rig.stack.federation.people.fred;
    let (consumer, envelope) = asserted(&rig.stack, fred);
    let opened = deliver(&consumer, &envelope);
    assert_eq!(opened.status, StatusCode::FOUND, "{}", opened.text);
    assert_eq!(opened.headers["location"], *protected(&rig.stack));
    let token = enter(&protected(&rig.stack), &opened).report(StatusCode::CREATED);
    assert_eq!(token["token"]["user"]["name"], "fred");

    let again = deliver(&consumer, &envelope);
    assert_eq!(again.status, StatusCode::FORBIDDEN, "an assertion serves once");
}

#[test]
fn an_assertion_cannot_be_changed() {
    let rig = read();
    let (consumer, envelope) = asserted(&rig.stack, &rig.stack.federation.people.stranger);
    let forged = envelope.replace(">none<", ">federated<");
    assert_ne!(envelope, forged);
    let answer = deliver(&consumer, &forged);
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.text.contains("signature"), "{}", answer.text);
}

#[test]
fn keystone_vouches_for_alice_to_itself() {
    let rig = read();
    let k2k = &rig.stack.federation.k2k;
    let alice = log_in_to(&rig.stack, &rig.stack.users.alice, at_home(&rig.stack.users.alice));
    // The token has the addresses too, and has them right: Keystone's headers say `b'http://...'`.
    let report = alice.report(StatusCode::CREATED);
    let provider = &report["token"]["service_providers"][0];
    assert_eq!(provider["id"], *k2k.service_provider);
    let body = json!({"auth": {
        "identity": {"methods": ["token"], "token": {"id": alice.token().id}},
        "scope": {"service_provider": {"id": k2k.service_provider}},
    }});
    let url = format!("{}/auth/OS-FEDERATION/saml2/ecp", rig.stack.auth_url);
    let answer = send("POST", &url, &[], &body.to_string());
    if k2k.missing.is_some() {
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "Keystone cannot sign: {}", answer.text);
        return;
    }
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let (consumer, inside) = (&provider["sp_url"], &provider["auth_url"]);
    let opened = deliver(consumer.as_str().unwrap(), &answer.text);
    assert_eq!(opened.status, StatusCode::FOUND, "{}", opened.text);
    let token = enter(inside.as_str().unwrap(), &opened).report(StatusCode::CREATED);
    assert_eq!(token["token"]["user"]["name"], "alice");
    assert_eq!(token["token"]["user"]["OS-FEDERATION"]["identity_provider"]["id"], *k2k.identity_provider);
}

/// Where fred is to be sent, and what the provider says of him, as it must arrive there.
fn asserted(stack: &Stack, person: &Person) -> (String, String) {
    let request = send("GET", &protected(stack), &ENHANCED, "");
    assert_eq!(request.headers["content-type"], PAOS);
    let head = between(&request.text, "<S:Header", "</S:Header>");
    let consumer = between(&head, "responseConsumerURL=\"", "\"");
    let relay_state = format!("<ecp:RelayState{}</ecp:RelayState>", between(&head, "<ecp:RelayState", "</"));
    let request = request.text.replace(&format!("<S:Header{head}</S:Header>"), "");

    let headers = [("Authorization", basic(&person.name, &person.password))];
    let headers = [(headers[0].0, headers[0].1.as_str()), ("Content-Type", "text/xml")];
    let answer = send("POST", &stack.federation.saml.ecp_url, &headers, &request);
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let envelope = answer.text.replace("</S:Header>", &format!("{relay_state}</S:Header>"));
    (consumer, envelope)
}

fn protected(stack: &Stack) -> String {
    let provider = &stack.federation.identity_provider;
    format!("{}/OS-FEDERATION/identity_providers/{provider}/protocols/saml2/auth", stack.auth_url)
}

fn deliver(consumer: &str, envelope: &str) -> Answer {
    send("POST", consumer, &[("Content-Type", PAOS)], envelope)
}

/// Asks again, with the session that was opened.
fn enter(url: &str, opened: &Answer) -> Answer {
    let cookie = opened.headers["set-cookie"].to_str().unwrap();
    let (cookie, _) = cookie.split_once(';').unwrap();
    exchange("GET", url, &[("Cookie", cookie)], "").unwrap()
}

fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).expect(start);
    rest.split_once(end).expect(end).0.to_owned()
}
