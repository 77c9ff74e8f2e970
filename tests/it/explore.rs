//! Generated requests: nothing between two clean stacks, and defects without being told where.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rustix::process::Signal;
use serde_json::Value;

use crate::scripted::serve;
use crate::support::{CANDIDATE, Ended, Place, eventually, list, smoke};

fn explore(place: &Place, defect: Option<&str>, requests: &str) -> (Ended, Value) {
    let candidate = defect.map_or_else(
        || CANDIDATE.to_owned(),
        |defect| format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}"),
    );
    let plan = place.file("plan.yaml", &smoke(&[(CANDIDATE, &candidate)]));
    let arguments = ["verify", &plan, "--database", "sqlite", "--seed", "7", "--no-color", "--explore", requests];
    let ended = place.run(&arguments);
    (ended, place.record())
}

#[test]
fn two_clean_stacks_answer_two_thousand_generated_requests_alike() {
    let place = Place::new();
    let (ended, record) = explore(&place, None, "2000");
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let explored = &record["explore"];
    assert_eq!(list(&explored["findings"]).len(), 0, "{explored:#}");
    assert!(explored["requests"].as_u64() >= Some(2_000), "{explored:#}");
    // Every operation was asked, and answered well and badly.
    for operation in list(&explored["operations"]) {
        assert!(operation["requests"].as_u64() > Some(20), "{operation:#}");
    }
    let statuses: std::collections::BTreeSet<String> = list(&explored["operations"])
        .iter()
        .filter_map(|operation| operation["statuses"].as_object().map(|all| all.keys().cloned().collect::<Vec<_>>()))
        .flatten()
        .collect();
    for status in ["200", "201", "204", "401", "404", "409", "412", "422"] {
        assert!(statuses.contains(status), "{status} is not among {statuses:?}");
    }
    let answered = |operation: &str, status: &str| {
        let found = list(&explored["operations"]).iter().find(|found| found["operation"] == operation);
        found.and_then(|found| found["statuses"][status].as_u64()).unwrap_or(0)
    };
    // A list without a body is refused only where a call was made wrong on purpose.
    let list_of = "GET /api/v1/students";
    assert!(answered(list_of, "401") > 0 && answered(list_of, "422") > 0, "{explored:#}");
    // Rows are met by ids that earlier answers had, under whatever name; by chance most would not be there.
    let stats = "GET /api/v1/classes/{id}/stats";
    assert!(answered(stats, "200") > answered(stats, "404"), "{explored:#}");
    assert!(ended.stdout.contains("generated requests in"), "{}", ended.stdout);
}

/// The defect, and what one of the findings must show: a part of the place, of the baseline's and the candidate's value.
const FOUND: [(&str, &str, &str, &str); 4] = [
    ("wrong-status", "status", "404", "400"),
    ("null-for-absent", ".phone", "", "null"),
    ("error-detail", "$.message", "is taken", "UNIQUE constraint failed"),
    ("off-by-one-page", "$.items[0].id", "1", "21"),
];

#[test]
fn defects_are_found_without_being_told_where_and_shown_by_few_requests() {
    for (defect, place_of_it, baseline, candidate) in FOUND {
        let place = Place::new();
        let (ended, record) = explore(&place, Some(defect), "400");
        let findings = list(&record["explore"]["findings"]);
        let has = |value: &Value, part: &str| value.as_str().unwrap_or_default().contains(part);
        let shows = |finding: &&Value| {
            list(&finding["differences"]).iter().any(|difference| {
                has(&difference["where"], place_of_it)
                    && has(&difference["baseline"], baseline)
                    && has(&difference["candidate"], candidate)
            })
        };
        let Some(finding) = findings.iter().find(shows) else { panic!("{defect}: {findings:#?}") };
        assert!((1..=2).contains(&list(&finding["calls"]).len()), "{defect}: {finding:#}");
        let html = std::fs::read_to_string(place.out().join("report.html")).unwrap();
        assert!(html.contains("Generated requests"), "{defect}");
        assert!(ended.stdout.contains("explore"), "{}", ended.stdout);
    }
}

