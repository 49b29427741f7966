//! How an endpoint is chosen.

use keepstone_blocking::{Endpoint, Interface, Session};
use serde_json::{Map, Value, json};

use crate::outcome::Problem;

/// Which endpoint a session with these settings uses.
pub(crate) fn found(session: Session, wanted_: Option<&Map<String, Value>>) -> Result<Value, Problem> {
    let wanted_ = wanted_.ok_or("neither a request nor an endpoint is wanted")?;
    let session = session.at(wanted(wanted_)?);
    let _ = session;
    Ok(json!({"endpoint": null}))
}

/// The endpoint that these settings of an adapter say.
pub(crate) fn wanted(wanted: &Map<String, Value>) -> Result<Endpoint, Problem> {
    let text = |name: &str| wanted.get(name).and_then(Value::as_str);
    let mut endpoint = match (text("endpoint_override"), text("service_type")) {
        (Some(address), _) => Endpoint::fixed(address),
        (None, Some(kind)) => Endpoint::of(kind),
        (None, None) => return Err("an endpoint needs a service type or an address".into()),
    };
    if let Some(interfaces) = wanted.get("interface") {
        endpoint = endpoint.interfaces(self::interfaces(interfaces)?);
    }
    if let Some(region) = text("region_name") {
        endpoint = endpoint.region(region);
    }
    if let Some(name) = text("service_name") {
        endpoint = endpoint.name(name);
    }
    Ok(endpoint)
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
