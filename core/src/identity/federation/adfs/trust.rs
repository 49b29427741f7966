//! The messages of WS-Trust 1.3, as ADFS takes and gives them.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use http::{Response, StatusCode};
use roxmltree::{Document, Node};

use super::super::Party;
use super::super::party::words;
use super::super::xml::{child, descend, escaped, parse, push_escaped, text};
use super::AdfsPassword;
use crate::error::LoginError;
use crate::secret::SecretBytes;

const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
const TRUST: &str = "http://docs.oasis-open.org/ws-sx/ws-trust/200512";
/// The older name, by which WS-Federation (and so the service provider) knows the same.
const OLD_TRUST: &str = "http://schemas.xmlsoap.org/ws/2005/02/trust";
const RESPONSE: &str = "RequestSecurityTokenResponse";
/// Seconds for which a request is good.
const LIFE: i64 = 120;

/// The request for a security token. `chance`: what makes its ids unique.
pub(super) fn request(method: &AdfsPassword, now: DateTime<Utc>, chance: [u8; 32]) -> SecretBytes {
    let (message, user) = chance.split_at(16);
    let (message, user) = (uuid(message), uuid(user));
    let stamp = |date: DateTime<Utc>| date.to_rfc3339_opts(SecondsFormat::Micros, true);
    let created = stamp(now);
    let expires = stamp(now.checked_add_signed(TimeDelta::seconds(LIFE)).unwrap_or(now));
    let to = escaped(&method.identity_provider_url);
    let realm = method.service_provider_entity_id.as_ref().unwrap_or(&method.service_provider_endpoint);
    let realm = escaped(realm);
    let password = method.password.reveal();
    let head = format!(
        r#"<s:Envelope xmlns:s="{SOAP}" xmlns:a="http://www.w3.org/2005/08/addressing" xmlns:u="{WSU}"><s:Header><a:Action s:mustUnderstand="1">{TRUST}/RST/Issue</a:Action><a:MessageID>urn:uuid:{message}</a:MessageID><a:ReplyTo><a:Address>http://www.w3.org/2005/08/addressing/anonymous</a:Address></a:ReplyTo><a:To s:mustUnderstand="1">{to}</a:To><o:Security xmlns:o="{WSSE}" s:mustUnderstand="1"><u:Timestamp u:Id="_0"><u:Created>{created}</u:Created><u:Expires>{expires}</u:Expires></u:Timestamp><o:UsernameToken u:u="uuid-{user}-1"><o:Username>"#
    );
    let tail = format!(
        r#"</o:Password></o:UsernameToken></o:Security></s:Header><s:Body><trust:RequestSecurityToken xmlns:trust="{TRUST}"><wsp:AppliesTo xmlns:wsp="http://schemas.xmlsoap.org/ws/2004/09/policy"><wsa:EndpointReference xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Address>{realm}</wsa:Address></wsa:EndpointReference></wsp:AppliesTo><trust:KeyType>{TRUST}/Bearer</trust:KeyType><trust:RequestType>{TRUST}/Issue</trust:RequestType><trust:TokenType>urn:oasis:names:tc:SAML:1.0:assertion</trust:TokenType></trust:RequestSecurityToken></s:Body></s:Envelope>"#
    );
    // In one piece of memory: a buffer that grows leaves copies of the password behind.
    let room = (method.username.len() + password.len()) * 6 + PASSWORD.len();
    let mut request = String::with_capacity(head.len() + room + tail.len());
    request.push_str(&head);
    push_escaped(&mut request, &method.username);
    request.push_str(PASSWORD);
    push_escaped(&mut request, password);
    request.push_str(&tail);
    SecretBytes::new(request.into_bytes())
}

const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const PASSWORD: &str = r#"</o:Username><o:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">"#;

