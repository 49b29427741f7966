//! What is fixed when a cloud starts.

use std::time::Duration;

use super::clock::Clock;

/// How a cloud is set up. `Settings::default()` is a small realistic one.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Keystone's `[token] expiration`. Stamps are whole seconds, rounded down, so a token lives
    /// up to a second less.
    pub token_life: Duration,
    /// Keystone's `[token] allow_expired_window`.
    pub allow_expired_window: Duration,
    /// `[keystone_authtoken] service_token_roles` of every service.
    pub service_token_roles: Vec<String>,
    /// `[keystone_authtoken] service_token_roles_required` of every service.
    pub service_token_roles_required: bool,
    /// `[keystone_authtoken] delay_auth_decision` of every service: let the application decide.
    pub delay_auth_decision: bool,
    /// Whether Keystone serves Identity API v2.0 beside v3, as it did until Queens.
    pub identity_v2: bool,
    /// How long the object store waits for the next piece of a body (Swift's `client_timeout`).
    pub client_timeout: Duration,
    /// The longest object that the object store takes in one piece; `/info` says so.
    pub max_file_size: u64,
    /// The most segments of a static large object; `/info` says so.
    pub max_manifest_segments: usize,
    /// The cloud's clock. Keep a clone, or turn it through the cloud's handle.
    pub clock: Clock,
    /// The first of six ports on loopback, one for each service; 0 takes free ones.
    pub port: u16,
    /// Seed of the generator of ids, tokens and secrets.
    pub seed: u64,
    /// Names of the projects, all in the domain `Default`.
    pub projects: Vec<String>,
    /// Who may log in.
    pub users: Vec<Account>,
}

/// A user to create, in the domain `Default`.
#[derive(Clone, Debug)]
pub struct Account {
    /// The user's name.
    pub name: String,
    /// The user's password.
    pub password: String,
    /// The default project, on which `roles` are granted; none: unscoped unless asked otherwise.
    pub project: Option<String>,
    /// Role names on that project.
    pub roles: Vec<String>,
    /// Role names on the system and on the domain `Default`.
    pub system_roles: Vec<String>,
    /// The shared secret (base32) of a device that shows passcodes, for the method `totp`.
    pub totp_secret: Option<String>,
    /// `multi_factor_auth_rules`: all methods of any one of them are needed.
    pub rules: Vec<Vec<String>>,
}

impl Account {
    /// A user with roles on its default project.
    #[must_use]
    pub fn new(name: &str, password: &str, project: &str, roles: &[&str]) -> Self {
        Self {
            name: name.into(),
            password: password.into(),
            project: Some(project.into()),
            roles: roles.iter().map(|&role| role.into()).collect(),
            system_roles: Vec::new(),
            totp_secret: None,
            rules: Vec::new(),
        }
    }

    /// With a device that shows passcodes of this secret (base32).
    #[must_use]
    pub fn with_totp(mut self, secret: &str) -> Self {
        self.totp_secret = Some(secret.into());
        self
    }

    /// With rules that demand several methods: all those of any one rule.
    #[must_use]
    pub fn with_rules(mut self, rules: &[&[&str]]) -> Self {
        self.rules = rules.iter().map(|rule| rule.iter().map(|&method| method.into()).collect()).collect();
        self
    }
}

impl Default for Settings {
    /// Tokens of one hour, a window of two days, and four users: `alice` (member and reader on
    /// `demo`), `nova` (`service` on project `service`), `norole` (a service user that lacks that
    /// role), `admin` (admin on `demo` and on the system).
    fn default() -> Self {
        let admin = Account {
            system_roles: vec!["admin".into()],
            ..Account::new("admin", "admin-password", "demo", &["admin"])
        };
        Self {
            token_life: Duration::from_secs(3600),
            allow_expired_window: Duration::from_secs(172_800),
            service_token_roles: vec!["service".into()],
            service_token_roles_required: true,
            delay_auth_decision: false,
            identity_v2: false,
            client_timeout: Duration::from_secs(60),
            max_file_size: 5_368_709_122,
            max_manifest_segments: 1000,
            clock: Clock::real(),
            port: 0,
            seed: 0x6b65_6570_7374_6f6e,
            projects: vec!["demo".into(), "service".into()],
            users: vec![
                Account::new("alice", "alice-password", "demo", &["member", "reader"]),
                Account::new("nova", "nova-password", "service", &["service"]),
                Account::new("norole", "norole-password", "service", &["member"]),
                admin,
            ],
        }
    }
}
