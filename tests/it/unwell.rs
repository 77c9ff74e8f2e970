//! Sides that do not hold out under load: what they fail is counted, the run comes to its end, and it is judged as far as it goes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, prlimit};
use serde_json::Value;

use super::support::{Place, eventually, list};

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// What a side does under load. Readiness is always answered well.
#[derive(Clone, Copy, PartialEq)]
enum Trouble {
    None,
    /// Answers the first hundred requests, then nothing any more.
    Stalls,
    /// Answers on so many connections and takes no other.
    RefusesAfter(usize),
    /// Resets the connection of every tenth request in place of an answer.
    ResetsEveryTenth,
    /// Answers, later than anybody waits.
    Late,
}

/// Counts of one side.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: AtomicU64,
}

fn serve(trouble: Trouble) -> (SocketAddr, Arc<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let seen = Arc::new(Seen::default());
    let shared = Arc::clone(&seen);
    std::thread::spawn(move || {
        loop {
            let Ok((stream, _)) = listener.accept() else { return };
            let number = seen.connections.fetch_add(1, Ordering::SeqCst);
            let seen = Arc::clone(&seen);
            std::thread::spawn(move || while answer(&stream, trouble, &seen).is_some() {});
            if matches!(trouble, Trouble::RefusesAfter(most) if number + 1 >= most) {
                // The listener is closed with the end of the loop: whoever comes now is refused.
                return;
            }
        }
    });
    (address, shared)
}

/// Answers one request; nothing if the connection is over.
fn answer(mut stream: &TcpStream, trouble: Trouble, seen: &Seen) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    if head.starts_with(b"GET /health ") {
        return stream.write_all(GOOD).ok();
    }
    let number = seen.requests.fetch_add(1, Ordering::SeqCst);
    match trouble {
        Trouble::Stalls if number >= 100 => {
            // Until the client gives up.
            let _ = stream.read(&mut [0]);
            return None;
        }
        Trouble::Late => {
            std::thread::sleep(Duration::from_millis(400));
            stream.write_all(GOOD).ok()?;
        }
        Trouble::ResetsEveryTenth if number % 10 == 9 => {
            // A part of an answer, so that it is nothing a client may send again; the rest of the request is lost.
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\no").ok()?;
            return None;
        }
        Trouble::RefusesAfter(_) => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok").ok()?;
            return None;
        }
        _ => stream.write_all(GOOD).ok()?,
    }
    Some(())
}

/// A run of a side that is well against one that is not; gives back what was measured of the latter. It must have come to its
/// end, and the gate on errors must have failed.
fn run(trouble: Trouble, load: &str) -> Value {
    let place = Place::new();
    let plan = format!(
        "version: 1\nname: unwell\ntimeout: 250ms\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  \
         candidate: {{ url: \"http://{}\" }}\nflows:\n  - name: one\n    steps:\n      - request: GET /x\n\
         load: {{ {load}, pairs: 1, block: 2s, settle: 0s, parity: false }}\ngates: [\"candidate.error_rate <= 1%\"]\n",
        serve(Trouble::None).0,
        serve(trouble).0
    );
    let plan = place.file("plan.yaml", &plan);
    let ended = place.measure(&["load", &plan]);
    let record = place.record();
    assert_eq!(record["gates"][0]["status"], "fail", "{ended:?}");
    // A machine that is too busy for figures is told besides.
    assert!([Some(1), Some(4)].contains(&ended.code), "{ended:?}");
    assert_eq!(record["ending"]["kind"], "complete", "{}", record["ending"]);
    assert_eq!(record["load"]["sides"]["baseline"]["errors"], 0, "{:?}", record["load"]["sides"]["baseline"]);
    assert_eq!(record["load"]["generator"]["panics"], 0);
    record["load"]["sides"]["candidate"].clone()
}

fn count(side: &Value, kind: &str) -> u64 {
    side["errors_by_kind"][kind].as_u64().unwrap_or(0)
}

#[test]
fn what_was_done_before_the_generator_could_not_go_on_is_on_record_and_never_passes() {
    let place = Place::new();
    let (address, seen) = serve(Trouble::None);
    let plan = format!(
        "version: 1\nname: broken\nsides: {{ baseline: {{ url: \"http://{address}\" }}, candidate: {{ url: \"http://{address}\" }} }}\n\
         flows: [{{ name: one, steps: [{{ request: GET /x }}] }}]\n\
         load: {{ rate: 200/s, spacing: uniform, users: 4, pairs: 20, block: 500ms, settle: 0s, parity: false }}\n\
         gates: [\"candidate.error_rate <= 1%\"]\n"
    );
    let plan = place.file("plan.yaml", &plan);
    let mut running = place.start(&["load", &plan]);
    // The first pair is over. Whatever is open stays open, but nothing can be opened any more, as if others had used up all files.
    assert!(eventually(|| seen.requests.load(Ordering::SeqCst) > 250));
    let process = Pid::from_raw(i32::try_from(running.pid()).unwrap());
    let files = |current| Rlimit { current: Some(current), maximum: Some(1_024) };
    let before = prlimit(process, Resource::Nofile, files(3)).unwrap();
    running.lines("could not go on in pair", 1);
    prlimit(process, Resource::Nofile, files(before.current.unwrap().min(1_024))).unwrap();
    let ended = running.wait();
    let record = place.record();
    assert_eq!((ended.code, &record["verdict"]), (Some(4), &Value::from("invalid")), "{ended:?}");
    let code = |finding: &Value| finding["code"] == "generator-failed";
    assert!(list(&record["findings"]).iter().any(code), "{}", record["findings"]);
    let blocks = list(&record["load"]["blocks"]);
    assert!((2..40).contains(&blocks.len()), "{}", blocks.len());
    for side in ["baseline", "candidate"] {
        assert!(record["load"]["sides"][side]["requests"].as_u64() >= Some(99), "{side}");
    }
}

