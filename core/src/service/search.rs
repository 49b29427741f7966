//! From the catalog to an endpoint, by way of version documents.
//!
//! A search asks nothing itself. It goes as far as the documents on the shelf lead, and says which
//! one is needed next; whoever has fetched it searches again from the start. So a search has no
//! state that could mix the catalog of one token with that of the next.

use std::sync::Arc;

use super::choices::{Choices, Habits};
use super::discovery::{DiscoveryError, Range, VersionData, choose};
use super::endpoint::{Endpoint, EndpointError, Owner};
use super::known::{Known, Read, Stay, Walk};
use super::listing::EndpointData;
use super::url::as_folder;
use super::{Catalog, Version};

/// What is to be found out about an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Search {
    /// Where it is. Nothing is asked if no version is demanded, or the address shows it.
    Address,
    /// That, and its version, which is asked for if the address does not show it.
    Version,
    /// That, and what its version document says of it.
    Details,
    /// Which versions the service has.
    Versions,
}

/// What a search came to.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Found {
    pub(crate) data: EndpointData,
    /// For [`Search::Versions`].
    pub(crate) versions: Arc<[VersionData]>,
    /// What was learnt on the way, as far as it does not last.
    pub(crate) stay: Option<Stay>,
    /// Whether the microversions are here if they are known. Who needs none does not look for them.
    pub(crate) described: bool,
    /// The document that was used to get there.
    pub(crate) document: Option<String>,
    /// The document that was used at all, if it is so old that it may have changed.
    pub(crate) old: Option<String>,
}

/// How it goes on.
#[derive(Debug)]
pub(crate) enum Step {
    Done(Box<Found>),
    /// Ask for this document. What holds if that cannot be done now, if anything does.
    Ask {
        url: String,
        otherwise: Option<Result<Box<Found>, EndpointError>>,
    },
}

/// A search, with all that it depends on but the documents.
pub(crate) struct Searcher<'a> {
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) catalog: Option<&'a Catalog>,
    pub(crate) owner: Owner<'a>,
    pub(crate) search: Search,
    /// Whether microversions matter to whoever searches.
    pub(crate) microversions: bool,
}

