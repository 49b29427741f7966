//! The client of one case.

use std::fs;

use keepstone_blocking::{Client, Limits, Proxy, Tls};

use crate::command;
use crate::outcome::Problem;

pub(crate) fn client(tls: &command::Tls) -> Result<Client, Problem> {
    let mut own = Tls::new();
    if let Some(authority) = &tls.ca {
        own = own.authority(fs::read(authority)?);
    }
    if let (Some(certificate), Some(key)) = (&tls.cert, &tls.key) {
        own = own.identity(fs::read(certificate)?, fs::read_to_string(key)?);
    }
    let builder = Client::builder().tls(own).proxy(Proxy::None).limits(Limits::default());
    Ok(builder.build()?)
}
