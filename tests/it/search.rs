//! The search for what a side can bear, against servers whose limit is known.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rustix::process::Signal;
use serde_json::Value;

use crate::scripted::serve;
use crate::support::{Place, list};

/// A pool of ten connections, each held for 25 ms: 400 requests per second.
#[derive(Default)]
struct Pool {
    /// In use, waiting.
    state: Mutex<(u32, u32)>,
    free: Condvar,
}

const CONNECTIONS: u32 = 10;
const HELD: Duration = Duration::from_millis(25);

impl Pool {
    fn work(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.1 += 1;
        while state.0 == CONNECTIONS {
            state = self.free.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        *state = (state.0 + 1, state.1 - 1);
        drop(state);
        std::thread::sleep(HELD);
        self.state.lock().unwrap_or_else(PoisonError::into_inner).0 -= 1;
        self.free.notify_one();
    }

    fn metrics(&self) -> String {
        let (used, pending) = *self.state.lock().unwrap_or_else(PoisonError::into_inner);
        format!(
            "db_client_connection_count{{state=\"used\"}} {used}\ndb_client_connection_count{{state=\"idle\"}} {}\n\
             db_client_connection_max {CONNECTIONS}\ndb_client_connection_pending_requests {pending}\n",
            CONNECTIONS - used
        )
    }
}

fn pooled() -> SocketAddr {
    let pool = Pool::default();
    serve(move |_, path, _| {
        if path == "/metrics" {
            return (200, String::new(), pool.metrics());
        }
        pool.work();
        (200, String::new(), "{}".to_owned())
    })
}

/// One worker, service times exponential with mean 1 ÷ μ, in the order of arrival: P95 of the response is ln 20 ÷ (μ − λ).
fn queue(mu: f64, seed: u64) -> SocketAddr {
    let state = Mutex::new((Instant::now(), Xoshiro256PlusPlus::seed_from_u64(seed)));
    serve(move |_, _, _| {
        let done = {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            let service = Duration::from_secs_f64(-(1.0 - state.1.random::<f64>()).ln() / mu);
            state.0 = state.0.max(Instant::now()) + service;
            state.0
        };
        std::thread::sleep(done.saturating_duration_since(Instant::now()));
        (200, String::new(), "{}".to_owned())
    })
}

fn found(place: &Place) -> Value {
    place.record()["search"]["sides"]["candidate"].clone()
}

fn rates<'r>(side: &'r Value, outcome: &'r str) -> impl Iterator<Item = f64> + 'r {
    list(&side["steps"]).iter().filter(move |step| step["outcome"] == outcome).filter_map(|step| step["rate"].as_f64())
}

#[test]
fn the_limit_of_a_pool_is_found_and_its_size_with_it() {
    let place = Place::new();
    let url = format!("http://{}/work", pooled());
    let gate = "candidate.p95 <= 200ms";
    let ended = place.run(&[
        "search",
        &url,
        "--gate",
        gate,
        "--candidate-metrics",
        "/metrics",
        "--start",
        "213.4",
        "--step",
        "4s",
        "--precision",
        "10%",
        "--seed",
        "7",
        "--no-color",
    ]);
    let side = found(&place);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
    // 213.4, then half as much again: 320.1.
    assert!(rates(&side, "met").any(|rate| (rate - 320.1).abs() < 0.01), "{}", ended.stdout);
    assert!(rates(&side, "met").all(|rate| rate < 440.0), "{}", ended.stdout);
    let capacity = side["capacity"].as_f64().expect("a capacity");
    assert!((320.0..440.0).contains(&capacity), "{}", ended.stdout);
    let (rate, used) = (side["pool_size"]["rate"].as_f64().unwrap(), side["pool_size"]["used"].as_f64().unwrap());
    assert!((used / (rate * HELD.as_secs_f64()) - 1.0).abs() < 0.25, "Little's law: {used} at {rate}/s");
    assert!(side["pool_size"]["connections"].as_f64() > Some(used), "room for chance");
    assert!(ended.stdout.contains("By Little's law") && ended.stdout.contains("Universal Scalability Law"));
    let read = |name: &str| std::fs::read_to_string(place.out().join(name)).expect(name);
    assert!(read("report.html").contains("id=\"capacity\"") && read("summary.md").contains("### Capacity"));
    assert!(read("charts/capacity.svg").contains("What each side can bear"));
}

/// λ* = μ − ln 20 ÷ limit = 500 − 3.00 ÷ 0.040 = 425. What is drawn leads one search in ten astray; one that is biased
/// misses with every seed.
#[test]
fn the_limit_of_a_queue_is_found_within_seven_percent() {
    let truth = 500.0 - 20_f64.ln() / 0.040;
    let mut missed = String::new();
    for (drawn, seed) in [(3, "7"), (4, "8"), (5, "9")] {
        let place = Place::new();
        let url = format!("http://{}/work", queue(500.0, drawn));
        let ended = place.run(&[
            "search",
            &url,
            "--gate",
            "candidate.p95 <= 40ms",
            "--start",
            "320",
            "--step",
            "8s",
            "--precision",
            "6%",
            "--seed",
            seed,
            "--no-color",
        ]);
        let capacity = found(&place)["capacity"].as_f64();
        if capacity.is_some_and(|capacity| (capacity / truth - 1.0).abs() <= 0.07) {
            assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
            return;
        }
        missed = format!("{missed}{capacity:?} against {truth}\n{}{}\n", ended.stdout, ended.stderr);
    }
    panic!("{missed}");
}

#[test]
fn an_interrupted_search_keeps_what_it_found() {
    let place = Place::new();
    let url = format!("http://{}/work", pooled());
    let mut running =
        place.start(&["search", &url, "--gate", "candidate.p95 <= 200ms", "--start", "20", "--step", "1s"]);
    running.lines("candidate at ", 2);
    running.signal(Signal::INT);
    let ended = running.wait();
    assert_eq!(ended.code, Some(130), "{}{}", ended.stdout, ended.stderr);
    let side = found(&place);
    assert!(list(&side["steps"]).len() >= 2 && side["searches"][0]["end"] == "unfinished", "{side:#}");
    assert!(side["searches"][0]["met"].as_f64() >= Some(20.0), "{side:#}");
}

/// A service that refuses what it has seen before, as one with a unique column does, beside one whose search ends sooner.
#[test]
fn no_step_sends_what_another_step_on_that_side_has_sent() {
    let seen = Arc::new(Mutex::new((HashSet::new(), 0)));
    let candidate = serve({
        let seen = seen.clone();
        move |_, path, _| {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let is_new = !path.starts_with("/new") || seen.0.insert(path.to_owned());
            seen.1 += u64::from(!is_new);
            (if is_new { 201 } else { 409 }, String::new(), "{}".to_owned())
        }
    });
    let baseline =
        serve(|_, path, _| (if path.starts_with("/new") { 500 } else { 200 }, String::new(), "{}".to_owned()));
    let plan = format!(
        "version: 1\nname: new\nsides: {{ baseline: {{ url: 'http://{baseline}' }}, candidate: {{ url: 'http://{candidate}' }} }}\n\
         flows: [ {{ name: create, steps: [ {{ request: 'POST /new?key={{{{unique}}}}', name: create, expect: {{ status: 201 }} }} ] }} ]\n\
         load: {{ rate: 20/s, spacing: uniform, settle: 200ms, block: 1200ms }}\ngates: [ candidate.error_rate <= 1% ]\n"
    );
    let place = Place::new();
    let plan = place.file("plan.yaml", &plan);
    let ended = place.measure(&["search", &plan, "--start", "2", "--most", "25", "--step", "1s", "--seed", "5"]);
    let steps = |role: &str| list(&place.record()["search"]["sides"][role]["steps"]).len();
    assert!(steps("candidate") > steps("baseline") + 1, "{}{}", ended.stdout, ended.stderr);
    let (kept, refused) = {
        let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        (seen.0.len(), seen.1)
    };
    assert!(kept > 40 && refused == 0, "{kept} new, {refused} not new: {}", ended.stdout);
}

/// Of a flow that comes once in ten thousand times there is no figure.
#[test]
fn what_is_said_of_a_step_on_the_baseline_has_gates_as_they_are_spelled() {
    let side = serve(|_, _, _| (200, String::new(), "{}".to_owned()));
    let plan = format!(
        "version: 1\nname: spelled\nsides: {{ baseline: {{ url: 'http://{side}' }}, candidate: {{ url: 'http://{side}' }} }}\n\
         flows: [ {{ name: often, weight: 10000, steps: [ {{ request: GET /a }} ] }},\n\
         {{ name: the candidate, weight: 1, steps: [ {{ request: GET /b }} ] }} ]\n\
         load: {{ rate: 20/s, spacing: uniform, settle: 200ms, block: 1200ms }}\n\
         gates: [ candidate.error_rate <= 1% for the candidate ]\n"
    );
    let place = Place::new();
    let plan = place.file("plan.yaml", &plan);
    let mut running = place.start(&["search", &plan, "--start", "20", "--step", "1s", "--seed", "5"]);
    running.lines("baseline at ", 2);
    running.signal(Signal::INT);
    let ended = running.wait();
    // A generator that was disturbed says so first.
    let record = place.record();
    let steps = list(&record["search"]["sides"]["baseline"]["steps"]).iter().filter_map(|step| step["reason"].as_str());
    let told: Vec<&str> = steps.filter(|reason| reason.contains("error_rate")).collect();
    let expected = "`candidate.error_rate <= 1% for the candidate`: no requests were measured there";
    assert!(!told.is_empty() && told.iter().all(|reason| *reason == expected), "{told:?} {}", ended.stderr);
}

#[test]
fn a_search_that_makes_no_sense_is_refused() {
    let place = Place::new();
    for (arguments, expected) in [
        (&["http://127.0.0.1:1/"][..], "nothing to hold a rate against"),
        (
            &["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--start", "500", "--most", "100"],
            "below the first rate",
        ),
        (&["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--step", "10ms"], "--step: at least 1s"),
        (&["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--step", "2000000h"], "--step: at most"),
        (
            &["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--precision", "0"],
            "--precision: between 1% and 50%",
        ),
        (&["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--repeats", "0"], "--repeats"),
        (
            &["http://127.0.0.1:1/", "--gate", "candidate.p95 <= 1s", "--step", "10m"],
            "are the most that are kept in memory",
        ),
    ] {
        let output = place.command(&[&["search"], arguments].concat()).output().expect("the program");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && told.contains(expected), "{arguments:?}: {told}");
    }
}
