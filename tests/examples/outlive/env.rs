//! The `OS_*` variables of a real cloud: what they ask for, or which one is missing.

use std::env;
use std::error::Error;

use keepstone_blocking::{Credential, DomainRef, Endpoint, Interface, ProjectRef, Scope, UserRef};

use crate::transport::Network;

/// A variable that is not set.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not set: source your cloud's openrc file first, or leave --real out")]
struct Missing(String);

/// Who to be.
pub(crate) fn credential() -> Result<Credential, Box<dyn Error>> {
    let auth_url = need("OS_AUTH_URL")?;
    if let Some(id) = get("OS_APPLICATION_CREDENTIAL_ID") {
        let secret = need("OS_APPLICATION_CREDENTIAL_SECRET")?;
        return Ok(Credential::application_credential(&auth_url, id, secret)?);
    }
    let user = match get("OS_USER_ID") {
        Some(id) => UserRef::id(id),
        None => UserRef::named(need_either("OS_USERNAME", "OS_USER_ID")?, domain("OS_USER_DOMAIN")),
    };
    let project = match get("OS_PROJECT_ID") {
        Some(id) => ProjectRef::Id { id },
        None => ProjectRef::Name {
            name: need_either("OS_PROJECT_NAME", "OS_PROJECT_ID")?,
            domain: domain("OS_PROJECT_DOMAIN"),
        },
    };
    let credential = Credential::password(&auth_url, user, need("OS_PASSWORD")?)?;
    Ok(credential.scope(Scope::Project(project)))
}

/// A service of this type, in the region and on the interface that are asked for.
pub(crate) fn endpoint(service: &str) -> Result<Endpoint, Box<dyn Error>> {
    let endpoint = Endpoint::of(service);
    let endpoint = match get("OS_REGION_NAME") {
        Some(region) => endpoint.region(region),
        None => endpoint,
    };
    let interface = match get("OS_INTERFACE").as_deref().map(|name| name.trim_end_matches("URL")) {
        None | Some("public") => Interface::Public,
        Some("internal") => Interface::Internal,
        Some("admin") => Interface::Admin,
        Some(other) => return Err(format!("OS_INTERFACE is `{other}`: say public, internal or admin").into()),
    };
    Ok(endpoint.interfaces([interface]))
}

/// How to get there.
pub(crate) fn network() -> Result<Network, Box<dyn Error>> {
    let read = |path: String| std::fs::read(&path).map_err(|error| format!("OS_CACERT, {path}: {error}"));
    Ok(Network { authority: get("OS_CACERT").map(read).transpose()?, proxy: true })
}

/// A domain by its id or its name; the one that every cloud begins with if neither is said.
fn domain(prefix: &str) -> DomainRef {
    let by_id = get(&format!("{prefix}_ID")).map(DomainRef::Id);
    let by_name = || get(&format!("{prefix}_NAME")).map(DomainRef::Name);
    by_id.or_else(by_name).unwrap_or_else(|| DomainRef::Id("default".to_owned()))
}

/// A variable; set to nothing is the same as not set.
fn get(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

fn need(name: &str) -> Result<String, Missing> {
    get(name).ok_or_else(|| Missing(name.to_owned()))
}

fn need_either(name: &str, other: &str) -> Result<String, Missing> {
    get(name).ok_or_else(|| Missing(format!("{name} (or {other})")))
}
