//! 3.0 read as 3.1.

use serde_json::{Value, json};

use super::{contract, warnings};

fn upgraded(schema: &Value) -> (Value, Vec<String>) {
    let document = json!({ "openapi": "3.0.3", "paths": {}, "components": { "schemas": { "A": schema } } });
    let contract = contract(&document.to_string());
    (contract.document().pointer("/components/schemas/A").unwrap().clone(), warnings(&contract))
}

#[test]
fn schemas_mean_what_they_meant() {
    for (old, new) in [
        (json!({ "type": "string", "nullable": true }), json!({ "type": ["string", "null"] })),
        (json!({ "type": "string", "nullable": false }), json!({ "type": "string" })),
        (
            json!({ "type": "string", "nullable": true, "enum": ["a"] }),
            json!({ "type": ["string", "null"], "enum": ["a", null] }),
        ),
        (
            json!({ "allOf": [ { "type": "object" } ], "nullable": true }),
            json!({ "anyOf": [ { "allOf": [ { "type": "object" } ] }, { "type": "null" } ] }),
        ),
        (json!({ "minimum": 3, "exclusiveMinimum": true }), json!({ "exclusiveMinimum": 3 })),
        (json!({ "maximum": 3, "exclusiveMaximum": false }), json!({ "maximum": 3 })),
        (json!({ "example": 7 }), json!({ "examples": [7] })),
        (json!({ "type": "string", "format": "byte" }), json!({ "type": "string", "contentEncoding": "base64" })),
        (
            json!({ "type": "array", "items": { "properties": { "x": { "type": "integer", "nullable": true } } } }),
            json!({ "type": "array", "items": { "properties": { "x": { "type": ["integer", "null"] } } } }),
        ),
        // A property may be called as a word of the format, and examples are values.
        (
            json!({ "properties": { "nullable": { "type": "boolean" }, "example": { "type": "string" } } }),
            json!({ "properties": { "nullable": { "type": "boolean" }, "example": { "type": "string" } } }),
        ),
        (json!({ "default": { "nullable": true } }), json!({ "default": { "nullable": true } })),
    ] {
        assert_eq!(upgraded(&old).0, new, "{old}");
    }
}

#[test]
fn what_was_done_and_what_could_not_be_is_said() {
    let (schema, warnings) = upgraded(&json!({ "properties": {
        "a": { "type": "string", "nullable": true }, "b": { "$ref": "#/components/schemas/A", "nullable": true } } }));
    assert_eq!(schema["properties"]["b"], json!({ "$ref": "#/components/schemas/A" }));
    assert_eq!(
        warnings,
        [
            "OpenAPI 3.0.3 is read as 3.1: 1 × `nullable`, 1 × words beside `$ref`, which say nothing in 3.0",
            "/components/schemas/A/properties/b: `nullable` beside `$ref` says nothing in OpenAPI 3.0: `null` is not admitted here",
        ]
    );
}

#[test]
fn schemas_of_parameters_and_bodies_are_found() {
    let contract = contract(
        "openapi: 3.0.0
paths:
  /a:
    get:
      parameters: [ { in: query, name: x, schema: { type: string, nullable: true }, example: { schema: { type: x, nullable: true } } } ]
      responses: { 200: { content: { application/json: { schema: { type: object, nullable: true } } } } }",
    );
    let operation = &contract.operations[0];
    assert_eq!(operation.parameters[0].schema, json!({ "type": ["string", "null"] }));
    assert_eq!(operation.parameters[0].example, Some(json!({ "schema": { "type": "x", "nullable": true } })));
    assert_eq!(operation.responses[0].contents[0].schema, json!({ "type": ["object", "null"] }));
}
