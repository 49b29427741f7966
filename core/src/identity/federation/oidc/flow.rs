//! The first half of a login: from what the client has to a token that Keystone can be shown.

use std::time::Duration;

use http::{Response, Uri};

use super::answer::{Tokens, Told};
use super::claim::Claim;
use super::discovery::{Desk, Document, TOKEN};
use super::provider::OidcProvider;
use super::way::{Ready, Way};
use crate::Secret;
use crate::error::{LoginError, ProviderProblem};
use crate::identity::{Exchange, Fields, Grant, Moment, Renewal, Start, Step};
use crate::time::Now;

/// A login by way of a provider.
#[derive(Debug)]
pub(super) struct Flow<W> {
    provider: OidcProvider,
    way: W,
    claim: Claim,
    document: Option<Document>,
    refresh: Option<Secret>,
    /// What Keystone is to be shown.
    shown: Option<Shown>,
    asking: Asking,
    asked: Option<Now>,
}

/// Whose answer is due.
#[derive(Clone, Copy, Debug)]
enum Asking {
    Nobody,
    Discovery,
    Refresh,
    Beforehand,
    Token,
    Keystone,
}

/// A token of the provider's.
#[derive(Debug)]
struct Shown {
    token: Secret,
    asked: Option<Now>,
    life: Option<Duration>,
    /// Keystone has been shown it.
    tried: bool,
}

impl Shown {
    /// Keystone could not look at it, and now it is too late.
    fn is_over(&self, now: Now) -> bool {
        let age = self.asked.map_or(Duration::ZERO, |asked| now.since(asked));
        self.tried && self.life.is_some_and(|life| age >= life)
    }
}

impl<W: Way> Flow<W> {
    pub(super) fn new(provider: OidcProvider, way: W, mut start: Start) -> Self {
        let refresh = start.kept.take();
        Self {
            claim: Claim::of(start, &provider),
            provider,
            way,
            document: None,
            refresh,
            shown: None,
            asking: Asking::Nobody,
            asked: None,
        }
    }

    fn desk(&self) -> Desk<'_> {
        Desk { provider: &self.provider, document: self.document.as_ref() }
    }

    fn post(
        &mut self,
        url: &Uri,
        form: &Fields,
        once: bool,
        asking: Asking,
        at: &mut Moment<'_>,
    ) -> Result<Step, LoginError> {
        let request = self.provider.post(url, form)?;
        form.secrets().for_each(|secret| at.conceal(secret));
        self.asking = asking;
        self.asked = Some(at.now());
        Ok(if once { Step::AskOnce(request) } else { Step::Ask(request) })
    }

    /// The form of a grant, in the order in which keystoneauth has it.
    fn form(&self, say: impl FnOnce(&mut Fields), grant: &str, name_client: bool) -> Fields {
        let mut form = Fields::default();
        say(&mut form);
        form.text("grant_type", grant);
        if (name_client || !self.provider.has_secret()) && !self.provider.client_id.is_empty() {
            form.text("client_id", &self.provider.client_id);
        }
        form
    }

    fn token_endpoint(&self) -> Result<Uri, LoginError> {
        let endpoint = self.desk().endpoint(TOKEN, self.provider.access_token_endpoint.as_deref());
        endpoint.map_err(|problem| self.provider.error(problem))
    }

    /// The next question to the provider.
    fn ask_provider(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        if let (Some(url), None) = (&self.provider.discovery_endpoint, &self.document) {
            self.asking = Asking::Discovery;
            return Document::request(url).map(Step::Ask);
        }
        if let Some(refresh) = self.refresh.clone() {
            let say = |form: &mut Fields| form.secret("refresh_token", &refresh);
            let form = self.form(say, "refresh_token", self.way.always_names_client());
            return self.post(&self.token_endpoint()?, &form, false, Asking::Refresh, at);
        }
        let desk = Desk { provider: &self.provider, document: self.document.as_ref() };
        match self.way.prepare(&desk, at)? {
            Ready::Yes { once } => {
                let say = |form: &mut Fields| self.way.form(&self.desk(), form);
                let form = self.form(say, self.way.grant(), self.way.always_names_client());
                self.post(&self.token_endpoint()?, &form, once, Asking::Token, at)
            }
            Ready::Ask(url, form) => self.post(&url, &form, false, Asking::Beforehand, at),
            Ready::Consult(inquiry) => Ok(Step::Consult(inquiry)),
            Ready::NotBefore(tick) => Ok(Step::WaitUntil(tick)),
        }
    }

    fn hear_refresh(
        &mut self,
        answer: &Response<Vec<u8>>,
        at: &mut Moment<'_>,
    ) -> Result<(), ProviderProblem> {
        match Told::read(answer, self.provider.token_type)? {
            Told::Tokens(tokens) => self.take(tokens, at),
            // It would refuse the client whatever it says.
            Told::No(no) if no.is_about_the_client() => return Err(no.into()),
            Told::No(no) => {
                self.refresh = None;
                at.keep(None);
                self.way.without_refresh(no)?;
                if let Some(document) = &self.document {
                    document.check_grant(self.way.grant())?;
                }
            }
        }
        Ok(())
    }

    fn hear_token(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<(), ProviderProblem> {
        match Told::read(answer, self.provider.token_type)? {
            Told::Tokens(tokens) => {
                self.way.used();
                self.take(tokens, at);
                Ok(())
            }
            Told::No(no) => self.way.judge(no, at),
        }
    }

    fn hear_document(&mut self, answer: &Response<Vec<u8>>) -> Result<(), ProviderProblem> {
        let document = Document::read(answer)?;
        // What renews goes on, whatever the list says of how it began.
        if self.refresh.is_none() {
            document.check_grant(self.way.grant())?;
        }
        self.document = Some(document);
        Ok(())
    }

    /// From here on it is this refresh token, or the one there was, however the login ends.
    fn take(&mut self, tokens: Tokens, at: &mut Moment<'_>) {
        let Tokens { shown, refresh, life } = tokens;
        if refresh.is_some() {
            self.refresh = refresh;
            at.keep(self.refresh.clone());
        }
        self.shown = Some(Shown { token: shown, asked: self.asked, life, tried: false });
    }

    fn hear_keystone(
        &mut self,
        answer: &Response<Vec<u8>>,
        at: &mut Moment<'_>,
    ) -> Result<Option<Grant>, LoginError> {
        let grant = self.claim.hear(answer, false, at)?;
        Ok(grant.map(|grant| match &self.refresh {
            Some(refresh) => grant.keeping(refresh.clone()).renewed(Renewal::Unattended),
            None => grant,
        }))
    }
}

impl<W: Way> Exchange for Flow<W> {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        let taken = self.claim.is_taken(at.now());
        self.shown.take_if(|shown| !taken && shown.is_over(at.now()));
        let Some(shown) = &mut self.shown else { return self.ask_provider(at) };
        shown.tried = true;
        self.asking = Asking::Keystone;
        self.claim.need(&shown.token, at)
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let heard = match self.asking {
            Asking::Keystone => return self.hear_keystone(answer, at),
            Asking::Nobody => Err(ProviderProblem::Garbled("nothing was asked")),
            Asking::Discovery => self.hear_document(answer),
            Asking::Refresh => self.hear_refresh(answer, at),
            Asking::Beforehand => self.way.prepared(answer, at),
            Asking::Token => self.hear_token(answer, at),
        };
        heard.map(|()| None).map_err(|problem| self.provider.error(problem))
    }

    fn told(&mut self, reply: Secret, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        self.way.told(reply, at).map(|()| None).map_err(|problem| self.provider.error(problem))
    }
}
