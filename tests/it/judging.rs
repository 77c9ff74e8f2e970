//! Stored evidence, judged and rendered again: what the exit says, what is printed, and what is kept.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::scripted::serve;
use crate::support::{CUTOVER, Place, files, list};

/// A stored record with parts of it replaced, by JSON pointers.
fn evidence(place: &Place, text: &str, changes: &[(&str, Value)]) -> String {
    let mut record: Value = serde_json::from_str(text).expect("JSON");
    for (pointer, value) in changes {
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        record
            .pointer_mut(parent)
            .and_then(Value::as_object_mut)
            .expect("an object")
            .insert(key.to_owned(), value.clone());
    }
    place.file("evidence.json", &record.to_string())
}

const FULL: &str = include_str!("../fixtures/report/record.json");
const LOAD: &str = include_str!("../fixtures/report/load-only.json");
const REPLAY: &str = include_str!("../fixtures/report/parity-only.json");

/// A search over several repeats that found the limit of one side.
fn search(place: &Place) -> String {
    let step = |search: u32, rate: f64, outcome: &str| {
        json!({ "search": search, "rate": rate, "at_ms": 0, "outcome": outcome, "reason": "", "requests": 100,
                "throughput": rate, "error_rate": 0.0, "p50_us": 1000, "p95_us": 2000, "p99_us": 3000, "mean_us": 1200.0,
                "pool_used": null, "pool_used_max": null, "pool_max": null, "pool_saturated": null, "hold_us": null,
                "cpu": null })
    };
    let bracket = json!({ "met": 100.0, "missed": 104.0, "end": "found" });
    let candidate = json!({
        "steps": [step(0, 100.0, "met"), step(0, 104.0, "missed"), step(1, 101.0, "met"), step(1, 105.0, "missed")],
        "searches": [bracket, bracket], "capacity": 102.0, "interval": null,
        "scalability": { "lambda": null, "sigma": null, "kappa": null, "error": null, "peak": null, "problem": "too few" },
        "pool_size": null,
    });
    let found = json!({ "gates": ["candidate.p95 <= 50ms"], "measured_s": 10.0, "precision": 0.05,
                        "sides": { "baseline": null, "candidate": candidate } });
    evidence(place, LOAD, &[("/search", found), ("/load", Value::Null), ("/run/command", json!("search"))])
}

#[test]
fn a_search_is_told_without_a_verdict_and_not_judged_by_other_gates() {
    let place = Place::new();
    let record = search(&place);
    let told = place.run(&["judge", &record, "--quiet"]);
    assert_eq!(told.code, Some(0), "as the search itself: {}", told.stdout);
    assert_eq!(told.stdout, "candidate bears 102 flow iterations/s, median of 2 searches\n");
    let told = place.run(&["judge", &record, "--no-color"]);
    assert!(!told.stdout.contains("verdict"), "{}", told.stdout);
    assert!(told.stdout.lines().any(|line| line.trim_start().starts_with("Search ")), "{}", told.stdout);
    assert!(told.stdout.lines().next_back().is_some_and(|line| line.starts_with("candidate bears")), "{}", told.stdout);
    let refused = place.run(&["judge", &record, "--gate", "candidate.p95 <= 1ms"]);
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(2), ""), "{}", refused.stderr);
    assert!(refused.stderr.contains("error: --gate: each step of a search"), "{}", refused.stderr);
    assert_eq!(place.run(&["judge", &record, "--out", "judged"]).code, Some(0));
    let junit = std::fs::read_to_string(place.path().join("judged/junit.xml")).expect("junit.xml");
    assert!(!junit.contains("<error") && !junit.contains("<failure"), "{junit}");
}

