//! Answers as the user gets them: reqwest's, with a limit to how long a piece may take.

use std::error::Error as StdError;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::Uri;
use http_body::{Body, Frame, SizeHint};
use reqwest::{Response, ResponseBuilderExt, Url};
use tokio::time::{Sleep, sleep};

/// The answer, whose reader waits no longer than `limit` for a piece of its body.
pub(crate) fn limited(response: Response, limit: Duration) -> Response {
    let url = response.url().clone();
    let answer = http::Response::from(response);
    with_url(answer.map(|body| reqwest::Body::wrap(Limited { body, limit, waits: None })), url)
}

/// An answer that did not come from a server.
pub(crate) fn canned(answer: http::Response<Vec<u8>>, uri: &Uri) -> Response {
    match Url::parse(&uri.to_string()) {
        Ok(url) => with_url(answer, url),
        Err(_) => answer.into(),
    }
}

fn with_url<B: Into<reqwest::Body>>(mut answer: http::Response<B>, url: Url) -> Response {
    // reqwest keeps the address in an extension that only this builder can make.
    if let Ok(built) = http::Response::builder().url(url).body(()) {
        answer.extensions_mut().extend(built.into_parts().0.extensions);
    }
    answer.into()
}

struct Limited {
    body: reqwest::Body,
    limit: Duration,
    /// Runs only while the reader waits.
    waits: Option<Pin<Box<Sleep>>>,
}

impl Body for Limited {
    type Data = Bytes;
    type Error = Box<dyn StdError + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Self { body, limit, waits } = self.get_mut();
        if let Poll::Ready(piece) = Pin::new(body).poll_frame(cx) {
            *waits = None;
            return Poll::Ready(piece.map(|piece| piece.map_err(Into::into)));
        }
        ready!(waits.get_or_insert_with(|| Box::pin(sleep(*limit))).as_mut().poll(cx));
        Poll::Ready(Some(Err(io::Error::from(io::ErrorKind::TimedOut).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
