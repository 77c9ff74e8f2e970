//! How long a load is: it ends once too much has failed, and goes on where something is not decided.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use cutover::clock::Epoch;
use cutover::http::Origin;
use cutover::load;
use cutover::plan::{self, Plan};
use cutover::progress::Progress;
use cutover::record::load::Load;
use cutover::role::{Pair, Role};
use cutover::stop::Stop;

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

async fn measured(addresses: Pair<SocketAddr>, load: &str, more: Option<load::MorePairs>) -> Load {
    let plan = plan(addresses, load);
    let resolve = async |address| Origin::resolve(&format!("http://{address}")).await.expect("an origin");
    let origins =
        Pair { baseline: Some(resolve(addresses.baseline).await), candidate: Some(resolve(addresses.candidate).await) };
    let setup = load::Setup { plan: &plan, origins, seed: 1, epoch: Epoch::now(), shard: None };
    load::run_with_more(setup, more, &Progress::silent(), &Stop::default()).await.expect("evidence")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_whose_candidate_fails_ends_early_and_one_whose_baseline_fails_does_not() {
    let long = "pairs: 20, block: 3s";
    let load = measured(Pair { baseline: serve(u32::MAX), candidate: serve(60) }, long, None).await;
    let stopped = load.stopped.expect("an early end");
    assert_eq!(stopped.gate, "candidate.error_rate <= 1%");
    assert!(stopped.errors > 0 && stopped.errors <= stopped.requests, "{stopped:?}");
    assert!(load.blocks.len() < 10, "{} blocks", load.blocks.len());
    assert!(load.sides.candidate.expect("a candidate").errors > 0, "what was measured is kept");

    let short = "pairs: 2, block: 2s";
    let load = measured(Pair { baseline: serve(0), candidate: serve(u32::MAX) }, short, None).await;
    assert_eq!((load.stopped, load.blocks.len()), (None, 4));
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
    let load = measured(Pair { baseline: good, candidate: good }, "pairs: 2, block: 300ms", Some(more)).await;
    assert_eq!(*seen.lock().expect("nobody panicked"), [(4, 2)]);
    assert_eq!((load.blocks.len(), load.pairs_planned), (6, 3));
    let added = load.blocks.iter().filter(|block| block.pair == 2 && block.requests > 0);
    let mut sides: Vec<Role> = added.map(|block| block.side).collect();
    sides.sort_unstable();
    assert_eq!(sides, Role::BOTH);
}
