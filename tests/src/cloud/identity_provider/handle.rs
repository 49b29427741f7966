//! The provider, in the hands of a test: its rules, its counts, and the people who visit its pages.

use std::sync::Arc;

use super::{Challenge, Code, Counts, Decision, Rules, Vouched, client::Form, later};
use crate::cloud::{Cloud, Service, shared::Shared};

/// A hold on a running cloud's provider. Clones are of the same one.
#[derive(Clone, Debug)]
pub struct Provider {
    shared: Arc<Shared>,
}

impl Cloud {
    /// The cloud's identity provider.
    #[must_use]
    pub fn provider(&self) -> Provider {
        Provider { shared: Arc::clone(&self.shared) }
    }
}

impl Provider {
    /// Where its discovery document is.
    #[must_use]
    pub fn discovery_endpoint(&self) -> String {
        self.url("/.well-known/openid-configuration")
    }

    /// One of its addresses: `/token`, `/device`, `/authorize`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.shared.keystone().origin(Service::IdentityProvider))
    }

    /// Changes how it behaves from now on.
    pub fn rule(&self, change: impl FnOnce(&mut Rules)) {
        change(&mut self.shared.provider().rules);
    }

    /// What it did so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.provider().counts.clone()
    }

    /// A person visits the page of a device, is told this code, logs in and approves; the device learns
    /// of it after it has asked `after` times in vain. Whether there is such a device.
    pub fn approve_device(&self, user_code: &str, user: &str, after: u32) -> bool {
        self.decide(user_code, Decision::Approved { user: user.to_owned(), after })
    }

    /// A person visits the page of a device and declines. Whether there is such a device.
    pub fn decline_device(&self, user_code: &str) -> bool {
        self.decide(user_code, Decision::Declined)
    }

    fn decide(&self, user_code: &str, decision: Decision) -> bool {
        let mut provider = self.shared.provider();
        let device = provider.devices.values_mut().find(|device| device.user_code == user_code);
        device.map(|device| device.decision = decision).is_some()
    }

    /// A person visits this page (of `/authorize`), logs in, and is led to the address that is
    /// returned, with a code in it; `None` if the page is not of this provider or names no client.
    #[must_use]
    pub fn visit(&self, page: &str, user: &str) -> Option<String> {
        let query = page.strip_prefix(&self.url("/authorize?"))?;
        let form = Form::parse(query.as_bytes());
        let (client, redirect_uri) = (form.get("client_id")?.to_owned(), form.get("redirect_uri")?);
        let mut provider = self.shared.provider();
        if form.get("response_type") != Some("code") || !provider.rules.clients.contains_key(&client) {
            return None;
        }
        let code = provider.dice.secret();
        let entry = Code {
            client,
            user: user.to_owned(),
            redirect_uri: Some(redirect_uri.to_owned()),
            challenge: Challenge::of(&form),
        };
        provider.codes.insert(code.clone(), entry);
        let mut back = form_urlencoded::Serializer::new(format!("{redirect_uri}?"));
        back.append_pair("code", &code);
        if let Some(state) = form.get("state") {
            back.append_pair("state", state);
        }
        Some(back.finish())
    }

    /// An access token of a user's, as if the user had got it elsewhere.
    #[must_use]
    pub fn access_token(&self, user: &str) -> String {
        let mut provider = self.shared.provider();
        let token = format!("at-{}", provider.dice.secret());
        let end = later(self.shared.settings.clock.now(), provider.rules.token_life);
        provider.tokens.insert(token.clone(), Vouched { user: user.to_owned(), end });
        token
    }

    /// Ends all refresh tokens: an administrator logs everybody out.
    pub fn end_sessions(&self) {
        self.shared.provider().refresh_tokens.clear();
    }
}
