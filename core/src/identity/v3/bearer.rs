//! Access tokens of OAuth 2.0 (RFC 6749), as Keystone's `OS-OAUTH2` hands them out
//! (`keystone/api/os_oauth2.py`).

use std::time::Duration;

use http::{Request, Response, StatusCode, Uri, header};
use serde::Deserialize;
use serde_json::Value;

use super::tokens::busy;
use crate::Secret;
use crate::error::{InputError, LoginError, RequestId};
use crate::identity::form::form;
use crate::identity::{Grant, without_password};
use crate::secret::SecretBytes;
use crate::service::absolute;

/// An access token.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    pub(super) token: Secret,
    life: Option<Duration>,
}

impl Bearer {
    /// Puts it beside the token of a grant, which lives no longer then.
    pub(super) fn beside(self, grant: Grant) -> Grant {
        let value = Secret::new(format!("Bearer {}", self.token.reveal()));
        let grant = grant.beside(header::AUTHORIZATION, value);
        match self.life {
            Some(life) => grant.at_most(life),
            None => grant,
        }
    }

    /// The access token in an answer, or why there is none.
    pub(super) fn of(answer: &Response<Vec<u8>>) -> Result<Self, LoginError> {
        if !answer.status().is_success() {
            return Err(refusal(answer));
        }
        let body: Granted = serde_json::from_slice(answer.body())
            .map_err(|_| LoginError::Garbled("it is not the answer of an OAuth 2 token endpoint"))?;
        if body.token_type.is_some_and(|kind| !kind.eq_ignore_ascii_case("bearer")) {
            return Err(LoginError::Garbled("its access token is none of the type Bearer"));
        }
        // It is one of Keystone's tokens, whose end is rounded down to a whole second.
        let life = body.expires_in.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(0.0)).ok());
        let life = life.map(|life| life.saturating_sub(Duration::from_secs(1)));
        Ok(Self { token: body.access_token.into(), life })
    }
}

/// The request for one, with these fields.
pub(super) fn request(
    endpoint: &str,
    fields: &[(&str, &str)],
    authorization: Option<Secret>,
) -> Result<Request<SecretBytes>, LoginError> {
    let unusable = |_| LoginError::Garbled("the OAuth 2 endpoint cannot be asked");
    let mut request = Request::post(endpoint)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(header::ACCEPT, "application/json")
        .body(form(fields))
        .map_err(unusable)?;
    if let Some(authorization) = authorization {
        let value = authorization.header().map_err(|_| LoginError::Garbled("a secret is no header value"))?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
    }
    Ok(request)
}

/// Refuses what is no address to ask.
pub(super) fn check_endpoint(endpoint: &str) -> Result<(), InputError> {
    let plain = |_: &Uri| !endpoint.contains(['@', '#']);
    match absolute(endpoint).filter(plain) {
        Some(_) => Ok(()),
        None => Err(InputError::NotAnAddress("OAuth 2 endpoint", without_password(endpoint))),
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    token_type: Option<String>,
    expires_in: Option<f64>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Problem {
    error: Value,
    error_description: Option<String>,
}

/// What an error of a token endpoint means (RFC 6749, 5.2).
fn refusal(answer: &Response<Vec<u8>>) -> LoginError {
    let status = answer.status();
    if busy(status) {
        return LoginError::Busy { status };
    }
    let problem: Problem = serde_json::from_slice(answer.body()).unwrap_or_default();
    // Keystone's own errors are objects.
    let code = problem.error.as_str().or(problem.error["message"].as_str()).unwrap_or_default().to_owned();
    let about_client = ["invalid_client", "invalid_grant", "unauthorized_client"].contains(&code.as_str());
    let words = problem.error_description.unwrap_or(code);
    let message = if words.is_empty() { "it gave no reason".to_owned() } else { words };
    let request_id = RequestId::of(answer.headers());
    if about_client || status == StatusCode::UNAUTHORIZED {
        LoginError::Refused { message, request_id }
    } else {
        LoginError::Denied { status, message, request_id }
    }
}
