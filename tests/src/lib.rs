//! What Keepstone is tested with: an embedded cloud, and a rig of real OpenStack services.
#![forbid(unsafe_code)]

pub mod cloud;
pub mod openstack;
