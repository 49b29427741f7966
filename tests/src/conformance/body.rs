//! Bodies of requests: a pattern, read in pieces.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::atomic::{AtomicU32, Ordering};

use super::step::{Announced, Body, BodyKind};

/// How much is given at once.
const PIECE: usize = 16 << 10;

/// What stands in a file before what is sent.
const HEAD: &[u8] = b"a head that the caller has read";

/// So many bytes of the pattern.
#[must_use]
pub fn pattern(size: usize) -> Vec<u8> {
    let mut bytes = (0u8..251).collect::<Vec<u8>>().repeat(size / 251 + 1);
    bytes.truncate(size);
    bytes
}

/// A body's bytes, as they come from a pipe; reading may fail on the way.
pub(super) struct Pieces {
    bytes: Vec<u8>,
    at: usize,
    breaks_after: Option<usize>,
}

impl Body {
    /// A text in memory.
    pub(super) fn of(text: String) -> Self {
        let announced = Announced::Exactly;
        Self { kind: BodyKind::Bytes, size: 0, text: Some(text), announced, breaks_after: None }
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.text.as_ref().map_or_else(|| pattern(self.size), |text| text.clone().into_bytes())
    }

    pub(super) fn announced(&self) -> Option<u64> {
        match self.announced {
            Announced::Exactly => Some(self.text.as_ref().map_or(self.size, String::len) as u64),
            Announced::Unknown => None,
            Announced::As(length) => Some(length),
        }
    }

    pub(super) fn pieces(&self) -> Pieces {
        Pieces { bytes: self.bytes(), at: 0, breaks_after: self.breaks_after }
    }

    /// A file with these bytes, open behind a head. It has no name any more.
    pub(super) fn file(&self) -> io::Result<File> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("keepstone-conformance-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        let mut file = File::options().create_new(true).read(true).write(true).open(&path)?;
        std::fs::remove_file(&path)?;
        file.write_all(HEAD)?;
        file.write_all(&self.bytes())?;
        file.seek(SeekFrom::Start(HEAD.len() as u64))?;
        Ok(file)
    }
}

impl Pieces {
    /// The next piece; empty at the end.
    pub(super) fn next_piece(&mut self, at_most: usize) -> io::Result<&[u8]> {
        let (start, end) = (self.at, self.breaks_after.unwrap_or(usize::MAX).min(self.bytes.len()));
        if start == end && end < self.bytes.len() {
            return Err(io::Error::other("the pipe broke"));
        }
        self.at = end.min(start + at_most.min(PIECE));
        Ok(&self.bytes[start..self.at])
    }
}

impl Read for Pieces {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let piece = self.next_piece(buffer.len())?;
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}
