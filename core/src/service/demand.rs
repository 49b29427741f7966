//! Which version of an API is wanted.

use super::discovery::Range;
use super::endpoint::EndpointError;
use super::types::implied_version;
use super::version::{NotAVersion, Version};

/// The versions that will do, in the user's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Demand {
    /// Whichever the catalog lists: nothing is asked.
    #[default]
    Any,
    /// This one, or a newer one of the same major version.
    Like(String),
    /// From the one to the other.
    Between { min: Option<String>, max: Option<String> },
}

impl Demand {
    /// The demand as a range, together with what the service type implies (`volumev2`).
    pub(crate) fn range(&self, kind: Option<&str>) -> Result<Range, EndpointError> {
        let implied = kind.and_then(|kind| Some((kind, implied_version(kind)?)));
        let agree = |given: &Version| match implied {
            Some((kind, major)) if given.major() != Some(major) => Err(EndpointError::VersionConflict {
                service_type: kind.to_owned(),
                implied: major,
                wanted: given.to_string(),
            }),
            _ => Ok(()),
        };
        let implied = implied.map(|(_, major)| Version::new(major, 0));
        match self {
            Self::Any => Ok(implied.map(Range::at_least).unwrap_or_default()),
            Self::Like(text) => {
                let version = read(text)?;
                agree(&version)?;
                Ok(Range::at_least(version))
            }
            Self::Between { min, max } => {
                let min = min.as_deref().map(read).transpose()?;
                let max = max.as_deref().map(read).transpose()?;
                // Without an upper end, or with `latest` for one, a type with a version in its name
                // means the latest of that.
                let max = max.or_else(|| min.as_ref().map(|_| Version::latest()));
                if let (Some(min), Some(max)) = (&min, &max) {
                    if min > max {
                        return Err(EndpointError::VersionRange {
                            min: min.to_string(),
                            max: max.to_string(),
                        });
                    }
                }
                min.as_ref().map_or(Ok(()), agree)?;
                max.as_ref().filter(|max| max.major().is_some()).map_or(Ok(()), agree)?;
                Ok(match implied {
                    None => Range { min, max },
                    Some(implied) => {
                        let open = max.as_ref().is_none_or(|max| max.major().is_none());
                        let max = if open { Some(implied.latest_of_major()) } else { max };
                        Range { min: min.or(Some(implied)), max }
                    }
                })
            }
        }
    }
}

fn read(text: &str) -> Result<Version, EndpointError> {
    text.parse().map_err(|error: NotAVersion| error.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str) -> Demand {
        Demand::Like(text.to_owned())
    }

    fn between(min: &str, max: &str) -> Demand {
        let end = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Demand::Between { min: end(min), max: end(max) }
    }

    /// Each as `discover._normalize_version_args` has it.
    #[test]
    fn a_demand_is_a_range() {
        for (kind, demand, range) in [
            ("compute", Demand::Any, "- -"),
            ("compute", like("2"), "2.0 2.latest"),
            ("compute", like("v2.1"), "2.1 2.latest"),
            ("compute", like("latest"), "latest latest"),
            ("compute", between("2", ""), "2.0 latest"),
            ("compute", between("", "3"), "- 3.0"),
            ("compute", between("2", "3.latest"), "2.0 3.latest"),
            ("compute", between("", "latest"), "- latest"),
            ("volumev2", Demand::Any, "2.0 2.latest"),
            ("volumev2", like("2.3"), "2.3 2.latest"),
            ("volumev2", between("2.1", ""), "2.1 2.latest"),
            ("volumev2", between("", "2.7"), "2.0 2.7"),
            ("volumev2", between("", "latest"), "2.0 2.latest"),
        ] {
            let end = |end: &Option<Version>| end.as_ref().map_or("-".to_owned(), Version::to_string);
            let Range { min, max } = demand.range(Some(kind)).unwrap();
            assert_eq!(format!("{} {}", end(&min), end(&max)), range, "{kind} {demand:?}");
        }
    }

    #[test]
    fn a_demand_that_contradicts_itself_is_an_error() {
        let errors = [
            like("three").range(None),
            like("3").range(Some("volumev2")),
            like("latest").range(Some("volumev2")),
            between("1", "").range(Some("volumev2")),
            between("2", "3").range(Some("volumev2")),
            between("3", "2").range(None),
            between("latest", "2").range(None),
        ]
        .map(|range| range.unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(errors, @"
        `three` is no version: write `3`, `v2.1`, `2.latest` or `latest`
        `volumev2` means version 2, and version 3.0 is demanded: ask for the type without a version
        `volumev2` means version 2, and version latest is demanded: ask for the type without a version
        `volumev2` means version 2, and version 1.0 is demanded: ask for the type without a version
        `volumev2` means version 2, and version 3.0 is demanded: ask for the type without a version
        no version is both 3.0 or newer and 2.0 or older: exchange the two
        no version is both latest or newer and 2.0 or older: exchange the two
        ");
    }
}
