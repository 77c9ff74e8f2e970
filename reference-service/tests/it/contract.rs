//! Every route with every status it documents, alike on both stacks and both databases.

use reqwest::Method;
use serde_json::Value;

use crate::cases::{CASES, Case};
use crate::support::{Database, STACKS, Service};

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_as_documented_and_alike_everywhere() {
    let mut transcripts = Vec::new();
    for stack in STACKS {
        for database in Database::each().await {
            let service = Service::start(&database.url, &["--stack", stack]).await;
            transcripts.push(transcript(&service).await);
            service.stop().await;
        }
    }
    let (first, others) = transcripts.split_first().expect("at least one");
    for other in others {
        for (one, another) in first.iter().zip(other) {
            assert_eq!(one, another);
        }
    }
}

async fn transcript(service: &Service) -> Vec<String> {
    let mut lines = Vec::new();
    for case in CASES {
        lines.push(answer(service, case).await);
    }
    lines
}

async fn answer(service: &Service, case: &Case) -> String {
    let (method, path) = case.request.split_once(' ').expect("method and path");
    let mut request = service.request(method.parse().expect("method"), path).body(case.body);
    if case.role == "forged" {
        request = request.bearer_auth("forged");
    } else if !case.role.is_empty() {
        request = request.bearer_auth(service.token(case.role).await);
    }
    if !case.if_match.is_empty() {
        request = request.header("if-match", case.if_match);
    }
    let answer = request.send().await.expect("answer");
    let status = answer.status().as_u16();
    let headers = headers(&answer, status);
    let body = answer.text().await.expect("body");
    assert_eq!(status, case.status, "{} {} answered {body}", case.role, case.request);
    assert!(body.contains(case.holds), "{} {} answered {body}", case.role, case.request);
    format!("{} {} -> {status} {headers} {}", case.role, case.request, normalised(&body))
}

/// Those that are part of the contract; `x-request-id` is on every answer.
fn headers(answer: &reqwest::Response, status: u16) -> String {
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().expect("text").to_owned());
    assert_eq!(header("x-request-id").expect("x-request-id").len(), 16);
    assert_eq!(header("www-authenticate").is_some(), status == 401);
    assert_eq!(header("allow").is_some(), status == 405);
    assert_eq!(header("content-type").as_deref(), (status != 204).then_some("application/json"));
    assert_eq!(header("location").is_some(), status == 201 && header("etag").is_some());
    format!("{:?}", header("etag"))
}

/// Without what differs from run to run. Ids above the seed's differ between databases: PostgreSQL does not
/// give an id twice that a refused row had.
fn normalised(body: &str) -> String {
    let Ok(mut value) = serde_json::from_str::<Value>(body) else {
        return body.to_owned();
    };
    normalise(&mut value);
    value.to_string()
}

fn normalise(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(normalise),
        Value::Object(fields) => {
            for (name, field) in fields {
                match (name.as_str(), &field) {
                    ("query_id" | "access_token" | "claimed_at", _) => *field = Value::from("varies"),
                    ("created_at" | "updated_at" | "last_enrolled_at", Value::String(text))
                        if !text.starts_with("2024-") =>
                    {
                        *field = Value::from(format!("{} characters", text.len()));
                    }
                    ("id", Value::Number(id)) if id.as_i64() > Some(200) => *field = Value::from("new"),
                    _ => normalise(field),
                }
            }
        }
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_a_limit() {
    let database = Database::sqlite().await;
    let service = Service::start(&database.url, &[]).await;
    let token = service.token("teacher").await;
    let request = service.request(Method::POST, "/api/v1/students").bearer_auth(token);
    let answer = request.body(vec![b' '; 1024 * 1024 + 1]).send().await.expect("answer");
    assert_eq!(answer.status(), 413);
    assert!(answer.text().await.expect("body").contains("PAYLOAD_TOO_LARGE"));
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_etag_names_the_version_that_was_answered() {
    let database = Database::sqlite().await;
    let service = Service::start(&database.url, &[]).await;
    let token = service.token("teacher").await;
    let etag = |answer: &reqwest::Response| answer.headers()["etag"].to_str().expect("text").to_owned();
    let read = service.get(&token, "/api/v1/students/1").await;
    assert_eq!(etag(&read), r#""1""#);
    let patch = service.request(Method::PATCH, "/api/v1/students/1").bearer_auth(&token).body("{}");
    assert_eq!(etag(&patch.send().await.expect("answer")), r#""2""#);
    assert_eq!(etag(&service.get(&token, "/api/v1/students/1").await), r#""2""#);
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_names_every_operation_with_its_statuses() {
    let database = Database::sqlite().await;
    let service = Service::start(&database.url, &[]).await;
    let answer = service.request(Method::GET, "/openapi.json").send().await.expect("answer");
    let document: Value = answer.json().await.expect("JSON");
    assert_eq!(document["openapi"], "3.1.0");
    for case in CASES.iter().filter(|case| !matches!(case.status, 405) && case.request != "GET /nowhere") {
        let (method, path) = case.request.split_once(' ').expect("method and path");
        let path = path.split('?').next().expect("path").replace("/stats", "/{stats}");
        let segments = path.split('/').map(|segment| match segment {
            "4711" | "0" | "1" | "2" | "3" | "4" | "7" | "x" => "{id}",
            "{stats}" => "stats",
            other => other,
        });
        let path = segments.collect::<Vec<_>>().join("/");
        let operation = &document["paths"][&path][method.to_lowercase()];
        let documented = &operation["responses"][case.status.to_string()];
        assert!(documented.is_object(), "{method} {path} {} is not in {operation:#}", case.status);
    }
    service.stop().await;
}
