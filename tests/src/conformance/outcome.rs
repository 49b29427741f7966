//! How a call ended, in a few words that are the same for every driver.
//!
//! | words | meaning |
//! |---|---|
//! | `200`, `404`, … | the service's answer |
//! | `401 no-token`, `401 renewal-forbidden`, `401 borrowed`, `401 borrowed-beside-service`, `401 even-renewed` | a 401, and why it could not be helped |
//! | `fail login X`, `fail service-login X` | the user, or the service identity, has no token; X is `refused`, `denied`, `busy`, `unreachable`, `garbled`, `dead-on-arrival`, `not-renewable`, `spent`, `not-told` |
//! | `fail late X` | the deadline came while waiting for X: `user-token`, `service-token`, `answer`, `retry` |
//! | `fail user-expired`, `fail window-over`, `fail expired-for-keystone` | an expired token that must not leave |
//! | `fail role-missing`, `fail too-short` | the service identity lacks the role; the token lives too short |
//! | `fail consumed`, `fail interrupted`, `fail unreachable` | the body is used up; it may have been carried out; nothing was sent |
//! | `fail body`, `fail answer` | the request's body, or the answer's, cannot be read to its end |
//! | `fail input`, `fail endpoint` | a request that contradicts itself; no such service |

use keepstone_core::{Failure, LoginError, Refusal, Wait, Who};

/// An answer of the service.
#[must_use]
pub fn answered(status: u16, refusal: Option<Refusal>) -> String {
    let why = match refusal {
        None => return status.to_string(),
        Some(Refusal::NoToken) => "no-token",
        Some(Refusal::RenewalForbidden) => "renewal-forbidden",
        Some(Refusal::Borrowed) => "borrowed",
        Some(Refusal::BorrowedBesideService) => "borrowed-beside-service",
        Some(Refusal::EvenRenewed) => "even-renewed",
        Some(_) => "other",
    };
    format!("{status} {why}")
}

/// A call that core ended.
#[must_use]
pub fn failed(failure: &Failure) -> String {
    let what = match failure {
        Failure::Input(_) => "input",
        Failure::Endpoint(_) => "endpoint",
        Failure::Login { who: Who::User, source } => return format!("fail login {}", login(source)),
        Failure::Login { who: Who::Service, source } => {
            return format!("fail service-login {}", login(source));
        }
        Failure::Late { waiting_for, .. } => return format!("fail late {}", wait(*waiting_for)),
        Failure::UserExpired { .. } => "user-expired",
        Failure::WindowOver { .. } => "window-over",
        Failure::ExpiredForKeystone => "expired-for-keystone",
        Failure::ServiceRoleMissing { .. } => "role-missing",
        Failure::TooShort { .. } => "too-short",
        Failure::Consumed => "consumed",
        Failure::Unreachable(_) => "unreachable",
        Failure::Interrupted(_) => "interrupted",
        _ => "other",
    };
    format!("fail {what}")
}

/// The request's body could not be read.
#[must_use]
pub fn body_failed() -> String {
    "fail body".to_owned()
}

/// The answer's body could not be read.
#[must_use]
pub fn answer_failed() -> String {
    "fail answer".to_owned()
}

/// The end of a log-out: `ok`, or `fail login X`.
#[must_use]
pub fn logged_out(result: &Result<(), LoginError>) -> String {
    match result {
        Ok(()) => "ok".to_owned(),
        Err(error) => format!("fail login {}", login(error)),
    }
}

fn login(error: &LoginError) -> &'static str {
    match error {
        LoginError::Refused { .. } => "refused",
        LoginError::Denied { .. } => "denied",
        LoginError::Busy { .. } => "busy",
        LoginError::Unreachable(_) => "unreachable",
        LoginError::Garbled(_) | LoginError::Unreadable(_) => "garbled",
        LoginError::DeadOnArrival => "dead-on-arrival",
        LoginError::NotRenewable => "not-renewable",
        LoginError::Spent => "spent",
        LoginError::NotTold(_) => "not-told",
        LoginError::MoreNeeded { .. } => "more-needed",
        LoginError::Unanswered(_) => "unanswered",
        LoginError::OnceLost => "once-lost",
        LoginError::NoVersion => "no-version",
        _ => "other",
    }
}

fn wait(wait: Wait) -> &'static str {
    match wait {
        Wait::Token(Who::User) => "user-token",
        Wait::Token(Who::Service) => "service-token",
        Wait::Versions => "versions",
        Wait::Answer => "answer",
        Wait::Retry => "retry",
        Wait::Turn => "turn",
    }
}
