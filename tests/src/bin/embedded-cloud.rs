//! Starts the embedded cloud and prints what a client needs; runs until its input ends.

use std::{
    io::{self, Write},
    time::Duration,
};

use clap::Parser;
use keepstone_tests::cloud::{Cloud, Service, Settings};

/// An OpenStack cloud for trying things out: Keystone, and services behind its token check.
///
/// Prints the OS_* variables of one user and the endpoints, then runs until its standard input
/// ends or it is interrupted.
#[derive(Debug, Parser)]
#[command(name = "embedded-cloud", version)]
struct Options {
    /// Life of a token, in seconds.
    #[arg(long, default_value_t = 3600)]
    token_life: u64,
    /// How long after its expiry a token still helps beside a service token, in seconds.
    #[arg(long, default_value_t = 172_800)]
    allow_expired_window: u64,
    /// How long every service waits before it answers, in milliseconds.
    #[arg(long, default_value_t = 0)]
    latency: u64,
    /// The first of six ports on loopback; 0 takes free ones.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Whose variables to print.
    #[arg(long, default_value = "alice")]
    user: String,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let cloud = Cloud::start(Settings {
        token_life: Duration::from_secs(options.token_life),
        allow_expired_window: Duration::from_secs(options.allow_expired_window),
        port: options.port,
        ..Settings::default()
    })?;
    for service in Service::ALL {
        cloud.set_latency(service, Duration::from_millis(options.latency));
    }
    introduce(&cloud, &options.user, &mut io::stdout().lock())?;
    io::copy(&mut io::stdin().lock(), &mut io::sink())?;
    Ok(())
}

/// Prints the variables to export, and the endpoints as comments, so that a shell can read it all.
fn introduce(cloud: &Cloud, user: &str, out: &mut impl Write) -> Result<(), Box<dyn std::error::Error>> {
    let credentials = cloud.credentials(user)?;
    for (name, value) in credentials.environment() {
        writeln!(out, "export {name}='{value}'")?;
    }
    let project = credentials.project_name.as_deref().unwrap_or("demo");
    for service in Service::ALL {
        let endpoint = cloud.endpoint(service, project)?;
        writeln!(out, "# {:<13} {endpoint}", service.service_type())?;
    }
    out.flush()?;
    Ok(())
}
