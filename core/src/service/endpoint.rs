//! Which endpoint a call goes to.

use http::Uri;
use thiserror::Error;

use super::{Catalog, Interface};

/// Where a service is: found in the catalog, or stated.
///
/// Tokens go where it says: a catalog is Keystone's word, and a stated address is yours. What a
/// service answers moves them nowhere else.
///
/// ```
/// use keepstone_core::{Endpoint, Interface};
/// let volumes = Endpoint::of("volumev3")
///     .interfaces([Interface::Internal, Interface::Public])
///     .region("RegionOne");
/// let by_hand = Endpoint::fixed("http://10.0.0.2:8776/v3/%(project_id)s");
/// # let _ = (volumes, by_hand);
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Endpoint {
    /// Look it up in the catalog.
    Listed(Listing),
    /// Use this address, after filling in `%(project_id)s` and `%(user_id)s`.
    Fixed(String),
}

/// What to look for in the catalog.
#[derive(Clone, Debug, PartialEq)]
pub struct Listing {
    kind: String,
    name: Option<String>,
    region: Option<String>,
    interfaces: Vec<Interface>,
    version: Option<String>,
}

/// Whose ids go into an address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    pub(crate) project: Option<&'a str>,
    pub(crate) user: Option<&'a str>,
}

/// Why no endpoint was found. Nothing has been sent.
#[derive(Clone, Debug, Error, PartialEq)]
#[non_exhaustive]
pub enum EndpointError {
    /// The token came without a catalog.
    #[error(
        "the token has no catalog to find `{wanted}` in: hand one over with the token, use a scoped \
         token, or state the endpoint"
    )]
    NoCatalog {
        /// The service type that was looked for.
        wanted: String,
    },
    /// The catalog has nothing that fits.
    #[error("the catalog has no endpoint for {wanted}; it lists: {listed}")]
    NotListed {
        /// What was looked for.
        wanted: String,
        /// The service types there are, or what of the wanted type there is.
        listed: String,
    },
    /// The address has a place for a project, and the token is not scoped to one.
    #[error(
        "the endpoint `{template}` needs the id of a {missing}, and the token has none: use a token scoped to one"
    )]
    NoOwner {
        /// The address as stated.
        template: String,
        /// `project` or `user`.
        missing: &'static str,
    },
    /// What came out is not an absolute http or https address.
    #[error(
        "`{address}` is not an absolute http or https address: correct the catalog or the stated endpoint"
    )]
    NotAnAddress {
        /// What came out.
        address: String,
    },
}

impl Endpoint {
    /// A service of this type, public interface, any region and name.
    pub fn of(service_type: impl Into<String>) -> Self {
        Self::Listed(Listing {
            kind: service_type.into(),
            name: None,
            region: None,
            interfaces: vec![Interface::Public],
            version: None,
        })
    }

    /// This address. `%(project_id)s` and `%(user_id)s` (also written with `$`, and `tenant_id`
    /// for the project) are filled in from the user's token.
    pub fn fixed(address: impl Into<String>) -> Self {
        Self::Fixed(address.into())
    }

    /// Interfaces in order of preference: the first that the catalog has for the service is used.
    #[must_use]
    pub fn interfaces(mut self, interfaces: impl IntoIterator<Item = Interface>) -> Self {
        if let Self::Listed(listing) = &mut self {
            listing.interfaces = interfaces.into_iter().collect();
        }
        self
    }

    /// Only in this region.
    #[must_use]
    pub fn region(mut self, region: impl Into<String>) -> Self {
        if let Self::Listed(listing) = &mut self {
            listing.region = Some(region.into());
        }
        self
    }

    /// In this version (`v3`, `v2.1`): it takes the place of the one in the catalog's address, or
    /// goes to its end where there is none. Whether the service has it is not asked.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Self {
        if let Self::Listed(listing) = &mut self {
            listing.version = Some(version.into());
        }
        self
    }

    /// Only a service of this name, where a type is listed more than once.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        if let Self::Listed(listing) = &mut self {
            listing.name = Some(name.into());
        }
        self
    }

    /// Whether this names Keystone's own API, which takes no expired token from anybody.
    pub(crate) fn is_identity(&self) -> bool {
        matches!(self, Self::Listed(listing) if listing.kind == "identity")
    }

    pub(crate) fn resolve(
        &self,
        catalog: Option<&Catalog>,
        owner: Owner<'_>,
    ) -> Result<String, EndpointError> {
        match self {
            Self::Listed(listing) => listing.find(catalog),
            Self::Fixed(template) => fill(template, owner),
        }
    }
}

impl Listing {
    fn find(&self, catalog: Option<&Catalog>) -> Result<String, EndpointError> {
        let Some(catalog) = catalog else {
            return Err(EndpointError::NoCatalog { wanted: self.kind.clone() });
        };
        let candidates = || {
            catalog
                .services
                .iter()
                .filter(|service| service.kind == self.kind)
                .filter(|service| self.name.as_ref().is_none_or(|name| *name == service.name))
                .flat_map(|service| &service.endpoints)
                .filter(|endpoint| self.region.is_none() || self.region == endpoint.region)
        };
        self.interfaces
            .iter()
            .find_map(|wanted| candidates().find(|endpoint| endpoint.interface == *wanted))
            .map(|endpoint| {
                self.version.as_ref().map_or_else(|| endpoint.url.clone(), |v| in_version(&endpoint.url, v))
            })
            .ok_or_else(|| self.not_listed(catalog))
    }

