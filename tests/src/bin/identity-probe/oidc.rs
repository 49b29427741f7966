//! The methods of OpenID Connect, by their options.
