//! Commands that start nothing, and arguments that are refused before anything is started.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::{CUTOVER, Place, smoke};

#[test]
fn help_and_version_are_told() {
    let place = Place::new();
    let help = place.run(&["--help"]);
    assert_eq!(help.code, Some(0));
    for word in [
        "run",
        "verify",
        "load",
        "judge",
        "report",
        "serve",
        "check",
        "schema",
        "completions",
        "record",
        "import",
        "Exit codes",
    ] {
        assert!(help.stdout.contains(word), "{word}: {}", help.stdout);
    }
    let version = place.run(&["--version"]);
    assert_eq!(
        (version.code, version.stdout.as_str()),
        (Some(0), concat!("cutover ", env!("CARGO_PKG_VERSION"), "\n"))
    );
}

#[test]
fn check_says_what_would_run_and_starts_nothing() {
    let place = Place::new();
    for (plan, load) in [("students", "100 flow iterations per second"), ("students-smoke", "10 flow iterations")] {
        let checked = place.run(&["check", plan]);
        assert_eq!(checked.code, Some(0), "{}", checked.stderr);
        for words in [
            &format!("plan {plan}\n"),
            "stack blocking",
            "stack async",
            "no such student",
            load,
            "parity.breaking == 0",
        ] {
            assert!(checked.stdout.contains(words), "{plan}: `{words}` in\n{}", checked.stdout);
        }
    }
    let changed = place.run(&["check", "students-smoke", "--rate", "77", "--pairs", "3", "--database", "local"]);
    for words in ["77 flow iterations", "6 blocks", "local"] {
        assert!(changed.stdout.contains(words), "`{words}` in\n{}", changed.stdout);
    }
    assert_nothing_made(&place);
}

#[test]
fn the_schema_is_one_and_says_what_the_reader_says() {
    let place = Place::new();
    let told = place.run(&["schema"]);
    assert_eq!(told.code, Some(0));
    let schema: Value = serde_json::from_str(&told.stdout).expect("JSON");
    assert!(jsonschema::meta::is_valid(&schema));
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let good = json!({
        "version": 1,
        "name": "tiny",
        "sides": { "baseline": { "url": "http://127.0.0.1:1" }, "candidate": { "bundled": { "stack": "async" } } },
        "flows": [{ "name": "one", "steps": [{ "request": "GET /", "expect": { "status": 200 } }] }],
        "load": { "model": "open", "rate": "5/s" },
        "gates": ["candidate.p95 <= 1s"],
    });
    let mut bad = good.clone();
    bad["load"]["rat"] = "5/s".into();
    // JSON is YAML too.
    for (plan, is_good) in [(good, true), (bad, false)] {
        assert_eq!(validator.is_valid(&plan), is_good, "{plan:#}");
        let checked = place.run(&["check", &place.file("tiny.yaml", &plan.to_string())]);
        assert_eq!(checked.code, Some(if is_good { 0 } else { 2 }), "{}", checked.stderr);
    }
}

