//! XML that others wrote, read with mistrust and never written again: what may be signed is cut out
//! of the text as it stands.

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use super::Party;
use crate::error::LoginError;

/// The most that is read of a document. Assertions are some kilobytes long.
const MOST_NODES: u32 = 50_000;
const DEEPEST: u32 = 100;
/// Attributes of one element, names for namespaces, and places where one is declared: what reading
/// them costs grows with the square of the first two.
const MOST_ATTRIBUTES: usize = 256;
const MOST_PREFIXES: usize = 64;
const MOST_DECLARATIONS: usize = 20_000;

/// Reads a document, without DTD: so there are no entities that could grow.
pub(crate) fn parse(body: &[u8], party: Party) -> Result<Document<'_>, LoginError> {
    let text = std::str::from_utf8(body).map_err(|_| party.garbled("it is not UTF-8"))?;
    if is_crowded(text) {
        return Err(party.garbled("it has more attributes or namespaces than any SOAP message needs"));
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MOST_NODES, entity_resolver: None };
    let document = Document::parse_with_options(text, options).map_err(|error| {
        party.garbled(match error {
            roxmltree::Error::DtdDetected => "it has a DTD, which no SOAP message may have",
            roxmltree::Error::NodesLimitReached => "it has more elements than any SOAP message needs",
            _ => "it is not well-formed XML",
        })
    })?;
    if is_too_deep(&document) {
        return Err(party.garbled("its elements are nested too deeply"));
    }
    Ok(document)
}

/// Looks at the bare text, before a parser toils over it: no `<` can stand within a tag.
fn is_crowded(text: &str) -> bool {
    // What stands in quotes behind an equals sign: names of groups have such signs without quotes.
    let quoted = |value: &&str| value.trim_start().starts_with(['"', '\'']);
    let attributes = |tag: &str| tag.split('=').skip(1).filter(quoted).count();
    if text.split('<').any(|tag| attributes(tag) > MOST_ATTRIBUTES) {
        return true;
    }
    let mut prefixes = BTreeSet::new();
    for (number, declaration) in text.split("xmlns").skip(1).enumerate() {
        let prefix = declaration.split(|c: char| c == '=' || c.is_whitespace()).next();
        prefixes.extend(prefix);
        if number >= MOST_DECLARATIONS || prefixes.len() > MOST_PREFIXES {
            return true;
        }
    }
    false
}

fn is_too_deep(document: &Document<'_>) -> bool {
    // Parents come before their children, so each depth is known when it is asked for.
    let mut depths: Vec<u32> = Vec::new();
    for node in document.descendants() {
        let parent = node.parent_element().map(|parent| parent.id().get_usize());
        let depth = parent.and_then(|id| depths.get(id)).copied().unwrap_or_default() + 1;
        if depth > DEEPEST {
            return true;
        }
        depths.resize(node.id().get_usize() + 1, depth);
    }
    false
}

/// The one child element of this name.
pub(crate) fn child<'a, 'i>(parent: Node<'a, 'i>, namespace: &str, name: &str) -> Option<Node<'a, 'i>> {
    let mut found = parent.children().filter(|node| node.has_tag_name((namespace, name)));
    let first = found.next();
    if found.next().is_some() { None } else { first }
}

/// The same, some steps down.
pub(crate) fn descend<'a, 'i>(from: Node<'a, 'i>, path: &[(&str, &str)]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(from, |node, (namespace, name)| child(node, namespace, name))
}

/// The text in an element.
pub(crate) fn text(node: Node<'_, '_>) -> String {
    node.children().filter_map(|child| child.is_text().then(|| child.text()).flatten()).collect()
}

/// Adds a text as it stands in an element, or between the quotes of an attribute: at most six times
/// its length.
pub(crate) fn push_escaped(to: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => to.push_str("&amp;"),
            '<' => to.push_str("&lt;"),
            '>' => to.push_str("&gt;"),
            '"' => to.push_str("&quot;"),
            // Else they would be read as a space, or as a line feed.
            '\r' => to.push_str("&#13;"),
            '\n' => to.push_str("&#10;"),
            '\t' => to.push_str("&#9;"),
            c => to.push(c),
        }
    }
}

