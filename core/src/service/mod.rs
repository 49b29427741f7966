//! Finding a service: the catalog, and the choice of an endpoint in it. And what it says when it refuses.

mod catalog;
#[allow(dead_code, reason = "who asks for documents follows")]
mod discovery;
mod endpoint;
mod error;
mod keystone;
mod origin;
#[allow(dead_code, reason = "likewise")]
mod url;
#[allow(dead_code, reason = "likewise")]
mod version;

pub use catalog::{Catalog, Interface, ListedEndpoint, ListedService};
pub use discovery::{Allow, DiscoveryError, Status, VersionData};
#[allow(unused_imports, reason = "likewise")]
pub(crate) use discovery::{LARGEST_DOCUMENT, Range, choose, parse};
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use endpoint::{Owner, absolute, join};
pub use error::ServiceError;
pub(crate) use keystone::{is_below, keystones};
pub(crate) use origin::same_origin;
pub use version::{NotAVersion, Version};
