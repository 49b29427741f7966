//! Which endpoint a call goes to.

mod error;

use http::Uri;

pub use error::EndpointError;

use super::catalog::{Catalog, Interface};
use super::demand::Demand;
use super::discovery::{Allow, Range};
use super::listing::{EndpointData, Listing};

/// Where a service is: found in the catalog, or stated; and in which version.
///
/// Tokens go where it says: a catalog is Keystone's word, and a stated address is yours. What a
/// service answers moves them nowhere else. Only a demand for a version makes anybody ask.
///
/// ```
/// use keepstone_core::{Endpoint, Interface};
/// let volumes = Endpoint::of("block-storage")
///     .interfaces([Interface::Internal, Interface::Public])
///     .region("RegionOne")
///     .version("3")
///     .microversion("3.27");
/// let by_hand = Endpoint::fixed("http://10.0.0.2:8776/v3/%(project_id)s");
/// # let _ = (volumes, by_hand);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Endpoint {
    place: Place,
    pub(crate) demand: Demand,
    pub(crate) allow: Allow,
    /// Whether an address may be guessed by taking the version off the catalog's.
    hack: bool,
    pub(crate) microversion: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
enum Place {
    /// Look it up in the catalog.
    Listed(Listing),
    /// Where the user's token is from.
    Keystone,
    /// Use this address, after filling in `%(project_id)s` and `%(user_id)s`.
    Fixed { template: String, kind: Option<String> },
}

/// Whose ids go into an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) project: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
    /// The Keystone that gave out the token.
    pub(crate) issuer: Option<&'a Uri>,
}

impl Endpoint {
    /// A service of this type or of one of its other names (`block-storage` and `volumev3`), public
    /// interface, any region and name.
    pub fn of(service_type: impl Into<String>) -> Self {
        Self::at(Place::Listed(Listing {
            kind: service_type.into(),
            name: None,
            region: None,
            interfaces: vec![Interface::Public],
        }))
    }

    /// This address. `%(project_id)s` and `%(user_id)s` (also written with `$`, and `tenant_id`
    /// for the project) are filled in from the user's token.
    pub fn fixed(address: impl Into<String>) -> Self {
        Self { hack: false, ..Self::at(Place::Fixed { template: address.into(), kind: None }) }
    }

    /// The Keystone that the user's token was asked of. It takes no catalog to find, so that a token
    /// without a scope can be used to ask for projects.
    #[must_use]
    pub fn keystone() -> Self {
        Self::at(Place::Keystone)
    }

    fn at(place: Place) -> Self {
        Self { place, demand: Demand::Any, allow: Allow::default(), hack: true, microversion: None }
    }

    fn listing(mut self, change: impl FnOnce(&mut Listing)) -> Self {
        if let Place::Listed(listing) = &mut self.place {
            change(listing);
        }
        self
    }

    /// Interfaces in order of preference: the first that the catalog has for the service is used.
    #[must_use]
    pub fn interfaces(self, interfaces: impl IntoIterator<Item = Interface>) -> Self {
        self.listing(|listing| listing.interfaces = interfaces.into_iter().collect())
    }

    /// Only in this region.
    #[must_use]
    pub fn region(self, region: impl Into<String>) -> Self {
        self.listing(|listing| listing.region = Some(region.into()))
    }

    /// Only a service of this name, where a type is listed more than once.
    #[must_use]
    pub fn name(self, name: impl Into<String>) -> Self {
        self.listing(|listing| listing.name = Some(name.into()))
    }

    /// What kind of service it is, for an address that was stated: microversions need that.
    #[must_use]
    pub fn service_type(mut self, service_type: impl Into<String>) -> Self {
        match &mut self.place {
            Place::Listed(listing) => listing.kind = service_type.into(),
            Place::Fixed { kind, .. } => *kind = Some(service_type.into()),
            Place::Keystone => {}
        }
        self
    }

