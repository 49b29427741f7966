//! What the catalog says of an endpoint.

use super::catalog::{Catalog, Interface, ListedEndpoint, ListedService};
use super::discovery::{Status, VersionData};
use super::endpoint::EndpointError;
use super::types::Names;
use super::url::Parts;
use super::version::Version;

/// What to look for in the catalog.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Listing {
    pub(super) kind: String,
    pub(super) name: Option<String>,
    pub(super) region: Option<String>,
    pub(super) interfaces: Vec<Interface>,
}

/// An endpoint that was found, and what is known of it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EndpointData {
    /// Its address.
    pub url: String,
    /// The service type, as the catalog has it.
    pub service_type: Option<String>,
    /// The service's name.
    pub service_name: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// The network.
    pub interface: Option<Interface>,
    /// The version of the API there, from its document or else from the address.
    pub version: Option<Version>,
    /// Whether to build on that version; `None` where nobody asked.
    pub status: Option<Status>,
    /// The oldest microversion that it speaks, if any is known.
    pub min_microversion: Option<Version>,
    /// The newest microversion that it speaks.
    pub max_microversion: Option<Version>,
    /// The oldest microversion that it will speak after the next change of that.
    pub next_min_version: Option<Version>,
    /// The date before which that will not change.
    pub not_before: Option<String>,
}

impl Listing {
    pub(super) fn find(&self, catalog: Option<&Catalog>) -> Result<EndpointData, EndpointError> {
        let Some(catalog) = catalog.filter(|catalog| !catalog.services.is_empty()) else {
            return Err(EndpointError::NoCatalog { wanted: self.kind.clone() });
        };
        // The published names are looked through only if the name as it stands leads nowhere.
        let (service, endpoint) = self
            .first(catalog, |kind| (kind == self.kind).then_some(0))
            .or_else(|| {
                let names = Names::of(&self.kind);
                self.first(catalog, |kind| names.rank(kind))
            })
            .ok_or_else(|| self.not_listed(catalog))?;
        Ok(EndpointData {
            service_type: Some(service.kind.clone()),
            service_name: Some(service.name.clone()).filter(|name| !name.is_empty()),
            region: endpoint.region.clone(),
            interface: Some(endpoint.interface),
            ..EndpointData::at(endpoint.url.clone())
        })
    }

    /// Of the services of the best type that has any, the first endpoint on the best interface.
    fn first<'a>(
        &self,
        catalog: &'a Catalog,
        rank: impl Fn(&str) -> Option<usize>,
    ) -> Option<(&'a ListedService, &'a ListedEndpoint)> {
        let preference = |endpoint: &ListedEndpoint| match self.interfaces.as_slice() {
            [] => (endpoint.interface == Interface::Public).then_some(0),
            wanted => wanted.iter().position(|wanted| *wanted == endpoint.interface),
        };
        // A catalog without names cannot be searched by name.
        let named = |service: &ListedService| {
            service.name.is_empty() || self.name.as_ref().is_none_or(|name| *name == service.name)
        };
        catalog
            .services
            .iter()
            .filter(|service| named(service))
            .filter_map(|service| Some((rank(&service.kind)?, service)))
            .flat_map(|(rank, service)| {
                service.endpoints.iter().map(move |endpoint| (rank, service, endpoint))
            })
            .filter(|(_, _, endpoint)| self.region.is_none() || self.region == endpoint.region)
            .filter_map(|(rank, service, endpoint)| Some((rank, preference(endpoint)?, service, endpoint)))
            .min_by_key(|(rank, preference, ..)| (*rank, *preference))
            .map(|(_, _, service, endpoint)| (service, endpoint))
    }

    /// Says what there is instead: other endpoints of the type, else the other types.
    fn not_listed(&self, catalog: &Catalog) -> EndpointError {
        let names = Names::of(&self.kind);
        let mut near: Vec<String> = catalog
            .services
            .iter()
            .filter(|service| names.rank(&service.kind).is_some())
            .flat_map(|service| service.endpoints.iter().map(move |endpoint| (service, endpoint)))
            .map(|(service, endpoint)| {
                let region = endpoint.region.as_deref().unwrap_or("no region");
                format!("{} {:?} in {region}", service.name, endpoint.interface)
            })
            .collect();
        if near.is_empty() {
            near = catalog.services.iter().map(|service| service.kind.clone()).collect();
        }
        EndpointError::NotListed { wanted: self.describe(), listed: near.join(", ") }
    }

    fn describe(&self) -> String {
        let mut text = format!("`{}` {:?}", self.kind, self.interfaces);
        for (word, value) in [("named", &self.name), ("in region", &self.region)] {
            if let Some(value) = value {
                text.push_str(&format!(" {word} `{value}`"));
            }
        }
        text
    }
}

impl EndpointData {
    pub(super) fn at(url: String) -> Self {
        Self {
            version: version_in(&url),
            url,
            service_type: None,
            service_name: None,
            region: None,
            interface: None,
            status: None,
            min_microversion: None,
            max_microversion: None,
            next_min_version: None,
            not_before: None,
        }
    }

    /// The same service, in a version that it offers.
    pub(crate) fn in_version(self, url: String, data: &VersionData) -> Self {
        Self {
            url,
            version: Some(data.version.clone()),
            status: Some(data.status),
            min_microversion: data.min_microversion.clone(),
            max_microversion: data.max_microversion.clone(),
            next_min_version: data.next_min_version.clone(),
            not_before: data.not_before.clone(),
            ..self
        }
    }
}

/// The version that an address shows. There it begins with a `v`: a number alone may be anything.
fn version_in(address: &str) -> Option<Version> {
    let mut segments = Parts::of(address).path.rsplit('/').filter(|segment| segment.starts_with('v'));
    segments.find_map(|segment| segment.parse().ok())
}
