//! How connections are made, whoever they are for.

use std::time::Duration;

use super::options::{Kind, Opt};
use super::{ConfigError, Given, Options, Warning};

/// The options of a session, as keystoneauth1 registers them with oslo.config. The other names are
/// those of `clouds.yaml` and of the command line.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("cafile", "The certificates that servers' certificates are checked against (PEM)")
        .also(&["cacert"])
        .kind(Kind::File),
    Opt::new("certfile", "The client certificate (PEM)").also(&["cert"]).kind(Kind::File),
    Opt::new("keyfile", "The client certificate's key (PEM)").also(&["key"]).kind(Kind::File),
    Opt::new("insecure", "Whether servers' certificates go unchecked").kind(Kind::Flag).default("false"),
    Opt::new("timeout", "How long a request may take").also(&["api-timeout"]).kind(Kind::Seconds),
    Opt::new("collect-timing", "Whether the time of each request is kept")
        .also(&["timing"])
        .kind(Kind::Flag)
        .default("false"),
    Opt::new("split-loggers", "Whether requests, answers and bodies are logged under names of their own")
        .kind(Kind::Flag)
        .default("false"),
    Opt::new("tls-ciphers", "The ciphers that may be used, as OpenSSL lists them"),
    Opt::new("tls-min-version", "The oldest version of TLS: `1.2` or `1.3`"),
];

/// The options of a session.
#[must_use]
pub fn session_options() -> &'static [Opt] {
    OPTIONS
}

/// How connections are made, whoever they are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionSettings {
    /// The file of certificates that servers' certificates are checked against; the system's if `None`.
    pub cafile: Option<String>,
    /// The file with the client certificate.
    pub certfile: Option<String>,
    /// The file with its key; the same one if `None`.
    pub keyfile: Option<String>,
    /// Whether servers' certificates go unchecked.
    pub insecure: bool,
    /// How long a request may take.
    pub timeout: Option<Duration>,
    /// Whether the time of each request is kept.
    pub collect_timing: bool,
    /// Whether requests, answers and bodies are logged under names of their own.
    pub split_loggers: bool,
    /// The ciphers that may be used, as OpenSSL lists them.
    pub tls_ciphers: Option<String>,
    /// The oldest version of TLS: `1.2` or `1.3`.
    pub tls_min_version: Option<String>,
    options: Options,
}

impl SessionSettings {
    pub(super) fn new(options: Options, warnings: &mut Vec<Warning>) -> Result<Self, ConfigError> {
        let text = |name| options.get(name).map(str::to_owned);
        if let Some(given) =
            options.given("tls-min-version").filter(|given| !matches!(given.text(), "1.2" | "1.3"))
        {
            return Err(options.bad("tls-min-version", given, "`1.2` or `1.3`"));
        }
        let settings = Self {
            cafile: text("cafile"),
            certfile: text("certfile"),
            keyfile: text("keyfile"),
            insecure: options.flag("insecure")?.unwrap_or(false),
            timeout: options.seconds("timeout")?,
            collect_timing: options.flag("collect-timing")?.unwrap_or(false),
            split_loggers: options.flag("split-loggers")?.unwrap_or(false),
            tls_ciphers: text("tls-ciphers"),
            tls_min_version: text("tls-min-version"),
            options,
        };
        if let (true, Some(cafile)) = (settings.insecure, settings.options.given("cafile")) {
            let text = "`cafile` has no effect, since certificates go unchecked (`insecure`)".to_owned();
            warnings.push(Warning::Note { origin: cafile.origin.clone(), text });
        }
        Ok(settings)
    }

    /// What was said, and where.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What was said about one of [`session_options`].
    #[must_use]
    pub fn given(&self, option: &str) -> Option<&Given> {
        self.options.given(option)
    }
}
