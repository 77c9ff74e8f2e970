//! Whole runs that go well: what is recorded, what is written, and that evidence can be judged and rendered again.

use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::Value;

use crate::support::{Ended, Place, SMOKE_STEPS, differences, files, has_server, list, short};

/// What scripts may rely on in each side's part of the load.
const SIDE_PATHS: [&str; 28] = [
    "requests",
    "errors",
    "error_rate",
    "throughput",
    "response_time_us/p50",
    "response_time_us/p90",
    "response_time_us/p95",
    "response_time_us/p99",
    "response_time_us/p999",
    "response_time_us/max",
    "response_time_us/mean",
    "service_time_us/p50",
    "service_time_us/p95",
    "service_time_us/p99",
    "service_time_us/max",
    "service_time_us/mean",
    "cpu",
    "rss_bytes",
    "pool/size",
    "pool/max",
    "pool/used/mean",
    "pool/used/max",
    "pool/pending/max",
    "pool/timeouts",
    "pool/wait_us/p50",
    "pool/wait_us/p95",
    "pool/wait_us/p99",
    "pool/saturated_share",
];

/// What a first try left. Kept in memory: nothing removes a directory that a static owns.
struct FirstTry {
    ended: Ended,
    record: Value,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl FirstTry {
    /// Puts the evidence into another place and returns its path.
    fn evidence(&self, place: &Place) -> String {
        let (_, bytes) = self.files.iter().find(|(name, _)| name.as_os_str() == "run.json").expect("run.json");
        place.file("evidence.json", &String::from_utf8_lossy(bytes))
    }
}

/// The smoke plan as people try it first, on a file of SQLite: done once for all tests of this file.
fn first_try() -> &'static FirstTry {
    static RUN: OnceLock<FirstTry> = OnceLock::new();
    RUN.get_or_init(|| {
        let place = Place::new();
        let ended = place.measure(&["run", "students-smoke", "--database", "sqlite", "--seed", "7"]);
        place.assert_nothing_left(ended.pid);
        FirstTry { ended, record: place.record(), files: files(&place.out()) }
    })
}

#[test]
fn the_smoke_plan_passes_and_its_record_has_every_promised_path() {
    let FirstTry { ended, record, .. } = first_try();
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    assert_eq!(record["verdict"], "pass", "{}", record["reason"]);
    assert_eq!(record["ending"]["kind"], "complete");
    assert_eq!(record["schema_version"], 1);
    assert!(
        ended.stdout.lines().next_back().is_some_and(|line| line.starts_with("verdict  pass — ")),
        "{}",
        ended.stdout
    );

    for gate in list(&record["gates"]) {
        assert_eq!(gate["status"], "pass", "{gate}");
        assert!(gate["expr"].is_string() && gate["reason"].is_string() && gate["observed"].is_number(), "{gate}");
        assert!(gate["samples"].as_u64() > Some(0) && gate.get("interval").is_some(), "{gate}");
    }
    assert_eq!(list(&record["gates"]).len(), 7);
    assert!(record["targets"].is_array());

    let parity = &record["parity"];
    assert_eq!((parity["requests"].as_u64(), parity["compared"].as_u64()), (Some(SMOKE_STEPS), Some(SMOKE_STEPS)));
    assert_eq!(parity["breaking"], 0);
    for difference in list(&parity["differences"]) {
        for key in ["class", "flow", "step", "where", "baseline", "candidate", "count"] {
            assert!(difference.get(key).is_some(), "{key} in {difference}");
        }
    }

    for side in ["baseline", "candidate"] {
        for path in SIDE_PATHS {
            let value = record.pointer(&format!("/load/sides/{side}/{path}"));
            assert!(value.is_some_and(Value::is_number), "{side}: {path} is {value:?}");
        }
        let figures = &record["load"]["sides"][side];
        assert!(figures["requests"].as_u64() > Some(50), "{side}: {}", figures["requests"]);
        assert_eq!(figures["errors"], 0, "{side}: {}", figures["errors_by_kind"]);
        assert!(figures["cpu"].as_f64() > Some(0.0) && figures["rss_bytes"].as_u64() > Some(1 << 20));
        for times in ["response_time_us", "service_time_us"] {
            let quantiles = ["p50", "p90", "p95", "p99", "p999", "max"].map(|name| figures[times][name].as_u64());
            assert!(quantiles[0] > Some(0) && quantiles.is_sorted(), "{side}, {times}: {quantiles:?}");
        }
        assert!(figures["service_time_us"]["p50"].as_u64() <= figures["response_time_us"]["p50"].as_u64());
        assert!(!list(&record["observations"][side]["process"]["at_ms"]).is_empty());
    }
    for path in ["offered", "achieved", "dispatch_lag_us/p50", "dispatch_lag_us/p99", "dispatch_lag_us/max", "cpu"] {
        let value = record.pointer(&format!("/load/generator/{path}"));
        assert!(value.is_some_and(Value::is_number), "generator: {path} is {value:?}");
    }
    for key in ["cutover", "profile", "os", "cores", "memory_bytes", "load_average", "database"] {
        assert!(!record["environment"][key].is_null(), "environment: {key}");
    }
    assert_eq!(list(&record["load"]["blocks"]).len(), 4);
}

