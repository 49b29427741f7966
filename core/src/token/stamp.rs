//! Keystone's stamps.

use chrono::{DateTime, Datelike, NaiveDateTime, SecondsFormat, Utc};
use serde::{Deserialize, Deserializer, Serializer};

/// Reads a stamp of Keystone's: with or without `Z`, with or without microseconds, in the years 1
/// to 9999.
///
/// Stamps without a zone are UTC (`utils.isotime` in Keystone; `password_expires_at` has none).
pub(crate) fn parse(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text)
        .map(|stamp| stamp.to_utc())
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|stamp| stamp.and_utc()))
        .ok()
        .filter(|stamp| (1..=9999).contains(&stamp.year()))
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(de: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(de)? else { return Ok(None) };
    // The text is not repeated: what stands where a date should be may be anything.
    parse(&text).map(Some).ok_or_else(|| serde::de::Error::custom("a stamp that is not a date"))
}

/// With `Z`, and as exact as it was read.
pub(super) fn serialize<S: Serializer>(stamp: &Option<DateTime<Utc>>, ser: S) -> Result<S::Ok, S::Error> {
    match stamp {
        Some(stamp) => ser.serialize_str(&stamp.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
        None => ser.serialize_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_come_in_four_shapes() {
        let expected = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        for text in [
            "2026-09-21T14:13:20.000000Z",
            "2026-09-21T14:13:20Z",
            "2026-09-21T14:13:20.000000",
            "2026-09-21T14:13:20",
            "2026-09-21T16:13:20+02:00",
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
        let exact = parse("2026-09-21T14:13:20.123456").unwrap();
        assert_eq!(exact - expected, chrono::TimeDelta::microseconds(123_456));
    }

    #[test]
    fn what_is_no_date_of_this_calendar_is_none() {
        for text in [
            "",
            "soon",
            "2026-09-21",
            "1790000000",
            "2026-13-21T14:13:20Z",
            "99999-01-01T00:00:00Z",
            "+99999-01-01T00:00:00",
            "-0001-01-01T00:00:00",
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59-01:00",
            "2026-09-21T14:13:20Z\n",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert!(parse("9999-12-31T23:59:59Z").is_some());
    }
}
