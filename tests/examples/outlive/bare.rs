//! The other side: a plain HTTP client with a token, as a script has it. No Keepstone here.

use std::error::Error;
use std::sync::Arc;

use http::{HeaderValue, StatusCode, Uri};
use keepstone_blocking::token::Description;
use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

use crate::timeline::with_causes;
use crate::transport::Network;

/// A plain HTTP client.
pub(crate) struct Bare {
    agent: Agent,
}

impl Bare {
    /// A client for this network.
    pub(crate) fn new(network: &Network) -> Result<Self, Box<dyn Error>> {
        let proxy = if network.proxy { ureq::Proxy::try_from_env() } else { None };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls =
            TlsConfig::builder().unversioned_rustls_crypto_provider(provider).root_certs(roots(network)?);
        let config = Agent::config_builder().http_status_as_error(false).proxy(proxy).tls_config(tls.build());
        Ok(Self { agent: config.build().new_agent() })
    }

    /// Gets this with the token that it has, dead or alive.
    pub(crate) fn get(&self, uri: &Uri, token: &HeaderValue) -> Result<StatusCode, String> {
        let request = self.agent.get(uri).header("x-auth-token", token);
        let mut answer = request.call().map_err(|error| with_causes(&error))?;
        answer.body_mut().read_to_vec().map_err(|error| with_causes(&error))?;
        Ok(answer.status())
    }

    /// What Keystone says of a token: what a service learns when it is called with one.
    pub(crate) fn look_up(&self, auth_url: &str, token: &str) -> Result<Description, Box<dyn Error>> {
        #[derive(Deserialize)]
        struct Answer {
            token: Description,
        }
        let request = self.agent.get(format!("{auth_url}/auth/tokens"));
        let mut answer = request.header("x-auth-token", token).header("x-subject-token", token).call()?;
        let answer: Answer = serde_json::from_slice(&answer.body_mut().read_to_vec()?)?;
        Ok(answer.token)
    }
}

/// What the operating system trusts, and the private authorities.
fn roots(network: &Network) -> Result<RootCerts, Box<dyn Error>> {
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots: Vec<_> = system.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    for item in parse_pem(network.authority.as_deref().unwrap_or_default()) {
        if let PemItem::Certificate(certificate) = item? {
            roots.push(certificate);
        }
    }
    Ok(RootCerts::new_with_certs(&roots))
}
