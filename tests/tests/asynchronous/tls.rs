//! Whom to trust and what to show.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;

use http::Request;
use keepstone_async::{Client, Error, Failure, Proxy, Session, Tls, Trouble};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, KeyPair) {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new([name.to_owned()]).unwrap().signed_by(&key, &self.0).unwrap();
        (certificate, key)
    }

    fn pem(&self) -> String {
        self.0.pem()
    }
}

/// A server for `localhost` that answers 200, to clients of its authority only if so asked.
fn serve(authority: &Authority, wants_certificate: bool) -> String {
    let (certificate, key) = authority.issue("localhost");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = if wants_certificate {
        let mut roots = RootCertStore::empty();
        roots.add(authority.0.der().clone()).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        builder.with_client_cert_verifier(verifier.build().unwrap())
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = Arc::new(builder.with_single_cert(vec![certificate.der().clone()], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
            let mut request = Vec::new();
            let mut buffer = [0; 1024];
            while !request.ends_with(b"\r\n\r\n") {
                match stream.read(&mut buffer) {
                    Ok(read) if read > 0 => request.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.flush();
        }
    });
    format!("https://localhost:{port}/")
}

fn session(tls: Tls) -> Session {
    Client::builder().tls(tls).proxy(Proxy::None).build().unwrap().anonymous().retries(0)
}

async fn ask(session: &Session, url: &str) -> Result<u16, Trouble> {
    match session.send(Request::get(url).body(()).unwrap()).await {
        Ok(answer) => Ok(answer.status().as_u16()),
        Err(Error::Failure(Failure::Unreachable(cause) | Failure::Interrupted(cause))) => Err(cause.kind),
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn a_private_authority_is_trusted_only_if_told_so() {
    let authority = Authority::new();
    let url = serve(&authority, false);
    assert_eq!(ask(&session(Tls::new()), &url).await, Err(Trouble::Tls));
    assert_eq!(ask(&session(Tls::new().authority(Authority::new().pem())), &url).await, Err(Trouble::Tls));
    assert_eq!(ask(&session(Tls::new().authority(authority.pem())), &url).await, Ok(200));
    assert_eq!(ask(&session(Tls::new().insecure()), &url).await, Ok(200));
}

#[tokio::test]
async fn a_client_certificate_is_shown_on_its_own_connections() {
    let authority = Authority::new();
    let url = serve(&authority, true);
    let (certificate, key) = authority.issue("nova");
    let bare = Tls::new().authority(authority.pem());
    let shown = bare.clone().identity(certificate.pem(), key.serialize_pem());
    let mut builder = Client::builder().tls(bare).proxy(Proxy::None);
    let with_certificate = builder.add_tls(shown);
    let plain = builder.build().unwrap().anonymous().retries(0);
    assert!(ask(&plain, &url).await.is_err());
    assert_eq!(ask(&plain.tls(with_certificate), &url).await, Ok(200));
}

#[test]
fn what_is_no_certificate_is_said_so_at_once() {
    for tls in [Tls::new().authority("no pem"), Tls::new().identity("no pem", "nor this")] {
        assert!(Client::builder().tls(tls).build().is_err());
    }
    assert!(Client::builder().proxy(Proxy::Through("no proxy at all".to_owned())).build().is_err());
}
