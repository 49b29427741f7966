//! ADFS: names and passwords by WS-Trust, and the service provider's side of WS-Federation.

use http::StatusCode;
use roxmltree::{Document, Node};

use super::{Asked, ENTITY, handle::SamlPlace, no, seal, xml};
use crate::cloud::{
    clock::parse_stamp,
    wire::{self, Reply},
};

const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";

pub(super) fn answer(asked: &Asked<'_>) -> Reply {
    let Ok(document) = Document::parse(asked.text()) else {
        return fault("s:Sender", "not XML");
    };
    let Some(request) = Request::of(&document) else {
        return fault("a:InvalidRequest", "something is missing");
    };
    let created =
        parse_stamp(&request.created).filter(|date| *date <= asked.now + chrono::TimeDelta::minutes(5));
    let expires = parse_stamp(&request.expires).filter(|date| *date > asked.now);
    if created.is_none() || expires.is_none() || !asked.first_use(&request.message) {
        return fault("o:InvalidSecurity", "the message is out of date");
    }
    if request.to != asked.shared.saml_url(SamlPlace::Adfs) || request.realm != ENTITY {
        return fault("a:InvalidScope", "ID3082");
    }
    if !asked.knows(&request.user, &request.password) {
        return fault("a:FailedAuthentication", "ID3242: The security token could not be authenticated");
    }
    let id = asked.shared.keystone().dice.id();
    xml(
        "application/soap+xml; charset=utf-8",
        format!(
            "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>\
             <trust:RequestSecurityTokenResponseCollection xmlns:trust=\"{TRUST}\">\
             <trust:RequestSecurityTokenResponse Context=\"c\"><trust:RequestedSecurityToken>{}\
             </trust:RequestedSecurityToken><trust:KeyType>{TRUST}/Bearer</trust:KeyType>\
             </trust:RequestSecurityTokenResponse></trust:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>",
            seal::seal(&id, &request.user, None)
        ),
    )
}

struct Request {
    message: String,
    to: String,
    created: String,
    expires: String,
    user: String,
    password: String,
    realm: String,
}

impl Request {
    fn of(document: &Document<'_>) -> Option<Self> {
        let named = |name: &str| document.descendants().find(|node| node.tag_name().name() == name);
        let text = |name: &str| named(name)?.text().map(str::to_owned);
        let realm = named("AppliesTo")?.descendants().find(|node: &Node<'_, '_>| node.is_text());
        Some(Self {
            message: text("MessageID")?,
            to: text("To")?,
            created: text("Created")?,
            expires: text("Expires")?,
            user: text("Username")?,
            password: text("Password")?,
            realm: realm?.text()?.to_owned(),
        })
    }
}

/// ADFS answers 500 whatever is wrong.
fn fault(code: &str, reason: &str) -> Reply {
    let body = format!(
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault><s:Code>\
         <s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a=\"{TRUST}\">{code}</s:Value></s:Subcode></s:Code>\
         <s:Reason><s:Text xml:lang=\"en-US\">{reason}</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"
    );
    wire::with_body(StatusCode::INTERNAL_SERVER_ERROR, "application/soap+xml; charset=utf-8", body)
}

/// The service provider takes in a form: the security token under the older name of WS-Trust.
pub(super) fn consume(asked: &Asked<'_>) -> Reply {
    let mut fields = form_urlencoded::parse(asked.body);
    let mut field = |name: &str| fields.find(|(key, _)| key == name).map(|(_, value)| value.into_owned());
    let sign_in = field("wa").is_some_and(|wa| wa == "wsignin1.0");
    let Some(result) = field("wresult").filter(|_| sign_in) else {
        return no(StatusCode::BAD_REQUEST, "not a sign-in");
    };
    let root = Document::parse(&result).ok().is_some_and(|document| {
        let name = ("http://schemas.xmlsoap.org/ws/2005/02/trust", "RequestSecurityTokenResponse");
        document.root_element().has_tag_name(name)
    });
    let sealed = seal::open(&result).filter(|_| root);
    match sealed {
        Some(sealed) if asked.first_use(&sealed.id) => asked.welcome(sealed.user, "/secure"),
        _ => no(StatusCode::FORBIDDEN, "the token is not as it was signed"),
    }
}
