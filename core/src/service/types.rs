//! Service types and their other names, as the OpenStack service types authority publishes them.
//!
//! `service-types.json` holds the published data, as far as it matters here, with their date. It has
//! a line for each official type, so that one line is all that is read of it.

use std::collections::BTreeMap;

const PUBLISHED: &str = include_str!("service-types.json");

/// The names of a service that is wanted.
#[derive(Debug)]
pub(crate) struct Names<'a> {
    wanted: &'a str,
    family: Option<Family>,
}

/// An official type and its aliases, the most wanted first.
#[derive(Debug, PartialEq)]
struct Family {
    official: String,
    aliases: Vec<String>,
}

/// The family of a type or an alias, if it is published.
fn family(kind: &str) -> Option<Family> {
    let kind = dashed(kind);
    let quoted = format!("\"{kind}\"");
    let line = PUBLISHED.lines().find(|line| line.ends_with([']', ',']) && line.contains(&quoted))?;
    let line = format!("{{{}}}", line.trim_end_matches(','));
    let (official, aliases) =
        serde_json::from_str::<BTreeMap<String, Vec<String>>>(&line).ok()?.pop_first()?;
    (official == kind || aliases.contains(&kind)).then_some(Family { official, aliases })
}

/// Underscores are an old way to write dashes.
fn dashed(kind: &str) -> String {
    kind.replace('_', "-")
}

impl<'a> Names<'a> {
    pub(crate) fn of(wanted: &'a str) -> Self {
        Self { wanted, family: family(wanted) }
    }

    /// How well a type in a catalog serves what is wanted, best first: that very type, then the
    /// official type and its aliases in their order. `None` if it does not. An alias matches its
    /// official type and the other way round, but no other alias: `volumev2` is not `volumev3`.
    pub(crate) fn rank(&self, listed: &str) -> Option<usize> {
        if self.wanted == listed {
            return Some(0);
        }
        let Family { official, aliases } = self.family.as_ref()?;
        let position = aliases.iter().position(|alias| alias == listed).map(|at| at + 2);
        let plain = dashed(listed);
        if self.wanted == official {
            let known = plain == *official || aliases.contains(&plain);
            return position.or_else(|| known.then_some(usize::MAX));
        }
        let is_alias = aliases.iter().any(|alias| alias == self.wanted);
        (is_alias && plain == *official).then_some(if listed == official { 1 } else { usize::MAX })
    }
}

/// The major version that a type has in its name, if it is one of the published: 2 for `volumev2`.
pub(crate) fn implied_version(kind: &str) -> Option<u64> {
    let (name, digit) = kind.split_at_checked(kind.len().checked_sub(1)?)?;
    let digit = digit.parse().ok()?;
    (name.ends_with('v') && family(kind).is_some()).then_some(digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_data_are_read_line_by_line() {
        let data: serde_json::Value = serde_json::from_str(PUBLISHED).unwrap();
        assert_eq!(data["version"], "2024-05-08T19:22:13.804707");
        let types = data["aliases_by_type"].as_object().unwrap();
        assert_eq!(types.len(), 45);
        for (official, aliases) in types {
            let aliases: Vec<String> =
                aliases.as_array().unwrap().iter().map(|alias| alias.as_str().unwrap().to_owned()).collect();
            for kind in aliases.iter().chain([official]) {
                let found = family(kind);
                let whole = Family { official: official.clone(), aliases: aliases.clone() };
                assert_eq!(found, Some(whole), "{kind}");
            }
        }
        for kind in
            ["", "version", "sha", "2024-05-08T19:22:13.804707", ": [", ", ", "compute\"", "home-made"]
        {
            assert_eq!(family(kind), None, "{kind}");
        }
    }

    #[test]
    fn types_are_ranked() {
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
            assert_eq!(Names::of(wanted).rank(listed), rank, "{wanted} {listed}");
        }
    }

    #[test]
    fn versions_are_implied_by_published_types_only() {
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
            assert_eq!(implied_version(kind), version, "{kind}");
        }
    }
}
