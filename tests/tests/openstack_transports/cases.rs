// Each case is compiled once for each transport; `super` is the transport, under one set of names.

use std::sync::PoisonError;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use http::{Request, StatusCode};
use keepstone_tests::openstack::{Stack, User};
use serde_json::{Value, json};

use super::{
    Answer, Borrowed, Catalog, Client, Credential, Endpoint, Failure, Identity, LoginError, Outlook, Refusal,
    Scope, Session, UserRef, client, headers_lent, send,
};
use crate::{RIG, WINDOW};

/// Runs a test against the rig, beside others that only read it.
fn with_rig(test: impl FnOnce(&World<'_>)) {
    let rig = RIG.read().unwrap_or_else(PoisonError::into_inner);
    test(&World::new(&rig.stack));
}

struct World<'a> {
    stack: &'a Stack,
    client: Client,
}

impl<'a> World<'a> {
    fn new(stack: &'a Stack) -> Self {
        Self { stack, client: client() }
    }

    fn password(&self, user: &User, scope: Scope) -> Credential {
        let password = user.password.as_str();
        Credential::password(&self.stack.auth_url, UserRef::id(user.id.as_str()), password)
            .unwrap()
            .scope(scope)
    }

    fn identity(&self, user: &User) -> Identity {
        let scope = Scope::project_id(user.project.id.as_str());
        self.client.identity(self.password(user, scope)).unwrap()
    }

    fn nova(&self) -> Identity {
        self.identity(&self.stack.users.nova)
    }

    /// A token of alice's, as a request context hands it over.
    fn context(&self) -> Context {
        let alice = &self.stack.users.alice;
        let session = self.identity(alice).session().at(Endpoint::of("identity"));
        let token = headers_lent(&session)["x-auth-token"].to_str().unwrap().to_owned();
        let about = Request::get("/auth/tokens").header("X-Subject-Token", &token);
        let told = &json_of(send(&session, about.body(String::new()).unwrap()).unwrap())["token"];
        let catalog = Catalog::from_json(told["catalog"].to_string().as_bytes()).unwrap();
        Context { token, expires_at: told["expires_at"].as_str().unwrap().parse().unwrap(), catalog }
    }
}

struct Context {
    token: String,
    expires_at: DateTime<Utc>,
    catalog: Catalog,
}

impl Context {
    fn session(&self, world: &World<'_>) -> Session {
        let borrowed =
            Borrowed::new(self.token.as_str()).expires_at(self.expires_at).catalog(self.catalog.clone());
        world.client.borrow(borrowed).unwrap().session().at(Endpoint::of("volumev3"))
    }

    /// As [`Context::session`], but its end is not told, so nothing is refused before it leaves.
    fn blind_session(&self, world: &World<'_>) -> Session {
        let borrowed = Borrowed::new(self.token.as_str()).catalog(self.catalog.clone());
        world.client.borrow(borrowed).unwrap().session().at(Endpoint::of("volumev3"))
    }

    fn wait_until_past_its_end_by(&self, seconds: i64) {
        let span = self.expires_at + TimeDelta::seconds(seconds) - Utc::now();
        std::thread::sleep(span.to_std().unwrap_or_default() + Duration::from_millis(100));
    }
}

fn get(session: &Session) -> Result<Answer, Failure> {
    send(session, Request::get("/volumes").body(String::new()).unwrap())
}

fn json_of(answer: Answer) -> Value {
    assert!(answer.status.is_success(), "{} {}", answer.status, answer.body);
    serde_json::from_str(&answer.body).unwrap()
}

/// The identity headers that the service saw.
fn seen(session: &Session) -> Value {
    json_of(get(session).unwrap())["identity"].take()
}

fn failure(result: Result<Answer, Failure>) -> Failure {
    result.map(|answer| answer.status).unwrap_err()
}

fn post(session: &Session, path: &str, body: &Value) -> Value {
    let request = Request::post(path).header("Content-Type", "application/json");
    json_of(send(session, request.body(body.to_string()).unwrap()).unwrap())
}

