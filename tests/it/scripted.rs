//! A service that says what a test wants it to say.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;

use cutover::http::Origin;
use cutover::parity::{self, After};
use cutover::plan::{self, Plan};
use cutover::progress::Progress;
use cutover::record::parity::{Class, Parity};
use cutover::role::Pair;
use cutover::stop::Stop;

/// An answer: status, `Location` if it is not empty, body.
pub(crate) type Said = (u16, String, String);

/// Serves each connection on a thread of its own. The script sees method, path and body.
pub(crate) fn serve(script: impl Fn(&str, &str, &str) -> Said + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let script = Arc::new(script);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let script = Arc::clone(&script);
            std::thread::spawn(move || while answer(&stream, &*script).is_some() {});
        }
    });
    address
}

/// Answers one request; nothing if the connection is over.
fn answer(mut stream: &TcpStream, script: &dyn Fn(&str, &str, &str) -> Said) -> Option<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).ok()?;
        head.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&head).to_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_uppercase(), words.next()?);
    let (status, location, said) = script(&method, path, &String::from_utf8_lossy(&body));
    let location = if location.is_empty() { location } else { format!("location: {location}\r\n") };
    let length = said.len();
    let text = format!(
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\n{location}content-length: {length}\r\n\r\n{said}"
    );
    stream.write_all(text.as_bytes()).ok()
}

/// A plan of one flow between two services.
pub(crate) fn plan(addresses: Pair<SocketAddr>, steps: &str, compare: &str) -> Plan {
    let Pair { baseline, candidate } = addresses;
    let text = format!(
        "version: 1\nname: scripted\nsides:\n  baseline: {{ url: \"http://{baseline}\" }}\n  \
         candidate: {{ url: \"http://{candidate}\" }}\nflows:\n  - name: f\n    steps:\n{steps}\ncompare: {compare}\n"
    );
    plan::parse("scripted", &text).unwrap_or_else(|error| panic!("{error}"))
}

/// Replays a plan between two services.
pub(crate) async fn replay(addresses: Pair<SocketAddr>, steps: &str, compare: &str) -> Parity {
    replay_after(0, addresses, steps, compare).await
}

/// The same, and does something as the replay goes on.
pub(crate) async fn replay_with(
    addresses: Pair<SocketAddr>,
    steps: &str,
    compare: &str,
    after: impl AsyncFnMut(After<'_>),
) -> Parity {
    let plan = plan(addresses, steps, compare);
    let origins = origins(addresses).await;
    let silent = Progress::silent();
    parity::run_with_noise(
        parity::Setup { plan: &plan, contract: None, origins: &origins, seed: 1, stop: &Stop::default() },
        Vec::new(),
        &silent,
        after,
    )
    .await
    .expect("evidence")
    .0
}

async fn origins(addresses: Pair<SocketAddr>) -> Pair<Origin> {
    Pair {
        baseline: Origin::resolve(&format!("http://{}", addresses.baseline)).await.expect("an origin"),
        candidate: Origin::resolve(&format!("http://{}", addresses.candidate)).await.expect("an origin"),
    }
}

/// The same after the baseline was run on its own, as often as it says.
pub(crate) async fn replay_after(runs: u32, addresses: Pair<SocketAddr>, steps: &str, compare: &str) -> Parity {
    let plan = plan(addresses, steps, compare);
    let origins = origins(addresses).await;
    let mut recordings = Vec::new();
    for _ in 0..runs {
        recordings.push(parity::record(&plan, &origins.baseline, 1, true).await.expect("a recording"));
    }
    let silent = Progress::silent();
    let ran = parity::run_with_noise(
        parity::Setup { plan: &plan, contract: None, origins: &origins, seed: 1, stop: &Stop::default() },
        recordings,
        &silent,
        async |_| {},
    )
    .await;
    ran.expect("evidence").0
}

/// `step place` of each difference of a class.
pub(crate) fn places(parity: &Parity, class: Class) -> Vec<String> {
    let found = parity.differences.iter().filter(|difference| difference.class == class);
    found.map(|difference| format!("{} {}", difference.step, difference.place)).collect()
}
