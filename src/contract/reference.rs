//! `$ref`: followed one step at a time, never into a circle, never into another document.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::model::Warning;

/// Most references that lead from one to the next.
const MAX_HOPS: usize = 32;
/// Keys under which there are values of the service, not parts of the document.
const VALUES: [&str; 6] = ["example", "examples", "default", "enum", "const", "value"];

/// The schema that admits anything.
static ANYTHING: Value = Value::Bool(true);

/// See [`super::Contract::resolve`].
pub(super) fn resolve<'s>(document: &'s Value, schema: &'s Value) -> Cow<'s, Value> {
    let mut over: Map<String, Value> = Map::new();
    let mut at = schema;
    for _ in 0..MAX_HOPS {
        let Some((object, reference)) = reference_of(at) else {
            return overlaid(at, over);
        };
        for (key, value) in object.iter().filter(|(key, _)| *key != "$ref") {
            over.entry(key.clone()).or_insert_with(|| value.clone());
        }
        let Some(target) = target(document, reference) else { break };
        at = target;
    }
    overlaid(&ANYTHING, over)
}

fn overlaid(schema: &Value, over: Map<String, Value>) -> Cow<'_, Value> {
    match schema {
        _ if over.is_empty() => Cow::Borrowed(schema),
        Value::Object(object) => {
            let mut whole = object.clone();
            whole.extend(over);
            Cow::Owned(Value::Object(whole))
        }
        // Nothing can be said over `false`; over `true`, what stands beside the reference is all there is.
        Value::Bool(false) => Cow::Borrowed(schema),
        _ => Cow::Owned(Value::Object(over)),
    }
}

/// Follows the references at the top of a part that is no schema, such as a parameter, to the part itself and its
/// pointer. `None`: they lead nowhere, which [`broken`] tells.
pub(super) fn follow<'d>(document: &'d Value, part: &'d Value, pointer: &str) -> Option<(&'d Value, String)> {
    let (mut at, mut pointer) = (part, pointer.to_owned());
    for _ in 0..MAX_HOPS {
        let Some((_, reference)) = reference_of(at) else { return Some((at, pointer)) };
        at = target(document, reference)?;
        pointer = percent_decoded(reference.strip_prefix('#')?);
    }
    None
}

fn reference_of(value: &Value) -> Option<(&Map<String, Value>, &str)> {
    let object = value.as_object()?;
    Some((object, object.get("$ref")?.as_str()?))
}

fn target<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    document.pointer(&percent_decoded(reference.strip_prefix('#')?))
}

fn percent_decoded(text: &str) -> String {
    super::path::decoded(text)
}

/// A warning for each reference of a document that leads nowhere, once for each target.
pub(super) fn broken(document: &Value) -> Vec<Warning> {
    let mut warnings = Vec::new();
    let mut seen = BTreeSet::new();
    search(document, document, &mut String::new(), false, &mut seen, &mut warnings);
    warnings
}

/// `named`: the keys of this mapping are names that somebody chose (properties, schemas), not words of the format.
fn search<'d>(
    document: &'d Value,
    value: &'d Value,
    pointer: &mut String,
    named: bool,
    seen: &mut BTreeSet<&'d str>,
    warnings: &mut Vec<Warning>,
) {
    let length = pointer.len();
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                search(document, item, pointer, false, seen, warnings);
                pointer.truncate(length);
            }
        }
        Value::Object(object) => {
            if let Some((_, reference)) = reference_of(value).filter(|_| !named)
                && seen.insert(reference)
                && let Some(message) = why_broken(document, value, reference)
            {
                warnings.push(Warning { pointer: pointer.clone(), message });
            }
            let inner = object.iter().filter(|(key, _)| named || !is_value(key));
            for (key, child) in inner {
                pointer.push('/');
                pointer.push_str(&escaped(key));
                search(document, child, pointer, !named && has_names(key), seen, warnings);
                pointer.truncate(length);
            }
        }
        _ => {}
    }
}

fn is_value(key: &str) -> bool {
    VALUES.contains(&key) || key.starts_with("x-")
}

fn has_names(key: &str) -> bool {
    const NAMED: [&str; 12] = [
        "properties",
        "patternProperties",
        "$defs",
        "dependentSchemas",
        "schemas",
        "responses",
        "parameters",
        "requestBodies",
        "headers",
        "securitySchemes",
        "paths",
        "pathItems",
    ];
    NAMED.contains(&key)
}

fn why_broken(document: &Value, value: &Value, reference: &str) -> Option<String> {
    if !reference.starts_with('#') {
        return Some(format!(
            "`$ref` to another document is not followed, the place is read without it: `{reference}`"
        ));
    }
    if target(document, reference).is_none() {
        return Some(format!("`$ref` leads nowhere, the place is read without it: `{reference}`"));
    }
    let ends = follow(document, value, "").is_some();
    (!ends).then(|| format!("`$ref` leads in a circle, the place is read without it: `{reference}`"))
}

/// A key as it stands in a JSON pointer.
pub(super) fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}
