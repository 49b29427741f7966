//! ureq, set up so that it decides nothing: what goes out, what came back, how it broke.

use std::fmt;
use std::io::{self, Read};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use keepstone_core::{Ask, Broke, Canned, Cause, Dispatch, Event, TlsId, Trouble};
use ureq::{Agent, AsSendBody, SendBody, Timeout};

use crate::body::{Body, Source};
use crate::error::BuildError;
use crate::tls::Tls;

/// How long the steps of an exchange may take. Deadlines of calls come on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// For a connection to be made, TLS aside.
    pub connect: Duration,
    /// For the peer to take another piece of a request. A body may take hours as long as it moves.
    pub send: Duration,
    /// For the peer to give another piece of an answer, its head first.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            send: Duration::from_secs(60),
            answer: Duration::from_secs(300),
        }
    }
}

/// Whether requests go through a proxy. ureq asks an HTTP proxy for a tunnel (`CONNECT`), for http
/// as well as for https.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum Proxy {
    /// As `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    Environment,
    /// Directly, whatever the environment says.
    None,
    /// Through this one.
    Through(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment => f.write_str("Environment"),
            Self::None => f.write_str("None"),
            Self::Through(url) => write!(f, "Through({:?})", without_password(url)),
        }
    }
}

/// What requests go out through.
#[derive(Debug)]
pub(crate) enum HttpClient {
    /// ureq, one agent for each set of connections.
    Wire { agents: ArcSwap<Vec<Agent>>, limits: Limits },
    /// Answers without a server.
    Canned(Arc<Mutex<Canned>>),
}

/// What came of sending a caller's request.
pub(crate) enum Exchange {
    Answer {
        response: Response<ureq::Body>,
        touched: bool,
    },
    Broke(Broke),
    /// The request's own body could not be read.
    Unreadable(io::Error),
}

impl HttpClient {
    pub(crate) fn new(pools: &[Tls], proxy: &Proxy, limits: Limits) -> Result<Self, BuildError> {
        let agents = pools.iter().map(|tls| agent(tls, proxy, &limits)).collect::<Result<Vec<_>, _>>()?;
        Ok(Self::Wire { agents: ArcSwap::from_pointee(agents), limits })
    }

    /// Makes all connections anew: those there are belong to the parent of this process.
    pub(crate) fn start_afresh(&self) {
        if let Self::Wire { agents, .. } = self {
            let anew = agents.load().iter().map(|agent| agent.config().new_agent()).collect();
            agents.store(Arc::new(anew));
        }
    }

    /// Core's own question, answered or broken.
    pub(crate) fn ask(&self, ask: Ask, now: Duration) -> Event {
        match self.answer(ask, now) {
            Ok(answer) => Event::Answered(answer),
            Err(error) => Event::Broke(broke(&error, None)),
        }
    }

    /// Core's own question outside of any call.
    pub(crate) fn tell(&self, ask: Ask, now: Duration) -> Result<Response<Vec<u8>>, Cause> {
        self.answer(ask, now).map_err(|error| cause(&error).0)
    }

    fn answer(&self, ask: Ask, now: Duration) -> Result<Response<Vec<u8>>, ureq::Error> {
        let agents = match self {
            Self::Wire { agents, .. } => agents.load(),
            Self::Canned(canned) => return Ok(lock(canned).ask(&ask)),
        };
        let Ask { request, tls, at_most, until } = ask;
        let (mut parts, body) = request.into_parts();
        announce(&parts.method, &mut parts.headers, Some(body.reveal().len() as u64));
        let time = span(until, now);
        let agent = pool(&agents, tls)?;
        let (head, mut answer) = if body.reveal().is_empty() {
            let request = agent.configure_request(Request::from_parts(parts, ()));
            agent.run(request.timeout_global(Some(time)).build())?.into_parts()
        } else {
            let request = agent.configure_request(Request::from_parts(parts, body.reveal()));
            agent.run(request.timeout_global(Some(time)).build())?.into_parts()
        };
        let answer = answer.with_config().limit(at_most as u64).read_to_vec()?;
        Ok(Response::from_parts(head, answer))
    }

    /// The caller's request, with a body that is read from its first byte.
    pub(crate) fn send(&self, dispatch: &Dispatch, body: &mut Body, now: Duration) -> Exchange {
        let mut empty = Body::Empty;
        let mut source = match if dispatch.with_body { body } else { &mut empty }.open() {
            Ok(source) => source,
            Err(error) => return Exchange::Unreadable(error),
        };
        let sent = match self {
            Self::Wire { agents, limits } => pool(&agents.load(), dispatch.tls)
                .and_then(|agent| run(agent, dispatch, &mut source, limits, now)),
            Self::Canned(canned) => from_can(canned, dispatch, &mut source),
        };
        match (sent, source.error.take()) {
            (Ok(response), _) => Exchange::Answer { response, touched: source.touched },
            (Err(_), Some(error)) => Exchange::Unreadable(error),
            (Err(error), None) => Exchange::Broke(broke(&error, Some(&source))),
        }
    }
}

fn pool(agents: &[Agent], tls: TlsId) -> Result<&Agent, ureq::Error> {
    let pool = agents.get(tls.0 as usize);
    pool.ok_or_else(|| ureq::Error::Other("the client has no such set of connections".into()))
}

