//! A password or a token, at whatever version of the Identity API there is: the version documents at
//! the auth URL are asked, and the address that was chosen is kept for the next login.

use std::sync::Arc;

use http::{Request, Response, StatusCode, Uri, header};

use super::v2::{self, V2};
use super::v3::{self, Password, TokenMethod};
use super::{
    DomainRef, Exchange, Fields, Grant, Method, Moment, ProjectRef, Renewal, Scope, Start, Step, UserRef,
};
use crate::Secret;
use crate::error::{InputError, LoginError};
use crate::secret::SecretBytes;
use crate::service::{Allow, parse as parse_versions};

/// A login at the version that the cloud has: v3, or v2.0 where that is all it has, or where nothing
/// in the credential names a domain and v2.0 is offered first (as keystoneauth1's `password` and
/// `token` choose).
#[derive(Clone, Debug)]
pub struct AnyVersion {
    proof: Proof,
    project: Option<String>,
    default_domain: Option<DomainRef>,
    v3_only: bool,
}

#[derive(Clone, Debug)]
enum Proof {
    Password { user: User, password: Secret },
    Token(Secret),
}

#[derive(Clone, Debug)]
enum User {
    Id(String),
    Name(String, Option<DomainRef>),
}

/// A version to log in at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    V2,
    V3,
}

impl AnyVersion {
    /// A user and the password.
    pub fn password(user: UserRef, password: impl Into<Secret>) -> Self {
        let user = match user {
            UserRef::Id { id } => User::Id(id),
            UserRef::Name { name, domain } => User::Name(name, Some(domain)),
        };
        Self::new(Proof::Password { user, password: password.into() })
    }

    /// A user by name alone: in [`AnyVersion::default_domain`] where there are domains.
    pub fn password_of(name: impl Into<String>, password: impl Into<Secret>) -> Self {
        let user = User::Name(name.into(), None);
        Self::new(Proof::Password { user, password: password.into() })
    }

    /// A token to exchange.
    pub fn token(token: impl Into<Secret>) -> Self {
        Self::new(Proof::Token(token.into()))
    }

    /// Scoped to a project by name alone, in [`AnyVersion::default_domain`] where there are domains.
    #[must_use]
    pub fn project(mut self, name: impl Into<String>) -> Self {
        self.project = Some(name.into());
        self
    }

    /// The domain of names that have none of their own. With one, v3 is preferred.
    #[must_use]
    pub fn default_domain(mut self, domain: DomainRef) -> Self {
        self.default_domain = Some(domain);
        self
    }

    /// Not at v2.0, even if nothing in the credential names a domain.
    #[must_use]
    pub fn v3_only(mut self) -> Self {
        self.v3_only = true;
        self
    }

    fn new(proof: Proof) -> Self {
        Self { proof, project: None, default_domain: None, v3_only: false }
    }

    /// The method for a version, with the scope as that version has it; `None` if it cannot be said there.
    fn at(&self, version: Version, scope: &Scope) -> Option<(Arc<dyn Method>, Scope)> {
        match version {
            Version::V2 => self.at_v2(scope),
            Version::V3 => self.at_v3(scope),
        }
    }

    fn at_v2(&self, scope: &Scope) -> Option<(Arc<dyn Method>, Scope)> {
        let with_domain = matches!(scope, Scope::Project(ProjectRef::Name { .. }));
        if self.v3_only || with_domain || !v2::fits(scope) {
            return None;
        }
        let method = match &self.proof {
            Proof::Password { user: User::Id(id), password } => V2::password_of_id(id, password.clone()),
            Proof::Password { user: User::Name(name, None), password } => {
                V2::password(name, password.clone())
            }
            Proof::Password { user: User::Name(_, Some(_)), .. } => return None,
            Proof::Token(token) => V2::token(token.clone()),
        };
        let default = || DomainRef::Id("default".to_owned());
        let tenant = self.project.as_ref().map(|name| Scope::project_in(name, default()));
        match (scope, tenant) {
            (Scope::Default, Some(tenant)) => Some((Arc::new(method), tenant)),
            (Scope::Trust(id), Some(tenant)) => Some((Arc::new(method.trust(id)), tenant)),
            (_, Some(_)) => None,
            (scope, None) => Some((Arc::new(method), scope.clone())),
        }
    }

    fn at_v3(&self, scope: &Scope) -> Option<(Arc<dyn Method>, Scope)> {
        let method: Arc<dyn Method> = match &self.proof {
            Proof::Password { user, password } => {
                let user = match user {
                    User::Id(id) => UserRef::id(id),
                    User::Name(name, domain) => UserRef::named(name, self.domain(domain.as_ref())?),
                };
                Arc::new(Password::new(user, password.clone()))
            }
            Proof::Token(token) => Arc::new(TokenMethod::new(token.clone())),
        };
        let scope = match (&self.project, scope) {
            (Some(name), Scope::Default) => Scope::project_in(name, self.domain(None)?),
            (Some(_), _) => return None,
            (None, scope) => scope.clone(),
        };
        Some((method, scope))
    }

    fn domain(&self, own: Option<&DomainRef>) -> Option<DomainRef> {
        own.or(self.default_domain.as_ref()).cloned()
    }

