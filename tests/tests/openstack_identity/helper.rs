//! People: what they read off their devices, and what they do at the provider's pages.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::Utc;
use data_encoding::BASE32;
use http::StatusCode;
use keepstone_core::identity::Page;
use keepstone_core::{Inquiry, Secret};
use keepstone_tests::openstack::{Stack, User};
use ring::hmac;

use crate::plain::{basic, exchange, post_form};

/// Where the provider's page leads in the end; nobody listens there.
pub(crate) const BACK: &str = "http://127.0.0.1/back";

/// Somebody who answers so many questions, and then is gone. At the provider it is fred.
pub(crate) struct Somebody {
    stack: Stack,
    device: Option<User>,
    left: AtomicU32,
}

impl Somebody {
    pub(crate) fn who_answers(times: u32) -> Self {
        Self { stack: crate::RIG.stack.clone(), device: None, left: AtomicU32::new(times) }
    }

    /// With the device that shows this user's passcodes.
    pub(crate) fn with_device_of(self, user: &User) -> Self {
        Self { device: Some(user.clone()), ..self }
    }

    pub(crate) fn answer(&self, inquiry: &Inquiry) -> Result<Secret, String> {
        let one_less = |left: u32| left.checked_sub(1);
        if self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_err() {
            return Err("nobody is there any more".to_owned());
        }
        match (inquiry, &self.device) {
            (Inquiry::Passcode { kind }, Some(user)) if kind == "totp" => Ok(passcode(user).into()),
            (Inquiry::Page(page), _) if page.wants_code => Ok(browse(&self.stack, &page.url).into()),
            (Inquiry::Page(page), _) => {
                allow_device(&self.stack, page);
                Ok("".into())
            }
            (other, _) => Err(format!("nobody knows {other:?}")),
        }
    }
}

/// What the user's device shows now (RFC 6238), by another implementation than the library's.
pub(crate) fn passcode(user: &User) -> String {
    let secret = BASE32.decode(user.totp_secret.as_ref().expect("a secret").as_bytes()).unwrap();
    let count = (Utc::now().timestamp() / 30).to_be_bytes();
    let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &secret), &count);
    let start = usize::from(hash.as_ref()[19] & 15);
    let number = u32::from_be_bytes(hash.as_ref()[start..start + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// Opens a page of the provider's as fred; the address to which it leads.
fn browse(stack: &Stack, url: &str) -> String {
    let fred = &stack.federation.people.fred;
    let person = basic(&fred.name, &fred.password);
    let answer = exchange("GET", url, &[("Authorization", &person)], "").unwrap();
    assert_eq!(answer.status, StatusCode::FOUND, "{}", answer.text);
    answer.headers["location"].to_str().unwrap().to_owned()
}

/// A code for this client, as a program gets it that opened the page by itself.
pub(crate) fn code(stack: &Stack, client: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("client_id", client), ("redirect_uri", BACK), ("response_type", "code")])
        .extend_pairs([("scope", "openid profile")])
        .finish();
    let led_to = browse(stack, &format!("{}?{query}", stack.federation.oidc.authorization_url));
    let (_, query) = led_to.split_once('?').unwrap();
    let code = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "code");
    code.expect("a code").1.into_owned()
}

/// Types a device's code at the provider, as fred, and allows it.
fn allow_device(stack: &Stack, page: &Page) {
    let (oidc, fred) = (&stack.federation.oidc, &stack.federation.people.fred);
    assert_eq!(page.url, oidc.device_answer_url);
    let person = basic(&fred.name, &fred.password);
    let form = [("user_code", page.user_code.as_deref().expect("a code to type")), ("answer", "allow")];
    let answer = post_form(&page.url, &[("Authorization", &person)], &form);
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{}", answer.text);
}

/// An access token of the provider's for fred, got by somebody else.
pub(crate) fn access_token(stack: &Stack) -> String {
    let (oidc, fred) = (&stack.federation.oidc, &stack.federation.people.fred);
    let form = [
        ("client_id", oidc.public_client.id.as_str()),
        ("grant_type", "password"),
        ("username", fred.name.as_str()),
        ("password", fred.password.as_str()),
    ];
    let told = post_form(&oidc.token_url, &[], &form).report(StatusCode::OK);
    told["access_token"].as_str().unwrap().to_owned()
}
