//! An operation outlives its token: three stories in real time, each beside the same job with a
//! bare token.
//!
//! ```console
//! cargo run --release --example outlive
//! ```
//!
//! Nothing else is needed: each story starts a cloud of its own, whose tokens live three seconds.
//! The Keepstone side of it all is in `blocking.rs` and `asynchronous.rs`; what it is held against, in `bare.rs`.

mod asynchronous;
mod bare;
mod blocking;
mod env;
mod job;
mod real;
mod report;
mod shared;
mod stage;
mod storm;
mod timeline;
mod transport;
mod vouched;

use std::error::Error;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser;

use report::Report;
use stage::Stage;
use timeline::line;
use transport::Transport;

/// What one should know before the stories.
const OPENING: &str = "\
Three long operations and tokens that live 3 seconds, of which one can rely on 2 (Keystone's
stamps are whole seconds). Each story runs in real time against a small cloud inside this
program: on the left with Keepstone, on the right the same calls with one token, kept as it is.";

/// Three long operations that outlive their tokens, and what happens to them with a bare token.
#[derive(Debug, Parser)]
#[command(name = "outlive", version)]
struct Options {
    /// How long each story is, in seconds.
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u64).range(6..=86_400))]
    seconds: u64,
    /// Over which transport [default: each story over both].
    #[arg(long)]
    transport: Option<Transport>,
    /// Print the results as JSON too, on the last line.
    #[arg(long)]
    json: bool,
    /// Tell the second story against the cloud that the OS_* variables name.
    #[arg(long)]
    real: bool,
    /// With --real: the type of the service to call, as the catalog has it [default: Keystone].
    #[arg(long, requires = "real", requires = "path", value_name = "TYPE")]
    service: Option<String>,
    /// With --real: what to get there.
    #[arg(long, requires = "real", default_value = "/auth/catalog")]
    path: String,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell if this fails.
            let _ = writeln!(io::stderr(), "outlive: {}", timeline::with_causes(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

/// Tells the stories; whether all went as promised.
fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let transports = options.transport.map_or(vec![Transport::Blocking, Transport::Async], |one| vec![one]);
    let mut stories = Vec::new();
    if !options.real {
        line(OPENING);
    }
    for transport in transports {
        let stage = Stage::new(options.seconds, transport);
        if options.real {
            stories.push(real::tell(&stage, options.service.as_deref(), &options.path)?);
        } else {
            line(&format!("\nOVER THE {} TRANSPORT", transport.name().to_uppercase()));
            stories.extend([vouched::tell(&stage)?, shared::tell(&stage)?, storm::tell(&stage)?]);
        }
    }
    let report = Report { server: if options.real { "real" } else { "embedded" }, stories };
    let faults = report.faults();
    line(&report.table());
    match faults.as_slice() {
        [] => line(report.moral()),
        faults => faults.iter().for_each(|fault| line(&format!("NOT AS PROMISED: {fault}"))),
    }
    if options.json {
        line(&report.json().to_string());
    }
    Ok(faults.is_empty())
}
