//! Real OpenStack services on loopback: Keystone, and an echo service behind keystonemiddleware.
//!
//! The services themselves are started by `tests/openstack/rig.py`; this is a handle on that program.
//! The first start on a machine installs them, which takes a minute or two.
//!
//! ```no_run
//! use keepstone_tests::openstack::{Options, Rig};
//!
//! let mut rig = Rig::start(Options { expiration: 5, window: 60 })?;
//! println!("{} logs in at {}", rig.stack.users.alice.name, rig.stack.auth_url);
//! rig.stop_keystone()?; // an outage
//! # Ok::<(), keepstone_tests::openstack::RigError>(())
//! ```

mod login;
mod stack;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

pub use login::{
    ApplicationCredential, ApplicationCredentials, Federation, K2k, KeyPair, OAuth1, Oidc, OidcClient,
    People, Person, Saml, Tls,
};
pub use stack::{Named, Stack, User, Users};

/// How long tokens live, and how long after that a service may still use them. Whole seconds, as Keystone has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The life of a token in seconds, at least 2. It really lasts up to a second less: Keystone cuts off fractions.
    pub expiration: u32,
    /// Keystone's `allow_expired_window` in seconds.
    pub window: u32,
}

impl Default for Options {
    /// Keystone's own defaults: an hour, and two days.
    fn default() -> Self {
        Self { expiration: 3_600, window: 172_800 }
    }
}

/// Why the rig could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RigError {
    /// The program did not start, or could not be reached.
    #[error("cannot talk to the rig")]
    Io(#[from] std::io::Error),
    /// The program ended early.
    #[error("the rig ended ({0}); it says why on standard error")]
    Ended(ExitStatus),
    /// The program said something else than what was agreed.
    #[error("cannot make sense of what the rig said: {said}")]
    Nonsense {
        /// What it said.
        said: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The program refused a command.
    #[error("the rig refused: {0}")]
    Refused(String),
}

/// Running services. They stop when this is dropped, and also when the process that holds it dies.
#[derive(Debug)]
pub struct Rig {
    /// Where everything is, and who can log in.
    pub stack: Stack,
    program: Program,
}

impl Rig {
    /// Starts the services and returns when all of them answer.
    pub fn start(options: Options) -> Result<Self, RigError> {
        let mut program = Program::start(options)?;
        let stack = program.hear()?;
        Ok(Self { stack, program })
    }

    /// Takes Keystone away: its address refuses connections until [`start_keystone`](Self::start_keystone).
    pub fn stop_keystone(&mut self) -> Result<(), RigError> {
        self.program.command("keystone stop")
    }

    /// Brings Keystone back, at the same address and with the same data.
    pub fn start_keystone(&mut self) -> Result<(), RigError> {
        self.program.command("keystone start")
    }
}

/// The program `rig.py`: it runs while its standard input is open, and answers every command by one line of JSON.
#[derive(Debug)]
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// How long the program may take to stop its servers before it is killed; they then end by themselves.
    const FAREWELL: Duration = Duration::from_secs(20);

    fn start(options: Options) -> Result<Self, RigError> {
        let mut child = Command::new("python3")
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("openstack").join("rig.py"))
            .args([
                "up",
                "--expiration",
                &options.expiration.to_string(),
                "--window",
                &options.window.to_string(),
            ])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        match (child.stdin.take(), child.stdout.take()) {
            (input @ Some(_), Some(output)) => Ok(Self { child, input, output: BufReader::new(output) }),
            _ => Err(std::io::Error::other("the rig was started without pipes").into()),
        }
    }

    fn command(&mut self, command: &str) -> Result<(), RigError> {
        #[derive(serde::Deserialize)]
        struct Reply {
            error: Option<String>,
        }

        if let Some(input) = &mut self.input {
            writeln!(input, "{command}")?;
        }
        match self.hear::<Reply>()?.error {
            None => Ok(()),
            Some(reason) => Err(RigError::Refused(reason)),
        }
    }

    fn hear<T: DeserializeOwned>(&mut self) -> Result<T, RigError> {
        let mut said = String::new();
        if self.output.read_line(&mut said)? == 0 {
            return Err(RigError::Ended(self.child.wait()?));
        }
        serde_json::from_str(&said).map_err(|source| RigError::Nonsense { said, source })
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.input = None;
        let deadline = Instant::now() + Self::FAREWELL;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() >= deadline {
                let _ = self.child.kill();
                let _ = self.child.wait();
                break;
            }
            sleep(Duration::from_millis(20));
        }
    }
}
