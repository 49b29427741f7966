//! A body being sent: how much of it the connection has taken, and what became of it.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::body::Pieces;
use crate::pause::Pause;

/// What is handed over at once. A body in memory is cut up too, so that its progress shows.
const PIECE: usize = 64 << 10;

/// A body, from its first byte, for one attempt. The connection holds one handle, the sender another.
#[derive(Clone)]
pub(crate) struct Source {
    flow: Arc<Mutex<Flow>>,
    taken: Arc<Notify>,
}

/// What has become of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Whether any byte was taken.
    pub(crate) touched: bool,
    /// Whether all of it was.
    pub(crate) finished: bool,
}

struct Flow {
    /// Of the last piece, what has not been taken.
    piece: Bytes,
    pieces: Option<Pieces>,
    left: Option<u64>,
    progress: Progress,
    /// When something was taken last.
    moved: Instant,
    /// Why it could not be read.
    error: Option<io::Error>,
    closed: bool,
    /// When it is the turn of the answer, which may have come early.
    pause: Option<Arc<Pause>>,
    waker: Option<Waker>,
}

impl Source {
    pub(crate) fn bytes(bytes: Bytes) -> Self {
        let length = bytes.len() as u64;
        Self::new(bytes, None, Some(length))
    }

    pub(crate) fn stream(pieces: Pieces, length: Option<u64>) -> Self {
        Self::new(Bytes::new(), Some(pieces), length)
    }

    fn new(piece: Bytes, pieces: Option<Pieces>, left: Option<u64>) -> Self {
        let flow = Flow {
            piece,
            pieces,
            left,
            progress: Progress { touched: false, finished: left == Some(0) },
            moved: Instant::now(),
            error: None,
            closed: false,
            pause: None,
            waker: None,
        };
        Self { flow: Arc::new(Mutex::new(flow)), taken: Arc::default() }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.flow().progress
    }

    /// What has become of it when the answer came. Nothing of it leaves any more, if nothing had:
    /// what is said of it here stays true.
    pub(crate) fn answered(&self) -> Progress {
        let mut flow = self.flow();
        flow.closed |= !flow.progress.touched;
        flow.progress
    }

    /// Why it could not be read, if so.
    pub(crate) fn take_error(&self) -> Option<io::Error> {
        self.flow().error.take()
    }

    /// Takes it away from the connection; back comes what has not been touched.
    pub(crate) fn close(&self) -> Option<Pieces> {
        let mut flow = self.flow();
        flow.closed = true;
        if let Some(waker) = flow.waker.take() {
            waker.wake();
        }
        let pieces = flow.pieces.take();
        pieces.filter(|_| !flow.progress.touched)
    }

    /// Returns when the peer has taken nothing for `send` or, once it has all, given no answer for
    /// `answer`. Before the first piece comes the connection, which has a limit of its own.
    pub(crate) async fn stalls(&self, connect: Duration, send: Duration, answer: Duration) {
        loop {
            let (limit, since) = {
                let Flow { progress: Progress { touched, finished }, moved, .. } = *self.flow();
                let limit = if finished { answer } else { send };
                (if touched { limit } else { limit.saturating_add(connect) }, moved)
            };
            let Some(until) = since.checked_add(limit) else { return std::future::pending().await };
            if until <= Instant::now() {
                return;
            }
            // Whether something was taken or the time is up, the flow is looked at again.
            let _ = timeout_at(until, self.taken.notified()).await;
        }
    }

