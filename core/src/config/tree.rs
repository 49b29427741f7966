//! What YAML and JSON have in common: mappings, lists and texts, each with its line.

use std::collections::BTreeMap;

use super::{ConfigError, Given, Origin};

/// A part of a document.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// Numbers and booleans are texts here, as they were written: a password may be `0123` or `yes`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Text(Given),
    List(Vec<Node>),
    Map(Map),
}

/// Keys are spelt with underscores.
pub(super) type Map = BTreeMap<String, Node>;

impl Node {
    pub(super) fn text(text: &str, origin: Origin) -> Self {
        Self { value: Value::Text(Given::new(text, origin.clone())), origin }
    }

    pub(super) fn given(given: Given) -> Self {
        Self { origin: given.origin.clone(), value: Value::Text(given) }
    }

    pub(super) fn as_given(&self) -> Option<&Given> {
        match &self.value {
            Value::Text(given) => Some(given),
            _ => None,
        }
    }

    pub(super) fn as_text(&self) -> Option<&str> {
        self.as_given().map(Given::text)
    }

    pub(super) fn as_map(&self) -> Option<&Map> {
        match &self.value {
            Value::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// A mapping, or none at all where nothing was written.
    pub(super) fn map_or_nothing(&self, what: &str) -> Result<Map, ConfigError> {
        match &self.value {
            Value::Map(map) => Ok(map.clone()),
            Value::Null => Ok(Map::new()),
            _ => Err(self.shape(&format!("{what} is to be a mapping"))),
        }
    }

    /// A text, or the texts of a list with commas between them.
    pub(super) fn as_list(&self) -> Option<Given> {
        match &self.value {
            Value::Text(given) => Some(given.clone()),
            Value::List(nodes) => {
                let texts: Vec<&str> = nodes.iter().filter_map(Node::as_text).collect();
                Some(Given::new(texts.join(","), self.origin.clone()))
            }
            Value::Null | Value::Map(_) => None,
        }
    }

    pub(super) fn shape(&self, fault: &str) -> ConfigError {
        ConfigError::Shape { at: self.origin.clone(), fault: fault.to_owned() }
    }
}

/// Lays `over` on `under`: mappings are merged at every depth, all else is replaced.
pub(super) fn merge(under: &mut Map, over: Map) {
    for (key, node) in over {
        match (under.get_mut(&key), node) {
            (Some(Node { value: Value::Map(under), .. }), Node { value: Value::Map(over), .. }) => {
                merge(under, over)
            }
            (_, node) => {
                under.insert(key, node);
            }
        }
    }
}

/// Lays `over` on `under`: only `auth` is merged, all else is replaced.
pub(super) fn update(under: &mut Map, over: Map) {
    for (key, node) in over {
        match (key.as_str(), under.get_mut(&key), node) {
            ("auth", Some(Node { value: Value::Map(under), .. }), Node { value: Value::Map(over), .. }) => {
                under.extend(over);
            }
            (_, _, node) => {
                under.insert(key, node);
            }
        }
    }
}
