//! The timeline: what happened when, and to whom; on the right, what the bare token saw.

use std::collections::HashMap;
use std::error::Error;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use keepstone_blocking::{KeyringId, Notice};

/// The width of the column with Keepstone, and of the one beside it.
const WIDTHS: (usize, usize) = (50, 30);

/// Prints what happens as it happens. Its clock starts when it is made.
pub(crate) struct Timeline {
    start: Instant,
    people: Mutex<HashMap<KeyringId, Person>>,
}

/// An identity, as far as the timeline knows it.
struct Person {
    name: &'static str,
    tokens: u64,
}

/// Prints a line. A reader that has gone away (a pipe into `head`) is no reason to stop.
pub(crate) fn line(text: &str) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// An error and what caused it.
pub(crate) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |&error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl Timeline {
    /// Introduces a story and starts its clock.
    pub(crate) fn begin(title: &str, introduction: &str) -> Self {
        line(&format!("\n{title}\n\n{introduction}\n"));
        let (left, right) = WIDTHS;
        line(&format!("{:>6}  {:<8}  {:<left$}  with a bare token", "time", "who", "with Keepstone"));
        line(&format!("{:─>6}  {:─<8}  {:─<left$}  {:─<right$}", "", "", "", ""));
        Self { start: Instant::now(), people: Mutex::default() }
    }

    /// How long the story has been going on.
    pub(crate) fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    /// Gives an identity the name by which the timeline speaks of it.
    pub(crate) fn introduce(&self, keyring: KeyringId, name: &'static str) {
        self.people().insert(keyring, Person { name, tokens: 0 });
    }

    /// Something happened.
    pub(crate) fn say(&self, who: &str, what: &str) {
        self.row(who, what, "");
    }

    /// Something happened to the bare token.
    pub(crate) fn say_bare(&self, what: &str) {
        self.row("", "", what);
    }

    /// A row with both columns.
    pub(crate) fn row(&self, who: &str, what: &str, bare: &str) {
        let time = self.elapsed().as_secs_f64();
        let (left, right) = WIDTHS;
        let (what, bare) = (clip(what, left), clip(bare, right));
        line(format!("{time:>6.1}  {who:<8}  {what:<left$}  {bare}").trim_end());
    }

    /// What the library has to tell.
    pub(crate) fn notice(&self, notice: &Notice) {
        match notice {
            Notice::Issued { keyring, life, early } => self.issued(*keyring, *life, *early),
            Notice::Failed { keyring, error, next_try_in } => {
                let next = next_try_in.map_or_else(
                    || "no further try".to_owned(),
                    |pause| format!("next try in {:.1} s", pause.as_secs_f64()),
                );
                self.of(*keyring, &format!("{error}; {next}"));
            }
            Notice::Refused { keyring } => {
                self.of(*keyring, "REFUSED: a service answered 401, token dropped")
            }
            Notice::Suspected { keyring } => {
                self.of(*keyring, "both tokens refused: service token renewed first")
            }
            Notice::GoesWithout { keyring, .. } => self.of(*keyring, "calls go without its service token"),
            other => self.say("", &format!("{other:?}")),
        }
    }

    /// How many tokens the library was issued for an identity of this name.
    pub(crate) fn tokens_of(&self, name: &str) -> u64 {
        self.people().values().filter(|person| person.name == name).map(|person| person.tokens).sum()
    }

    fn issued(&self, keyring: KeyringId, life: Duration, early: bool) {
        let mut first = false;
        if let Some(person) = self.people().get_mut(&keyring) {
            first = person.tokens == 0;
            person.tokens += 1;
        }
        let how = match (first, early) {
            (true, _) => "issued: its first token, sure to live",
            (false, true) => "renewed early: the next token, sure to live",
            (false, false) => "RECOVERED: a new token, sure to live",
        };
        self.of(keyring, &format!("{how} {:.1} s", life.as_secs_f64()));
    }

    fn of(&self, keyring: KeyringId, what: &str) {
        let name = self.people().get(&keyring).map_or("?", |person| person.name);
        self.say(name, what);
    }

    fn people(&self) -> MutexGuard<'_, HashMap<KeyringId, Person>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts a text to the width of its column.
fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(width - 1).collect();
    clipped.push('…');
    clipped
}