    fn flow(&self) -> MutexGuard<'_, Flow> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flow {
    fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == Some(0) {
            return Poll::Ready(None);
        }
        if self.closed {
            return Poll::Ready(Some(Err(io::Error::other("the attempt is over"))));
        }
        // Between two pieces the connection looks for an answer: a server that refuses the body and
        // closes would otherwise be met by the next write, and its answer be lost.
        if self.pause.as_ref().is_some_and(|pause| !pause.is_over(cx)) {
            return Poll::Pending;
        }
        while self.piece.is_empty() {
            let next = match &mut self.pieces {
                Some(pieces) => ready!(pieces.as_mut().poll_next(cx)),
                None => None,
            };
            match next {
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(error)) => return Poll::Ready(Some(Err(self.fail(error)))),
                None => return Poll::Ready(self.end().map(Err)),
            }
        }
        let room =
            self.left.map_or(PIECE, |left| usize::try_from(left).map_or(PIECE, |left| left.min(PIECE)));
        let piece = self.piece.split_to(self.piece.len().min(room));
        self.left = self.left.map(|left| left - piece.len() as u64);
        self.progress = Progress { touched: true, finished: self.left == Some(0) };
        self.moved = Instant::now();
        self.pause = Some(Arc::default());
        Poll::Ready(Some(Ok(piece)))
    }

    /// The pieces have come to an end: was that all?
    fn end(&mut self) -> Option<io::Error> {
        if let Some(left) = self.left {
            let text = format!("the body ended {left} bytes before its announced length");
            return Some(self.fail(io::Error::new(io::ErrorKind::UnexpectedEof, text)));
        }
        self.progress.finished = true;
        self.moved = Instant::now();
        None
    }

    /// Keeps the error for the caller; the connection gets one of the same kind.
    fn fail(&mut self, error: io::Error) -> io::Error {
        self.progress.touched = true;
        let kind = error.kind();
        self.error = Some(error);
        io::Error::from(kind)
    }
}

impl Body for Source {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let mut flow = self.flow();
        let polled = flow.poll_piece(cx);
        flow.waker = polled.is_pending().then(|| cx.waker().clone());
        drop(flow);
        if polled.is_ready() {
            self.taken.notify_one();
        }
        polled.map(|piece| piece.map(|piece| piece.map(Frame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.flow().left == Some(0)
    }

    fn size_hint(&self) -> SizeHint {
        self.flow().left.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use std::future::poll_fn;

    use super::*;
    use crate::body::Body as RequestBody;

    struct Once(Option<&'static [u8]>);

    impl futures_core::Stream for Once {
        type Item = io::Result<Bytes>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            Poll::Ready(self.0.take().map(|bytes| Ok(Bytes::from_static(bytes))))
        }
    }

    async fn read(body: &mut RequestBody) -> (Result<Vec<u8>, io::ErrorKind>, bool, bool) {
        let mut source = body.open().unwrap();
        let mut bytes = Vec::new();
        let result = loop {
            match poll_fn(|cx| Pin::new(&mut source).poll_frame(cx)).await {
                Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap()),
                Some(Err(error)) => break Err(error.kind()),
                None => break Ok(bytes),
            }
        };
        let Progress { touched, finished } = source.progress();
        body.close(&source);
        (result, touched, finished)
    }

    #[tokio::test]
    async fn replays_start_at_the_first_byte() {
        let mut body = RequestBody::rewindable(Some(3), || Once(Some(b"abc")));
        for _ in 0..2 {
            assert_eq!(read(&mut body).await, (Ok(b"abc".to_vec()), true, true));
        }
        assert_eq!(read(&mut RequestBody::from("xyz")).await, (Ok(b"xyz".to_vec()), true, true));
        assert_eq!(read(&mut RequestBody::Empty).await, (Ok(Vec::new()), false, true));
    }

    #[tokio::test]
    async fn lengths_are_exact() {
        let mut long = RequestBody::once(Once(Some(b"abcdef")), Some(3));
        assert_eq!(read(&mut long).await, (Ok(b"abc".to_vec()), true, true));
        let mut short = RequestBody::once(Once(Some(b"abc")), Some(4));
        assert_eq!(read(&mut short).await, (Err(io::ErrorKind::UnexpectedEof), true, false));
        let mut unknown = RequestBody::once(Once(Some(b"abc")), None);
        assert_eq!(read(&mut unknown).await, (Ok(b"abc".to_vec()), true, true));
    }

    #[tokio::test]
    async fn what_can_be_read_once_comes_back_only_untouched() {
        let mut body = RequestBody::once(Once(Some(b"abc")), Some(3));
        let source = body.open().unwrap();
        body.close(&source);
        assert_eq!(read(&mut body).await.0, Ok(b"abc".to_vec()));
        assert!(body.open().is_err());
    }
}
