//! What Keepstone is tested with: an embedded cloud, and a rig of real OpenStack services.
#![forbid(unsafe_code)]

pub mod cloud;
pub mod conformance;
pub mod openstack;

/// The README's examples are compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
