//! Seeded randomness: ids, tokens and secrets that look like the real ones.

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

const HEX: &[u8] = b"0123456789abcdef";
const URL_SAFE: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// A generator of the cryptographic kind: nothing it gave tells what it gives next.
#[derive(Debug)]
pub(crate) struct Dice(StdRng);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(StdRng::seed_from_u64(seed))
    }

    /// 32 hexadecimal digits, as users, projects and trusts have.
    pub(crate) fn id(&mut self) -> String {
        self.draw(HEX, 32)
    }

    /// A token in the dress of Fernet.
    pub(crate) fn token(&mut self) -> String {
        format!("gAAAAAB{}", self.draw(URL_SAFE, 176))
    }

    /// 22 characters: 16 random bytes in base64.
    pub(crate) fn audit_id(&mut self) -> String {
        self.draw(URL_SAFE, 22)
    }

    /// The secret of an application credential.
    pub(crate) fn secret(&mut self) -> String {
        self.draw(URL_SAFE, 86)
    }

    /// A request id: `req-` and a UUID.
    pub(crate) fn request_id(&mut self) -> String {
        let parts = [8, 4, 4, 4, 12].map(|length| self.draw(HEX, length));
        format!("req-{}", parts.join("-"))
    }

    /// A transaction id of Swift's.
    pub(crate) fn transaction_id(&mut self) -> String {
        format!("tx{}-{}", self.draw(HEX, 21), self.draw(HEX, 10))
    }

    fn draw(&mut self, alphabet: &[u8], length: usize) -> String {
        (0..length).map(|_| char::from(alphabet[self.0.random_range(..alphabet.len())])).collect()
    }
}
