//! Where a session's service is, and in which versions.

use keepstone_core::{Call, EndpointData, Search, Version, VersionData};

use crate::drive::Driver;
use crate::error::Error;
use crate::session::Session;

impl Session {
    /// The address that paths are put behind. The service is asked only if a version is demanded
    /// that the catalog's address does not show.
    ///
    /// # Errors
    /// [`Error`]: the session has no endpoint, the catalog does not list it, the service does not
    /// have the version, or there is no token to find that out with.
    pub fn endpoint_url(&self) -> Result<String, Error> {
        self.found(Search::Address, |call| call.endpoint().map(|found| found.url.clone()))
    }

    /// The endpoint, with what the service says of the version there: its status and microversions.
    /// A service that says nothing is described as the catalog has it.
    ///
    /// # Errors
    /// As for [`Session::endpoint_url`].
    pub fn endpoint(&self) -> Result<EndpointData, Error> {
        self.found(Search::Details, |call| call.endpoint().cloned())
    }

    /// The version of the API at the endpoint. The service is asked if the address does not show it.
    /// `None`, if the service does not say.
    ///
    /// # Errors
    /// As for [`Session::endpoint_url`].
    pub fn api_version(&self) -> Result<Option<Version>, Error> {
        self.found(Search::Version, |call| call.endpoint().map(|found| found.version.clone()))
    }

    /// All versions that the service offers, newest first, of the statuses that the endpoint allows.
    /// None, if the service has no version document.
    ///
    /// # Errors
    /// As for [`Session::endpoint_url`].
    pub fn versions(&self) -> Result<Vec<VersionData>, Error> {
        self.found(Search::Versions, |call| call.endpoint().map(|_| call.versions().to_vec()))
    }

    fn found<T>(&self, search: Search, take: impl FnOnce(&Call) -> Option<T>) -> Result<T, Error> {
        Driver::new(self, Call::search(self.core(), search)).search(take)
    }
}
