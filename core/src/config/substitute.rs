//! Values that refer to others: `$name`, `${name}`, `$group.name`; `$$` and `\$` are a dollar sign.

use super::ini::DEFAULT;
use super::{ConfigError, Given, Ini, Origin};

/// How far references may lead from one value to another.
const DEPTH: usize = 16;

/// How long a value may get: references that double each other would otherwise fill the memory.
const LENGTH: usize = 64 * 1024;

/// How much may be read for one value: many references to what is empty are much work, too.
const WORK: usize = 1024 * 1024;

pub(super) fn fill_in(ini: &Ini, group: &str, given: &Given) -> Result<Given, ConfigError> {
    if !given.text().contains('$') {
        return Ok(given.clone());
    }
    let mut filling = Filling { ini, origin: &given.origin, out: String::new(), work: 0 };
    filling.expand(group, given.text(), DEPTH)?;
    Ok(Given::new(filling.out, given.origin.clone()))
}

struct Filling<'a> {
    ini: &'a Ini,
    origin: &'a Origin,
    out: String,
    work: usize,
}

impl Filling<'_> {
    fn expand(&mut self, group: &str, text: &str, depth: usize) -> Result<(), ConfigError> {
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            let (before, after) = (&rest[..at], &rest[at + 1..]);
            if let Some(before) = before.strip_suffix('\\') {
                // `\$` is what operators write where `$$` is meant.
                self.push(before)?;
                self.push("$")?;
                rest = after;
                continue;
            }
            self.push(before)?;
            rest = match reference(after) {
                Reference::To(name, rest) => {
                    self.refer(group, name, depth)?;
                    rest
                }
                Reference::Dollar(rest) => {
                    self.push("$")?;
                    rest
                }
            };
        }
        self.push(rest)
    }

    fn refer(&mut self, group: &str, name: &str, depth: usize) -> Result<(), ConfigError> {
        let fault =
            |fault| ConfigError::Reference { origin: self.origin.clone(), name: name.to_owned(), fault };
        let dotted = name.split_once('.');
        let (of, option) = dotted.unwrap_or((group, name));
        let found = self
            .ini
            .referred(of, option)
            .filter(|(found, _)| dotted.is_none() || found != DEFAULT || of == DEFAULT);
        match found {
            Some(_) if depth == 0 => Err(fault("it leads back to itself, or too far")),
            Some((of, given)) => {
                self.work += name.len() + given.text().len();
                if self.work > WORK {
                    return Err(fault("the value becomes too long"));
                }
                self.expand(&of, given.text(), depth - 1)
            }
            // An option of ours that nobody has set is an empty text, as in oslo.config.
            None if super::options::is_known(option) => Ok(()),
            None => Err(fault("there is no such option")),
        }
    }

    fn push(&mut self, text: &str) -> Result<(), ConfigError> {
        if self.out.len() + text.len() > LENGTH {
            let origin = self.origin.clone();
            return Err(ConfigError::Reference {
                origin,
                name: String::new(),
                fault: "the value becomes too long",
            });
        }
        self.out.push_str(text);
        Ok(())
    }
}

enum Reference<'a> {
    /// To an option, and what comes after.
    To(&'a str, &'a str),
    /// None: it is a dollar sign.
    Dollar(&'a str),
}

/// What follows a dollar sign.
fn reference(after: &str) -> Reference<'_> {
    if let Some(rest) = after.strip_prefix('$') {
        return Reference::Dollar(rest);
    }
    let braced = after.strip_prefix('{');
    let name = identifier(braced.unwrap_or(after));
    let rest = &braced.unwrap_or(after)[name.len()..];
    match (name.is_empty(), braced) {
        (true, _) => Reference::Dollar(after),
        (false, None) => Reference::To(name, rest),
        (false, Some(_)) => {
            rest.strip_prefix('}').map_or(Reference::Dollar(after), |rest| Reference::To(name, rest))
        }
    }
}

/// A letter or `_`, then letters, digits, `_` and dots.
fn identifier(text: &str) -> &str {
    if !text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
        return "";
    }
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '.');
    &text[..end.unwrap_or(text.len())]
}
