//! Bodies of requests. Whether one can be sent again is in its type.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use keepstone_core::BodyKind;

type Reader = Box<dyn Read + Send>;
type Opener = Box<dyn FnMut() -> io::Result<Reader> + Send>;

/// The body of a request.
///
/// ```
/// use keepstone_blocking::Body;
/// let nothing = Body::from(());
/// let json = Body::from(r#"{"volume":{"size":1}}"#);
/// let upload = Body::once(std::io::stdin(), None);
/// # let _ = (nothing, json, upload);
/// ```
#[derive(Default)]
pub enum Body {
    /// None.
    #[default]
    Empty,
    /// In memory.
    Bytes(Vec<u8>),
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
        /// Where it is read from.
        reader: Reader,
    },
}

impl Body {
    /// A body that can be read from its first byte as often as needed.
    pub fn rewindable<R: Read + Send + 'static>(
        length: Option<u64>,
        mut open: impl FnMut() -> io::Result<R> + Send + 'static,
    ) -> Self {
        Self::Rewindable { length, open: Box::new(move || Ok(Box::new(open()?))) }
    }

    /// A body that can be read once, from a pipe or a socket. If its token turns out to be refused
    /// when part of it has gone, the call fails and says so.
    pub fn once(reader: impl Read + Send + 'static, length: Option<u64>) -> Self {
        Self::OneShot { length, reader: Box::new(reader) }
    }

    /// What a file holds from where it stands now to its end.
    ///
    /// # Errors
    /// If the file cannot tell its position or length: a pipe, for which there is [`Body::once`].
    pub fn file(mut file: File) -> io::Result<Self> {
        let start = file.stream_position()?;
        let length = file.metadata()?.len().saturating_sub(start);
        Ok(Self::rewindable(Some(length), move || {
            file.seek(SeekFrom::Start(start))?;
            file.try_clone()
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
    pub(crate) fn open(&mut self) -> io::Result<Source<'_>> {
        Ok(match self {
            Self::Empty => Source::new(Input::Nothing, Some(0)),
            Self::Bytes(bytes) => Source::new(Input::Bytes(bytes), Some(bytes.len() as u64)),
            Self::Rewindable { length, open } => Source::new(Input::Opened(open()?), *length),
            Self::OneShot { length, reader } => Source::new(Input::Lent(reader), *length),
        })
    }
}

/// A body being read, and what became of it.
pub(crate) struct Source<'a> {
    input: Input<'a>,
    left: Option<u64>,
    pub(crate) length: Option<u64>,
    /// Whether any byte was taken.
    pub(crate) touched: bool,
    /// Whether all of it was.
    pub(crate) finished: bool,
    /// Why it could not be read.
    pub(crate) error: Option<io::Error>,
}

enum Input<'a> {
    Nothing,
    Bytes(&'a [u8]),
    Opened(Reader),
    Lent(&'a mut Reader),
}

impl<'a> Source<'a> {
    fn new(input: Input<'a>, length: Option<u64>) -> Self {
        let finished = length == Some(0);
        Self { input, left: length, length, touched: false, finished, error: None }
    }

    fn take(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = self.left.map_or(buffer.len(), |left| {
            usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()))
        });
        if room == 0 {
            self.finished |= self.left == Some(0);
            return Ok(0);
        }
        self.touched = true;
        let read = match &mut self.input {
            Input::Nothing => 0,
            Input::Bytes(bytes) => bytes.read(&mut buffer[..room])?,
            Input::Opened(reader) => reader.read(&mut buffer[..room])?,
            Input::Lent(reader) => reader.read(&mut buffer[..room])?,
        };
        match (&mut self.left, read) {
            (Some(left), 0) => {
                let text = format!("the body ended {left} bytes before its announced length");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
            }
            (Some(left), read) => *left -= read as u64,
            (None, _) => {}
        }
        self.finished = self.left.map_or(read == 0, |left| left == 0);
        Ok(read)
    }
}

impl Read for Source<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.take(buffer).map_err(|error| {
            let kind = error.kind();
            if kind != io::ErrorKind::Interrupted {
                self.error = Some(error);
            }
            io::Error::from(kind)
        })
    }
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

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self::Bytes(text.as_bytes().to_vec())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self::Bytes(text.into_bytes())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

    use super::*;

    fn read(body: &mut Body) -> (Result<Vec<u8>, io::ErrorKind>, bool, bool) {
        let mut source = body.open().unwrap();
        let mut bytes = Vec::new();
        let result = source.read_to_end(&mut bytes).map(|_| bytes).map_err(|error| error.kind());
        (result, source.touched, source.finished)
    }

    #[test]
    fn replays_start_at_the_first_byte() {
        let mut body = Body::rewindable(Some(3), || Ok(io::Cursor::new(b"abc")));
        for _ in 0..2 {
            assert_eq!(read(&mut body), (Ok(b"abc".to_vec()), true, true));
        }
        assert_eq!(read(&mut Body::from("xyz")), (Ok(b"xyz".to_vec()), true, true));
        assert_eq!(read(&mut Body::Empty), (Ok(Vec::new()), false, true));
    }

    #[test]
    fn lengths_are_exact() {
        let mut long = Body::once(io::Cursor::new(b"abcdef"), Some(3));
        assert_eq!(read(&mut long), (Ok(b"abc".to_vec()), true, true));
        let mut short = Body::once(io::Cursor::new(b"abc"), Some(4));
        assert_eq!(read(&mut short), (Err(io::ErrorKind::UnexpectedEof), true, false));
        let mut unknown = Body::once(io::Cursor::new(b"abc"), None);
        assert_eq!(read(&mut unknown), (Ok(b"abc".to_vec()), true, true));
    }
}
