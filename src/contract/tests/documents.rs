//! What is read of a document, and what of a broken one.

use serde_json::json;

use super::{contract, warnings};
use crate::contract::{MAX_BYTES, Operation, Place, SecurityScheme, StatusPattern, read};

const SHOP: &str = r#"
openapi: 3.1.0
info: { title: Shop, version: "1" }
servers: [ { url: "https://shop.example/{stage}/", variables: { stage: { default: v1 } } } ]
security: [ { bearer: [] } ]
paths:
  /orders/{id}:
    parameters:
      - { name: id, in: path, required: true, schema: { type: integer }, example: 7 }
      - { name: trace, in: header, schema: { type: string } }
    get:
      operationId: readOrder
      tags: [orders]
      parameters:
        - { name: trace, in: header, required: true, schema: { type: string, maxLength: 8 } }
        - { name: Authorization, in: header, schema: { type: string } }
        - $ref: '#/components/parameters/Fields'
      responses:
        default: { description: anything else }
        4XX: { description: refused }
        404: { $ref: '#/components/responses/Missing' }
        200:
          description: the order
          headers: { ETag: { schema: { type: string } } }
          content: { application/json: { schema: { $ref: '#/components/schemas/Order' } } }
    delete:
      security: []
      responses: { 204: { description: gone } }
components:
  parameters:
    Fields: { name: fields, in: query, schema: { type: array, items: { type: string } }, example: [a, b] }
  responses:
    Missing: { description: no such order }
  schemas:
    Order:
      type: object
      properties:
        id: { type: integer }
        parts: { type: array, items: { $ref: '#/components/schemas/Order' } }
  securitySchemes:
    bearer: { type: http, scheme: bearer }
    key: { type: apiKey, in: header, name: X-Key }
"#;

#[test]
fn an_operation_has_its_parameters_answers_and_security() {
    let shop = contract(SHOP);
    assert_eq!(warnings(&shop), [""; 0]);
    let [delete, get] = &shop.operations[..] else { panic!("{:?}", shop.operations) };
    let read = if get.method == "GET" { get } else { delete };
    assert_eq!((read.name().as_str(), read.full_path().as_str()), ("GET /orders/{id}", "/v1/orders/{id}"));
    assert_eq!(read.operation_id.as_deref(), Some("readOrder"));
    let parameters: Vec<_> = read.parameters.iter().map(|it| (it.place, it.name.as_str(), it.required)).collect();
    assert_eq!(
        parameters,
        [(Place::Path, "id", true), (Place::Header, "trace", true), (Place::Query, "fields", false)]
    );
    assert_eq!(read.parameters[0].example, Some(json!(7)));
    assert_eq!(read.parameters[1].schema["maxLength"], 8, "the operation's own parameter counts");
    assert_eq!((read.parameters[2].style.as_str(), read.parameters[2].explode), ("form", true));
    let statuses: Vec<String> = read.responses.iter().map(|it| it.status.to_string()).collect();
    assert_eq!(statuses, ["200", "404", "4XX", "default"]);
    assert_eq!(read.responses[0].headers, ["ETag"]);
    assert_eq!(read.security[0].schemes, ["bearer"]);
    let remove = if get.method == "GET" { delete } else { get };
    assert!(remove.security.is_empty(), "`security: []` lets anyone in");
    assert_eq!(shop.security_schemes["key"], SecurityScheme::ApiKey { place: Place::Header, name: "X-Key".to_owned() });
}

#[test]
fn the_most_special_promise_counts_for_a_status() {
    let shop = contract(SHOP);
    let read = shop.find("GET", "/v1/orders/1").unwrap().operation;
    let promised = |status| read.response(status).map(|response| response.status);
    assert_eq!(promised(404), Some(StatusPattern::Exact(404)));
    assert_eq!(promised(409), Some(StatusPattern::Class(4)));
    assert_eq!(promised(500), Some(StatusPattern::Default));
    assert_eq!(shop.find("DELETE", "/v1/orders/1").unwrap().operation.response(200), None);
    for (text, expected) in
        [("2xx", Some(StatusPattern::Class(2))), ("20", None), ("2000", None), ("6XX", None), ("", None)]
    {
        assert_eq!(StatusPattern::parse(text), expected, "{text}");
    }
}

#[test]
fn a_circular_schema_is_resolved_one_step_at_a_time() {
    let shop = contract(SHOP);
    let content = &shop.find("GET", "/orders/1").unwrap().operation.responses[0].contents[0];
    let mut schema = shop.resolve(&content.schema).into_owned();
    for _ in 0..1_000 {
        assert_eq!(schema["type"], "object");
        schema = shop.resolve(&schema["properties"]["parts"]["items"]).into_owned();
    }
}