fn uuid(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

/// The answer with the security token in it, as the service provider takes it: under the older
/// name of WS-Trust. The token itself stays as it was written, since it is signed.
pub(super) fn response(body: &[u8]) -> Result<String, LoginError> {
    let party = Party::IdentityProvider;
    let document = parse(body, party)?;
    let path = [(SOAP, "Body"), (TRUST, "RequestSecurityTokenResponseCollection"), (TRUST, RESPONSE)];
    let envelope = Some(document.root_element()).filter(|root| root.has_tag_name((SOAP, "Envelope")));
    let response = envelope.and_then(|envelope| descend(envelope, &path));
    let response = response.ok_or_else(|| party.garbled("it holds no single security token response"))?;
    let token = child(response, TRUST, "RequestedSecurityToken").and_then(|it| it.first_element_child());
    let token = token.ok_or_else(|| party.garbled("it holds no security token"))?;
    Ok(extracted(&document, response, token))
}

/// The response as a document of its own: namespaces that it inherits are written into its tag.
fn extracted(document: &Document<'_>, response: Node<'_, '_>, token: Node<'_, '_>) -> String {
    let source = document.input_text();
    let piece = |range: std::ops::Range<usize>| source.get(range).unwrap_or_default();
    let whole = piece(response.range());
    let name = whole.trim_start_matches('<').split(|c: char| c.is_whitespace() || "/>".contains(c)).next();
    let name = name.unwrap_or(RESPONSE);
    let mut tag = format!("<{name}");
    for namespace in response.namespaces().filter(|namespace| namespace.name() != Some("xml")) {
        let prefix = namespace.name().map_or(String::new(), |prefix| format!(":{prefix}"));
        tag.push_str(&format!(" xmlns{prefix}=\"{}\"", escaped(namespace.uri())));
    }
    for attribute in response.attributes() {
        tag.push_str(&format!(" {}", piece(attribute.range())));
    }
    let renamed = |text: &str| text.replace(TRUST, OLD_TRUST);
    let first = response.first_element_child().map_or(token.range().start, |node| node.range().start);
    let last = response.last_element_child().map_or(token.range().end, |node| node.range().end);
    let before = renamed(piece(first..token.range().start));
    let after = renamed(piece(token.range().end..last));
    let token = piece(token.range());
    format!("{}>{before}{token}{after}</{name}>", renamed(&tag))
}

/// Why there is no token: ADFS says it by a SOAP fault, with status 500 even for a wrong password.
pub(super) fn refusal(answer: &Response<Vec<u8>>) -> LoginError {
    let party = Party::IdentityProvider;
    let status = answer.status();
    let Some((code, reason)) = fault(answer.body()) else {
        return match status {
            StatusCode::UNAUTHORIZED => party.refused(words(answer)),
            _ => party.failed(answer),
        };
    };
    let message = format!("{reason} ({code})");
    match code.as_str() {
        "FailedAuthentication" => party.refused(message),
        // It says that something is wrong with itself.
        "EndpointUnavailable" | "Receiver" => party.failed(answer),
        _ => party.denied(status, message),
    }
}

/// The code of a fault, the innermost and without its prefix, and what it says for a reader.
fn fault(body: &[u8]) -> Option<(String, String)> {
    let document = parse(body, Party::IdentityProvider).ok()?;
    let fault = descend(document.root_element(), &[(SOAP, "Body"), (SOAP, "Fault")])?;
    let code = child(fault, SOAP, "Code")?;
    let codes = code.descendants().filter(|node| node.has_tag_name((SOAP, "Value")));
    let code = codes.map(text).next_back()?;
    let code = code.trim().rsplit(':').next().unwrap_or_default().to_owned();
    let reason = descend(fault, &[(SOAP, "Reason"), (SOAP, "Text")]).map(text).unwrap_or_default();
    Some((code, reason.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSERTION: &str = "<saml:Assertion  xmlns:saml='urn:oasis:names:tc:SAML:1.0:assertion' \
        a=\"&#233;\">http://docs.oasis-open.org/ws-sx/ws-trust/200512<!-- signed --></saml:Assertion>";

    fn answer(assertion: &str) -> String {
        format!(
            r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:default"><s:Header/><s:Body><t:RequestSecurityTokenResponseCollection xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512" xmlns:q="urn:q&amp;q">
<t:RequestSecurityTokenResponse Context='a &amp; "b"' xmlns:t="http://docs.oasis-open.org/ws-sx/ws-trust/200512"><t:RequestedSecurityToken>{assertion}</t:RequestedSecurityToken><t:KeyType>http://docs.oasis-open.org/ws-sx/ws-trust/200512/Bearer</t:KeyType></t:RequestSecurityTokenResponse></t:RequestSecurityTokenResponseCollection></s:Body></s:Envelope>"#
        )
    }

    #[test]
    fn a_token_is_taken_out_byte_for_byte() {
        let taken = response(answer(ASSERTION).as_bytes()).unwrap();
        assert!(taken.contains(ASSERTION));
        assert_eq!(
            taken.replace(ASSERTION, "SIGNED"),
            r#"<t:RequestSecurityTokenResponse xmlns:t="http://schemas.xmlsoap.org/ws/2005/02/trust" xmlns:q="urn:q&amp;q" xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:default" Context='a &amp; "b"'><t:RequestedSecurityToken>SIGNED</t:RequestedSecurityToken><t:KeyType>http://schemas.xmlsoap.org/ws/2005/02/trust/Bearer</t:KeyType></t:RequestSecurityTokenResponse>"#
        );
        Document::parse(&taken).unwrap();
    }

    #[test]
    fn what_holds_no_token_is_no_answer() {
        let whole = answer(ASSERTION);
        for end in 0..whole.len() {
            assert!(response(&whole.as_bytes()[..end]).is_err(), "cut at {end}");
        }
        assert!(response(answer("").as_bytes()).is_err());
        assert!(response(b"<x/>").is_err());
    }

    #[test]
    fn faults_are_told_apart() {
        let idp = Party::IdentityProvider;
        let fault = |code: &str| {
            format!(
                r#"<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:a="urn:a">a:{code}</s:Value></s:Subcode></s:Code><s:Reason><s:Text xml:lang="en-US">ID3242</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>"#
            )
        };
        let busy = |status: u16| crate::FederationError::Busy {
            party: idp,
            status: StatusCode::from_u16(status).unwrap(),
        };
        for (status, body, expected) in [
            (500, fault("FailedAuthentication"), idp.refused("ID3242 (FailedAuthentication)")),
            (
                500,
                fault("InvalidScope"),
                idp.denied(StatusCode::INTERNAL_SERVER_ERROR, "ID3242 (InvalidScope)"),
            ),
            (500, fault("EndpointUnavailable"), busy(500).into()),
            (503, "later".to_owned(), busy(503).into()),
            (401, "no".to_owned(), idp.refused("no")),
            (404, String::new(), idp.denied(StatusCode::NOT_FOUND, "Not Found")),
        ] {
            let answer = Response::builder().status(status).body(body.clone().into_bytes()).unwrap();
            assert_eq!(refusal(&answer), expected, "{body}");
        }
    }
}
