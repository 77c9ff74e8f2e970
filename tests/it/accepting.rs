//! Differences that somebody has accepted pass, new ones fail, and entries rot; whichever part of a run finds them.

use serde_json::Value;

use crate::reproduce::{find, verify, with_defects};
use crate::support::{Place, list, smoke};

#[test]
fn accepted_differences_pass_until_their_last_day_and_new_ones_fail() {
    let place = Place::new();
    let plan = with_defects("wrong-status");
    let file = place.path().join("accepted.yaml").display().to_string();
    let new = ["--accept-new", &file, "--reason", "agreed: old clients: see #1", "--until", "2099-12-31"];
    let (ended, _) = verify(&place, &plan, &new);
    assert_eq!(ended.code, Some(1), "they fail the run in which they are new: {}", ended.stderr);
    assert!(ended.stderr.contains("added to"), "{}", ended.stderr);

    let (ended, record) = verify(&place, &plan, &["--accept", &file]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(record["parity"]["breaking"], 0);
    let accepted = record["parity"]["accepted"].as_u64().expect("a count");
    assert!(accepted > 0 && ended.stdout.contains(&format!("; {accepted} accepted")), "{}", ended.stdout);
    let difference = find(&record, "breaking", ["enrol", "gone", "status"]).expect("still told");
    assert_eq!(difference["accepted"]["reason"], "agreed: old clients: see #1");

    // What is accepted hides nothing that follows.
    let covered = |record: &Value| record["parity"]["coverage"]["covered"].as_u64().expect("coverage");
    let accepted_covered = covered(&record);
    // Another defect on top.
    let (ended, record) = verify(&place, &with_defects("wrong-status, lost-header"), &["--accept", &file]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("header location") && !ended.stdout.contains("at status"), "{}", ended.stdout);
    let junit = std::fs::read_to_string(place.out().join("junit.xml")).expect("a report");
    assert_eq!(junit.matches("<failure").count() as u64, failing_steps(&record) + 1, "steps and the gate: {junit}");

    // The last day is over.
    let text = std::fs::read_to_string(&file).expect("the file");
    place.file("accepted.yaml", &text.replace("2099-12-31", "2026-01-31"));
    let (ended, _) = verify(&place, &plan, &["--accept", &file]);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stdout.contains("accepted until 2026-01-31, expired"), "{}", ended.stdout);

    // What was accepted is not there any more.
    place.file("accepted.yaml", &text);
    let (ended, record) = verify(&place, &smoke(&[]), &["--accept", &file]);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    assert_eq!(accepted_covered, covered(&record));
    assert!(ended.stdout.contains("was not found: take it out"), "{}", ended.stdout);
    assert_eq!(record["parity"]["accepted"], 0);
    // Of what was not asked for, nothing is known.
    let (ended, _) = verify(&place, &smoke(&[]), &["--accept", &file, "--only", "health"]);
    assert!(!ended.stdout.contains("was not found"), "{}", ended.stdout);
}

fn failing_steps(record: &Value) -> u64 {
    list(&record["parity"]["steps"]).iter().filter(|step| step["breaking"] != 0).count() as u64
}

#[test]
fn new_differences_are_added_below_what_people_have_written() {
    let place = Place::new();
    let begun = "# what we agreed on\nversion: 1\naccepted:\n  - flow: enrol   # for good\n    step: gone\n    where: status\n    \
        kind: status\n    reason: agreed\n\n# end\n";
    let file = place.file("accepted.yaml", begun);
    let (_, record) =
        verify(&place, &with_defects("wrong-status"), &["--accept-new", &file, "--reason", "also agreed"]);
    assert!(find(&record, "breaking", ["enrol", "gone", "status"]).expect("told")["accepted"].is_object());
    let text = std::fs::read_to_string(&file).expect("the file");
    let (kept, rest) = text.split_at(begun.find("\n# end").expect("an end"));
    assert_eq!(kept, &begun[..kept.len()]);
    assert!(rest.starts_with("  - flow: ") && rest.ends_with("\n\n# end\n"), "{rest}");
    assert!(!rest.contains("step: gone"), "{rest}");
    let (ended, _) = verify(&place, &with_defects("wrong-status"), &["--accept", &file]);
    assert_eq!(ended.code, Some(0), "{}\n{text}", ended.stdout);
}

