//! As many users as a large service has at one moment.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::Place;

const USERS: usize = 2_000;

/// Who has asked a server anything.
type Callers = Arc<Mutex<BTreeSet<SocketAddr>>>;

async fn answer(mut stream: TcpStream, caller: SocketAddr, callers: Callers) -> std::io::Result<()> {
    let mut room = [0; 1024];
    while stream.read(&mut room).await? > 0 {
        if room.starts_with(b"GET /busy ") {
            callers.lock().expect("callers").insert(caller);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await?;
    }
    Ok(())
}

fn serve(runtime: &tokio::runtime::Runtime) -> (SocketAddr, Callers) {
    let callers = Callers::default();
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a port");
    let address = listener.local_addr().expect("an address");
    let seen = callers.clone();
    runtime.spawn(async move {
        while let Ok((stream, caller)) = listener.accept().await {
            tokio::spawn(answer(stream, caller, seen.clone()));
        }
    });
    (address, callers)
}

#[test]
fn two_thousand_users_each_have_a_connection_and_all_are_answered() {
    // Each side has a connection of each user, and this process is both sides.
    let files = getrlimit(Resource::Nofile);
    let enough = files.current.map_or(files.maximum, |current| Some(current.max(5_000)));
    setrlimit(Resource::Nofile, Rlimit { current: enough, ..files }).expect("5,000 open files");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let (baseline, candidate) = (serve(&runtime), serve(&runtime));
    let place = Place::new();
    let plan = format!(
        "version: 1\nname: users\nsides: {{ baseline: {{ url: \"http://{}\" }}, candidate: {{ url: \"http://{}\" }} }}\n\
         flows: [{{ name: one, think: 500ms, steps: [{{ request: GET /busy, expect: {{ status: [200] }} }}] }}]\n\
         load: {{ model: closed, users: {USERS}, pairs: 1, block: 4s, settle: 1s, parity: false }}\n",
        baseline.0, candidate.0
    );
    let plan = place.file("plan.yaml", &plan);
    let ended = place.run(&["load", &plan, "--quiet"]);
    let record = place.record();
    assert_eq!(record["ending"]["kind"], "complete", "{}", ended.stderr);
    for (role, (_, callers)) in [("baseline", baseline), ("candidate", candidate)] {
        let side = &record["load"]["sides"][role];
        assert_eq!(side["errors"], 0, "{side}");
        assert_eq!(side["reconnects"], 0, "{side}");
        // Three seconds of users that begin again after half a second at the earliest.
        let requests = side["requests"].as_u64().expect("a count");
        assert!((2_000..=14_000).contains(&requests), "{requests} requests");
        let callers = callers.lock().expect("callers").len();
        assert_eq!(callers, USERS, "each user has a connection of its own to the {role}, and all took part");
    }
}
