//! oslo.config's files: text in, groups of options out. Each value knows its file and line.
//!
//! What `%` stands before is plain text here, as it is there.

use std::collections::BTreeMap;

use super::ini_lines::{Line, Lines};
use super::{ConfigError, Given, Origin};

/// The group that every other one falls back to in substitutions, and that has no other role.
pub(super) const DEFAULT: &str = "DEFAULT";

/// oslo.config files, read in order: where several say the same, the last has the word.
///
/// ```
/// use keepstone_core::config::Ini;
/// let mut files = Ini::default();
/// files.add("/etc/nova/nova.conf", "[DEFAULT]\nhost = compute1\n[neutron]\nauth_url = http://$host:5000\n")?;
/// let auth_url = files.value("neutron", "auth_url")?.unwrap();
/// assert_eq!(auth_url.text(), "http://compute1:5000");
/// assert_eq!(auth_url.origin.to_string(), "/etc/nova/nova.conf:4");
/// # Ok::<_, keepstone_core::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ini {
    files: Vec<Groups>,
    variables: Groups,
    declared: Groups,
}

/// Options by group. A name that is repeated has all its values.
type Groups = BTreeMap<String, BTreeMap<String, Vec<Given>>>;

impl Ini {
    /// Adds a file (`--config-file`), over those that are there.
    ///
    /// # Errors
    /// [`ConfigError::Syntax`], with the line.
    pub fn add(&mut self, path: &str, text: &str) -> Result<(), ConfigError> {
        self.files.push(parse(path, text)?);
        Ok(())
    }

    /// Adds what is in a directory (`--config-dir`), over what is there: the files that end in `.conf`,
    /// by name.
    ///
    /// # Errors
    /// As for [`Ini::add`].
    pub fn add_directory<'a>(
        &mut self,
        files: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ConfigError> {
        let mut files: Vec<_> = files.into_iter().filter(|(path, _)| path.ends_with(".conf")).collect();
        files.sort_unstable_by_key(|(path, _)| *path);
        files.into_iter().try_for_each(|(path, text)| self.add(path, text))
    }

    /// Adds the variables that are named after a group and an option (`OS_NOVA__AUTH_URL` for `auth_url`
    /// in `[nova]`): oslo.config prefers them to files. Others are passed over.
    pub fn add_variables<'a>(&mut self, variables: impl IntoIterator<Item = (&'a str, &'a str)>) {
        for (name, value) in variables {
            let Some((group, option)) = name.strip_prefix("OS_").and_then(|name| name.split_once("__"))
            else {
                continue;
            };
            let given = Given::new(value, Origin::Variable(name.to_owned()));
            let options = self.variables.entry(normalized(group)).or_default();
            options.insert(option.to_lowercase(), vec![given]);
        }
    }

    /// Declares an option of the application and its default, so that values may refer to it (`$state_path`).
    pub fn declare(&mut self, group: &str, option: &str, default: &str) {
        let given = Given::new(default, Origin::Default);
        self.declared.entry(normalized(group)).or_default().insert(option.to_owned(), vec![given]);
    }

    /// The groups that the files have, `DEFAULT` included, in alphabetical order and lower case.
    #[must_use]
    pub fn groups(&self) -> Vec<&str> {
        let mut groups: Vec<_> = self.files.iter().flat_map(|file| file.keys().map(String::as_str)).collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// The value of an option, with what it refers to filled in.
    ///
    /// # Errors
    /// [`ConfigError::Reference`], if that fails.
    pub fn value(&self, group: &str, option: &str) -> Result<Option<Given>, ConfigError> {
        self.first(&[(group, option)])
    }

    /// All values of an option that may be given more than once, oldest first.
    ///
    /// # Errors
    /// As for [`Ini::value`].
    pub fn values(&self, group: &str, option: &str) -> Result<Vec<Given>, ConfigError> {
        let named = normalized(group);
        let all = self.files.iter().filter_map(|file| file.get(&named)?.get(option)).flatten();
        all.map(|given| self.filled_in(&named, given)).collect()
    }

    /// The value of the first of these names (a group and an option each) in the last file that has any
    /// of them.
    pub(super) fn first(&self, names: &[(&str, &str)]) -> Result<Option<Given>, ConfigError> {
        // Only the present name has a variable.
        let variable = names.first().and_then(|name| find(&self.variables, name));
        let in_files = || {
            let mut newest = self.files.iter().rev();
            newest.find_map(|file| names.iter().find_map(|name| find(file, name)))
        };
        match variable.or_else(in_files) {
            Some((group, given)) => self.filled_in(&group, given).map(Some),
            None => Ok(None),
        }
    }

    /// What one value refers to: an option of the same group, else of `DEFAULT`.
    pub(super) fn referred(&self, group: &str, option: &str) -> Option<(String, &Given)> {
        let names = [(group, option), (DEFAULT, option)];
        let mut newest = std::iter::once(&self.variables).chain(self.files.iter().rev());
        let said = newest.find_map(|groups| find(groups, &names[0]));
        let mut newest = std::iter::once(&self.variables).chain(self.files.iter().rev());
        said.or_else(|| find(&self.declared, &names[0]))
            .or_else(|| newest.find_map(|groups| find(groups, &names[1])))
            .or_else(|| find(&self.declared, &names[1]))
    }

    /// Every option of a group that the files or variables have, the newest value of each, as written.
    pub(super) fn options(&self, group: &str) -> BTreeMap<&str, &Given> {
        let named = normalized(group);
        let sources = self.files.iter().chain([&self.variables]);
        let groups = sources.filter_map(|groups| groups.get(&named));
        groups.flatten().filter_map(|(name, all)| Some((name.as_str(), all.last()?))).collect()
    }

    fn filled_in(&self, group: &str, given: &Given) -> Result<Given, ConfigError> {
        super::substitute::fill_in(self, group, given)
    }
}

fn find<'a>(groups: &'a Groups, (group, option): &(&str, &str)) -> Option<(String, &'a Given)> {
    let group = normalized(group);
    let given = groups.get(&group)?.get(*option)?.last()?;
    Some((group, given))
}

/// Groups are the same in upper and lower case, all but one.
fn normalized(group: &str) -> String {
    if group == DEFAULT { DEFAULT.to_owned() } else { group.to_lowercase() }
}

fn parse(path: &str, text: &str) -> Result<Groups, ConfigError> {
    let mut groups = Groups::new();
    let mut group = None;
    for line in Lines::of(text) {
        match line.map_err(|(line, fault)| ConfigError::Syntax { path: path.to_owned(), line, fault })? {
            Line::Group(name) => {
                let name = normalized(name);
                groups.entry(name.clone()).or_default();
                group = Some(name);
            }
            Line::Option { line, name, value } => {
                let Some(group) = &group else {
                    let fault = "an option stands before the first group".to_owned();
                    return Err(ConfigError::Syntax { path: path.to_owned(), line, fault });
                };
                let options = groups.entry(group.clone()).or_default();
                let given = Given::new(value, Origin::line(path, line));
                options.entry(name.to_owned()).or_default().push(given);
            }
        }
    }
    Ok(groups)
}
