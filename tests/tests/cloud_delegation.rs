//! Trusts and application credentials of the embedded Keystone.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod cloud_client;

use std::time::Duration;

use cloud_client::{Answer, Client};
use keepstone_tests::cloud::{Clock, Cloud, Service, Settings};
use serde_json::{Value, json};

struct Stage {
    cloud: Cloud,
    client: Client,
    alice: String,
    nova: String,
}

impl Stage {
    fn new() -> Self {
        let clock = Clock::manual("2026-03-01T12:00:00Z".parse().unwrap());
        let cloud = Cloud::start(Settings { clock, ..Settings::default() }).unwrap();
        let long = Duration::from_secs(1_000_000);
        let alice = cloud.issue_token("alice", "demo", long).unwrap();
        let nova = cloud.issue_token("nova", "service", long).unwrap();
        Self { cloud, client: Client::new(), alice, nova }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.cloud.auth_url())
    }

    fn call(&self, method: &str, path: &str, token: &str, body: Option<&Value>) -> Answer {
        let call = self.client.call(method, self.url(path)).token(token);
        body.map_or(call, |_| self.client.call(method, self.url(path)).token(token).json(body.unwrap()))
            .send()
    }

    /// What a trust of alice for nova asks, with changes.
    fn trust(&self, changes: Value) -> Value {
        let id = |user| self.cloud.credentials(user).unwrap().user_id;
        let mut trust = json!({
            "trustor_user_id": id("alice"), "trustee_user_id": id("nova"),
            "impersonation": true, "project_id": self.cloud.project_id("demo").unwrap(),
            "roles": [{"name": "member"}],
        });
        for (key, value) in changes.as_object().unwrap() {
            trust[key] = value.clone();
        }
        json!({"trust": trust})
    }

    fn create_trust(&self, changes: Value) -> Answer {
        let body = self.trust(changes);
        self.call("POST", "/OS-TRUST/trusts", &self.alice, Some(&body))
    }

    /// Logs a user in with a trust.
    fn use_trust(&self, user: &str, id: &str) -> Answer {
        let mut body = self.cloud.credentials(user).unwrap().token_request();
        body["auth"]["scope"] = json!({"OS-TRUST:trust": {"id": id}});
        self.client.post(self.url("/auth/tokens"), &body)
    }

    fn validate(&self, token: &str) -> Answer {
        let url = self.url("/auth/tokens?allow_expired=1");
        let call = self.client.call("GET", url).token(&self.nova);
        let call = call.header("x-subject-token", token);
        call.header("openstack-identity-access-rules", "1").send()
    }

    fn application_credentials(&self) -> String {
        let id = self.cloud.credentials("alice").unwrap().user_id;
        format!("/users/{id}/application_credentials")
    }

    fn create_credential(&self, credential: Value) -> Answer {
        let body = json!({"application_credential": credential});
        self.call("POST", &self.application_credentials(), &self.alice, Some(&body))
    }

    fn use_credential(&self, method: Value) -> Answer {
        let identity = json!({"methods": ["application_credential"],
            "application_credential": method});
        let body = json!({"auth": {"identity": identity}});
        self.client.post(self.url("/auth/tokens"), &body)
    }
}

#[test]
fn a_trust_lets_the_trustee_act_as_the_trustor() {
    let stage = Stage::new();
    let answer = stage.create_trust(json!({"expires_at": "2026-03-01T12:30:00Z"}));
    assert_eq!(answer.status, 201);
    let trust = answer.json()["trust"].clone();
    assert_eq!(trust["expires_at"], "2026-03-01T12:30:00.000000Z");
    assert_eq!(trust["roles"][0]["name"], "member");
    let id = trust["id"].as_str().unwrap();
    let token = stage.use_trust("nova", id);
    let body = token.json()["token"].clone();
    assert_eq!(body["user"]["name"], "alice");
    assert_eq!(body["OS-TRUST:trust"]["trustee_user"]["id"], trust["trustee_user_id"]);
    assert_eq!(body["project"]["name"], "demo");
    assert_eq!(body["expires_at"], trust["expires_at"], "no longer than the trust");
    assert_eq!(stage.validate(&token.token()).status, 200);
    assert_eq!(stage.use_trust("norole", id).status, 403, "not the trustee");

    // A trust's token begets none, and makes no trust.
    let identity = json!({"methods": ["token"], "token": {"id": token.token()}});
    let body = json!({"auth": {"identity": identity}});
    assert_eq!(stage.client.post(stage.url("/auth/tokens"), &body).status, 403);
    let body = stage.trust(json!({}));
    let again = stage.call("POST", "/OS-TRUST/trusts", &token.token(), Some(&body));
    assert_eq!(again.status, 403);

    // No window after the trust's end.
    stage.cloud.advance(Duration::from_secs(1801));
    assert_eq!(stage.validate(&token.token()).status, 404);
    assert_eq!(stage.use_trust("nova", id).status, 401);
}

