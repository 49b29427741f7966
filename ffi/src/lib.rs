//! The place of the C ABI and of the Python package over it. It is empty as yet.
