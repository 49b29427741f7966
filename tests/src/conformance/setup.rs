//! A scenario's cloud, and who can act there.

use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};

use super::Unable;
use super::deed::World;
use super::driver::{Client, Login, Method, Place, Planned, Proof};
use super::scenario::{ClockKind, CloudSettings, Identity, Scenario, Session};
use super::step::Body;
use super::time::{Time, micros, span};
use crate::cloud::{Clock, Cloud, Service, Settings};

/// When time stands still, it is now.
const NOON: i64 = 1_772_366_400;

/// The session that the script makes its own preparations with.
const NOBODY: &str = "(nobody)";

/// A cloud as the scenario wants it, and the time there.
pub(super) fn cloud(settings: &CloudSettings, kind: ClockKind) -> Result<(Arc<World>, Time), Unable> {
    let clock = match kind {
        ClockKind::Manual => Clock::manual(DateTime::from_timestamp(NOON, 0).unwrap_or_default()),
        ClockKind::Real => Clock::real(),
    };
    let ahead = Arc::new(AtomicI64::new(micros(settings.ahead)));
    let time = Time::new(clock.clone(), kind, Arc::clone(&ahead));
    let cloud = Cloud::start(Settings {
        clock,
        token_life: span(settings.token_life),
        allow_expired_window: span(settings.window),
        service_token_roles: settings.service_token_roles.clone(),
        ..Settings::default()
    });
    let cloud = cloud.map_err(|error| Unable(error.to_string()))?;
    Ok((Arc::new(World { cloud, ahead, tokens: Mutex::default() }), time))
}

/// Makes a client known to whom the scenario names.
pub(super) fn introduce(scenario: &Scenario, world: &World, client: &Arc<dyn Client>) -> Result<(), Unable> {
    client.session(NOBODY, &Session::default(), Place::Address(world.cloud.auth_url()))?;
    let mut needed: Vec<(String, Identity)> = scenario.identities.clone().into_iter().collect();
    for session in scenario.sessions.values() {
        let service = session.vouched_by.as_ref().map(|by| &by.identity);
        for name in session.identity.iter().chain(service) {
            if !needed.iter().any(|(known, _)| known == name) {
                needed.push((name.clone(), Identity::password_of(name)));
            }
        }
    }
    for (name, identity) in &needed {
        for name in names(name, copies(identity)) {
            client.identity(&name, proof(&name, identity, world, client)?)?;
        }
    }
    for (name, session) in &scenario.sessions {
        let copies = session.identity.as_ref().and_then(|of| copies(scenario.identities.get(of)?));
        let of = session.identity.iter().flat_map(|of| names(of, copies));
        let mut sessions: Vec<Session> =
            of.map(|of| Session { identity: Some(of), ..session.clone() }).collect();
        if sessions.is_empty() {
            sessions.push(session.clone());
        }
        for (name, session) in names(name, copies).iter().zip(&sessions) {
            client.session(name, session, place(session, world)?)?;
        }
    }
    Ok(())
}

/// The names of a thing's copies, if there are several.
pub(super) fn names(name: &str, copies: Option<usize>) -> Vec<String> {
    match copies {
        Some(copies) => (0..copies).map(|n| format!("{name}/{n}")).collect(),
        None => vec![name.to_owned()],
    }
}

pub(super) fn copies(identity: &Identity) -> Option<usize> {
    match identity {
        Identity::Borrowed { copies, .. } => *copies,
        _ => None,
    }
}

fn place(session: &Session, world: &World) -> Result<Place, Unable> {
    let service = Service::from(session.at);
    match session.by_catalog {
        true => Ok(Place::Catalog(service.service_type())),
        false => Ok(Place::Address(world.cloud.endpoint(service, "demo")?)),
    }
}

/// What an identity proves itself with, as of now.
pub(super) fn proof(
    name: &str,
    identity: &Identity,
    world: &World,
    client: &Arc<dyn Client>,
) -> Result<Proof, Unable> {
    let cloud = &world.cloud;
    let auth_url = cloud.auth_url();
    let (method, uses) = match identity {
        Identity::Password { user, password, uses } => {
            let account = cloud.credentials(user)?;
            let method = Method::Password {
                user_id: account.user_id,
                password: password.clone().unwrap_or(account.password),
                project_id: account.project_id.unwrap_or_default(),
            };
            (method, *uses)
        }
        Identity::ApplicationCredential { user } => (application_credential(user, world, client)?, None),
        Identity::Exchange { user, life } => {
            let token = issue(name, user, *life, world)?;
            (Method::Exchange { token, project_id: cloud.project_id("demo")? }, None)
        }
        Identity::Borrowed { user, life, told, copies: _ } => {
            let token = issue(name, user, *life, world)?;
            // Keystone cuts the end to a whole second.
            let end = (cloud.now() + span(*life)).duration_trunc(TimeDelta::seconds(1));
            let expires_at: Option<DateTime<Utc>> = end.ok().filter(|_| *told);
            let project_id = cloud.project_id("demo")?;
            return Ok(Proof::Borrowed { token, expires_at, project_id });
        }
    };
    Ok(Proof::Login(Login { auth_url, method, uses }))
}

fn issue(name: &str, user: &str, life: f64, world: &World) -> Result<String, Unable> {
    let token = world.cloud.issue_token(user, "demo", span(life))?;
    world.note_token(name, &token);
    Ok(token)
}

/// Has a user make one, over the wire.
fn application_credential(user: &str, world: &World, client: &Arc<dyn Client>) -> Result<Method, Unable> {
    let token = world.cloud.issue_token(user, "demo", Duration::from_secs(60))?;
    let body = json!({"application_credential": {"name": "conformance"}}).to_string();
    let planned = Planned {
        session: NOBODY.to_owned(),
        after: Duration::ZERO,
        method: "POST".to_owned(),
        path: format!("/users/{}/application_credentials", world.cloud.credentials(user)?.user_id),
        headers: vec![("X-Auth-Token".into(), token), ("Content-Type".into(), "application/json".into())],
        body: Some(Body::of(body)),
    };
    let ended = client.calls(vec![planned]).pop();
    let made = ended.and_then(|ended| serde_json::from_slice::<Value>(&ended.body).ok());
    let text = |member: &str| Some(made.as_ref()?["application_credential"][member].as_str()?.to_owned());
    match (text("id"), text("secret")) {
        (Some(id), Some(secret)) => Ok(Method::ApplicationCredential { id, secret }),
        _ => Err(Unable(format!("{user} could not make an application credential"))),
    }
}

impl Identity {
    fn password_of(user: &str) -> Self {
        Self::Password { user: user.to_owned(), password: None, uses: None }
    }
}
