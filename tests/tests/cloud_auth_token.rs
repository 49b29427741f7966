//! The token check against the oracle: 120 rows that the real keystonemiddleware answered, once
//! as a pure function and once through a service and the cloud's own Keystone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use cloud_client::Client;
use http::{HeaderMap, Method};
use keepstone_tests::cloud::{
    Clock, Cloud, Outage, Service, Settings,
    auth_token::{AuthToken, Question, Request, Unanswered, Verdict},
};
use serde::Deserialize;
use serde_json::{Value, json};

const WINDOW: u64 = 172_800;

#[derive(Deserialize)]
struct Table {
    meta: Meta,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Meta {
    allow_expired_window: u64,
    service_token_roles: Vec<String>,
    n_rows: usize,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Row {
    user_token: String,
    service_token: String,
    service_token_roles_required: bool,
    delay_auth_decision: bool,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Debug, Deserialize, PartialEq)]
struct Outcome {
    http_status: u16,
    app_called: bool,
    x_identity_status: Option<String>,
    x_service_identity_status: Option<String>,
    service_identity_status_header_present: bool,
    user_headers_set: bool,
    service_headers_set: bool,
    allow_expired_sent: bool,
    allow_expired_sent_for_service_token: bool,
    keystone_calls: Vec<KeystoneCall>,
    www_authenticate: Option<String>,
    body: Option<String>,
    token_auth_has_user: bool,
    token_auth_has_service: bool,
    token_info_present: bool,
}

#[derive(Clone, Debug, Deserialize, PartialEq)]
struct KeystoneCall {
    subject: String,
    query: String,
    status: u16,
}

fn table() -> Table {
    let table: Table = serde_json::from_str(include_str!("../data/auth_token_truth_table.json")).unwrap();
    assert_eq!(table.rows.len(), table.meta.n_rows);
    assert_eq!(table.meta.allow_expired_window, WINDOW);
    table
}

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn filter(row: &Row, roles: &[String]) -> AuthToken {
    AuthToken {
        service_token_roles: roles.to_vec(),
        service_token_roles_required: row.service_token_roles_required,
        delay_auth_decision: row.delay_auth_decision,
        www_authenticate_uri: "http://public.keystone.test".into(),
        service_type: None,
    }
}

/// What a Keystone says of the tokens of the table, which are named `user:…` and `service:…`.
fn fake_keystone(question: Question<'_>) -> Result<Value, Unanswered> {
    let (side, kind) = question.subject.split_once(':').unwrap();
    let (life, role) = match (side, kind) {
        ("user", "valid") => (3600, "member"),
        ("user", "expired_in_window") if question.allow_expired => (-1, "member"),
        ("service", "valid_with_role") => (3600, "service"),
        ("service", "valid_without_role") => (3600, "member"),
        _ => return Err(Unanswered::NotFound),
    };
    let expires_at = noon() + TimeDelta::seconds(life);
    let user = json!({"id": side, "name": side, "domain": {"id": "default", "name": "Default"}});
    Ok(json!({"token": {
        "user": user, "roles": [{"id": "r", "name": role}],
        "expires_at": expires_at.to_rfc3339(),
    }}))
}

fn decide(row: &Row, roles: &[String]) -> Outcome {
    let mut headers = HeaderMap::new();
    let tokens =
        [("x-auth-token", "user", &row.user_token), ("x-service-token", "service", &row.service_token)];
    for (name, side, kind) in tokens {
        if kind != "missing" {
            headers.insert(name, format!("{side}:{kind}").parse().unwrap());
        }
    }
    let mut calls = Vec::new();
    let path = "/app";
    let request = Request { method: &Method::GET, path, headers: &mut headers };
    let filter = filter(row, roles);
    let verdict = filter.check(request, noon(), |question| {
        let answer = fake_keystone(question);
        calls.push(KeystoneCall {
            subject: question.subject.split(':').next().unwrap().into(),
            query: question.query().into(),
            status: if answer.is_ok() { 200 } else { 404 },
        });
        answer
    });
    let passed = match &verdict {
        Verdict::Pass(passed) => Some(passed),
        Verdict::Unauthorized => None,
        Verdict::Unavailable => panic!("Keystone was there"),
    };
    let seen = |name: &str| passed.and(headers.get(name)).map(|value| value.to_str().unwrap().to_owned());
    Outcome {
        http_status: if passed.is_some() { 200 } else { 401 },
        app_called: passed.is_some(),
        x_identity_status: seen("x-identity-status"),
        x_service_identity_status: seen("x-service-identity-status"),
        service_identity_status_header_present: seen("x-service-identity-status").is_some(),
        user_headers_set: seen("x-user-id").is_some() && seen("x-roles").is_some(),
        service_headers_set: seen("x-service-user-id").is_some(),
        allow_expired_sent: sent_allow_expired(&calls, "user"),
        allow_expired_sent_for_service_token: sent_allow_expired(&calls, "service"),
        keystone_calls: calls,
        www_authenticate: passed.is_none().then(|| filter.challenge()),
        body: passed.is_none().then(|| AuthToken::unauthorized_body().into()),
        token_auth_has_user: passed.is_some_and(|passed| passed.has_user),
        token_auth_has_service: passed.is_some_and(|passed| passed.has_service),
        token_info_present: passed.is_some_and(|passed| passed.token_info.is_some()),
    }
}

fn sent_allow_expired(calls: &[KeystoneCall], subject: &str) -> bool {
    calls.iter().any(|call| call.subject == subject && call.query == "allow_expired=1")
}

#[test]
fn the_decision_is_the_oracles_in_every_row() {
    let table = table();
    for row in &table.rows {
        assert_eq!(decide(row, &table.meta.service_token_roles), row.outcome, "{row:?}");
    }
}

/// A cloud with all tokens of the table in it.
struct Stage {
    cloud: Cloud,
    client: Client,
    tokens: Vec<(&'static str, &'static str, String)>,
}

impl Stage {
    fn new(required: bool, delay: bool) -> Self {
        let cloud = Cloud::start(Settings {
            clock: Clock::manual(noon()),
            service_token_roles_required: required,
            delay_auth_decision: delay,
            ..Settings::default()
        })
        .unwrap();
        let token =
            |user, project, life| cloud.issue_token(user, project, Duration::from_secs(life)).unwrap();
        let long = WINDOW + 3600;
        let revoked = token("alice", "demo", long);
        assert!(cloud.revoke_token(&revoked));
        let tokens = vec![
            ("user", "valid", token("alice", "demo", long)),
            ("user", "expired_in_window", token("alice", "demo", 600)),
            ("user", "expired_beyond_window", token("alice", "demo", 1)),
            ("user", "revoked", revoked),
            ("user", "garbage", "no-token-of-alice".into()),
            ("service", "valid_with_role", token("nova", "service", long)),
            ("service", "valid_without_role", token("norole", "service", long)),
            ("service", "expired", token("nova", "service", 600)),
            ("service", "garbage", "no-token-of-nova".into()),
        ];
        cloud.advance(Duration::from_secs(WINDOW + 1));
        Self { cloud, client: Client::new(), tokens }
    }

