//! Failure-path parity: the same faults on both sides, the same answers, afterwards the same state, and no connection lost.

use rustix::process::Signal;
use serde_json::Value;

use crate::sides::Service;
use crate::support::{
    BASELINE, CANDIDATE, Ended, Place, SMOKE_STEPS, differences, eventually, get, has_server, list, smoke,
};

const ALL: [&str; 9] = [
    "unique-violation",
    "stale-if-match",
    "statement-timeout",
    "pool-exhausted",
    "client-gone",
    "connections-cut",
    "database-slow",
    "database-half-open",
    "database-stopped",
];
/// What takes a server and a way to it.
const NOT_ON_A_FILE: [&str; 4] = ["connections-cut", "database-slow", "database-half-open", "database-stopped"];

fn verify(place: &Place, plan: &str, database: &str, faults: &str) -> (Ended, Value) {
    let plan = place.file("plan.yaml", plan);
    let arguments = ["verify", &plan, "--database", database, "--seed", "7", "--no-color", "--faults", faults];
    let ended = place.run(&arguments);
    let record = place.record();
    (ended, record)
}

fn fault<'a>(record: &'a Value, name: &str) -> &'a Value {
    list(&record["faults"]).iter().find(|fault| fault["name"] == name).unwrap_or_else(|| panic!("no fault `{name}`"))
}

/// Kinds of answers of both sides to a probe.
fn kinds(fault: &Value, step: &str) -> [Vec<String>; 2] {
    let answers = list(&fault["answers"]).iter().find(|answers| answers["step"] == step);
    let answers = answers.unwrap_or_else(|| panic!("no `{step}` in {fault:#}"));
    ["baseline", "candidate"].map(|side| {
        let counts = list(&answers["sides"][side]).iter();
        counts.map(|count| count["answer"].as_str().expect("text").to_owned()).collect()
    })
}

#[test]
fn both_stacks_take_every_fault_alike_and_lose_no_connection() {
    for database in ["sqlite", "local", "docker"] {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let (ended, record) = verify(&place, &smoke(&[]), database, "all");
        assert_eq!(ended.code, Some(0), "{database}: {}\n{}", ended.stdout, ended.stderr);
        assert_eq!(differences(&record, "breaking"), Vec::<&Value>::new(), "{database}");
        let names: Vec<&Value> = list(&record["faults"]).iter().map(|fault| &fault["name"]).collect();
        assert_eq!(names, ALL, "{database}");
        for name in ALL {
            let fault = fault(&record, name);
            if database == "sqlite" && NOT_ON_A_FILE.contains(&name) {
                assert!(fault["applied"].is_null(), "{fault:#}");
                assert!(fault["not_applied"].as_str().is_some_and(|reason| reason.contains("is a file")), "{fault:#}");
                assert!(ended.stdout.contains(&format!("fault `{name}` was not made: ")), "{}", ended.stdout);
                continue;
            }
            assert!(fault["applied"].is_string() && fault["not_applied"].is_null(), "{database}: {fault:#}");
            assert!(fault["compared"].as_u64() > Some(0), "{database}: {fault:#}");
            let is_a_step = ["unique-violation", "stale-if-match"].contains(&name);
            assert_eq!(databases_after(&record, name).is_some(), !is_a_step, "{database}: {name}");
            if !["unique-violation", "stale-if-match"].contains(&name) {
                for side in ["baseline", "candidate"] {
                    let aftermath = &fault["aftermath"][side];
                    assert!(aftermath["recovered_ms"].is_u64(), "{database}: {fault:#}");
                    assert_eq!(aftermath["after"]["used"], 0, "{database}: {fault:#}");
                }
            }
        }
        let state = &record["state"];
        let counts = |found: &&Value| found["class"] != "volatile";
        assert_eq!(list(&state["differences"]).iter().find(counts), None, "{database}");
        assert!(state["failure"].is_null() && state["skipped"].is_null(), "{database}: {state:#}");
        assert_answers(&record, database);
        place.assert_nothing_left(ended.pid);
    }
}

/// The look at the databases after a fault.
fn databases_after<'a>(record: &'a Value, name: &str) -> Option<&'a Value> {
    let after = format!("fault {name}");
    list(&record["state"]["looks"]).iter().find(|look| look["phase"] == "faults" && look["after"] == *after)
}

