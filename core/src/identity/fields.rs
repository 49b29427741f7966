//! What a method is made of: for comparing credentials, for naming a saved login, and for keeping
//! secrets out of messages.

use std::fmt;

use crate::Secret;

/// The fields of a method. Their order is part of what they say.
#[derive(Clone, Default, PartialEq)]
pub struct Fields(Vec<Field>);

#[derive(Clone, PartialEq)]
struct Field {
    name: String,
    value: Secret,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Secret,
    OneTime,
}

impl Fields {
    /// A field that anybody may see.
    pub fn text(&mut self, name: &str, value: &str) {
        self.push(name, Secret::new(value), Kind::Text);
    }

    /// The same, where there is one.
    pub fn maybe(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    /// A secret.
    pub fn secret(&mut self, name: &str, value: &Secret) {
        self.push(name, value.clone(), Kind::Secret);
    }

    /// A secret that is good for one login: whose login it is does not depend on it.
    pub fn one_time(&mut self, name: &str, value: &Secret) {
        self.push(name, value.clone(), Kind::OneTime);
    }

    fn push(&mut self, name: &str, value: Secret, kind: Kind) {
        self.0.push(Field { name: name.to_owned(), value, kind });
    }

    /// All that must not be seen.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &Secret> {
        self.0.iter().filter(|field| field.kind != Kind::Text).map(|field| &field.value)
    }

    /// All that tells one login from another, each part behind its length, so that no two lists of
    /// fields look alike.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = (&str, &str)> {
        let lasting = self.0.iter().filter(|field| field.kind != Kind::OneTime);
        lasting.map(|field| (field.name.as_str(), field.value.reveal()))
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.iter().map(|field| match field.kind {
            Kind::Text => (field.name.as_str(), field.value.reveal()),
            Kind::Secret | Kind::OneTime => (field.name.as_str(), "…"),
        });
        f.debug_map().entries(shown).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_show() {
        let mut fields = Fields::default();
        fields.text("user", "alice");
        fields.secret("password", &"hunter2".into());
        fields.one_time("passcode", &"123456".into());
        fields.secret("empty", &"".into());
        assert_eq!(
            format!("{fields:?}"),
            r#"{"user": "alice", "password": "…", "passcode": "…", "empty": "…"}"#
        );
        let lasting: Vec<_> = fields.lasting().map(|(name, _)| name).collect();
        assert_eq!(lasting, ["user", "password", "empty"]);
    }
}
