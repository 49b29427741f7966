//! Where to look for a version document, given what the catalog says.
//!
//! The order is keystoneauth1's (`EndpointData._get_discovery_url_choices`).

use super::discovery::Range;
use super::url::{Parts, as_folder};
use super::version::Version;

/// The addresses to try, and what is known before any of them is.
#[derive(Debug, PartialEq)]
pub(crate) struct Choices {
    /// In order, none of them twice.
    pub(crate) urls: Vec<String>,
    /// The project that stood at the end of the address, and belongs there again.
    pub(crate) project: Option<String>,
    /// The address has a version that will do.
    pub(crate) matches: bool,
    /// It is even of the major version that was wanted: nothing needs to be asked.
    pub(crate) exact: bool,
    /// The address without its project.
    pub(crate) plain: String,
}

/// How to take a catalog's address apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Habits<'a> {
    /// The project that the token is scoped to.
    pub(crate) project: Option<&'a str>,
    /// The service type, as the catalog has it.
    pub(crate) kind: Option<&'a str>,
    /// Whether an address may be guessed by taking the version away.
    pub(crate) hack: bool,
}

impl Choices {
    pub(crate) fn of(listed: &str, habits: Habits<'_>, range: &Range) -> Self {
        let parts = Parts::of(listed.trim_end_matches('/'));
        let mut segments: Vec<&str> = parts.path.split('/').collect();
        let project = pop_project(&mut segments, habits.project).map(ToOwned::to_owned);
        let plain = parts.with_path(&segments.join("/"));
        let version = segments.last().and_then(|segment| segment.parse::<Version>().ok());
        let between =
            |version: &&Version| range.min.is_some() && range.max.is_some() && range.contains(version);
        let fit = version.as_ref().filter(between);
        let exact = fit.is_some_and(|fit| range.max.as_ref().is_some_and(|max| max.same_major(fit)));

        let mut choices = Self { urls: Vec::new(), project, matches: fit.is_some(), exact, plain };
        let own_document = as_folder(&choices.plain);
        if exact {
            choices.add(own_document.clone());
        }
        if version.is_some() {
            segments.pop();
        }
        if habits.hack {
            let root = parts.with_path(&segments.join("/"));
            choices.add(if root == listed { root } else { as_folder(&root) });
            if choices.matches {
                choices.add(own_document);
            }
            choices.add(without_v2(habits.kind, listed));
        } else if version.is_some() && choices.project.is_some() {
            choices.add(choices.plain.clone());
        }
        choices.add(listed.to_owned());
        choices
    }

    fn add(&mut self, url: String) {
        if !self.urls.contains(&url) {
            self.urls.push(url);
        }
    }
}

/// Takes the project off the end of a path. If it is not known, what comes after a version is one.
fn pop_project<'a>(segments: &mut Vec<&'a str>, project: Option<&str>) -> Option<&'a str> {
    let is_project = match (project, segments.as_slice()) {
        (Some(project), [.., last]) => *last == project,
        (None, [.., version, _]) => version.parse::<Version>().is_ok(),
        _ => false,
    };
    if is_project { segments.pop() } else { None }
}

/// Catalogs that end Keystone's address with `/v2.0` outlived that version.
fn without_v2(kind: Option<&str>, listed: &str) -> String {
    let trimmed = listed.strip_suffix('/').unwrap_or(listed);
    match trimmed.strip_suffix("/v2.0") {
        Some(root) if kind == Some("identity") => format!("{root}/"),
        _ => listed.to_owned(),
    }
}

#[cfg(test)]
mod tests;
