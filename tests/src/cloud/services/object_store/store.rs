//! What the object store holds.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};

/// How deep large objects may contain each other.
const DEPTH: usize = 10;

/// All accounts, by name.
#[derive(Debug, Default)]
pub(crate) struct ObjectStore(BTreeMap<String, Account>);

/// The containers of an account, by name.
pub(crate) type Account = BTreeMap<String, Container>;

/// The objects of a container, by name.
pub(crate) type Container = BTreeMap<String, Object>;

#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) content: Content,
    /// MD5 in hexadecimal; of a static large object, of its segments' MD5s.
    pub(crate) etag: String,
    /// `Content-Type`, `X-Object-Meta-…` and the like.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) delete_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    Plain(Bytes),
    /// A static large object: the segments, in order.
    Static(Vec<Segment>),
    /// A dynamic large object: whatever has this prefix in this container.
    Dynamic {
        container: String,
        prefix: String,
    },
}

/// A segment as the manifest names it.
#[derive(Clone, Debug)]
pub(crate) struct Segment {
    pub(crate) container: String,
    pub(crate) object: String,
    pub(crate) size: u64,
    pub(crate) etag: String,
}

/// The bytes of an object.
pub(crate) struct Data {
    /// All of them, or those before a segment that is missing or has changed.
    pub(crate) bytes: Bytes,
    /// How many there should be.
    pub(crate) length: u64,
}

impl ObjectStore {
    pub(crate) fn account(&mut self, name: &str) -> &mut Account {
        self.0.entry(name.to_owned()).or_default()
    }
}

/// An object that is there and has not come to its `X-Delete-At`.
pub(crate) fn find<'a>(
    account: &'a Account,
    container: &str,
    object: &str,
    now: DateTime<Utc>,
) -> Option<&'a Object> {
    let object = account.get(container)?.get(object)?;
    object.lives(now).then_some(object)
}

impl Object {
    pub(crate) fn lives(&self, now: DateTime<Utc>) -> bool {
        self.delete_at.is_none_or(|end| now < end)
    }

    /// The `ETag`, in quotes where it is no MD5 of the bytes.
    pub(crate) fn etag_header(&self, account: &Account, now: DateTime<Utc>) -> String {
        match &self.content {
            Content::Plain(_) => self.etag.clone(),
            Content::Static(_) => format!("\"{}\"", self.etag),
            Content::Dynamic { container, prefix } => {
                let parts = members(account, container, prefix, now);
                let etags: String = parts.map(|part| part.etag.as_str()).collect();
                format!("\"{}\"", md5(etags.as_bytes()))
            }
        }
    }

    pub(crate) fn length(&self, account: &Account, now: DateTime<Utc>) -> u64 {
        match &self.content {
            Content::Plain(bytes) => bytes.len() as u64,
            Content::Static(segments) => segments.iter().map(|segment| segment.size).sum(),
            Content::Dynamic { container, prefix } => {
                members(account, container, prefix, now).map(|it| it.length(account, now)).sum()
            }
        }
    }

    /// The bytes, as far as the segments are what the manifest says.
    pub(crate) fn data(&self, account: &Account, now: DateTime<Utc>) -> Data {
        let mut bytes = BytesMut::new();
        if let Content::Plain(bytes) = &self.content {
            return Data { bytes: bytes.clone(), length: bytes.len() as u64 };
        }
        self.gather(account, now, DEPTH, &mut bytes);
        Data { bytes: bytes.freeze(), length: self.length(account, now) }
    }

    /// Adds the bytes; `false` when a segment is not what it should be.
    fn gather(&self, account: &Account, now: DateTime<Utc>, depth: usize, into: &mut BytesMut) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        match &self.content {
            Content::Plain(bytes) => {
                into.extend_from_slice(bytes);
                true
            }
            Content::Static(segments) => segments.iter().all(|segment| {
                let object = find(account, &segment.container, &segment.object, now);
                let same = object.filter(|object| {
                    object.etag == segment.etag && object.length(account, now) == segment.size
                });
                same.is_some_and(|object| object.gather(account, now, depth, into))
            }),
            Content::Dynamic { container, prefix } => {
                let mut parts = members(account, container, prefix, now);
                parts.all(|part| part.gather(account, now, depth, into))
            }
        }
    }
}

/// The segments of a dynamic large object; manifests among them do not count.
fn members<'a>(
    account: &'a Account,
    container: &str,
    prefix: &'a str,
    now: DateTime<Utc>,
) -> impl Iterator<Item = &'a Object> {
    let objects = account.get(container).into_iter().flatten();
    let members = objects.filter(move |(name, _)| name.starts_with(prefix));
    members
        .map(|(_, object)| object)
        .filter(move |object| object.lives(now) && !matches!(object.content, Content::Dynamic { .. }))
}

/// MD5, in hexadecimal.
pub(crate) fn md5(bytes: &[u8]) -> String {
    Md5::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