#[test]
fn a_password_is_renewed_for_as_long_as_it_takes() {
    with_rig(|world| {
        let session = world.identity(&world.stack.users.alice).session().at(Endpoint::of("volumev3"));
        let end = Utc::now() + TimeDelta::seconds(10);
        while Utc::now() < end {
            let seen = seen(&session);
            assert_eq!(seen["x-identity-status"], "Confirmed");
            assert_eq!(seen["x-user-id"], *world.stack.users.alice.id);
            std::thread::sleep(Duration::from_millis(50));
        }
        assert!(matches!(session.outlook().unwrap(), Outlook::Renewable { left: Some(_) }));
    });
}

#[test]
fn a_wrong_password_is_refused_and_not_repeated() {
    with_rig(|world| {
        let user = UserRef::id(world.stack.users.norole.id.as_str());
        let wrong = Credential::password(&world.stack.auth_url, user, "wrong").unwrap();
        let session = world.client.identity(wrong).unwrap().session().at(Endpoint::of("volumev3"));
        for _ in 0..3 {
            let failure = failure(get(&session));
            assert!(
                matches!(failure, Failure::Login { source: LoginError::Refused { .. }, .. }),
                "{failure:?}"
            );
        }
    });
}

#[test]
fn a_token_is_exchanged_and_keeps_its_end() {
    with_rig(|world| {
        let context = world.context();
        let exchange = Credential::token(&world.stack.auth_url, context.token.as_str()).unwrap();
        let scope = Scope::project_id(world.stack.users.alice.project.id.as_str());
        let session =
            world.client.identity(exchange.scope(scope)).unwrap().session().at(Endpoint::of("volumev3"));
        assert_eq!(seen(&session)["x-user-id"], *world.stack.users.alice.id);
        assert!(matches!(session.outlook().unwrap(), Outlook::Ends { .. }), "it cannot be renewed");
        context.wait_until_past_its_end_by(0);
        assert!(matches!(failure(get(&session)), Failure::UserExpired { .. }));
        let carried = session.vouched_by(&world.nova());
        assert_eq!(seen(&carried)["x-identity-status"], "Confirmed");
    });
}

#[test]
fn an_application_credential_logs_in() {
    with_rig(|world| {
        let alice = &world.stack.users.alice;
        let identity = world.identity(alice).session().at(Endpoint::of("identity"));
        let path = format!("/users/{}/application_credentials", alice.id);
        let name = format!("backup-{}", super::NAME);
        let made = post(&identity, &path, &json!({"application_credential": {"name": name}}));
        let made = &made["application_credential"];
        let (id, secret) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
        let credential = Credential::application_credential(&world.stack.auth_url, id, secret).unwrap();
        let session = world.client.identity(credential).unwrap().session().at(Endpoint::of("image"));
        assert_eq!(seen(&session)["x-project-id"], *alice.project.id);
    });
}

#[test]
fn a_trust_lets_nova_act_for_alice() {
    with_rig(|world| {
        let (alice, nova) = (&world.stack.users.alice, &world.stack.users.nova);
        let identity = world.identity(alice).session().at(Endpoint::of("identity"));
        let trust = json!({"trust": {
            "trustor_user_id": alice.id, "trustee_user_id": nova.id, "project_id": alice.project.id,
            "impersonation": true, "roles": [{"name": "member"}],
        }});
        let made = post(&identity, "/OS-TRUST/trusts", &trust);
        let id = made["trust"]["id"].as_str().unwrap();
        let session =
            world.client.identity(world.password(nova, Scope::Trust(id.to_owned()))).unwrap().session();
        let seen = seen(&session.at(Endpoint::of("volumev3")));
        assert_eq!((&seen["x-user-id"], &seen["x-project-id"]), (&json!(alice.id), &json!(alice.project.id)));
        let gone = Request::delete(format!("/OS-TRUST/trusts/{id}")).body(String::new()).unwrap();
        assert_eq!(send(&identity, gone).unwrap().status, StatusCode::NO_CONTENT);
    });
}

#[test]
fn the_system_scope_reaches_the_service() {
    with_rig(|world| {
        let admin = world.client.identity(world.password(&world.stack.users.admin, Scope::System)).unwrap();
        let seen = seen(&admin.session().at(Endpoint::of("network")));
        assert_eq!(seen["openstack-system-scope"], "all");
    });
}

