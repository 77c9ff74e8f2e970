//! What of a service's contract was compared, and that coverage without a contract never passes.

use serde_json::Value;

use crate::support::{Place, has_server, list, smoke};

const VERIFY: [&str; 4] = ["--database", "sqlite", "--seed", "7"];

fn verify(place: &Place, more: &[&str]) -> crate::support::Ended {
    place.run(&[&["verify"], more, &VERIFY[..]].concat())
}

#[test]
fn the_smoke_plan_covers_its_contract() {
    let place = Place::new();
    let ended = verify(&place, &["students-smoke", "--faults", "statement-timeout"]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let record = place.record();
    let coverage = &record["parity"]["coverage"];
    assert_eq!(coverage["share"], 1.0, "{coverage:#}");
    for nothing in ["strangers", "idle_exceptions", "warnings"] {
        assert_eq!(list(&coverage[nothing]).len(), 0, "{nothing}: {}", coverage[nothing]);
    }
    let operations = list(&coverage["operations"]);
    assert_eq!(operations.len(), 14);
    for operation in operations {
        assert!(operation["compared"].as_u64() > Some(0), "{operation:#}");
        assert_eq!(list(&operation["undocumented"]).len(), 0, "{operation:#}");
    }
    // Nothing is excepted that a request did bring, but for what faults brought here.
    let busy = |operation: &Value| operation["operation"].as_str().is_some_and(|name| !name.starts_with("GET"));
    for operation in operations {
        for promise in list(&operation["statuses"]).iter().filter(|promise| !promise["excepted"].is_null()) {
            let is_busy =
                promise["name"] == "503" && busy(operation) && PROBED.contains(&text(&operation["operation"]));
            assert_eq!(promise["compared"].as_u64() > Some(0), is_busy, "{operation:#}");
        }
    }
    assert!(ended.stdout.contains("promises compared (100 %)"), "{}", ended.stdout);
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Operations of the contract that are probed under faults.
const PROBED: [&str; 11] = [
    "GET /health/postgres",
    "GET /api/v1/students",
    "POST /api/v1/students",
    "POST /api/v1/students/batch",
    "GET /api/v1/students/{id}",
    "PUT /api/v1/students/{id}",
    "PATCH /api/v1/students/{id}",
    "DELETE /api/v1/students/{id}",
    "GET /api/v1/classes/{id}/stats",
    "POST /api/v1/students/reviews/claim",
    "POST /api/v1/auth/token",
];

#[test]
fn what_no_request_brings_is_covered_by_faults() {
    let databases = ["local", "docker"].into_iter().filter(|database| has_server(database));
    for database in databases.take(1) {
        let place = Place::new();
        let ended = place.run(&["verify", "students-smoke", "--database", database, "--seed", "7", "--faults", "all"]);
        assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
        let record = place.record();
        for operation in list(&record["parity"]["coverage"]["operations"]) {
            let busy = list(&operation["statuses"]).iter().find(|promise| promise["name"] == "503");
            let is_probed = PROBED.contains(&text(&operation["operation"]));
            assert_eq!(busy.is_some_and(|busy| busy["compared"].as_u64() > Some(0)), is_probed, "{operation:#}");
        }
    }
}

#[test]
fn an_operation_that_nobody_asked_for_is_named_and_can_fail_the_run() {
    let place = Place::new();
    let contract = "openapi: 3.0.3
info: { title: Small, version: '1' }
paths:
  /health: { get: { responses: { '201': { description: made } } } }
  /nothing: { get: { responses: { '200': { description: '' } } } }
";
    place.file("small.yaml", contract);
    let plan = smoke(&[("document: /openapi.json", "document: small.yaml"), ("  - parity.coverage >= 90%\n", "")]);
    let plan = place.file("plan.yaml", &plan);
    let ended = verify(&place, &[&plan]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    let record = place.record();
    let findings = list(&record["findings"]).iter().map(|finding| finding["message"].as_str().unwrap_or(""));
    let findings = findings.collect::<Vec<_>>().join("\n");
    for part in [
        "operations of the contract never compared: `GET /nothing`",
        "answers that the contract does not document: 200 of `GET /health`",
        "steps whose request the contract does not know: `browse / GET /api/v1/students`",
        "exceptions of the contract that except nothing: `status 500`",
    ] {
        assert!(findings.contains(part), "`{part}` in\n{findings}");
    }
    let warnings = record["parity"]["coverage"]["warnings"].to_string();
    assert!(warnings.contains("OpenAPI 3.0.3 is read as 3.1"), "{warnings}");

    let ended = verify(&place, &[&plan, "--gate", "parity.coverage >= 1%"]);
    assert_eq!(ended.code, Some(1), "{}\n{}", ended.stdout, ended.stderr);
    let junit = std::fs::read_to_string(place.out().join("junit.xml")).expect("junit.xml");
    assert!(junit.contains("<failure") && junit.contains("never compared: 200"), "{junit}");
    let html = std::fs::read_to_string(place.out().join("report.html")).expect("report.html");
    assert!(html.contains("GET /nothing"));
}

#[test]
fn a_contract_that_cannot_be_read_never_passes() {
    let place = Place::new();
    for (path, part) in
        [("/nowhere", "the baseline answered 404"), ("/health", "it has no `openapi` key, only `status`")]
    {
        let ended = verify(&place, &["students-smoke", "--contract", path]);
        assert_eq!(ended.code, Some(4), "{}\n{}", ended.stdout, ended.stderr);
        let record = place.record();
        let gate = list(&record["gates"]).iter().find(|gate| gate["expr"] == "parity.coverage >= 90%");
        let gate = gate.unwrap_or_else(|| panic!("{}", record["gates"]));
        assert_eq!((gate["status"].as_str(), &gate["observed"]), (Some("invalid"), &Value::Null));
        assert!(gate["reason"].as_str().is_some_and(|reason| reason.contains(part)), "{gate}");
        assert_eq!(record["parity"]["breaking"], 0, "what was compared is there all the same");
    }
}

#[test]
fn a_contract_file_is_read_before_anything_is_started() {
    let place = Place::new();
    place.file("page.html", "<!doctype html><title>Docs</title>");
    place.file("old.json", "{\"swagger\": \"2.0\"}");
    place.file("cut.json", "{\"openapi\": \"3.1.0\", \"paths\": {");
    for (file, part) in [
        ("none.json", "cannot read contract `"),
        ("page.html", "this is HTML, not OpenAPI"),
        ("old.json", "this is Swagger 2.0, which is not read"),
        ("cut.json", "not JSON: EOF while parsing"),
    ] {
        for command in ["verify", "check"] {
            let ended = place.run(&[command, "students-smoke", "--contract", file]);
            assert_eq!(ended.code, Some(2), "{command} {file}\n{}\n{}", ended.stdout, ended.stderr);
            assert!(ended.stderr.contains(part), "{}", ended.stderr);
            assert!(!place.out().exists(), "nothing was started");
        }
    }
}
