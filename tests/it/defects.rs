//! A candidate that is wrong on purpose: each defect is found, by its name or by its place, and the clean build passes.
//!
//! Not here, because one caller after the other sees nothing of them: `lost-update`, `double-claim` and `session-bleed`
//! need two requests at the same moment; `live` has them.
//! `n-plus-one` and `blocking-call` change no answer; they are a matter of gates on times.

use serde_json::Value;

use crate::support::{CANDIDATE, Ended, Place, differences, has_server, list, short, smoke};

/// A defect that the replay sees: its name, the exit code, the class, and one difference: flow, step, place, both values.
/// A value is looked for as a part of what was recorded; an empty one: the side has nothing there.
struct Seen {
    defect: &'static str,
    code: i32,
    class: &'static str,
    at: [&'static str; 3],
    values: [&'static str; 2],
}

const fn breaking(defect: &'static str, at: [&'static str; 3], values: [&'static str; 2]) -> Seen {
    Seen { defect, code: 1, class: "breaking", at, values }
}

const fn representation(defect: &'static str, at: [&'static str; 3], values: [&'static str; 2]) -> Seen {
    Seen { defect, code: 0, class: "representation", at, values }
}

const READ: &str = "GET /api/v1/students/{{student_id}}";
const LIST: &str = "GET /api/v1/students";

const SEEN: [Seen; 12] = [
    breaking("wrong-status", ["enrol", "gone", "status"], ["404", "400"]),
    breaking("error-code", ["enrol", "gone", "$.code"], ["STUDENT_NOT_FOUND", "NOT_FOUND"]),
    breaking("missing-field", ["browse", READ, "$.email"], ["@example.org", ""]),
    representation("null-for-absent", ["enrol", "create", "$.phone"], ["", "null"]),
    representation("float-for-int", ["enrol", "create", "$.credits"], ["12", "12.0"]),
    breaking("naive-datetime", ["browse", READ, "$.created_at"], ["Z\"", "2024-"]),
    // Where a rule allows some seconds between two times, lost microseconds are a matter of how they are written.
    representation("truncated-micros", ["enrol", "create", "$.created_at"], ["Z\"", "Z\""]),
    breaking("off-by-one-page", ["browse", LIST, "$.items[0].id"], ["1", "1"]),
    breaking("lost-header", ["enrol", "create", "header location"], ["/api/v1/students/", ""]),
    breaking("lost-write", ["enrol", "read", "status"], ["200", "404"]),
    breaking("partial-batch", ["batch", "what is there", "$.total"], ["2", "3"]),
    breaking("error-detail", ["conflict", "the number again", "status"], ["409", "500"]),
];

fn with_defect(defect: &str) -> (String, String) {
    (CANDIDATE.to_owned(), format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}"))
}

fn verify(place: &Place, plan: &str, database: &str) -> (Ended, Value) {
    let plan = place.file("plan.yaml", plan);
    let ended = place.run(&["verify", &plan, "--database", database, "--seed", "7", "--no-color"]);
    let record = place.record();
    (ended, record)
}

#[test]
fn each_defect_of_the_contract_is_found_at_its_place() {
    for seen in SEEN {
        let place = Place::new();
        let (from, to) = with_defect(seen.defect);
        let (ended, record) = verify(&place, &smoke(&[(&from, &to)]), "sqlite");
        let found = differences(&record, seen.class);
        assert_eq!(ended.code, Some(seen.code), "{}: {}", seen.defect, ended.stdout);
        assert_eq!(record["parity"]["breaking"] != 0, seen.code == 1, "{}", seen.defect);
        let [flow, step, at] = seen.at;
        let difference = found.iter().find(|difference| {
            (&difference["flow"], &difference["step"], &difference["where"]) == (&flow.into(), &step.into(), &at.into())
        });
        let difference =
            difference.unwrap_or_else(|| panic!("{}: nothing at {:?} in {found:#?}", seen.defect, seen.at));
        for (side, expected) in ["baseline", "candidate"].into_iter().zip(seen.values) {
            match difference[side].as_str() {
                Some(value) => {
                    assert!(!expected.is_empty() && value.contains(expected), "{}: {difference}", seen.defect);
                }
                None => assert_eq!(expected, "", "{}: {difference}", seen.defect),
            }
        }
        assert_ne!(difference["baseline"], difference["candidate"], "{}", seen.defect);
    }
}

#[test]
fn a_difference_is_told_on_standard_output_with_both_values() {
    let place = Place::new();
    let (from, to) = with_defect("wrong-status");
    let (ended, _) = verify(&place, &smoke(&[(&from, &to)]), "sqlite");
    for words in [
        "breaking enrol / gone at status\n      baseline  404\n      candidate 400\n",
        "✗ fail  parity.breaking == 0",
        "verdict  fail — ",
    ] {
        assert!(ended.stdout.contains(words), "`{words}` in\n{}", ended.stdout);
    }
}

/// The smoke plan sorts within one class, where ties are few; here all students are sorted.
#[test]
fn an_order_without_tie_breaker_is_found_where_there_are_ties() {
    let place = Place::new();
    let (from, to) = with_defect("array-order");
    let ties = ("class_id={{random:1..40}}&status=active&sort=-credits", "sort=-credits&page_size=100");
    let (ended, record) = verify(&place, &smoke(&[(&from, &to), ties]), "sqlite");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let found = differences(&record, "breaking");
    assert!(found.iter().all(|difference| difference["flow"] == "search"), "{found:#?}");
    let (_, clean) = verify(&place, &smoke(&[ties]), "sqlite");
    assert_eq!(clean["parity"]["breaking"], 0, "{:#?}", differences(&clean, "breaking"));
}

#[test]
fn what_a_database_server_says_of_a_duplicate_is_found_too() {
    if has_server("local") {
        let place = Place::new();
        let (from, to) = with_defect("error-detail");
        let (ended, record) = verify(&place, &smoke(&[(&from, &to)]), "local");
        assert_eq!(ended.code, Some(1), "{}", ended.stdout);
        let leaked =
            |difference: &&Value| difference["candidate"].as_str().is_some_and(|text| text.contains("duplicate key"));
        assert!(differences(&record, "breaking").iter().any(leaked), "{:#?}", differences(&record, "breaking"));
    }
}

/// What became of a gate.
fn gate<'a>(record: &'a Value, expr: &str) -> &'a Value {
    list(&record["gates"]).iter().find(|gate| gate["expr"] == expr).expect("a gate")
}

