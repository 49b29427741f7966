//! reqwest, set up so that it decides nothing: what goes out, what came back, how it broke.

use std::fmt;
use std::future::{pending, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderValue, Method, Request, Response as Answered};
use http_body::Body as _;
use keepstone_core::{Ask, Broke, Canned, Cause, Dispatch, Event, TlsId, Trouble};
use reqwest::{Client, Response, redirect, retry};
use tokio::time::{sleep, timeout};

use crate::answer;
use crate::body::Body;
use crate::broke::{broke, late, sending, text, unusable};
use crate::error::BuildError;
use crate::source::Source;
use crate::tls::Tls;

/// How long the steps of an exchange may take. Deadlines of calls come on top.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// For a connection to be made, TLS included.
    pub connect: Duration,
    /// For the peer to take another piece of a request, and for the body's own source to give one. A
    /// body may take hours as long as it moves.
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

/// Whether requests go through a proxy.
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
    /// reqwest, one client for each set of connections.
    Wire { pools: ArcSwap<Vec<Client>>, tls: Vec<Tls>, proxy: Proxy, limits: Limits },
    /// Answers without a server.
    Canned(Arc<Mutex<Canned>>),
}

/// What came of sending a caller's request.
pub(crate) enum Exchange {
    Answer {
        response: Response,
        touched: bool,
        /// The body, which the connection may still be taking.
        source: Source,
    },
    Broke(Broke),
    /// The request's own body could not be read.
    Unreadable(io::Error),
}

impl HttpClient {
    pub(crate) fn new(tls: Vec<Tls>, proxy: Proxy, limits: Limits) -> Result<Self, BuildError> {
        let pools = ArcSwap::from_pointee(clients(&tls, &proxy, &limits)?);
        Ok(Self::Wire { pools, tls, proxy, limits })
    }

    /// Makes all connections anew: those there are belong to the parent of this process.
    pub(crate) fn start_afresh(&self) {
        let Self::Wire { pools, tls, proxy, limits } = self else { return };
        if let Ok(anew) = clients(tls, proxy, limits) {
            // Not even dropped: their tasks are those of a runtime that is not in this process.
            std::mem::forget(pools.swap(Arc::new(anew)));
        }
    }

    /// Core's own question, answered or broken.
    pub(crate) async fn ask(&self, ask: Ask, now: Duration) -> Event {
        match self.answer(ask, now).await {
            Ok(answer) => Event::Answered(answer),
            Err(broke) => Event::Broke(broke),
        }
    }

    /// Core's own question outside of any call.
    pub(crate) async fn tell(&self, ask: Ask, now: Duration) -> Result<Answered<Vec<u8>>, Cause> {
        self.answer(ask, now).await.map_err(|broke| match broke {
            Broke::Unsent(cause) | Broke::Sending { cause, .. } | Broke::Waiting(cause) => cause,
            Broke::Late => late(),
        })
    }

    async fn answer(&self, ask: Ask, now: Duration) -> Result<Answered<Vec<u8>>, Broke> {
        let pools = match self {
            Self::Wire { pools, .. } => pools.load_full(),
            Self::Canned(canned) => return Ok(lock(canned).ask(&ask)),
        };
        let Ask { request, tls, at_most, until } = ask;
        let (mut parts, body) = request.into_parts();
        frame(&parts.method, &mut parts.headers, Some(body.reveal().len() as u64));
        let request = outgoing(Request::from_parts(parts, body.reveal().to_vec())).map_err(Broke::Unsent)?;
        let answer = whole(pool(&pools, tls)?, request, at_most);
        timeout(until.saturating_sub(now), answer).await.unwrap_or_else(|_| Err(Broke::Waiting(late())))
    }

    /// The caller's request, with a body that is read from its first byte.
    pub(crate) async fn send(&self, dispatch: &Dispatch, body: &mut Body, now: Duration) -> Exchange {
        let mut empty = Body::Empty;
        let body = if dispatch.with_body { body } else { &mut empty };
        let source = match body.open() {
            Ok(source) => source,
            Err(error) => return Exchange::Unreadable(error),
        };
        let sent = match self {
            Self::Wire { pools, limits, .. } => run(&pools.load_full(), dispatch, &source, limits, now).await,
            Self::Canned(canned) => from_can(canned, dispatch, source.clone()).await,
        };
        match sent {
            Ok(response) => {
                let touched = source.answered().touched;
                Exchange::Answer { response, touched, source }
            }
            Err(broke) => {
                body.close(&source);
                source.take_error().map_or(Exchange::Broke(broke), Exchange::Unreadable)
            }
        }
    }
}

fn pool(pools: &[Client], tls: TlsId) -> Result<&Client, Broke> {
    let unusable = || unusable("the client has no such set of connections".to_owned());
    pools.get(tls.0 as usize).ok_or_else(|| Broke::Unsent(unusable()))
}