#[test]
fn what_is_broken_costs_itself_and_says_where() {
    let broken = contract(
        r##"{ "openapi": "3.1.0", "paths": {
            "/a": { "get": { "parameters": [ { "in": "body", "name": "x" }, 7, { "in": "query" },
                                             { "in": "query", "name": "good" }, { "$ref": "other.yaml#/x" } ],
                             "responses": { "20": {}, "200": { "$ref": "#/components/responses/None" } } },
                    "post": "nothing" },
            "b": {},
            "/c/{id}": { "put": { "requestBody": {}, "responses": { "200": { "description": "" } } } },
            "/d": { "get": { "responses": { "200": { "content": { "application/json":
                    { "schema": { "properties": { "deep": { "$ref": "http://elsewhere/x.json" } } } } } } } } }
        }, "components": { "schemas": { "Snake": { "$ref": "#/components/schemas/Tail" },
                                        "Tail": { "$ref": "#/components/schemas/Snake" } } } }"##,
    );
    let names: Vec<String> = broken.operations.iter().map(Operation::name).collect();
    assert_eq!(names, ["GET /a", "PUT /c/{id}", "GET /d"]);
    assert_eq!(broken.operations[0].parameters.len(), 1);
    assert_eq!(broken.operations[0].responses[0].status, StatusPattern::Exact(200), "promised, whatever its body is");
    let warnings = warnings(&broken).join("\n");
    for part in [
        "/components/schemas/Snake: `$ref` leads in a circle",
        "/components/schemas/Tail: `$ref` leads in a circle",
        "/paths/~1a/get/parameters/4: `$ref` to another document is not followed",
        "/paths/~1a/get/responses/200: `$ref` leads nowhere",
        "/paths/~1d/get/responses/200/content/application~1json/schema/properties/deep: `$ref` to another document",
        "/paths/~1a/get/parameters/0: `in` must be",
        "/paths/~1a/get/parameters/1: expected a mapping",
        "/paths/~1a/get/parameters/2: a parameter needs a `name`",
        "/paths/~1a/get/responses/20: `20` is not a status",
        "/paths/~1a/post: expected a mapping",
        "/paths/b: a path must begin with `/`",
        "/paths/~1c~1{id}/put: `{id}` of the path has no parameter",
        "/paths/~1c~1{id}/put/requestBody: a body needs `content`",
    ] {
        assert!(warnings.contains(part), "{part}\nis missing of\n{warnings}");
    }
    assert_eq!(warnings.lines().count(), 13, "{warnings}");
}

#[test]
fn a_reference_that_leads_nowhere_admits_anything() {
    let broken = contract(
        r##"{ "openapi": "3.1.0", "paths": {}, "components": { "schemas": {
        "A": { "$ref": "#/components/schemas/B", "title": "kept" }, "B": { "$ref": "#/components/schemas/A" } } } }"##,
    );
    let schema = json!({ "$ref": "#/components/schemas/A" });
    assert_eq!(*broken.resolve(&schema), json!({ "title": "kept" }));
    assert_eq!(*broken.resolve(&json!({ "$ref": "elsewhere.json" })), json!(true));
    assert_eq!(*broken.resolve(&json!({ "$ref": 7 })), json!({ "$ref": 7 }));
}

#[test]
fn a_property_may_be_called_as_a_word_of_the_format() {
    let names = contract(
        r##"{ "openapi": "3.1.0", "paths": {}, "components": { "schemas": { "A": {
        "properties": { "$ref": { "type": "string" }, "example": { "$ref": "#/nowhere" } },
        "examples": [ { "$ref": "#/nor/here" } ] } } } }"##,
    );
    assert_eq!(
        warnings(&names),
        ["/components/schemas/A/properties/example: `$ref` leads nowhere, the place is read without it: `#/nowhere`"]
    );
}

#[test]
fn what_is_no_contract_says_what_it_is() {
    let deep = "[".repeat(100_000);
    let deep_yaml = format!("a: {}", "[".repeat(100_000));
    let bombs = (0..12).fold("a0: &a0 [x]\n".to_owned(), |text, n| {
        let next = n + 1;
        format!("{text}a{next}: &a{next} [*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n},*a{n}]\n")
    });
    for (text, part) in [
        ("", "the document is empty"),
        (" \n", "the document is empty"),
        ("<!doctype html><html>", "this is HTML"),
        ("{\"openapi\": \"3.1.0\", \"paths\"", "not JSON: EOF while parsing"),
        ("openapi: 3.1.0\npaths: [", "not YAML: "),
        ("\u{1}\u{2}", "not YAML: "),
        ("[]", "not an OpenAPI document: it is a list"),
        ("hello", "not an OpenAPI document: it is text"),
        ("{\"log\": {}}", "not an OpenAPI document: it has no `openapi` key, only `log`"),
        ("swagger: 2.0", "this is Swagger 2.0, which is not read"),
        ("{\"openapi\": \"4.0.0\"}", "OpenAPI `4.0.0` is not known"),
        (&deep, "recursion limit exceeded"),
        (&deep_yaml, "not YAML: "),
        (&bombs, "not YAML: "),
    ] {
        let error = read(text.as_bytes()).expect_err(part).to_string();
        assert!(error.contains(part) && error.len() < 300, "{error}");
    }
    let large = vec![b' '; MAX_BYTES + 1];
    assert!(read(&large).unwrap_err().to_string().contains("more than the"));
    assert!(read(&[b'{', 0xff, b'}']).unwrap_err().to_string().starts_with("not JSON: "));
}