#[test]
fn what_was_not_due_when_a_load_ended_early_is_not_lost() {
    let place = Place::new();
    let plan = format!(
        "version: 1\nname: early\nsides: {{ baseline: {{ url: \"http://{}\" }}, candidate: {{ url: \"http://{}\" }} }}\n\
         flows: [{{ name: one, steps: [{{ request: GET /x }}] }}]\n\
         load: {{ rate: 200/s, spacing: uniform, users: 20, pairs: 2, block: 20s, settle: 0s, parity: false }}\n\
         gates: [\"candidate.error_rate <= 1%\"]\n",
        serve(Trouble::None).0,
        serve(Trouble::RefusesAfter(2)).0
    );
    let plan = place.file("plan.yaml", &plan);
    // With this seed the candidate comes first.
    let ended = place.run(&["load", &plan, "--seed", "2"]);
    let record = place.record();
    assert_eq!(record["load"]["stopped"]["cause"], "failures", "{ended:?}");
    let cut = list(&record["load"]["blocks"]).last().expect("a block");
    let (arrivals, length) = (cut["arrivals"].as_f64().unwrap(), cut["measured_s"].as_f64().unwrap());
    assert!(length < 19.0 && (arrivals - length * 200.0).abs() <= 2.0, "{arrivals} in {length} s");
    assert_eq!(record["gates"][0]["status"], "fail", "{ended:?}");
}

#[test]
fn a_replay_that_is_interrupted_keeps_what_was_compared() {
    let place = Place::new();
    let (address, seen) = serve(Trouble::Stalls);
    let sides = format!(
        "{{ baseline: {{ url: \"http://{}\" }}, candidate: {{ url: \"http://{address}\" }} }}",
        serve(Trouble::None).0
    );
    let flows: Vec<String> =
        (0..120).map(|number| format!("{{ name: f{number}, steps: [{{ request: GET /x }}] }}")).collect();
    let plan = format!("version: 1\nname: cut\ntimeout: 60s\nsides: {sides}\nflows: [{}]\n", flows.join(", "));
    let plan = place.file("plan.yaml", &plan);
    let running = place.start(&["verify", &plan]);
    // The hundred-and-first request is not answered.
    assert!(eventually(|| seen.requests.load(Ordering::SeqCst) > 100));
    running.signal(Signal::INT);
    let ended = running.wait();
    let record = place.record();
    assert_eq!((ended.code, &record["ending"]["kind"]), (Some(130), &Value::from("interrupted")), "{ended:?}");
    assert_eq!(
        (&record["parity"]["compared"], &record["parity"]["flows_left"]),
        (&100.into(), &20.into()),
        "{ended:?}"
    );
    assert!(ended.stdout.contains("broken off: 20 flows"), "{}", ended.stdout);
}

const MODELS: [&str; 2] = ["model: closed, users: 8", "rate: 200/s, users: 20"];

#[test]
fn a_side_that_stalls_for_the_whole_block_fails_by_its_timeouts() {
    for load in MODELS {
        let side = run(Trouble::Stalls, load);
        assert!(count(&side, "timeout") > 20, "{side}");
        assert_eq!(count(&side, "timeout") + count(&side, "unsent"), side["errors"].as_u64().unwrap(), "{side}");
    }
    // The open model counts those that nobody could send, with the time they waited.
    let side = run(Trouble::Stalls, "rate: 200/s, users: 4");
    assert!(count(&side, "unsent") > 100, "{side}");
    assert!(side["response_time_us"]["max"].as_u64() > Some(1_000_000), "{side}");
}

#[test]
fn a_side_that_is_always_later_than_the_timeout_answers_nothing() {
    for load in MODELS {
        let side = run(Trouble::Late, load);
        assert_eq!(side["errors"], side["requests"], "{side}");
        assert!(count(&side, "timeout") > 20, "{side}");
    }
}

#[test]
fn every_tenth_request_that_is_reset_is_one_error_in_ten() {
    for load in MODELS {
        let side = run(Trouble::ResetsEveryTenth, load);
        let (requests, resets) = (side["requests"].as_f64().unwrap(), count(&side, "reset") as f64);
        assert!(requests > 100.0 && (resets / requests - 0.1).abs() < 0.03, "{side}");
        assert_eq!(count(&side, "reset"), side["errors"].as_u64().unwrap(), "{side}");
    }
}

#[test]
fn a_side_that_takes_no_more_than_a_thousand_connections_refuses_the_others() {
    for load in MODELS {
        // One request for each connection; the first of them ask whether it is ready.
        let most = if load.starts_with("model") { 1_000 } else { 200 };
        let side = run(Trouble::RefusesAfter(most), load);
        assert!(count(&side, "connect") > 20, "{side}");
        let good = side["requests"].as_u64().unwrap() - side["errors"].as_u64().unwrap();
        assert!(good > 0 && good <= most as u64, "{side}");
        assert_eq!(count(&side, "connect") + count(&side, "reset"), side["errors"].as_u64().unwrap(), "{side}");
    }
}
