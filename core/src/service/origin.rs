//! Where tokens are meant for.

use http::Uri;

/// Scheme, host and port, as servers take them: names in any case and with or without the dot at
/// their end, ports written or not.
pub(crate) fn same_origin(a: &Uri, b: &Uri) -> bool {
    fn origin(uri: &Uri) -> Option<(&str, String, u16)> {
        let scheme = uri.scheme_str()?;
        let standard = if scheme == "https" { 443 } else { 80 };
        let host = uri.host()?.to_ascii_lowercase();
        let host = host.strip_suffix('.').unwrap_or(&host).to_owned();
        Some((scheme, host, uri.port_u16().unwrap_or(standard)))
    }
    // Somebody who puts a user's name into an address has something else in mind.
    let plain = |uri: &Uri| uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    plain(b) && origin(a).is_some() && origin(a) == origin(b)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_compared_as_servers_take_them() {
        for (a, b, same) in [
            ("http://h/x", "http://H:80/y", true),
            ("https://h:443/x", "https://h./y", true),
            ("http://[::1]:5000/", "http://[::1]:5000/x", true),
            ("http://[::1]/", "http://[::1]:80/", true),
            ("http://h/", "https://h/", false),
            ("http://h/", "http://h:8080/", false),
            ("http://h/", "http://h.evil/", false),
            ("http://h/", "http://h@evil/", false),
            ("http://h/", "http://evil@h/", false),
            ("http://[::1]/", "http://[::2]/", false),
        ] {
            assert_eq!(same_origin(&a.parse().unwrap(), &b.parse().unwrap()), same, "{a} {b}");
        }
    }
}
