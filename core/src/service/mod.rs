//! Finding a service: the catalog, and the choice of an endpoint in it.

mod catalog;
mod endpoint;

pub use catalog::{Catalog, Interface, ListedEndpoint, ListedService};
pub use endpoint::{Endpoint, EndpointError};
pub(crate) use endpoint::{Owner, absolute, join};
