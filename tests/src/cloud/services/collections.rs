//! Volume, network and image: collections of resources, in memory.

use std::collections::BTreeMap;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Call;
use crate::cloud::{
    service::Service,
    wire::{self, Reply},
};

/// All resources: by collection (service, project, name), then by id.
#[derive(Debug, Default)]
pub(crate) struct Resources(BTreeMap<(Service, String, String), Members>);

/// The resources of one collection, by id.
type Members = BTreeMap<String, Value>;

/// A collection, and how its API writes it.
struct Collection {
    service: Service,
    plural: &'static str,
    /// The key around one resource; images have none.
    singular: Option<&'static str>,
    created: StatusCode,
    /// The method that changes a resource; the body holds what changes (no JSON patch).
    changed_by: Method,
}

const COLLECTIONS: [Collection; 4] = [
    Collection {
        service: Service::Volume,
        plural: "volumes",
        singular: Some("volume"),
        created: StatusCode::ACCEPTED,
        changed_by: Method::PUT,
    },
    Collection {
        service: Service::Network,
        plural: "networks",
        singular: Some("network"),
        created: StatusCode::CREATED,
        changed_by: Method::PUT,
    },
    Collection {
        service: Service::Network,
        plural: "ports",
        singular: Some("port"),
        created: StatusCode::CREATED,
        changed_by: Method::PUT,
    },
    Collection {
        service: Service::Image,
        plural: "images",
        singular: None,
        created: StatusCode::CREATED,
        changed_by: Method::PATCH,
    },
];

/// The longest body of an API call.
const LONGEST: u64 = 1 << 20;

pub(crate) async fn answer(call: Call) -> Reply {
    let project = wire::get(&call.head.headers, "x-project-id").unwrap_or_default().to_owned();
    let segments = wire::segments(&call.head);
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let path = match (call.service, segments.as_slice()) {
        (Service::Volume, ["v3", of, path @ ..]) if *of == project => path,
        (Service::Volume, ["v3", ..]) => {
            return wire::json(
                StatusCode::BAD_REQUEST,
                &json!({"badRequest": {"code": 400, "message": "Malformed request url"}}),
            );
        }
        (Service::Network, ["v2.0", path @ ..]) | (Service::Image, ["v2", path @ ..]) => path,
        _ => return wire::no_route(),
    };
    let [name, path @ ..] = path else {
        return wire::no_route();
    };
    let mut known = COLLECTIONS.iter();
    let known = known.find(|it| it.service == call.service && it.plural == *name);
    let Some(collection) = known else {
        return wire::no_route();
    };
    if let (Method::PUT, Service::Image, [id, "file"]) = (call.head.method.clone(), call.service, path) {
        let id = (*id).to_owned();
        return take_file(call, project, &id).await;
    }
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    collection.answer(call, project, &path).await
}

impl Collection {
    async fn answer(&self, call: Call, project: String, path: &[String]) -> Reply {
        let count = call.count();
        let Call { shared, head, body, .. } = call;
        let body = wire::read_body(body, shared.settings.client_timeout, LONGEST, count).await;
        let given = match body.map(|bytes| self.unwrap(&bytes)) {
            Ok(given) => given,
            Err(_) => return wire::empty(StatusCode::BAD_REQUEST),
        };
        let new_id = shared.keystone().dice.id();
        let mut resources = shared.resources();
        let key = (self.service, project, self.plural.to_owned());
        let members = resources.0.entry(key).or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match (&head.method, path.as_slice()) {
            (&Method::GET, [] | ["detail"]) => {
                let all: Vec<_> = members.values().collect();
                wire::json(StatusCode::OK, &json!({self.plural: all}))
            }
            (&Method::POST, []) => self.create(members, new_id, given),
            (&Method::GET, [id]) => match members.get(*id) {
                Some(member) => wire::json(StatusCode::OK, &self.wrap(member)),
                None => wire::empty(StatusCode::NOT_FOUND),
            },
            (method, [id]) if *method == self.changed_by => self.change(members, id, given),
            (&Method::DELETE, [id]) => match members.remove(*id) {
                Some(_) => wire::empty(StatusCode::NO_CONTENT),
                None => wire::empty(StatusCode::NOT_FOUND),
            },
            _ => wire::no_route(),
        }
    }

    fn create(&self, members: &mut Members, id: String, given: Option<Map<String, Value>>) -> Reply {
        let Some(mut given) = given else { return wire::empty(StatusCode::BAD_REQUEST) };
        given.insert("id".into(), json!(id));
        let member = Value::Object(given);
        let reply = wire::json(self.created, &self.wrap(&member));
        members.insert(id, member);
        reply
    }

    fn change(&self, members: &mut Members, id: &str, given: Option<Map<String, Value>>) -> Reply {
        let Some(Value::Object(member)) = members.get_mut(id) else {
            return wire::empty(StatusCode::NOT_FOUND);
        };
        let Some(given) = given else { return wire::empty(StatusCode::BAD_REQUEST) };
        member.extend(given.into_iter().filter(|(key, _)| key != "id"));
        wire::json(StatusCode::OK, &self.wrap(&Value::Object(member.clone())))
    }

    fn wrap(&self, resource: &Value) -> Value {
        self.singular.map_or_else(|| resource.clone(), |key| json!({key: resource}))
    }

    fn unwrap(&self, body: &[u8]) -> Option<Map<String, Value>> {
        let mut body: Value = serde_json::from_slice(body).ok()?;
        let resource = match self.singular {
            Some(key) => body.get_mut(key)?.take(),
            None => body,
        };
        match resource {
            Value::Object(resource) => Some(resource),
            _ => None,
        }
    }
}

/// `PUT /v2/images/{id}/file`: takes the data, keeps its length.
async fn take_file(call: Call, project: String, id: &str) -> Reply {
    let key = (Service::Image, project, "images".to_owned());
    let there = |resources: &Resources| resources.0.get(&key).is_some_and(|images| images.contains_key(id));
    if !there(&call.shared.resources()) {
        wire::drain(call.body, count_nothing).await;
        return wire::empty(StatusCode::NOT_FOUND);
    }
    let mut count = call.count();
    let mut length = 0_u64;
    let whole = wire::drain(call.body, |bytes| {
        length += bytes as u64;
        count(bytes);
    });
    if !whole.await {
        return wire::empty(StatusCode::BAD_REQUEST);
    }
    let mut resources = call.shared.resources();
    if let Some(image) = resources.0.get_mut(&key).and_then(|images| images.get_mut(id)) {
        image["size"] = json!(length);
        image["status"] = json!("active");
    }
    wire::empty(StatusCode::NO_CONTENT)
}

fn count_nothing(_: usize) {}
