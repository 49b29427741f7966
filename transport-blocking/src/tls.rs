//! Whom to trust and what to show: the TLS side of a set of connections.

use std::fmt;
use std::sync::Arc;

use keepstone_core::Secret;
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, TlsProvider, parse_pem};

use crate::error::BuildError;

/// Whom to trust, and a certificate of one's own. The default trusts what the operating system trusts.
#[derive(Clone, Default)]
pub struct Tls {
    authority: Option<Vec<u8>>,
    identity: Option<(Vec<u8>, Secret)>,
    insecure: bool,
}

/// Fills `bytes` with what nobody can guess. Whether it could.
pub(crate) fn random(bytes: &mut [u8]) -> bool {
    rustls::crypto::ring::default_provider().secure_random.fill(bytes).is_ok()
}

impl Tls {
    /// What the operating system trusts, and no certificate of one's own.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts these authorities as well (`cafile`), in PEM.
    #[must_use]
    pub fn authority(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.authority = Some(pem.into());
        self
    }

    /// Shows this certificate (with its chain) to servers that ask for one, in PEM.
    #[must_use]
    pub fn identity(mut self, certificates: impl Into<Vec<u8>>, key: impl Into<Secret>) -> Self {
        self.identity = Some((certificates.into(), key.into()));
        self
    }

    /// Accepts any certificate from anybody. Tokens then go to whoever answers: for tests only.
    #[must_use]
    pub fn insecure(mut self) -> Self {
        self.insecure = true;
        self
    }

    pub(crate) fn config(&self) -> Result<TlsConfig, BuildError> {
        // One provider, named here: the process's default is the application's to choose.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        Ok(TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .unversioned_rustls_crypto_provider(provider)
            .root_certs(RootCerts::new_with_certs(&self.roots()?))
            .client_cert(self.client_certificate()?)
            .disable_verification(self.insecure)
            .build())
    }

    fn roots(&self) -> Result<Vec<Certificate<'static>>, BuildError> {
        // A certificate of the system's that cannot be read is left out, as everybody does it.
        let system = rustls_native_certs::load_native_certs().certs;
        let mut roots: Vec<_> = system.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        if let Some(pem) = &self.authority {
            roots.extend(certificates(pem, "private authority")?);
        }
        Ok(roots)
    }

    fn client_certificate(&self) -> Result<Option<ClientCert>, BuildError> {
        let Some((chain, key)) = &self.identity else { return Ok(None) };
        let chain = certificates(chain, "client certificate")?;
        let key = PrivateKey::from_pem(key.reveal().as_bytes()).map_err(|_| BuildError::Pem("client key"))?;
        Ok(Some(ClientCert::new_with_certs(&chain, key)))
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("authority", &self.authority.is_some())
            .field("identity", &self.identity.is_some())
            .field("insecure", &self.insecure)
            .finish()
    }
}

fn certificates(pem: &[u8], what: &'static str) -> Result<Vec<Certificate<'static>>, BuildError> {
    let found: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(_) => Some(Err(BuildError::Pem(what))),
        })
        .collect::<Result<_, _>>()?;
    if found.is_empty() { Err(BuildError::Pem(what)) } else { Ok(found) }
}
