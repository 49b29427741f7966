//! Access rules: what an application credential's tokens may do.

use http::Method;
use serde_json::Value;

/// Whether a token, by its body, may make this request. Tokens without rules may do anything.
pub(crate) fn allow(body: &Value, service: Option<&str>, method: &Method, path: &str) -> bool {
    let Some(rules) = body["token"]["application_credential"]["access_rules"].as_array() else {
        return true;
    };
    let Some(service) = service else { return false };
    rules.iter().any(|rule| {
        rule["service"] == service
            && rule["method"] == method.as_str()
            && rule["path"].as_str().is_some_and(|pattern| matches(pattern, path))
    })
}

/// `*` and `{tag}` stand for one part of a path (not an empty one), `**` for anything.
fn matches(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        return ends(path).any(|end| matches(rest, end));
    }
    let rest = match (pattern.strip_prefix('*'), pattern.strip_prefix('{')) {
        (Some(rest), _) => Some(rest),
        (None, Some(tag)) => tag.split_once('}').map(|(_, rest)| rest),
        (None, None) => None,
    };
    if let Some(rest) = rest {
        let part = path.find('/').unwrap_or(path.len());
        return ends(&path[..part]).skip(1).any(|end| matches(rest, &path[part - end.len()..]));
    }
    let mut literals = (pattern.chars(), path.chars());
    match (literals.0.next(), literals.1.next()) {
        (None, None) => true,
        (Some(one), Some(other)) if one == other => matches(literals.0.as_str(), literals.1.as_str()),
        _ => false,
    }
}

/// All ends of a text, from the whole of it to nothing.
fn ends(text: &str) -> impl Iterator<Item = &str> {
    let starts = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    starts.map(|start| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_match_as_keystone_documents_them() {
        for (pattern, path, expected) in [
            ("/v2.1/servers", "/v2.1/servers", true),
            ("/v2.1/servers", "/v2x1/servers", false),
            ("/v2.1/servers/*", "/v2.1/servers/abc", true),
            ("/v2.1/servers/*", "/v2.1/servers/", false),
            ("/v2.1/servers/*", "/v2.1/servers/abc/ips", false),
            ("/v2.1/servers/{id}/ips", "/v2.1/servers/abc/ips", true),
            ("/v2.1/**", "/v2.1/servers/abc/ips", true),
            ("/**/ips", "/v2.1/servers/abc/ips", true),
            ("/**/ips", "/v2.1/servers", false),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} on {path}");
        }
    }
}
