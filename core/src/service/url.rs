//! Addresses as texts: what is done to them on the way from a catalog to an endpoint. They stay
//! texts, since two that differ by a slash are two addresses to keep apart.

/// An address in its parts (RFC 3986, appendix B).
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Parts<'a> {
    pub(crate) scheme: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) path: &'a str,
    /// Query and fragment, with the sign that begins them.
    pub(crate) tail: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(address: &'a str) -> Self {
        let (scheme, rest) = match address.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme, rest),
            _ => ("", address),
        };
        let (authority, rest) = match rest.strip_prefix("//") {
            Some(rest) => rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len())),
            None => ("", rest),
        };
        let (path, tail) = rest.split_at(rest.find(['?', '#']).unwrap_or(rest.len()));
        Self { scheme, authority, path, tail }
    }

    /// The same with another path.
    pub(crate) fn with_path(&self, path: &str) -> String {
        let Self { scheme, authority, tail, .. } = self;
        let slash = if path.is_empty() || path.starts_with('/') { "" } else { "/" };
        format!("{scheme}://{authority}{slash}{path}{tail}")
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

/// An address without a path has none that is `/` either (RFC 9110, 4.2.3).
pub(crate) fn without_slash(address: &str) -> &str {
    let root = Parts::of(address).path == "/";
    if root { address.strip_suffix('/').unwrap_or(address) } else { address }
}

/// With one slash at its end.
pub(crate) fn as_folder(address: &str) -> String {
    format!("{}/", address.trim_end_matches('/'))
}

/// A reference as it stands in a document at `base` (RFC 3986, 5.2), with `base` as a folder.
/// An address of another scheme is left as it is.
fn resolve(base: &str, reference: &str) -> String {
    let folder = as_folder(base);
    let (base, to) = (Parts::of(&folder), Parts::of(reference));
    if !to.scheme.is_empty() && !to.scheme.eq_ignore_ascii_case(base.scheme) {
        return reference.to_owned();
    }
    if !to.authority.is_empty() {
        return Parts { scheme: base.scheme, ..to }.with_path(to.path);
    }
    if to.path.is_empty() {
        let tail = if to.tail.is_empty() { base.tail } else { to.tail };
        return Parts { tail, ..base }.with_path(base.path);
    }
    let folder = base.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let path = if to.path.starts_with('/') { to.path.to_owned() } else { format!("{folder}/{}", to.path) };
    Parts { tail: to.tail, ..base }.with_path(&without_dots(&path))
}

/// A path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => _ = kept.pop(),
            segment => kept.push(segment),
        }
    }
    let folder = if path.ends_with("/.") || path.ends_with("/..") { "/" } else { "" };
    format!("/{}{folder}", kept.join("/"))
}

/// Where a link of a version document leads: always to the origin that the document was asked of,
/// since services often do not know under which name and scheme they are reached. Of a link to
/// elsewhere only its last segment counts, which is the version.
pub(crate) fn link(document: &str, link: &str) -> String {
    let resolved = resolve(document, link);
    let (here, there) = (Parts::of(document), Parts::of(&resolved));
    let path = if here.authority == there.authority {
        there.path.to_owned()
    } else {
        let folder = here.path.trim_end_matches('/');
        let trimmed = link.trim_end_matches('/');
        let version = trimmed.rsplit('/').next().unwrap_or_default();
        let slash = if link.len() > trimmed.len() { "/" } else { "" };
        if folder.ends_with(version) { here.path.to_owned() } else { format!("{folder}/{version}{slash}") }
    };
    Parts { tail: there.tail, ..here }.with_path(&path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_parts() {
        let parts = |scheme, authority, path, tail| Parts { scheme, authority, path, tail };
        for (address, expected) in [
            ("http://h:1/a/b?q#f", parts("http", "h:1", "/a/b", "?q#f")),
            ("https://[::1]:5000", parts("https", "[::1]:5000", "", "")),
            ("//h/a", parts("", "h", "/a", "")),
            ("v2", parts("", "", "v2", "")),
            ("h:9292/v2", parts("h", "", "9292/v2", "")),
            ("/a:b", parts("", "", "/a:b", "")),
            ("", parts("", "", "", "")),
        ] {
            assert_eq!(Parts::of(address), expected);
        }
    }

    /// Each of these is what keystoneauth1's `_combine_relative_url` returns.
    #[test]
    fn links_lead_to_where_the_document_was() {
        for (document, to, expected) in [
            ("http://h:9292/", "http://h:9292/v2/", "http://h:9292/v2/"),
            ("http://h:9292", "v2/", "http://h:9292/v2/"),
            ("http://h/image", "v2/", "http://h/image/v2/"),
            ("http://h/image", "/v2/", "http://h/v2/"),
            ("http://h/image/", "../v2", "http://h/v2"),
            ("http://h/image/", "./", "http://h/image/"),
            ("https://h/image/", "http://h/image/v2", "https://h/image/v2"),
            ("https://h/image/", "http://inside:9292/v2/", "https://h/image/v2/"),
            ("https://h/image/v2/", "http://inside:9292/v2/", "https://h/image/v2/"),
            ("https://h/v3", "http://inside/identity/v3/", "https://h/v3"),
            ("https://h/", "//inside/v3", "https://h/v3"),
            ("https://h/", "ftp://inside/v3", "https://h/v3"),
            ("https://h/", "h:9292/v2", "https://h/v2"),
            ("https://h:1/", "", "https://h:1/"),
            ("https://h:1/a?q=1", "b", "https://h:1/b"),
        ] {
            assert_eq!(link(document, to), expected, "{to} at {document}");
        }
    }
}
