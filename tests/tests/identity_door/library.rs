//! What plays the Kerberos library: it keeps tickets in a file, and is asked by the transport, never
//! by the state machine.

use std::path::PathBuf;
use std::sync::Mutex;

use data_encoding::BASE64;
use keepstone_core::{Inquiry, Secret};

pub(crate) struct Library {
    /// The ticket cache: whose tickets there are.
    cache: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    nonce: u32,
    asked: Vec<String>,
}

impl Library {
    pub(crate) fn new(name: &str) -> Self {
        let cache = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tickets-{name}"));
        let _ = std::fs::remove_file(&cache);
        Self { cache, state: Mutex::default() }
    }

    /// Somebody types a password once a day.
    pub(crate) fn kinit(&self, user: &str) {
        std::fs::write(&self.cache, user).unwrap();
    }

    pub(crate) fn answer(&self, inquiry: &Inquiry) -> Result<Secret, String> {
        let Inquiry::Blob { mechanism, host, challenge } = inquiry else {
            return Err("only tickets are to be had here".to_owned());
        };
        let user = std::fs::read_to_string(&self.cache).map_err(|_| "no ticket: run kinit".to_owned())?;
        let mut state = self.state.lock().unwrap();
        let word = challenge.as_ref().map(|challenge| BASE64.decode(challenge.reveal().as_bytes()));
        let word = word.transpose().map_err(|error| error.to_string())?;
        let word = word.map_or_else(|| "-".to_owned(), |word| String::from_utf8(word).unwrap());
        state.asked.push(format!("{mechanism} {host} {}", word.split(':').next().unwrap()));
        let blob = match word.split_once(':') {
            None => {
                state.nonce += 1;
                format!("ticket:{user}:{}", state.nonce)
            }
            Some(("challenge", nonce)) if nonce == state.nonce.to_string() => {
                format!("ticket:{user}:{nonce}:answered")
            }
            Some(("server", nonce)) if nonce == state.nonce.to_string() => String::new(),
            Some(_) => return Err("the server is not who it says it is".to_owned()),
        };
        Ok(Secret::new(BASE64.encode(blob.as_bytes())))
    }

    /// What it was asked since the last time.
    pub(crate) fn asked(&self) -> String {
        std::mem::take(&mut self.state.lock().unwrap().asked).join(", ")
    }
}
