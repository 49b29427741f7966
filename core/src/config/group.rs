//! One group of oslo.config files: what keystoneauth1 would load from it.

use super::nearest::nearest;
use super::options::{Opt, same};
use super::plugins::{Plugin, plugins};
use super::{
    AdapterSettings, AuthSettings, ConfigError, Given, Ini, Options, SessionSettings, Settings, Warning,
    adapter, session,
};

/// The options that say which login method it is, and where its options are.
const COMMON: &[Opt] = &[
    Opt::new("auth_type", "The login method").also(&["auth_plugin"]),
    Opt::new("auth_section", "The group that has the login method and its options"),
];

/// One group of oslo.config files, about to be loaded.
///
/// ```
/// use keepstone_core::config::Ini;
/// let mut files = Ini::default();
/// files.add("nova.conf", "[neutron]\nauth_type = v3password\nauth_ulr = http://keystone:5000\n")?;
/// let settings = files.group("neutron").load()?;
/// assert_eq!(
///     settings.warnings[0].to_string(),
///     "nova.conf:3: the option `auth_ulr` is not known, and is not used; did you mean `auth_url`?"
/// );
/// # Ok::<_, keepstone_core::config::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Group<'a> {
    ini: &'a Ini,
    name: &'a str,
    renamed: Vec<Renamed<'a>>,
    own: Vec<&'a str>,
    strict: bool,
}

#[derive(Clone, Copy, Debug)]
struct Renamed<'a> {
    option: &'a str,
    old_group: &'a str,
    old_name: &'a str,
}

impl Ini {
    /// The group of this name, there or not.
    #[must_use]
    pub fn group<'a>(&'a self, name: &'a str) -> Group<'a> {
        Group { ini: self, name, renamed: Vec::new(), own: Vec::new(), strict: false }
    }
}

impl<'a> Group<'a> {
    /// An older name of one of the options, in this group or another, as the application's own transition
    /// demands. It counts where the present name is not given in the same file.
    #[must_use]
    pub fn renamed(mut self, option: &'a str, old_group: &'a str, old_name: &'a str) -> Self {
        self.renamed.push(Renamed { option, old_group, old_name });
        self
    }

    /// Options of the application in the same group: they are known, and not looked at.
    #[must_use]
    pub fn own(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.own.extend(names);
        self
    }

    /// That every option which is not known draws a warning, and not only what looks misspelt: where the
    /// application has no options in this group, or has told all of them.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Reads the group.
    ///
    /// # Errors
    /// Whatever is wrong with a value, or with the login method's name. What is missing is told by
    /// [`AuthSettings::credential`].
    pub fn load(&self) -> Result<Settings, ConfigError> {
        let mut warnings = Vec::new();
        let options = Options::gather(session::OPTIONS, |option| self.find(self.name, option))?;
        let session = SessionSettings::new(options, &mut warnings)?;
        let adapter =
            AdapterSettings::new(Options::gather(adapter::OPTIONS, |option| self.find(self.name, option))?)?;
        let [auth_type, auth_section] = COMMON else { return Err(ConfigError::NoMethod) };
        let section = self.find(self.name, auth_section)?.filter(|given| !given.is_empty());
        let section = section.as_ref().map_or(self.name, Given::text);
        let named = self.find(section, auth_type)?.filter(|given| !given.is_empty());
        let mut auth = match named {
            Some(named) => Some(AuthSettings::gather(&named, |option| self.find(section, option))?),
            None => None,
        };
        let method = auth.as_ref().map(AuthSettings::method);
        let possible = auth.as_ref().map(AuthSettings::possible).unwrap_or_default();
        self.look_over(section, method, &possible, &mut warnings);
        if section != self.name {
            self.look_over(self.name, None, &possible, &mut warnings);
        }
        if let Some(auth) = &mut auth {
            auth.remember(&warnings);
        }
        Ok(Settings { auth, session, adapter, warnings })
    }

    /// An option by its present name, by those that the application declares, by the older names that it
    /// has, and last with hyphens, which oslo.config would not find.
    fn find(&self, group: &str, option: &'static Opt) -> Result<Option<Given>, ConfigError> {
        let keys: Vec<String> = option.keys().collect();
        let mut names: Vec<(&str, &str)> = Vec::new();
        let (present, older) = keys.split_at(1);
        names.extend(present.iter().map(|key| (group, key.as_str())));
        let renamed = self.renamed.iter().filter(|renamed| option.is(renamed.option));
        names.extend(renamed.map(|renamed| (renamed.old_group, renamed.old_name)));
        names.extend(older.iter().map(|key| (group, key.as_str())));
        names.extend(option.names().map(|name| (group, name)));
        self.ini.first(&names)
    }

    /// Looks for options that nobody will read.
    fn look_over(
        &self,
        group: &str,
        method: Option<&'static Plugin>,
        possible: &[&'static Opt],
        warnings: &mut Vec<Warning>,
    ) {
        let ours: Vec<&Opt> = COMMON
            .iter()
            .chain(session::OPTIONS)
            .chain(adapter::OPTIONS)
            .chain(possible.iter().copied())
            .collect();
        let given = self.ini.options(group);
        for (name, value) in &given {
            let own = self.own.iter().any(|own| same(own, name));
            let old = self.renamed.iter().any(|renamed| renamed.old_name == *name);
            if own || old || ours.iter().any(|option| option.is(name)) {
                continue;
            }
            let (name, origin) = ((*name).to_owned(), value.origin.clone());
            let others = || plugins().iter().flat_map(Plugin::options).any(|option| option.is(&name));
            match method {
                Some(method) if others() => {
                    warnings.push(Warning::OtherMethods { name, origin, method: method.name });
                    continue;
                }
                None if others() => continue,
                _ => {}
            }
            // What is given already was not meant once more.
            let free =
                ours.iter().filter(|option| !option.keys().any(|key| given.contains_key(key.as_str())));
            let keys: Vec<String> = free.map(|option| option.key()).collect();
            let nearest = nearest(&name, keys.iter().map(String::as_str)).map(str::to_owned);
            if nearest.is_some() || self.strict {
                warnings.push(Warning::Unknown { name, origin, nearest });
            }
        }
    }
}
