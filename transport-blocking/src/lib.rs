//! The blocking transport of Keepstone.
