//! A web server in front of Keystone that speaks SPNEGO (as `mod_auth_gssapi` does, RFC 4559), with
//! tickets that are texts: what a test's Kerberos library says is `ticket:{user}:{nonce}` in base64.

use std::collections::BTreeSet;

use data_encoding::BASE64;
use http::{StatusCode, request::Parts};

use super::{
    Cloud,
    shared::Shared,
    wire::{self, Reply},
};

/// Where those with a ticket get an unscoped token.
const FEDERATED: &str = "/v3/OS-FEDERATION/identity_providers/krb/protocols/kerberos/auth";

/// How the server negotiates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Negotiation {
    /// It answers the first ticket with a challenge, and wants another.
    pub challenges: bool,
    /// It cannot prove who it is: it knows no secret of the service's.
    pub impostor: bool,
    /// It does not try to prove who it is.
    pub silent: bool,
}

/// What the server remembers.
#[derive(Debug, Default)]
pub(crate) struct Kerberos {
    negotiation: Negotiation,
    used: BTreeSet<String>,
    replays: u64,
}

/// What became of a request.
pub(crate) enum Gate {
    /// It has nothing to do with Kerberos.
    Beside,
    /// It is this user's; the answer is to have this header.
    Open { user: String, proof: Option<String> },
    /// It is answered.
    Shut(Reply),
}

impl Gate {
    pub(crate) fn user(&self) -> Option<&str> {
        match self {
            Self::Open { user, .. } => Some(user),
            _ => None,
        }
    }

    /// The server's own proof goes with what it lets pass.
    pub(crate) fn sign(&self, reply: &mut Reply) {
        let passed = reply.status().is_success();
        if let (Self::Open { proof: Some(proof), .. }, true) = (self, passed) {
            wire::set(reply.headers_mut(), "www-authenticate", proof);
        }
    }
}

/// Whether a request is for the federated path.
pub(crate) fn is_federated(head: &Parts) -> bool {
    head.method == "GET" && head.uri.path() == FEDERATED
}

/// Negotiates, if the request is one that needs a ticket.
pub(crate) fn gate(shared: &Shared, head: &Parts, body: &[u8]) -> Gate {
    let is_login = head.method == "POST" && head.uri.path() == "/v3/auth/tokens";
    let text = std::str::from_utf8(body).unwrap_or_default();
    let by_ticket = is_login && text.contains("\"kerberos\":");
    if !by_ticket && !is_federated(head) {
        return Gate::Beside;
    }
    let said = wire::get(&head.headers, "authorization").and_then(|it| it.strip_prefix("Negotiate "));
    let said = said.and_then(|text| BASE64.decode(text.as_bytes()).ok());
    let said = said.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    let mut kerberos = shared.kerberos();
    let parts: Vec<&str> = said.split(':').collect();
    let ["ticket", user, nonce, rest @ ..] = parts.as_slice() else {
        return Gate::Shut(refusal("Negotiate"));
    };
    if !kerberos.used.insert(said.clone()) {
        kerberos.replays += 1;
        return Gate::Shut(refusal("Negotiate"));
    }
    if kerberos.negotiation.challenges && rest.is_empty() {
        return Gate::Shut(refusal(&negotiate(&format!("challenge:{nonce}"))));
    }
    let proof = match &kerberos.negotiation {
        Negotiation { silent: true, .. } => None,
        Negotiation { impostor: true, .. } => Some(negotiate("server:nobody")),
        _ => Some(negotiate(&format!("server:{nonce}"))),
    };
    Gate::Open { user: (*user).to_owned(), proof }
}

fn negotiate(word: &str) -> String {
    format!("Negotiate {}", BASE64.encode(word.as_bytes()))
}

fn refusal(challenge: &str) -> Reply {
    let mut reply = wire::text(StatusCode::UNAUTHORIZED, "Unauthorized");
    wire::set(reply.headers_mut(), "www-authenticate", challenge);
    reply
}

/// Kerberos, at the method `kerberos` and at the identity provider `krb` (protocol `kerberos`).
impl Cloud {
    /// How the server in front of Keystone negotiates from now on.
    pub fn set_negotiation(&self, negotiation: Negotiation) {
        self.shared.kerberos().negotiation = negotiation;
    }

    /// How often a ticket was shown twice.
    #[must_use]
    pub fn ticket_replays(&self) -> u64 {
        self.shared.kerberos().replays
    }
}
