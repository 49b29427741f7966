//! Cookies, for the service providers that keep a session by them (RFC 6265), for one login.
//!
//! They go back to the host that set them, and to no other: a `Domain` attribute widens nothing
//! here. As everywhere, ports are not told apart (Keystone and its service provider may have one
//! each on the same host), but what came over https never goes over http.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use http::{HeaderMap, HeaderValue, Uri, header};

use crate::Secret;
use crate::time::Now;

/// More than a login ever gets.
const MOST_COOKIES: usize = 50;
const LONGEST_COOKIE: usize = 8192;

/// The cookies of one login.
#[derive(Debug, Default)]
pub(crate) struct Jar(Vec<Cookie>);

#[derive(Debug)]
struct Cookie {
    name: String,
    value: Secret,
    host: String,
    path: String,
    /// Over https only.
    secure: bool,
}

impl Jar {
    /// Whether there is one that this host gave.
    pub(crate) fn has_one_of(&self, host: &str) -> bool {
        self.0.iter().any(|cookie| cookie.host.eq_ignore_ascii_case(host))
    }

    /// Keeps what the answer to a request to `from` sets, and drops what it ends.
    pub(crate) fn take_in(&mut self, from: &Uri, headers: &HeaderMap, now: Now) {
        for line in headers.get_all(header::SET_COOKIE) {
            let Some((cookie, alive)) = line.to_str().ok().and_then(|line| read(from, line, now)) else {
                continue;
            };
            self.0.retain(|old| !old.is_replaced_by(&cookie));
            if alive && self.0.len() < MOST_COOKIES {
                self.0.push(cookie);
            }
        }
    }

    /// The header for a request to `to`, if there is anything to say.
    pub(crate) fn header(&self, to: &Uri) -> Option<HeaderValue> {
        let mut due: Vec<&Cookie> = self.0.iter().filter(|cookie| cookie.is_for(to)).collect();
        // Longer paths first (5.4); the sort keeps the order of those that are alike.
        due.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> =
            due.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value.reveal())).collect();
        let text = Secret::new(pairs.join("; "));
        (!due.is_empty()).then(|| text.header().ok()).flatten()
    }
}

impl Cookie {
    fn is_replaced_by(&self, new: &Self) -> bool {
        self.name == new.name && self.host == new.host && self.path == new.path
    }

    fn is_for(&self, to: &Uri) -> bool {
        let safe = !self.secure || to.scheme_str() == Some("https");
        let host = to.host().is_some_and(|host| host.eq_ignore_ascii_case(&self.host));
        let below = to
            .path()
            .strip_prefix(self.path.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'));
        safe && host && below
    }
}

/// A line of `Set-Cookie`, and whether the cookie lives; `None` if it is none.
fn read(from: &Uri, line: &str, now: Now) -> Option<(Cookie, bool)> {
    let mut parts = line.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    if name.is_empty() || line.len() > LONGEST_COOKIE {
        return None;
    }
    // Where the answer says nothing of the path: the folder of the request (5.1.4).
    let folder = from.path().rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut cookie = Cookie {
        name: name.to_owned(),
        value: Secret::new(value),
        host: from.host()?.to_ascii_lowercase(),
        path: if folder.is_empty() { "/" } else { folder }.to_owned(),
        secure: from.scheme_str() == Some("https"),
    };
    let (mut by_date, mut by_age) = (None, None);
    for part in parts {
        let (attribute, value) = part.split_once('=').unwrap_or((part, ""));
        match attribute.trim().to_ascii_lowercase().as_str() {
            "path" if value.trim().starts_with('/') => cookie.path = value.trim().to_owned(),
            "secure" => cookie.secure = true,
            "max-age" => by_age = value.trim().parse::<i64>().ok().map(|age| age > 0),
            "expires" => by_date = date(value.trim()).map(|end| end > now.wall),
            _ => {}
        }
    }
    Some((cookie, by_age.or(by_date).unwrap_or(true)))
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// A date, in whatever order and with whatever signs between a server writes it (5.1.1).
fn date(text: &str) -> Option<DateTime<Utc>> {
    let (mut time, mut day, mut month, mut year) = (None, None, None, None);
    for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':') {
        let number = || word.bytes().all(|byte| byte.is_ascii_digit()).then(|| word.parse::<u32>().ok())?;
        let name = || word.get(..3).map(str::to_ascii_lowercase);
        let is_clock = word.contains(':');
        match word.len() {
            _ if is_clock && time.is_none() => time = NaiveTime::parse_from_str(word, "%H:%M:%S").ok(),
            1 | 2 if day.is_none() && number().is_some() => day = number(),
            2 | 4 if year.is_none() && number().is_some() => year = number(),
            3.. if month.is_none() => {
                month = MONTHS.iter().position(|month| name().as_deref() == Some(month))
            }
            _ => {}
        }
    }
    let year = match year? {
        year @ 0..=69 => year + 2000,
        year @ 70..=99 => year + 1900,
        year => year,
    };
    let month = u32::try_from(month?).ok()? + 1;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day?)?;
    Some(date.and_time(time?).and_utc())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn jar(from: &str, lines: &[&str]) -> Jar {
        let now = Now { wall: "2026-03-01T12:00:00Z".parse().unwrap(), tick: Duration::ZERO };
        let mut jar = Jar::default();
        for line in lines {
            let mut headers = HeaderMap::new();
            headers.insert(header::SET_COOKIE, line.parse().unwrap());
            jar.take_in(&from.parse().unwrap(), &headers, now);
        }
        jar
    }

