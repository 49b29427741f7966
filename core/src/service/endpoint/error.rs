//! Why a service's endpoint was not found.

use thiserror::Error;

use crate::service::discovery::DiscoveryError;
use crate::service::version::NotAVersion;

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
    /// The token was handed in, so nobody knows which Keystone it is from.
    #[error("the token was handed in, and does not say which Keystone it is from: state its address")]
    NoIssuer,
    /// What came out is not an absolute http or https address.
    #[error(
        "`{address}` is not an absolute http or https address: correct the catalog or the stated endpoint"
    )]
    NotAnAddress {
        /// What came out.
        address: String,
    },
    /// A version is demanded that is no version.
    #[error(transparent)]
    NotAVersion(#[from] NotAVersion),
    /// The demand contradicts the version in the service type.
    #[error(
        "`{service_type}` means version {implied}, and version {wanted} is demanded: ask for the type without a version"
    )]
    VersionConflict {
        /// The service type.
        service_type: String,
        /// The major version that it stands for.
        implied: u64,
        /// What was demanded.
        wanted: String,
    },
    /// A demand for no version at all.
    #[error("no version is both {min} or newer and {max} or older: exchange the two")]
    VersionRange {
        /// The least.
        min: String,
        /// The greatest.
        max: String,
    },
    /// The service does not have the version. Its document was asked for no longer ago than
    /// [`crate::Pace::cool_down`].
    #[error(
        "{service} at {address} has no version {wanted}; it offers: {offered}. Demand another, or allow \
         versions of other statuses"
    )]
    NoSuchVersion {
        /// The service type, if it is known.
        service: String,
        /// The address in the catalog, or the one stated.
        address: String,
        /// What was demanded.
        wanted: String,
        /// What there is, with its status.
        offered: String,
    },
    /// No version document was found, and nothing else will do.
    #[error(
        "which versions {service} offers is not known: no version document at {address} or nearby. State \
         the address of the version itself, or demand none"
    )]
    Undiscovered {
        /// The service type, if it is known.
        service: String,
        /// The address in the catalog, or the one stated.
        address: String,
        /// What happened at the first address that was tried.
        #[source]
        source: DiscoveryError,
    },
    /// The service does not speak this microversion.
    #[error("{service_type} speaks microversions {min} to {max}, and the request is for {wanted}")]
    Microversion {
        /// What was demanded.
        wanted: String,
        /// Of which service.
        service_type: String,
        /// The oldest that it speaks.
        min: String,
        /// The newest that it speaks.
        max: String,
    },
    /// `latest` of one major version is nothing that a request can be written for.
    #[error("`{microversion}` is no microversion: name one, or ask for `latest`")]
    LatestOfMajor {
        /// What was demanded.
        microversion: String,
    },
    /// A microversion means nothing without its service.
    #[error("microversion {microversion} of which service? Say it with `Endpoint::service_type`")]
    NoServiceType {
        /// What was demanded.
        microversion: String,
    },
}

impl EndpointError {
    /// No document where one is needed.
    pub(crate) fn nothing_at(url: &str, error: Option<DiscoveryError>) -> Self {
        Self::Undiscovered {
            service: "the service".to_owned(),
            address: url.to_owned(),
            source: error.unwrap_or(DiscoveryError::NoDocument("somebody else looks for it")),
        }
    }
}
