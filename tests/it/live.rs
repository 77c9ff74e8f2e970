//! Answers under load: what goes wrong only when many do it at once is found there, by its name, and nowhere else.

use serde_json::Value;

use crate::support::{CANDIDATE, Ended, Place, differences, has_server, list, smoke};

/// What a defect must be told as: the invariant that is broken, or the steps, by the start of their names, one of whose status
/// is another one.
enum Told {
    Invariant {
        kind: &'static str,
        rule: &'static str,
        example: &'static str,
    },
    Status {
        steps: &'static str,
        baseline: &'static str,
        candidate: &'static str,
    },
    /// Any of these.
    Either(&'static [Told]),
}

const ONLY_AT_ONCE: [(&str, Told); 3] = [
    (
        "lost-update",
        Told::Invariant {
            kind: "handed_out_once",
            rule: "`header etag` of `PATCH /api/v1/students/1` is handed out once: each change makes a version of its own",
            example: " was handed out to arrival ",
        },
    ),
    (
        "double-claim",
        Told::Invariant {
            kind: "handed_out_once",
            rule: "`$.id` of `POST /api/v1/students/reviews/claim` is handed out once",
            example: " and again to arrival ",
        },
    ),
    // Who is taken for whom is chance.
    (
        "session-bleed",
        Told::Either(&[
            Told::Status { steps: "refuse a viewer", baseline: "403 (", candidate: "200 (" },
            Told::Status { steps: "change the ", baseline: "200 (", candidate: "403 (" },
        ]),
    ),
];

/// Whether a defect shows in one load is chance: at most so many are made until it does.
const TRIES: usize = 3;

/// The servers of databases that this machine has.
fn databases() -> impl Iterator<Item = &'static str> {
    ["sqlite", "local"].into_iter().filter(|provider| has_server(provider))
}

fn with_defect(defect: &str) -> String {
    let candidate = format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}");
    smoke(&[(CANDIDATE, &candidate)])
}

fn is_told(record: &Value, told: &Told) -> bool {
    let parity = &record["load"]["parity"];
    let holds = |value: &Value, part: &str| value.as_str().is_some_and(|text| text.contains(part));
    match told {
        Told::Invariant { kind, rule, example } => list(&parity["invariants"]).iter().any(|invariant| {
            invariant["kind"] == *kind
                && invariant["rule"] == *rule
                && invariant["outcome"] == "broken"
                && invariant["broken"].as_u64() > Some(0)
                && holds(&invariant["candidate"], example)
                && holds(&invariant["baseline"], "no value twice")
        }),
        Told::Either(any) => any.iter().any(|told| is_told(record, told)),
        Told::Status { steps, baseline, candidate } => list(&parity["differences"]).iter().any(|difference| {
            difference["class"] == "breaking"
                && difference["step"].as_str().is_some_and(|step| step.starts_with(steps))
                && difference["where"] == "status"
                && holds(&difference["baseline"], baseline)
                && holds(&difference["candidate"], candidate)
        }),
    }
}

/// Loads until the defect is told; what is new is accepted in `accepted.yaml`.
fn load_until_told(database: &str, defect: &str, told: &Told) -> (Place, Ended) {
    let mut tries = 1;
    loop {
        let place = Place::new();
        let plan = place.file("plan.yaml", &with_defect(defect));
        let file = place.path().join("accepted.yaml").display().to_string();
        let accepting = ["--accept-new", &file, "--reason", "known"];
        let ended = place.measure(&[&["load", &plan, "--database", database, "--no-color"], &accepting[..]].concat());
        if tries == TRIES || is_told(&place.record(), told) {
            return (place, ended);
        }
        println!("once more: `{defect}` did not show");
        tries += 1;
    }
}

