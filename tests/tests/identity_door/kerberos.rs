//! The outsider's crate: the method `kerberos` of Identity API v3 (`v3kerberos`).

use http::{HeaderMap, Response, StatusCode, Uri, header};
use keepstone_core::identity::{Fields, Inquiry, Moment, Part, Said};
use keepstone_core::{LoginError, Secret};
use serde::Serialize;

/// Whether the server has to prove who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mutual {
    /// It must.
    Required,
    /// If it says something, that must be right.
    Optional,
    /// It is not listened to.
    Disabled,
}

/// A ticket of Kerberos.
#[derive(Debug)]
pub(crate) struct Kerberos {
    pub(crate) mutual: Mutual,
}

/// `{}`: all is in the header.
#[derive(Serialize)]
struct Empty {}

impl Part for Kerberos {
    fn name(&self) -> &str {
        "kerberos"
    }

    fn fields(&self, fields: &mut Fields) {
        fields.text("mutual_auth", &format!("{:?}", self.mutual));
    }

    fn heard(
        &self,
        answer: &Response<Vec<u8>>,
        told: Option<&Secret>,
        url: &Uri,
    ) -> Result<Option<Inquiry>, LoginError> {
        heard(self.mutual, answer, told, url)
    }

    fn say(&self, told: Option<&Secret>, _: &Uri, _: &mut Moment<'_>) -> Result<Said, LoginError> {
        let said = Said::new(&Empty {});
        Ok(match told {
            Some(blob) => said.header(header::AUTHORIZATION, format!("Negotiate {}", blob.reveal())),
            None => said,
        })
    }
}

/// What the Kerberos library is asked in view of an answer.
pub(crate) fn heard(
    mutual: Mutual,
    answer: &Response<Vec<u8>>,
    told: Option<&Secret>,
    url: &Uri,
) -> Result<Option<Inquiry>, LoginError> {
    let granted = answer.status().is_success();
    let ask = |challenge| {
        let (mechanism, host) = ("Negotiate".to_owned(), url.host().unwrap_or_default().to_owned());
        Ok(Some(Inquiry::Blob { mechanism, host, challenge }))
    };
    match (words(answer.headers()), mutual) {
        // The first word, or the next; a second "say something" means that the last was wrong.
        (Some(challenge), _) if answer.status() == StatusCode::UNAUTHORIZED => {
            if told.is_some() && challenge.is_none() { Ok(None) } else { ask(challenge) }
        }
        (Some(Some(proof)), Mutual::Required | Mutual::Optional) if granted => ask(Some(proof)),
        (_, Mutual::Required) if granted => {
            Err(LoginError::Garbled("it does not prove who it is, and mutual authentication is required"))
        }
        _ => Ok(None),
    }
}

/// What stands behind `Negotiate`, if that is there.
fn words(headers: &HeaderMap) -> Option<Option<Secret>> {
    let lines = headers.get_all(header::WWW_AUTHENTICATE).iter().filter_map(|line| line.to_str().ok());
    let word = lines.filter_map(|line| line.strip_prefix("Negotiate")).next()?.trim();
    Some((!word.is_empty()).then(|| Secret::new(word)))
}
