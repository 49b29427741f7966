//! The service catalog, in the two shapes in which OpenStack passes it around.

use serde::{Deserialize, Serialize};

use crate::error::InputError;

/// Where the services of a cloud are, as Keystone lists them in a token.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq)]
#[serde(from = "Vec<RawService>", into = "Vec<ListedService>")]
pub struct Catalog {
    /// The services, in Keystone's order.
    pub services: Vec<ListedService>,
}

/// A service in the catalog.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct ListedService {
    /// The type, such as `compute`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The name, such as `nova`; empty where the catalog has none.
    pub name: String,
    /// Its endpoints, one for each region and interface.
    pub endpoints: Vec<ListedEndpoint>,
}

/// One address of a service.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct ListedEndpoint {
    /// Which network it serves.
    pub interface: Interface,
    /// Its region.
    pub region: Option<String>,
    /// The address.
    pub url: String,
}

/// The network that an endpoint serves.
#[derive(Clone, Copy, Debug, Serialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Interface {
    /// For users.
    Public,
    /// For the services of the cloud among themselves.
    Internal,
    /// For operators.
    Admin,
}

impl Interface {
    /// Reads `public` or `publicURL`, and so on; other interfaces are nobody's business.
    fn named(name: &str) -> Option<Self> {
        match name.strip_suffix("URL").unwrap_or(name) {
            "public" => Some(Self::Public),
            "internal" => Some(Self::Internal),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

impl Catalog {
    /// Reads a catalog that was handed over with a borrowed token: the `catalog` of a v3 token,
    /// or the `X-Service-Catalog` header that `keystonemiddleware.auth_token` sets, which has
    /// the shape of Identity API v2.0.
    ///
    /// # Errors
    /// [`InputError::Catalog`] if it is not JSON of that shape.
    pub fn from_json(json: &[u8]) -> Result<Self, InputError> {
        serde_json::from_slice(json).map_err(|_| InputError::Catalog)
    }
}

impl From<Catalog> for Vec<ListedService> {
    fn from(catalog: Catalog) -> Self {
        catalog.services
    }
}

#[derive(Deserialize)]
struct RawService {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    endpoints: Vec<RawEndpoint>,
}

/// An endpoint of either shape: v3 has one address and its interface, v2.0 one for each interface.
#[derive(Default, Deserialize)]
#[serde(default)]
struct RawEndpoint {
    region: Option<String>,
    region_id: Option<String>,
    interface: Option<String>,
    url: Option<String>,
    #[serde(rename = "publicURL")]
    public: Option<String>,
    #[serde(rename = "internalURL")]
    internal: Option<String>,
    #[serde(rename = "adminURL")]
    admin: Option<String>,
}

impl RawEndpoint {
    fn listed(self) -> impl Iterator<Item = ListedEndpoint> {
        let region = self.region_id.or(self.region);
        let v3 = self.interface.as_deref().and_then(Interface::named);
        [
            (v3, self.url),
            (Some(Interface::Public), self.public),
            (Some(Interface::Internal), self.internal),
            (Some(Interface::Admin), self.admin),
        ]
        .into_iter()
        .filter_map(move |(interface, url)| {
            let url = url.filter(|url| !url.is_empty())?;
            Some(ListedEndpoint { interface: interface?, region: region.clone(), url })
        })
    }
}

impl From<Vec<RawService>> for Catalog {
    fn from(raw: Vec<RawService>) -> Self {
        let services = raw
            .into_iter()
            .map(|service| ListedService {
                kind: service.kind,
                name: service.name.unwrap_or_default(),
                endpoints: service.endpoints.into_iter().flat_map(RawEndpoint::listed).collect(),
            })
            .collect();
        Self { services }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_say_the_same() {
        let v3 = br#"[{"type":"image","name":"glance","id":"1","endpoints":[
            {"id":"a","interface":"public","region":"R","region_id":"R","url":"http://p"},
            {"id":"b","interface":"admin","region":"R","region_id":"R","url":"http://a"},
            {"id":"c","interface":"secret","region":"R","url":"http://s"},
            {"id":"d","interface":"internal","region":"R","url":""}]}]"#;
        let v2 = br#"[{"type":"image","name":"glance","endpoints":[
            {"region":"R","publicURL":"http://p","adminURL":"http://a"}]}]"#;
        let catalog = Catalog::from_json(v3).unwrap();
        assert_eq!(catalog, Catalog::from_json(v2).unwrap());
        assert_eq!(catalog.services[0].endpoints.len(), 2);
    }

    #[test]
    fn what_is_no_catalog_is_said_to_be_none() {
        for text in ["", "{}", "[1]", r#"[{"name":"no type"}]"#, "<html>"] {
            assert_eq!(Catalog::from_json(text.as_bytes()), Err(InputError::Catalog), "{text}");
        }
        assert_eq!(Catalog::from_json(b"[]").unwrap(), Catalog::default());
    }
}
