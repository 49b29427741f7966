//! The steps of a scenario, and what is expected of them.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::deed::Deed;
use super::expected::{Count, Outcome, Span};
use super::scenario::{Identity, ServiceName};

/// The name of a session that a call does not name.
const MAIN: &str = "main";

/// What happens next.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum Step {
    /// One request.
    Call(Call),
    /// Many requests at once.
    Herd(Vec<Group>),
    /// An object was stored as the last call said: whole after a 201, and not at all otherwise.
    Object {
        /// The session to look with.
        #[serde(default = "main")]
        session: String,
        /// Its path.
        path: String,
        /// The length of the pattern that it should hold; see [`Body`].
        size: usize,
    },
    /// Time goes by.
    Pass(f64),
    /// Something is done to the cloud.
    Do(Deed),
    /// Something will be done to the cloud while the client waits or time goes by.
    Later {
        /// When, from now.
        #[serde(rename = "in")]
        after: f64,
        /// What.
        #[serde(rename = "do")]
        deed: Deed,
    },
    /// An identity gets another credential, or a token of the same kind is handed in.
    Supply {
        /// Which.
        identity: String,
        /// What it gets.
        proof: Identity,
    },
    /// An identity logs out.
    LogOut {
        /// Which.
        identity: String,
        /// `"ok"`, or why not.
        expect: Outcome,
    },
    /// The cloud has counted this since the scenario began.
    Expect(Counts),
    /// Steps that come several times.
    Repeat {
        /// How often.
        times: usize,
        /// Which.
        steps: Vec<Step>,
    },
}

/// One request, and what is expected to come of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Under which session; `main`.
    #[serde(default = "main")]
    pub session: String,
    /// The request.
    #[serde(flatten)]
    pub request: Request,
    /// How it ends.
    pub expect: Outcome,
    /// Which tokens were sent to services, try by try: `u1+s1` stands for a user's token beside a
    /// service token, `-` for none. Each token has the number by which it first appeared.
    pub sent: Option<Vec<String>>,
    /// How long it takes, from and to.
    pub takes: Option<Span>,
    /// Members of the answer's body, which is JSON: with these texts, or beginning with what
    /// stands before a `*`.
    #[serde(default)]
    pub shows: BTreeMap<String, String>,
    /// Headers that the answer has.
    #[serde(default)]
    pub has: Vec<String>,
}

/// Calls that begin at once.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// How many.
    pub n: usize,
    /// Under which session, or its copies in turn; `main`.
    #[serde(default = "main")]
    pub session: String,
    /// How much later than the step they begin, by the machine's clock.
    #[serde(default)]
    pub after: f64,
    /// The request of each.
    #[serde(flatten)]
    pub request: Request,
    /// How many end how.
    pub expect: BTreeMap<String, Count>,
}

/// A request.
///
/// In paths and headers, `{origin:image}` stands for scheme, host and port of that service, and
/// `{path:volume}` for the path of its endpoint.
#[derive(Clone, Debug, Deserialize)]
#[serde(default)]
pub struct Request {
    /// The method; GET.
    pub method: String,
    /// A path of the session's service, or an address; `/volumes/detail`.
    pub path: String,
    /// Headers.
    pub headers: BTreeMap<String, String>,
    /// The body; none.
    pub body: Option<Body>,
}

impl Default for Request {
    fn default() -> Self {
        let (method, path) = ("GET".to_owned(), "/volumes/detail".to_owned());
        Self { method, path, headers: BTreeMap::new(), body: None }
    }
}

/// A request's body: so many bytes of a pattern, byte `n` being `n % 251`; or a text.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// In what form the client gets it.
    pub kind: BodyKind,
    /// How many bytes of the pattern there are.
    #[serde(default)]
    pub size: usize,
    /// This instead of the pattern.
    pub text: Option<String>,
    /// The length that the client is told: what it is, another, or none (`null`).
    #[serde(default)]
    pub announced: Announced,
    /// Reading it fails after so many bytes.
    pub breaks_after: Option<usize>,
}

/// What the client is told of a streamed body's length.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Announced {
    /// What it is.
    #[default]
    Exactly,
    /// Nothing.
    Unknown,
    /// This.
    As(u64),
}

/// The forms of a body.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// In memory.
    Bytes,
    /// A file, open behind a head that was read already.
    File,
    /// Made anew for each try.
    Rewindable,
    /// Read once.
    OneShot,
}

/// What the cloud has counted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Counts {
    /// Token requests.
    pub token_requests: Option<Count>,
    /// Token requests, by user.
    pub token_requests_of: BTreeMap<String, Count>,
    /// The most token requests at once.
    pub at_once: Option<Count>,
    /// Wrong passwords, by user.
    pub wrong_passwords: BTreeMap<String, Count>,
    /// Requests, by service.
    pub requests: BTreeMap<ServiceName, Count>,
    /// Answers with 401, by service.
    pub refusals: BTreeMap<ServiceName, Count>,
    /// Bytes stored of an object, by `container/object`; all times together.
    pub stored: BTreeMap<String, Count>,
}

fn main() -> String {
    MAIN.to_owned()
}
