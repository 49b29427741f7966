//! How an exchange broke: what reqwest says, in core's words.

use std::error::Error as StdError;
use std::io;
use std::iter;

use keepstone_core::{Broke, Cause, Trouble};

use crate::source::Progress;

/// How it broke, from what reqwest says and from how much of the body was taken.
pub(crate) fn broke(error: reqwest::Error, progress: Option<Progress>) -> Broke {
    let error = error.without_url();
    let cause = Cause { kind: trouble(&error), text: text(&error) };
    let canceled = sources(&error)
        .any(|source| source.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled));
    if error.is_connect() || error.is_builder() || canceled {
        return Broke::Unsent(cause);
    }
    progress.map_or_else(|| Broke::Waiting(cause.clone()), |progress| sending(progress, cause.clone()))
}

pub(crate) fn sending(Progress { touched, finished }: Progress, cause: Cause) -> Broke {
    if finished { Broke::Waiting(cause) } else { Broke::Sending { cause, touched } }
}

fn trouble(error: &reqwest::Error) -> Trouble {
    let any = |test: &dyn Fn(&(dyn StdError + 'static)) -> bool| sources(error).any(test);
    if error.is_builder() {
        Trouble::Unusable
    } else if error.is_dns() {
        Trouble::Resolve
    } else if any(&|source| source.is::<rustls::Error>()) {
        Trouble::Tls
    } else if error.is_connect() {
        Trouble::Connect
    } else if error.is_timeout() {
        Trouble::Timeout
    } else if any(&|source| source.downcast_ref().is_some_and(hyper::Error::is_parse)) {
        Trouble::Unreadable
    } else {
        Trouble::Broken
    }
}

pub(crate) fn late() -> Cause {
    Cause { kind: Trouble::Timeout, text: "no answer in time".to_owned() }
}

pub(crate) fn unusable(text: String) -> Cause {
    Cause { kind: Trouble::Unusable, text }
}

/// An error and what it comes from, what an I/O error is made of included.
fn sources(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    iter::successors(Some(error as &(dyn StdError + 'static)), |&error| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

pub(crate) fn text(error: &reqwest::Error) -> String {
    let mut words: Vec<String> = sources(error).map(ToString::to_string).collect();
    words.dedup();
    words.join(": ")
}
