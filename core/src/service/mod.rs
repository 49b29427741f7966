//! Finding a service: the catalog, and the choice of an endpoint in it. And what it says when it refuses.

mod catalog;
mod endpoint;
mod error;
mod keystone;
mod origin;

pub use catalog::{Catalog, Interface, ListedEndpoint, ListedService};
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use endpoint::{Owner, absolute, join};
pub use error::ServiceError;
pub(crate) use keystone::{is_below, keystones};
pub(crate) use origin::same_origin;
