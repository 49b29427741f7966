//! How an endpoint is chosen.

use keepstone_blocking::{Endpoint, EndpointError, Error, Failure, Interface, Session};
use serde_json::{Map, Value, json};

use crate::outcome::Problem;

/// Which endpoint a session with these settings uses.
pub(crate) fn found(session: Session, settings: Option<&Map<String, Value>>) -> Result<Value, Problem> {
    let settings = settings.ok_or("neither a request nor an endpoint is wanted")?;
    let session = session.at(wanted(settings)?);
    let asks = settings.get("discover").and_then(Value::as_bool).unwrap_or(true);
    let url = if asks { session.endpoint().map(|found| found.url) } else { session.endpoint_url() };
    match url {
        Ok(url) => Ok(json!({"endpoint": url})),
        Err(Error::Failure(Failure::Endpoint(EndpointError::NotListed { .. }))) => {
            Ok(json!({"endpoint": null}))
        }
        Err(error) => Err(error.into()),
    }
}

/// The endpoint that these settings of an adapter say.
pub(crate) fn wanted(settings: &Map<String, Value>) -> Result<Endpoint, Problem> {
    let text = |name: &str| settings.get(name).and_then(Value::as_str);
    let mut endpoint = match (text("endpoint_override"), text("service_type")) {
        (Some(address), _) => Endpoint::fixed(address),
        (None, Some(kind)) => Endpoint::of(kind),
        (None, None) => return Err("an endpoint needs a service type or an address".into()),
    };
    if let Some(interfaces) = settings.get("interface").filter(|given| !given.is_null()) {
        endpoint = endpoint.interfaces(self::interfaces(interfaces)?);
    }
    if let Some(region) = text("region_name") {
        endpoint = endpoint.region(region);
    }
    if let Some(name) = text("service_name") {
        endpoint = endpoint.name(name);
    }
    if let Some(allowed) = settings.get("allow_version_hack").and_then(Value::as_bool) {
        endpoint = endpoint.version_hack(allowed);
    }
    match (text("version"), text("min_version"), text("max_version")) {
        (None, None, None) => Ok(endpoint),
        (Some(version), None, None) => Ok(endpoint.version(version)),
        (None, Some(min), Some(max)) => Ok(endpoint.versions(min, max)),
        (None, Some(min), None) => Ok(endpoint.min_version(min)),
        (None, None, Some(max)) => Ok(endpoint.max_version(max)),
        _ => Err("a version and a range of versions are wanted".into()),
    }
}

fn interfaces(given: &Value) -> Result<Vec<Interface>, Problem> {
    let names: Vec<&str> = match given {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let interface = |name: &str| match name.strip_suffix("URL").unwrap_or(name) {
        "public" => Ok(Interface::Public),
        "internal" => Ok(Interface::Internal),
        "admin" => Ok(Interface::Admin),
        other => Err(format!("`{other}` is no interface").into()),
    };
    names.into_iter().map(interface).collect()
}
