//! Which addresses are Keystone's own API, which takes no expired token and needs no service token.

use http::Uri;

use super::{Catalog, same_origin};

/// Where Keystone is: where we log in, and what the catalog lists as identity service.
pub(crate) fn keystones(issuer: Option<&Uri>, catalog: Option<&Catalog>) -> Vec<Uri> {
    let services = catalog.into_iter().flat_map(|catalog| &catalog.services);
    let listed = services.filter(|service| service.kind == "identity").flat_map(|service| &service.endpoints);
    issuer.cloned().into_iter().chain(listed.filter_map(|endpoint| endpoint.url.parse().ok())).collect()
}

/// Whether `uri` is on the same origin as `base` and below its path, versions aside. A Keystone at
/// the root of its origin owns the paths of its versions only: others may live beside it.
pub(crate) fn is_below(uri: &Uri, base: &Uri) -> bool {
    let root = base.path().trim_end_matches('/');
    let root = root.strip_suffix("/v3").or_else(|| root.strip_suffix("/v2.0")).unwrap_or(root);
    let Some(rest) = uri.path().strip_prefix(root) else { return false };
    let under = |version: &str| {
        rest.strip_prefix(version).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    same_origin(base, uri) && (rest.is_empty() || rest == "/" || under("/v3") || under("/v2.0"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keystone_is_known_by_its_address() {
        let below = |uri: &str, base: &str| is_below(&uri.parse().unwrap(), &base.parse().unwrap());
        for (uri, base, expected) in [
            ("http://h:5000/v3/auth/tokens", "http://h:5000/v3", true),
            ("http://h:5000/v3", "http://h:5000/v3/", true),
            ("http://h:5000/", "http://h:5000", true),
            ("http://H:5000/v3/users", "http://h:5000/v3", true),
            ("https://h:443/v3/users", "https://h/v3", true),
            ("http://h/identity/v3/users", "http://h/identity", true),
            ("http://h:5000/v3", "https://h:5000/v3", false),
            ("http://h:8776/v3/p/volumes", "http://h:5000/v3", false),
            ("http://h/identity2/v3/users", "http://h/identity", false),
            ("http://h/volume/v3/p", "http://h/identity/v3", false),
            ("http://h/volume/v3/p", "http://h/v3", false),
            ("http://h:5000/v30", "http://h:5000/v3", false),
        ] {
            assert_eq!(below(uri, base), expected, "{uri} below {base}");
        }
    }
}
