//! What proves an identity: where, how, and for what.

use std::fmt;
use std::sync::Arc;

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use http::Uri;
use sha2::Sha256;

use super::v3::{ApplicationCredential, Password, TokenMethod};
use super::{Exchange, Fields, Method, Remedy, Renewal, Scope, Start, UserRef};
use crate::Secret;
use crate::call::TlsId;
use crate::error::InputError;
use crate::service::absolute;

/// A credential that can log in.
///
/// ```
/// use keepstone_core::{Credential, Scope, UserRef};
/// let nova = Credential::password("http://keystone:5000/v3", UserRef::name("nova"), "s3cr3t")?
///     .scope(Scope::project("service"));
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone)]
pub struct Credential {
    auth_url: Uri,
    method: Arc<dyn Method>,
    scope: Scope,
    uses: Option<u32>,
    tls: TlsId,
    catalog: bool,
}

impl Credential {
    /// A login by any method of [`crate::identity`], or by one of your own. `auth_url` is Keystone's
    /// address, with or without `/v3`.
    ///
    /// # Errors
    /// [`InputError::AuthUrl`] if it is not an absolute http or https address, or is that of a version
    /// that the method is not for; whatever [`Method::check`] finds.
    pub fn new(auth_url: &str, method: impl Method) -> Result<Self, InputError> {
        Self::with(auth_url, Arc::new(method))
    }

    /// The same, with a method that is shared.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn with(auth_url: &str, method: Arc<dyn Method>) -> Result<Self, InputError> {
        let refused = || InputError::AuthUrl(without_password(auth_url));
        let bare = auth_url.trim().trim_end_matches('/');
        if bare.contains(['?', '#', '@']) {
            return Err(refused());
        }
        let auth_url = absolute(bare).ok_or_else(refused)?;
        method.check(&auth_url, &Scope::Default)?;
        Ok(Self { auth_url, method, scope: Scope::Default, uses: None, tls: TlsId::default(), catalog: true })
    }

    /// A login with a user's password, at Identity API v3.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn password(auth_url: &str, user: UserRef, password: impl Into<Secret>) -> Result<Self, InputError> {
        Self::new(auth_url, Password::new(user, password))
    }

    /// The exchange of a token for one with another scope and the same end.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn token(auth_url: &str, token: impl Into<Secret>) -> Result<Self, InputError> {
        Self::new(auth_url, TokenMethod::new(token))
    }

    /// A login with an application credential, by its id.
    ///
    /// # Errors
    /// As for [`Credential::new`].
    pub fn application_credential(
        auth_url: &str,
        id: impl Into<String>,
        secret: impl Into<Secret>,
    ) -> Result<Self, InputError> {
        Self::new(auth_url, ApplicationCredential::new(id, secret))
    }

    /// What the token is to be good for.
    #[must_use]
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// That this credential can be used `uses` times and no more: a trust with `remaining_uses`.
    #[must_use]
    pub fn limited_to(mut self, uses: u32) -> Self {
        self.uses = Some(uses);
        self
    }

    /// The connections on which to log in, where Keystone wants a client certificate of its own.
    #[must_use]
    pub fn tls(mut self, tls: TlsId) -> Self {
        self.tls = tls;
        self
    }

    /// That the token is wanted without a catalog (`?nocatalog`): endpoints are then to be stated.
    #[must_use]
    pub fn without_catalog(mut self) -> Self {
        self.catalog = false;
        self
    }

    /// Keystone's address as it was given, without a slash at its end.
    #[must_use]
    pub fn auth_url(&self) -> &Uri {
        &self.auth_url
    }

    /// Whether this credential can bring more than one token.
    #[must_use]
    pub fn renewal(&self) -> Renewal {
        match (self.method.renewal(), self.uses()) {
            (Renewal::Unattended, Some(_)) => Renewal::Limited,
            (renewal, _) => renewal,
        }
    }

    /// What would let it renew its tokens unattended, if it cannot.
    #[must_use]
    pub fn remedy(&self) -> Remedy {
        match self.method.renewal() {
            Renewal::Unattended => Remedy::MoreUses,
            Renewal::Limited | Renewal::Attended | Renewal::Never => self.method.remedy(),
        }
    }

    /// A name for logins with this credential: the same for the same credential, another for any
    /// other. Every field is in it, secrets too, so it is keyed: who does not know `key` cannot try
    /// passwords by it. One-time codes are left out.
    #[must_use]
    pub fn cache_id(&self, key: &[u8]) -> String {
        let fields = self.fields();
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
        for text in fields.lasting().flat_map(|(name, value)| [name, value]) {
            // Each behind its length, so that no two lists of texts look alike.
            mac.update(&(text.len() as u64).to_be_bytes());
            mac.update(text.as_bytes());
        }
        HEXLOWER.encode(&mac.finalize().into_bytes())
    }

    pub(crate) fn uses(&self) -> Option<u32> {
        self.method.uses().into_iter().chain(self.uses).min()
    }

    /// Whether it is a use if Keystone may have issued a token whose answer got lost. What the method
    /// itself is good for is another matter: a one-time code is used when it is sent.
    pub(crate) fn counts_lost_tokens(&self) -> bool {
        self.uses.is_some()
    }

    /// Whether its method has something to say that is good for a number of times.
    pub(crate) fn is_for_one_time(&self) -> bool {
        self.method.uses().is_some()
    }

    pub(crate) fn tls_id(&self) -> TlsId {
        self.tls
    }

    /// Refuses what contradicts itself.
    pub(crate) fn check(&self) -> Result<(), InputError> {
        self.method.check(&self.auth_url, &self.scope)
    }

    /// A login with it.
    pub(crate) fn begin(&self, kept: Option<Secret>) -> Box<dyn Exchange> {
        let Self { auth_url, scope, catalog, .. } = self;
        let start = Start { auth_url: auth_url.clone(), scope: scope.clone(), catalog: *catalog, kept };
        Arc::clone(&self.method).begin(start)
    }

    /// All that tells it from another one.
    pub(crate) fn fields(&self) -> Fields {
        let mut fields = Fields::default();
        fields.text("auth_url", &self.auth_url.to_string());
        fields.text("auth_type", self.method.name());
        self.scope.fields(&mut fields);
        fields.text("catalog", if self.catalog { "yes" } else { "no" });
        fields.text("connections", &self.tls.0.to_string());
        self.method.fields(&mut fields);
        fields
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.uses == other.uses && self.fields() == other.fields()
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { uses, .. } = self;
        f.debug_struct("Credential").field("fields", &self.fields()).field("uses", uses).finish()
    }
}

