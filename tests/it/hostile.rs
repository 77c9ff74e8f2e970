//! Answers that break the rules: each is one counted error or difference, never a hang or a crash.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

use cutover::clock::Epoch;
use cutover::http::Origin;
use cutover::plan::{self, Plan};
use cutover::progress::Progress;
use cutover::record::parity::{Class, Kind};
use cutover::role::Pair;
use cutover::stop::Stop;
use cutover::{load, parity};

/// What a hostile server does with each path. A server that is not hostile answers each with a small JSON document.
const TRICKS: [(&str, Kind, &str); 10] = [
    ("reset", Kind::Transport, "reset"),
    ("truncated", Kind::Transport, "reset"),
    ("too-short-length", Kind::Body, ""),
    ("huge", Kind::Transport, "too_large"),
    ("endless", Kind::Transport, "timeout"),
    ("silent", Kind::Transport, "timeout"),
    ("not-http", Kind::Transport, "malformed"),
    ("not-utf8", Kind::Value, ""),
    ("not-json", Kind::Body, ""),
    ("redirect-loop", Kind::Status, ""),
];

const GOOD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"name\":\"ok\"}";

/// Serves each connection on a thread of its own.
fn serve(hostile: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || while answer(&stream, hostile).is_some() {});
        }
    });
    address
}

/// Answers one request; nothing if the connection is over.
fn answer(mut stream: &TcpStream, hostile: bool) -> Option<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        request.push(byte[0]);
    }
    let line = String::from_utf8_lossy(&request);
    let path = line.split(' ').nth(1)?.trim_start_matches('/');
    if hostile { trick(stream, path) } else { stream.write_all(GOOD).ok() }
}

