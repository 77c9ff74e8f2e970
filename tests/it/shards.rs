//! One load made by several processes, and merged.

use std::net::SocketAddr;
use std::process::Child;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use crate::scripted::serve;
use crate::support::{Place, TRIES, is_disturbed, list, whole_machine};

/// Where the four processes write, in no order.
const SHARDS: [&str; 4] = ["shard-3", "shard-1", "shard-4", "shard-2"];

/// Answers after 20 ms, whatever is asked.
fn server() -> SocketAddr {
    serve(|_, _, _| {
        std::thread::sleep(Duration::from_millis(20));
        (200, String::new(), "{}".to_owned())
    })
}

fn plan(address: SocketAddr) -> String {
    format!(
        "version: 1\nname: shared\nsides:\n  baseline: {{ url: \"http://{address}\" }}\n  \
         candidate: {{ url: \"http://{address}\" }}\nflows:\n  - {{ name: read, weight: 3, steps: [ {{ request: GET /a }} ] }}\n  \
         - {{ name: write, weight: 1, steps: [ {{ request: GET /b }} ] }}\nload: {{ model: open, rate: 80/s, users: 32, \
         pairs: 2, block: 2s, settle: 500ms, parity: false }}\ntimeout: 1s\ngates: [ candidate.error_rate <= 10% ]\n"
    )
}

/// Starts the four processes at once and waits for them; how each ended.
fn load_in_four(place: &Place, plan: &str) -> Vec<Option<i32>> {
    let _machine = whole_machine();
    let start = Timestamp::from_second(Timestamp::now().as_second() + 8).expect("a time").to_string();
    let shards: Vec<Child> = (1..=4)
        .map(|index| {
            let (share, out) = (format!("{index}/4"), format!("shard-{index}"));
            let arguments =
                ["load", plan, "--seed", "7", "--shard", &share, "--start-at", &start, "--out", &out, "--quiet"];
            place.command(&arguments).spawn().expect("the program")
        })
        .collect();
    shards.into_iter().map(|mut shard| shard.wait().expect("an end").code()).collect()
}

/// Makes the load in four and merges it, and once more where something else on the machine kept a generator from keeping
/// time, as [`Place::measure`] does. Returns what was told of `merged`.
fn load_and_merge(place: &Place, plan: &str) -> String {
    let mut tries = 1;
    loop {
        let codes = load_in_four(place, plan);
        assert!(codes.iter().all(|code| matches!(code, Some(0 | 4))), "{codes:?}");
        let (code, told) = merge(place, &[&SHARDS[..], &["--out", "merged"]].concat());
        assert!(matches!(code, Some(0 | 4)), "{told}");
        let written = [&SHARDS[..], &["merged"]].concat();
        if tries == TRIES || !written.iter().any(|name| is_disturbed(&read(place, name))) {
            assert!(codes.iter().all(|code| *code == Some(0)), "{codes:?}");
            assert_eq!(code, Some(0), "{told}");
            return told;
        }
        println!("once more: a generator was disturbed");
        for name in written {
            std::fs::remove_dir_all(place.path().join(name)).expect("removed");
        }
        tries += 1;
    }
}

/// The record in a directory.
fn read(place: &Place, name: &str) -> Value {
    let text = std::fs::read_to_string(place.path().join(name).join("run.json")).expect("run.json");
    serde_json::from_str(&text).expect("JSON")
}

fn merge(place: &Place, arguments: &[&str]) -> (Option<i32>, String) {
    let output = place.command(&[&["merge"], arguments].concat()).output().expect("the program");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Requests of each step of each side, and arrivals of each block.
fn counts(record: &Value) -> (Vec<u64>, Vec<u64>) {
    let steps = ["baseline", "candidate"].iter().flat_map(|side| list(&record["load"]["sides"][side]["steps"]));
    let blocks = list(&record["load"]["blocks"]);
    let number = |value: &Value| value.as_u64().expect("a number");
    (
        steps.map(|step| number(&step["requests"])).collect(),
        blocks.iter().map(|block| number(&block["arrivals"])).collect(),
    )
}

#[test]
fn four_processes_make_the_same_load_as_one() {
    let place = Place::new();
    let file = place.file("plan.yaml", &plan(server()));
    let alone = place.measure(&["load", &file, "--seed", "7"]);
    assert_eq!(alone.code, Some(0), "{}{}", alone.stdout, alone.stderr);
    let alone = place.record();
    let told = load_and_merge(&place, &file);
    let merged = read(&place, "merged");
    assert_eq!(counts(&merged), counts(&alone), "each arrival in exactly one shard");
    for side in ["baseline", "candidate"] {
        let of = |record: &Value| record["load"]["sides"][side]["response_time_us"].clone();
        let sum: u64 = SHARDS.iter().filter_map(|name| of(&read(&place, name))["count"].as_u64()).sum();
        assert_eq!(of(&merged)["count"], sum);
        for quantile in ["p50", "p95"] {
            let (one, four) = (of(&alone)[quantile].as_f64(), of(&merged)[quantile].as_f64());
            let ratio = four.expect("a time") / one.expect("a time");
            assert!((0.6..1.7).contains(&ratio), "{side} {quantile}: {four:?} against {one:?}");
        }
    }
    assert_eq!(list(&merged["load"]["shards"]).len(), 4);
    assert_eq!(merged["verdict"], "pass", "{told}");
    assert!(place.path().join("merged/report.html").is_file());

    // Shards that are not all there, or not of one load, make nothing.
    let (code, told) = merge(&place, &["shard-1", "shard-2", "shard-4", "--out", "no"]);
    assert!(code == Some(2) && told.contains("of 4 shards, these are missing: 3"), "{told}");
    let (code, told) = merge(&place, &["shard-1", "shard-2", "shard-2", "shard-3"]);
    assert!(code == Some(2) && told.contains("`shard-2` and `shard-2` are both shard 2"), "{told}");
    let (code, told) = merge(&place, &["shard-1", "out"]);
    assert!(code == Some(2) && told.contains("`out` is no shard"), "{told}");
    assert!(!place.path().join("no").exists());
}

#[test]
fn a_share_that_cannot_be_made_is_refused_before_anything_is_started() {
    let place = Place::new();
    let shared = place.file("shared.yaml", &plan(server()));
    let own = place.file("own.yaml", &crate::support::smoke(&[]));
    let start = Timestamp::from_second(Timestamp::now().as_second() + 600).expect("a time").to_string();
    let cases: [(&[&str], &str); 6] = [
        (&[&shared, "--seed", "7", "--shard", "5/4", "--start-at", &start], "`5/4` is no share"),
        (&[&shared, "--seed", "7", "--shard", "1/4", "--start-at", "2020-01-01T00:00:00Z"], "has passed"),
        (&[&shared, "--shard", "1/4", "--start-at", &start], "all shards need the same seed"),
        (&[&shared, "--seed", "7", "-c", "4", "--shard", "1/4", "--start-at", &start], "the closed model has none"),
        (
            &[&own, "--seed", "7", "--shard", "1/4", "--start-at", &start],
            "each process would start a baseline of its own",
        ),
        (&[&shared, "--seed", "7", "--shard", "1/4"], "--start-at"),
    ];
    for (arguments, expected) in cases {
        let output = place.command(&[&["load"], arguments].concat()).output().expect("the program");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(expected), "{arguments:?}: {told}");
    }
}
