//! One side of the comparison with keystoneauth1: logs in as it is told, a line of JSON at a time, and
//! answers each line with a line. `tests/identity/README.md` has the protocol.

mod answerer;
mod command;
mod endpoint;
mod federation;
mod methods;
mod options;
mod outcome;
mod world;

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

use crate::command::Command;

fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str::<Command>(&line?) {
            Ok(command) => obey(&command),
            Err(error) => json!({"error": format!("not a command: {error}")}),
        };
        writeln!(io::stdout(), "{answer}")?;
        io::stdout().flush()?;
    }
    Ok(())
}

fn obey(command: &Command) -> Value {
    let mut answer = match outcome::of(command) {
        Ok(found) => found,
        Err(error) => json!({"error": spelled_out(&*error)}),
    };
    answer["id"] = json!(command.id);
    answer
}

/// An error with all that caused it.
fn spelled_out(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