#[test]
fn the_same_seed_finds_the_same() {
    let findings = |(_, record): (Ended, Value)| {
        let findings = list(&record["explore"]["findings"]);
        let sequence = |finding: &Value| {
            let calls = list(&finding["calls"]);
            calls.iter().map(|call| format!("{} {}", call["method"], call["target"]["baseline"])).collect::<Vec<_>>()
        };
        (record["explore"]["sequences"].as_u64(), findings.iter().map(sequence).collect::<Vec<_>>())
    };
    let (one, other) = (Place::new(), Place::new());
    let first = findings(explore(&one, Some("wrong-status"), "200"));
    assert_eq!(first, findings(explore(&other, Some("wrong-status"), "200")));
    assert!(!first.1.is_empty());
}

const CONTRACT: &str = "openapi: 3.0.3
info: { title: Things, version: '1' }
paths:
  /things:
    post:
      requestBody:
        content: { application/json: { schema: { type: object, required: [name], properties: { name: { type: string } } } } }
      responses: { '201': { description: made } }
  /things/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      responses: { '200': { description: '' }, '404': { description: '' } }
";

/// A service that draws a UUID for each thing that it makes, and counts what it was asked.
struct Things {
    address: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl Things {
    /// `reads`: which of the things made so far it answers for one that is asked for, by its number, and the name that it
    /// says. After so many requests it says nothing more.
    fn new(of_side: u32, most: usize, reads: impl Fn(usize) -> (usize, &'static str) + Send + Sync + 'static) -> Self {
        let (made, asked) = (Mutex::new(Vec::<String>::new()), Arc::new(AtomicUsize::new(0)));
        let counted = Arc::clone(&asked);
        let address = serve(move |method, path, _| {
            let mut made = made.lock().unwrap();
            if asked_before(&counted) >= most {
                // An answer without a status is none.
                return (0, String::new(), String::new());
            }
            if path == "/health" {
                return (200, String::new(), "{}".to_owned());
            }
            if method == "POST" {
                let id = format!("{of_side:08}-0000-4000-8000-{:012}", made.len());
                made.push(id.clone());
                return (201, format!("/things/{id}"), format!(r#"{{"id":"{id}","name":"x"}}"#));
            }
            let Some(at) = made.iter().position(|id| path.ends_with(&**id)) else {
                return (404, String::new(), "{}".to_owned());
            };
            let (at, name) = reads(at);
            (200, String::new(), format!(r#"{{"id":"{}","name":"{name}"}}"#, made[at]))
        });
        Self { address, asked }
    }
}

fn asked_before(counted: &AtomicUsize) -> usize {
    counted.fetch_add(1, Ordering::SeqCst)
}

fn plan_of_things(place: &Place, baseline: &Things, candidate: &Things) -> String {
    place.file("things.yaml", CONTRACT);
    let plan = format!(
        "version: 1\nname: things\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  candidate: {{ url: \"http://{}\" }}\n\
         flows:\n  - {{ name: f, steps: [{{ name: nothing, request: GET /things/none, expect: {{ status: 404 }} }}] }}\n\
         contract: {{ document: things.yaml }}\n",
        baseline.address, candidate.address
    );
    place.file("plan.yaml", &plan)
}

fn explore_things(place: &Place, baseline: &Things, candidate: &Things, requests: &str) -> (Ended, Value) {
    let plan = plan_of_things(place, baseline, candidate);
    let ended = place.run(&["verify", &plan, "--seed", "7", "--no-color", "--explore", requests]);
    (ended, place.record())
}

fn places(record: &Value) -> Vec<&str> {
    let differences = list(&record["explore"]["findings"]).iter().flat_map(|it| list(&it["differences"]));
    differences.filter_map(|it| it["where"].as_str()).collect()
}

const NEVER: usize = usize::MAX;

#[test]
fn ids_that_each_side_draws_are_no_finding_and_one_of_another_thing_is() {
    let same = |at| (at, "x");
    let place = Place::new();
    let (ended, record) = explore_things(&place, &Things::new(1, NEVER, same), &Things::new(2, NEVER, same), "300");
    assert_eq!(record["explore"]["findings"], Value::Array(Vec::new()), "{}", ended.stdout);
    assert_eq!(record["parity"]["breaking"], 0, "{:#}", record["parity"]);
    assert!(record["explore"]["requests"].as_u64() >= Some(300), "{}\n{}", ended.stdout, ended.stderr);
    // Of every three things that are asked for, one is another.
    let other = |at: usize| (if at % 3 == 2 { at - 1 } else { at }, "x");
    let place = Place::new();
    let (_, record) = explore_things(&place, &Things::new(1, NEVER, same), &Things::new(2, NEVER, other), "300");
    assert!(places(&record).contains(&"$.id"), "{:#}", record["explore"]);
}

#[test]
fn what_was_found_before_both_sides_fell_silent_is_kept() {
    let place = Place::new();
    let (ended, record) =
        explore_things(&place, &Things::new(1, 400, |at| (at, "x")), &Things::new(2, 400, |at| (at, "y")), "100000");
    assert_eq!(record["ending"]["kind"], "failed", "{}\n{}", ended.stdout, ended.stderr);
    assert!(record["ending"].to_string().contains("neither side answered"), "{:#}", record["ending"]);
    assert!(places(&record).contains(&"$.name"), "{:#}", record["explore"]);
    assert!(record["parity"]["breaking"].as_u64() > Some(0), "{:#}", record["parity"]);
}

#[test]
fn what_was_found_before_an_interruption_is_kept() {
    let place = Place::new();
    let (baseline, candidate) = (Things::new(1, NEVER, |at| (at, "x")), Things::new(2, NEVER, |at| (at, "y")));
    let running = place.start(&[
        "verify",
        &plan_of_things(&place, &baseline, &candidate),
        "--seed",
        "7",
        "--no-color",
        "--explore",
        "1000000",
    ]);
    assert!(eventually(|| baseline.asked.load(Ordering::SeqCst) > 1_000));
    running.signal(Signal::INT);
    let ended = running.wait();
    let record = place.record();
    assert_eq!((ended.code, &record["ending"]["kind"]), (Some(130), &Value::from("interrupted")), "{ended:?}");
    assert!(places(&record).contains(&"$.name"), "{:#}", record["explore"]);
    assert!(record["parity"]["breaking"].as_u64() > Some(0), "{:#}", record["parity"]);
}

#[test]
fn what_is_proposed_for_a_generated_request_accepts_its_difference() {
    let place = Place::new();
    let services = || (Things::new(1, NEVER, |at| (at, "x")), Things::new(2, NEVER, |at| (at, "y")));
    let (baseline, candidate) = services();
    let (_, record) = explore_things(&place, &baseline, &candidate, "200");
    let found = list(&record["parity"]["differences"]).iter().find(|it| it["where"] == "$.name").expect("a difference");
    assert_eq!((&found["flow"], &found["remedy"]["target"]), (&"explore".into(), &"accepted_differences".into()));
    let file = place.file("accepted.yaml", &format!("version: 1\n{}\n", found["remedy"]["yaml"].as_str().unwrap()));
    let (baseline, candidate) = services();
    let plan = plan_of_things(&place, &baseline, &candidate);
    let ended = place.run(&["verify", &plan, "--seed", "7", "--explore", "200", "--accept", &file]);
    let record = place.record();
    assert_eq!(record["parity"]["breaking"], 0, "{}\n{}", ended.stdout, ended.stderr);
    assert!(record["parity"]["accepted"].as_u64() > Some(0), "{}", ended.stdout);
}
