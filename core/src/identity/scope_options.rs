//! A scope from the options of configuration files and command lines.

use super::{DomainRef, ProjectRef, Scope};
use crate::error::InputError;

/// The options that say a scope, as `clouds.yaml`, `OS_*` variables and command lines name them. Empty
/// texts count as not given.
///
/// ```
/// use keepstone_core::identity::ScopeOptions;
/// use keepstone_core::Scope;
/// let options = ScopeOptions { project_name: "demo".into(), project_domain_id: "default".into(), ..Default::default() };
/// assert_eq!(options.scope()?, Scope::project("demo"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ScopeOptions {
    /// The id of a project; before its name, if both are given.
    pub project_id: String,
    /// The name of a project, which needs one of its domain's two.
    pub project_name: String,
    /// The id of the domain that owns the project.
    pub project_domain_id: String,
    /// The name of the domain that owns the project.
    pub project_domain_name: String,
    /// The id of a domain; before its name, if both are given.
    pub domain_id: String,
    /// The name of a domain.
    pub domain_name: String,
    /// `all`: the whole deployment.
    pub system_scope: String,
    /// The id of a trust.
    pub trust_id: String,
    /// No scope, not even the user's default project.
    pub unscoped: bool,
}

impl ScopeOptions {
    /// The scope that they say; [`Scope::Default`] if they say none.
    ///
    /// # Errors
    /// [`InputError::ScopeConflict`] if they say two, [`InputError::ProjectWithoutDomain`],
    /// [`InputError::SystemScope`].
    pub fn scope(&self) -> Result<Scope, InputError> {
        let given = [
            ("a project", given(&self.project_id).or(given(&self.project_name)).is_some()),
            ("a domain", given(&self.domain_id).or(given(&self.domain_name)).is_some()),
            ("the system", given(&self.system_scope).is_some()),
            ("a trust", given(&self.trust_id).is_some()),
            ("`unscoped`", self.unscoped),
        ];
        let mut said = given.into_iter().filter(|(_, given)| *given).map(|(what, _)| what);
        match (said.next(), said.next()) {
            (None, _) => Ok(Scope::Default),
            (Some(first), Some(second)) => Err(InputError::ScopeConflict(first, second)),
            (Some("a project"), None) => self.project().map(Scope::Project),
            (Some("a domain"), None) => {
                Ok(domain(&self.domain_id, &self.domain_name).map_or(Scope::Default, Scope::Domain))
            }
            (Some("the system"), None) if self.system_scope == "all" => Ok(Scope::System),
            (Some("the system"), None) => Err(InputError::SystemScope(self.system_scope.clone())),
            (Some("a trust"), None) => Ok(Scope::Trust(self.trust_id.clone())),
            (Some(_), None) => Ok(Scope::Unscoped),
        }
    }

    fn project(&self) -> Result<ProjectRef, InputError> {
        if let Some(id) = given(&self.project_id) {
            return Ok(ProjectRef::Id { id: id.to_owned() });
        }
        let name = self.project_name.clone();
        match domain(&self.project_domain_id, &self.project_domain_name) {
            Some(domain) => Ok(ProjectRef::Name { name, domain }),
            None => Err(InputError::ProjectWithoutDomain(name)),
        }
    }
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn domain(id: &str, name: &str) -> Option<DomainRef> {
    let by_id = given(id).map(|id| DomainRef::Id(id.to_owned()));
    by_id.or_else(|| given(name).map(|name| DomainRef::Name(name.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scope_is_taken_and_two_are_refused() {
        let none = ScopeOptions::default;
        let domain_id = || DomainRef::Id("d".to_owned());
        for (options, scope) in [
            (none(), Scope::Default),
            (ScopeOptions { unscoped: true, ..none() }, Scope::Unscoped),
            (
                ScopeOptions { project_id: "p".into(), project_name: "n".into(), ..none() },
                Scope::project_id("p"),
            ),
            (
                ScopeOptions { project_name: "n".into(), project_domain_id: "d".into(), ..none() },
                Scope::project_in("n", domain_id()),
            ),
            (
                ScopeOptions { project_name: "n".into(), project_domain_name: "d".into(), ..none() },
                Scope::project_in("n", DomainRef::Name("d".to_owned())),
            ),
            (
                ScopeOptions { domain_id: "d".into(), domain_name: "n".into(), ..none() },
                Scope::Domain(domain_id()),
            ),
            (ScopeOptions { system_scope: "all".into(), ..none() }, Scope::System),
            (ScopeOptions { trust_id: "t".into(), ..none() }, Scope::Trust("t".to_owned())),
            // The domain of a project says no scope by itself.
            (ScopeOptions { project_domain_id: "d".into(), ..none() }, Scope::Default),
        ] {
            assert_eq!(options.scope(), Ok(scope), "{options:?}");
        }
        let errors = [
            ScopeOptions { project_id: "p".into(), domain_id: "d".into(), ..none() },
            ScopeOptions { project_name: "p".into(), trust_id: "t".into(), ..none() },
            ScopeOptions { system_scope: "all".into(), unscoped: true, ..none() },
            ScopeOptions {
                domain_name: "d".into(),
                system_scope: "all".into(),
                trust_id: "t".into(),
                ..none()
            },
            ScopeOptions { project_name: "p".into(), ..none() },
            ScopeOptions { system_scope: "some".into(), ..none() },
        ]
        .map(|options| options.scope().unwrap_err().to_string())
        .join("\n");
        insta::assert_snapshot!(errors, @"
        a token has one scope, and the options say two: a project and a domain; leave one of them out
        a token has one scope, and the options say two: a project and a trust; leave one of them out
        a token has one scope, and the options say two: the system and `unscoped`; leave one of them out
        a token has one scope, and the options say two: a domain and the system; leave one of them out
        the project `p` is named without its domain: add the project's domain, by id or by name
        the system scope `some` is none that Keystone knows: say `all`, or leave it out
        ");
    }
}
