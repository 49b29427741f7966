//! Who sends a request, and for whom: `User-Agent` and `Forwarded`.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue, header};

use crate::error::InputError;
use crate::headers::USER_AGENT;

/// Who takes part in a request, outermost first; this library stands behind them all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Agents {
    /// The program.
    pub(crate) application: Option<String>,
    /// The client of one service that the program is built with.
    pub(crate) client: Option<String>,
    /// Whatever else wants to be named.
    pub(crate) additional: Vec<String>,
    /// Where the request that is served came from.
    pub(crate) original_ip: Option<IpAddr>,
}

/// `name/version`, or the name alone.
pub(crate) fn product(name: &str, version: &str) -> String {
    if version.is_empty() { name.to_owned() } else { format!("{name}/{version}") }
}

impl Agents {
    /// Puts what they come to among a session's headers.
    pub(crate) fn write(&self, headers: &mut HeaderMap) -> Result<(), InputError> {
        let text = self.user_agent();
        if text != USER_AGENT {
            headers.insert(header::USER_AGENT, value("User-Agent", &text)?);
        }
        if let Some(ip) = self.original_ip {
            headers.insert(header::FORWARDED, value("Forwarded", &forwarded(ip, &text))?);
        }
        Ok(())
    }

    fn user_agent(&self) -> String {
        let named = self.application.iter().chain(&self.client).chain(&self.additional).map(String::as_str);
        let words: Vec<&str> = named.filter(|word| !word.is_empty()).chain([USER_AGENT]).collect();
        words.join(" ")
    }
}

pub(crate) fn value(name: &'static str, text: &str) -> Result<HeaderValue, InputError> {
    HeaderValue::from_str(text).map_err(|_| InputError::NotAHeader(name))
}

/// `for=…;by=…` (RFC 7239, 4). Addresses with colons, and the agent with its slash and spaces, are
/// quoted as it asks. Commas and semicolons are left out: oslo.middleware splits at them, quoted or not.
fn forwarded(ip: IpAddr, agent: &str) -> String {
    let node = match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("\"[{ip}]\""),
    };
    let by: String = agent.chars().filter(|c| !matches!(c, '"' | '\\' | ',' | ';')).collect();
    format!("for={node};by=\"{by}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agents_stand_in_their_order() {
        let named = |name: &str| Some(product(name, "1"));
        let none = Agents::default();
        for (agents, expected) in [
            (none.clone(), USER_AGENT.to_owned()),
            (Agents { application: named("app"), ..none.clone() }, format!("app/1 {USER_AGENT}")),
            (Agents { client: named("lib"), ..none.clone() }, format!("lib/1 {USER_AGENT}")),
            (
                Agents {
                    application: Some(product("app", "")),
                    client: named("lib"),
                    additional: vec![product("a", "2"), product("b", "3")],
                    original_ip: None,
                },
                format!("app lib/1 a/2 b/3 {USER_AGENT}"),
            ),
        ] {
            assert_eq!(agents.user_agent(), expected);
        }
    }

    #[test]
    fn forwarded_is_quoted_where_the_standard_says_so() {
        for (ip, agent, expected) in [
            ("192.0.2.1", "a/1", "for=192.0.2.1;by=\"a/1\""),
            ("2001:db8::1", "a/1 b", "for=\"[2001:db8::1]\";by=\"a/1 b\""),
            ("192.0.2.1", "a\";for=evil, b\\", "for=192.0.2.1;by=\"afor=evil b\""),
        ] {
            assert_eq!(forwarded(ip.parse().unwrap(), agent), expected);
        }
    }

    #[test]
    fn what_no_header_can_carry_is_refused() {
        let agents = Agents { client: Some("a\nb".to_owned()), ..Agents::default() };
        let refused = Err(InputError::NotAHeader("User-Agent"));
        assert_eq!(agents.write(&mut HeaderMap::new()), refused);
    }
}
