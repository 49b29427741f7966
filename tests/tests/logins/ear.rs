//! All that this process logs.

use std::fmt::Write;
use std::sync::{Mutex, Once, PoisonError};

use log::{LevelFilter, Log, Metadata, Record};

struct Ear(Mutex<String>);

static EAR: Ear = Ear(Mutex::new(String::new()));

impl Log for Ear {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        writeln!(heard, "{} {}", record.target(), record.args()).unwrap();
    }

    fn flush(&self) {}
}

/// Listens from the first time on.
pub(crate) fn listen() {
    static BEGUN: Once = Once::new();
    BEGUN.call_once(|| {
        log::set_logger(&EAR).unwrap();
        log::set_max_level(LevelFilter::Debug);
    });
}

pub(crate) fn heard() -> String {
    EAR.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
}
