//! Keystone's version documents.

use serde_json::{Value, json};

use super::Keystone;

impl Keystone {
    /// `GET /`: all versions.
    pub(crate) fn versions(&self) -> Value {
        json!({"versions": {"values": [self.version_3()]}})
    }

    /// `GET /v3`.
    pub(crate) fn version(&self) -> Value {
        json!({"version": self.version_3()})
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
