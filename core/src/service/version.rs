//! Versions as OpenStack writes them: of an API (`v3`), and of its microversions (`2.95`).

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A version of an API or a microversion: numbers, the last of which may be `latest`.
///
/// ```
/// use keepstone_core::Version;
/// let version: Version = "v2.95".parse()?;
/// assert!(version > Version::new(2, 9) && version < "2.latest".parse()? && version < Version::latest());
/// assert_eq!((version.major(), version.to_string()), (Some(2), "2.95".to_owned()));
/// # Ok::<(), keepstone_core::NotAVersion>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(Vec<Part>);

/// One number of a version. Nothing is newer than the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Part {
    Number(u64),
    Latest,
}

/// A text that is no version.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{0}` is no version: write `3`, `v2.1`, `2.latest` or `latest`")]
pub struct NotAVersion(pub String);

/// More numbers than any version has.
const MOST_PARTS: usize = 8;

impl Version {
    /// A version of two numbers.
    #[must_use]
    pub fn new(major: u64, minor: u64) -> Self {
        Self(vec![Part::Number(major), Part::Number(minor)])
    }

    /// Whichever is the latest.
    #[must_use]
    pub fn latest() -> Self {
        Self(vec![Part::Latest, Part::Latest])
    }

    /// The latest of this one's major version.
    pub(crate) fn latest_of_major(&self) -> Self {
        Self(vec![self.first(), Part::Latest])
    }

    /// The first number; `None` for `latest`.
    #[must_use]
    pub fn major(&self) -> Option<u64> {
        match self.first() {
            Part::Number(number) => Some(number),
            Part::Latest => None,
        }
    }

    /// Whether this is `latest`.
    #[must_use]
    pub fn is_latest(&self) -> bool {
        self.0.iter().all(|part| *part == Part::Latest)
    }

    /// Whether it is the latest of some major version, such as `2.latest`.
    pub(crate) fn is_latest_of_major(&self) -> bool {
        self.first() != Part::Latest && self.0.contains(&Part::Latest)
    }

    pub(crate) fn same_major(&self, other: &Self) -> bool {
        self.first() == other.first()
    }

    /// Whether the second number says `latest`.
    pub(crate) fn has_open_minor(&self) -> bool {
        self.0.get(1) == Some(&Part::Latest)
    }

    fn first(&self) -> Part {
        self.0.first().copied().unwrap_or(Part::Latest)
    }
}

impl FromStr for Version {
    type Err = NotAVersion;

    /// Reads what keystoneauth1 reads (`discover.normalize_version_number`): a `v` in front does
    /// not matter, and a single number has the minor version 0.
    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let wrong = || NotAVersion(text.chars().take(40).collect());
        let plain = text.trim_start_matches('v');
        let mut parts =
            plain.split('.').take(MOST_PARTS + 1).map(part).collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        if parts.len() > MOST_PARTS {
            return Err(wrong());
        }
        if let [only] = parts[..] {
            parts.push(if only == Part::Latest { only } else { Part::Number(0) });
        }
        Ok(Self(parts))
    }
}

fn part(text: &str) -> Option<Part> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    match text {
        "latest" => Some(Part::Latest),
        // Project ids of digits alone are read as versions too, and are larger than any number.
        _ => digits.then(|| Part::Number(text.parse().unwrap_or(u64::MAX))),
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_latest() {
            return f.write_str("latest");
        }
        for (at, part) in self.0.iter().enumerate() {
            let dot = if at == 0 { "" } else { "." };
            match part {
                Part::Number(number) => write!(f, "{dot}{number}")?,
                Part::Latest => write!(f, "{dot}latest")?,
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Version({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_keystoneauth_reads_them() {
        for (text, read) in [
            ("3", "3.0"),
            ("v3", "3.0"),
            ("vv3.1", "3.1"),
            ("v1.20.3", "1.20.3"),
            ("3.20", "3.20"),
            ("latest", "latest"),
            ("vlatest", "latest"),
            ("2.latest", "2.latest"),
            ("99999999999999999999999999999999", "18446744073709551615.0"),
        ] {
            assert_eq!(text.parse::<Version>().unwrap().to_string(), read, "{text}");
        }
        for text in ["", "v", "2.", ".2", "2.x", "-1", "+1", " 2", "1_0", "2e3", "alpha", "1.1.1.1.1.1.1.1.1"]
        {
            assert!(text.parse::<Version>().is_err(), "{text}");
        }
    }

    #[test]
    fn versions_are_ordered_by_number() {
        let mut versions: Vec<Version> =
            ["latest", "3.10", "2.latest", "3.9", "2.99", "3.9.1"].map(|text| text.parse().unwrap()).into();
        versions.sort();
        let sorted: Vec<String> = versions.iter().map(ToString::to_string).collect();
        assert_eq!(sorted, ["2.99", "2.latest", "3.9", "3.9.1", "3.10", "latest"]);
    }
}
