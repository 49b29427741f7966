//! The token check before every service, as `keystonemiddleware.auth_token` 13 makes it (without
//! its cache).
//!
//! The decision is a function of the request's headers, the time, and what Keystone says; see
//! [`AuthToken::check`]. Where the real one has oddities, so has this: `OpenStack-System-Scope`
//! is not taken off a request, and a service token overwrites it.

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Value, json};

use super::{access_rules, clock::parse_stamp};

/// What both kinds of token say, as a header's suffix and where in the token's body it stands.
const IDENTITY: [(&str, &str); 10] = [
    ("domain-id", "/domain/id"),
    ("domain-name", "/domain/name"),
    ("project-id", "/project/id"),
    ("project-name", "/project/name"),
    ("project-domain-id", "/project/domain/id"),
    ("project-domain-name", "/project/domain/name"),
    ("user-id", "/user/id"),
    ("user-name", "/user/name"),
    ("user-domain-id", "/user/domain/id"),
    ("user-domain-name", "/user/domain/name"),
];

/// Names from before Keystone v3, still set.
const LEGACY: [(&str, &str); 4] = [
    ("x-user", "/user/name"),
    ("x-tenant-id", "/project/id"),
    ("x-tenant-name", "/project/name"),
    ("x-tenant", "/project/name"),
];

/// What else is taken off an incoming request.
const STRIPPED: [&str; 7] = [
    "x-service-catalog",
    "x-identity-status",
    "x-service-identity-status",
    "x-is-admin-project",
    "x-role",
    "x-roles",
    "x-service-roles",
];

/// The middleware's options, by their own names.
#[derive(Clone, Debug)]
pub struct AuthToken {
    /// Roles of which a service token must have one (by name, case-sensitive).
    pub service_token_roles: Vec<String>,
    /// Whether a service token without such a role is invalid.
    pub service_token_roles_required: bool,
    /// Whether a request that fails the check reaches the application all the same.
    pub delay_auth_decision: bool,
    /// What a 401 points at.
    pub www_authenticate_uri: String,
    /// The service's type, for access rules.
    pub service_type: Option<String>,
}

/// A question to Keystone: `GET /v3/auth/tokens`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question<'a> {
    /// `X-Subject-Token`.
    pub subject: &'a str,
    /// Whether a token inside the allow-expired window is good.
    pub allow_expired: bool,
}

impl Question<'_> {
    /// The query string of the request.
    #[must_use]
    pub fn query(&self) -> &'static str {
        if self.allow_expired { "allow_expired=1" } else { "" }
    }
}

/// Why Keystone did not say what a token stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// 404: the token is not good.
    NotFound,
    /// No answer, or any other one.
    Unavailable,
}

/// The request, as far as the check looks at it. Its headers are rewritten.
#[derive(Debug)]
pub struct Request<'a> {
    /// The method, for access rules.
    pub method: &'a Method,
    /// The path, for access rules.
    pub path: &'a str,
    /// The headers as they came, and then as the application sees them.
    pub headers: &'a mut HeaderMap,
}

/// What becomes of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// The application is called.
    Pass(Passed),
    /// 401 without calling it.
    Unauthorized,
    /// 503 without calling it: Keystone did not answer.
    Unavailable,
}

/// What the application gets besides headers.
#[derive(Clone, Debug, PartialEq)]
pub struct Passed {
    /// The body of the user's token (`keystone.token_info`), if that is good.
    pub token_info: Option<Value>,
    /// `keystone.token_auth` has a user token: Keystone knew it.
    pub has_user: bool,
    /// `keystone.token_auth` has a service token: Keystone knew it, role or not.
    pub has_service: bool,
}

/// One of the two tokens, looked at.
#[derive(Default)]
struct Looked {
    /// What Keystone said of it, good or not.
    body: Option<Value>,
    valid: bool,
}

impl AuthToken {
    /// Checks the tokens of a request and rewrites its headers.
    pub fn check(
        &self,
        request: Request<'_>,
        now: DateTime<Utc>,
        mut ask: impl FnMut(Question<'_>) -> Result<Value, Unanswered>,
    ) -> Verdict {
        strip(request.headers);
        // The service token first: on it hangs what is asked about the user's.
        let mut vouched = false;
        let service = match header(request.headers, "x-service-token") {
            None => None,
            Some(token) => match self.look(token, false, now, &mut ask) {
                Err(Down) => return Verdict::Unavailable,
                Ok(mut looked) => {
                    vouched = looked.valid && self.has_service_role(&looked);
                    looked.valid &= vouched || !self.service_token_roles_required;
                    Some(looked)
                }
            },
        };
        let user = match user_token(request.headers) {
            None => Looked::default(),
            Some(token) => match self.look(token, vouched, now, &mut ask) {
                Err(Down) => return Verdict::Unavailable,
                Ok(looked) => self.under_access_rules(looked, &request, vouched),
            },
        };
        let service_fails = service.as_ref().is_some_and(|service| !service.valid);
        if !self.delay_auth_decision && (!user.valid || service_fails) {
            return Verdict::Unauthorized;
        }
        set_headers(request.headers, &user, service.as_ref());
        Verdict::Pass(Passed {
            has_user: user.body.is_some(),
            has_service: service.is_some_and(|service| service.body.is_some()),
            token_info: user.body.filter(|_| user.valid),
        })
    }

    /// The `WWW-Authenticate` of a 401, the application's own too.
    #[must_use]
    pub fn challenge(&self) -> String {
        format!("Keystone uri=\"{}\"", self.www_authenticate_uri)
    }

    /// The body of a 401.
    #[must_use]
    pub fn unauthorized_body() -> &'static str {
        "{\"error\": {\"code\": 401, \"title\": \"Unauthorized\", \
         \"message\": \"The request you have made requires authentication.\"}}"
    }

