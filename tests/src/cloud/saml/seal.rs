//! Assertions that tell whether somebody wrote them anew: attributes in single quotes, spaces where
//! nobody would put them, and a digest over all of it.

use md5::{Digest as _, Md5};

const HEAD: &str = "<samlp:Response";
const TAIL: &str = "<!-- seal ";
const KEY: &str = "what identity and service provider share";

/// What an assertion says.
#[derive(Debug, PartialEq)]
pub(super) struct Sealed {
    pub(super) id: String,
    pub(super) user: String,
    /// The question that it answers.
    pub(super) answers: Option<String>,
}

/// An assertion about a user.
pub(super) fn seal(id: &str, user: &str, answers: Option<&str>) -> String {
    let answers = answers.map_or(String::new(), |answers| format!(" InResponseTo=\"{answers}\""));
    let text = format!(
        "{HEAD}  xmlns:samlp='urn:oasis:names:tc:SAML:2.0:protocol' ID='{id}'{answers}\n ><samlp:Status >\
         <samlp:StatusCode Value='urn:oasis:names:tc:SAML:2.0:status:Success'/></samlp:Status>\
         <saml:Assertion xmlns:saml='urn:oasis:names:tc:SAML:2.0:assertion' \t Version='2.0'>\
         <saml:NameID>{}</saml:NameID><![CDATA[ <&> ]]></saml:Assertion>",
        escaped(user)
    );
    format!("{text}{TAIL}{} --></samlp:Response>", digest(&text))
}

/// What the assertion in a message says, if it is as it was written.
pub(super) fn open(message: &str) -> Option<Sealed> {
    let start = message.find(HEAD)?;
    let end = start + message.get(start..)?.find(TAIL)?;
    let (text, rest) = (message.get(start..end)?, message.get(end..)?);
    if rest.get(TAIL.len()..TAIL.len() + 32)? != digest(text) {
        return None;
    }
    let document = roxmltree::Document::parse(message).ok()?;
    let named = |name: &str| document.descendants().find(|node| node.tag_name().name() == name);
    let response = named("Response")?;
    Some(Sealed {
        id: response.attribute("ID")?.to_owned(),
        user: named("NameID")?.text()?.to_owned(),
        answers: response.attribute("InResponseTo").map(str::to_owned),
    })
}

fn digest(text: &str) -> String {
    let hash = Md5::new().chain_update(KEY).chain_update(text).finalize();
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A text as it stands in an element.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_breaks_if_anything_is_written_anew() {
        let sealed = seal("1", "al<ice", Some("q"));
        let opened = Sealed { id: "1".to_owned(), user: "al<ice".to_owned(), answers: Some("q".to_owned()) };
        assert_eq!(open(&sealed), Some(opened));
        for (old, new) in
            [("  xmlns", " xmlns"), ("'1'", "\"1\""), ("al&lt;ice", "bob"), ("<![CDATA[ <&> ]]>", "")]
        {
            let changed = sealed.replacen(old, new, 1);
            assert_ne!(changed, sealed);
            assert_eq!(open(&changed), None, "{old}");
        }
    }
}