pub(crate) fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    push_escaped(&mut escaped, text);
    escaped
}

/// Whether a text can stand in XML at all.
pub(crate) fn can_stand(text: &str) -> bool {
    text.chars().all(
        |c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hostile_is_refused() {
        let laughs = r#"<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>"#;
        let outside = r#"<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>"#;
        let deep = |depth: usize| format!("{}{}", "<x>".repeat(depth), "</x>".repeat(depth));
        let wide = format!("<x>{}</x>", "<y/>".repeat(60_000));
        for (body, why) in [
            (laughs, "it has a DTD, which no SOAP message may have"),
            (outside, "it has a DTD, which no SOAP message may have"),
            (deep(101).as_str(), "its elements are nested too deeply"),
            (deep(200_000).as_str(), "it has more elements than any SOAP message needs"),
            (wide.as_str(), "it has more elements than any SOAP message needs"),
            ("<x>&a;</x>", "it is not well-formed XML"),
            ("<x", "it is not well-formed XML"),
            ("<x></y>", "it is not well-formed XML"),
            ("<x/><x/>", "it is not well-formed XML"),
            ("", "it is not well-formed XML"),
            ("{}", "it is not well-formed XML"),
        ] {
            let error = parse(body.as_bytes(), Party::IdentityProvider).map(|_| ());
            assert_eq!(error, Err(Party::IdentityProvider.garbled(why)), "{:.60}", body);
        }
        assert!(parse(b"<x>\xff</x>", Party::IdentityProvider).is_err());
        assert!(parse(deep(100).as_bytes(), Party::IdentityProvider).is_ok());
    }

    #[test]
    fn what_takes_for_ever_to_read_is_refused() {
        let nested: String = (0..3_000).map(|n| format!("<x xmlns:a{n}='u'>")).collect();
        let nested = nested + &"</x>".repeat(3_000);
        let attributes: String = (0..40_000).map(|n| format!(" a{n}=''")).collect();
        let attributes = format!("<x{attributes}/>");
        let declared: String = (0..40_000).map(|n| format!(" xmlns:a{n}='u{n}'")).collect();
        let declared = format!("<x{declared}/>");
        let why = "it has more attributes or namespaces than any SOAP message needs";
        for body in [attributes, declared, nested] {
            let error = parse(body.as_bytes(), Party::IdentityProvider).map(|_| ());
            assert_eq!(error, Err(Party::IdentityProvider.garbled(why)), "{:.60}", body);
        }
        // Identity providers say for each value what it is.
        let value = "<v xmlns:xs='http://www.w3.org/2001/XMLSchema' xmlns:i='urn:i' i:type='xs:string'>=</v>";
        let groups = format!("<v>{}</v>", "CN=group,OU=people,OU=uni,DC=example,DC=org;".repeat(1_000));
        for usual in [value.repeat(5_000), groups] {
            let usual = format!("<x>{usual}</x>");
            assert!(parse(usual.as_bytes(), Party::IdentityProvider).is_ok(), "{usual:.60}");
        }
    }

    #[test]
    fn texts_are_escaped_so_that_they_come_back() {
        let text = "a<&>\"'\r\n\t ü\u{1f600}]]>";
        let document = format!("<x a=\"{0}\">{0}</x>", escaped(text));
        let document = Document::parse(&document).unwrap();
        assert_eq!(document.root_element().text(), Some(text));
        assert_eq!(document.root_element().attribute("a"), Some(text));
        assert!(can_stand(text));
        assert!(!can_stand("\u{0}") && !can_stand("\u{8}") && !can_stand("\u{ffff}"));
    }

    #[test]
    fn one_child_is_one() {
        let document = Document::parse("<x xmlns='n'><y>1</y><z/><z/></x>").unwrap();
        let root = document.root_element();
        assert_eq!(child(root, "n", "y").map(text).as_deref(), Some("1"));
        assert_eq!(child(root, "other", "y"), None);
        assert_eq!(child(root, "n", "z"), None, "two are one too many");
    }
}