#[test]
fn completions_are_a_script_that_bash_can_read() {
    let place = Place::new();
    let told = place.run(&["completions", "bash"]);
    assert_eq!(told.code, Some(0));
    assert!(told.stdout.contains("complete -F _cutover"));
    let script = place.file("completions", &told.stdout);
    if let Ok(status) = Command::new("bash").args(["-n", &script]).status() {
        assert!(status.success());
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_2_and_says_why() {
    let place = Place::new();
    for (arguments, words) in [
        (&["rnu"][..], "unrecognized subcommand 'rnu'"),
        (&["run", "--rate", "5", "--users", "5"], "cannot be used with"),
        (&["run", "students-smoke", "--gate", "candidate.eror_rate <= 1%"], "did you mean `candidate.error_rate`?"),
        (&["run", "students-smoke", "--gate", "candidat.p95 <= 1s"], "did you mean `candidate`?"),
        (&["run", "students-smoke", "--gate", "candidate.p95 <= 1"], "no unit"),
        (&["run", "students-smoke", "--pairs", "0"], "at least 1"),
        (&["run", "students-smoke", "--duration", "soon"], "--duration"),
        (&["run", "students-smoke", "--database", "dokcer"], "--database"),
        (&["run", "students-smoke", "--candidate", "nowhere"], "--candidate"),
        (&["load", "http://127.0.0.1:1/", "--rate", "0"], "--rate: `0` must be above 0"),
        (&["load", "http://127.0.0.1:1/", "--rate", "NaN"], "--rate: `NaN` is not a rate"),
        (&["load", "http://127.0.0.1:1/", "--rate", "inf"], "--rate: `inf` is not a rate"),
        (&["load", "http://127.0.0.1:1/", "-c", "0"], "--users: at least 1"),
        (&["run", "nowhere.yaml"], "Caused by: No such file or directory"),
        (&["run", "students-smok"], "hint: "),
        (&["verify", "students-smoke", "--rate", "5"], "--rate has no meaning for `cutover verify`"),
        (&["search", "students-smoke", "-d", "5s"], "--duration has no meaning for `cutover search`"),
        (&["search", "http://127.0.0.1:1/", "-c", "5"], "--users has no meaning for `cutover search`"),
        (&["load", "students-smoke", "--noise-runs", "2"], "--noise-runs has no meaning for `cutover load`"),
        (&["load", "http://127.0.0.1:1/", "--accept", "x.yaml"], "--accept has no meaning for one URL"),
        (
            &["load", "students-smoke", "--max-pairs", "9", "--shard", "1/2", "--start-at", "2027-01-31T09:30:00Z"],
            "--max-pairs has no meaning for shards",
        ),
        (&["run", "students-smoke", "--shard", "1/2"], "only `cutover load` is made by several processes"),
        (
            &["load", "students-smoke", "--users", "1"],
            "each of the 14 flows needs one at least; use `--users 14` or more",
        ),
        (&["check", "students-smoke", "--users", "1"], "`users` is 1"),
        (
            &[
                "record",
                "--upstream",
                "http://127.0.0.1:1",
                "--listen",
                "127.0.0.1:0",
                "-d",
                "1s",
                "--out",
                "x.recording",
            ],
            "--out: `x.recording` is where the traffic itself is written",
        ),
        (
            &["verify", "students-smoke", "--accept-new", "x.yaml", "--reason", "r", "--until", "2020-01-31"],
            "--until: `2020-01-31` is over",
        ),
        (&["judge", "nowhere.json"], "nowhere.json"),
        (&["report", "nowhere.json"], "nowhere.json"),
    ] {
        let refused = place.run(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.contains(words), "{arguments:?}: `{words}` in\n{}", refused.stderr);
        assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
        assert_eq!(refused.stdout, "", "{arguments:?}");
    }
    assert_nothing_made(&place);
}

#[test]
fn all_that_is_wrong_with_a_plan_is_told_at_once_with_its_places() {
    let place = Place::new();
    let wrong = smoke(&[
        ("stack: blocking", "stack: blokking"),
        ("  rate: 10/s", "  rat: 10/s"),
        ("capture: { token: $.access_token }", "capture: { tokn: $.access_token }"),
        ("candidate.errors == 0 ", "candidate.errors == 1s "),
    ]);
    let line_of = |needle: &str| 1 + wrong.lines().position(|line| line.contains(needle)).expect("a line");
    let plan = place.file("wrong.yaml", &wrong);
    for command in ["check", "run", "verify", "load"] {
        let refused = place.run(&[command, &plan]);
        assert_eq!(refused.code, Some(2), "{command}");
        assert!(refused.stderr.matches("error: ").count() >= 4, "{}", refused.stderr);
        for (needle, words) in [
            ("blokking", "did you mean `blocking`?"),
            ("rat: 10/s", "did you mean `rate`?"),
            ("Bearer {{token}}\"", "did you mean `tokn`?"),
            ("candidate.errors", "`errors` is a number of things"),
        ] {
            let (start, line) = (format!("{plan}:{}:", line_of(needle)), line_of(needle));
            let place = refused.stderr.lines().find_map(|line| line.split(&start).nth(1)).map(str::parse::<usize>);
            assert!(matches!(place, Some(Ok(column)) if column > 1), "{command}, line {line}: {}", refused.stderr);
            assert!(refused.stderr.contains(words), "{command}: `{words}` in\n{}", refused.stderr);
        }
    }
    std::fs::remove_file(plan).expect("removed");
    assert_nothing_made(&place);
}

#[test]
fn judging_and_rendering_refuse_what_is_no_record() {
    let place = Place::new();
    let stored = |text: &str| place.file("run.json", text);
    let fixture = include_str!("../fixtures/report/record.json");
    let later = fixture.replacen("\"schema_version\": 1", "\"schema_version\": 999", 1);
    assert_ne!(later, fixture);
    for text in ["", "{", "{}", "[1]", &later] {
        let record = stored(text);
        for command in ["judge", "report"] {
            let refused = place.run(&[command, &record]);
            assert_eq!(refused.code, Some(2), "{command} {text:.20}: {}", refused.stderr);
        }
    }
    assert_eq!(place.run(&["judge", &stored(fixture), "--gate", "candidate.pp95 < 1s"]).code, Some(2));
}

/// Nothing but what the test itself wrote.
fn assert_nothing_made(place: &Place) {
    let mut names: Vec<_> = std::fs::read_dir(place.path())
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    assert_eq!(names, ["stderr", "stdout", "tmp"], "of {CUTOVER}");
    assert_eq!(std::fs::read_dir(place.path().join("tmp")).expect("a directory").count(), 0);
}