    /// Says what there is instead: other endpoints of the type, else the other types.
    fn not_listed(&self, catalog: &Catalog) -> EndpointError {
        let mut near: Vec<String> = catalog
            .services
            .iter()
            .filter(|service| service.kind == self.kind)
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

/// An address with its version changed, or added at its end.
fn in_version(address: &str, version: &str) -> String {
    let is_version = |segment: &str| {
        let number = segment.strip_prefix('v').unwrap_or_default();
        number.starts_with(|c: char| c.is_ascii_digit())
            && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let mut segments: Vec<&str> = address.trim_end_matches('/').split('/').collect();
    // The first three are the scheme, nothing, and the host.
    match segments.iter().skip(3).position(|segment| is_version(segment)) {
        Some(at) => segments[at + 3] = version,
        None => segments.push(version),
    }
    segments.join("/")
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
mod tests {
    use super::*;

    fn catalog() -> Catalog {
        Catalog::from_json(
            br#"[{"type":"image","name":"glance","endpoints":[
                  {"interface":"public","region":"A","url":"http://pub-a"},
                  {"interface":"internal","region":"A","url":"http://int-a"},
                  {"interface":"public","region":"B","url":"http://pub-b"}]},
                {"type":"image","name":"other","endpoints":[
                  {"interface":"admin","region":"B","url":"http://other"}]}]"#,
        )
        .unwrap()
    }

    const OWNER: Owner<'_> = Owner { project: Some("p1"), user: Some("u1") };

    #[test]
    fn choice_follows_type_name_region_and_preference() {
        let image = || Endpoint::of("image");
        for (wanted, found) in [
            (image(), "http://pub-a"),
            (image().region("B"), "http://pub-b"),
            (image().interfaces([Interface::Internal, Interface::Public]), "http://int-a"),
            (image().region("B").interfaces([Interface::Internal, Interface::Public]), "http://pub-b"),
            (image().name("other").interfaces([Interface::Admin]), "http://other"),
        ] {
            assert_eq!(wanted.resolve(Some(&catalog()), OWNER).as_deref(), Ok(found), "{wanted:?}");
        }
    }

    #[test]
    fn what_is_missing_is_said_with_what_there_is() {
        let errors = [
            Endpoint::of("image").resolve(None, OWNER),
            Endpoint::of("compute").resolve(Some(&catalog()), OWNER),
            Endpoint::of("image").region("C").name("glance").resolve(Some(&catalog()), OWNER),
            Endpoint::fixed("http://x/%(project_id)s").resolve(None, Owner { project: None, user: None }),
            join("ftp://x", "/y").map(|uri| uri.to_string()),
        ]
        .map(|result| result.unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(errors, @"
        the token has no catalog to find `image` in: hand one over with the token, use a scoped token, or state the endpoint
        the catalog has no endpoint for `compute` [Public]; it lists: image, image
        the catalog has no endpoint for `image` [Public] named `glance` in region `C`; it lists: glance Public in A, glance Internal in A, glance Public in B, other Admin in B
        the endpoint `http://x/%(project_id)s` needs the id of a project, and the token has none: use a token scoped to one
        `ftp://x/y` is not an absolute http or https address: correct the catalog or the stated endpoint
        ");
    }

    #[test]
    fn a_version_takes_the_place_of_another() {
        for (listed, wanted) in [
            ("http://h:8776/v3/p1", "http://h:8776/v2/p1"),
            ("http://h:9696", "http://h:9696/v2"),
            ("http://h:9696/", "http://h:9696/v2"),
            ("http://v3:80/network", "http://v3:80/network/v2"),
            ("http://h/volume/v3.10/vms", "http://h/volume/v2/vms"),
        ] {
            assert_eq!(in_version(listed, "v2"), wanted);
        }
        let image = Endpoint::of("image").version("v2");
        assert_eq!(image.resolve(Some(&catalog()), OWNER).as_deref(), Ok("http://pub-a/v2"));
    }

    #[test]
    fn places_are_filled() {
        for template in ["http://x/%(project_id)s/%(user_id)s", "http://x/$(tenant_id)s/$(user_id)s"] {
            let found = Endpoint::fixed(template).resolve(None, OWNER);
            assert_eq!(found.as_deref(), Ok("http://x/p1/u1"));
        }
    }

    #[test]
    fn paths_are_put_behind_addresses() {
        for (base, path, joined) in [
            ("http://h:1/v3/p", "/volumes?limit=1", "http://h:1/v3/p/volumes?limit=1"),
            ("http://h:1/v3/p/", "volumes", "http://h:1/v3/p/volumes"),
            ("http://h:1/v3/p/", "?x=1", "http://h:1/v3/p?x=1"),
            ("https://[::1]:1", "/", "https://[::1]:1/"),
        ] {
            assert_eq!(join(base, path).unwrap().to_string(), joined);
        }
        for wrong in ["", "/v3", "host/v3", "http://", "ftp://h", "http://h h/"] {
            assert!(join(wrong, "/x").is_err(), "{wrong}");
        }
    }
}
