//! The envelopes of SAML 2.0's "Enhanced Client or Proxy" profile (saml-profiles-2.0, 4.2).

use http::StatusCode;
use roxmltree::{Document, Node};

use super::super::xml::{child, descend, parse, push_escaped, text};
use super::super::{FederationError, Party};
use crate::error::LoginError;
use crate::secret::SecretBytes;

const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const PAOS: &str = "urn:liberty:paos:2003-08";
const ECP: &str = "urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp";
const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

/// What the service provider is told when the two do not mean the same.
pub(super) const FAULT: &str = "<S:Envelope xmlns:S=\"http://schemas.xmlsoap.org/soap/envelope/\"><S:Body>\
    <S:Fault><faultcode>S:Server</faultcode><faultstring>The identity provider would send its answer to \
    another consumer than the service provider asks for</faultstring></S:Fault></S:Body></S:Envelope>";

/// What the service provider wants.
#[derive(Debug)]
pub(super) struct Wanted {
    /// Where it wants the identity provider's answer.
    pub(super) consumer: String,
    /// What it wants back with it: an element.
    relay_state: Option<String>,
    /// What it asks the identity provider.
    pub(super) question: Vec<u8>,
}

impl Wanted {
    /// Reads the service provider's envelope. Its header is for us, the rest for the identity provider.
    pub(super) fn read(body: &[u8]) -> Result<Self, LoginError> {
        let party = Party::ServiceProvider;
        let document = parse(body, party)?;
        let (envelope, header) = envelope(&document, party)?;
        let request = child(header, PAOS, "Request");
        let consumer = request
            .and_then(|request| request.attribute("responseConsumerURL"))
            .ok_or_else(|| party.garbled("its envelope does not say where the answer is to go"))?;
        let relay_state = header.descendants().find(|node| node.has_tag_name((ECP, "RelayState")));
        let question = without(&document, envelope, header, "");
        Ok(Self { consumer: consumer.to_owned(), relay_state: relay_state.map(relayed), question })
    }

    /// The identity provider's answer as the service provider gets it. What may be signed stays as
    /// it was written; only a block of the header that was for us gives way to what the service
    /// provider wants back.
    pub(super) fn relay(&self, body: &[u8]) -> Result<SecretBytes, LoginError> {
        let party = Party::IdentityProvider;
        let document = parse(body, party)?;
        let (envelope, header) = envelope(&document, party)?;
        check_status(envelope)?;
        let response = child(header, ECP, "Response")
            .ok_or_else(|| party.garbled("its envelope does not say where it is to go"))?;
        let consumer = response.attribute("AssertionConsumerServiceURL").unwrap_or_default();
        if consumer != self.consumer {
            return Err(LoginError::Federation(FederationError::ConsumerMismatch {
                service_provider: self.consumer.clone(),
                identity_provider: consumer.to_owned(),
            }));
        }
        Ok(SecretBytes::new(match &self.relay_state {
            Some(state) => without(&document, envelope, response, state),
            None => document.input_text().get(envelope.range()).unwrap_or_default().as_bytes().to_vec(),
        }))
    }
}

fn envelope<'a, 'i>(
    document: &'a Document<'i>,
    party: Party,
) -> Result<(Node<'a, 'i>, Node<'a, 'i>), LoginError> {
    let envelope = document.root_element();
    if !envelope.has_tag_name((SOAP, "Envelope")) {
        return Err(party.garbled("it is not a SOAP envelope"));
    }
    let header = child(envelope, SOAP, "Header");
    header.map(|header| (envelope, header)).ok_or_else(|| party.garbled("its envelope has no header"))
}

/// The text of an element, with something else in the place of one of its descendants.
fn without(document: &Document<'_>, whole: Node<'_, '_>, part: Node<'_, '_>, instead: &str) -> Vec<u8> {
    let text = document.input_text();
    let (whole, part) = (whole.range(), part.range());
    let piece = |range: std::ops::Range<usize>| text.get(range).unwrap_or_default();
    let before = piece(whole.start..part.start);
    let after = piece(part.end..whole.end);
    [before, instead, after].concat().into_bytes()
}

/// The relay state as an element of its own, which brings its namespaces along.
fn relayed(state: Node<'_, '_>) -> String {
    let mut element = format!("<ecp:RelayState xmlns:ecp=\"{ECP}\" xmlns:S=\"{SOAP}\"");
    for attribute in state.attributes() {
        let prefix = match attribute.namespace() {
            None => "",
            Some(SOAP) => "S:",
            Some(_) => continue,
        };
        element.push_str(&format!(" {prefix}{}=\"", attribute.name()));
        push_escaped(&mut element, attribute.value());
        element.push('"');
    }
    element.push('>');
    push_escaped(&mut element, &text(state));
    element.push_str("</ecp:RelayState>");
    element
}

/// Refuses an answer that is a refusal, which comes with status 200 from many.
fn check_status(envelope: Node<'_, '_>) -> Result<(), LoginError> {
    let party = Party::IdentityProvider;
    let body = child(envelope, SOAP, "Body").ok_or_else(|| party.garbled("its envelope has no body"))?;
    if let Some(fault) = child(body, SOAP, "Fault") {
        let words = fault.children().find(|node| node.has_tag_name("faultstring")).map(text);
        return Err(party.denied(StatusCode::OK, words.unwrap_or_else(|| "a SOAP fault".to_owned())));
    }
    let Some(status) = descend(body, &[(SAMLP, "Response"), (SAMLP, "Status")]) else { return Ok(()) };
    let codes: Vec<&str> = status.descendants().filter_map(|node| code(node)).collect();
    if codes.first().is_none_or(|code| *code == "Success") {
        return Ok(());
    }
    let message = child(status, SAMLP, "StatusMessage").map(text).filter(|words| !words.trim().is_empty());
    let message = message.unwrap_or_else(|| codes.join(", "));
    if codes.contains(&"AuthnFailed") {
        return Err(party.refused(message));
    }
    Err(party.denied(StatusCode::OK, message))
}

