//! What the handle and the server both hold.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use http::{StatusCode, request::Parts};

use super::{
    counters::{Arrival, Books},
    identity_provider::IdentityProvider,
    kerberos::Kerberos,
    keystone::Keystone,
    knobs::{Knobs, Outage},
    saml::Saml,
    service::Service,
    services::{ObjectStore, Resources},
    settings::Settings,
    wire::{self, Hangup, Reply},
};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    keystone: Mutex<Keystone>,
    knobs: Mutex<Knobs>,
    books: Mutex<Books>,
    resources: Mutex<Resources>,
    objects: Mutex<ObjectStore>,
    saml: Mutex<Saml>,
    kerberos: Mutex<Kerberos>,
    provider: Mutex<IdentityProvider>,
}

impl Shared {
    pub(crate) fn new(settings: Settings, origins: BTreeMap<Service, String>) -> Self {
        Self {
            keystone: Mutex::new(Keystone::new(&settings, origins)),
            settings,
            knobs: Mutex::default(),
            books: Mutex::default(),
            resources: Mutex::default(),
            objects: Mutex::default(),
            saml: Mutex::default(),
            kerberos: Mutex::default(),
            provider: Mutex::default(),
        }
    }

    pub(crate) fn keystone(&self) -> MutexGuard<'_, Keystone> {
        lock(&self.keystone)
    }

    pub(crate) fn knobs(&self) -> MutexGuard<'_, Knobs> {
        lock(&self.knobs)
    }

    pub(crate) fn books(&self) -> MutexGuard<'_, Books> {
        lock(&self.books)
    }

    pub(crate) fn resources(&self) -> MutexGuard<'_, Resources> {
        lock(&self.resources)
    }

    pub(crate) fn saml(&self) -> MutexGuard<'_, Saml> {
        lock(&self.saml)
    }

    pub(crate) fn kerberos(&self) -> MutexGuard<'_, Kerberos> {
        lock(&self.kerberos)
    }

    pub(crate) fn objects(&self) -> MutexGuard<'_, ObjectStore> {
        lock(&self.objects)
    }

    /// Whoever needs Keystone too takes that first.
    pub(crate) fn provider(&self) -> MutexGuard<'_, IdentityProvider> {
        lock(&self.provider)
    }

    /// Writes down that a request came.
    pub(crate) fn note_arrival(&self, service: Service, head: &Parts) {
        let token = |name| wire::get(&head.headers, name).map(str::to_owned);
        let path = head.uri.path_and_query().map(|path| path.as_str().to_owned());
        self.books().arrived(Arrival {
            service,
            method: head.method.to_string(),
            path: path.unwrap_or_default(),
            user_token: token("x-auth-token"),
            service_token: token("x-service-token"),
            authorization: token("authorization"),
        });
    }

    /// The service's latency; then what an outage makes of the request, if there is one.
    pub(crate) async fn hindrance(&self, service: Service) -> Result<Option<Reply>, Hangup> {
        let latency = self.knobs().latency(service);
        if !latency.is_zero() {
            tokio::time::sleep(latency).await;
        }
        match self.knobs().outage(service) {
            Outage::None => Ok(None),
            Outage::Refuse | Outage::Close => Err(Hangup),
            Outage::Unavailable { retry_after } => {
                let status = StatusCode::SERVICE_UNAVAILABLE;
                let mut reply = wire::text(status, "503 Service Unavailable\n");
                if let Some(value) = retry_after {
                    wire::set(reply.headers_mut(), "retry-after", &value);
                }
                Ok(Some(reply))
            }
        }
    }
}

/// A panic elsewhere leaves nothing half-done here that a later request could not live with.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
