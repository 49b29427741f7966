//! Redirects: followed on the same origin only, where the tokens are meant for (RFC 9110, 15.4).

use http::{Method, Response, StatusCode, Uri, header};

use super::Call;
use super::dispatch::{BodyKind, Head};
use crate::service::same_origin;

/// More than this in a row is a loop.
const MOST_REDIRECTS: u32 = 10;

/// Where a request goes on to.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Redirect {
    to: Uri,
    /// It becomes a GET without a body.
    as_get: bool,
}

impl Call {
    /// Where an answer sends us, if we go: otherwise the caller gets the answer as it is.
    pub(super) fn redirected(&self, answer: Head<'_>, from: &Uri, consumed: bool) -> Option<Redirect> {
        let as_get = match answer.status {
            StatusCode::SEE_OTHER => self.method != Method::GET && self.method != Method::HEAD,
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => self.method == Method::POST,
            StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => false,
            _ => return None,
        };
        let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
        let to = resolve(from, location)?;
        let goes = same_origin(from, &to) && (as_get || !consumed) && self.done.redirects < MOST_REDIRECTS;
        goes.then_some(Redirect { to, as_get })
    }

    pub(super) fn follow(&mut self, redirect: Redirect) {
        self.done.redirects += 1;
        self.uri = redirect.to;
        if redirect.as_get {
            self.method = Method::GET;
            self.body = BodyKind::Empty;
            self.consumed = false;
            for name in [header::CONTENT_TYPE, header::CONTENT_LENGTH, header::CONTENT_ENCODING] {
                self.headers.remove(name);
            }
        }
    }
}

/// Where an answer to a GET of core's own sends it on to: on the same origin, or nowhere.
pub(crate) fn redirection(from: &Uri, answer: &Response<Vec<u8>>) -> Option<Uri> {
    let moved = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(header::LOCATION).filter(|_| moved)?.to_str().ok()?;
    resolve(from, location).filter(|to| same_origin(from, to))
}

/// A `Location`, absolute or relative to where the request went (RFC 3986, 5.2).
pub(crate) fn resolve(base: &Uri, location: &str) -> Option<Uri> {
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let head = location.split(['/', '?', '#']).next().unwrap_or_default();
    let absolute = if head.ends_with(':') {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        let path = match location.chars().next()? {
            '/' => location.to_owned(),
            '?' => format!("{}{location}", base.path()),
            '#' => return None,
            _ => format!("{folder}/{location}"),
        };
        let (path, query) =
            path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
        let query = query.map_or(String::new(), |query| format!("?{query}"));
        format!("{scheme}://{authority}{}{query}", without_dots(path))
    };
    let uri: Uri = absolute.parse().ok()?;
    matches!(uri.scheme_str(), Some("http" | "https")).then_some(uri)
}

/// A path without `.` and `..` (RFC 3986, 5.2.4).
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                if last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_resolved() {
        let base: Uri = "http://h:1/a/b/c?q=1".parse().unwrap();
        for (location, expected) in [
            ("https://other/x", Some("https://other/x")),
            ("//other/x", Some("http://other/x")),
            ("/x/./y/../z", Some("http://h:1/x/z")),
            ("d", Some("http://h:1/a/b/d")),
            ("../d?e=/../f", Some("http://h:1/a/d?e=/../f")),
            ("..", Some("http://h:1/a/")),
            ("../../../../d", Some("http://h:1/d")),
            ("?r=2", Some("http://h:1/a/b/c?r=2")),
            ("d?next=http://x/", Some("http://h:1/a/b/d?next=http://x/")),
            ("", None),
            ("#x", None),
            ("ftp://h/x", None),
            ("http://", None),
        ] {
            assert_eq!(
                resolve(&base, location).map(|uri| uri.to_string()).as_deref(),
                expected,
                "{location}"
            );
        }
    }
}
