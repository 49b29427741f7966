//! Which service is called, where, and how patiently.

use std::time::Duration;

use super::options::{Kind, Opt};
use super::{ConfigError, Options};
use crate::{Endpoint, Interface};

/// The options of an adapter, as keystoneauth1 registers them with oslo.config.
pub(super) const OPTIONS: &[Opt] = &[
    Opt::new("service-type", "Which service: its type in the catalog"),
    Opt::new("service-name", "Which service: its name in the catalog"),
    Opt::new("valid-interfaces", "Which of its endpoints: `public`, `internal`, `admin`, the best first")
        .kind(Kind::List),
    Opt::new("interface", "Which of its endpoints; `valid_interfaces` is the newer name, and takes several"),
    Opt::new("region-name", "In which region"),
    Opt::new("endpoint-override", "The address that is always used, without a version"),
    Opt::new("version", "Which major version, or a newer one of the same major version"),
    Opt::new("min-version", "The oldest version that will do"),
    Opt::new("max-version", "The newest version that will do"),
    Opt::new("connect-retries", "How often it is tried again when there is no connection").kind(Kind::Whole),
    Opt::new("connect-retry-delay", "How long to wait before that; twice as long each time if not given")
        .kind(Kind::Seconds),
    Opt::new("status-code-retries", "How often it is tried again when the service is busy").kind(Kind::Whole),
    Opt::new("status-code-retry-delay", "How long to wait before that; twice as long each time if not given")
        .kind(Kind::Seconds),
    Opt::new("retriable-status-codes", "Which statuses say that it is busy; 503 if not given")
        .kind(Kind::List),
    Opt::new("default-microversion", "Which microversion, unless a request says otherwise"),
    Opt::new("rate-limit", "How many requests may begin in a second"),
    Opt::new("concurrency", "How many requests may be under way at once").kind(Kind::Whole),
];

/// The options of an adapter. The last three are those of `clouds.yaml` alone.
#[must_use]
pub fn adapter_options() -> &'static [Opt] {
    OPTIONS
}

/// Which service is called, where, and how patiently.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct AdapterSettings {
    /// The service's type in the catalog.
    pub service_type: Option<String>,
    /// Its name in the catalog.
    pub service_name: Option<String>,
    /// Its interfaces, the best first; empty if nothing was said.
    pub interfaces: Vec<Interface>,
    /// In which region.
    pub region_name: Option<String>,
    /// The address that is always used.
    pub endpoint_override: Option<String>,
    /// Which major version.
    pub version: Option<String>,
    /// The oldest version that will do.
    pub min_version: Option<String>,
    /// The newest version that will do.
    pub max_version: Option<String>,
    /// How often it is tried again when there is no connection.
    pub connect_retries: Option<u32>,
    /// How long to wait before that.
    pub connect_retry_delay: Option<Duration>,
    /// How often it is tried again when the service is busy.
    pub status_code_retries: Option<u32>,
    /// How long to wait before that.
    pub status_code_retry_delay: Option<Duration>,
    /// Which statuses say that it is busy; empty if nothing was said.
    pub retriable_status_codes: Vec<u16>,
    /// Which microversion.
    pub default_microversion: Option<String>,
    /// How many requests may begin in a second.
    pub rate_limit: Option<f64>,
    /// How many requests may be under way at once.
    pub concurrency: Option<u32>,
    options: Options,
}

impl AdapterSettings {
    pub(super) fn new(options: Options) -> Result<Self, ConfigError> {
        exclusive(&options, "interface", "valid-interfaces")?;
        exclusive(&options, "version", "min-version")?;
        exclusive(&options, "version", "max-version")?;
        let text = |name| options.get(name).map(str::to_owned);
        Ok(Self {
            service_type: text("service-type"),
            service_name: text("service-name"),
            interfaces: interfaces(&options)?,
            region_name: text("region-name"),
            endpoint_override: text("endpoint-override"),
            version: text("version"),
            min_version: text("min-version"),
            max_version: text("max-version"),
            connect_retries: options.whole("connect-retries")?,
            connect_retry_delay: options.seconds("connect-retry-delay")?,
            status_code_retries: options.whole("status-code-retries")?,
            status_code_retry_delay: options.seconds("status-code-retry-delay")?,
            retriable_status_codes: statuses(&options)?,
            default_microversion: text("default-microversion"),
            rate_limit: rate(&options)?,
            concurrency: options.whole("concurrency")?,
            options,
        })
    }

    /// What was said, and where.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// The endpoint that they say; `None` if they name neither a service nor an address.
    #[must_use]
    pub fn endpoint(&self) -> Option<Endpoint> {
        let mut endpoint = match (&self.endpoint_override, &self.service_type) {
            (Some(address), None) => Endpoint::fixed(address),
            (Some(address), Some(kind)) => Endpoint::fixed(address).service_type(kind),
            (None, Some(kind)) => Endpoint::of(kind),
            (None, None) => return None,
        };
        if !self.interfaces.is_empty() {
            endpoint = endpoint.interfaces(self.interfaces.iter().copied());
        }
        let with = |endpoint, value: &Option<String>, set: fn(Endpoint, String) -> Endpoint| match value {
            Some(value) => set(endpoint, value.clone()),
            None => endpoint,
        };
        endpoint = with(endpoint, &self.region_name, Endpoint::region);
        endpoint = with(endpoint, &self.service_name, Endpoint::name);
        endpoint = with(endpoint, &self.version, Endpoint::version);
        endpoint = with(endpoint, &self.default_microversion, Endpoint::microversion);
        Some(match (&self.min_version, &self.max_version) {
            (Some(min), Some(max)) => endpoint.versions(min, max),
            (Some(min), None) => endpoint.min_version(min),
            (None, Some(max)) => endpoint.max_version(max),
            (None, None) => endpoint,
        })
    }
}

fn exclusive(options: &Options, one: &'static str, other: &'static str) -> Result<(), ConfigError> {
    match (options.given(one), options.get(one), options.get(other)) {
        (Some(given), Some(_), Some(_)) => {
            Err(ConfigError::Exclusive { one, other, origin: given.origin.clone() })
        }
        _ => Ok(()),
    }
}

fn interfaces(options: &Options) -> Result<Vec<Interface>, ConfigError> {
    let name = if options.get("valid-interfaces").is_some() { "valid-interfaces" } else { "interface" };
    let read = |text: &str| super::values::list(text).into_iter().map(interface).collect();
    Ok(options.read(name, "`public`, `internal` or `admin`", read)?.unwrap_or_default())
}

/// `public` or `publicURL`, and so on.
fn interface(name: &str) -> Option<Interface> {
    match name.strip_suffix("URL").unwrap_or(name) {
        "public" => Some(Interface::Public),
        "internal" => Some(Interface::Internal),
        "admin" => Some(Interface::Admin),
        _ => None,
    }
}

fn statuses(options: &Options) -> Result<Vec<u16>, ConfigError> {
    let read = |text: &str| super::values::list(text).into_iter().map(|code| code.parse().ok()).collect();
    Ok(options.read("retriable-status-codes", "a list of HTTP statuses", read)?.unwrap_or_default())
}

fn rate(options: &Options) -> Result<Option<f64>, ConfigError> {
    options.read("rate-limit", "a number of requests in a second", |text| {
        text.parse().ok().filter(|rate: &f64| rate.is_finite() && *rate > 0.0)
    })
}
