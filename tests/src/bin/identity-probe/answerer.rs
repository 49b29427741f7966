//! The person, the browser and the Kerberos library that a machine without them has.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};

use keepstone_blocking::identity::Page;
use keepstone_blocking::{Inquiry, Secret};

use crate::command::Extra;

#[derive(Clone, Debug)]
pub(crate) struct Answerer {
    otp: Option<String>,
    ticket: Option<String>,
}

impl Answerer {
    pub(crate) fn new(extra: &Extra) -> Self {
        let ticket = extra.spnego.as_ref().map(|spnego| spnego.token.clone());
        Self { otp: extra.answers.otp.clone(), ticket }
    }

    pub(crate) fn answer(&self, inquiry: &Inquiry) -> Result<Secret, String> {
        match inquiry {
            Inquiry::Passcode { .. } => self.otp.clone().map(Secret::new).ok_or("nobody knows it".to_owned()),
            Inquiry::Blob { .. } => {
                self.ticket.clone().map(Secret::new).ok_or("there is no ticket".to_owned())
            }
            Inquiry::Page(Page { wants_code: false, .. }) => Ok(Secret::new("")),
            Inquiry::Page(page) => browse(page).map_err(|error| error.to_string()),
            _ => Err("that is beyond this probe".to_owned()),
        }
    }
}

/// Goes to the page, and waits at its callback for the token that is posted there.
fn browse(page: &Page) -> io::Result<Secret> {
    let broken = |text: &str| io::Error::other(text.to_owned());
    let query = page.url.split_once('?').ok_or_else(|| broken("the page has no query"))?.1;
    let origin = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "origin");
    let callback = origin.ok_or_else(|| broken("the page has no origin"))?.1.into_owned();
    let callback: http::Uri = callback.parse().map_err(|_| broken("the origin is no address"))?;
    let place = callback.authority().ok_or_else(|| broken("the origin has no host"))?;
    let listener = TcpListener::bind(place.as_str())?;
    let browser = ureq::get(&page.url).call();
    let posted = listener.accept()?.0;
    browser.map_err(|error| broken(&error.to_string()))?;
    token_posted(posted)
}

fn token_posted(mut connection: TcpStream) -> io::Result<Secret> {
    let mut request = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let read = connection.read(&mut piece)?;
        request.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&request);
        let token = text.split_once("\r\n\r\n").and_then(|(_, body)| {
            form_urlencoded::parse(body.as_bytes())
                .find(|(name, _)| name == "token")
                .map(|(_, token)| token.into_owned())
        });
        if token.is_some() || read == 0 {
            connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
            return token.map(Secret::new).ok_or_else(|| io::Error::other("no token was posted"));
        }
    }
}
