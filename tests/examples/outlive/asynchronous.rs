//! The stories' calls over Keepstone's async transport: as `blocking.rs`, with a runtime.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, StatusCode, Uri};
use keepstone_async::{Client, Endpoint, Proxy, Session, Tls};
use tokio::runtime::Runtime;

use crate::timeline::{Timeline, with_causes};
use crate::transport::{Caller, Cast, Network, Proof};

/// How long a call may take, outages included.
const DEADLINE: Duration = Duration::from_secs(30);

/// A session, and the runtime that its calls run on. The stories' threads wait for them.
struct Calls {
    session: Session,
    runtime: Arc<Runtime>,
}

/// One client, its identities, and a session at each service.
pub(crate) fn open(
    timeline: &Arc<Timeline>,
    cast: Cast,
    endpoints: Vec<Endpoint>,
) -> Result<Vec<Box<dyn Caller>>, Box<dyn Error>> {
    let runtime = Arc::new(Runtime::new()?);
    let client = client(timeline, cast.network)?;
    let (name, proof) = cast.user;
    let user = match proof {
        Proof::Login(credential) => client.identity(*credential)?,
        Proof::Token(token) => client.borrow(*token)?,
    };
    timeline.introduce(user.id(), name);
    let mut session = user.session().deadline(DEADLINE);
    if let Some((name, credential)) = cast.service {
        let service = client.identity(credential)?;
        timeline.introduce(service.id(), name);
        session = session.vouched_by(&service);
    }
    let at = |endpoint| {
        let session = session.clone().at(endpoint);
        Box::new(Calls { session, runtime: Arc::clone(&runtime) }) as Box<dyn Caller>
    };
    Ok(endpoints.into_iter().map(at).collect())
}

fn client(timeline: &Arc<Timeline>, network: Network) -> Result<Client, Box<dyn Error>> {
    let timeline = Arc::clone(timeline);
    let proxy = if network.proxy { Proxy::Environment } else { Proxy::None };
    let tls = network.authority.map_or_else(Tls::new, |pem| Tls::new().authority(pem));
    let client = Client::builder().on_notice(move |notice| timeline.notice(notice)).proxy(proxy).tls(tls);
    Ok(client.build()?)
}

impl Caller for Calls {
    fn get(&self, path: &str) -> Result<StatusCode, String> {
        let request = Request::get(path).body(()).map_err(|error| error.to_string())?;
        self.runtime.block_on(async {
            let answer = self.session.send(request).await.map_err(|error| with_causes(&error))?;
            let status = answer.status();
            answer.bytes().await.map_err(|error| with_causes(&error))?;
            Ok(status)
        })
    }

    fn lend(&self, path: &str) -> Result<(Uri, HeaderValue), Box<dyn Error>> {
        let request = Request::get(path).body(())?;
        let request = self.runtime.block_on(async { self.session.lend(request).request().await })?;
        let token = request.headers().get("x-auth-token").ok_or("the session has no user")?;
        Ok((request.uri().clone(), token.clone()))
    }
}