#[test]
fn without_a_scope_there_is_no_catalog_and_the_error_says_so() {
    with_rig(|world| {
        let alice = world.client.identity(world.password(&world.stack.users.alice, Scope::Unscoped)).unwrap();
        let failure = failure(get(&alice.session().at(Endpoint::of("volumev3"))));
        assert!(matches!(failure, Failure::Endpoint(_)), "{failure:?}");
        let echo = alice.session().at(Endpoint::fixed(world.stack.echo_url.as_str()));
        assert_eq!(seen(&echo)["x-user-id"], *world.stack.users.alice.id);
    });
}

#[test]
fn an_expired_token_is_carried_to_the_end_of_the_window_and_no_further() {
    with_rig(|world| {
        let context = world.context();
        let alone = context.session(world);
        let carried = context.session(world).vouched_with(&world.nova(), |vouching| vouching.window(WINDOW));
        assert_eq!(seen(&alone)["x-identity-status"], "Confirmed");
        assert_eq!(seen(&carried)["x-service-identity-status"], "Confirmed");

        context.wait_until_past_its_end_by(1);
        let seen_now = seen(&carried);
        assert_eq!(
            (&seen_now["x-identity-status"], &seen_now["x-service-identity-status"]),
            (&json!("Confirmed"), &json!("Confirmed"))
        );
        assert!(matches!(failure(get(&alone)), Failure::UserExpired { .. }), "not a byte leaves");
        let forced = get(&context.blind_session(world)).unwrap();
        assert_eq!((forced.status, forced.refusal), (StatusCode::UNAUTHORIZED, Some(Refusal::Borrowed)));

        context.wait_until_past_its_end_by(7);
        assert!(matches!(failure(get(&carried)), Failure::WindowOver { .. }));
        let believes_in_two_days = context.session(world).vouched_by(&world.nova());
        let forced = get(&believes_in_two_days).unwrap();
        let reason = forced.refusal.expect("the real middleware's 401 comes with a reason");
        assert_eq!((forced.status, reason), (StatusCode::UNAUTHORIZED, Refusal::BorrowedBesideService));
    });
}

#[test]
fn a_revoked_token_is_recovered() {
    with_rig(|world| {
        let session = world.identity(&world.stack.users.alice).session();
        let (volumes, identity) =
            (session.clone().at(Endpoint::of("volumev3")), session.at(Endpoint::of("identity")));
        assert_eq!(seen(&volumes)["x-identity-status"], "Confirmed");
        let token = headers_lent(&identity)["x-auth-token"].clone();
        let revoke = Request::delete("/auth/tokens").header("X-Subject-Token", token);
        let revoked = send(&identity, revoke.body(String::new()).unwrap()).unwrap();
        assert_eq!(revoked.status, StatusCode::NO_CONTENT);
        assert_eq!(seen(&volumes)["x-identity-status"], "Confirmed", "refused once, renewed, and well");
    });
}

#[test]
fn a_service_user_without_the_role_is_told_so() {
    with_rig(|world| {
        let context = world.context();
        let norole = world.identity(&world.stack.users.norole);
        let failure_told = failure(get(&context.session(world).vouched_by(&norole)));
        let Failure::ServiceRoleMissing { wanted, .. } = &failure_told else { panic!("{failure_told:?}") };
        assert_eq!(wanted, &["service"]);
        // Had it been sent: the real middleware refuses even a fresh user's token beside it.
        let forced =
            context.session(world).vouched_with(&norole, |vouching| vouching.roles(["member", "reader"]));
        assert_eq!(get(&forced).unwrap().status, StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn an_outage_of_keystone_is_waited_out() {
    let mut rig = RIG.write().unwrap_or_else(PoisonError::into_inner);
    let stack = rig.stack.clone();
    let world = World::new(&stack);
    let session = world.identity(&stack.users.alice).session().at(Endpoint::of("volumev3"));
    rig.stop_keystone().unwrap();
    std::thread::scope(|scope| {
        let call = scope.spawn(|| seen(&session));
        std::thread::sleep(Duration::from_secs(1));
        rig.start_keystone().unwrap();
        assert_eq!(call.join().unwrap()["x-identity-status"], "Confirmed");
    });
}