    /// The version to use, of those that the documents list: the oldest that will do, or the newest
    /// where a default domain shows that the user has v3 in mind.
    fn choose(&self, auth_url: &Uri, answer: &Response<Vec<u8>>, scope: &Scope) -> Option<(Version, Uri)> {
        let url = auth_url.to_string();
        let documents = parse_versions(&url, answer).ok()?;
        let mut listed: Vec<(Version, Uri)> = documents
            .iter()
            .filter(|data| Allow::default().admits(data.status))
            .filter_map(|data| {
                let version = match data.version.major()? {
                    2 => Version::V2,
                    3 => Version::V3,
                    _ => return None,
                };
                Some((version, data.url.trim_end_matches('/').parse().ok()?))
            })
            .collect();
        if self.default_domain.is_none() {
            listed.reverse();
        }
        listed.into_iter().find(|(version, _)| self.at(*version, scope).is_some())
    }
}

impl Method for AnyVersion {
    fn name(&self) -> &str {
        match self.proof {
            Proof::Password { .. } => "any/password",
            Proof::Token(_) => "any/token",
        }
    }

    fn fields(&self, fields: &mut Fields) {
        match &self.proof {
            Proof::Password { user, password } => {
                match user {
                    User::Id(id) => fields.text("user_id", id),
                    User::Name(name, domain) => {
                        fields.text("username", name);
                        if let Some(domain) = domain {
                            domain.fields("user_", fields);
                        }
                    }
                }
                fields.secret("password", password);
            }
            Proof::Token(token) => fields.secret("token", token),
        }
        fields.maybe("project_name", self.project.as_deref());
        if let Some(domain) = &self.default_domain {
            domain.fields("default_", fields);
        }
        if self.v3_only {
            fields.text("v3_only", "yes");
        }
    }

    fn renewal(&self) -> Renewal {
        match self.proof {
            Proof::Password { .. } => Renewal::Unattended,
            Proof::Token(_) => Renewal::Never,
        }
    }

    fn check(&self, _: &Uri, scope: &Scope) -> Result<(), InputError> {
        if let Proof::Token(token) = &self.proof {
            token.header()?;
        }
        if self.project.is_some() && !matches!(scope, Scope::Default | Scope::Trust(_)) {
            return Err(InputError::ScopeConflict("a project by its name alone", "another scope"));
        }
        if self.at_v3(scope).or_else(|| self.at_v2(scope)).is_none() {
            return Err(InputError::NameWithoutDomain);
        }
        Ok(())
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let chosen = start.kept.as_ref().and_then(|kept| remembered(kept.reveal()));
        let mut login = AnyLogin { method: self, start, inner: None, remembered: chosen.is_some() };
        if let Some((version, url)) = chosen {
            login.log_in_at(version, url);
        }
        Box::new(login)
    }
}

/// What a login keeps for the next: which version, and where.
fn kept(version: Version, url: &Uri) -> Secret {
    Secret::new(format!("{version:?} {url}"))
}

fn remembered(kept: &str) -> Option<(Version, Uri)> {
    let (version, url) = kept.split_once(' ')?;
    let version = match version {
        "V2" => Version::V2,
        "V3" => Version::V3,
        _ => return None,
    };
    Some((version, url.parse().ok()?))
}

#[derive(Debug)]
struct AnyLogin {
    method: Arc<AnyVersion>,
    start: Start,
    inner: Option<Inner>,
    /// The address is one that an earlier login found: it may be out of date.
    remembered: bool,
}

#[derive(Debug)]
struct Inner {
    version: Version,
    url: Uri,
    exchange: Box<dyn Exchange>,
}

impl AnyLogin {
    fn log_in_at(&mut self, version: Version, url: Uri) -> bool {
        let Some((method, scope)) = self.method.at(version, &self.start.scope) else { return false };
        let start = Start { auth_url: url.clone(), scope, kept: None, catalog: self.start.catalog };
        self.inner = Some(Inner { version, url, exchange: method.begin(start) });
        true
    }

    fn discovered(&mut self, answer: &Response<Vec<u8>>) -> Result<(), LoginError> {
        if v3::busy(answer.status()) {
            return Err(LoginError::Busy { status: answer.status() });
        }
        let auth_url = self.start.auth_url.clone();
        let chosen = self.method.choose(&auth_url, answer, &self.start.scope);
        // No document, or none that fits: the address itself may say which version it is of.
        let (version, url) = chosen.or_else(|| said_by(&auth_url)).ok_or(LoginError::NoVersion)?;
        if self.log_in_at(version, url) { Ok(()) } else { Err(LoginError::NoVersion) }
    }
}

/// The version in an address.
fn said_by(url: &Uri) -> Option<(Version, Uri)> {
    match url.path().trim_end_matches('/').rsplit('/').next()? {
        "v2.0" => Some((Version::V2, url.clone())),
        "v3" => Some((Version::V3, url.clone())),
        _ => None,
    }
}

impl Exchange for AnyLogin {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if let Some(inner) = &mut self.inner {
            return inner.exchange.need(at);
        }
        let request = Request::get(&self.start.auth_url).header(header::ACCEPT, "application/json");
        let request = request.body(SecretBytes::default());
        request.map(Step::Ask).map_err(|_| LoginError::Garbled("the auth URL cannot be asked"))
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let Some(inner) = &mut self.inner else { return self.discovered(answer).map(|()| None) };
        // Keystone has moved since.
        let gone = matches!(answer.status(), StatusCode::NOT_FOUND | StatusCode::GONE)
            || answer.status().is_redirection();
        if gone && std::mem::take(&mut self.remembered) {
            self.inner = None;
            return Ok(None);
        }
        let grant = inner.exchange.hear(answer, at)?;
        Ok(grant.map(|grant| grant.keeping(kept(inner.version, &inner.url))))
    }
}
