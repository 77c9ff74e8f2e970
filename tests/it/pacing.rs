//! When iterations begin: flows at their weights, ramps, pauses; and what is said when the machine does not let us.

use serde_json::Value;

use crate::support::{Place, list};

/// Both sides are the async stack, so that they keep up; no settle time, so that every arrival is counted.
fn plan(load: &str, flows: &str) -> String {
    format!(
        "version: 1
name: pacing
sides: {{ baseline: {{ bundled: {{ stack: async }} }}, candidate: {{ bundled: {{ stack: async }} }} }}
database: {{ seed: {{ students: 10 }} }}
flows: [ {flows} ]
load: {{ {load}, settle: 0s, parity: false }}
gates: [ candidate.p95 <= 10s ]
"
    )
}

fn load_with(place: &Place, load: &str, flows: &str) -> Value {
    let file = place.file("plan.yaml", &plan(load, flows));
    let ended = place.measure(&["load", &file, "--database", "sqlite", "--seed", "7", "--quiet"]);
    let record = place.record();
    assert_eq!(record["ending"]["kind"], "complete", "{}", ended.stderr);
    record["load"].clone()
}

/// Requests of each step on one side.
fn requests(load: &Value, side: &str) -> Vec<f64> {
    let steps = list(&load["sides"][side]["steps"]);
    steps.iter().map(|step| step["requests"].as_f64().expect("a count")).collect()
}

fn flow(name: &str, weight: u32, more: &str, steps: usize) -> String {
    let steps = vec!["{ request: GET /health }"; steps].join(", ");
    format!("{{ name: {name}, weight: {weight}, {more} steps: [ {steps} ] }}")
}

#[test]
fn flows_arrive_at_their_weights_and_both_sides_get_the_same() {
    let place = Place::new();
    let flows = [flow("a", 70, "", 1), flow("b", 25, "", 1), flow("c", 5, "", 1)].join(", ");
    let load = load_with(&place, "rate: 400/s, pairs: 2, block: 3s, spacing: poisson", &flows);
    let counts = requests(&load, "candidate");
    assert_eq!(counts, requests(&load, "baseline"));
    let all: f64 = counts.iter().sum();
    assert!(all > 2_000.0, "{counts:?}");
    for (count, weight) in counts.iter().zip([0.70, 0.25, 0.05]) {
        assert!((count / all - weight).abs() < 0.01, "{counts:?}");
    }
}

#[test]
fn each_block_goes_through_the_stages() {
    let place = Place::new();
    let stages =
        "stages: [ { duration: 2s, target: 200/s }, { duration: 0s, target: 50/s }, { duration: 1s, target: 50/s } ]";
    let load = load_with(&place, &format!("{stages}, pairs: 2, spacing: uniform"), &flow("a", 1, "", 1));
    assert!(
        load["arrivals"].as_str().is_some_and(|words| words.contains("from 0 to 200 in 2s")),
        "{}",
        load["arrivals"]
    );
    assert_eq!((load["block_s"].as_f64(), load["rate"].as_f64()), (Some(3.0), Some(200.0)));
    let blocks = list(&load["blocks"]);
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let seconds: Vec<u64> =
            list(&block["seconds"]).iter().filter_map(|second| second["requests"].as_u64()).collect();
        // ½ · 100, ½ · (100 + 200), 50.
        for (second, expected) in seconds.iter().zip([50, 150, 50]) {
            assert!(second.abs_diff(expected) <= 1, "{seconds:?}");
        }
    }
}

/// Each user does an iteration in a little more than its pause, so the number of requests tells that of the users.
#[test]
fn users_come_and_go_with_the_stages_and_pause() {
    let place = Place::new();
    let stages = "stages: [ { duration: 2s, target: 8 }, { duration: 0s, target: 2 }, { duration: 2s, target: 2 } ]";
    let flows = [flow("a", 3, "think: 50ms..100ms,", 1), flow("b", 1, "think: 75ms,", 2)].join(", ");
    let load = load_with(&place, &format!("model: closed, {stages}, pairs: 1"), &flows);
    assert_eq!(load["users"], 8);
    for block in list(&load["blocks"]) {
        let seconds: Vec<u64> =
            list(&block["seconds"]).iter().filter_map(|second| second["requests"].as_u64()).collect();
        let [first, second, third, fourth] = seconds[..] else { panic!("{seconds:?}") };
        // The mean number of users is 2, 6, 2 and 2; 13 requests per second of a user at most.
        assert!(second > 2 * first && second > 2 * third, "{seconds:?}");
        assert!(seconds.iter().zip([2, 6, 2, 2]).all(|(requests, users)| *requests <= users * 16), "{seconds:?}");
        assert!(third > 5 && fourth > 5, "{seconds:?}");
    }
    for side in ["baseline", "candidate"] {
        let steps = list(&load["sides"][side]["steps"]);
        let pauses_count = steps.iter().any(|step| step["response_time_us"]["p50"].as_u64() > Some(50_000));
        assert!(!pauses_count, "a pause is no part of a response time: {steps:#?}");
    }
}