impl Searcher<'_> {
    /// Goes as far as `known` leads.
    pub(crate) fn go(&self, known: impl Fn(&str) -> Known) -> Result<Step, EndpointError> {
        if self.search != Search::Version {
            return self.go_for(self.search, known);
        }
        match self.go_for(Search::Address, &known)? {
            Step::Done(found) if found.data.version.is_none() => self.go_for(Search::Details, known),
            step => Ok(step),
        }
    }

    fn go_for(&self, search: Search, known: impl Fn(&str) -> Known) -> Result<Step, EndpointError> {
        let listed = self.endpoint.locate(self.catalog, self.owner)?;
        let range = self.endpoint.range()?;
        let hack = self.endpoint.may_hack();
        let habits =
            |hack| Habits { project: self.owner.project, kind: listed.service_type.as_deref(), hack };
        match search {
            Search::Versions => {
                let choices = Choices::of(&listed.url, habits(hack), &Range::default());
                Ok(self.list(&listed, &choices, known))
            }
            Search::Address if range.is_open() => {
                Ok(Step::done(self.described(&listed, habits(true), known)))
            }
            search => {
                // Without a demand for a version, another address than the catalog's is not looked for.
                let choices = Choices::of(&listed.url, habits(hack && !range.is_open()), &range);
                if search == Search::Address && choices.exact {
                    return Ok(Step::done(self.described(&listed, habits(true), known)));
                }
                self.choose(listed, &range, choices, known)
            }
        }
    }

    /// The first document there is decides.
    fn choose(
        &self,
        listed: EndpointData,
        range: &Range,
        choices: Choices,
        known: impl Fn(&str) -> Known,
    ) -> Result<Step, EndpointError> {
        let walk = Walk::along(&choices.urls, known);
        if let Some(url) = walk.unknown {
            return Ok(Step::Ask { url, otherwise: None });
        }
        let at_hand = Found::of(listed.clone(), walk.stay);
        let Some(Read { url, versions, old }) = walk.read else {
            // No document anywhere. As keystoneauth1 does it, the catalog's address is used, unless
            // nothing may be guessed from it; a notice says that no document was found.
            let otherwise = if range.is_open() || choices.matches || self.endpoint.may_hack() {
                Ok(at_hand)
            } else {
                Err(self.undiscovered(&listed, walk.error))
            };
            return Step::again(walk.again, otherwise);
        };
        let at = range.is_open().then_some(listed.url.as_str());
        if let Some(data) = choose(&versions, range, at, self.endpoint.allow) {
            let address = with_project(&data.url, choices.project.as_deref());
            let found = Found::of(listed.in_version(address, data), walk.stay);
            let document = Some(url.clone());
            return Ok(Step::done(Found { document, old: old.then_some(url), ..found }));
        }
        // The service may have been upgraded since: that is looked up before it is said not to have it.
        let again = if old { Some(url) } else { walk.again };
        let otherwise =
            if range.is_open() { Ok(at_hand) } else { Err(self.no_such_version(&listed, range, &versions)) };
        Step::again(again, otherwise)
    }

    /// All versions of the service.
    fn list(&self, listed: &EndpointData, choices: &Choices, known: impl Fn(&str) -> Known) -> Step {
        let walk = Walk::along(&choices.urls, known);
        let found = Found::of(listed.clone(), walk.stay);
        match (walk.unknown, walk.read, walk.again) {
            (Some(url), ..) => Step::Ask { url, otherwise: None },
            (None, Some(Read { url, versions, .. }), _) => {
                let admitted = versions.iter().filter(|data| self.endpoint.allow.admits(data.status));
                Step::done(Found { document: Some(url), versions: admitted.cloned().collect(), ..found })
            }
            (None, None, Some(url)) => Step::Ask { url, otherwise: Some(Ok(Box::new(found))) },
            (None, None, None) => Step::done(found),
        }
    }

    /// The catalog's own endpoint, with what somebody has found out about it, if anybody has.
    fn described(&self, listed: &EndpointData, habits: Habits<'_>, known: impl Fn(&str) -> Known) -> Found {
        if !self.microversions {
            return Found { described: false, ..Found::of(listed.clone(), None) };
        }
        let choices = Choices::of(&listed.url, habits, &Range::default());
        let here = as_folder(&choices.plain);
        let read = choices.urls.iter().find_map(|url| match known(url) {
            Known::Read { versions, old, .. } => {
                let data = versions.iter().find(|data| as_folder(&data.url) == here).cloned()?;
                Some((data, old.then(|| url.clone())))
            }
            Known::Failed { .. } | Known::Unknown => None,
        });
        let Some((data, old)) = read else { return Found::of(listed.clone(), None) };
        let url = listed.url.clone();
        Found { old, ..Found::of(listed.clone().in_version(url, &data), None) }
    }

    fn no_such_version(
        &self,
        listed: &EndpointData,
        range: &Range,
        versions: &[VersionData],
    ) -> EndpointError {
        let offered: Vec<String> =
            versions.iter().take(20).map(|data| format!("{} ({:?})", data.version, data.status)).collect();
        let end = |end: &Option<Version>| end.as_ref().map_or_else(|| "any".to_owned(), Version::to_string);
        EndpointError::NoSuchVersion {
            service: self.service(),
            address: listed.url.clone(),
            wanted: format!("from {} to {}", end(&range.min), end(&range.max)),
            offered: if offered.is_empty() { "none".to_owned() } else { offered.join(", ") },
        }
    }

    fn undiscovered(&self, listed: &EndpointData, error: Option<DiscoveryError>) -> EndpointError {
        EndpointError::Undiscovered {
            service: self.service(),
            address: listed.url.clone(),
            source: error.unwrap_or(DiscoveryError::NoDocument("there was nowhere to ask")),
        }
    }

    fn service(&self) -> String {
        self.endpoint.kind().map_or_else(|| "the service".to_owned(), |kind| format!("`{kind}`"))
    }
}

/// A version's address with the project at its end, if that was there in the catalog.
fn with_project(address: &str, project: Option<&str>) -> String {
    project.map_or_else(|| address.to_owned(), |project| format!("{}{project}", as_folder(address)))
}

impl Found {
    fn of(data: EndpointData, stay: Option<Stay>) -> Self {
        Self { data, versions: Arc::default(), stay, described: true, document: None, old: None }
    }

    /// The microversions from the oldest to the newest, if they are known.
    pub(crate) fn microversions(&self) -> Option<(&Version, &Version)> {
        self.data.min_microversion.as_ref().zip(self.data.max_microversion.as_ref())
    }
}

impl Step {
    fn done(found: Found) -> Self {
        Self::Done(Box::new(found))
    }

    /// An address is tried again if there is one; else it is as it is.
    fn again(url: Option<String>, otherwise: Result<Found, EndpointError>) -> Result<Self, EndpointError> {
        match url {
            Some(url) => Ok(Self::Ask { url, otherwise: Some(otherwise.map(Box::new)) }),
            None => otherwise.map(Self::done),
        }
    }
}
