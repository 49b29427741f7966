//! The headers that tokens travel in, and their composition.

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::error::InputError;
use crate::lease::Lease;

/// The token of the user on whose behalf a call is made.
pub const X_AUTH_TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
/// The token of the service that makes the call.
pub const X_SERVICE_TOKEN: HeaderName = HeaderName::from_static("x-service-token");
/// The token that a request to Keystone is about, or that Keystone issued.
pub const X_SUBJECT_TOKEN: HeaderName = HeaderName::from_static("x-subject-token");
/// The id by which OpenStack services log a request.
pub const X_OPENSTACK_REQUEST_ID: HeaderName = HeaderName::from_static("x-openstack-request-id");

/// What this library calls itself.
pub const USER_AGENT: &str = concat!("keepstone/", env!("CARGO_PKG_VERSION"));

/// Refuses a caller's own header where the session would set one.
pub(crate) fn check(headers: &HeaderMap, user: Option<&Lease>, service: bool) -> Result<(), InputError> {
    let sets = |name: &HeaderName| user.is_some_and(|lease| lease.beside.iter().any(|(it, _)| it == name));
    let token = user.is_some_and(|lease| lease.header.is_some()) || sets(&X_AUTH_TOKEN);
    for (name, text, taken) in [
        (X_AUTH_TOKEN, "X-Auth-Token", token),
        (X_SERVICE_TOKEN, "X-Service-Token", service),
        (header::AUTHORIZATION, "Authorization", sets(&header::AUTHORIZATION)),
    ] {
        if taken && headers.contains_key(name) {
            return Err(InputError::HeaderTaken(text));
        }
    }
    Ok(())
}

/// The id under which a service logged the request that it answered.
#[must_use]
pub fn request_id(answer: &HeaderMap) -> Option<&str> {
    let names = ["x-openstack-request-id", "x-compute-request-id", "x-trans-id"];
    names.iter().find_map(|name| answer.get(*name)).and_then(|id| id.to_str().ok())
}

/// Puts a user's token on a request, and whatever goes beside it.
pub(crate) fn carry(headers: &mut HeaderMap, user: &Lease) {
    if let Some(token) = &user.header {
        headers.insert(X_AUTH_TOKEN, token.clone());
    }
    for (name, value) in &user.beside {
        headers.insert(name, value.clone());
    }
}

/// The caller's headers, the session's where the caller has none of that name, and the tokens.
pub(crate) fn compose(
    callers: &HeaderMap,
    sessions: &HeaderMap,
    user: Option<&Lease>,
    service: Option<&Lease>,
) -> HeaderMap {
    let mut headers = callers.clone();
    // The transport frames the body, whose length it knows.
    for name in [header::CONTENT_LENGTH, header::TRANSFER_ENCODING, header::EXPECT] {
        headers.remove(name);
    }
    for (name, value) in sessions {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    if let Some(lease) = user {
        carry(&mut headers, lease);
    }
    if let Some(token) = service.and_then(|lease| lease.header.as_ref()) {
        headers.insert(X_SERVICE_TOKEN, token.clone());
    }
    headers.entry(header::USER_AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
    headers
}
