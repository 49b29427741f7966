//! Several methods in one login, and logins that go on from a receipt.

use std::collections::BTreeSet;
use std::sync::Arc;

use http::Uri;

use super::tokens::TokenRequest;
use super::{Part, Receipt};
use crate::Secret;
use crate::error::InputError;
use crate::identity::{Exchange, Fields, Method, Remedy, Renewal, Scope, Start};

/// Several methods of Identity API v3 at once, as a user's `multi_factor_auth_rules` demand.
///
/// ```
/// use keepstone_core::identity::{MultiFactor, Password, Totp};
/// use keepstone_core::{Credential, UserRef};
/// let alice = || UserRef::name("alice");
/// let both = MultiFactor::new(Password::new(alice(), "s3cr3t")).and(Totp::computed(alice(), "GEZDGNBV"));
/// // Or the second only if Keystone asks for it:
/// let careful = MultiFactor::new(Password::new(alice(), "s3cr3t")).if_asked(Totp::asked(alice()));
/// # Credential::new("http://keystone:5000", both)?;
/// # Credential::new("http://keystone:5000", careful)?;
/// # Ok::<_, keepstone_core::InputError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MultiFactor {
    parts: Vec<Arc<dyn Part>>,
    reserve: Vec<Arc<dyn Part>>,
    receipt: Option<Secret>,
}

impl MultiFactor {
    /// This method, and those that follow.
    pub fn new(part: impl Part) -> Self {
        Self { parts: vec![Arc::new(part)], reserve: Vec::new(), receipt: None }
    }

    /// And this one, in the same request.
    #[must_use]
    pub fn and(mut self, part: impl Part) -> Self {
        self.parts.push(Arc::new(part));
        self
    }

    /// And this one, if Keystone answers with a receipt that asks for it.
    #[must_use]
    pub fn if_asked(mut self, part: impl Part) -> Self {
        self.reserve.push(Arc::new(part));
        self
    }

    /// Going on from a receipt of an earlier login ([`crate::LoginError::MoreNeeded`]): good for one
    /// login, within minutes.
    #[must_use]
    pub fn with_receipt(mut self, receipt: &Receipt) -> Self {
        self.receipt = Some(receipt.id.clone());
        self
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn Part>> {
        self.parts.iter().chain(&self.reserve)
    }
}

impl Method for MultiFactor {
    fn name(&self) -> &str {
        "multifactor"
    }

    fn fields(&self, fields: &mut Fields) {
        for part in self.all() {
            fields.text("method", part.name());
            part.fields(fields);
        }
        if let Some(receipt) = &self.receipt {
            fields.one_time("receipt", receipt);
        }
    }

    fn renewal(&self) -> Renewal {
        let any = |renewal| self.all().any(|part| part.renewal() == renewal);
        let worst = [Renewal::Never, Renewal::Limited, Renewal::Attended].into_iter().find(|it| any(*it));
        match worst {
            Some(worst) => worst,
            None if self.receipt.is_some() => Renewal::Limited,
            None => Renewal::Unattended,
        }
    }

    fn remedy(&self) -> Remedy {
        if self.receipt.is_some() {
            return Remedy::AllFactors;
        }
        let worst = Method::renewal(self);
        self.all().find(|part| part.renewal() == worst).map_or(Remedy::AllFactors, |part| part.remedy())
    }

    fn uses(&self) -> Option<u32> {
        let parts = self.all().filter_map(|part| part.uses());
        parts.chain(self.receipt.is_some().then_some(1)).min()
    }

    fn check(&self, auth_url: &Uri, scope: &Scope) -> Result<(), InputError> {
        super::check_url(auth_url)?;
        let mut names = BTreeSet::new();
        if let Some(twice) = self.all().find(|part| !names.insert(part.name())) {
            return Err(InputError::MethodTwice(twice.name().to_owned()));
        }
        self.all().try_for_each(|part| part.check(scope))
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let Self { parts, reserve, receipt } = (*self).clone();
        Box::new(TokenRequest::new(start, parts).with_reserve(reserve).with_receipt(receipt))
    }
}