    fn sent(jar: &Jar, to: &str) -> String {
        let value = jar.header(&to.parse().unwrap());
        value.map_or_else(|| "-".to_owned(), |value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_cookie_goes_where_it_came_from_and_nowhere_else() {
        let from = "https://sp/Shibboleth.sso/SAML2/ECP";
        for (line, to, expected) in [
            ("a=1; Path=/", "https://sp/v3/x", "a=1"),
            ("a=1; Path=/", "https://SP:5000/v3/x", "a=1"),
            ("a=1; Path=/", "http://sp/v3/x", "-"),
            ("a=1; Path=/", "https://idp/", "-"),
            ("a=1; Path=/; Domain=idp", "https://idp/", "-"),
            ("a=1; Path=/; Domain=.example.org", "https://www.example.org/", "-"),
            ("a=1", "https://sp/v3", "-"),
            ("a=1", "https://sp/Shibboleth.sso/SAML2/other", "a=1"),
            ("a=1; Path=/v3", "https://sp/v3/x", "a=1"),
            ("a=1; Path=/v3", "https://sp/v30", "-"),
            ("a=1; Path=nonsense", "https://sp/Shibboleth.sso/SAML2", "a=1"),
            ("a=1; Path=/; Max-Age=0", "https://sp/", "-"),
            ("a=1; Path=/; Max-Age=60; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://sp/", "a=1"),
            ("a=1; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT", "https://sp/", "-"),
            ("a=1; Path=/; Expires=Fri, 01 Jan 2027 00:00:00 GMT", "https://sp/", "a=1"),
            ("a=\"b=c\"; Path=/; HttpOnly; SameSite=None", "https://sp/", "a=\"b=c\""),
            ("=1; Path=/", "https://sp/", "-"),
            ("nonsense", "https://sp/", "-"),
        ] {
            assert_eq!(sent(&jar(from, &[line]), to), expected, "{line} to {to}");
        }
        let plain = jar("http://sp/", &["a=1", "b=2; Secure"]);
        assert_eq!(sent(&plain, "http://sp/"), "a=1");
        assert_eq!(sent(&plain, "https://sp/"), "a=1; b=2");
    }

    #[test]
    fn cookies_are_replaced_ended_and_ordered() {
        let jar = jar("http://sp/", &["a=1", "b=2", "a=s3cr3t", "c=4; Path=/v3", "b=; Max-Age=-1"]);
        assert_eq!(sent(&jar, "http://sp/v3/x"), "c=4; a=s3cr3t");
        assert!(jar.has_one_of("SP") && !jar.has_one_of("idp"));
        assert!(!format!("{jar:?}").contains("s3cr3t"), "{jar:?}");
    }

    #[test]
    fn dates_are_read_as_browsers_read_them() {
        for (date, alive) in [
            ("Thu, 01 Jan 1970 00:00:01 GMT", false),
            ("Thu, 01-Jan-1970 00:00:01 GMT", false),
            ("Thu, 01-Jan-70 00:00:01 GMT", false),
            ("Thursday, 01-Jan-70 00:00:01 GMT", false),
            ("Thu Jan  1 00:00:01 1970", false),
            ("Tue, 01-Mar-2033 12:00:00 GMT", true),
            ("Tuesday, 01-Mar-33 12:00:00 GMT", true),
            ("Tue Mar  1 12:00:00 2033", true),
            ("Thu, 01 Jan 1970 00:00:00 -0000", false),
            ("01 Jan 1970 00:00:00 GMT", false),
            ("Thu, 01 Jan 1970 00:00:00 UTC", false),
            ("Thu Jan 01 1970 00:00:00 GMT", false),
            ("Tuesday, 01-Mar-55 12:00:00 GMT", true),
            ("Wed, 31-Dec-69 23:59:59 GMT", true),
            ("Thu, 01 Nov 2040 00:00:00 GMT", true),
            ("99:99:99 32 Jan 1970", true),
            ("some day", true),
        ] {
            let line = format!("a=; Expires={date}");
            assert_eq!(sent(&jar("http://sp/", &["a=s", &line]), "http://sp/") != "-", alive, "{date}");
        }
    }

    #[test]
    fn nobody_fills_the_jar() {
        let lines: Vec<String> = (0..200).map(|number| format!("c{number}=x")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let jar = jar("http://sp/", &lines);
        assert_eq!(sent(&jar, "http://sp/").matches("=x").count(), MOST_COOKIES);
    }
}
