//! Finding a service: the catalog, the choice of an endpoint in it, and of a version there. And what
//! it says when it refuses.

mod catalog;
mod choices;
mod demand;
mod discovery;
mod endpoint;
mod error;
mod keystone;
mod known;
mod listing;
mod microversion;
mod origin;
mod search;
mod types;
mod url;
mod version;

pub use catalog::{Catalog, Interface, ListedEndpoint, ListedService};
pub use discovery::{Allow, DiscoveryError, Status, VersionData};
pub(crate) use discovery::{LARGEST_DOCUMENT, parse};
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use endpoint::{Owner, absolute, join};
pub use error::ServiceError;
pub(crate) use keystone::{is_below, keystones};
pub(crate) use known::{Known, Stay};
pub use listing::EndpointData;
pub(crate) use microversion::{ask_for, is_spoken};
pub(crate) use origin::same_origin;
pub use search::Search;
pub(crate) use search::{Found, Searcher, Step};
pub(crate) use url::without_slash;
pub use version::{NotAVersion, Version};
