//! OpenAPI 3.0 read as 3.1: its schemas were a dialect of their own, and mean the same once a few words are rewritten.
//!
//! Source: "Migrating from OpenAPI 3.0 to 3.1.0", OpenAPI Initiative, 2021.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::model::Warning;

/// Keys under which there are values of the service, not parts of the document.
const VALUES: [&str; 5] = ["example", "examples", "default", "enum", "value"];

/// Rewrites a document; gives back warnings that say what was done and what could not be.
pub(super) fn from_3_0(document: &mut Value, version: &str) -> Vec<Warning> {
    let mut done = Upgrade::default();
    done.part(document, &mut String::new());
    let counts: Vec<String> = done.rewritten.iter().map(|(what, count)| format!("{count} × {what}")).collect();
    let counts = if counts.is_empty() { "nothing had to be rewritten".to_owned() } else { counts.join(", ") };
    let mut warnings =
        vec![Warning { pointer: String::new(), message: format!("OpenAPI {version} is read as 3.1: {counts}") }];
    warnings.append(&mut done.warnings);
    warnings
}

#[derive(Default)]
struct Upgrade {
    rewritten: BTreeMap<&'static str, usize>,
    warnings: Vec<Warning>,
}

impl Upgrade {
    /// Looks for schemas in what is none.
    fn part(&mut self, value: &mut Value, pointer: &mut String) {
        match value {
            Value::Array(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    within(pointer, &index.to_string(), |pointer| self.part(item, pointer));
                }
            }
            Value::Object(object) => {
                let inner =
                    object.iter_mut().filter(|(key, _)| !VALUES.contains(&key.as_str()) && !key.starts_with("x-"));
                for (key, child) in inner {
                    let is_components = pointer.as_str() == "/components";
                    within(pointer, key, |pointer| match key.as_str() {
                        "schema" => self.schema(child, pointer),
                        "schemas" if is_components => self.named_schemas(child, pointer),
                        _ => self.part(child, pointer),
                    });
                }
            }
            _ => {}
        }
    }

    fn named_schemas(&mut self, value: &mut Value, pointer: &mut String) {
        for (name, schema) in value.as_object_mut().into_iter().flatten() {
            within(pointer, name, |pointer| self.schema(schema, pointer));
        }
    }

    fn schema(&mut self, value: &mut Value, pointer: &mut String) {
        let Value::Object(schema) = value else { return };
        if schema.contains_key("$ref") {
            self.siblings(schema, pointer);
            return;
        }
        self.children(schema, pointer);
        self.bound(schema, "exclusiveMinimum", "minimum");
        self.bound(schema, "exclusiveMaximum", "maximum");
        if let Some(example) = schema.remove("example") {
            schema.entry("examples").or_insert_with(|| Value::Array(vec![example]));
            self.count("`example`");
        }
        if schema.get("format").is_some_and(|format| format == "byte") {
            schema.remove("format");
            schema.insert("contentEncoding".to_owned(), "base64".into());
            self.count("`format: byte`");
        }
        self.nullable(value, pointer);
    }

    fn children(&mut self, schema: &mut Map<String, Value>, pointer: &mut String) {
        for (key, child) in schema.iter_mut() {
            within(pointer, key, |pointer| match (key.as_str(), child) {
                ("properties" | "patternProperties", child) => self.named_schemas(child, pointer),
                ("allOf" | "anyOf" | "oneOf", Value::Array(items)) => {
                    for (index, item) in items.iter_mut().enumerate() {
                        within(pointer, &index.to_string(), |pointer| self.schema(item, pointer));
                    }
                }
                ("items" | "not" | "additionalProperties", child) => self.schema(child, pointer),
                _ => {}
            });
        }
    }

    /// Beside `$ref`, 3.0 says nothing; 3.1 would.
    fn siblings(&mut self, schema: &mut Map<String, Value>, pointer: &str) {
        if schema.get("nullable") == Some(&Value::Bool(true)) {
            let message =
                "`nullable` beside `$ref` says nothing in OpenAPI 3.0: `null` is not admitted here".to_owned();
            self.warnings.push(Warning { pointer: pointer.to_owned(), message });
        }
        if schema.len() > 1 {
            schema.retain(|key, _| key == "$ref");
            self.count("words beside `$ref`, which say nothing in 3.0");
        }
    }

    /// `exclusiveMinimum: true` beside `minimum: 3` is `exclusiveMinimum: 3`.
    fn bound(&mut self, schema: &mut Map<String, Value>, exclusive: &'static str, plain: &str) {
        let Some(Value::Bool(is_exclusive)) = schema.get(exclusive).cloned() else { return };
        schema.remove(exclusive);
        if is_exclusive && let Some(bound) = schema.remove(plain) {
            schema.insert(exclusive.to_owned(), bound);
        }
        self.count(if plain == "minimum" { "`exclusiveMinimum`" } else { "`exclusiveMaximum`" });
    }

    fn nullable(&mut self, value: &mut Value, pointer: &str) {
        let Value::Object(schema) = value else { return };
        let Some(nullable) = schema.remove("nullable") else { return };
        if nullable != Value::Bool(true) {
            return;
        }
        self.count("`nullable`");
        match schema.get("type").cloned() {
            Some(Value::String(kind)) => {
                schema.insert("type".to_owned(), json!([kind, "null"]));
                if let Some(Value::Array(values)) = schema.get_mut("enum")
                    && !values.contains(&Value::Null)
                {
                    values.push(Value::Null);
                }
            }
            Some(_) => {
                let message = "`nullable` beside a `type` that is no word: left out".to_owned();
                self.warnings.push(Warning { pointer: pointer.to_owned(), message });
            }
            None if schema.is_empty() => {}
            // What people mean by it, though 3.0.3 says that it needs a `type` beside it.
            None => *value = json!({ "anyOf": [Value::Object(std::mem::take(schema)), { "type": "null" }] }),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.rewritten.entry(what).or_default() += 1;
    }
}

fn within(pointer: &mut String, key: &str, visit: impl FnOnce(&mut String)) {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(&super::reference::escaped(key));
    visit(pointer);
    pointer.truncate(length);
}
