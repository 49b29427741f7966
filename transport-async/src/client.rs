//! The client: identities, connections and the rules of a process.

use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use keepstone_core::{
    Borrowed, Canned, Credential, Exchanged, Fixed, InputError, Inquiry, Keychain, Limit, Notice, Pace,
    Secret, TlsId,
};
use keepstone_store::Store;

use crate::clock::{Clock, SystemClock};
use crate::consult::{Consultant, Told};
use crate::error::BuildError;
use crate::http_client::{HttpClient, Limits, Proxy};
use crate::identity::Identity;
use crate::session::Session;
use crate::shared::{Listener, Shared};
use crate::tls::{Tls, random};
use crate::turns::SharedLimit;
use crate::watch::{ExchangeListener, Watch, Watched};

/// The identities that a process acts as, and its connections. Cheap to clone; a process needs one.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// Settings of a client.
pub struct Builder {
    pools: Vec<Tls>,
    proxy: Proxy,
    limits: Limits,
    pace: Pace,
    clock: Option<Arc<dyn Clock>>,
    listener: Listener,
    exchanges: Option<ExchangeListener>,
    seed: Option<u64>,
    canned: Option<Arc<Mutex<Canned>>>,
    logins: Option<PathBuf>,
}

impl Client {
    /// A client with the default settings.
    ///
    /// # Errors
    /// [`BuildError`]; with the defaults there is no cause for one.
    pub fn new() -> Result<Self, BuildError> {
        Self::builder().build()
    }

    /// A client with settings of your own.
    #[must_use]
    pub fn builder() -> Builder {
        Builder {
            pools: vec![Tls::default()],
            proxy: Proxy::default(),
            limits: Limits::default(),
            pace: Pace::default(),
            clock: None,
            listener: Arc::new(log_notice),
            exchanges: None,
            seed: None,
            canned: None,
            logins: None,
        }
    }

    /// An identity that can log in. Nothing is sent before its first token is needed.
    ///
    /// # Errors
    /// [`InputError`], if the credential contradicts itself.
    pub fn identity(&self, credential: Credential) -> Result<Identity, InputError> {
        let id = self.shared.with(|keys| keys.add(credential))?;
        Ok(Identity::new(Arc::clone(&self.shared), id))
    }

    /// An identity whose credential is asked for whenever a login begins: read from a file, from a
    /// vault. `supplier` is told whether Keystone refused the last one, and is called with no lock
    /// held. What it cannot supply now is asked for again, as an outage of Keystone would be.
    pub fn identity_from<S, E>(&self, supplier: impl Fn(bool) -> S + Send + Sync + 'static) -> Identity
    where
        S: Future<Output = Result<Credential, E>> + Send + 'static,
        E: Display,
    {
        let id = self.shared.with(Keychain::add_asked);
        let supplier = move |refused| -> Told<Credential> {
            let supply = supplier(refused);
            Box::pin(async move { supply.await.map_err(|error| error.to_string()) })
        };
        self.shared.consultants.set(id, Consultant::Supplier(Arc::new(supplier)));
        Identity::new(Arc::clone(&self.shared), id)
    }

    /// An identity whose logins need somebody's help: a passcode, a page to visit. `answerer` is
    /// asked for it, with no lock held.
    ///
    /// # Errors
    /// [`InputError`], if the credential contradicts itself.
    pub fn identity_asking<A, E>(
        &self,
        credential: Credential,
        answerer: impl Fn(Inquiry) -> A + Send + Sync + 'static,
    ) -> Result<Identity, InputError>
    where
        A: Future<Output = Result<Secret, E>> + Send + 'static,
        E: Display,
    {
        let identity = self.identity(credential)?;
        let answerer = move |inquiry| -> Told<Secret> {
            let answer = answerer(inquiry);
            Box::pin(async move { answer.await.map_err(|error| error.to_string()) })
        };
        self.shared.consultants.set(identity.id(), Consultant::Answerer(Arc::new(answerer)));
        Ok(identity)
    }

    /// An identity that needs no login.
    ///
    /// # Errors
    /// [`InputError::TokenNotAHeader`].
    pub fn fixed(&self, fixed: Fixed) -> Result<Identity, InputError> {
        let id = self.shared.with(|keys| keys.fixed(fixed))?;
        Ok(Identity::new(Arc::clone(&self.shared), id))
    }

    /// A token that was handed in, by a request's context or by a user.
    ///
    /// # Errors
    /// [`InputError::TokenNotAHeader`].
    pub fn borrow(&self, token: Borrowed) -> Result<Identity, InputError> {
        let id = self.shared.with(|keys| keys.borrow(token))?;
        Ok(Identity::new(Arc::clone(&self.shared), id))
    }

    /// A limit for several sessions, which are then [`Session::within`] it.
    #[must_use]
    pub fn limit(&self, limit: Limit) -> SharedLimit {
        SharedLimit::new(&self.shared, limit)
    }

    /// Calls without a token.
    #[must_use]
    pub fn anonymous(&self) -> Session {
        Session::anonymous(Arc::clone(&self.shared))
    }
}

impl Builder {
    /// Whom to trust and what to show, for the default connections.
    #[must_use]
    pub fn tls(mut self, tls: Tls) -> Self {
        if let Some(first) = self.pools.first_mut() {
            *first = tls;
        }
        self
    }