#[test]
fn a_trust_ends_when_deleted_used_up_or_when_its_trustor_loses_the_role() {
    let stage = Stage::new();
    let id = |answer: Answer| answer.json()["trust"]["id"].as_str().unwrap().to_owned();
    let deleted = id(stage.create_trust(json!({})));
    let token = stage.use_trust("nova", &deleted).token();
    let path = format!("/OS-TRUST/trusts/{deleted}");
    assert_eq!(stage.call("GET", &path, &stage.nova, None).status, 200);
    assert_eq!(stage.call("DELETE", &path, &stage.nova, None).status, 403, "not the trustor");
    assert_eq!(stage.call("DELETE", &path, &stage.alice, None).status, 204);
    assert_eq!(stage.call("GET", &path, &stage.alice, None).status, 404);
    assert_eq!(stage.use_trust("nova", &deleted).status, 401);
    assert_eq!(stage.validate(&token).status, 404);

    let twice = id(stage.create_trust(json!({"remaining_uses": 2})));
    let statuses = [(); 3].map(|()| stage.use_trust("nova", &twice).status);
    assert_eq!(statuses, [201, 201, 401]);

    let kept = id(stage.create_trust(json!({"impersonation": false})));
    let token = stage.use_trust("nova", &kept);
    assert_eq!(token.json()["token"]["user"]["name"], "nova");
    stage.cloud.withdraw_role("alice", "member", "demo").unwrap();
    assert_eq!(stage.validate(&token.token()).status, 403);
    let image = format!("{}/v2/whoami", stage.cloud.origin(Service::Image));
    let answer = stage.client.get(image, &token.token());
    assert_eq!(answer.status, 503, "the middleware takes 403 for an outage");
}

#[test]
fn trusts_that_keystone_refuses() {
    let stage = Stage::new();
    let nova = stage.cloud.credentials("nova").unwrap().user_id;
    for (changes, status) in [
        (json!({"expires_at": "2026-03-01T11:00:00Z"}), 400),
        (json!({"remaining_uses": 0}), 400),
        (json!({"remaining_uses": 1, "allow_redelegation": true}), 400),
        (json!({"impersonation": null}), 400),
        (json!({"roles": []}), 403),
        (json!({"roles": [{"name": "admin"}]}), 404),
        (json!({"allow_redelegation": true, "redelegation_count": 4}), 403),
        (json!({"trustor_user_id": nova}), 403),
        (json!({"expires_at": "2026-03-02T12:00:00Z"}), 201),
        (json!({"expires_at": "2026-03-02T12:00:00Z"}), 409),
    ] {
        assert_eq!(stage.create_trust(changes.clone()).status, status, "{changes}");
    }
    let listed = |token: &str| {
        let trusts = stage.call("GET", "/OS-TRUST/trusts", token, None).json();
        trusts["trusts"].as_array().unwrap().len()
    };
    let norole = stage.cloud.issue_token("norole", "service", Duration::from_secs(60)).unwrap();
    assert_eq!((listed(&stage.alice), listed(&stage.nova), listed(&norole)), (1, 1, 0));
}

#[test]
fn an_application_credential_stands_for_its_user_on_one_project() {
    let stage = Stage::new();
    let asked = json!({"name": "backup", "roles": [{"name": "reader"}],
        "expires_at": "2026-03-01T12:30:00.5"});
    let answer = stage.create_credential(asked.clone());
    assert_eq!(answer.status, 201);
    let credential = answer.json()["application_credential"].clone();
    assert_eq!(credential["expires_at"], "2026-03-01T12:30:00.500000");
    assert_eq!(stage.create_credential(asked).status, 409);
    let (id, secret) = (&credential["id"], &credential["secret"]);

    let token = stage.use_credential(json!({"id": id, "secret": secret}));
    let body = token.json()["token"].clone();
    assert_eq!(body["methods"], json!(["application_credential"]));
    assert_eq!((&body["user"]["name"], &body["roles"][0]["name"]), (&json!("alice"), &json!("reader")));
    assert_eq!(body["expires_at"], "2026-03-01T12:30:00.000000Z");
    let shown = json!({"id": id, "name": "backup", "restricted": true});
    assert_eq!(body["application_credential"], shown);
    let user = json!({"name": "alice", "domain": {"id": "default"}});
    let by_name = stage.use_credential(json!({"name": "backup", "user": user, "secret": secret}));
    assert_eq!(by_name.status, 201);

    assert_eq!(stage.use_credential(json!({"id": id, "secret": "wrong"})).status, 401);
    assert_eq!(stage.cloud.counters().wrong_passwords("alice"), 1);
    let body = json!({"application_credential": {"name": "child"}});
    let child = stage.call("POST", &stage.application_credentials(), &token.token(), Some(&body));
    assert_eq!(child.status, 403, "a restricted one makes no other");

    // Its expiry ends logins, not the window; its deletion ends all.
    stage.cloud.advance(Duration::from_secs(1801));
    assert_eq!(stage.use_credential(json!({"id": id, "secret": secret})).status, 401);
    assert_eq!(stage.validate(&token.token()).status, 200);
    let path = format!("{}/{}", stage.application_credentials(), id.as_str().unwrap());
    assert_eq!(stage.call("GET", &path, &stage.nova, None).status, 403);
    assert_eq!(stage.call("DELETE", &path, &stage.alice, None).status, 204);
    assert_eq!(stage.call("GET", &path, &stage.alice, None).status, 404);
    assert_eq!(stage.validate(&token.token()).status, 404);
}

#[test]
fn access_rules_bind_its_tokens_except_between_services() {
    let stage = Stage::new();
    let rule = json!({"service": "image", "method": "GET", "path": "/v2/images"});
    let answer = stage.create_credential(json!({"name": "narrow", "access_rules": [rule]}));
    let credential = answer.json()["application_credential"].clone();
    let method = json!({"id": credential["id"], "secret": credential["secret"]});
    let token = stage.use_credential(method).token();
    let bare = stage.client.call("GET", stage.url("/auth/tokens")).token(&stage.nova);
    assert_eq!(bare.header("x-subject-token", &token).send().status, 404, "no rules header");
    assert_eq!(stage.validate(&token).status, 200);

    let image = stage.cloud.origin(Service::Image);
    assert_eq!(stage.client.get(format!("{image}/v2/images"), &token).status, 200);
    let other = format!("{image}/v2/whoami");
    assert_eq!(stage.client.get(&other, &token).status, 401);
    let vouched = stage.client.call("GET", &other).token(&token);
    assert_eq!(vouched.header("x-service-token", &stage.nova).send().status, 200);
}