fn lock(canned: &Mutex<Canned>) -> MutexGuard<'_, Canned> {
    canned.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn from_can(
    canned: &Mutex<Canned>,
    dispatch: &Dispatch,
    mut source: Source,
) -> Result<Response, Broke> {
    let mut body = Vec::new();
    while let Some(piece) = poll_fn(|cx| Pin::new(&mut source).poll_frame(cx)).await {
        let broken = |error: io::Error| Cause { kind: Trouble::Broken, text: error.to_string() };
        let piece = piece.map_err(|error| sending(source.progress(), broken(error)))?;
        body.extend(piece.into_data().unwrap_or_default());
    }
    let answer = lock(canned).send(dispatch, body);
    Ok(answer::canned(answer, &dispatch.uri))
}

/// A whole answer, in memory.
async fn whole(
    client: &Client,
    request: reqwest::Request,
    at_most: usize,
) -> Result<Answered<Vec<u8>>, Broke> {
    let broke = |error| broke(error, None);
    let mut response = client.execute(request).await.map_err(broke)?;
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(broke)? {
        if body.len() + piece.len() > at_most {
            let text = format!("it has more than {at_most} bytes");
            return Err(Broke::Waiting(Cause { kind: Trouble::Unreadable, text }));
        }
        body.extend_from_slice(&piece);
    }
    let mut answer = Answered::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    Ok(answer)
}

/// Sends a request, and keeps the time: reqwest's own limits would run while a body goes out.
async fn run(
    pools: &[Client],
    dispatch: &Dispatch,
    source: &Source,
    limits: &Limits,
    now: Duration,
) -> Result<Response, Broke> {
    let request = request(dispatch, source).map_err(Broke::Unsent)?;
    let out_of_time = async {
        match dispatch.until {
            Some(until) => sleep(until.saturating_sub(now)).await,
            None => pending().await,
        }
    };
    tokio::select! {
        biased;
        answer = pool(pools, dispatch.tls)?.execute(request) => match answer {
            Ok(response) => Ok(answer::limited(response, limits.answer)),
            Err(error) => Err(broke(error, Some(source.progress()))),
        },
        () = out_of_time => Err(Broke::Late),
        () = source.stalls(limits.connect, limits.send, limits.answer) => {
            Err(sending(source.progress(), late()))
        }
    }
}

fn clients(tls: &[Tls], proxy: &Proxy, limits: &Limits) -> Result<Vec<Client>, BuildError> {
    tls.iter().map(|tls| client(tls, proxy, limits)).collect()
}

fn client(tls: &Tls, proxy: &Proxy, limits: &Limits) -> Result<Client, BuildError> {
    let builder = Client::builder()
        .tls_backend_preconfigured(tls.config()?)
        // Redirects are core's to judge: a library would carry the tokens to another origin.
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .connect_timeout(limits.connect)
        // Should another part of the program switch them on: they break lengths, ranges and MD5.
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate();
    let builder = match proxy {
        Proxy::Environment => builder,
        Proxy::None => builder.no_proxy(),
        Proxy::Through(url) => {
            let unusable = |_| BuildError::Proxy(without_password(url).to_owned());
            builder.proxy(reqwest::Proxy::all(url).map_err(unusable)?)
        }
    };
    builder.build().map_err(BuildError::Http)
}

/// An address without the name and the password that may stand in it.
fn without_password(url: &str) -> &str {
    url.rsplit_once('@').map_or(url, |(_, host)| host)
}

fn request(dispatch: &Dispatch, source: &Source) -> Result<reqwest::Request, Cause> {
    let mut request = Request::new(reqwest::Body::wrap(source.clone()));
    *request.method_mut() = dispatch.method.clone();
    *request.uri_mut() = dispatch.uri.clone();
    *request.headers_mut() = dispatch.headers.clone();
    frame(&dispatch.method, request.headers_mut(), source.size_hint().exact());
    outgoing(request)
}

/// The request as reqwest takes it. It keeps addresses in a form of its own, in which `/a/../b` is
/// `/b`: what would go elsewhere than where it was sent to does not go at all.
fn outgoing<B: Into<reqwest::Body>>(request: Request<B>) -> Result<reqwest::Request, Cause> {
    let path = request.uri().path().to_owned();
    let request =
        reqwest::Request::try_from(request).map_err(|error| unusable(text(&error.without_url())))?;
    if request.url().path() == path {
        Ok(request)
    } else {
        Err(unusable(
            "reqwest would send it to another path: percent-encode it, and leave out dots".to_owned(),
        ))
    }
}

/// The header that frames the body: an exact length where there is one.
fn frame(method: &Method, headers: &mut HeaderMap, length: Option<u64>) {
    let expects_one = [Method::POST, Method::PUT, Method::PATCH].contains(method);
    if let Some(length) = length.filter(|length| *length > 0 || expects_one) {
        headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
    }
}
