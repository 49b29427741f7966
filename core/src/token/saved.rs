//! The catalog of a description that is written out: in the shape of Identity API v3.

use serde::{Serialize, Serializer};

use crate::{Catalog, Interface, ListedEndpoint, ListedService};

#[derive(Serialize)]
struct Service<'a> {
    r#type: &'a str,
    name: &'a str,
    endpoints: Vec<Endpoint<'a>>,
}

#[derive(Serialize)]
struct Endpoint<'a> {
    interface: &'static str,
    /// Under both names that Keystone gives it.
    region: Option<&'a str>,
    region_id: Option<&'a str>,
    url: &'a str,
}

impl Serialize for Catalog {
    fn serialize<S: Serializer>(&self, ser: S) -> Result<S::Ok, S::Error> {
        ser.collect_seq(self.services.iter().map(service))
    }
}

fn service(service: &ListedService) -> Service<'_> {
    let endpoints = service.endpoints.iter().map(endpoint).collect();
    Service { r#type: &service.kind, name: &service.name, endpoints }
}

fn endpoint(endpoint: &ListedEndpoint) -> Endpoint<'_> {
    let interface = match endpoint.interface {
        Interface::Public => "public",
        Interface::Internal => "internal",
        Interface::Admin => "admin",
    };
    let region = endpoint.region.as_deref();
    Endpoint { interface, region, region_id: region, url: &endpoint.url }
}