/// An address as it may be shown: without the name and the password that may stand in it.
pub(super) fn without_password(address: &str) -> String {
    match (address.split_once("://"), address.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://…@{host}"),
        (None, Some((_, host))) => format!("…@{host}"),
        (_, None) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auth_urls_are_taken_or_refused() {
        let url = |text| Credential::token(text, "t").map(|credential| credential.auth_url.to_string());
        for (given, used) in [
            ("http://h:5000", "http://h:5000/"),
            ("http://h:5000/", "http://h:5000/"),
            ("https://h/identity", "https://h/identity"),
            ("https://h/identity/v3/", "https://h/identity/v3"),
        ] {
            assert_eq!(url(given).as_deref(), Ok(used));
        }
        for wrong in ["", "h:5000", "ftp://h", "http://h/v2.0", "/v3"] {
            assert_eq!(url(wrong), Err(InputError::AuthUrl(wrong.to_owned())));
        }
        assert_eq!(url("http://u:p@h/v3"), Err(InputError::AuthUrl("http://…@h/v3".to_owned())));
    }

    #[test]
    fn an_application_credential_has_its_scope_already() {
        let credential = Credential::application_credential("http://h", "id", "secret").unwrap();
        assert_eq!(credential.check(), Ok(()));
        let scoped = credential.scope(Scope::Trust("t".to_owned()));
        assert_eq!(scoped.check(), Err(InputError::ScopeWithApplicationCredential));
    }

    #[test]
    fn a_cache_id_covers_every_field() {
        use crate::identity::{DomainRef, MultiFactor, Totp};
        let of = |credential: &Credential| credential.cache_id(b"key");
        let password =
            |url: &str, user: UserRef, password: &str| Credential::password(url, user, password).unwrap();
        let plain = password("http://h", UserRef::name("u"), "p");
        let others = [
            plain.clone(),
            password("http://i", UserRef::name("u"), "p"),
            password("http://h", UserRef::name("up"), ""),
            password("http://h", UserRef::id("u"), "p"),
            password("http://h", UserRef::named("u", DomainRef::Name("default".to_owned())), "p"),
            password("http://h", UserRef::name("u"), "q"),
            plain.clone().scope(Scope::Unscoped),
            plain.clone().scope(Scope::System),
            plain.clone().scope(Scope::project("u")),
            plain.clone().scope(Scope::project_id("u")),
            plain.clone().scope(Scope::Trust("u".to_owned())),
            plain.clone().without_catalog(),
            plain.clone().tls(TlsId(1)),
            Credential::token("http://h", "u").unwrap(),
            Credential::application_credential("http://h", "u", "p").unwrap(),
            Credential::new("http://h", MultiFactor::new(Password::new(UserRef::name("u"), "p"))).unwrap(),
        ];
        let ids: std::collections::BTreeSet<String> = others.iter().map(of).collect();
        assert_eq!(ids.len(), others.len());
        assert_eq!(of(&plain), of(&plain.clone().limited_to(3)));
        assert_ne!(of(&plain), plain.cache_id(b"another key"));
        let totp =
            |code: &str| Credential::new("http://h", Totp::passcode(UserRef::name("u"), code)).unwrap();
        assert_eq!(of(&totp("123456")), of(&totp("654321")), "whose login it is does not depend on the code");
        assert_ne!(totp("123456"), totp("654321"));
    }

    #[test]
    fn what_can_be_renewed_is_known() {
        let password = || Credential::password("http://h", UserRef::name("u"), "p").unwrap();
        assert_eq!(password().renewal(), Renewal::Unattended);
        assert_eq!(password().limited_to(2).renewal(), Renewal::Limited);
        assert_eq!(Credential::token("http://h", "t").unwrap().renewal(), Renewal::Never);
        assert!(matches!(Credential::token("http://h", "a\nb"), Err(InputError::TokenNotAHeader)));
    }
}
