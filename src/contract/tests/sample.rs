//! Values made of schemas.

use serde_json::{Value, json};

use super::contract;

fn sample(schema: &Value) -> Value {
    let document = json!({ "openapi": "3.1.0", "paths": {}, "components": { "schemas": {
        "Node": { "type": "object", "required": ["name", "next"], "properties": {
            "name": { "type": "string" }, "next": { "$ref": "#/components/schemas/Node" } } },
        "Status": { "type": "string", "enum": ["active", "gone"] } } } });
    contract(&document.to_string()).sample(schema)
}

#[test]
fn a_sample_is_one_that_its_schema_admits() {
    for schema in [
        json!({ "type": "string" }),
        json!({ "type": "string", "minLength": 9 }),
        json!({ "type": "string", "maxLength": 2 }),
        json!({ "type": "string", "pattern": "^-?(id|name)$" }),
        json!({ "type": "string", "pattern": "^[A-Z]{3}-\\d{4}[^x]+$" }),
        json!({ "type": "string", "format": "uuid" }),
        json!({ "type": "integer", "minimum": 18 }),
        json!({ "type": "integer", "exclusiveMinimum": 18 }),
        json!({ "type": "integer", "maximum": -3 }),
        json!({ "type": "integer", "multipleOf": 7, "minimum": 8 }),
        json!({ "type": "number", "exclusiveMaximum": 1 }),
        json!({ "type": ["null", "boolean"] }),
        json!({ "type": "array", "minItems": 2, "items": { "enum": [3] } }),
        json!({ "type": "array", "maxItems": 0 }),
        json!({ "type": "object", "required": ["a", "b"], "properties": { "a": { "const": 1 }, "c": {} } }),
        json!({ "allOf": [ { "type": "object", "required": ["a"], "properties": { "a": { "type": "string" } } },
                           { "type": "object", "required": ["b"], "properties": { "b": { "type": "integer" } } } ] }),
        json!({ "oneOf": [ { "type": "null" }, { "type": "integer", "minimum": 4 } ] }),
    ] {
        let made = sample(&schema);
        assert!(jsonschema::is_valid(&schema, &made), "{made} is not of {schema}");
    }
}

#[test]
fn what_the_document_gives_comes_first() {
    for (schema, expected) in [
        (json!({ "type": "string", "examples": ["given"], "default": "d" }), json!("given")),
        (json!({ "type": "string", "default": "d" }), json!("d")),
        (json!({ "$ref": "#/components/schemas/Status" }), json!("active")),
        (json!({ "properties": { "a": { "default": 1 }, "b": { "type": "string" } } }), json!({ "a": 1 })),
        (
            json!({ "properties": { "id": { "type": "integer", "readOnly": true }, "b": { "type": "boolean" } } }),
            json!({ "b": true }),
        ),
        (json!(true), Value::Null),
    ] {
        assert_eq!(sample(&schema), expected, "{schema}");
    }
}

#[test]
fn a_circular_schema_ends() {
    let text = sample(&json!({ "$ref": "#/components/schemas/Node" })).to_string();
    assert!(text.starts_with(r#"{"name":"text","next":{"name":"text""#) && text.len() < 1_000, "{text}");
}