#[test]
fn figures_without_gates_are_what_was_asked_for_also_when_they_are_judged_again() {
    let place = Place::new();
    // Answers that were compared would have a gate that nobody wrote.
    let changes = [("/gates", json!([])), ("/load/parity", Value::Null)];
    let record = evidence(&place, LOAD, &changes);
    let judged = place.run(&["judge", &record, "--out", "judged"]);
    let kept: Value =
        serde_json::from_slice(&std::fs::read(place.path().join("judged/run.json")).expect("run.json")).expect("JSON");
    assert_eq!((judged.code, &kept["verdict"]), (Some(0), &json!("inconclusive")), "{}", judged.stdout);
    let junit = std::fs::read_to_string(place.path().join("judged/junit.xml")).expect("junit.xml");
    assert!(!junit.contains("<error"), "{junit}");
    let skipped = "<skipped message=\"nothing was to be judged: there are no gates\"/>";
    assert!(junit.contains(skipped), "{junit}");
    let line = "measured — nothing was to be judged: there are no gates";
    let quiet = place.run(&["judge", &record, "--quiet", "--no-color"]);
    assert_eq!(quiet.stdout, format!("{line}\n"));
    let full = place.run(&["judge", &record, "--no-color"]);
    assert!(full.stdout.ends_with(&format!("\n{line}\n")), "{}", full.stdout);
    let summary = std::fs::read_to_string(place.path().join("judged/summary.md")).expect("summary.md");
    assert!(summary.starts_with("## 📏 cutover: measured\n"), "{summary}");
    let html = std::fs::read_to_string(place.path().join("judged/report.html")).expect("report.html");
    assert!(html.contains(": measured – cutover</title>") && html.contains("banner measured"), "{html:.600}");
    for text in [&full.stdout, &summary, &junit, &html[..html.find("<main>").expect("a body")]] {
        let words = text.split("<style>").next().into_iter().chain(text.split("</style>").nth(1));
        assert!(words.into_iter().all(|text| !text.contains("inconclusive") && !text.contains("verdict")), "{text}");
    }
    let [gates, parity] = changes;
    let unfinished = evidence(&place, LOAD, &[gates, parity, ("/ending", json!({ "kind": "interrupted" }))]);
    assert_eq!(place.run(&["judge", &unfinished]).code, Some(4));
}

#[test]
fn a_report_is_named_only_where_one_was_written() {
    let place = Place::new();
    let record = place.file("evidence.json", FULL);
    let judged = place.run(&["judge", &record, "--no-color"]);
    assert!(!judged.stdout.contains("report.html"), "{}", judged.stdout);
    let judged = place.run(&["judge", &record, "--out", "judged", "--no-color"]);
    assert!(judged.stdout.contains("report   judged/report.html"), "{}", judged.stdout);
}

#[test]
fn a_fault_that_showed_nothing_is_told_however_often_it_is_judged() {
    let place = Place::new();
    let fault = |name: &str, applied: Value| {
        json!({ "name": name, "applied": applied, "not_applied": "nobody felt it", "compared": 0, "breaking": 0,
                "answers": [], "aftermath": { "baseline": null, "candidate": null } })
    };
    let faults = json!([fault("database-slow", Value::Null), fault("database-stopped", json!("stopped"))]);
    let record = evidence(&place, FULL, &[("/faults", faults), ("/findings", json!([]))]);
    for again in 0..2 {
        let from = if again == 0 { record.clone() } else { "judged/run.json".to_owned() };
        place.run(&["judge", &from, "--out", "judged"]);
        let text = std::fs::read(place.path().join("judged/run.json")).expect("run.json");
        let kept: Value = serde_json::from_slice(&text).expect("JSON");
        let told = list(&kept["findings"]).iter().filter(|finding| finding["code"] == "fault-not-shown");
        let told: Vec<(&Value, &Value)> = told.map(|finding| (&finding["severity"], &finding["message"])).collect();
        let expected = [
            (&json!("note"), &json!("fault `database-slow` was not made: nobody felt it")),
            (&json!("warning"), &json!("fault `database-stopped` was made and shows nothing: nobody felt it")),
        ];
        assert_eq!(told, expected, "{again}");
    }
}

#[test]
fn gates_that_decide_nothing_are_skipped_for_a_ci_system() {
    let place = Place::new();
    let gates = ["candidate.p95 <= 1s", "parity.breaking <= 1000000"];
    let mut arguments = vec!["judge", "", "--out", "judged"];
    arguments.extend(gates.iter().flat_map(|gate| ["--gate", gate]));
    let record = evidence(&place, REPLAY, &[("/findings", json!([]))]);
    arguments[1] = &record;
    let judged = place.run(&arguments);
    assert_eq!(judged.code, Some(0), "{}", judged.stdout);
    let text = std::fs::read_to_string(place.path().join("judged/run.json")).expect("run.json");
    let kept: Value = serde_json::from_str(&text).expect("JSON");
    let decides = |gate: &Value| gate["decides"] != false;
    assert!(list(&kept["gates"]).iter().any(|gate| gate["expr"] == gates[0] && !decides(gate)), "{}", kept["gates"]);
    let junit = std::fs::read_to_string(place.path().join("judged/junit.xml")).expect("junit.xml");
    assert!(!junit.contains("<error"), "{junit}");
    let case = junit.split("<testcase").find(|case| case.contains("candidate.p95 &lt;= 1s")).expect("a case");
    assert!(case.contains("<skipped message=\"not judged: `verify` runs no load\""), "{case}");
}

