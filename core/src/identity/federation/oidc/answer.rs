//! What a token endpoint answers (RFC 6749, 5.1 and 5.2).

use std::time::Duration;

use http::{Response, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::provider::OidcTokenType;
use crate::Secret;
use crate::error::ProviderProblem;
use crate::identity::v3::busy;

/// An answer that says no.
#[derive(Debug)]
pub(super) struct No {
    status: StatusCode,
    /// The error's code, or the status.
    pub(super) error: String,
    message: String,
}

impl No {
    /// It is about who asks: the same must not be asked again.
    fn is_refusal(&self) -> bool {
        let about_us = ["invalid_grant", "invalid_client", "unauthorized_client", "access_denied"];
        about_us.contains(&self.error.as_str()) || self.status == StatusCode::UNAUTHORIZED
    }

    /// It is about the client: what renewed so far is not to blame.
    pub(super) fn is_about_the_client(&self) -> bool {
        self.error == "invalid_client"
    }

    pub(super) fn denied(self) -> ProviderProblem {
        let Self { status, error, message } = self;
        ProviderProblem::Denied { status, error, message }
    }

    pub(super) fn ended(self) -> ProviderProblem {
        ProviderProblem::Ended { error: self.error, message: self.message }
    }
}

impl From<No> for ProviderProblem {
    fn from(no: No) -> Self {
        if no.is_refusal() { Self::Refused { error: no.error, message: no.message } } else { no.denied() }
    }
}

/// The provider's tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    /// What Keystone is shown.
    pub(super) shown: Secret,
    pub(super) refresh: Option<Secret>,
    pub(super) life: Option<Duration>,
}

/// What became of a question for tokens.
#[derive(Debug)]
pub(super) enum Told {
    Tokens(Tokens),
    No(No),
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: Option<String>,
    id_token: Option<String>,
    refresh_token: Option<String>,
    expires_in: Option<Value>,
}

impl Told {
    pub(super) fn read(
        answer: &Response<Vec<u8>>,
        token_type: OidcTokenType,
    ) -> Result<Self, ProviderProblem> {
        if let Some(no) = refused(answer)? {
            return Ok(Self::No(no));
        }
        let body: TokenBody = serde_json::from_slice(answer.body())
            .map_err(|_| ProviderProblem::Garbled("it is not the answer of a token endpoint"))?;
        let shown = match token_type {
            OidcTokenType::AccessToken => body.access_token,
            OidcTokenType::IdToken => body.id_token,
        };
        let present = |text: &String| !text.is_empty();
        let Some(shown) = shown.filter(present) else {
            // It may give fewer tokens for a refresh token than for the rest.
            let message = format!("there is no `{}` in its answer", token_type.name());
            return Ok(Self::No(No { status: answer.status(), error: "no token".to_owned(), message }));
        };
        let shown = Secret::new(shown);
        if shown.header().is_err() {
            return Err(ProviderProblem::Garbled("its token is one that no header can carry"));
        }
        Ok(Self::Tokens(Tokens {
            shown,
            refresh: body.refresh_token.filter(present).map(Secret::new),
            life: body.expires_in.as_ref().and_then(seconds),
        }))
    }
}

/// The provider's no, if the answer is one. Some say it with 200.
pub(super) fn refused(answer: &Response<Vec<u8>>) -> Result<Option<No>, ProviderProblem> {
    let status = answer.status();
    let said = Said::of(answer.body());
    let later = ["temporarily_unavailable", "server_error"];
    if busy(status) || said.error.as_deref().is_some_and(|error| later.contains(&error)) {
        return Err(ProviderProblem::Busy { status });
    }
    if status.is_redirection() {
        return Err(ProviderProblem::Redirected { status });
    }
    if status.is_success() && said.error.is_none() {
        return Ok(None);
    }
    let error = said.error.unwrap_or_else(|| status.as_u16().to_string());
    let message = said.message.unwrap_or_else(|| "it gave no reason".to_owned());
    Ok(Some(No { status, error, message }))
}

/// An error in JSON, as far as it is one.
#[derive(Default)]
struct Said {
    error: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: Option<Value>,
    error_description: Option<Value>,
}

impl Said {
    fn of(body: &[u8]) -> Self {
        let Ok(body) = serde_json::from_slice::<ErrorBody>(body) else { return Self::default() };
        let text = |value: Option<Value>| match value? {
            Value::String(text) if !text.is_empty() => Some(text),
            Value::Null | Value::String(_) => None,
            other => Some(other.to_string()),
        };
        let line = |text: String| text.replace(char::is_control, " ");
        Self { error: text(body.error), message: text(body.error_description).map(line) }
    }
}

/// Seconds, be they a number or written as a text.
pub(super) fn seconds(value: &Value) -> Option<Duration> {
    let number = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok());
    number.map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Told, ProviderProblem> {
        let answer = Response::builder().status(status).body(body.as_bytes().to_vec()).unwrap();
        Told::read(&answer, OidcTokenType::AccessToken)
    }

    #[test]
    fn lives_may_be_written_in_several_ways() {
        for (life, expected) in [("60", Some(60)), (r#""60""#, Some(60)), ("null", None), ("-1", None)] {
            let body = format!(r#"{{"access_token":"t","expires_in":{life}}}"#);
            let Ok(Told::Tokens(tokens)) = read(200, &body) else { panic!("{body}") };
            assert_eq!(tokens.life, expected.map(Duration::from_secs), "{body}");
            assert!(tokens.refresh.is_none());
        }
    }

    #[test]
    fn a_no_is_a_no_in_any_status() {
        for (status, body, error) in [
            (400, r#"{"error":"invalid_grant"}"#, "invalid_grant"),
            (200, r#"{"error":"bad_verification_code","access_token":"t"}"#, "bad_verification_code"),
            (403, "<html>", "403"),
            (400, r#"{"error":{"code":7}}"#, r#"{"code":7}"#),
            (200, "{}", "no token"),
            (200, r#"{"access_token":""}"#, "no token"),
        ] {
            let Ok(Told::No(no)) = read(status, body) else { panic!("{status} {body}") };
            assert_eq!(no.error, error);
        }
        assert_eq!(read(302, "").unwrap_err(), ProviderProblem::Redirected { status: StatusCode::FOUND });
        let busy = ProviderProblem::Busy { status: StatusCode::BAD_REQUEST };
        assert_eq!(read(400, r#"{"error":"temporarily_unavailable"}"#).unwrap_err(), busy);
        assert!(matches!(read(200, "<html>"), Err(ProviderProblem::Garbled(_))));
        assert!(matches!(read(200, r#"{"access_token":7}"#), Err(ProviderProblem::Garbled(_))));
    }
}
