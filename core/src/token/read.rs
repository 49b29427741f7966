//! Bytes that should describe a token, and may be anything.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use thiserror::Error;

use super::{Description, v2};

/// More bytes than this are not looked at. A large catalog has some 100 KiB.
const LARGEST: usize = 4 << 20;

/// More values than this are not kept. Within [`LARGEST`], the endpoints of a real catalog come to
/// half of it; a list of empty ones would take fifty times its own size in memory.
const MOST_VALUES: usize = 1 << 18;

/// Why bytes do not describe a token. None of them is repeated: they may be anything.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unreadable {
    /// Too many bytes.
    #[error(
        "the description of the token has {0} bytes, and more than {LARGEST} are not read: ask without the catalog"
    )]
    TooLarge(usize),
    /// Too many values in it.
    #[error("the description of the token lists more than any cloud has: ask without the catalog")]
    TooMany,
    /// It is not JSON, or not all of it is there.
    #[error(
        "the description of the token is not JSON from line {line}, column {column} on: is it all there?"
    )]
    NotJson {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is JSON of another shape.
    #[error(
        "the description of the token is not Keystone's: at line {line}, column {column} a field is of another \
         kind, or stands there again"
    )]
    Shape {
        /// The line, from 1.
        line: usize,
        /// The column, from 1.
        column: usize,
    },
    /// It is a JSON object without what was looked for.
    #[error("the description of the token has no `{0}`: is it Keystone's answer?")]
    Missing(&'static str),
}

/// A document of either version.
#[derive(Deserialize)]
struct Document {
    token: Option<Description>,
    access: Option<v2::Access>,
}

pub(super) fn either(body: &[u8]) -> Result<Description, Unreadable> {
    let Document { token, access } = json(body)?;
    token.or_else(|| access.map(v2::Access::described)).ok_or(Unreadable::Missing("token"))
}

/// JSON of this type, in bounded memory: the size, the values and (by the parser) the depth are
/// limited before anything is made of it.
pub(super) fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Unreadable> {
    if body.len() > LARGEST {
        return Err(Unreadable::TooLarge(body.len()));
    }
    // What stands in texts is counted too: that is simpler, and it is not much.
    if body.iter().filter(|byte| matches!(byte, b',' | b'[' | b'{')).count() > MOST_VALUES {
        return Err(Unreadable::TooMany);
    }
    serde_json::from_slice(body).map_err(|error| {
        let (line, column) = (error.line(), error.column());
        match error.classify() {
            Category::Data => Unreadable::Shape { line, column },
            _ => Unreadable::NotJson { line, column },
        }
    })
}