#[test]
fn what_targets_sent_does_not_steer_a_terminal() {
    let place = Place::new();
    let hostile = "a\u{1b}[2Jb\u{202e}c\u{7}";
    let finding = json!([{ "severity": "warning", "code": "sampler", "message": hostile }]);
    let record = evidence(
        &place,
        FULL,
        &[("/findings", finding), ("/run/database", json!(hostile)), ("/run/sides/candidate", json!(hostile))],
    );
    let told = place.run(&["judge", &record, "--no-color"]);
    assert!(told.stdout.contains("warning: a\\u{1b}[2Jb\\u{202e}c"), "{}", told.stdout);
    let steers = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
    assert!(!told.stdout.contains(steers), "{:?}", told.stdout);
}

#[test]
fn a_reader_that_is_gone_ends_no_run_and_keeps_signals_from_nothing() {
    let place = Place::new();
    let url = format!("http://{}/", serve(|_, _, _| (200, String::new(), "{}".to_owned())));
    // `true` is gone long before the first block is over.
    let load = format!("{CUTOVER} load {url} -c 2 --out out");
    let script = format!("( {load} -d 1s; echo $? >code ) 2>&1 | true");
    place.run_program(&["sh", "-c", &script]);
    let code = || std::fs::read_to_string(place.path().join("code")).expect("a code");
    // A machine that stalls makes such a short run invalid, and ends it no sooner.
    assert!(matches!(code().trim(), "0" | "4"), "{}", code());
    assert_eq!(place.record()["ending"]["kind"], "complete");
    assert!(place.out().join("report.html").is_file());

    let script = format!("( {load} -d 60s & sleep 2; kill -TERM $!; wait $!; echo $? >code ) 2>&1 | true");
    place.run_program(&["sh", "-c", &script]);
    assert_eq!(code().trim(), "130");
    assert_eq!(place.record()["ending"]["kind"], "interrupted");
}

#[test]
fn reports_of_an_earlier_run_are_not_those_of_the_next() {
    let place = Place::new();
    let url = format!("http://{}/", serve(|_, _, _| (200, String::new(), "{}".to_owned())));
    for name in ["out/hdr/candidate-old.hlog", "out/charts/old.svg", "out/hdr/mine.txt"] {
        std::fs::create_dir_all(place.path().join(name).parent().expect("a parent")).expect("a directory");
        place.file(name, "old");
    }
    place.file("out/run.json", "{}");
    let ended = place.run(&["load", &url, "-c", "1", "-d", "1s"]);
    // It cannot be done again with the same files there, and its reports are written also where the machine stalls.
    assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
    assert_eq!(place.record()["ending"]["kind"], "complete");
    let there = |name: &str| place.out().join(name).exists();
    assert!(!there("hdr/candidate-old.hlog") && !there("charts/old.svg"));
    assert!(there("hdr/mine.txt") && there("report.html"));
    // What was loaded is named.
    let summary = std::fs::read_to_string(place.out().join("summary.md")).expect("summary.md");
    let told = format!("cutover load {url} --faults none --users 1 --duration 1s --seed ");
    assert!(summary.contains(&told), "{summary}");
}

#[test]
fn one_url_is_asked_as_the_command_line_says_and_any_answer_is_ready() {
    let place = Place::new();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let url = serve(move |method, path, body| {
        seen.lock().expect("nobody panicked").push(format!("{method} {path} {body}"));
        (401, String::new(), "{}".to_owned())
    });
    let url = format!("http://{url}/login?key=s3cr3t");
    let header = "Authorization: s3cr3t";
    let ended = place.measure(&["load", &url, "-c", "1", "-d", "1s", "-H", header, "--body", "name=s3cr3t"]);
    // The load is done and its requests fail: they answer 401.
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    let record = place.record();
    assert_eq!(record["load"]["sides"]["candidate"]["error_rate"], 1.0);
    let asked = asked.lock().expect("nobody panicked");
    assert_eq!((&*asked[0], &*asked[1]), ("GET /login?key=s3cr3t ", "POST /login?key=s3cr3t name=s3cr3t"));
    for (path, bytes) in files(&place.out()) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("s3cr3t"), "{}: {text}", path.display());
    }
    let refused = place.run(&["load", "students-smoke", "-X", "PUT"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("--method has no meaning for a plan"), "{}", refused.stderr);
}
