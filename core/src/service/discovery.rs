//! Version documents: what a service says of its versions, and the choice of one.
//!
//! What is read, and what is passed over, is what keystoneauth1 reads (`discover.py`); where it
//! would fall over a broken entry, that entry is passed over too.

use http::{HeaderMap, Response, StatusCode};
use serde_json::{Map, Value};
use thiserror::Error;

use super::url::{as_folder, link};
use super::version::Version;
use crate::error::{Cause, Trouble};

/// The most bytes of a version document that are read: Nova's has some 2 KiB.
pub(crate) const LARGEST_DOCUMENT: usize = 256 << 10;

/// More versions than any service has.
const MOST_VERSIONS: usize = 500;

/// One version of an API, as its service describes it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct VersionData {
    /// The version.
    pub version: Version,
    /// Where it is: on the origin that was asked, whatever the document says.
    pub url: String,
    /// Where all versions are listed, if it says so.
    pub collection: Option<String>,
    /// Whether to build on it.
    pub status: Status,
    /// That, in the service's word.
    pub raw_status: String,
    /// The oldest microversion that it speaks, if it speaks any.
    pub min_microversion: Option<Version>,
    /// The newest microversion that it speaks.
    pub max_microversion: Option<Version>,
    /// The oldest microversion that it will speak after the next change of that.
    pub next_min_version: Option<Version>,
    /// The date before which that will not change.
    pub not_before: Option<String>,
}

/// Whether a version is one to build on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// The newest (`STABLE` is an older word for it).
    Current,
    /// Not the newest, and maintained.
    Supported,
    /// It will go.
    Deprecated,
    /// It may change.
    Experimental,
    /// A word that is not among these.
    Unknown,
}

/// Which versions may be chosen, beside those that are current or supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allow {
    /// Those that will go. The default is yes.
    pub deprecated: bool,
    /// Those that may change. The default is no.
    pub experimental: bool,
    /// Those whose status is a word that nobody knows. The default is no.
    pub unknown: bool,
}

impl Default for Allow {
    fn default() -> Self {
        Self { deprecated: true, experimental: false, unknown: false }
    }
}

/// Why an address gave no version document.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum DiscoveryError {
    /// Nothing answered.
    #[error("it cannot be reached")]
    Unreachable(#[source] Cause),
    /// It answered, but not with a document.
    #[error("it answered {0}")]
    Status(StatusCode),
    /// What it answered is not a version document.
    #[error("its answer is no version document: {0}")]
    NoDocument(&'static str),
}

impl DiscoveryError {
    /// What became of a request that was not answered.
    pub(crate) fn unanswered(cause: Cause) -> Self {
        match cause.kind {
            Trouble::Unreadable => Self::NoDocument("it is too large, or not HTTP"),
            _ => Self::Unreachable(cause),
        }
    }
}

/// From the least to the greatest version that will do; where one is missing, that end is open.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Range {
    pub(crate) min: Option<Version>,
    pub(crate) max: Option<Version>,
}

impl Range {
    /// This version, or a newer one of the same major version.
    pub(crate) fn at_least(version: Version) -> Self {
        Self { max: Some(version.latest_of_major()), min: Some(version) }
    }

