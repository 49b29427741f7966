//! The embedded Keystone on the wire: logins, scopes, validation, the window, revocation.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::time::Duration;

use cloud_client::{Answer, Client};
use keepstone_tests::cloud::{Clock, Cloud, Service, Settings};
use serde_json::{Value, json};

/// A cloud whose clock stands 0.4 s after noon.
fn cloud() -> (Cloud, Client) {
    let clock = Clock::manual("2026-03-01T12:00:00.4Z".parse().unwrap());
    (Cloud::start(Settings { clock, ..Settings::default() }).unwrap(), Client::new())
}

fn log_in(cloud: &Cloud, client: &Client, user: &str) -> String {
    let body = cloud.credentials(user).unwrap().token_request();
    client.post(tokens(cloud), &body).token()
}

fn tokens(cloud: &Cloud) -> String {
    format!("{}/auth/tokens", cloud.auth_url())
}

fn ask(client: &Client, url: &str, caller: &str, subject: &str) -> Answer {
    client.call("GET", url).token(caller).header("x-subject-token", subject).send()
}

fn password(name: &str, password: &str) -> Value {
    let user = json!({"name": name, "password": password, "domain": {"name": "Default"}});
    json!({"methods": ["password"], "password": {"user": user}})
}

#[test]
fn a_token_looks_like_the_real_one() {
    let (cloud, client) = cloud();
    let alice = cloud.credentials("alice").unwrap();
    let answer = client.post(tokens(&cloud), &alice.token_request());
    assert_eq!(answer.status, 201);
    assert!(answer.header("x-subject-token").unwrap().starts_with("gAAAAAB"));
    assert!(answer.header("x-openstack-request-id").unwrap().starts_with("req-"));
    assert_eq!(answer.header("vary"), Some("X-Auth-Token"));
    assert_eq!(answer.header("date"), Some("Sun, 01 Mar 2026 12:00:00 GMT"));
    let token = &answer.json()["token"];
    assert_eq!(token["issued_at"], "2026-03-01T12:00:00.000000Z");
    assert_eq!(token["expires_at"], "2026-03-01T13:00:00.000000Z");
    assert_eq!(token["methods"], json!(["password"]));
    let domain = json!({"id": "default", "name": "Default"});
    let user = json!({"id": alice.user_id, "name": "alice", "domain": domain,
        "password_expires_at": null});
    assert_eq!(token["user"], user);
    let project = json!({"id": alice.project_id, "name": "demo", "domain": domain});
    assert_eq!(token["project"], project);
    assert_eq!(token["is_domain"], false);
    assert_eq!(token["audit_ids"][0].as_str().unwrap().len(), 22);
    let roles = token["roles"].as_array().unwrap();
    let roles: Vec<_> = roles.iter().map(|role| role["name"].as_str().unwrap()).collect();
    assert_eq!(roles, ["member", "reader"]);
    let swift = &token["catalog"][4];
    assert_eq!((&swift["type"], &swift["name"]), (&json!("object-store"), &json!("swift")));
    let interfaces = swift["endpoints"].as_array().unwrap().iter();
    let interfaces: Vec<_> = interfaces.map(|it| it["interface"].as_str().unwrap()).collect();
    assert_eq!(interfaces, ["public", "internal", "admin"]);
    let endpoint = cloud.endpoint(Service::ObjectStore, "demo").unwrap();
    assert_eq!(swift["endpoints"][0]["url"], endpoint);
    assert_eq!(swift["endpoints"][0]["region"], "RegionOne");
}

