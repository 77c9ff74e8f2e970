//! When iterations begin: flows at their weights, ramps, pauses; and what is said when the machine does not let us.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;

use serde_json::Value;

use crate::support::{CUTOVER, Place, list};

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

/// A server that answers every request with nothing, at once.
fn served() -> String {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            std::thread::spawn(move || answer(connection));
        }
    });
    format!("http://{address}")
}

fn answer(mut connection: TcpStream) {
    let (mut seen, mut buffer) = (Vec::new(), [0; 1024]);
    while let Ok(read @ 1..) = connection.read(&mut buffer) {
        seen.extend_from_slice(&buffer[..read]);
        if seen.ends_with(b"\r\n\r\n") {
            seen.clear();
            if connection.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").is_err() {
                return;
            }
        }
    }
}

/// Endless loops on one core, before whatever else would run there.
struct Burners(Vec<std::process::Child>);

impl Burners {
    fn start(count: usize) -> Self {
        let burner = || {
            let mut command = Command::new("taskset");
            command.args(["-c", "0", "sh", "-c", "while :; do :; done"]).spawn().expect("taskset")
        };
        Self(std::iter::repeat_with(burner).take(count).collect())
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            // It cannot have ended by itself.
            let _ = burner.kill();
            let _ = burner.wait();
        }
    }
}

/// The service is left alone; the generator gets what three endless loops of higher priority leave of a core. What it
/// measures says nothing about the service, and must be neither passed nor failed.
#[test]
fn a_generator_that_is_starved_makes_the_run_invalid() {
    if !["taskset", "setpriv", "nice"].iter().all(|tool| Command::new(tool).arg("--help").output().is_ok()) {
        println!("skipped: no taskset, setpriv or nice");
        return;
    }
    let place = Place::new();
    let served = served();
    let file = place.file(
        "plan.yaml",
        &format!(
            "version: 1
name: starved
sides: {{ baseline: {{ url: \"{served}\" }}, candidate: {{ url: \"{served}\" }} }}
flows: [ {{ name: one, steps: [ {{ request: GET /health }} ] }} ]
timeout: 1s
load: {{ rate: 200/s, users: 16, pairs: 4, block: 1s, settle: 0s, parity: false }}
gates: [ candidate.p95 <= 10s, candidate.p50 <= 1us ]
"
        ),
    );
    let load = |prefix: &[&str]| {
        // Without the right to run before others, which root has.
        let alone = ["setpriv", "--bounding-set=-sys_nice", "--inh-caps=-sys_nice"];
        let program = [&alone[..], prefix, &[CUTOVER, "load", &file, "--out", "out", "--no-color"]].concat();
        place.run_program(&program)
    };
    let starved = {
        let _burners = Burners::start(3);
        load(&["nice", "-n", "5", "taskset", "-c", "0"])
    };
    let record = place.record();
    assert_eq!(starved.code, Some(4), "{}\n{}", starved.stdout, starved.stderr);
    assert_eq!(record["verdict"], "invalid", "{}", record["reason"]);
    let codes: Vec<&str> = list(&record["findings"])
        .iter()
        .filter(|finding| finding["severity"] == "invalid")
        .filter_map(|finding| finding["code"].as_str())
        .collect();
    assert!(codes.contains(&"dispatch-lag") || codes.contains(&"arrivals-lost"), "{codes:?}");
    for report in ["summary.md", "report.html"] {
        let text = std::fs::read_to_string(place.out().join(report)).expect("a report");
        assert!(text.contains("released arrivals late") || text.contains("own fault"), "{report}");
        assert!(text.contains("entinel"), "{report}");
    }
    assert!(starved.stdout.contains("machine   steal"), "{}", starved.stdout);
    for block in list(&record["load"]["blocks"]) {
        assert!(block["machine"]["sentinel"]["asked"].as_u64() > Some(0), "{block}");
        assert!(block["machine"]["steal"].is_number(), "{block}");
    }

    // With nobody in its way the same plan is judged, and cannot pass: a gate of 1 µs does not hold.
    let judged = (0..4).any(|_| {
        load(&[]);
        ["fail", "inconclusive"].map(Value::from).contains(&place.record()["verdict"])
    });
    assert!(judged, "{}", place.record()["reason"]);
}

#[test]
fn too_few_open_files_are_told_before_the_load_and_raised_where_that_may_be() {
    let place = Place::new();
    let limited = |limits: &str| {
        let script = format!("{limits}; exec {CUTOVER} load http://127.0.0.1:1/ -c 300 -d 1s --out out");
        place.run_program(&["sh", "-c", &script])
    };
    let refused = limited("ulimit -Sn 200; ulimit -Hn 200");
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(refused.stderr.contains("open files, and this process may have 200"), "{}", refused.stderr);
    assert!(refused.stderr.contains("hint: `ulimit -n 4"), "300, those that are open, 128: {}", refused.stderr);
    assert!(!refused.stderr.contains("provision"), "nothing was started: {}", refused.stderr);
    let raised = limited("ulimit -Sn 200; ulimit -Hn 4000");
    assert!(raised.stderr.contains("limit of open files raised from 200 to 4"), "{}", raised.stderr);
    assert!(raised.stderr.contains("was not ready"), "and then it goes on: {}", raised.stderr);
}