    fn token(&self, side: &str, kind: &str) -> Option<&str> {
        let mut all = self.tokens.iter();
        all.find(|it| it.0 == side && it.1 == kind).map(|it| it.2.as_str())
    }

    fn keystone_calls(&self) -> Vec<KeystoneCall> {
        let name = |subject: &str| {
            let token = self.tokens.iter().find(|it| it.2 == subject).unwrap();
            token.0.to_owned()
        };
        let calls = self.cloud.validations().into_iter();
        let calls = calls.map(|call| KeystoneCall {
            subject: name(&call.subject),
            query: call.query.into(),
            status: call.status,
        });
        calls.collect()
    }

    fn act(&self, row: &Row) {
        self.cloud.reset_counters();
        let url = format!("{}/v3/whoami", self.cloud.origin(Service::Volume));
        let mut call = self.client.call("GET", url);
        if let Some(token) = self.token("user", &row.user_token) {
            call = call.header("x-auth-token", token);
        }
        if let Some(token) = self.token("service", &row.service_token) {
            call = call.header("x-service-token", token);
        }
        let answer = call.send();
        let expected = &row.outcome;
        assert_eq!(answer.status, expected.http_status, "{row:?}");
        assert_eq!(self.keystone_calls(), expected.keystone_calls, "{row:?}");
        let counters = self.cloud.counters();
        assert_eq!(counters.validations, expected.keystone_calls.len() as u64);
        let refusals = u64::from(expected.http_status == 401);
        assert_eq!(counters.service(Service::Volume).refusals, refusals);
        if !expected.app_called {
            let challenge = format!("Keystone uri=\"{}\"", self.cloud.origin(Service::Identity));
            assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
            assert_eq!(Some(answer.text()), expected.body);
            return;
        }
        assert_eq!(answer.header("www-authenticate"), None);
        let seen = answer.json();
        let header = |name: &str| seen[name].as_str().map(str::to_owned);
        assert_eq!(header("x-identity-status"), expected.x_identity_status, "{row:?}");
        let status = header("x-service-identity-status");
        assert_eq!(status, expected.x_service_identity_status, "{row:?}");
        assert_eq!(header("x-user-name").is_some(), expected.user_headers_set, "{row:?}");
        let service_user = header("x-service-user-name");
        assert_eq!(service_user.is_some(), expected.service_headers_set, "{row:?}");
    }
}

#[test]
fn a_service_of_the_cloud_answers_as_the_oracle_in_every_row() {
    let table = table();
    for (required, delay) in [(true, false), (true, true), (false, false), (false, true)] {
        let stage = Stage::new(required, delay);
        let mut rows = table
            .rows
            .iter()
            .filter(|row| row.service_token_roles_required == required && row.delay_auth_decision == delay);
        assert_eq!(rows.by_ref().map(|row| stage.act(row)).count(), 30);
    }
}

#[test]
fn spoofed_identity_headers_are_taken_off_and_true_ones_set() {
    let stage = Stage::new(true, false);
    let url = format!("{}/v2/whoami", stage.cloud.origin(Service::Image));
    let token = stage.token("user", "valid").unwrap();
    let call = stage.client.call("GET", &url).token(token);
    let answer = call
        .header("X-User-Name", "mallory")
        .header("X-Service-Roles", "service")
        .header("X-Service-User-Id", "mallory")
        .header("X-Domain-Id", "mallory")
        .header("X-Tenant", "mallory")
        .send();
    let mut seen = answer.json();
    for name in ["x-user-id", "x-project-id", "x-tenant-id"] {
        assert_eq!(seen[name].as_str().unwrap().len(), 32, "{name}");
        seen[name] = json!("…");
    }
    let expected = json!({
        "x-identity-status": "Confirmed", "x-roles": "member,reader", "x-role": "member,reader",
        "x-user-id": "…", "x-user-name": "alice", "x-user": "alice",
        "x-user-domain-id": "default", "x-user-domain-name": "Default",
        "x-project-id": "…", "x-project-name": "demo",
        "x-project-domain-id": "default", "x-project-domain-name": "Default",
        "x-tenant-id": "…", "x-tenant-name": "demo", "x-tenant": "demo",
        "x-is-admin-project": "True",
    });
    assert_eq!(seen, expected);
}

#[test]
fn while_keystone_is_out_a_check_is_503_or_with_a_delayed_decision_invalid() {
    for outage in [Outage::Refuse, Outage::Close, Outage::Unavailable { retry_after: None }] {
        for (delay, status) in [(false, 503), (true, 200)] {
            let stage = Stage::new(true, delay);
            stage.cloud.set_outage(Service::Identity, outage.clone());
            let url = format!("{}/v2/whoami", stage.cloud.origin(Service::Image));
            let token = stage.token("user", "valid").unwrap();
            let answer = stage.client.get(&url, token);
            assert_eq!(answer.status, status);
            if delay {
                assert_eq!(answer.json()["x-identity-status"], "Invalid");
                let real = url.replace("/whoami", "/images");
                assert_eq!(stage.client.get(real, token).status, 401);
            } else {
                assert_eq!(answer.header("www-authenticate"), None);
            }
            stage.cloud.set_outage(Service::Identity, Outage::None);
            assert_eq!(stage.client.get(&url, token).json()["x-identity-status"], "Confirmed");
        }
    }
}

#[test]
fn an_empty_token_header_hides_the_other_one_and_a_blank_service_token_is_none() {
    let stage = Stage::new(true, false);
    let url = format!("{}/v2/whoami", stage.cloud.origin(Service::Image));
    let token = stage.token("user", "valid").unwrap();
    let storage = || stage.client.call("GET", &url).header("x-storage-token", token);
    assert_eq!(storage().send().status, 200);
    assert_eq!(storage().header("x-auth-token", "").send().status, 401);
    assert_eq!(storage().header("x-service-token", "").send().status, 200);
}