#[test]
fn a_file_of_accepted_differences_that_is_wrong_starts_nothing() {
    let place = Place::new();
    let file = place
        .file("accepted.yaml", "version: 1\naccepted:\n  - { flow: a, stpe: b, where: c, kind: status, reason: d }\n");
    let ended = place.run(&["verify", "students-smoke", "--accept", &file]);
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for part in ["unknown key `stpe`", ":3:16", "did you mean `step`?"] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let ended = place.run(&["verify", "students-smoke", "--accept", "no-such-file.yaml"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("cannot read the accepted differences in `no-such-file.yaml`"), "{}", ended.stderr);
    let ended = place.run(&["verify", "students-smoke", "--accept-new", "x.yaml", "--reason", "r", "--until", "soon"]);
    assert_eq!(ended.code, Some(2));
    assert!(ended.stderr.contains("`soon` is not a day"), "{}", ended.stderr);
}

/// What is told of a database or under a fault has its requests, what each side has, and what would accept it; and an
/// entry that somebody wrote lets it pass, and rots.
#[test]
fn differences_of_databases_and_under_faults_are_seen_again_and_accepted_as_others_are() {
    let place = Place::new();
    let plan = with_defects("lost-write, missing-field");
    let file = place.path().join("accepted.yaml").display().to_string();
    let faults = ["--faults", "statement-timeout"];
    let with = |more: &[&'static str]| [&faults[..], more].concat();
    let (ended, record) =
        verify(&place, &plan, &[&with(&["--reason", "known", "--accept-new"])[..], &[&file]].concat());
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let state = &record["state"];
    let lost = list(&state["differences"]).iter().find(|found| found["kind"] == "row_missing").expect("a lost row");
    let case = &state["cases"][lost["case"].as_u64().expect("a case") as usize];
    assert_eq!((&case["flow"], &case["step"], &case["again"]), (&"enrol".into(), &"database".into(), &"flow".into()));
    let requests = case["requests"].to_string();
    assert!(requests.contains("--request POST") && requests.contains("/api/v1/students"), "{case:#}");
    assert!(case["diff"].as_str().is_some_and(|diff| diff.contains("\n-student_no: ")), "{case:#}");
    for side in ["baseline", "candidate"] {
        let query = case["queries"][side].as_str().expect("a query");
        assert!(
            query.starts_with("sqlite3 -line \"$DATABASE\" 'SELECT * FROM ") && query.contains("\"id\" = "),
            "{query}"
        );
    }
    assert_eq!(lost["remedy"]["target"], "accepted_differences");
    let probed = find(&record, "breaking", ["fault statement-timeout", "read", "$.email"]).expect("a difference");
    assert_eq!(probed["remedy"]["target"], "accepted_differences", "a rule is about flows of the plan");
    let at = probed["case"].as_u64().expect("a case") as usize;
    let about = record["parity"]["reproduction"]["cases"][at]["about"].as_str().expect("what is done");
    assert!(about.contains("LOCK TABLE students"), "{about}");
    let read = |name: &str| std::fs::read_to_string(place.out().join(name)).expect("a report");
    for name in ["report.html", "junit.xml"] {
        let text = read(name);
        assert!(text.contains("sqlite3 -line") && text.contains("LOCK TABLE students"), "{name}");
        assert!(text.contains("BASELINE_DATABASE"), "{name}");
    }
    assert!(ended.stdout.contains("--database sqlite --only enrol --seed 7"), "{}", ended.stdout);

    let accepting = [&with(&["--accept"])[..], &[&file]].concat();
    let (ended, record) = verify(&place, &plan, &accepting);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, std::fs::read_to_string(&file).expect("the file"));
    assert!(record["state"]["accepted"].as_u64() > Some(0) && record["state"]["breaking"] == 0, "{}", record["state"]);
    assert_eq!(record["parity"]["breaking"], 0);
    let (ended, _) = verify(&place, &smoke(&[]), &accepting);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    for entry in ["enrol / database at table students", "fault statement-timeout / read at $.email"] {
        assert!(
            ended.stdout.contains(entry) && ended.stdout.contains("was not found: take it out"),
            "{}",
            ended.stdout
        );
    }
}

/// What the load finds, in answers and in the databases, is written and accepted as what the replay finds is.
#[test]
fn what_the_load_finds_is_added_and_accepted_too() {
    let place = Place::new();
    // Rows that are left behind, by batches that come often enough, and nothing that fails and would explain them.
    let plan = with_defects("missing-field, partial-batch")
        .replace("- name: batch\n    weight: 3", "- name: batch\n    weight: 60");
    let plan = place.file("plan.yaml", &plan);
    let file = place.path().join("accepted.yaml").display().to_string();
    let load = |more: &[&str]| {
        place.measure(&[&["load", &plan, "--database", "sqlite", "--seed", "7", "--no-color"], more].concat())
    };
    let ended = load(&["--accept-new", &file, "--reason", "known", "--until", "2099-12-31"]);
    assert_eq!(ended.code, Some(1), "{}\n{}", ended.stdout, ended.stderr);
    let text = std::fs::read_to_string(&file).expect("the file");
    for part in ["$.email", "flow: load\n    step: database", "until: 2099-12-31"] {
        assert!(text.contains(part), "`{part}` in {text}");
    }
    let breaking = |record: &Value| {
        let load = record["load"]["parity"]["breaking"].as_u64().expect("a count");
        (load, record["state"]["breaking"].as_u64().expect("a count"))
    };
    let (answers, rows) = breaking(&place.record());
    assert!(answers > 0 && rows > 0, "{:#}", place.record()["state"]);

    let ended = load(&["--accept", &file]);
    let record = place.record();
    assert_eq!(breaking(&record), (0, 0), "{}\n{text}", ended.stdout);
    assert!(record["load"]["parity"]["accepted"].as_u64() > Some(0), "{}", record["load"]["parity"]);
    assert!(record["state"]["accepted"].as_u64() > Some(0), "{}", record["state"]);
    let told = list(&record["load"]["parity"]["differences"]).iter().find(|found| found["class"] == "breaking");
    assert_eq!(told.expect("still told")["accepted"]["reason"], "known");
}
