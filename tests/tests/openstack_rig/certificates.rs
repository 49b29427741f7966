//! Client certificates, shown in a real handshake: OAuth2 by mutual TLS, and requests without a token.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::sync::Arc;

use http::Uri;
use keepstone_tests::openstack::{KeyPair, Stack};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;

use super::client::{echo, exchange, login};
use super::read;

#[test]
fn links_lead_back_through_tls() {
    let rig = read();
    let (status, answer) = ask(&rig.stack, None, "GET /v3", &[], "");
    assert_eq!(status, 200);
    let link = answer["version"]["links"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(link.trim_end_matches('/'), rig.stack.tls.auth_url);
}

#[test]
fn a_certificate_brings_the_oauth2_client_a_bound_token() {
    let rig = read();
    let stack = &rig.stack;
    let mtls = Some(&stack.tls.mtls);
    let form = |id: &str| format!("grant_type=client_credentials&client_id={id}");
    let (status, answer) = ask(stack, mtls, TOKEN, FORM, &form(&stack.users.mtls.id));
    assert_eq!(status, 200, "{answer}");
    let token = answer["access_token"].as_str().unwrap();
    let report = echo(stack, &[("X-Auth-Token", token)]).report(http::StatusCode::OK);
    assert_eq!(report["identity"]["x-user-name"], "mtls");
    assert_eq!(report["identity"]["x-project-name"], "demo");

    let subject = [("X-Auth-Token", token), ("X-Subject-Token", token)];
    let (_, answer) = ask(stack, mtls, "GET /v3/auth/tokens", &subject, "");
    assert!(answer["token"]["oauth2_credential"]["x5t#S256"].is_string(), "{answer}");

    assert_eq!(ask(stack, mtls, TOKEN, FORM, &form(&stack.users.alice.id)).0, 401, "not the certified one");
    assert_eq!(ask(stack, None, TOKEN, FORM, &form(&stack.users.mtls.id)).0, 401, "no certificate");
}

#[test]
fn nova_validates_a_token_by_certificate_alone() {
    let rig = read();
    let stack = &rig.stack;
    let alice = login(stack, &stack.users.alice);
    let headers =
        [("X-Subject-Token", alice.id.as_str()), ("X-Project-Id", stack.users.nova.project.id.as_str())];
    let (status, answer) = ask(stack, Some(&stack.tls.tokenless), "GET /v3/auth/tokens", &headers, "");
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["token"]["user"]["name"], "alice");
    assert_eq!(ask(stack, None, "GET /v3/auth/tokens", &headers, "").0, 401);
}

#[test]
fn nobody_can_pretend_to_have_shown_a_certificate() {
    let rig = read();
    let stack = &rig.stack;
    let alice = login(stack, &stack.users.alice);
    let certificate = CertificateDer::from_pem_file(&stack.tls.tokenless.certificate).unwrap();
    let encoded = data_encoding::BASE64.encode(&certificate);
    let headers = [
        ("X-Subject-Token", alice.id.as_str()),
        ("X-Project-Id", &stack.users.nova.project.id),
        ("X-Rig-Certificate", &encoded),
        ("X-Rig-Front", ""),
    ];
    let plain = exchange("GET", &format!("{}/auth/tokens", stack.auth_url), &headers, "").unwrap();
    assert_eq!(plain.status, 401);
    assert_eq!(ask(stack, None, "GET /v3/auth/tokens", &headers, "").0, 401);
}

const TOKEN: &str = "POST /v3/OS-OAUTH2/token";
const FORM: &[(&str, &str)] = &[("Content-Type", "application/x-www-form-urlencoded")];

/// One request over TLS; `what` is method and path. Returns the status and the JSON of the answer.
fn ask(
    stack: &Stack,
    client: Option<&KeyPair>,
    what: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, Value) {
    let uri: Uri = stack.tls.auth_url.parse().unwrap();
    let place = uri.authority().unwrap();
    let name = ServerName::try_from(place.host().to_owned()).unwrap();
    let socket = TcpStream::connect(place.as_str()).unwrap();
    let connection = ClientConnection::new(Arc::new(configuration(stack, client)), name).unwrap();
    let mut stream = StreamOwned::new(connection, socket);
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length = body.len();
    write!(
        stream,
        "{what} HTTP/1.1\r\nHost: {place}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    read_answer(BufReader::new(stream))
}

/// Reads as much as the answer says it is: gunicorn does not say goodbye as TLS would have it.
fn read_answer(mut stream: impl BufRead) -> (u16, Value) {
    let mut lines = stream.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty());
    let first = lines.next().expect("a status line");
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let length = lines
        .filter_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok())
        .last()
        .expect("a length");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

fn configuration(stack: &Stack, client: Option<&KeyPair>) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(&stack.tls.authority).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    match client {
        None => builder.with_no_client_auth(),
        Some(pair) => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_file(&pair.certificate).unwrap()],
                PrivateKeyDer::from_pem_file(&pair.key).unwrap(),
            )
            .unwrap(),
    }
}