/// What the contract demands, not only that both sides say the same.
fn assert_answers(record: &Value, database: &str) {
    let both = |kind: &str| [vec![kind.to_owned()], vec![kind.to_owned()]];
    let assert = |name: &str, step: &str, kind: &str| {
        assert_eq!(kinds(fault(record, name), step), both(kind), "{database}: {name}");
    };
    assert("unique-violation", "the number again", "409");
    assert("stale-if-match", "change with a stale tag", "412");
    assert("statement-timeout", "change", "503 DATABASE_BUSY");
    assert("statement-timeout", "health", "200");
    assert("pool-exhausted", "change", "503 DATABASE_BUSY");
    let exhausted = &fault(record, "pool-exhausted")["aftermath"];
    for side in ["baseline", "candidate"] {
        assert_eq!(exhausted[side]["during"]["used"], exhausted[side]["during"]["max"], "{database}");
    }
    if database != "sqlite" {
        assert("connections-cut", "change (idle connections cut)", "200");
        assert("connections-cut", "change", "503 DATABASE_UNAVAILABLE");
        assert("database-slow", "change", "200");
        assert("database-half-open", "change", "503 DATABASE_BUSY");
        assert("database-stopped", "health", "503 DATABASE_UNAVAILABLE");
        let gone = &fault(record, "client-gone")["aftermath"]["candidate"]["during"];
        assert_eq!(gone["waiting"], 3, "{database}: three clients left");
    }
}

fn with_defect(defect: &str) -> (String, String) {
    (CANDIDATE.to_owned(), format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}"))
}

#[test]
fn a_leak_of_connections_is_found_after_a_fault() {
    let place = Place::new();
    let (from, to) = with_defect("leak-connection=5");
    let (ended, record) = verify(&place, &smoke(&[(&from, &to)]), "sqlite", "client-gone,statement-timeout");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    let found = differences(&record, "breaking");
    let leak = found.iter().find(|difference| difference["where"] == "connections in use at rest");
    let leak = leak.unwrap_or_else(|| panic!("no leak in {found:#?}"));
    assert_eq!((&leak["kind"], &leak["flow"]), (&"aftermath".into(), &"fault statement-timeout".into()));
    assert_eq!(leak["baseline"], "0");
    assert!(leak["candidate"].as_str().and_then(|lost| lost.parse::<u64>().ok()) > Some(0), "{leak}");
    // The terminal tells the first differences only.
    let junit = std::fs::read_to_string(place.out().join("junit.xml")).expect("a report");
    assert!(junit.contains("connections in use at rest"), "{junit}");
}

/// Clients that were refused, or have gone away, and a side that does all the same what they asked for.
#[test]
fn a_write_that_reached_one_database_alone_is_found_after_the_fault_that_let_it() {
    for database in ["sqlite", "local"].into_iter().filter(|database| has_server(database)) {
        for name in ["client-gone", "statement-timeout"] {
            let place = Place::new();
            let (from, to) = with_defect("late-write");
            let (ended, record) = verify(&place, &smoke(&[(&from, &to)]), database, name);
            assert_eq!(ended.code, Some(1), "{database}, {name}: {}\n{}", ended.stdout, ended.stderr);
            let look = databases_after(&record, name).unwrap_or_else(|| panic!("{:#}", record["state"]));
            assert_eq!((&look["breaking"], &look["explained_by"]), (&1.into(), &0.into()), "{database}, {name}");
            let found = list(&record["state"]["differences"]).iter().find(|found| found["class"] == "breaking");
            let found = found.unwrap_or_else(|| panic!("{database}, {name}: {:#}", record["state"]));
            let flow = format!("fault {name}");
            let place_of_it = "table students row id=1 column version";
            assert_eq!((&found["flow"], &found["where"]), (&flow.clone().into(), &place_of_it.into()), "{database}");
            let case = &record["state"]["cases"][found["case"].as_u64().expect("a case") as usize];
            assert_eq!(case["again"], "verify", "{case:#}");
            assert!(case["about"].as_str().is_some_and(|about| about.contains("LOCK TABLE students")), "{case:#}");
            assert!(case["requests"].to_string().contains("--request PATCH"), "{case:#}");
            assert!(ended.stdout.contains("✗ fail  state.breaking == 0"), "{}", ended.stdout);
            assert!(ended.stdout.contains("; the databases after 1: 1 breaking"), "{}", ended.stdout);
            // Stored evidence says the same.
            let stored = place.out().join("run.json").display().to_string();
            let again = place.run(&["judge", &stored]);
            assert_eq!(again.code, Some(1), "{}\n{}", again.stdout, again.stderr);
            let junit = std::fs::read_to_string(place.out().join("junit.xml")).expect("a report");
            assert!(junit.contains("state.faults") && junit.contains(place_of_it), "{junit}");
        }
    }
}