#[test]
fn what_only_concurrency_breaks_is_found_under_load_by_its_name() {
    for database in databases() {
        for (defect, told) in &ONLY_AT_ONCE {
            let (place, ended) = load_until_told(database, defect, told);
            let record = place.record();
            let parity = &record["load"]["parity"];
            assert!(is_told(&record, told), "{defect} on {database}: {parity:#}\n{}{}", ended.stdout, ended.stderr);
            assert_eq!(ended.code, Some(1), "{defect} on {database}: {}", ended.stdout);
            assert!(ended.stdout.contains("✗ fail  parity.load.breaking == 0"), "{}", ended.stdout);
            let cases = list(&parity["reproduction"]["cases"]);
            let case = cases.first().unwrap_or_else(|| panic!("no case: {parity:#}"));
            assert!(
                list(&case["requests"]).iter().any(|lines| lines.as_str().is_some_and(|it| it.contains("curl -sS")))
            );
            assert!(
                case["again"] == "load" && case["about"].as_str().is_some_and(|it| it.contains("among many callers"))
            );
            assert!(ended.stdout.contains("  cutover load ") && ended.stdout.contains(" --seed "), "{}", ended.stdout);
            let junit = std::fs::read_to_string(place.out().join("junit.xml")).expect("junit.xml");
            let text = std::fs::read_to_string(place.path().join("accepted.yaml"));
            let text = text.expect("a file of accepted differences");
            let kind = if matches!(told, Told::Invariant { .. }) { "kind: invariant" } else { "kind: status" };
            assert!(text.contains(kind) && !text.contains('×'), "{defect}: {text}");
            assert!(junit.contains("name=\"parity under load\"") && junit.contains("classname=\"load.contended\""));
        }
    }
}

#[test]
fn one_caller_after_the_other_sees_nothing_of_it() {
    for (defect, _) in &ONLY_AT_ONCE {
        let place = Place::new();
        let plan = place.file("plan.yaml", &with_defect(defect));
        let ended = place.run(&["verify", &plan, "--database", "sqlite", "--no-color"]);
        let record = place.record();
        assert_eq!(ended.code, Some(0), "{defect}: {}", ended.stdout);
        assert!(differences(&record, "breaking").is_empty(), "{defect}: {:#?}", differences(&record, "breaking"));
        assert!(record["load"].is_null());
    }
}

#[test]
fn two_sides_that_are_alike_are_found_alike_and_what_was_compared_is_told() {
    for database in databases() {
        let place = Place::new();
        let ended = place.measure(&["load", &place.file("plan.yaml", &smoke(&[])), "--database", database]);
        let record = place.record();
        assert_eq!(ended.code, Some(0), "{database}: {}", ended.stdout);
        let parity = &record["load"]["parity"];
        assert_eq!(parity["breaking"], 0, "{parity:#}");
        let told = list(&parity["differences"]).iter().filter(|difference| difference["class"] != "volatile").count();
        assert_eq!(told, 0, "{parity:#}");
        assert!(list(&parity["invariants"]).iter().all(|invariant| invariant["outcome"] != "broken"), "{parity:#}");
        for (path, least) in [("kept/baseline", 200), ("kept/candidate", 200), ("lessons/baseline", 80)] {
            let count = parity.pointer(&format!("/{path}")).and_then(Value::as_u64);
            assert!(count > Some(least), "{path}: {count:?}");
        }
        let compared = |path: &str| parity[path].as_u64().unwrap_or_default();
        assert!(compared("compared_exact") > 50 && compared("compared_shape") > 0, "{parity:#}");
        // Both sides had the same arrivals, and a body that never varies was compared value by value.
        let held = list(&parity["invariants"]).iter().filter(|invariant| invariant["outcome"] == "held");
        let kinds: std::collections::BTreeSet<&str> = held.filter_map(|invariant| invariant["kind"].as_str()).collect();
        assert!(kinds.is_superset(&["handed_out_once", "ordered", "page_size", "unique_ids"].into()), "{kinds:?}");
    }
}

/// A value that is wrong in each answer is found value by value, and one that is missing by its form, without replay.
#[test]
fn what_is_wrong_in_every_answer_is_found_under_load_too() {
    for (defect, class, at) in
        [("missing-field", "breaking", "$.email"), ("float-for-int", "representation", "$.credits")]
    {
        let place = Place::new();
        let plan = place.file("plan.yaml", &with_defect(defect));
        place.measure(&["load", &plan, "--database", "sqlite"]);
        let record = place.record();
        let parity = &record["load"]["parity"];
        let is_it = |difference: &&Value| difference["where"] == at && difference["class"] == class;
        assert!(list(&parity["differences"]).iter().any(|difference| is_it(&difference)), "{defect}: {parity:#}");
    }
}

#[test]
fn nothing_is_compared_where_the_plan_does_not_want_it() {
    let place = Place::new();
    let off = "  settle: 500ms\n  parity: false";
    let plan = place.file("plan.yaml", &smoke(&[("  settle: 500ms", off), ("pairs: 2", "pairs: 1")]));
    let ended = place.measure(&["load", &plan, "--database", "sqlite"]);
    let record = place.record();
    assert!(record["load"]["parity"].is_null());
    assert!(!ended.stdout.contains("parity.load.breaking"), "{}", ended.stdout);
}