#[test]
fn a_leak_of_connections_fails_by_a_gate_on_the_pool() {
    let place = Place::new();
    let leaking = "candidate: { bundled: { stack: async, defects: [leak-connection=10], args: [--pool-timeout, 1s] } }";
    let changes = [
        (CANDIDATE, leaking),
        ("rate: 10/s", "rate: 80/s"),
        (
            "  - candidate.pool.timeouts == 0",
            "  - candidate.pool.timeouts == 0\n  - candidate.pool.saturated_share <= 5%",
        ),
    ];
    let plan = short(&changes).replace("block: 1s", "block: 4s");
    let file = place.file("plan.yaml", &plan);
    let ended = place.measure(&["load", &file, "--database", "sqlite", "--seed", "7"]);
    let record = place.record();
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    for expr in ["candidate.pool.timeouts == 0", "candidate.pool.saturated_share <= 5%"] {
        assert_eq!(gate(&record, expr)["status"], "fail", "{expr}: {}", ended.stdout);
    }
    assert_eq!(record["load"]["sides"]["baseline"]["pool"]["timeouts"], 0);
    assert_eq!(record["load"]["sides"]["baseline"]["errors"], 0);
}

#[test]
fn a_slow_tail_fails_by_a_gate_on_p99_and_not_by_one_on_the_median() {
    let place = Place::new();
    let (from, to) = with_defect("slow-tail=30");
    let p99 = "candidate.p99 <= baseline.p99 * 2 + 20ms";
    let p50 = "candidate.p50 <= baseline.p50 * 2 + 20ms";
    let gates = format!("gates:\n  - {p99}\n  - {p50}\n");
    let plan =
        short(&[(&from, &to), ("rate: 10/s", "rate: 60/s"), ("gates:\n", &gates)]).replace("block: 1s", "block: 2s");
    // One pair says nothing of how much pairs vary.
    let plan = plan.replace("pairs: 1", "pairs: 3");
    let file = place.file("plan.yaml", &plan);
    let ended = place.measure(&["load", &file, "--database", "sqlite", "--seed", "7"]);
    let record = place.record();
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert_eq!(gate(&record, p99)["status"], "fail", "{}", ended.stdout);
    assert_eq!(gate(&record, p50)["status"], "pass", "{}", ended.stdout);
}
