//! What an option is: its names, whether it is a secret, what its values look like.

use super::{adapter, plugins, session};

/// An option that a file, a variable or an argument can set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opt {
    /// Its name as keystoneauth1 spells it, with hyphens or underscores: `--os-` before it makes the
    /// argument, and in files all hyphens are underscores ([`Opt::key`]).
    pub name: &'static str,
    /// Older names, and other ones that mean the same, spelt likewise.
    pub aliases: &'static [&'static str],
    /// Whether its method cannot do without it.
    pub required: bool,
    /// Whether nobody should see its value.
    pub secret: bool,
    /// What holds if nobody says otherwise.
    pub default: Option<&'static str>,
    /// How a person is asked for it, where there is one to be asked.
    pub prompt: Option<&'static str>,
    /// What its values look like.
    pub kind: Kind,
    /// What it is for.
    pub help: &'static str,
    /// Whether it is ours alone, and keystoneauth1 does not have it.
    pub ours: bool,
}

/// What the values of an option look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Any text.
    Text,
    /// The name of a file.
    File,
    /// Yes or no: `true`, `yes`, `on`, `1`, or the opposite.
    Flag,
    /// A number without a fraction, from 0.
    Whole,
    /// A time in seconds, with or without a fraction.
    Seconds,
    /// Several texts with commas between them.
    List,
}

impl Opt {
    pub(super) const fn new(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            aliases: &[],
            required: false,
            secret: false,
            default: None,
            prompt: None,
            kind: Kind::Text,
            help,
            ours: false,
        }
    }

    pub(super) const fn also(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }

    pub(super) const fn default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }

    pub(super) const fn prompt(self, prompt: &'static str) -> Self {
        Self { prompt: Some(prompt), ..self }
    }

    pub(super) const fn kind(self, kind: Kind) -> Self {
        Self { kind, ..self }
    }

    pub(super) const fn ours(self) -> Self {
        Self { ours: true, ..self }
    }

    /// Its name in files.
    #[must_use]
    pub fn key(&self) -> String {
        underscored(self.name)
    }

    /// All its names in files, the present one first.
    pub(super) fn keys(&self) -> impl Iterator<Item = String> {
        self.names().map(underscored)
    }

    /// All its names, the present one first.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        std::iter::once(self.name).chain(self.aliases.iter().copied())
    }

    /// The variables that are read for it, the present one first.
    pub fn variables(&self) -> impl Iterator<Item = String> {
        self.keys().map(|key| format!("OS_{}", key.to_uppercase()))
    }

    /// Whether it has this name, with hyphens or underscores.
    pub(super) fn is(&self, name: &str) -> bool {
        self.names().any(|own| same(own, name))
    }
}

pub(super) fn underscored(name: &str) -> String {
    name.replace('-', "_")
}

/// Whether two names are the same but for hyphens and underscores.
pub(super) fn same(one: &str, other: &str) -> bool {
    let plain = |byte: u8| if byte == b'-' { b'_' } else { byte };
    one.len() == other.len() && one.bytes().map(plain).eq(other.bytes().map(plain))
}

/// Whether any method, session or adapter has such an option.
pub(super) fn is_known(name: &str) -> bool {
    let methods = plugins::plugins().iter().flat_map(plugins::Plugin::options);
    methods.chain(session::OPTIONS).chain(adapter::OPTIONS).any(|option| option.is(name))
}