#[test]
fn what_the_database_says_is_found_where_a_unique_constraint_refuses() {
    let place = Place::new();
    let (from, to) = with_defect("error-detail");
    let (ended, record) = verify(&place, &smoke(&[(&from, &to)]), "sqlite", "unique-violation");
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(fault(&record, "unique-violation")["breaking"].as_u64() > Some(0), "{:#}", record["faults"]);
}

#[test]
fn a_side_that_runs_elsewhere_gets_no_fault_and_that_is_said() {
    let place = Place::new();
    let elsewhere = Service::start(&place, "new", &["--stack", "async"]);
    let plan = place.file("plan.yaml", &smoke(&[]));
    let ended = place.run(&["verify", &plan, "--database", "sqlite", "--candidate", &elsewhere.url, "--faults", "all"]);
    let record = place.record();
    for name in &ALL[2..] {
        let reason = fault(&record, name)["not_applied"].as_str().expect("a reason").to_owned();
        assert!(reason.contains("candidate runs elsewhere"), "{reason}");
    }
    assert!(ended.stdout.contains("not made: statement-timeout, "), "{}", ended.stdout);
}

/// The lock is held, or the way stalled, for as long as a client waits; the signal comes in the middle of it.
#[test]
fn a_signal_in_the_middle_of_a_fault_leaves_nothing_behind() {
    for (database, name) in
        [("sqlite", "statement-timeout"), ("local", "statement-timeout"), ("local", "database-half-open")]
    {
        if !has_server(database) {
            continue;
        }
        let place = Place::new();
        let patient = "args: [--statement-timeout=60s, --operation-timeout=60s]";
        let changes = [
            (BASELINE, format!("baseline: {{ bundled: {{ stack: blocking, {patient} }} }}")),
            (CANDIDATE, format!("candidate: {{ bundled: {{ stack: async, {patient} }} }}")),
        ];
        let changes: Vec<(&str, &str)> = changes.iter().map(|(from, to)| (*from, to.as_str())).collect();
        let file = place.file("plan.yaml", &smoke(&changes));
        let mut running = place.start(&["verify", &file, "--database", database, "--faults", name]);
        let addresses = running.addresses_under_load();
        let is_held_up = |address: &String| {
            let metrics = get(address, "/metrics").unwrap_or_default();
            metrics.lines().any(|line| line.contains("state=\"used\"") && !line.ends_with(" 0"))
        };
        // On both sides, and for longer than a request that nothing holds up.
        let stuck = || (0..10).all(|_| addresses.iter().all(is_held_up));
        assert!(eventually(stuck), "{database}: {}", running.stderr());
        running.signal(Signal::INT);
        let ended = running.wait();
        assert_eq!(ended.code, Some(130), "{database}: {}", ended.stderr);
        let record = place.record();
        assert_eq!(record["ending"]["kind"], "interrupted");
        assert_eq!(record["parity"]["compared"], SMOKE_STEPS, "what was measured before is kept");
        place.assert_nothing_left(ended.pid);
    }
}

#[test]
fn faults_that_are_none_are_refused_before_anything_is_started() {
    let place = Place::new();
    for (faults, words) in
        [("database-stoped", "did you mean `database-stopped`?"), ("none,all", "unknown fault `none`")]
    {
        let ended = place.run(&["verify", "students-smoke", "--faults", faults]);
        assert_eq!(ended.code, Some(2), "{}", ended.stderr);
        assert!(ended.stderr.contains(words), "{}", ended.stderr);
    }
}
