//! From files to scenarios.

use serde_json::{Map, Value};

use super::Unable;
use super::scenario::{File, Scenario};

/// The scenarios of a file. One with `each` stands for several: `"each": {"KIND": ["bytes",
/// "file"]}` makes one for each value, with `$KIND` in its texts replaced by it. A value that is
/// `"$KIND"` and nothing else becomes the value itself, be it a number or an object. Of two
/// variables, all pairs are made.
///
/// # Errors
/// [`Unable`]: the file is not what [`File`] says, or two scenarios have the same name.
pub fn load(text: &str) -> Result<Vec<Scenario>, Unable> {
    let file: File = serde_json::from_str(text).map_err(|error| Unable(error.to_string()))?;
    let mut scenarios: Vec<Scenario> = Vec::new();
    for written in file.scenarios {
        for value in each(written)? {
            let name = value["name"].as_str().unwrap_or("a scenario without a name").to_owned();
            let scenario: Scenario =
                serde_json::from_value(value).map_err(|error| Unable(format!("{name}: {error}")))?;
            if scenarios.iter().any(|known| known.name == scenario.name) {
                return Err(Unable(format!("{name}: there are two of this name")));
            }
            scenarios.push(scenario);
        }
    }
    Ok(scenarios)
}

fn each(mut scenario: Value) -> Result<Vec<Value>, Unable> {
    let Some(variables) = scenario.as_object_mut().and_then(|fields| fields.remove("each")) else {
        return Ok(vec![scenario]);
    };
    let variables: Map<String, Value> =
        serde_json::from_value(variables).map_err(|error| Unable(error.to_string()))?;
    let mut made = vec![scenario];
    for (name, values) in variables {
        let Value::Array(values) = values else {
            return Err(Unable(format!("`each` has no list for {name}")));
        };
        let name = format!("${name}");
        let with_each = |scenario: &Value| {
            values.iter().map(|value| replaced(scenario.clone(), &name, value)).collect::<Vec<_>>()
        };
        made = made.iter().flat_map(with_each).collect();
    }
    Ok(made)
}

fn replaced(value: Value, name: &str, by: &Value) -> Value {
    let in_text = |text: String| match by {
        Value::String(by) => text.replace(name, by),
        other => text.replace(name, &other.to_string()),
    };
    match value {
        Value::String(text) if text == name => by.clone(),
        Value::String(text) => Value::String(in_text(text)),
        Value::Array(items) => items.into_iter().map(|item| replaced(item, name, by)).collect(),
        Value::Object(fields) => {
            fields.into_iter().map(|(key, value)| (in_text(key), replaced(value, name, by))).collect()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_stands_for_several() {
        let text = r#"{"about": "x", "scenarios": [{"name": "$A of $N", "each": {"A": ["a", "b"], "N": [1, 2]},
            "sessions": {}, "steps": [{"pass": "$N"}]}]}"#;
        let names: Vec<String> = load(text).unwrap().into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["a of 1", "a of 2", "b of 1", "b of 2"]);
    }

    #[test]
    fn mistakes_are_told() {
        for (steps, told) in [
            (r#"{"call": {"expect": "200", "methud": "GET"}}"#, "methud"),
            (r#"{"do": {"revoke_al": "alice"}}"#, "revoke_al"),
        ] {
            let scenario = format!(r#"{{"name": "n", "sessions": {{}}, "steps": [{steps}]}}"#);
            let text = format!(r#"{{"about": "x", "scenarios": [{scenario}]}}"#);
            assert!(load(&text).unwrap_err().to_string().contains(told), "{told}");
            let twice = format!(r#"{{"about": "x", "scenarios": [{0}, {0}]}}"#, scenario.replace(told, "x"));
            assert!(load(&twice).is_err());
        }
    }
}
