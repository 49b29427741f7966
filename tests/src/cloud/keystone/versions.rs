//! Keystone's version documents.

use serde_json::{Value, json};

use super::Keystone;
use crate::cloud::service::Service;

impl Keystone {
    /// `GET /`: all versions.
    pub(crate) fn versions(&self) -> Value {
        let mut values = vec![self.version_3()];
        if self.has_v2 {
            values.push(self.version_2());
        }
        json!({"versions": {"values": values}})
    }

    /// `GET /v3`.
    pub(crate) fn version(&self) -> Value {
        json!({"version": self.version_3()})
    }

    fn version_2(&self) -> Value {
        json!({
            "id": "v2.0",
            "status": "deprecated",
            "updated": "2016-08-04T00:00:00Z",
            "links": [{"rel": "self", "href": format!("{}/v2.0/", self.origin(Service::Identity))}],
            "media-types": [{
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v2.0+json",
            }],
        })
    }

    fn version_3(&self) -> Value {
        json!({
            "id": "v3.14",
            "status": "stable",
            "updated": "2020-04-07T00:00:00Z",
            "links": [{"rel": "self", "href": self.url("/")}],
            "media-types": [{
                "base": "application/json",
                "type": "application/vnd.openstack.identity-v3+json",
            }],
        })
    }
}
