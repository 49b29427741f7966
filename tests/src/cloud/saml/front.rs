//! The service provider in front of Keystone's `OS-FEDERATION`: it asks clients for an assertion, and
//! lets those in who have a session.

use http::StatusCode;

use super::{Asked, PAOS, PROTOCOL, handle::SamlPlace, no, seal::open, xml};
use crate::cloud::wire::{self, Reply};

/// Nobody is let in without a session: a client that says it can is asked, a browser is sent away.
pub(super) fn question(asked: &Asked<'_>) -> Reply {
    let can = asked.header("accept").contains(PAOS)
        && asked.header("paos").contains("\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"");
    if !can {
        let mut reply = wire::empty(StatusCode::FOUND);
        wire::set(reply.headers_mut(), "location", "https://idp.invalid/login");
        return reply;
    }
    let (id, state) = {
        let mut keystone = asked.shared.keystone();
        (keystone.dice.id(), format!("ss:mem:{}&1", keystone.dice.id()))
    };
    let consumer = asked.shared.saml_url(SamlPlace::Consumer);
    let shown = super::seal::escaped(&state);
    asked.shared.saml().questions.insert(id.clone(), state);
    xml(
        PAOS,
        format!(
            "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Header>\
             <paos:Request xmlns:paos=\"urn:liberty:paos:2003-08\" S:actor=\"http://schemas.xmlsoap.org/soap/actor/next\" \
             S:mustUnderstand=\"1\" responseConsumerURL=\"{consumer}\" service=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\"/>\
             <ecp:RelayState xmlns:ecp=\"urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp\" S:actor=\"http://schemas.xmlsoap.org/soap/actor/next\" \
             S:mustUnderstand=\"1\">{shown}</ecp:RelayState></S:Header><S:Body><samlp:AuthnRequest \
             xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"{id}\"/></S:Body></S:Envelope>"
        ),
    )
}

/// Takes in an assertion: the answer to a question, with its relay state, or one that nobody asked
/// for (another Keystone's).
pub(super) fn consume(asked: &Asked<'_>) -> Reply {
    if asked.header("content-type") != PAOS {
        return no(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not an envelope");
    }
    let Some(sealed) = open(asked.text()) else {
        return no(StatusCode::FORBIDDEN, "the assertion is not as it was signed");
    };
    if !asked.first_use(&sealed.id) {
        return no(StatusCode::FORBIDDEN, "the assertion was seen before");
    }
    if let Some(question) = &sealed.answers {
        let expected = asked.shared.saml().questions.remove(question);
        let document = roxmltree::Document::parse(asked.text()).ok();
        let state = document.as_ref().and_then(|document| {
            let mut nodes = document.descendants();
            nodes.find(|node| node.tag_name().name() == "RelayState")?.text()
        });
        if expected.is_none() || expected.as_deref() != state {
            return no(StatusCode::FORBIDDEN, "nobody asked for this");
        }
    }
    asked.welcome(sealed.user, &SamlPlace::Front.path())
}

/// Keystone behind the service provider: an unscoped token for whoever has a session.
pub(super) fn enter(asked: &Asked<'_>) -> Reply {
    let user = asked.session().unwrap_or_default();
    asked.shared.keystone().federated(&user, PROTOCOL, asked.now)
}
