//! The outsider's crate: Kerberos at Keystone's `OS-FEDERATION` (`v3fedkerb`).

use std::sync::Arc;

use http::{Request, Response, Uri, header};
use keepstone_core::identity::{
    Exchange, Fields, Grant, Inquiry, Method, Moment, Scope, Start, Step, TokenMethod,
};
use keepstone_core::{LoginError, Secret, SecretBytes, Token};

use crate::kerberos::{Mutual, heard};

/// A ticket of Kerberos, for an identity provider that Keystone knows.
#[derive(Debug)]
pub(crate) struct FedKerberos {
    pub(crate) identity_provider: &'static str,
    pub(crate) protocol: &'static str,
    pub(crate) mutual: Mutual,
}

impl Method for FedKerberos {
    fn name(&self) -> &str {
        "v3fedkerb"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("identity_provider", self.identity_provider);
        fields.text("protocol", self.protocol);
        fields.text("mutual_auth", &format!("{:?}", self.mutual));
    }

    fn begin(self: Arc<Self>, start: Start) -> Box<dyn Exchange> {
        let Self { identity_provider, protocol, .. } = *self;
        let v3 = start.v3_url();
        let url =
            format!("{v3}/OS-FEDERATION/identity_providers/{identity_provider}/protocols/{protocol}/auth");
        Box::new(Login { method: self, start, url, stage: Stage::Enter { told: None, sent: false } })
    }
}

#[derive(Debug)]
struct Login {
    method: Arc<FedKerberos>,
    start: Start,
    url: String,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Going there, with what the library said last.
    Enter { told: Option<Secret>, sent: bool },
    /// Asking the library; then the token is good, if it has come.
    Library { inquiry: Inquiry, token: Option<Box<Token>> },
    /// Exchanging the unscoped token, which is a login of its own.
    Rescope(Box<dyn Exchange>),
}

impl Login {
    fn url(&self) -> Result<Uri, LoginError> {
        self.url.parse().map_err(|_| LoginError::Garbled("the auth URL is none"))
    }

    fn unscoped(&mut self, token: Token) -> Option<Grant> {
        if matches!(self.start.scope, Scope::Default | Scope::Unscoped) {
            let grant = Grant::new(token);
            return Some(match self.start.v3_url().parse() {
                Ok(v3) => grant.issued_by(v3),
                Err(_) => grant,
            });
        }
        let exchange = Arc::new(TokenMethod::new(token.id));
        self.stage = Stage::Rescope(Method::begin(exchange, self.start.clone()));
        None
    }
}

impl Exchange for Login {
    fn need(&mut self, at: &mut Moment<'_>) -> Result<Step, LoginError> {
        let url = self.url()?;
        match &mut self.stage {
            Stage::Library { inquiry, .. } => Ok(Step::Consult(inquiry.clone())),
            Stage::Rescope(exchange) => exchange.need(at),
            Stage::Enter { told, sent } => {
                // No word is said twice: if the answer was lost, a new handshake begins.
                if std::mem::replace(sent, true) {
                    *told = None;
                }
                let mut request = Request::get(url);
                if let Some(blob) = told {
                    request = request.header(header::AUTHORIZATION, format!("Negotiate {}", blob.reveal()));
                }
                let request = request.body(SecretBytes::default());
                request.map(Step::Ask).map_err(|_| LoginError::Garbled("the ticket is no header"))
            }
        }
    }

    fn hear(&mut self, answer: &Response<Vec<u8>>, at: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let told = match &mut self.stage {
            Stage::Rescope(exchange) => return exchange.hear(answer, at),
            Stage::Library { .. } => None,
            Stage::Enter { told, .. } => told.take(),
        };
        let inquiry = heard(self.method.mutual, answer, told.as_ref(), &self.url()?)?;
        let token =
            if answer.status().is_success() || inquiry.is_none() { Some(Token::read(answer)?) } else { None };
        match (inquiry, token) {
            (Some(inquiry), token) => self.stage = Stage::Library { inquiry, token: token.map(Box::new) },
            (None, Some(token)) => return Ok(self.unscoped(token)),
            (None, None) => {}
        }
        Ok(None)
    }

    fn told(&mut self, reply: Secret, _: &mut Moment<'_>) -> Result<Option<Grant>, LoginError> {
        let next = Stage::Enter { told: Some(reply), sent: false };
        match std::mem::replace(&mut self.stage, next) {
            Stage::Library { token: Some(token), .. } => Ok(self.unscoped(*token)),
            _ => Ok(None),
        }
    }
}
