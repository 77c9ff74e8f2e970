//! `cutover import openapi`: what it makes runs, and what is no document is refused with words that help.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Stdio};

use serde_json::Value;

use crate::support::{Ended, Place, eventually, list};

const LOGIN: [(&str, &str); 2] = [("LOGIN_USER", "admin"), ("LOGIN_PASSWORD", "admin-password")];

/// A reference service with a database of its own. Dropping it kills it.
struct Service {
    child: Child,
    url: String,
    _place: Place,
}

impl Service {
    fn start(arguments: &[&str]) -> Self {
        let place = Place::new();
        let out = fs::File::create(place.path().join("said")).expect("a file");
        let mut command = place.command(&[&["serve", "--listen", "127.0.0.1:0"], arguments].concat());
        let child = command.stdin(Stdio::null()).stdout(out).stderr(Stdio::null()).spawn().expect("the program");
        let said = || fs::read_to_string(place.path().join("said")).expect("a file");
        assert!(eventually(|| said().contains('\n')), "the service does not listen");
        let url = said().trim().strip_prefix("listening on ").expect("an address").to_owned();
        Self { child, url, _place: place }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verify(place: &Place, sides: [&Service; 2]) -> Ended {
    let [old, new] = sides.map(|side| side.url.as_str());
    place.run_with(&LOGIN, &["verify", "plan.yaml", "--baseline", old, "--candidate", new, "--seed", "3"])
}

#[test]
fn what_was_imported_from_a_service_runs_against_two_of_them() {
    let (old, new) = (Service::start(&["--stack", "blocking"]), Service::start(&["--stack", "async"]));
    let place = Place::new();
    let imported = place.run(&["import", "openapi", &format!("{}/openapi.json", old.url), "--out", "plan.yaml"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    for part in ["14 operations", "left out: GET /metrics: ", "LOGIN_USER  ", "next: cutover verify plan.yaml"] {
        assert!(imported.stderr.contains(part), "`{part}` in\n{}", imported.stderr);
    }
    let plan = fs::read_to_string(place.path().join("plan.yaml")).expect("a plan");
    let checked = place.run_with(&LOGIN, &["check", "plan.yaml"]);
    assert_eq!(checked.code, Some(0), "{}\n{plan}", checked.stderr);

    let ended = verify(&place, [&old, &new]);
    assert_eq!(ended.code, Some(0), "{}\n{}\n{plan}", ended.stdout, ended.stderr);
    let record = place.record();
    assert_eq!(record["parity"]["breaking"], 0);
    assert!(list(&record["parity"]["steps"]).iter().all(|step| step["skipped"] == 0), "{}", record["parity"]["steps"]);
    let coverage = &record["parity"]["coverage"];
    let untouched: Vec<&Value> = list(&coverage["operations"]).iter().filter(|it| it["compared"] == 0).collect();
    assert!(untouched.len() == 1 && untouched[0]["operation"] == "GET /metrics", "{untouched:#?}");
    let covers = |operation: &str, status: &str| {
        let operation = list(&coverage["operations"]).iter().find(|it| it["operation"] == operation).expect("known");
        list(&operation["statuses"]).iter().any(|it| it["name"] == status && it["compared"].as_u64() > Some(0))
    };
    for (operation, status) in [
        ("POST /api/v1/students", "201"),
        ("GET /api/v1/students/{id}", "200"),
        ("GET /api/v1/students/{id}", "404"),
        ("PUT /api/v1/students/{id}", "200"),
        ("PATCH /api/v1/students/{id}", "200"),
        ("DELETE /api/v1/students/{id}", "204"),
        ("POST /api/v1/students/batch", "201"),
        ("POST /api/v1/auth/token", "200"),
    ] {
        assert!(covers(operation, status), "{operation} {status}\n{plan}");
    }
}

#[test]
fn what_was_imported_finds_a_defect() {
    let (old, new) = (Service::start(&[]), Service::start(&["--defect", "wrong-status"]));
    let place = Place::new();
    let imported = place.run(&["import", "openapi", &format!("{}/openapi.json", old.url), "--out", "plan.yaml"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let ended = verify(&place, [&old, &new]);
    assert_eq!(ended.code, Some(1), "{}\n{}", ended.stdout, ended.stderr);
    let record = place.record();
    assert!(list(&record["parity"]["differences"]).iter().any(|it| it["step"] == "gone" && it["where"] == "status"));
}

#[test]
fn a_plan_that_is_there_is_kept_unless_it_may_go() {
    let place = Place::new();
    place.file("small.yaml", "openapi: 3.0.0\npaths: { /ping: { get: { responses: { 200: { description: '' } } } } }");
    place.file("plan.yaml", "mine");
    let plan = || fs::read_to_string(place.path().join("plan.yaml")).expect("a plan");
    let refused = place.run(&["import", "openapi", "small.yaml", "--out", "plan.yaml"]);
    assert_eq!((refused.code, plan().as_str()), (Some(2), "mine"));
    assert!(refused.stderr.contains("`--force`"), "{}", refused.stderr);
    let forced = place.run(&["import", "openapi", "small.yaml", "--out", "plan.yaml", "--force"]);
    assert_eq!(forced.code, Some(0), "{}", forced.stderr);
    assert!(forced.stderr.contains("warning: OpenAPI 3.0.0 is read as 3.1"), "{}", forced.stderr);
    assert!(plan().contains("request: GET /ping") && plan().contains("contract: small.yaml"), "{}", plan());
    let checked = place.run(&["check", "plan.yaml"]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let shown = place.run(&["import", "openapi", "small.yaml"]);
    assert!(shown.code == Some(0) && shown.stdout.contains("request: GET /ping"), "{}", shown.stdout);
}

/// Answers each path of a list with what stands beside it.
fn answers(list: Vec<(&'static str, String)>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let mut request = [0; 4096];
            let length = stream.read(&mut request).unwrap_or(0);
            let text = String::from_utf8_lossy(&request[..length]).into_owned();
            let path = text.split(' ').nth(1).unwrap_or("/");
            let answer = list.iter().find(|(known, _)| *known == path).map(|(_, answer)| answer.as_str());
            // A client that is gone needs no answer.
            let _ =
                stream.write_all(answer.unwrap_or("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n").as_bytes());
        }
    });
    address
}

fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len())
}

#[test]
fn what_is_no_document_is_refused_with_the_reason() {
    let found = "{\"openapi\":\"3.1.0\",\"paths\":{\"/ping\":{\"get\":{\"responses\":{\"200\":{}}}}}}";
    let address = answers(vec![
        ("/docs", ok("<!doctype html><title>Docs</title>")),
        ("/old", "HTTP/1.1 302 Found\r\nlocation: /new\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned()),
        ("/new", ok(found)),
        (
            "/round",
            "HTTP/1.1 302 Found\r\nlocation: /round\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_owned(),
        ),
        ("/cut", format!("HTTP/1.1 200 OK\r\ncontent-length: 9999\r\nconnection: close\r\n\r\n{found}")),
    ]);
    let place = Place::new();
    let deep = format!("{{\"openapi\": \"3.1.0\", \"paths\": {}", "[".repeat(100_000));
    place.file("deep.json", &deep);
    place.file("swagger.json", "{\"swagger\": \"2.0\", \"paths\": {}}");
    place.file("empty.json", "{\"openapi\": \"3.1.0\", \"paths\": {}}");
    place.file("plan.yaml", "version: 1\nname: x\n");
    let served = |path: &str| format!("http://{address}{path}");
    for (document, part) in [
        (served("/docs"), "this is HTML, not OpenAPI"),
        (served("/none"), "/none answered 404"),
        (served("/round"), "redirect"),
        (served("/cut"), "Caused by: "),
        ("http://127.0.0.1:1/openapi.json".to_owned(), "Connection refused"),
        ("none.json".to_owned(), "cannot read `none.json`"),
        ("deep.json".to_owned(), "recursion limit exceeded"),
        ("swagger.json".to_owned(), "this is Swagger 2.0"),
        ("empty.json".to_owned(), "no operations"),
        ("plan.yaml".to_owned(), "it has no `openapi` key"),
    ] {
        let refused = place.run(&["import", "openapi", &document, "--out", "made.yaml"]);
        assert_eq!(refused.code, Some(2), "{document}\n{}", refused.stderr);
        assert!(
            refused.stderr.starts_with("error: ") && refused.stderr.contains(part),
            "{document}\n{}",
            refused.stderr
        );
        assert!(!place.path().join("made.yaml").exists(), "{document}");
    }
    let moved = place.run(&["import", "openapi", &served("/old")]);
    assert_eq!(moved.code, Some(0), "{}", moved.stderr);
    assert!(moved.stdout.contains("contract: /new"), "{}", moved.stdout);
}

#[test]
fn a_document_of_fifty_megabytes_is_read() {
    let place = Place::new();
    let filler = "x".repeat(5_000);
    let path = |n: u32| {
        format!(
            "\"/r{n}/{{id}}\":{{\"get\":{{\"description\":\"{filler}\",\"parameters\":[{{\"in\":\"path\",\"name\":\"id\",\"schema\":{{\"$ref\":\"#/components/schemas/Node\"}}}}],\"responses\":{{\"200\":{{\"content\":{{\"application/json\":{{\"schema\":{{\"$ref\":\"#/components/schemas/Node\"}}}}}}}}}}}}}}"
        )
    };
    let paths: Vec<String> = (0..9_500).map(path).collect();
    let node = "{\"properties\":{\"next\":{\"$ref\":\"#/components/schemas/Node\"},\"id\":{\"type\":\"integer\"}}}";
    let text = format!(
        "{{\"openapi\":\"3.1.0\",\"paths\":{{{}}},\"components\":{{\"schemas\":{{\"Node\":{node}}}}}}}",
        paths.join(",")
    );
    assert!(text.len() > 49_000_000, "{}", text.len());
    place.file("large.json", &text);
    let imported = place.run(&["import", "openapi", "large.json", "--out", "plan.yaml"]);
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    assert!(imported.stderr.contains("9500 operations"), "{}", imported.stderr);
}
