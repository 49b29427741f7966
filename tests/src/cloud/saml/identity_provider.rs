//! An identity provider for clients without a browser: HTTP Basic, and an envelope back.

use http::StatusCode;

use super::{Asked, handle::SamlPlace, no, seal::seal, xml};
use crate::cloud::wire::{self, Reply};

pub(super) fn answer(asked: &Asked<'_>) -> Reply {
    let Some(user) = proven(asked) else {
        let mut reply = no(StatusCode::UNAUTHORIZED, "<html>Unauthorized</html>");
        wire::set(reply.headers_mut(), "www-authenticate", "Basic realm=\"uni\"");
        return reply;
    };
    // Shibboleth wants an envelope whose header is gone: that was for the client.
    let document = roxmltree::Document::parse(asked.text());
    let question = document.ok().and_then(|document| {
        let has = |name: &str| document.descendants().find(|node| node.tag_name().name() == name);
        has("AuthnRequest").filter(|_| has("Header").is_none())?.attribute("ID").map(str::to_owned)
    });
    let Some(question) = question else {
        return no(StatusCode::BAD_REQUEST, "no question");
    };
    let id = asked.shared.keystone().dice.id();
    let misled = asked.shared.saml().misled.clone();
    let consumer = misled.unwrap_or_else(|| asked.shared.saml_url(SamlPlace::Consumer));
    xml(
        "text/xml",
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<soap11:Envelope xmlns:soap11=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <soap11:Header><ecp:Response xmlns:ecp=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\" \
             AssertionConsumerServiceURL=\"{consumer}\" soap11:mustUnderstand=\"1\"/></soap11:Header>\
             <soap11:Body>{}</soap11:Body></soap11:Envelope>",
            seal(&id, &user, Some(&question))
        ),
    )
}

/// The user whose name and password came along.
fn proven(asked: &Asked<'_>) -> Option<String> {
    let text = asked.header("authorization").strip_prefix("Basic ")?;
    let pair = String::from_utf8(data_encoding::BASE64.decode(text.as_bytes()).ok()?).ok()?;
    let (user, password) = pair.split_once(':')?;
    asked.knows(user, password).then(|| user.to_owned())
}
