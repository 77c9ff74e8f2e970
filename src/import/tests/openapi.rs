//! What an `OpenAPI` document becomes.

use crate::contract;
use crate::import::{ContractOptions, ImportedContract, draft_of_contract};
use crate::plan::{self, Plan};
use crate::role::Pair;

const SHOP: &str = r#"
openapi: 3.1.0
info: { title: Shop }
paths:
  /orders/{order_id}/lines/{line_id}:
    parameters: [ { $ref: '#/components/parameters/order' }, { in: path, name: line_id, required: true, schema: { type: integer } } ]
    delete: { security: [ { key: [] } ], responses: { 204: {} } }
    get: { security: [ { key: [] } ], responses: { 200: {} } }
  /orders/{order_id}/lines:
    parameters: [ { $ref: '#/components/parameters/order' } ]
    post:
      security: [ { key: [] } ]
      requestBody: { content: { application/json: { schema: { required: [sku], properties: { sku: { type: string } } } } } }
      responses: { 201: { content: { application/json: { schema: { properties: { id: { type: integer } } } } } } }
  /orders/{order_id}:
    parameters: [ { $ref: '#/components/parameters/order' } ]
    delete: { security: [ { key: [] } ], responses: { 204: {} } }
    get: { operationId: readOrder, security: [ { key: [] } ], responses: { 200: {}, 404: {} } }
  /orders:
    get:
      parameters:
        - { in: query, name: tags, example: [a b, c], schema: { type: array } }
        - { in: query, name: page, required: true, schema: { type: integer, minimum: 1 } }
      responses: { 2XX: {} }
    post:
      security: [ { key: [] } ]
      requestBody: { content: { application/json: { example: { email: a@b.c, note: "{{x}} ${HOME}" } } } }
      responses: { 201: { headers: { Location: {} } } }
  /colours/{name}: { get: { parameters: [ { in: path, name: name, required: true, schema: { enum: [dark red] } } ], responses: { 200: {} } } }
  /colours: { get: { responses: { 200: { content: { application/json: { schema: { properties: { all: { type: array, items: { properties: { name: {} } } } } } } } } } } }
  /upload: { post: { requestBody: { required: true, content: { image/png: {} } }, responses: { 201: {} } } }
  /events: { get: { responses: { 200: { content: { text/event-stream: {} } } } } }
  /health: { get: { responses: { 200: {} } } }
components:
  parameters: { order: { in: path, name: order_id, required: true, schema: { type: string } } }
  securitySchemes: { key: { type: apiKey, in: header, name: X-Key } }
"#;

fn imported(document: &str) -> ImportedContract {
    let contract = contract::read(document.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    let url = "http://127.0.0.1:1".to_owned();
    let options = ContractOptions {
        name: "shop".to_owned(),
        from: "shop.yaml".to_owned(),
        contract: Some("shop.yaml".to_owned()),
        sides: Pair { baseline: url.clone(), candidate: url },
    };
    draft_of_contract(&contract, &options)
}

/// The plan of a document, as text and read again.
fn plan_of(document: &str) -> (String, Option<Plan>) {
    let text = imported(document).draft.to_yaml();
    let read = if text.contains("${KEY_SECRET}") { None } else { plan::parse("shop", &text).ok() };
    (text, read)
}

/// Lines with requests, in order.
fn requests(text: &str) -> Vec<&str> {
    text.lines().filter_map(|line| line.trim().trim_start_matches("- ").strip_prefix("request: ")).collect()
}

#[test]
fn a_resource_is_created_read_and_deleted_with_the_ids_that_the_service_gives() {
    let (text, _) = plan_of(SHOP);
    assert_eq!(
        requests(&text),
        [
            "GET /colours",
            "GET /colours/{{name}}",
            "GET /health",
            "POST /orders",
            "POST /orders/{{order_id}}/lines",
            "GET /orders?page=1",
            "GET /orders?tags=a%20b&tags=c&page=1",
            "GET /orders/{{order_id}}",
            "GET /orders/{{order_id}}/lines/{{line_id}}",
            "DELETE /orders/{{order_id}}/lines/{{line_id}}",
            "DELETE /orders/{{order_id}}",
            "GET /orders/{{order_id}}",
        ],
        "{text}"
    );
    for part in [
        "capture: { name: \"$.all[0].name\" }",
        "order_id: \"header Location matching /([^/?#]+)/?$\"",
        "capture: { line_id: $.id }",
        "A guess: parameter `page`.",
        "sku: \"{{unique}}-2\"",
        "email: \"{{unique}}@example.org\"",
        "header: \"X-Key: ${KEY_SECRET}\"",
        "ready: /health",
        "name: gone",
        "parity.breaking == 0",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
}

#[test]
fn what_was_made_is_a_plan() {
    let open =
        SHOP.replace("security: [ { key: [] } ], ", "").replace("security: [ { key: [] } ]\n", "operationId: x\n");
    let (text, plan) = plan_of(&open);
    let plan =
        plan.unwrap_or_else(|| panic!("{:?}\n{text}", plan::parse("shop", &text).err().map(|found| found.to_string())));
    assert_eq!(plan.flows.len(), 3);
    assert!(plan.contract.is_some() && plan.auth.is_none());
}

#[test]
fn what_has_no_step_is_named_with_the_reason() {
    let imported = imported(SHOP);
    assert_eq!(
        imported.left_out,
        ["GET /events: a stream of events does not end", "POST /upload: its body is neither JSON nor text"]
    );
    assert_eq!(imported.environment, [("KEY_SECRET".to_owned(), "the key for header `X-Key`".to_owned())]);
}

#[test]
fn a_login_is_found_and_keeps_its_secrets_out() {
    let (text, _) = plan_of(
        r#"{ "openapi": "3.1.0", "paths": {
        "/login": { "post": {
            "requestBody": { "content": { "application/x-www-form-urlencoded": { "schema": {
                "properties": { "username": { "examples": ["root"] }, "password": { "examples": ["hunter2"] } } } } } },
            "responses": { "200": { "content": { "application/json": { "schema": {
                "properties": { "access_token": {}, "expires_at": { "type": "string", "format": "date-time" }, "request_id": {} } } } } } } } },
        "/me": { "get": { "security": [ { "b": [] } ], "responses": { "200": {} } } } },
        "components": { "securitySchemes": { "b": { "type": "oauth2", "flows": { "password": { "tokenUrl": "/login" } } } } } }"#,
    );
    for part in [
        "capture: { token: $.access_token }",
        "header: \"Authorization: Bearer {{token}}\"",
        "body: password=${LOGIN_PASSWORD}&username=${LOGIN_USER}\n",
        "path: $.access_token, reason: ",
        "path: $..expires_at, as: datetime, within: 5s",
        "path: $..request_id, reason: ",
    ] {
        assert!(text.contains(part), "`{part}` in\n{text}");
    }
    assert!(!text.contains("hunter2") && !text.contains("root"), "{text}");
}
