//! Service types and their other names, as the OpenStack service types authority publishes them.
//!
//! `service-types.json` holds the published data, as far as it matters here, with their date.

use std::collections::BTreeMap;

use serde::Deserialize;

const PUBLISHED: &str = include_str!("service-types.json");

/// Official types, each with its aliases, the most wanted first.
#[derive(Debug, Deserialize)]
pub(crate) struct ServiceTypes {
    aliases_by_type: BTreeMap<String, Vec<String>>,
}

impl ServiceTypes {
    /// Reads the published data. That takes some microseconds, and is not done on the hot path.
    pub(crate) fn published() -> Self {
        // A test reads them: they are well-formed.
        serde_json::from_str(PUBLISHED).unwrap_or(Self { aliases_by_type: BTreeMap::new() })
    }

    /// The official type behind a type or an alias.
    fn official(&self, kind: &str) -> Option<&str> {
        let dashed = kind.replace('_', "-");
        if let Some((official, _)) = self.aliases_by_type.get_key_value(&dashed) {
            return Some(official);
        }
        let has = |aliases: &Vec<String>| aliases.contains(&dashed);
        self.aliases_by_type.iter().find(|(_, aliases)| has(aliases)).map(|(official, _)| official.as_str())
    }

    /// Whether a type in a catalog is what was wanted. An alias matches its official type and the
    /// other way round, but no other alias: `volumev2` is not `volumev3`.
    fn matches(&self, wanted: &str, listed: &str) -> bool {
        let dashed = listed.replace('_', "-");
        let aliases = self.aliases_by_type.get(&dashed);
        wanted == listed
            || aliases.is_some_and(|aliases| aliases.iter().any(|alias| alias == wanted))
            || self.official(listed) == Some(wanted)
    }

    /// How well a type in a catalog serves what was wanted, best first: that very type, then the
    /// official type and its aliases in their order. `None` if it does not.
    pub(crate) fn rank(&self, wanted: &str, listed: &str) -> Option<usize> {
        if wanted == listed {
            return Some(0);
        }
        if !self.matches(wanted, listed) {
            return None;
        }
        let official = self.official(wanted)?;
        let aliases = self.aliases_by_type.get(official)?;
        let position = aliases.iter().position(|alias| alias == listed).map(|at| at + 2);
        // What is left is the official type, or one of these with an underscore.
        Some(if official == listed { 1 } else { position.unwrap_or(usize::MAX) })
    }

    /// The major version that a type has in its name, if it is one of the published: 2 for `volumev2`.
    pub(crate) fn implied_version(&self, kind: &str) -> Option<u64> {
        let (name, digit) = kind.split_at_checked(kind.len().checked_sub(1)?)?;
        let digit = digit.parse().ok()?;
        (name.ends_with('v') && self.official(kind).is_some()).then_some(digit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_data_are_read() {
        let types = ServiceTypes::published();
        assert_eq!(types.aliases_by_type.len(), 45);
        let data: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
        assert_eq!(data["version"], "2024-05-08T19:22:13.804707");
    }

    #[test]
    fn types_are_ranked() {
        let types = ServiceTypes::published();
        for (wanted, listed, rank) in [
            ("block-storage", "block-storage", Some(0)),
            ("block-storage", "volumev3", Some(2)),
            ("block-storage", "volumev2", Some(3)),
            ("block-storage", "volume", Some(4)),
            ("block-storage", "block-store", Some(5)),
            ("block-storage", "block_storage", Some(usize::MAX)),
            ("volumev2", "block-storage", Some(1)),
            ("volumev2", "volumev3", None),
            ("volume", "volumev3", None),
            ("application_deployment", "application-deployment", Some(1)),
            ("key-manager", "key-manager", Some(0)),
            ("policy", "operator-policy", Some(1)),
            ("home-made", "home-made", Some(0)),
            ("home-made", "home_made", None),
            ("home_made", "home-made", None),
            ("", "", Some(0)),
        ] {
            assert_eq!(types.rank(wanted, listed), rank, "{wanted} {listed}");
        }
    }

    #[test]
    fn versions_are_implied_by_published_types_only() {
        let types = ServiceTypes::published();
        for (kind, version) in [
            ("volumev2", Some(2)),
            ("volumev3", Some(3)),
            ("sharev2", Some(2)),
            ("workflowv2", Some(2)),
            ("volume", None),
            ("identityv3", None),
            ("compute", None),
            ("v3", None),
            ("3", None),
            ("", None),
            ("ümlautö", None),
        ] {
            assert_eq!(types.implied_version(kind), version, "{kind}");
        }
    }
}
