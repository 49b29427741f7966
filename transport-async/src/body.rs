//! Bodies of requests. Whether one can be sent again is in its type.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use keepstone_core::BodyKind;
use tokio::io::AsyncSeekExt;
use tokio::task::JoinHandle;

use crate::source::Source;

pub(crate) type Pieces = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;
type Opener = Box<dyn FnMut() -> Pieces + Send>;

/// How much of a file is read at once.
const PIECE_OF_FILE: usize = 64 << 10;

/// The body of a request.
///
/// ```
/// use keepstone_async::Body;
/// let nothing = Body::from(());
/// let json = Body::from(r#"{"volume":{"size":1}}"#);
/// # let _ = (nothing, json);
/// ```
#[derive(Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// In memory.
    Bytes(Bytes),
    /// Made anew for each attempt; see [`Body::rewindable`] and [`Body::file`].
    Rewindable {
        /// Its exact length, if it is known.
        length: Option<u64>,
        /// Opens it at its first byte.
        open: Opener,
    },
    /// Read once; see [`Body::once`].
    OneShot {
        /// Its exact length, if it is known.
        length: Option<u64>,
        /// Where it is read from; nothing when some of it has gone.
        stream: Option<Pieces>,
    },
}

impl Body {
    /// A body that can be read from its first byte as often as needed.
    pub fn rewindable<S>(length: Option<u64>, mut open: impl FnMut() -> S + Send + 'static) -> Self
    where
        S: Stream<Item = io::Result<Bytes>> + Send + 'static,
    {
        Self::Rewindable { length, open: Box::new(move || Box::pin(open())) }
    }

    /// A body that can be read once, from a pipe or a socket. If its token turns out to be refused
    /// when part of it has gone, the call fails and says so; a question to the same address, which
    /// goes first, makes that rare.
    pub fn once(stream: impl Stream<Item = io::Result<Bytes>> + Send + 'static, length: Option<u64>) -> Self {
        Self::OneShot { length, stream: Some(Box::pin(stream)) }
    }

    /// What a file holds from where it stands now to its end.
    ///
    /// # Errors
    /// If the file cannot tell its position or length: a pipe, for which there is [`Body::once`].
    pub async fn file(mut file: tokio::fs::File) -> io::Result<Self> {
        let start = file.stream_position().await?;
        let length = file.metadata().await?.len().saturating_sub(start);
        let file = Arc::new(Mutex::new(file.into_std().await));
        Ok(Self::rewindable(Some(length), move || FileStream {
            file: Arc::clone(&file),
            at: start,
            reading: None,
        }))
    }

    pub(crate) fn kind(&self) -> BodyKind {
        match self {
            Self::Empty => BodyKind::Empty,
            Self::Bytes(_) => BodyKind::Bytes,
            Self::Rewindable { .. } => BodyKind::Rewindable,
            Self::OneShot { .. } => BodyKind::OneShot,
        }
    }

    /// The body, from its first byte, for one attempt.
    pub(crate) fn open(&mut self) -> io::Result<Source> {
        Ok(match self {
            Self::Empty => Source::bytes(Bytes::new()),
            Self::Bytes(bytes) => Source::bytes(bytes.clone()),
            Self::Rewindable { length, open } => Source::stream(open(), *length),
            Self::OneShot { length, stream } => {
                let stream =
                    stream.take().ok_or_else(|| io::Error::other("the body has been read before"))?;
                Source::stream(stream, *length)
            }
        })
    }

    /// Ends an attempt. What can be read once comes back, if nothing of it has gone.
    pub(crate) fn close(&mut self, source: &Source) {
        if let (Self::OneShot { stream, .. }, Some(untouched)) = (self, source.close()) {
            *stream = Some(untouched);
        }
    }
}

/// A file being read. Each read says where: a read that an earlier attempt left behind moves nothing.
struct FileStream {
    file: Arc<Mutex<std::fs::File>>,
    at: u64,
    reading: Option<JoinHandle<io::Result<Bytes>>>,
}

impl Stream for FileStream {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { file, at, reading } = self.get_mut();
        let under_way = reading.get_or_insert_with(|| {
            let (file, at) = (Arc::clone(file), *at);
            tokio::task::spawn_blocking(move || read_at(&file, at))
        });
        let read = ready!(Pin::new(under_way).poll(cx));
        *reading = None;
        Poll::Ready(match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(piece) if piece.is_empty() => None,
            Ok(piece) => {
                *at += piece.len() as u64;
                Some(Ok(piece))
            }
            Err(error) => Some(Err(error)),
        })
    }
}

fn read_at(file: &Mutex<std::fs::File>, at: u64) -> io::Result<Bytes> {
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(at))?;
    let mut piece = BytesMut::zeroed(PIECE_OF_FILE);
    let read = file.read(&mut piece)?;
    piece.truncate(read);
    Ok(piece.freeze())
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Rewindable { length, .. } => write!(f, "Rewindable({length:?})"),
            Self::OneShot { length, .. } => write!(f, "OneShot({length:?})"),
        }
    }
}

impl From<()> for Body {
    fn from((): ()) -> Self {
        Self::Empty
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes.into())
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(Bytes::copy_from_slice(bytes))
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::from(text.as_bytes())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Bytes(text.into())
    }
}