#[test]
fn both_blocks_of_a_pair_have_the_same_arrivals_and_requests() {
    let FirstTry { record, .. } = first_try();
    let blocks = list(&record["load"]["blocks"]);
    for pair in [0, 1] {
        let of_pair: Vec<&Value> = blocks.iter().filter(|block| block["pair"] == pair).collect();
        let [first, second] = of_pair[..] else { panic!("pair {pair} has {} blocks", of_pair.len()) };
        assert_ne!(first["side"], second["side"]);
        assert_eq!(first["arrivals"], second["arrivals"]);
        assert!(first["arrivals"].as_u64() > Some(0));
    }
}

#[test]
fn every_report_is_written_and_holds_something() {
    let FirstTry { files: written, .. } = first_try();
    let names: Vec<String> = written.iter().map(|(name, _)| name.display().to_string()).collect();
    for name in ["run.json", "report.html", "junit.xml", "summary.md"] {
        assert!(names.iter().any(|written| written == name), "{name}: {names:?}");
    }
    let count =
        |start: &str, end: &str| names.iter().filter(|name| name.starts_with(start) && name.ends_with(end)).count();
    for side in ["baseline", "candidate"] {
        assert!(count(&format!("hdr/{side}-"), ".hlog") > 10, "{names:?}");
        assert_eq!(count(&format!("hdr/{side}-"), ".hlog"), count(&format!("hdr/{side}-"), ".hgrm"));
    }
    assert!(count("charts/", ".svg") > 0, "{names:?}");
    for (name, bytes) in written {
        assert!(!bytes.is_empty() || name.starts_with("logs"), "{} is empty", name.display());
    }
    // One file that needs no network.
    let html =
        String::from_utf8_lossy(&written.iter().find(|(name, _)| name.ends_with("report.html")).expect("html").1);
    assert!(html.contains("students-smoke") && !html.contains("src=\"http") && !html.contains("href=\"http"));
}

#[test]
fn a_record_renders_to_the_same_bytes_again() {
    let first = first_try();
    let again = Place::new();
    let record = first.evidence(&again);
    let rendered = again.run(&["report", &record, "--out", "other"]);
    assert_eq!(rendered.code, Some(0), "{}", rendered.stderr);
    let mut before = first.files.clone();
    before.retain(|(name, _)| name.as_os_str() != "run.json" && !name.starts_with("logs"));
    let after = files(&again.path().join("other"));
    let names = |files: &[(PathBuf, Vec<u8>)]| files.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    for ((name, old), (_, new)) in before.iter().zip(&after) {
        assert!(old == new, "{} differs", name.display());
    }
}