    /// In this version, or a newer one of the same major version. If the address does not show
    /// that it is, the service is asked which versions it has and where.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.demand = Demand::Like(version.into());
        self
    }

    /// In the newest version from the one to the other: `"2"`, `"3.latest"`.
    #[must_use]
    pub fn versions(mut self, min: impl Into<String>, max: impl Into<String>) -> Self {
        self.demand = Demand::Between { min: Some(min.into()), max: Some(max.into()) };
        self
    }

    /// In the newest version that is at least this one.
    #[must_use]
    pub fn min_version(mut self, min: impl Into<String>) -> Self {
        self.demand = Demand::Between { min: Some(min.into()), max: None };
        self
    }

    /// In the newest version that is at most this one.
    #[must_use]
    pub fn max_version(mut self, max: impl Into<String>) -> Self {
        self.demand = Demand::Between { min: None, max: Some(max.into()) };
        self
    }

    /// In the latest version there is.
    #[must_use]
    pub fn latest(self) -> Self {
        self.max_version("latest")
    }

    /// Versions of which statuses will do.
    #[must_use]
    pub fn allow(mut self, allow: Allow) -> Self {
        self.allow = allow;
        self
    }

    /// Whether, when a version is demanded, the catalog's address may be tried without the version
    /// that is in it. It may, since most catalogs list an address with a version. For an address
    /// that was stated it is not done.
    #[must_use]
    pub fn version_hack(mut self, allowed: bool) -> Self {
        self.hack = allowed && !matches!(self.place, Place::Fixed { .. });
        self
    }

    /// With this microversion on every request, unless the session says otherwise: `2.95` or `latest`.
    #[must_use]
    pub fn microversion(mut self, microversion: impl Into<String>) -> Self {
        self.microversion = Some(microversion.into());
        self
    }

    /// The service type that was asked for.
    pub(crate) fn kind(&self) -> Option<&str> {
        match &self.place {
            Place::Listed(listing) => Some(&listing.kind),
            Place::Fixed { kind, .. } => kind.as_deref(),
            Place::Keystone => Some("identity"),
        }
    }

    /// Whether it is to be looked up in the catalog.
    pub(crate) fn is_listed(&self) -> bool {
        matches!(self.place, Place::Listed(_))
    }

    /// Whether this names Keystone's own API, which takes no expired token from anybody.
    pub(crate) fn is_identity(&self) -> bool {
        self.kind() == Some("identity")
    }

    pub(crate) fn may_hack(&self) -> bool {
        self.hack
    }

    pub(crate) fn range(&self) -> Result<Range, EndpointError> {
        self.demand.range(self.kind())
    }

    /// Whether both lead to the same address. What is asked for there may differ.
    pub(crate) fn same_place(&self, other: &Self) -> bool {
        let Self { place, demand, allow, hack, microversion: _ } = self;
        *place == other.place && *demand == other.demand && *allow == other.allow && *hack == other.hack
    }

    /// What the catalog says, or was stated. Nothing is asked for that.
    pub(crate) fn locate(
        &self,
        catalog: Option<&Catalog>,
        owner: Owner<'_>,
    ) -> Result<EndpointData, EndpointError> {
        match &self.place {
            Place::Listed(listing) => listing.find(catalog),
            Place::Keystone => {
                let issuer = owner.issuer.ok_or(EndpointError::NoIssuer)?;
                let service_type = Some("identity".to_owned());
                Ok(EndpointData { service_type, ..EndpointData::at(issuer.to_string()) })
            }
            Place::Fixed { template, kind } => {
                Ok(EndpointData { service_type: kind.clone(), ..EndpointData::at(fill(template, owner)?) })
            }
        }
    }
}

fn fill(template: &str, owner: Owner<'_>) -> Result<String, EndpointError> {
    let mut address = template.to_owned();
    for (place, missing, id) in [
        ("(project_id)s", "project", owner.project),
        ("(tenant_id)s", "project", owner.project),
        ("(user_id)s", "user", owner.user),
    ] {
        for sign in ["%", "$"] {
            let place = format!("{sign}{place}");
            if address.contains(&place) {
                let id =
                    id.ok_or_else(|| EndpointError::NoOwner { template: template.to_owned(), missing })?;
                address = address.replace(&place, id);
            }
        }
    }
    Ok(address)
}

/// Puts a caller's path (with its query) behind an endpoint's address.
pub(crate) fn join(base: &str, path_and_query: &str) -> Result<Uri, EndpointError> {
    let separator =
        if path_and_query.is_empty() || path_and_query.starts_with(['/', '?']) { "" } else { "/" };
    let address = format!("{}{separator}{path_and_query}", base.trim_end_matches('/'));
    absolute(&address).ok_or(EndpointError::NotAnAddress { address })
}

pub(crate) fn absolute(address: &str) -> Option<Uri> {
    let uri: Uri = address.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    (web && uri.host().is_some_and(|host| !host.is_empty())).then_some(uri)
}

#[cfg(test)]
mod tests;
