//! What comes of a case.

use std::error::Error;

use http::Request;
use keepstone_blocking::token::Description;
use keepstone_blocking::{Borrowed, Client, Identity, Session};
use serde_json::{Value, json};

use crate::answerer::Answerer;
use crate::command::{Access, Command, Extra, Login};
use crate::endpoint;
use crate::methods::{self, Made};
use crate::world;

pub(crate) type Problem = Box<dyn Error + Send + Sync>;

pub(crate) fn of(command: &Command) -> Result<Value, Problem> {
    let Extra { tls, service, times, .. } = &command.login.extra;
    let client = world::client(tls)?;
    let user = identity(&client, &command.login)?;
    let mut session = user.session().deadline(std::time::Duration::from_secs(30)).retries(0);
    if let Some(service) = service {
        session =
            session.vouched_with(&identity(&client, service)?, |rules| rules.roles(["member", "service"]));
    }
    let Some(get) = &command.get else {
        return endpoint::found(session, command.endpoint.as_ref());
    };
    if let Some(wanted) = &command.endpoint {
        session = session.at(endpoint::wanted(wanted)?);
    }
    let mut status = 0;
    for _ in 0..times.unwrap_or(1) {
        status = send(&session, get)?;
    }
    Ok(json!({"status": status}))
}

fn send(session: &Session, get: &str) -> Result<u16, Problem> {
    Ok(session.send(Request::get(get).body(())?)?.status().as_u16())
}

fn identity(client: &Client, login: &Login) -> Result<Identity, Problem> {
    if let Some(access) = &login.extra.access {
        return Ok(client.borrow(handed_in(access)?)?);
    }
    // A token that came as it is and is vouched for is somebody's, not the cloud's own.
    if let ("admin_token", Some(_)) = (login.auth_type.as_str(), &login.extra.service) {
        return Ok(client.borrow(Borrowed::new(login.options.need("token")?))?);
    }
    match methods::make(login)? {
        Made::Fixed(fixed) => Ok(client.fixed(fixed)?),
        Made::Login(credential) => {
            let answerer = Answerer::new(&login.extra);
            Ok(client.identity_asking(*credential, move |inquiry| answerer.answer(inquiry))?)
        }
    }
}

fn handed_in(access: &Access) -> Result<Borrowed, Problem> {
    let description: Description = serde_json::from_value(access.body["token"].clone())?;
    Ok(Borrowed::new(access.token.as_str()).described(description))
}