#[test]
fn stored_evidence_is_judged_again_with_the_same_gates_and_with_others() {
    let first = first_try();
    let elsewhere = Place::new();
    let path = first.evidence(&elsewhere);
    let before = std::fs::read(&path).expect("run.json");

    let same = elsewhere.run(&["judge", &path]);
    assert_eq!(same.code, Some(0), "{}", same.stdout);
    assert!(same.stdout.contains("verdict  pass — all 7 gates hold"), "{}", same.stdout);

    let other = elsewhere.run(&["judge", &path, "--gate", "candidate.max <= 1us", "--out", "judged"]);
    assert_eq!(other.code, Some(1), "{}", other.stdout);
    assert!(other.stdout.contains("✗ fail  candidate.max <= 1us"), "{}", other.stdout);
    let judged = std::fs::read_to_string(elsewhere.path().join("judged/run.json")).expect("run.json");
    let judged: Value = serde_json::from_str(&judged).expect("JSON");
    assert_eq!(judged["verdict"], "fail");
    assert_eq!(judged["load"], first.record["load"], "judging changes no evidence");

    // More samples than there are: nothing is decided.
    assert_eq!(elsewhere.run(&["judge", &path, "--gate", "candidate.p99.9 <= 10s"]).code, Some(4));
    assert_eq!(before, std::fs::read(&path).expect("run.json"), "the evidence stays as it was");
}

#[test]
fn standard_output_comes_in_the_format_that_was_asked_for() {
    let first = first_try();
    let elsewhere = Place::new();
    let path = first.evidence(&elsewhere);
    let quiet = elsewhere.run(&["judge", &path, "--quiet"]);
    assert_eq!((quiet.stdout.as_str(), quiet.stderr.as_str()), ("verdict  pass — all 7 gates hold\n", ""));
    let json: Value = serde_json::from_str(&elsewhere.run(&["judge", &path, "--format", "json"]).stdout).expect("JSON");
    assert_eq!(json["verdict"], "pass");
    assert_eq!(json["load"]["sides"]["candidate"]["requests"], first.record["load"]["sides"]["candidate"]["requests"]);
    let markdown = elsewhere.run(&["judge", &path, "--format", "markdown"]).stdout;
    assert!(markdown.starts_with("## ✅ cutover: pass"), "{markdown}");
}

#[test]
fn a_seed_repeats_the_order_of_blocks_and_their_arrivals() {
    let plan =
        short(&[("rate: 10/s", "rate: 5/s")]).replace("pairs: 1", "pairs: 4").replace("block: 1s", "block: 300ms");
    let plan = plan.replace("settle: 200ms", "settle: 50ms");
    let order = |seed: &str| {
        let place = Place::new();
        let file = place.file("plan.yaml", &plan);
        let ended = place.run(&["load", &file, "--database", "sqlite", "--seed", seed, "--quiet"]);
        assert!(matches!(ended.code, Some(0 | 4)), "{}", ended.stderr);
        let record = place.record();
        let told = |block: &Value| format!("{} {} {}", block["pair"], block["side"], block["arrivals"]);
        list(&record["load"]["blocks"]).iter().map(told).collect::<Vec<_>>()
    };
    let first = order("7");
    assert_eq!(first.len(), 8);
    assert_eq!(first, order("7"));
    assert_ne!(first, order("8"));
}

#[test]
fn every_provider_of_databases_gives_the_same_contract() {
    for provider in ["sqlite", "local", "docker"] {
        if !has_server(provider) {
            continue;
        }
        let place = Place::new();
        let ended = place.run(&["verify", "students-smoke", "--database", provider, "--quiet"]);
        let record = place.record();
        assert_eq!(record["parity"]["breaking"], 0, "{provider}: {:#?}", differences(&record, "breaking"));
        assert_eq!(record["parity"]["representation"], 0, "{provider}: {:#?}", differences(&record, "representation"));
        assert_eq!(record["parity"]["compared"], SMOKE_STEPS, "{provider}");
        // The gates on load are not judged, and that does not spoil the verdict on the contract.
        assert_eq!(ended.code, Some(0), "{provider}: {}{}", ended.stdout, ended.stderr);
        assert_eq!(ended.stdout.lines().count(), 1, "{}", ended.stdout);
        assert!(
            record["run"]["database"].as_str().is_some_and(|words| words.starts_with(provider)),
            "{}",
            record["run"]
        );
        assert!(record["load"].is_null());
        place.assert_nothing_left(ended.pid);
    }
}