    /// Looks at one token. While Keystone is down no token is good: with a delayed decision it is
    /// merely invalid.
    fn look(
        &self,
        token: &str,
        allow_expired: bool,
        now: DateTime<Utc>,
        ask: &mut impl FnMut(Question<'_>) -> Result<Value, Unanswered>,
    ) -> Result<Looked, Down> {
        match ask(Question { subject: token.trim(), allow_expired }) {
            Ok(body) => {
                let valid = allow_expired || !has_expired(&body, now);
                Ok(Looked { body: Some(body), valid })
            }
            Err(Unanswered::Unavailable) if !self.delay_auth_decision => Err(Down),
            Err(_) => Ok(Looked::default()),
        }
    }

    fn has_service_role(&self, looked: &Looked) -> bool {
        let names = looked.body.as_ref().map(role_names).unwrap_or_default();
        self.service_token_roles.iter().any(|role| names.contains(&role.as_str()))
    }

    fn under_access_rules(&self, mut looked: Looked, request: &Request<'_>, vouched: bool) -> Looked {
        if let (false, Some(body)) = (vouched, &looked.body) {
            let service = self.service_type.as_deref();
            looked.valid &= access_rules::allow(body, service, request.method, request.path);
        }
        looked
    }
}

/// Keystone did not answer, and no later decision was asked for.
struct Down;

/// A header's text; absent and empty are the same.
fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    std::str::from_utf8(headers.get(name)?.as_bytes()).ok().filter(|text| !text.is_empty())
}

/// `X-Auth-Token`, and only where there is none `X-Storage-Token`.
fn user_token(headers: &HeaderMap) -> Option<&str> {
    let name = if headers.contains_key("x-auth-token") { "x-auth-token" } else { "x-storage-token" };
    header(headers, name)
}

fn has_expired(body: &Value, now: DateTime<Utc>) -> bool {
    let expires_at = text(body, "/expires_at").and_then(parse_stamp);
    expires_at.is_none_or(|expires_at| expires_at < now)
}

/// A text in the token's body.
fn text<'a>(body: &'a Value, pointer: &str) -> Option<&'a str> {
    body["token"].pointer(pointer)?.as_str()
}

fn role_names(body: &Value) -> Vec<&str> {
    let roles = body["token"]["roles"].as_array().map(Vec::as_slice).unwrap_or_default();
    roles.iter().filter_map(|role| role["name"].as_str()).collect()
}

fn strip(headers: &mut HeaderMap) {
    for name in STRIPPED.into_iter().chain(LEGACY.map(|(name, _)| name)) {
        headers.remove(name);
    }
    for (suffix, _) in IDENTITY {
        headers.remove(format!("x-{suffix}"));
        headers.remove(format!("x-service-{suffix}"));
    }
}

fn set_headers(headers: &mut HeaderMap, user: &Looked, service: Option<&Looked>) {
    set(headers, "x-identity-status", Some(status(user)));
    if let (true, Some(body)) = (user.valid, &user.body) {
        set_identity(headers, "x-", body);
        for (name, pointer) in LEGACY {
            set(headers, name, text(body, pointer));
        }
        set(headers, "x-role", Some(&role_names(body).join(",")));
        let is_admin = body["token"]["is_admin_project"].as_bool().unwrap_or(true);
        set(headers, "x-is-admin-project", Some(if is_admin { "True" } else { "False" }));
        if let Some(catalog) = body["token"]["catalog"].as_array() {
            let catalog = catalog.iter().map(old_catalog_entry).collect::<Value>();
            set(headers, "x-service-catalog", Some(&catalog.to_string()));
        }
    }
    let Some(service) = service else { return };
    set(headers, "x-service-identity-status", Some(status(service)));
    if let (true, Some(body)) = (service.valid, &service.body) {
        set_identity(headers, "x-service-", body);
    }
}

fn set_identity(headers: &mut HeaderMap, prefix: &str, body: &Value) {
    for (suffix, pointer) in IDENTITY {
        set(headers, &format!("{prefix}{suffix}"), text(body, pointer));
    }
    set(headers, &format!("{prefix}roles"), Some(&role_names(body).join(",")));
    let system = body["token"]["system"]["all"].as_bool().unwrap_or(false);
    set(headers, "openstack-system-scope", system.then_some("all"));
}

fn status(looked: &Looked) -> &'static str {
    if looked.valid { "Confirmed" } else { "Invalid" }
}

/// Sets a header; what the token does not say is taken away.
fn set(headers: &mut HeaderMap, name: &str, value: Option<&str>) {
    let Ok(name) = HeaderName::from_bytes(name.as_bytes()) else {
        return;
    };
    match value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
        Some(value) => headers.insert(name, value),
        None => headers.remove(name),
    };
}

/// A service in the shape that catalogs had in the v2 API.
fn old_catalog_entry(entry: &Value) -> Value {
    let mut regions: Vec<Value> = Vec::new();
    for endpoint in entry["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let known = regions.iter().position(|region| region["region"] == endpoint["region"]);
        let index = known.unwrap_or_else(|| {
            regions.push(json!({"region": endpoint["region"]}));
            regions.len() - 1
        });
        let interface = endpoint["interface"].as_str().unwrap_or_default();
        regions[index][format!("{interface}URL")] = endpoint["url"].clone();
    }
    json!({"type": entry["type"], "name": entry["name"], "endpoints": regions})
}