fn trick(mut stream: &TcpStream, path: &str) -> Option<()> {
    let head = |length: usize| {
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n").into_bytes()
    };
    match path {
        "reset" => return None,
        "truncated" => {
            stream.write_all(&head(13)).ok()?;
            stream.write_all(b"{\"name\"").ok()?;
            return None;
        }
        // The rest of the body is where the next answer should be.
        "too-short-length" => {
            stream.write_all(&head(7)).ok()?;
            stream.write_all(b"{\"name\":\"ok\"}").ok()?;
        }
        "huge" => {
            stream.write_all(&head(200 << 20)).ok()?;
            for _ in 0..200 {
                stream.write_all(&vec![b' '; 1 << 20]).ok()?;
            }
        }
        "endless" => {
            stream.write_all(&head(1 << 30)).ok()?;
            while stream.write_all(b" ").is_ok() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        "silent" => {
            let _ = stream.read(&mut [0]);
            return None;
        }
        "not-http" => stream.write_all(b"what do you want?\r\n\r\n").ok()?,
        "not-utf8" => {
            stream.write_all(&head(13)).ok()?;
            stream.write_all(b"{\"name\":\"\xff\xfe\"}").ok()?;
        }
        "not-json" => {
            stream.write_all(&head(13)).ok()?;
            stream.write_all(b"{\"name\":\"ok\"]").ok()?;
        }
        "redirect-loop" => {
            let text = "HTTP/1.1 302 Found\r\nlocation: /redirect-loop\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(text.as_bytes()).ok()?;
        }
        _ => stream.write_all(GOOD).ok()?,
    }
    Some(())
}

fn plan(baseline: SocketAddr, candidate: SocketAddr) -> Plan {
    let flow = |name| {
        format!(
            "  - name: {name}\n    steps:\n      - request: GET /{name}\n        expect: {{ status: [200, 302] }}\n"
        )
    };
    let flows = TRICKS.map(|(name, ..)| flow(name)).concat();
    let text = format!(
        "version: 1\nname: hostile\ntimeout: 1s\nsides:\n  baseline: {{ url: \"http://{baseline}\" }}\n  \
         candidate: {{ url: \"http://{candidate}\" }}\nflows:\n{flows}\
         load: {{ model: closed, users: 20, pairs: 1, block: 3s, settle: 100ms }}\n"
    );
    plan::parse("hostile.yaml", &text).unwrap_or_else(|error| panic!("{error}"))
}

async fn origins(addresses: Pair<SocketAddr>) -> Pair<Origin> {
    Pair {
        baseline: Origin::resolve(&format!("http://{}", addresses.baseline)).await.expect("an origin"),
        candidate: Origin::resolve(&format!("http://{}", addresses.candidate)).await.expect("an origin"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_trick_is_one_difference_with_its_name() {
    let addresses = Pair { baseline: serve(false), candidate: serve(true) };
    let mut plan = plan(addresses.baseline, addresses.candidate);
    // What is huge has to come before time is up, also on a machine that is busy with other things.
    plan.timeout = Duration::from_secs(4);
    let origins = origins(addresses).await;
    let found = parity::run(
        parity::Setup { plan: &plan, contract: None, origins: &origins, seed: 1, stop: &Stop::default() },
        &Progress::silent(),
    )
    .await
    .expect("evidence");
    assert_eq!(found.requests, TRICKS.len() as u64);
    for (name, kind, detail) in TRICKS {
        let differences: Vec<_> =
            found.differences.iter().filter(|d| d.flow == name && d.class == Class::Breaking).collect();
        assert!(
            differences.iter().any(|d| d.kind == kind && d.candidate.as_deref().unwrap_or_default().contains(detail)),
            "{name}: {differences:#?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn under_load_each_trick_is_a_counted_error_and_the_run_ends() {
    let address = serve(true);
    let plan = plan(serve(false), address);
    let origins = origins(Pair { baseline: address, candidate: address }).await;
    let setup = load::Setup {
        plan: &plan,
        origins: origins.map(|_, origin| Some(origin)),
        seed: 1,
        epoch: Epoch::now(),
        shard: None,
        noise: None,
    };
    let load = load::run(setup, &Progress::silent(), &Stop::default()).await.expect("evidence");
    let side = load.sides.candidate.expect("a candidate");
    assert_eq!(load.generator.panics, 0);
    for kind in ["reset", "too_large", "timeout", "malformed"] {
        assert!(side.errors_by_kind.get(kind).is_some_and(|count| *count > 0), "{kind}: {:?}", side.errors_by_kind);
    }
    for step in side.steps {
        let (_, _, detail) = TRICKS.iter().find(|(name, ..)| *name == step.flow).expect("a trick");
        assert!(step.requests > 0, "{}", step.flow);
        if !detail.is_empty() {
            assert_eq!(step.errors, step.requests, "every request of `{}` fails", step.flow);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_is_closed_after_each_answer_costs_reconnects_not_errors() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        // One answer a connection, without saying so beforehand.
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || answer(&stream, false));
        }
    });
    let text = format!(
        "version: 1\nname: closing\nsides:\n  baseline: {{ url: \"http://{address}\" }}\n  \
         candidate: {{ url: \"http://{address}\" }}\nflows:\n  - name: one\n    steps:\n      - request: GET /x\n\
         load: {{ model: closed, users: 4, pairs: 1, block: 1s, settle: 100ms }}\n"
    );
    let plan = plan::parse("closing.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    let origins = origins(Pair { baseline: address, candidate: address }).await;
    let setup = load::Setup {
        plan: &plan,
        origins: origins.map(|_, origin| Some(origin)),
        seed: 1,
        epoch: Epoch::now(),
        shard: None,
        noise: None,
    };
    let load = load::run(setup, &Progress::silent(), &Stop::default()).await.expect("evidence");
    let side = load.sides.candidate.expect("a candidate");
    assert!(side.requests > 10, "{}", side.requests);
    assert_eq!(side.errors, 0, "{:?}", side.errors_by_kind);
}

/// As most servers do after some seconds: while the other side has its block, all connections of this one idle.
#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_closed_while_they_idle_keep_no_answer_from_being_compared() {
    let serve = || {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                stream.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket");
                std::thread::spawn(move || {
                    let mut head = Vec::new();
                    let mut byte = [0];
                    while matches!(stream.read(&mut byte), Ok(1)) {
                        head.push(byte[0]);
                        if head.ends_with(b"\r\n\r\n") {
                            head.clear();
                            let answer = "HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n{\"name\":\"Ada\"}";
                            stream.write_all(answer.as_bytes()).ok()?;
                        }
                    }
                    Some(())
                });
            }
        });
        address
    };
    let addresses = Pair { baseline: serve(), candidate: serve() };
    let text = format!(
        "version: 1\nname: idle\nsides:\n  baseline: {{ url: \"http://{}\" }}\n  candidate: {{ url: \"http://{}\" }}\n\
         flows:\n  - name: one\n    steps:\n      - request: POST /x\n\
         load: {{ rate: 40/s, spacing: uniform, users: 8, pairs: 4, block: 1s, settle: 100ms }}\n",
        addresses.baseline, addresses.candidate
    );
    let plan = plan::parse("idle.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    let origins = origins(addresses).await.map(|_, origin| Some(origin));
    let setup = load::Setup { plan: &plan, origins, seed: 1, epoch: Epoch::now(), shard: None, noise: None };
    let load = load::run(setup, &Progress::silent(), &Stop::default()).await.expect("evidence");
    let side = load.sides.candidate.expect("a candidate");
    assert!(side.reconnects > 0 && side.errors == 0, "{:?}", side.errors_by_kind);
    let parity = load.parity.expect("answers were compared");
    assert_eq!((parity.broken_off, parity.values_until_pair), (Pair::default(), None), "{:?}", parity.caveat());
    assert!(parity.compared_exact > 50, "value by value: {}", parity.compared_exact);
}