fn lock(canned: &Mutex<Canned>) -> MutexGuard<'_, Canned> {
    canned.lock().unwrap_or_else(PoisonError::into_inner)
}

fn from_can(
    canned: &Mutex<Canned>,
    dispatch: &Dispatch,
    source: &mut Source<'_>,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let mut body = Vec::new();
    source.read_to_end(&mut body)?;
    Ok(lock(canned).send(dispatch, body).map(|body| ureq::Body::builder().data(body)))
}

/// What is left, as ureq can take it: neither nothing nor more than its clock can count.
fn span(until: Duration, now: Duration) -> Duration {
    until.saturating_sub(now).clamp(Duration::from_millis(1), Duration::from_secs(1 << 25))
}

fn run(
    agent: &Agent,
    dispatch: &Dispatch,
    source: &mut Source<'_>,
    limits: &Limits,
    now: Duration,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let head = request(dispatch, source.length)?;
    let left = dispatch.until.map(|until| span(until, now));
    match source.length {
        Some(0) => run_with(agent, head.map(|()| SendBody::none()), limits, left),
        _ => run_with(agent, head.map(|()| SendBody::from_reader(source)), limits, left),
    }
}

fn run_with(
    agent: &Agent,
    request: Request<impl AsSendBody>,
    limits: &Limits,
    left: Option<Duration>,
) -> Result<Response<ureq::Body>, ureq::Error> {
    let within = |limit: Duration| Some(left.map_or(limit, |left| left.min(limit)));
    let request = agent
        .configure_request(request)
        .timeout_connect(within(limits.connect))
        .timeout_send_request(within(limits.send))
        .timeout_recv_response(within(limits.answer))
        .timeout_send_body(left);
    agent.run(request.build())
}

fn agent(tls: &Tls, proxy: &Proxy, limits: &Limits) -> Result<Agent, BuildError> {
    let proxy = match proxy {
        Proxy::Environment => ureq::Proxy::try_from_env(),
        Proxy::None => None,
        Proxy::Through(url) => {
            Some(ureq::Proxy::new(url).map_err(|_| BuildError::Proxy(without_password(url).to_owned()))?)
        }
    };
    let config = Agent::config_builder()
        .http_status_as_error(false)
        // Redirects are core's to judge: a library would carry the tokens to another origin.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls.config()?)
        .proxy(proxy)
        .timeout_resolve(Some(limits.connect))
        .timeout_connect(Some(limits.connect))
        .timeout_per_read(Some(limits.answer))
        .timeout_per_write(Some(limits.send))
        .build();
    Ok(config.new_agent())
}

/// An address without the name and the password that may stand in it.
fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

fn request(dispatch: &Dispatch, length: Option<u64>) -> Result<Request<()>, ureq::Error> {
    let mut request = Request::builder().method(&dispatch.method).uri(&dispatch.uri).body(())?;
    *request.headers_mut() = frame(dispatch, length);
    Ok(request)
}

/// The headers, with those that frame the body: an exact length where there is one.
fn frame(dispatch: &Dispatch, length: Option<u64>) -> HeaderMap {
    let mut headers = dispatch.headers.clone();
    announce(&dispatch.method, &mut headers, length);
    if dispatch.expect_continue {
        headers.insert(EXPECT, HeaderValue::from_static("100-continue"));
    }
    headers
}

/// An exact length where there is one. Left to itself, ureq announces chunks where nothing is to come.
fn announce(method: &Method, headers: &mut HeaderMap, length: Option<u64>) {
    let expects_one = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if let Some(length) = length.filter(|length| *length > 0 || expects_one) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}

/// How it broke, from what ureq says and from how much of the body it took.
fn broke(error: &ureq::Error, source: Option<&Source<'_>>) -> Broke {
    match (cause(error), source) {
        ((cause, false), source) if source.is_none_or(|source| !source.touched) => Broke::Unsent(cause),
        ((cause, _), Some(source)) if !source.finished => Broke::Sending { cause, touched: source.touched },
        ((cause, _), _) => Broke::Waiting(cause),
    }
}

fn cause(error: &ureq::Error) -> (Cause, bool) {
    let (kind, left) = trouble(error);
    (Cause { kind, text: error.to_string() }, left)
}

/// The kind of trouble, and whether anything may have left.
fn trouble(error: &ureq::Error) -> (Trouble, bool) {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable, TimedOut};
    match error {
        ureq::Error::HostNotFound => (Trouble::Resolve, false),
        ureq::Error::ConnectionFailed | ureq::Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            (Trouble::Connect, false)
        }
        ureq::Error::Timeout(_) => (Trouble::Timeout, true),
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => (Trouble::Tls, false),
        ureq::Error::Io(io) => match io.kind() {
            _ if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => (Trouble::Tls, false),
            ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable => {
                (Trouble::Connect, false)
            }
            TimedOut => (Trouble::Timeout, true),
            _ => (Trouble::Broken, true),
        },
        ureq::Error::Protocol(_)
        | ureq::Error::BodyExceedsLimit(_)
        | ureq::Error::LargeResponseHeader(..) => (Trouble::Unreadable, true),
        ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::InvalidProxyUrl
        | ureq::Error::Other(_) => (Trouble::Unusable, false),
        _ => (Trouble::Broken, true),
    }
}