    /// Another set of connections, for identities or sessions that show another certificate.
    pub fn add_tls(&mut self, tls: Tls) -> TlsId {
        self.pools.push(tls);
        TlsId(u32::try_from(self.pools.len() - 1).unwrap_or(u32::MAX))
    }

    /// Whether to go through a proxy. The default is what the environment says.
    #[must_use]
    pub fn proxy(mut self, proxy: Proxy) -> Self {
        self.proxy = proxy;
        self
    }

    /// How long the steps of an exchange may take.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How early and how often tokens are renewed.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// Other clocks than the machine's.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Who is told what happens to the identities; a panic in there goes no further. The default
    /// writes it to [`log`]. It is called
    /// with no lock held, in the task to which it happened.
    #[must_use]
    pub fn on_notice(mut self, listener: impl Fn(&Notice) + Send + Sync + 'static) -> Self {
        self.listener = Arc::new(listener);
        self
    }

    /// Who is told of each exchange with a server, for logs and timings; a panic in there goes no
    /// further. It is called with no lock held, in the task of the exchange, and nothing that it is
    /// shown is a secret. An exchange that is dropped is not told. The default writes a line to
    /// [`log`], under the target `keepstone::exchange`, at its level `Debug`.
    ///
    /// ```
    /// # use keepstone_async::Client;
    /// let client = Client::builder().on_exchange(|exchanged| {
    ///     println!("{} {} took {:?}", exchanged.method(), exchanged.url(), exchanged.elapsed());
    /// });
    /// # let _ = client;
    /// ```
    #[must_use]
    pub fn on_exchange(mut self, listener: impl Fn(&Exchanged<'_>) + Send + Sync + 'static) -> Self {
        self.exchanges = Some(Arc::new(listener));
        self
    }

    /// Where jitter comes from: the same seed gives the same spread. The default is random.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Answers without a server, for unit tests: nothing goes to the network.
    ///
    /// ```
    /// use std::sync::{Arc, Mutex};
    /// use keepstone_async::{Canned, Client, Credential, Endpoint, UserRef};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let canned = Arc::new(Mutex::new(Canned::new([http::Response::new(b"[]".to_vec())])));
    /// let client = Client::builder().canned(Arc::clone(&canned)).build()?;
    /// let alice = Credential::password("http://keystone", UserRef::name("alice"), "s3cr3t")?;
    /// let volumes = client.identity(alice)?.session().at(Endpoint::fixed("http://volumes/v3"));
    ///
    /// let answer = volumes.send(http::Request::get("/volumes").body(())?).await?;
    /// assert_eq!(answer.text().await?, "[]");
    /// assert_eq!(canned.lock().unwrap().sent()[0].uri, "http://volumes/v3/volumes");
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub fn canned(mut self, canned: Arc<Mutex<Canned>>) -> Self {
        self.canned = Some(canned);
        self
    }

    /// Keeps logins in this directory, and takes them up from there, so that a program that is started
    /// again need not log in again. Off unless this is called.
    ///
    /// The directory is made, for this user alone; one that others can read, and whatever else cannot
    /// be read or written, is told to [`log`] and gone without. Tokens are kept with what renews them,
    /// and neither passwords nor passcodes; tokens that were handed in and identities of
    /// [`Client::identity_from`] are not kept. A login is removed when it is refused and by
    /// [`Identity::log_out`].
    #[must_use]
    pub fn logins_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.logins = Some(directory.into());
        self
    }

    /// The client.
    ///
    /// # Errors
    /// [`BuildError`], if a certificate, key or proxy cannot be used.
    pub fn build(self) -> Result<Client, BuildError> {
        let http = match self.canned {
            Some(canned) => HttpClient::Canned(canned),
            None => HttpClient::new(self.pools, self.proxy, self.limits)?,
        };
        // The hasher's keys are the randomness that std has to offer.
        let seed = self.seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        let clock = self.clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let mut keys = Keychain::with_pace(seed, self.pace);
        let store = self.logins.and_then(open_store);
        if let Some(store) = &store {
            keys.save_logins(store.key());
        }
        let http = Watched::new(http, Watch { clock: Arc::clone(&clock), listener: self.exchanges });
        Ok(Client { shared: Arc::new(Shared::new(keys, http, clock, self.listener, store)) })
    }
}

fn open_store(directory: PathBuf) -> Option<Arc<Store>> {
    let store = Store::open(directory, |key| random(key));
    store.map(Arc::new).map_err(|error| log::warn!("{error}: no login is saved")).ok()
}

fn log_notice(notice: &Notice) {
    match notice {
        Notice::Issued { .. } | Notice::Restored { .. } | Notice::Suspected { .. } => {
            log::debug!("{notice:?}")
        }
        Notice::Refused { .. } => log::info!("{notice:?}"),
        _ => log::warn!("{notice:?}"),
    }
}
