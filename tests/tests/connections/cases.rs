// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use super::{Client, Proxy, Session, Tls, Trouble, ask};
use crate::server::{Authority, proxy, serve};

fn session(tls: Tls) -> Session {
    Client::builder().tls(tls).proxy(Proxy::None).build().unwrap().anonymous().retries(0)
}

#[test]
fn a_private_authority_is_trusted_only_if_told_so() {
    let authority = Authority::new();
    let url = serve(&authority, false);
    assert_eq!(ask(&session(Tls::new()), &url), Err(Trouble::Tls));
    assert_eq!(ask(&session(Tls::new().authority(Authority::new().pem())), &url), Err(Trouble::Tls));
    assert_eq!(ask(&session(Tls::new().authority(authority.pem())), &url), Ok(200));
    assert_eq!(ask(&session(Tls::new().insecure()), &url), Ok(200));
}

#[test]
fn a_client_certificate_is_shown_on_its_own_connections() {
    let authority = Authority::new();
    let url = serve(&authority, true);
    let (certificate, key) = authority.issue("nova");
    let bare = Tls::new().authority(authority.pem());
    let shown = bare.clone().identity(certificate.pem(), key.serialize_pem());
    let mut builder = Client::builder().tls(bare).proxy(Proxy::None);
    let with_certificate = builder.add_tls(shown);
    let plain = builder.build().unwrap().anonymous().retries(0);
    assert!(ask(&plain, &url).is_err());
    assert_eq!(ask(&plain.tls(with_certificate), &url), Ok(200));
}

#[test]
fn what_is_no_certificate_is_said_so_at_once() {
    for tls in [Tls::new().authority("no pem"), Tls::new().identity("no pem", "nor this")] {
        assert!(Client::builder().tls(tls).build().is_err());
    }
    assert!(Client::builder().proxy(Proxy::Through("no proxy at all".to_owned())).build().is_err());
}

#[test]
fn a_proxy_is_used_only_if_told_so() {
    let (url, hears) = proxy();
    let through = Client::builder().proxy(Proxy::Through(url)).build().unwrap().anonymous().retries(0);
    assert_eq!(ask(&through, "http://volume.invalid/v3"), Ok(200));
    // ureq asks for a tunnel even for http, reqwest only for https.
    let asked = hears.recv().unwrap();
    assert!(asked.contains(" http://volume.invalid/v3 ") || asked.contains(" volume.invalid:80 "), "{asked}");
    let directly = session(Tls::new());
    assert!(ask(&directly, "http://volume.invalid/v3").is_err());
    assert!(hears.try_recv().is_err());
}
