//! The place of the async transport (reqwest on tokio). It is empty as yet.
#![forbid(unsafe_code)]
