//! How long a load is: it ends once no more of it could make a pass of the verdict, and goes on where something is not decided.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cutover::clock::Epoch;
use cutover::http::Origin;
use cutover::load;
use cutover::plan::{self, Plan};
use cutover::progress::Progress;
use cutover::record::load::{Cause, Load};
use cutover::role::{Pair, Role};
use cutover::stop::Stop;
use serde_json::Value;

use crate::support::{CANDIDATE, Place, list, smoke};

/// Answers all requests with 200 until so many were answered, then with 500.
fn serve(good: u32) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let answered = Arc::new(AtomicU32::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answered = answered.clone();
            std::thread::spawn(move || {
                while answer(&stream, if answered.fetch_add(1, Ordering::SeqCst) < good { "200 OK" } else { "500 No" })
                    .is_some()
                {}
            });
        }
    });
    address
}

fn answer(mut stream: &TcpStream, status: &str) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\n\r\nok").ok()
}

fn plan(addresses: Pair<SocketAddr>, load: &str) -> Plan {
    let text = format!(
        "version: 1\nname: length\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  candidate: {{ url: \"http://{}\" }}\n\
         flows:\n  - name: one\n    steps:\n      - {{ request: GET /x, expect: {{ status: 200 }} }}\n\
         load: {{ rate: 50/s, settle: 0s, parity: false, {load} }}\ngates: [candidate.error_rate <= 1%]\n",
        addresses.baseline, addresses.candidate
    );
    plan::parse("length.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}

async fn measured(addresses: Pair<SocketAddr>, load: &str, advice: load::Advice) -> Load {
    let plan = plan(addresses, load);
    let resolve = async |address| Origin::resolve(&format!("http://{address}")).await.expect("an origin");
    let origins =
        Pair { baseline: Some(resolve(addresses.baseline).await), candidate: Some(resolve(addresses.candidate).await) };
    let setup = load::Setup { plan: &plan, origins, seed: 1, epoch: Epoch::now(), shard: None, noise: None };
    load::run_advised(setup, advice, &Progress::silent(), &Stop::default()).await.expect("evidence")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_candidate_fails_ends_early_and_one_whose_baseline_fails_does_not() {
    let long = "pairs: 20, block: 3s";
    let load = measured(Pair { baseline: serve(u32::MAX), candidate: serve(60) }, long, load::Advice::default()).await;
    let stopped = load.stopped.expect("an early end");
    assert_eq!(stopped.gate, "candidate.error_rate <= 1%");
    assert_eq!(stopped.cause, Cause::Failures);
    assert!(stopped.against > 0 && stopped.against <= stopped.observed && stopped.at_ms > 0, "{stopped:?}");
    assert!(load.blocks.len() < 10, "{} blocks", load.blocks.len());
    assert!(load.sides.candidate.expect("a candidate").errors > 0, "what was measured is kept");

    let short = "pairs: 2, block: 2s";
    let load = measured(Pair { baseline: serve(0), candidate: serve(u32::MAX) }, short, load::Advice::default()).await;
    assert_eq!((load.stopped, load.blocks.len()), (None, 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_on_to_its_end_where_the_plan_wants_it() {
    let load = "pairs: 2, block: 3s, stop_early: false";
    let load = measured(Pair { baseline: serve(u32::MAX), candidate: serve(0) }, load, load::Advice::default()).await;
    assert_eq!((load.stopped, load.blocks.len()), (None, 4));
}

/// Ends by a defect of the candidate that no request shows as failed: what was found, told everywhere and judged again.
fn ended_by(defect: &str, changes: &[(&str, &str)], cause: &str, gate: &str) -> (Place, Value) {
    let candidate =
        format!("candidate: {{ bundled: {{ stack: async, defects: [{defect}], args: [--pool-timeout, 300ms] }} }}");
    let mut all = vec![
        (CANDIDATE, candidate.as_str()),
        ("pairs: 2", "pairs: 12"),
        ("block: 2s", "block: 1s"),
        ("settle: 500ms", "settle: 200ms"),
    ];
    all.extend(changes);
    let place = Place::new();
    let plan = place.file("plan.yaml", &smoke(&all));
    let ended = place.measure(&["load", &plan, "--database", "sqlite", "--no-color"]);
    let record = place.record();
    let stopped = &record["load"]["stopped"];
    assert_eq!(
        (&stopped["cause"], &stopped["gate"]),
        (&cause.into(), &gate.into()),
        "{}{}",
        ended.stdout,
        ended.stderr
    );
    assert!(stopped["at_ms"].as_u64() > Some(0) && stopped["against"].as_u64() > Some(0), "{stopped:#}");
    let blocks = list(&record["load"]["blocks"]);
    assert!(blocks.len() < 24 && blocks.len().is_multiple_of(2), "{} blocks, whole pairs", blocks.len());
    assert_eq!(ended.code, Some(1), "{}", ended.stdout);
    assert!(ended.stderr.contains(&format!("the load ends early, past saving for `{gate}`")), "{}", ended.stderr);
    let told = list(&record["findings"]).iter().find(|finding| finding["code"] == "stopped-early").expect("a finding");
    assert_eq!(told["severity"], "note");
    let report = std::fs::read_to_string(place.out().join("report.html")).expect("report.html");
    assert!(report.contains("the load ended early, "));
    let again = place.run(&["judge", "out/run.json", "--no-color"]);
    assert_eq!(again.code, Some(1), "{}", again.stdout);
    (place, record)
}

#[test]
fn a_load_under_which_the_candidate_keeps_breaking_its_word_ends_early() {
    let gate = "parity.load.breaking == 0";
    // Which step shows it first is chance: a viewer let in and an administrator refused are the same defect.
    for (defect, place) in [("double-claim", ": $.id"), ("session-bleed", ": status")] {
        let (_place, record) = ended_by(defect, &[], "load_parity", gate);
        let stopped = &record["load"]["stopped"];
        let is_told = |told: &Value| told.as_str().is_some_and(|told| told.ends_with(place));
        assert!(list(&stopped["examples"]).iter().any(is_told), "{defect}: {stopped:#}");
        assert!(stopped["observed"].as_u64() >= Some(3), "{stopped:#}");
    }
}

#[test]
fn a_load_under_which_the_candidates_pool_gives_up_ends_early_and_judging_again_fails_too() {
    let rate = ("rate: 10/s", "rate: 80/s");
    let gate = "candidate.pool.timeouts == 0";
    let (place, record) = ended_by("leak-connection=10", &[rate], "pool_timeouts", gate);
    assert!(record["load"]["sides"]["candidate"]["pool"]["timeouts"].as_u64() > Some(0));
    // Without that gate, what was measured until then does not become a pass.
    let again = place.run(&["judge", "out/run.json", "--gate", "candidate.p95 <= 100s", "--no-color"]);
    assert_eq!(again.code, Some(1), "the gate is implied: {}", again.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn pairs_are_added_once_if_they_are_asked_for() {
    let good = serve(u32::MAX);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let asked = seen.clone();
    let more: load::MorePairs = Box::new(move |load| {
        asked.lock().expect("nobody panicked").push((load.blocks.len(), load.pairs_planned));
        Some(3)
    });
    let advice = load::Advice { more: Some(more), ..load::Advice::default() };
    let load = measured(Pair { baseline: good, candidate: good }, "pairs: 2, block: 300ms", advice).await;
    assert_eq!(*seen.lock().expect("nobody panicked"), [(4, 2)]);
    assert_eq!((load.blocks.len(), load.pairs_planned), (6, 3));
    let added = load.blocks.iter().filter(|block| block.pair == 2 && block.requests > 0);
    let mut sides: Vec<Role> = added.map(|block| block.side).collect();
    sides.sort_unstable();
    assert_eq!(sides, Role::BOTH);
}
