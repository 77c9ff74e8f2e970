//! What is reported is what a client sees from its intended start, whatever the server does meanwhile.
//!
//! The server's script says what that is. A machine that is busy with something else adds to it; then the generator's own
//! lag, or the server's, shows it, and the run is done once more.

use serde_json::Value;

use super::support::Place;
use script::{Script, expected, quantile};

#[path = "../../benches/truth-server/script.rs"]
mod script;
#[path = "../../benches/truth-server/server.rs"]
mod server;

const RATE: f64 = 200.0;
const SECONDS: f64 = 5.0;
const QUANTILES: [(&str, f64); 4] = [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99)];
/// How far a figure may be off: 1 % or this, in µs. A build that is not optimised needs some time for itself.
const SLACK_US: f64 = if cfg!(debug_assertions) { 1_000.0 } else { 100.0 };
/// A generator or a server that is later than this, P99 in µs, was kept from its work.
const BUSY_US: u64 = 100;
const TRIES: usize = 5;

/// What a run reported, in µs, and by how much the machine was late, P99 in µs.
struct Seen {
    reported: Value,
    service: Value,
    late: u64,
}

fn load(script: Script) -> Seen {
    let start = || server::start(([127, 0, 0, 1], 0).into(), script, 1, server::Idle::Sleep).expect("a server");
    let (other, server) = (start(), start());
    let place = Place::new();
    let plan = format!(
        "version: 1\nname: truth\nsides: {{ baseline: {{ url: \"http://{}\" }}, candidate: {{ url: \"http://{}\" }} }}\n\
         flows: [{{ name: one, steps: [{{ request: GET / }}] }}]\n\
         load: {{ rate: {RATE}/s, spacing: uniform, users: 200, pairs: 1, block: {SECONDS}s, settle: 0s, parity: false }}\n",
        other.address, server.address
    );
    let plan = place.file("plan.yaml", &plan);
    let ended = place.run(&["load", &plan]);
    let record = place.record();
    let side = &record["load"]["sides"]["candidate"];
    assert!(side["requests"].as_f64() >= Some(RATE * SECONDS - 1.0), "{ended:?}");
    let lag = record["load"]["generator"]["dispatch_lag_us"]["p99"].as_u64().expect("a lag");
    let late = server.late.lock().expect("a histogram").value_at_quantile(0.99);
    Seen { reported: side["response_time_us"].clone(), service: side["service_time_us"].clone(), late: lag.max(late) }
}

/// What is not as the script says, after as many tries as the machine needs.
fn compare(text: &str) -> Seen {
    let script: Script = text.parse().expect("a script");
    let truth = expected(script, 1, RATE, (RATE * SECONDS) as u64);
    let mut wrong = Vec::new();
    for _ in 0..TRIES {
        let seen = load(script);
        wrong = QUANTILES
            .into_iter()
            .filter_map(|(name, share)| {
                let (reported, true_value) = (seen.reported[name].as_f64().expect("a figure"), quantile(&truth, share));
                let slack = SLACK_US.max(true_value / 100.0);
                (reported - true_value).abs().gt(&slack).then(|| format!("{name}: {reported}, in truth {true_value}"))
            })
            .collect();
        if wrong.is_empty() {
            return seen;
        }
        assert!(seen.late > BUSY_US, "{text}: {wrong:?}, and nothing was late: P99 {} µs", seen.late);
        println!("{text}: {wrong:?}; once more: the machine was busy, {} µs late (P99)", seen.late);
    }
    panic!("{text}: {wrong:?}; the machine was busy in each of {TRIES} tries: run this again when it is not");
}

#[test]
fn what_is_reported_is_what_the_script_says() {
    for script in ["fixed:50ms", "log-normal:40ms,0.4", "bimodal:30ms,120ms,0.1"] {
        compare(script);
    }
}

#[test]
fn a_stall_counts_for_everyone_who_arrived_meanwhile() {
    // No arrival is due just when a stall begins, which would be before it or after it by chance.
    let seen = compare("stall:2ms,1s,302.5ms");
    // Who waited for a free connection, or in the server, waited from the intended start.
    let p90 = |figure: &Value| figure["p90"].as_u64().expect("a figure");
    assert!(p90(&seen.reported) > 150_000, "{}", seen.reported);
    assert!(p90(&seen.service) > 100_000, "{}", seen.service);
}
