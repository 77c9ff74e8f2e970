//! One value that a schema admits, the same each time: what the document gives as an example before what is made up.

use serde_json::{Map, Value, json};

use super::Contract;
use super::pattern;

/// Deepest nesting of a value that is made up; below it only what is required, and that empty.
const MAX_DEPTH: usize = 6;
/// Members that are made up of an object that requires none.
const MEMBERS_OF_FREE_CHOICE: usize = 3;
/// Longest text and list that is made up, whatever a schema asks for.
const MAX_LENGTH: usize = 4096;

impl Contract {
    /// A value of a schema: its example, its default, the first of its words, or one that is made from type, format,
    /// bounds and pattern as far as they can be followed. Bounded for circular schemas.
    pub fn sample(&self, schema: &Value) -> Value {
        sample(self, schema, 0)
    }
}

fn sample(contract: &Contract, schema: &Value, depth: usize) -> Value {
    let schema = contract.resolve(schema);
    let Some(object) = schema.as_object() else { return Value::Null };
    if let Some(given) = given(object) {
        return given;
    }
    if depth >= MAX_DEPTH {
        return empty(kind(object));
    }
    if let Some(Value::Array(parts)) = object.get("allOf") {
        return all_of(contract, object, parts, depth);
    }
    for key in ["anyOf", "oneOf"] {
        let choices = object.get(key).and_then(Value::as_array).into_iter().flatten();
        let values = choices.map(|choice| sample(contract, choice, depth + 1));
        if let Some(value) = values.into_iter().find(|value| !value.is_null()) {
            return value;
        }
    }
    match kind(object) {
        "object" => Value::Object(members(contract, object, depth)),
        "array" => list(contract, object, depth),
        "string" => Value::String(text(object)),
        "integer" => number(object, true),
        "number" => number(object, false),
        "boolean" => Value::Bool(true),
        _ => Value::Null,
    }
}

/// What the document itself says.
fn given(object: &Map<String, Value>) -> Option<Value> {
    let first = |key: &str| object.get(key)?.as_array()?.first().cloned();
    let own = |key: &str| object.get(key).cloned();
    own("const")
        .or_else(|| own("example"))
        .or_else(|| first("examples"))
        .or_else(|| own("default").filter(|value| !value.is_null()))
        .or_else(|| object.get("enum")?.as_array()?.iter().find(|value| !value.is_null()).cloned())
}

/// The type; of several the first that is not `null`; of none what the other words are about.
fn kind(object: &Map<String, Value>) -> &str {
    let named = match object.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null"),
        _ => None,
    };
    let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
    named.unwrap_or_else(|| match () {
        () if has(&["properties", "required", "additionalProperties"]) => "object",
        () if has(&["items", "prefixItems", "minItems"]) => "array",
        () if has(&["pattern", "format", "minLength", "maxLength"]) => "string",
        () if has(&["minimum", "maximum", "exclusiveMinimum", "multipleOf"]) => "number",
        () => "null",
    })
}

fn empty(kind: &str) -> Value {
    match kind {
        "object" => json!({}),
        "array" => json!([]),
        "string" => json!(""),
        "integer" | "number" => json!(0),
        "boolean" => json!(true),
        _ => Value::Null,
    }
}

/// Members of all parts together.
fn all_of(contract: &Contract, object: &Map<String, Value>, parts: &[Value], depth: usize) -> Value {
    let own = members(contract, object, depth);
    let mut whole = Map::new();
    let mut other = Value::Null;
    for part in parts {
        match sample(contract, part, depth + 1) {
            Value::Object(members) => whole.extend(members),
            value => other = value,
        }
    }
    whole.extend(own);
    if whole.is_empty() { other } else { Value::Object(whole) }
}

/// Members that are required, and those that the document has a value for; a few if there are neither.
fn members(contract: &Contract, object: &Map<String, Value>, depth: usize) -> Map<String, Value> {
    let properties = object.get("properties").and_then(Value::as_object);
    let required = object.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let required: Vec<&str> = required.collect();
    let has_value = |schema: &Value| contract.resolve(schema).as_object().is_some_and(|it| given(it).is_some());
    let is_read_only = |schema: &Value| contract.resolve(schema).get("readOnly") == Some(&Value::Bool(true));
    let mut members = Map::new();
    for (name, schema) in properties.into_iter().flatten() {
        let wanted = required.contains(&name.as_str()) || has_value(schema);
        if wanted && !is_read_only(schema) {
            members.insert(name.clone(), sample(contract, schema, depth + 1));
        }
    }
    for name in required.iter().filter(|name| properties.is_none_or(|all| !all.contains_key(**name))) {
        members.insert((*name).to_owned(), json!("text"));
    }
    if members.is_empty() {
        let free = properties.into_iter().flatten().filter(|(_, schema)| !is_read_only(schema));
        members.extend(
            free.take(MEMBERS_OF_FREE_CHOICE).map(|(name, it)| (name.clone(), sample(contract, it, depth + 1))),
        );
    }
    members
}

fn list(contract: &Contract, object: &Map<String, Value>, depth: usize) -> Value {
    let count = size(object, "minItems").unwrap_or(1).max(1).min(size(object, "maxItems").unwrap_or(MAX_LENGTH));
    let item = object.get("items").cloned().unwrap_or(Value::Bool(true));
    let one = sample(contract, &item, depth + 1);
    Value::Array(vec![one; count.min(MAX_LENGTH / 16)])
}

fn size(object: &Map<String, Value>, key: &str) -> Option<usize> {
    object.get(key)?.as_u64().map(|size| usize::try_from(size).unwrap_or(MAX_LENGTH).min(MAX_LENGTH))
}

fn text(object: &Map<String, Value>) -> String {
    let word = |key: &str| object.get(key).and_then(Value::as_str);
    if let Some(text) = word("pattern").and_then(pattern::example) {
        return text;
    }
    if let Some(text) = word("format").and_then(of_format) {
        return text.to_owned();
    }
    let (least, most) = (size(object, "minLength").unwrap_or(0), size(object, "maxLength").unwrap_or(MAX_LENGTH));
    let text = "text".repeat(least.div_ceil(4).max(1));
    text.chars().take(most.min(least.max(4))).collect()
}

fn of_format(format: &str) -> Option<&'static str> {
    Some(match format {
        "date-time" => "2026-01-15T09:30:00Z",
        "date" => "2026-01-15",
        "time" => "09:30:00Z",
        "duration" => "PT1H",
        "email" | "idn-email" => "ada@example.org",
        "hostname" | "idn-hostname" => "example.org",
        "ipv4" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        "uri" | "url" | "iri" => "https://example.org/",
        "uri-reference" | "iri-reference" => "/",
        "uuid" => "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "byte" => "dGV4dA==",
        "json-pointer" => "/text",
        "regex" => ".*",
        _ => return None,
    })
}

/// The lowest that is admitted from 1 on, or the nearest to it.
fn number(object: &Map<String, Value>, whole: bool) -> Value {
    let bound = |key: &str| object.get(key).and_then(Value::as_f64);
    let step = bound("multipleOf").filter(|step| *step > 0.0).unwrap_or(if whole { 1.0 } else { 0.5 });
    let above = bound("minimum").into_iter().chain(bound("exclusiveMinimum").map(|low| low + step)).fold(1.0, f64::max);
    let below = bound("maximum").into_iter().chain(bound("exclusiveMaximum").map(|high| high - step));
    let value = below.fold((above / step).ceil() * step, f64::min);
    let value = (value / step).floor() * step;
    if value.fract() == 0.0 && value.abs() < 9e15 { json!(value as i64) } else { json!(value) }
}