#[test]
fn version_documents_need_no_token() {
    let (cloud, client) = cloud();
    let root = client.call("GET", cloud.origin(Service::Identity)).send();
    assert_eq!(root.status, 300);
    assert_eq!(root.json()["versions"]["values"][0]["id"], "v3.14");
    let version = client.call("GET", cloud.auth_url()).send();
    assert_eq!(version.status, 200);
    let link = version.json()["version"]["links"][0]["href"].as_str().unwrap().to_owned();
    assert_eq!(link, format!("{}/", cloud.auth_url()));
    let wrong = client.call("GET", format!("{}/nowhere", cloud.auth_url())).send();
    assert_eq!((wrong.status, wrong.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[test]
fn every_scope_can_be_had_by_those_who_have_a_role_there() {
    let (cloud, client) = cloud();
    let demo = cloud.project_id("demo").unwrap();
    let by_name = json!({"project": {"name": "demo", "domain": {"id": "default"}}});
    for (user, scope, key) in [
        ("alice", Some(json!({"project": {"id": demo}})), Some("project")),
        ("alice", Some(by_name), Some("project")),
        ("alice", None, Some("project")),
        ("alice", Some(json!("unscoped")), None),
        ("alice", Some(json!({"unscoped": {}})), None),
        ("admin", Some(json!({"domain": {"name": "Default"}})), Some("domain")),
        ("admin", Some(json!({"system": {"all": true}})), Some("system")),
    ] {
        let credentials = cloud.credentials(user).unwrap();
        let mut auth = json!({"identity": password(user, &credentials.password)});
        if let Some(scope) = &scope {
            auth["scope"] = scope.clone();
        }
        let answer = client.post(tokens(&cloud), &json!({"auth": auth}));
        assert_eq!(answer.status, 201, "{scope:?}");
        let token = answer.json()["token"].clone();
        for name in ["project", "domain", "system"] {
            assert_eq!(token.get(name).is_some(), key == Some(name), "{name} of {scope:?}");
        }
        assert_eq!(token.get("roles").is_some(), key.is_some());
        assert_eq!(token.get("catalog").is_some(), key.is_some());
        let bare = client.post(format!("{}?nocatalog", tokens(&cloud)), &json!({"auth": auth}));
        assert!(bare.json()["token"].get("catalog").is_none());
    }
}

#[test]
fn a_login_that_fails_is_401_and_wrong_passwords_are_counted() {
    let (cloud, client) = cloud();
    let service = json!({"project": {"id": cloud.project_id("service").unwrap()}});
    let system = json!({"system": {"all": true}});
    for (identity, scope) in [
        (password("alice", "wrong"), None),
        (password("nobody", "wrong"), None),
        (password("alice", "alice-password"), Some(service)),
        (password("alice", "alice-password"), Some(system)),
        (json!({"methods": ["palmistry"]}), None),
    ] {
        let mut body = json!({"auth": {"identity": identity}});
        if let Some(scope) = scope {
            body["auth"]["scope"] = scope;
        }
        let answer = client.post(tokens(&cloud), &body);
        assert_eq!(answer.status, 401);
        let challenge = format!("Keystone uri=\"{}\"", cloud.auth_url());
        assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()));
        let message = "The request you have made requires authentication.";
        let error = json!({"code": 401, "message": message, "title": "Unauthorized"});
        assert_eq!(answer.json(), json!({"error": error}));
    }
    assert_eq!(client.post(tokens(&cloud), &json!({"auth": {}})).status, 400);
    let counters = cloud.counters();
    assert_eq!((counters.wrong_passwords("alice"), counters.wrong_passwords("nobody")), (1, 0));
    assert_eq!((counters.token_requests_of("alice"), counters.token_requests), (3, 6));
}

#[test]
fn a_rescoped_token_keeps_its_expiry_and_its_parents_audit_id() {
    let (cloud, client) = cloud();
    let first = client.post(tokens(&cloud), &cloud.credentials("alice").unwrap().token_request());
    cloud.advance(Duration::from_secs(600));
    let exchange = |token: &str| {
        let identity = json!({"methods": ["token"], "token": {"id": token}});
        client.post(tokens(&cloud), &json!({"auth": {"identity": identity, "scope": "unscoped"}}))
    };
    let second = exchange(&first.token());
    let (old, new) = (&first.json()["token"], &second.json()["token"]);
    assert_eq!(new["expires_at"], old["expires_at"]);
    assert_eq!(new["issued_at"], "2026-03-01T12:10:00.000000Z");
    assert_eq!(new["methods"], json!(["token", "password"]));
    assert_eq!(new["audit_ids"][1], old["audit_ids"][0]);
    cloud.revoke_token(&first.token());
    assert_eq!(exchange(&first.token()).status, 404);
    assert_eq!(exchange(&second.token()).status, 404, "revocation cascades");
}

#[test]
fn the_window_is_half_open_to_the_microsecond() {
    let (cloud, client) = cloud();
    let nova = cloud.issue_token("nova", "service", Duration::from_secs(1_000_000)).unwrap();
    let alice = log_in(&cloud, &client, "alice");
    let allowing = format!("{}?allow_expired=1", tokens(&cloud));
    let microsecond = chrono::TimeDelta::microseconds(1);
    let expires_at = "2026-03-01T13:00:00Z".parse().unwrap();
    let window_ends = expires_at + chrono::TimeDelta::seconds(172_800);
    for (now, plain, allowed) in [
        (expires_at - microsecond, 200, 200),
        (expires_at, 404, 200),
        (window_ends - microsecond, 404, 200),
        (window_ends, 404, 404),
    ] {
        cloud.clock().set(now);
        assert_eq!(ask(&client, &tokens(&cloud), &nova, &alice).status, plain, "{now}");
        assert_eq!(ask(&client, &allowing, &nova, &alice).status, allowed, "{now}");
    }
    cloud.clock().set(expires_at);
    for (value, status) in [("TRUE", 200), ("yes", 200), ("0", 404), ("maybe", 404), ("", 404)] {
        let url = format!("{}?nocatalog&allow_expired={value}", tokens(&cloud));
        assert_eq!(ask(&client, &url, &nova, &alice).status, status, "{value:?}");
    }
    // Its own API takes no expired token, whatever comes with it.
    let call = client.call("GET", &allowing).token(&alice).header("x-service-token", &nova);
    assert_eq!(call.header("x-subject-token", &alice).send().status, 401);
}

#[test]
fn validation_keeps_the_policy() {
    let (cloud, client) = cloud();
    let url = tokens(&cloud);
    let [alice, nova, norole, admin] =
        ["alice", "nova", "norole", "admin"].map(|user| log_in(&cloud, &client, user));
    let status = |method: &str, caller: &str, subject: &str| {
        let call = client.call(method, &url).token(caller);
        call.header("x-subject-token", subject).send().status
    };
    for (method, caller, expected) in [
        ("GET", &alice, 200),
        ("GET", &nova, 200),
        ("GET", &admin, 200),
        ("GET", &norole, 403),
        ("HEAD", &alice, 200),
        ("HEAD", &nova, 403),
        ("DELETE", &norole, 403),
    ] {
        assert_eq!(status(method, caller, &alice), expected, "{method}");
    }
    assert_eq!(status("GET", &norole, "garbage"), 404, "the subject comes before the policy");
    assert_eq!(status("GET", "garbage", &alice), 401);
    assert_eq!(client.get(&url, &nova).status, 404, "no subject");
    let refusal = ask(&client, &url, &norole, &alice).json()["error"]["message"].clone();
    assert!(refusal.as_str().unwrap().ends_with(": identity:validate_token."));
    let answer = ask(&client, &url, &nova, &alice);
    assert_eq!(answer.header("x-subject-token"), Some(alice.as_str()));
    assert_eq!(status("DELETE", &alice, &alice), 204);
    let gone = ask(&client, &url, &nova, &alice);
    let error = json!({"code": 404, "message": "Failed to validate token", "title": "Not Found"});
    assert_eq!((gone.status, gone.json()), (404, json!({"error": error})));
}

#[test]
fn what_happens_to_a_user_happens_to_its_tokens_even_in_the_window() {
    let (cloud, client) = cloud();
    let nova = log_in(&cloud, &client, "nova");
    let url = format!("{}?allow_expired=1", tokens(&cloud));
    let status = |token: &str| ask(&client, &url, &nova, token).status;
    let token = || cloud.issue_token("alice", "demo", Duration::ZERO).unwrap();

    let (one, other) = (token(), token());
    assert_ne!(one, other);
    assert!(cloud.revoke_token(&one) && !cloud.revoke_token("garbage"));
    assert_eq!((status(&one), status(&other)), (404, 200));
    assert_eq!(cloud.revoke_all_of("alice"), Ok(1));
    assert_eq!(status(&other), 404);

    let old = token();
    cloud.change_password("alice", "new").unwrap();
    assert_eq!((status(&old), status(&token())), (404, 200));
    assert_eq!(cloud.credentials("alice").unwrap().password, "new");

    let old = token();
    cloud.set_user_enabled("alice", false).unwrap();
    let body = cloud.credentials("alice").unwrap().token_request();
    assert_eq!(client.post(tokens(&cloud), &body).status, 401);
    cloud.set_user_enabled("alice", true).unwrap();
    assert_eq!((status(&old), status(&token())), (404, 200));

    let token = token();
    cloud.withdraw_role("alice", "reader", "demo").unwrap();
    let roles = ask(&client, &url, &nova, &token).json()["token"]["roles"].clone();
    assert_eq!(roles.as_array().unwrap().len(), 1);
    cloud.withdraw_role("alice", "member", "demo").unwrap();
    assert_eq!(status(&token), 404);
    cloud.grant_role("alice", "member", "demo").unwrap();
    assert_eq!(status(&token), 200);
    assert_eq!(cloud.revoke_all_of("alcie").unwrap_err().to_string(), "the cloud has no user \"alcie\"");
}

#[test]
fn a_cloud_of_the_same_seed_has_the_same_ids_and_tokens_tell_nothing_of_each_other() {
    let (one, other) = (cloud().0, cloud().0);
    assert_eq!(one.project_id("demo"), other.project_id("demo"));
    let different = Cloud::start(Settings { seed: 7, ..Settings::default() }).unwrap();
    assert_ne!(one.project_id("demo"), different.project_id("demo"));
}