    pub(crate) fn is_open(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    pub(crate) fn contains(&self, version: &Version) -> bool {
        self.min.as_ref().is_none_or(|min| min <= version)
            && self.max.as_ref().is_none_or(|max| version <= max)
    }

    /// "The latest, whatever it is."
    fn is_latest(&self) -> bool {
        self.max.as_ref().is_some_and(Version::is_latest) && self.min.as_ref().is_none_or(Version::is_latest)
    }

    /// Whether the least version is "the latest", or "the latest of that major version".
    fn starts_at_latest(&self, version: &Version) -> bool {
        self.min
            .as_ref()
            .is_some_and(|min| min.is_latest() || (min.same_major(version) && min.has_open_minor()))
    }
}

/// Reads the answer to a request for a version document at `url`. Newest version first.
pub(crate) fn parse(url: &str, answer: &Response<Vec<u8>>) -> Result<Vec<VersionData>, DiscoveryError> {
    let status = answer.status();
    // Services that list several versions at their root answer 300.
    if !status.is_success() && status != StatusCode::MULTIPLE_CHOICES {
        return Err(DiscoveryError::Status(status));
    }
    let json =
        serde_json::from_slice(answer.body()).map_err(|_| DiscoveryError::NoDocument("it is not JSON"))?;
    let listed = match json {
        // Swift lists an account's containers where others list versions.
        Value::Array(_) => return Err(DiscoveryError::NoDocument("it is a list")),
        Value::Object(document) => entries(document, answer.headers())?,
        _ => return Err(DiscoveryError::NoDocument("it is not an object")),
    };
    if listed.len() > MOST_VERSIONS {
        return Err(DiscoveryError::NoDocument("it lists more versions than there can be"));
    }
    let mut versions: Vec<VersionData> = listed.iter().filter_map(|entry| described(url, entry)).collect();
    versions.sort_by(|a, b| b.version.cmp(&a.version));
    Ok(versions)
}

/// The entries of a document: many, one, or one that is not wrapped up.
fn entries(mut document: Map<String, Value>, headers: &HeaderMap) -> Result<Vec<Value>, DiscoveryError> {
    match (document.remove("versions"), document.remove("version")) {
        (Some(Value::Array(versions)), _) => Ok(versions),
        (Some(Value::Object(mut versions)), _) => match versions.remove("values") {
            Some(Value::Array(versions)) => Ok(versions),
            _ => Err(DiscoveryError::NoDocument("its versions are no list")),
        },
        (Some(_), _) => Err(DiscoveryError::NoDocument("its versions are no list")),
        (None, Some(version)) if !document.contains_key("id") || version.is_object() => Ok(vec![version]),
        (None, version) if document.contains_key("id") => {
            document.extend(version.map(|version| ("version".to_owned(), version)));
            Ok(vec![Value::Object(with_headers(document, headers))])
        }
        (None, _) => Err(DiscoveryError::NoDocument("it names no versions")),
    }
}

/// What an old Ironic answers for a single version: its microversions are in the headers.
fn with_headers(mut document: Map<String, Value>, headers: &HeaderMap) -> Map<String, Value> {
    document.insert("status".to_owned(), "CURRENT".into());
    for (name, value) in headers {
        let name = name.as_str();
        let field = match name {
            _ if !name.starts_with("x-openstack") => continue,
            _ if name.ends_with("api-minimum-version") => "min_version",
            _ if name.ends_with("api-maximum-version") => "version",
            _ => continue,
        };
        if let Ok(value) = value.to_str() {
            document.entry(field).or_insert_with(|| value.into());
        }
    }
    document
}

/// One entry; `None` if it lacks what it takes to use it.
fn described(document: &str, entry: &Value) -> Option<VersionData> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let raw_status = text("status")?;
    let version = version(entry.get("id")?)?;
    let number = |name: &str| entry.get(name).and_then(self::version);
    let links = entry.get("links")?.as_array()?;
    let leads = |rel: &str| {
        let found = links.iter().filter(|link| {
            link.get("rel").and_then(Value::as_str).is_some_and(|found| found.eq_ignore_ascii_case(rel))
        });
        let address = found.filter_map(|link| link.get("href")?.as_str()).next_back()?;
        Some(link(document, address)).filter(|url| super::absolute(url).is_some())
    };
    Some(VersionData {
        version,
        url: leads("self")?,
        collection: leads("collection"),
        status: Status::named(raw_status),
        raw_status: raw_status.to_owned(),
        min_microversion: number("min_version"),
        max_microversion: number("max_version").or_else(|| number("version")),
        next_min_version: number("next_min_version"),
        not_before: text("not_before").map(ToOwned::to_owned),
    })
}

/// A version as text or as a number; `None` for an empty text, by which Nova means "none".
fn version(value: &Value) -> Option<Version> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

impl Status {
    fn named(word: &str) -> Self {
        match word.to_ascii_uppercase().as_str() {
            "CURRENT" | "STABLE" => Self::Current,
            "SUPPORTED" => Self::Supported,
            "DEPRECATED" => Self::Deprecated,
            "EXPERIMENTAL" => Self::Experimental,
            _ => Self::Unknown,
        }
    }
}

impl Allow {
    pub(crate) fn admits(self, status: Status) -> bool {
        match status {
            Status::Current | Status::Supported => true,
            Status::Deprecated => self.deprecated,
            Status::Experimental => self.experimental,
            Status::Unknown => self.unknown,
        }
    }
}

/// The version that is wanted, of a document whose newest comes first: the one at `at`, if that is
/// given and listed, else the newest in the range.
pub(crate) fn choose<'a>(
    versions: &'a [VersionData],
    range: &Range,
    at: Option<&str>,
    allow: Allow,
) -> Option<&'a VersionData> {
    let mut allowed = versions.iter().filter(|data| allow.admits(data.status));
    if range.is_latest() {
        return allowed.next();
    }
    let at = at.map(as_folder);
    let here = |data: &VersionData| at.as_ref().is_some_and(|at| as_folder(&data.url) == *at);
    let fits = |data: &VersionData| {
        range.starts_at_latest(&data.version) || (!range.is_open() && range.contains(&data.version))
    };
    let newest = allowed.clone().next();
    let found = allowed.find(|data| here(data) || fits(data));
    // Without a demand, whatever is newest is what is offered.
    found.or_else(|| newest.filter(|_| range.is_open()))
}

#[cfg(test)]
mod tests;
