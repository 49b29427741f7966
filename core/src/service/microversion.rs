//! The headers that say which microversion a request is written for.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::endpoint::EndpointError;
use super::version::Version;

/// How services are told since the microversion specification; those that were earlier have a
/// header of their own beside it.
const OPENSTACK_API_VERSION: HeaderName = HeaderName::from_static("openstack-api-version");

/// The name by which a service answers to this type, and its own header if it has one.
fn told(kind: &str) -> (&str, Option<HeaderName>) {
    match kind {
        "block-storage" => ("volume", None),
        "compute" => (kind, Some(HeaderName::from_static("x-openstack-nova-api-version"))),
        "baremetal" => (kind, Some(HeaderName::from_static("x-openstack-ironic-api-version"))),
        _ if kind.starts_with("volume") => ("volume", None),
        _ if kind.starts_with("share") => {
            ("shared-file-system", Some(HeaderName::from_static("x-openstack-manila-api-version")))
        }
        _ => (kind, None),
    }
}

/// Whether a service that speaks these, from the oldest to the newest, speaks that one.
pub(crate) fn is_spoken((min, max): (&Version, &Version), wanted: &Version) -> bool {
    wanted.is_latest() || (min <= wanted && wanted <= max)
}

/// Adds the headers for a microversion, unless the request has them already. `offered` is what the
/// service speaks, as far as that is known.
pub(crate) fn ask_for(
    headers: &mut HeaderMap,
    microversion: &str,
    kind: Option<&str>,
    offered: Option<(&Version, &Version)>,
) -> Result<(), EndpointError> {
    let version: Version = microversion.parse()?;
    if version.is_latest_of_major() {
        return Err(EndpointError::LatestOfMajor { microversion: version.to_string() });
    }
    let Some(kind) = kind else {
        return Err(EndpointError::NoServiceType { microversion: version.to_string() });
    };
    match offered {
        Some((min, max)) if !is_spoken((min, max), &version) => {
            return Err(EndpointError::Microversion {
                wanted: version.to_string(),
                service_type: kind.to_owned(),
                min: min.to_string(),
                max: max.to_string(),
            });
        }
        _ => {}
    }
    let (name, own_header) = told(kind);
    let text = version.to_string();
    let value = |text: String| {
        HeaderValue::try_from(text)
            .map_err(|_| EndpointError::NoServiceType { microversion: version.to_string() })
    };
    headers.entry(OPENSTACK_API_VERSION).or_insert(value(format!("{name} {text}"))?);
    if let Some(header) = own_header {
        headers.entry(header).or_insert(value(text)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(microversion: &str, kind: Option<&str>) -> Result<String, EndpointError> {
        let mut headers = HeaderMap::new();
        ask_for(&mut headers, microversion, kind, None)?;
        let told: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        Ok(told.join("; "))
    }

    #[test]
    fn each_service_is_told_its_way() {
        let told: Vec<String> = [
            ("compute", "2.95"),
            ("compute", "latest"),
            ("baremetal", "1.31"),
            ("sharev2", "2.7"),
            ("shared-file-system", "2.7"),
            ("block-storage", "3.27"),
            ("volumev3", "v3.27"),
            ("placement", "1.6"),
            ("bare-metal", "1"),
        ]
        .map(|(kind, microversion)| asked(microversion, Some(kind)).unwrap())
        .into();
        insta::assert_snapshot!(told.join("\n"), @"
        openstack-api-version: compute 2.95; x-openstack-nova-api-version: 2.95
        openstack-api-version: compute latest; x-openstack-nova-api-version: latest
        openstack-api-version: baremetal 1.31; x-openstack-ironic-api-version: 1.31
        openstack-api-version: shared-file-system 2.7; x-openstack-manila-api-version: 2.7
        openstack-api-version: shared-file-system 2.7; x-openstack-manila-api-version: 2.7
        openstack-api-version: volume 3.27
        openstack-api-version: volume 3.27
        openstack-api-version: placement 1.6
        openstack-api-version: bare-metal 1.0
        ");
    }

    #[test]
    fn what_cannot_be_asked_for_is_said_to_be_so() {
        let errors = [
            asked("2.latest", Some("compute")),
            asked("two", Some("compute")),
            asked("2.1", None),
            asked("2.1", Some("compute\r\nX: y")),
        ]
        .map(|asked| asked.unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(errors, @"
        `2.latest` is no microversion: name one, or ask for `latest`
        `two` is no version: write `3`, `v2.1`, `2.latest` or `latest`
        microversion 2.1 of which service? Say it with `Endpoint::service_type`
        microversion 2.1 of which service? Say it with `Endpoint::service_type`
        ");
    }

    #[test]
    fn a_known_range_is_kept() {
        let (min, max) = (Version::new(2, 1), Version::new(2, 96));
        for (microversion, fits) in
            [("2.1", true), ("2.96", true), ("latest", true), ("2.97", false), ("2.0", false), ("3.1", false)]
        {
            let asked = ask_for(&mut HeaderMap::new(), microversion, Some("compute"), Some((&min, &max)));
            assert_eq!(asked.is_ok(), fits, "{microversion}: {asked:?}");
        }
    }

    #[test]
    fn a_requests_own_header_is_left_as_it_is() {
        let mut headers = HeaderMap::new();
        headers.insert(OPENSTACK_API_VERSION, "compute 2.1".parse().unwrap());
        ask_for(&mut headers, "2.9", Some("compute"), None).unwrap();
        assert_eq!(headers[OPENSTACK_API_VERSION], "compute 2.1");
    }
}
