//! The secrets that came up in one login. Everybody who takes part may repeat what he was told, and
//! nobody's words are shown with a secret in them.

use http::{HeaderMap, Request, header};

use super::Fields;
use super::v3::RECEIPT;
use crate::Secret;
use crate::headers::X_SUBJECT_TOKEN;
use crate::secret::SecretBytes;

/// More than a login ever has. The oldest go first.
const MOST: usize = 64;
/// What is shorter stands in anybody's words.
const SHORTEST: usize = 3;

/// Beside what the credential is made of ([`Fields`]).
#[derive(Debug, Default)]
pub(crate) struct Seen(Vec<Secret>);

impl Seen {
    pub(crate) fn add(&mut self, secret: &str) {
        let secret = Secret::new(secret.trim());
        if secret.reveal().len() < SHORTEST || self.0.contains(&secret) {
            return;
        }
        if self.0.len() == MOST {
            self.0.remove(0);
        }
        self.0.push(secret);
    }

    /// What somebody is told in headers.
    pub(crate) fn sent(&mut self, request: &Request<SecretBytes>) {
        for (name, value) in request.headers().iter().filter(|(_, value)| value.is_sensitive()) {
            let Ok(text) = value.to_str() else { continue };
            match *name {
                header::AUTHORIZATION => self.add(text.split_once(' ').map_or(text, |(_, proof)| proof)),
                header::COOKIE => {
                    let pairs = text.split("; ").filter_map(|pair| pair.split_once('='));
                    pairs.for_each(|(_, value)| self.add(value));
                }
                _ => self.add(text),
            }
        }
    }

    /// What Keystone gives in headers: another may be told it next.
    pub(crate) fn given(&mut self, headers: &HeaderMap) {
        for name in [X_SUBJECT_TOKEN, RECEIPT] {
            if let Some(text) = headers.get(name).and_then(|value| value.to_str().ok()) {
                self.add(text);
            }
        }
    }

    /// A text without them, and without those of the credential.
    pub(crate) fn scrub(&self, fields: &Fields, text: String) -> String {
        let mut secrets: Vec<&str> = fields.secrets().chain(&self.0).map(Secret::reveal).collect();
        secrets.retain(|secret| !secret.is_empty());
        // Of one that begins like another, nothing is left over.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
            .iter()
            .fold(text, |text, secret| if text.contains(secret) { text.replace(secret, "…") } else { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passed_by_is_scrubbed() {
        let mut fields = Fields::default();
        fields.text("user", "alice");
        fields.secret("password", &"hunter".into());
        fields.one_time("passcode", &"hunter2".into());
        fields.secret("empty", &"".into());
        let mut seen = Seen::default();
        let sensitive = |text: &str| Secret::new(text).header().unwrap();
        let request = Request::get("/")
            .header("authorization", sensitive("Bearer b34rer"))
            .header("cookie", sensitive("a=c00kie; b=1"))
            .header("x-auth-token", sensitive("t0ken"))
            .header("accept", "harmless")
            .body(SecretBytes::default());
        seen.sent(&request.unwrap());
        seen.given(&HeaderMap::from_iter([(X_SUBJECT_TOKEN, sensitive("subj3ct"))]));
        seen.add(" t0ld\n");
        let words = "alice: hunter, hunter2; Bearer b34rer a=c00kie b=1 t0ken harmless subj3ct t0ld";
        assert_eq!(seen.scrub(&fields, words.to_owned()), "alice: …, …; Bearer … a=… b=1 … harmless … …");
        assert!(!format!("{seen:?}").contains("t0ken"));
    }

    #[test]
    fn there_is_no_end_of_them_and_yet_a_limit() {
        let mut seen = Seen::default();
        (0..1000).for_each(|number| seen.add(&format!("secret{number:04}")));
        assert_eq!(seen.0.len(), MOST);
        assert_eq!(seen.scrub(&Fields::default(), "secret0999".to_owned()), "…");
    }
}
