//! YAML and JSON into a tree. Nesting is bounded, and so is what aliases may become.

use std::collections::BTreeMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::tree::{Map, Node, Value};
use super::{ConfigError, Origin};

/// How many parts a document may have, those that aliases repeat included.
const PARTS: usize = 100_000;

/// How deep it may be nested.
const DEPTH: usize = 64;

/// Reads a file of clouds: JSON if its name ends in `json`, else YAML.
pub(super) fn read(path: &str, text: &str) -> Result<Node, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if path.ends_with("json") { json(path, text) } else { yaml(path, text) }
}

fn json(path: &str, text: &str) -> Result<Node, ConfigError> {
    let read: serde_json::Value = serde_json::from_str(text).map_err(|error| ConfigError::Syntax {
        path: path.to_owned(),
        line: error.line().max(1),
        // Its own words may have a piece of the text in them.
        fault: "this is not JSON".to_owned(),
    })?;
    Ok(from_json(read, &Origin::File { path: path.to_owned(), line: None }))
}

/// Nesting is bounded by the reader.
pub(super) fn from_json(value: serde_json::Value, origin: &Origin) -> Node {
    use serde_json::Value as Json;
    let value = match value {
        Json::Null => Value::Null,
        Json::String(text) => return Node::text(&text, origin.clone()),
        Json::Bool(_) | Json::Number(_) => return Node::text(&value.to_string(), origin.clone()),
        Json::Array(list) => Value::List(list.into_iter().map(|value| from_json(value, origin)).collect()),
        Json::Object(map) => Value::Map(
            map.into_iter().map(|(key, value)| (key.replace('-', "_"), from_json(value, origin))).collect(),
        ),
    };
    Node { value, origin: origin.clone() }
}

fn yaml(path: &str, text: &str) -> Result<Node, ConfigError> {
    let mut reader =
        Reader { path, parser: Parser::new_from_str(text), anchors: BTreeMap::new(), parts: 0, line: 1 };
    loop {
        match reader.next()? {
            Event::StreamEnd => {
                return Ok(Node { value: Value::Null, origin: Origin::line(path, 1) });
            }
            event if event.is_node() => {
                let node = reader.node(event, DEPTH)?;
                return reader.end().map(|()| node);
            }
            _ => {}
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    parser: Parser<'a, granit_parser::StrInput<'a>>,
    anchors: BTreeMap<usize, (Node, usize)>,
    parts: usize,
    line: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Result<Event<'a>, ConfigError> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => {
                self.line = span.start.line().max(1);
                Ok(event)
            }
            Some(Err(error)) => {
                self.line = error.marker().line().max(1);
                // The kind alone: names of tags and anchors are pieces of the text.
                Err(self.fault("this is not YAML"))
            }
            None => Ok(Event::StreamEnd),
        }
    }

    /// Nothing may come after the document.
    fn end(&mut self) -> Result<(), ConfigError> {
        loop {
            match self.next()? {
                Event::StreamEnd => return Ok(()),
                Event::DocumentStart(..) => return Err(self.fault("a second document begins here")),
                _ => {}
            }
        }
    }

    fn node(&mut self, event: Event<'a>, depth: usize) -> Result<Node, ConfigError> {
        self.count(1)?;
        if depth == 0 {
            return Err(self.fault("this is nested too deeply"));
        }
        let (origin, before) = (Origin::line(self.path, self.line), self.parts);
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => (scalar(&text, style, &origin), anchor),
            Event::SequenceStart(_, anchor, _) => (self.list(depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(depth)?, anchor),
            Event::Alias(id) => {
                let Some((node, parts)) = self.anchors.get(&id).cloned() else {
                    return Err(self.fault("this alias stands for nothing"));
                };
                self.count(parts)?;
                return Ok(node);
            }
            _ => return Err(self.fault("a value is missing")),
        };
        let node = Node { value, origin };
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), self.parts - before + 1));
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let mut nodes = Vec::new();
        loop {
            match self.next()? {
                Event::SequenceEnd => return Ok(Value::List(nodes)),
                event => nodes.push(self.node(event, depth - 1)?),
            }
        }
    }

    fn map(&mut self, depth: usize) -> Result<Value, ConfigError> {
        let (mut map, mut merged) = (Map::new(), Vec::new());
        loop {
            let key = match self.next()? {
                Event::MappingEnd => break,
                event => self.node(event, depth - 1)?,
            };
            let event = self.next()?;
            let node = self.node(event, depth - 1)?;
            let Some(key) = key.as_text() else { return Err(key.shape("a key is to be a text")) };
            match key {
                "<<" => merged.push(node),
                key => {
                    map.insert(key.replace('-', "_"), node);
                }
            }
        }
        for node in merged {
            merge_key(&mut map, node)?;
        }
        Ok(Value::Map(map))
    }

    fn count(&mut self, parts: usize) -> Result<(), ConfigError> {
        self.parts += parts;
        if self.parts > PARTS { Err(self.fault("the document is too large")) } else { Ok(()) }
    }

    fn fault(&self, fault: &str) -> ConfigError {
        ConfigError::Syntax { path: self.path.to_owned(), line: self.line, fault: fault.to_owned() }
    }
}

/// `<<`: the keys of another mapping, or of several, that are not there yet.
fn merge_key(map: &mut Map, node: Node) -> Result<(), ConfigError> {
    let fault = node.shape("`<<` takes a mapping, or a list of mappings");
    match node.value {
        Value::Map(other) => {
            for (key, node) in other {
                map.entry(key).or_insert(node);
            }
            Ok(())
        }
        Value::List(nodes) => nodes.into_iter().try_for_each(|node| match node.value {
            Value::Map(_) => merge_key(map, node),
            _ => Err(fault.clone()),
        }),
        Value::Null | Value::Text(_) => Err(fault),
    }
}

fn scalar(text: &str, style: ScalarStyle, origin: &Origin) -> Value {
    if style == ScalarStyle::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL") {
        return Value::Null;
    }
    Node::text(text, origin.clone()).value
}
