use std::collections::HashSet;

use jsonschema::validator_for;
use serde_json::json;

use super::*;
use crate::contract;
use crate::schedule::generator;

/// A contract with one named schema.
fn contract(node: &Value) -> Contract {
    let document = json!({
        "openapi": "3.1.0",
        "info": { "title": "t", "version": "1" },
        "paths": {},
        "components": { "schemas": { "Node": node } },
    });
    contract::read(document.to_string().as_bytes()).unwrap()
}

fn make(contract: &Contract, schema: &Value, edge: bool, number: u64) -> String {
    let seen = Seen::default();
    let (mut random, mut fresh) = (generator(3, "value", number), 0);
    let mut maker = Maker { contract, seen: &seen, random: &mut random, fresh: &mut fresh, edge, made: 0 };
    maker.value("body", schema).write("q")
}

#[test]
fn what_is_made_fits_the_schema() {
    let schema = json!({
        "type": "object",
        "required": ["name", "count", "tags", "when"],
        "properties": {
            "name": { "type": "string", "minLength": 1, "maxLength": 40 },
            "count": { "type": "integer", "minimum": -3, "maximum": 100_000 },
            "share": { "type": "number", "minimum": 0 },
            "tags": { "type": "array", "items": { "enum": ["a", "b"] }, "minItems": 1, "maxItems": 5 },
            "when": { "type": ["string", "null"], "format": "date" },
            "choice": { "oneOf": [{ "type": "boolean" }, { "type": "object", "properties": { "x": { "const": 1 } } }] },
            "code": { "type": "string", "pattern": "^[A-Z]{2}-[0-9]+$" },
        },
    });
    let (validator, contract) = (validator_for(&schema).unwrap(), contract(&json!({})));
    for number in 0..500 {
        let text = make(&contract, &schema, number % 2 == 0, number);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert!(validator.is_valid(&value), "{text}: {:?}", validator.iter_errors(&value).next());
    }
}

#[test]
fn a_schema_that_contains_itself_ends() {
    let node = json!({ "$ref": "#/components/schemas/Node" });
    let contract = contract(&json!({
        "type": "object",
        "required": ["next", "all"],
        "properties": { "next": node, "all": { "type": "array", "items": node, "minItems": 1 } },
    }));
    let text = make(&contract, &node, true, 1);
    assert!(text.len() < 100_000, "{}", text.len());
}

#[test]
fn schemas_that_are_nothing_but_themselves_end() {
    let node = json!({ "$ref": "#/components/schemas/Node" });
    for schema in [
        json!({ "anyOf": [node] }),
        json!({ "oneOf": [node, node] }),
        json!({ "allOf": [node, node] }),
        json!({ "oneOf": [{ "type": "string" }, { "type": "array", "minItems": 3, "items": node }] }),
        json!({ "anyOf": [{ "type": "array", "minItems": 9, "items": node }, { "type": "null" }] }),
        json!({ "type": "array", "minItems": 4, "items": node }),
        json!({ "type": "object", "required": ["a", "b", "c"], "properties": { "a": node, "b": node, "c": node } }),
    ] {
        let contract = contract(&schema);
        for number in 0..50 {
            let text = make(&contract, &node, number % 2 == 0, number);
            assert!(text.len() < 1_000_000, "{schema}: {}", text.len());
            serde_json::from_str::<Value>(&text).unwrap();
        }
    }
}

#[test]
fn limits_that_nothing_fits_are_limits_all_the_same() {
    let contract = contract(&json!({}));
    for schema in [
        json!({ "type": "array", "minItems": 5, "maxItems": 2, "items": { "const": 1 } }),
        json!({ "type": "array", "minItems": 1_000_000_000_000_u64, "items": { "const": 1 } }),
        json!({ "type": "array", "minItems": u64::MAX, "maxItems": u64::MAX, "items": { "const": 1 } }),
        json!({ "type": "string", "minLength": 1_000_000_000_000_u64 }),
        json!({ "type": "string", "minLength": 5, "maxLength": 2 }),
        json!({ "type": "string", "pattern": "^((a{1000}){1000}){1000}$" }),
        json!({ "type": "integer", "minimum": 5, "maximum": 2 }),
        json!({ "type": "number", "minimum": 5, "maximum": 2 }),
    ] {
        for number in 0..50 {
            let text = make(&contract, &schema, number % 2 == 0, number);
            assert!(text.len() < 100_000, "{schema}: {}", text.len());
        }
    }
}

#[test]
fn the_limits_themselves_are_made() {
    let schema = json!({ "type": "integer", "minimum": 1, "maximum": 100 });
    let contract = contract(&json!({}));
    let made: HashSet<String> = (0..200).map(|number| make(&contract, &schema, true, number)).collect();
    assert!(made.contains("1") && made.contains("100"), "{made:?}");
}
