//! Plain HTTP, and as much of Keystone's API as the tests here need.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use http::{HeaderMap, Request, StatusCode};
use keepstone_tests::openstack::{Stack, User};
use serde_json::{Value, json};

pub(crate) struct Token {
    pub(crate) id: String,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) catalog: Value,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    /// The JSON in an answer of this status; null where it has none.
    #[track_caller]
    pub(crate) fn report(&self, status: StatusCode) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The token that an answer to a login brings.
    #[track_caller]
    pub(crate) fn token(&self) -> Token {
        let token = &self.report(StatusCode::CREATED)["token"];
        Token {
            id: self.headers["x-subject-token"].to_str().expect("a token is ASCII").to_owned(),
            expires_at: token["expires_at"].as_str().and_then(|at| at.parse().ok()).expect("a token expires"),
            catalog: token["catalog"].clone(),
        }
    }
}

/// The roles the echo service saw, sorted: Keystone has no order for them.
pub(crate) fn roles(report: &Value) -> Vec<&str> {
    let mut roles: Vec<_> =
        report["identity"]["x-roles"].as_str().map_or_else(Vec::new, |roles| roles.split(',').collect());
    roles.sort_unstable();
    roles
}

#[track_caller]
pub(crate) fn login(stack: &Stack, user: &User) -> Token {
    log_in_to(stack, user, at_home(user)).token()
}

pub(crate) fn log_in_to(stack: &Stack, user: &User, scope: Value) -> Answer {
    identify(stack, json!({"methods": ["password"], "password": password(user)}), Some(scope))
}

/// What the method `password` says of who logs in.
pub(crate) fn password(user: &User) -> Value {
    json!({"user": {"id": user.id, "password": user.password}})
}

/// Logs in by whatever methods the identity names.
pub(crate) fn identify(stack: &Stack, identity: Value, scope: Option<Value>) -> Answer {
    ask_for_token(stack, &[], identity, scope)
}

pub(crate) fn ask_for_token(
    stack: &Stack,
    headers: &[(&str, &str)],
    identity: Value,
    scope: Option<Value>,
) -> Answer {
    let mut auth = json!({"identity": identity});
    if let Some(scope) = scope {
        auth["scope"] = scope;
    }
    let body = json!({"auth": auth});
    send("POST", &format!("{}/auth/tokens", stack.auth_url), headers, &body.to_string())
}

/// The scope of the project a user has roles in.
pub(crate) fn at_home(user: &User) -> Value {
    json!({"project": {"id": user.project.id}})
}

/// Posts a form.
pub(crate) fn post_form(url: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    let headers = [headers, &[("Content-Type", "application/x-www-form-urlencoded")]].concat();
    send("POST", url, &headers, &body)
}

/// The value of an `Authorization` header by name and password.
pub(crate) fn basic(name: &str, password: &str) -> String {
    format!("Basic {}", BASE64.encode(format!("{name}:{password}").as_bytes()))
}

pub(crate) fn echo(stack: &Stack, headers: &[(&str, &str)]) -> Answer {
    send("GET", &stack.echo_url, headers, "")
}

pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    exchange(method, url, headers, body).expect("an answer")
}

pub(crate) fn exchange(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Result<Answer, ureq::Error> {
    static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).proxy(None).build().into()
    });

    let mut request = Request::builder().method(method).uri(url);
    if !headers.iter().any(|(name, _)| *name == "Content-Type") {
        request = request.header("Content-Type", "application/json");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer =
        if body.is_empty() { AGENT.run(request.body(())?) } else { AGENT.run(request.body(body)?) }?;
    Ok(Answer {
        status: answer.status(),
        headers: answer.headers().clone(),
        text: answer.body_mut().read_to_string()?,
    })
}
