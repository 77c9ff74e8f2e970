//! What the load leaves behind: a candidate that keeps connections, memory or files is found, one that does not is not.

use serde_json::Value;

use crate::support::{CANDIDATE, Ended, Place, list, smoke};

fn load(place: &Place, defect: Option<&str>, changes: &[(&str, &str)]) -> (Ended, Value) {
    let candidate = defect.map(|defect| format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}] }} }}"));
    let mut all: Vec<(&str, &str)> = candidate.iter().map(|candidate| (CANDIDATE, candidate.as_str())).collect();
    all.extend(changes);
    let plan = place.file("plan.yaml", &smoke(&all));
    let ended = place.measure(&["load", &plan, "--database", "sqlite", "--seed", "7", "--no-color"]);
    let record = place.record();
    (ended, record)
}

fn codes(record: &Value) -> Vec<&str> {
    list(&record["findings"]).iter().filter_map(|finding| finding["code"].as_str()).collect()
}

fn gate<'r>(record: &'r Value, expr: &str) -> &'r Value {
    list(&record["gates"]).iter().find(|gate| gate["expr"] == expr).expect("a gate")
}

const FILES: &str = "candidate.fds.slope <= 1000/h";
/// 64 KiB of each of 160 requests per second are 35 GiB per hour.
const MEMORY: &str = "candidate.rss.slope <= baseline.rss.slope + 10 GiB/h";
const NO_LEAK: &str = "candidate.leak.connections == 0";

/// Few enough that no request ever waits for a connection in vain: only the look after the load finds them.
#[test]
fn connections_that_do_not_come_back_fail_and_are_counted() {
    let place = Place::new();
    let changes = [("pairs: 2", "pairs: 1"), ("rate: 10/s", "rate: 20/s")];
    let (ended, record) = load(&place, Some("leak-connection=40"), &changes);
    let after = &record["load"]["sides"]["candidate"]["after"];
    let leaked = after["leaked_connections"].as_u64().expect("a count");
    assert!((1..15).contains(&leaked), "{after:#}");
    assert_eq!(record["load"]["sides"]["candidate"]["pool"]["timeouts"], 0);
    assert_eq!(gate(&record, NO_LEAK)["status"], "fail", "{}", ended.stdout);
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(codes(&record).contains(&"leaked-connections"), "{}", ended.stdout);
    assert_eq!(record["load"]["sides"]["baseline"]["after"]["leaked_connections"], 0);
    let report = std::fs::read_to_string(place.out().join("report.html")).expect("report.html");
    assert!(report.contains("did not come back within"));
}

#[test]
fn what_grows_from_block_to_block_is_told_and_what_does_not_is_not() {
    let blocks = [("pairs: 2", "pairs: 12"), ("block: 2s", "block: 1s"), ("settle: 500ms", "settle: 200ms")];
    let rate = ("rate: 10/s", "rate: 20/s");
    let text = format!("  - candidate.pool.timeouts == 0\n  - {FILES}\n  - {MEMORY}");
    let gates = ("  - candidate.pool.timeouts == 0", text.as_str());
    let (defect, found, others) = ("leak-file=2, leak-memory=64", "files-grow", ["memory-grows", "leaked-connections"]);
    let place = Place::new();
    let (ended, record) = load(&place, Some(defect), &[&blocks[..], &[rate, gates]].concat());
    let told = codes(&record);
    assert_eq!(told.iter().filter(|told| **told == found).count(), 1, "of the candidate alone: {}", ended.stdout);
    // Growing memory is told from half a minute of load on; a gate decides earlier.
    assert!(!others.iter().any(|other| told.contains(other)), "{told:?}");
    for expr in [FILES, MEMORY] {
        assert_eq!(gate(&record, expr)["status"], "fail", "{}", ended.stdout);
    }
    let trend = &record["load"]["sides"]["candidate"]["after"]["memory"];
    assert_eq!(trend["points"], 9, "12 blocks, the first quarter left out: {trend:#}");

    let place = Place::new();
    let (ended, record) = load(&place, None, &[&blocks[..], &[rate, gates]].concat());
    let told = codes(&record);
    for code in others.into_iter().chain([found]) {
        assert!(!told.contains(&code), "{code}: {told:?}\n{}", ended.stdout);
    }
    for expr in [NO_LEAK, FILES, MEMORY] {
        assert_eq!(gate(&record, expr)["status"], "pass", "{}", ended.stdout);
    }
}