/// The last word of a status code's name.
fn code<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    let value = node.has_tag_name((SAMLP, "StatusCode")).then(|| node.attribute("Value")).flatten()?;
    Some(value.rsplit(':').next().unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Header>
<paos:Request xmlns:paos="urn:liberty:paos:2003-08" responseConsumerURL="https://sp/ECP" service="s"/>
<ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" S:mustUnderstand="1">a&amp;b</ecp:RelayState>
</S:Header><S:Body>  <p:AuthnRequest xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'   ID="x" /><!-- kept --></S:Body></S:Envelope>
"#;

    fn answer(consumer: &str, body: &str) -> String {
        format!(
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><e:Response xmlns:e="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" AssertionConsumerServiceURL="{consumer}"/></soap:Header><soap:Body>{body}</soap:Body></soap:Envelope>"#
        )
    }

    fn relay(answer: &str) -> Result<String, LoginError> {
        let relayed = Wanted::read(QUESTION.as_bytes()).unwrap().relay(answer.as_bytes())?;
        Ok(String::from_utf8(relayed.reveal().to_vec()).unwrap())
    }

    #[test]
    fn the_question_is_all_but_the_header() {
        let wanted = Wanted::read(QUESTION.as_bytes()).unwrap();
        assert_eq!(wanted.consumer, "https://sp/ECP");
        assert_eq!(
            String::from_utf8(wanted.question).unwrap(),
            r#"<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>  <p:AuthnRequest xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'   ID="x" /><!-- kept --></S:Body></S:Envelope>"#
        );
    }

    #[test]
    fn what_may_be_signed_is_relayed_byte_for_byte() {
        let signed = "<p:Response  xmlns:p='urn:oasis:names:tc:SAML:2.0:protocol'><p:Status><p:StatusCode \
            Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></p:Status>\r\n <![CDATA[<&>]]>&#233;\u{e9}<a\n/></p:Response>";
        let relayed = relay(&answer("https://sp/ECP", signed)).unwrap();
        assert!(relayed.contains(signed));
        assert_eq!(
            relayed.replace(signed, "SIGNED"),
            r#"<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Header><ecp:RelayState xmlns:ecp="urn:oasis:names:tc:SAML:2.0:profiles:SSO:ecp" xmlns:S="http://schemas.xmlsoap.org/soap/envelope/" S:mustUnderstand="1">a&amp;b</ecp:RelayState></soap:Header><soap:Body>SIGNED</soap:Body></soap:Envelope>"#
        );
    }

    #[test]
    fn a_relay_state_may_be_missing() {
        let bare: String = QUESTION.lines().filter(|line| !line.contains("RelayState")).collect();
        let answer = answer("https://sp/ECP", "<x/>");
        let relayed = Wanted::read(bare.as_bytes()).unwrap().relay(answer.as_bytes()).unwrap();
        assert_eq!(relayed.reveal(), answer.as_bytes());
    }

    #[test]
    fn what_is_no_answer_is_told_from_one() {
        let idp = Party::IdentityProvider;
        let ok = StatusCode::OK;
        let status = |code: &str, more: &str| {
            let code = format!("urn:oasis:names:tc:SAML:2.0:status:{code}");
            answer(
                "https://sp/ECP",
                &format!(
                    "<Response xmlns='urn:oasis:names:tc:SAML:2.0:protocol'><Status><StatusCode Value='{code}'>{more}</StatusCode></Status></Response>"
                ),
            )
        };
        let nested = "<StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:AuthnFailed'/>";
        for (answer, expected) in [
            (status("Responder", nested), idp.refused("Responder, AuthnFailed")),
            (status("Requester", ""), idp.denied(ok, "Requester")),
            (
                answer(
                    "https://sp/ECP",
                    "<Fault xmlns='http://schemas.xmlsoap.org/soap/envelope/'><faultstring xmlns=''>no</faultstring></Fault>",
                ),
                idp.denied(ok, "no"),
            ),
            (
                answer("https://evil/ECP", "<x/>"),
                FederationError::ConsumerMismatch {
                    service_provider: "https://sp/ECP".to_owned(),
                    identity_provider: "https://evil/ECP".to_owned(),
                }
                .into(),
            ),
            ("<html/>".to_owned(), idp.garbled("it is not a SOAP envelope")),
            (
                "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'/>".to_owned(),
                idp.garbled("its envelope has no header"),
            ),
            (
                "<Envelope xmlns='http://schemas.xmlsoap.org/soap/envelope/'><Header/><Body/></Envelope>"
                    .to_owned(),
                idp.garbled("its envelope does not say where it is to go"),
            ),
        ] {
            assert_eq!(relay(&answer), Err(expected), "{answer}");
        }
        let cut = answer("https://sp/ECP", "<x/>");
        for end in 0..cut.len() {
            assert!(relay(&cut[..end]).is_err(), "cut at {end}");
        }
        for end in 0..QUESTION.trim_end().len() {
            assert!(Wanted::read(&QUESTION.as_bytes()[..end]).is_err(), "cut at {end}");
        }
    }
}
