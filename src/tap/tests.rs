//! The proxy between raw sockets: what goes in and out, byte by byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{Counters, Recorder, Spool, TapOptions, read_spool, run};
use crate::http::Origin;
use crate::stop::Stop;

/// Longest that anything may take; reached only when something is wrong.
const DEADLINE: Duration = Duration::from_secs(20);

struct Tap {
    address: SocketAddr,
    stop: Stop,
    running: JoinHandle<Recorder>,
    counters: Arc<Counters>,
    directory: tempfile::TempDir,
}

impl Tap {
    async fn start(upstream: SocketAddr, preserve_host: bool) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("http://{upstream}");
        let spool = Spool::create(&directory.path().join("spool"), &url).unwrap();
        let counters = Arc::new(Counters::default());
        let recorder = Recorder::start(spool, url.clone(), true, Arc::clone(&counters)).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Stop::default();
        let upstream = Origin::resolve(&url).await.unwrap();
        let options = TapOptions { upstream, preserve_host, keep_body: 1024, max_requests: None };
        let end = stop.clone();
        let running = tokio::spawn(async move {
            run(listener, options, &recorder, &end).await;
            recorder
        });
        Self { address, stop, running, counters, directory }
    }

    /// Ends it; gives back how many exchanges were written down.
    async fn end(self) -> usize {
        self.stop.trigger();
        let recorder = tokio::time::timeout(DEADLINE, self.running).await.unwrap().unwrap();
        tokio::task::spawn_blocking(move || recorder.finish()).await.unwrap();
        let (_, exchanges, left_out) = read_spool(&self.directory.path().join("spool"), 1_000).unwrap();
        assert_eq!((left_out, exchanges.len() as u64), (0, Counters::get(&self.counters.recorded)));
        exchanges.len()
    }

    async fn connect(&self) -> BufReader<TcpStream> {
        BufReader::new(TcpStream::connect(self.address).await.unwrap())
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// The head of the next message, in lower case.
async fn head(stream: &mut BufReader<TcpStream>) -> String {
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        let read = tokio::time::timeout(DEADLINE, stream.read_line(&mut text)).await.expect("a head in time").unwrap();
        assert!(read > 0, "the connection is closed after `{text}`");
    }
    text.to_ascii_lowercase()
}

async fn bytes(stream: &mut BufReader<TcpStream>, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    tokio::time::timeout(DEADLINE, stream.read_exact(&mut bytes)).await.expect("bytes in time").unwrap();
    bytes
}

async fn accept(listener: &TcpListener) -> BufReader<TcpStream> {
    BufReader::new(tokio::time::timeout(DEADLINE, listener.accept()).await.expect("a connection").unwrap().0)
}

#[tokio::test]
async fn requests_of_a_connection_go_over_one_connection_with_the_headers_of_upstream() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    let mut server = None;
    for (request, answer, expected) in [
        (
            "GET /a?b=c HTTP/1.1\r\nhost: proxy\r\nconnection: keep-alive\r\nx: y\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: keep-alive\r\n\r\n{}",
            "{}",
        ),
        ("HEAD /a HTTP/1.1\r\nhost: proxy\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 7\r\n\r\n", ""),
        ("DELETE /a HTTP/1.1\r\nhost: proxy\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n", ""),
        (
            "GET /a HTTP/1.1\r\nhost: proxy\r\nif-none-match: \"1\"\r\n\r\n",
            "HTTP/1.1 304 Not Modified\r\netag: \"1\"\r\n\r\n",
            "",
        ),
    ] {
        client.write_all(request.as_bytes()).await.unwrap();
        if server.is_none() {
            server = Some(accept(&listener).await);
        }
        let server = server.as_mut().unwrap();
        let seen = head(server).await;
        assert!(seen.contains(&format!("host: {upstream}")) && !seen.contains("connection:"), "{seen}");
        server.write_all(answer.as_bytes()).await.unwrap();
        let got = head(&mut client).await;
        assert_eq!(got.lines().next(), answer.to_ascii_lowercase().lines().next(), "{request}");
        assert_eq!(got.contains("content-length: 7"), request.starts_with("HEAD"), "{got}");
        assert!(!got.contains("transfer-encoding"), "{got}");
        assert_eq!(bytes(&mut client, expected.len()).await, expected.as_bytes());
    }
    drop(client);
    assert_eq!(tap.end().await, 4);
}

#[tokio::test]
async fn the_host_stays_where_that_is_asked_for() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, true).await;
    let mut client = tap.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: api.example.org\r\n\r\n").await.unwrap();
    assert!(head(&mut accept(&listener).await).await.contains("host: api.example.org\r\n"));
    tap.stop.trigger();
}

#[tokio::test]
async fn bodies_go_on_piece_by_piece_before_they_are_whole() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n").await.unwrap();
    let mut server = accept(&listener).await;
    assert!(head(&mut server).await.contains("transfer-encoding: chunked"));
    assert_eq!(bytes(&mut server, 8).await, b"3\r\none\r\n", "before the request is whole");
    server
        .write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n6\r\ndata:1\r\n",
        )
        .await
        .unwrap();
    head(&mut client).await;
    assert_eq!(bytes(&mut client, 11).await, b"6\r\ndata:1\r\n", "before the answer is whole");
    client.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(bytes(&mut server, 5).await, b"0\r\n\r\n");
    server.write_all(b"0\r\n\r\n").await.unwrap();
    assert_eq!(bytes(&mut client, 5).await, b"0\r\n\r\n");
    drop(client);
    assert_eq!(tap.end().await, 1);
}

#[tokio::test]
async fn trailers_go_on() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nte: trailers\r\nconnection: te\r\n\r\n").await.unwrap();
    let mut server = accept(&listener).await;
    assert!(head(&mut server).await.contains("te: trailers"));
    let answer =
        b"HTTP/1.1 200 OK\r\ntrailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: 7\r\n\r\n";
    server.write_all(answer).await.unwrap();
    assert!(head(&mut client).await.contains("trailer: x-sum"));
    let rest = String::from_utf8(bytes(&mut client, 22).await).unwrap();
    assert!(rest.to_ascii_lowercase().contains("x-sum: 7"), "{rest}");
    drop(client);
    tap.end().await;
}

#[tokio::test]
async fn whoever_waits_for_100_gets_it_and_upstream_gets_the_body() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client.write_all(b"PUT / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n").await.unwrap();
    let mut server = accept(&listener).await;
    assert!(!head(&mut server).await.contains("expect"));
    assert!(head(&mut client).await.starts_with("http/1.1 100"));
    client.write_all(b"ok").await.unwrap();
    assert_eq!(bytes(&mut server, 2).await, b"ok");
    server.write_all(b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\n\r\n").await.unwrap();
    assert!(head(&mut client).await.starts_with("http/1.1 201"));
    drop(client);
    assert_eq!(tap.end().await, 1);
}

#[tokio::test]
async fn a_kept_connection_that_upstream_closed_is_replaced() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    for _ in 0..3 {
        client.write_all(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        let mut server = accept(&listener).await;
        head(&mut server).await;
        assert_eq!(bytes(&mut server, 2).await, b"ok");
        server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        assert!(head(&mut client).await.starts_with("http/1.1 200"));
        // Closed without a word, as servers do with idle connections.
        drop(server);
        tokio::task::yield_now().await;
    }
    drop(client);
    assert_eq!(tap.end().await, 3);
}

#[tokio::test]
async fn a_large_body_goes_through() {
    const SIZE: usize = 64 << 20;
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let server = tokio::spawn(async move {
        let mut server = accept(&listener).await;
        head(&mut server).await;
        let start = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n");
        server.write_all(start.as_bytes()).await.unwrap();
        let piece = vec![b'x'; 1 << 16];
        for _ in 0..SIZE / piece.len() {
            server.write_all(&piece).await.unwrap();
        }
    });
    head(&mut client).await;
    let mut left = SIZE;
    let mut buffer = vec![0; 1 << 16];
    while left > 0 {
        let read = tokio::time::timeout(DEADLINE, client.read(&mut buffer)).await.unwrap().unwrap();
        assert!(read > 0, "{left} bytes are missing");
        left -= read;
    }
    server.await.unwrap();
    drop(client);
    assert_eq!(tap.end().await, 1);
}

#[tokio::test]
async fn a_client_that_goes_away_takes_its_upstream_request_with_it() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut server = accept(&listener).await;
    head(&mut server).await;
    server.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n12345").await.unwrap();
    head(&mut client).await;
    drop(client);
    let mut rest = Vec::new();
    // Upstream sees the end of its connection, whichever way.
    let _ = tokio::time::timeout(DEADLINE, server.read_to_end(&mut rest)).await.expect("upstream is let go");
    tap.end().await;
}

#[tokio::test]
async fn an_upgrade_goes_through_in_both_directions() {
    let (listener, upstream) = listen().await;
    let tap = Tap::start(upstream, false).await;
    let mut client = tap.connect().await;
    client
        .write_all(b"GET /ws HTTP/1.1\r\nhost: x\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n")
        .await
        .unwrap();
    let mut server = accept(&listener).await;
    let seen = head(&mut server).await;
    assert!(seen.contains("upgrade: websocket") && seen.contains("connection: upgrade"), "{seen}");
    server
        .write_all(b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhello")
        .await
        .unwrap();
    let got = head(&mut client).await;
    assert!(got.starts_with("http/1.1 101") && got.contains("upgrade: websocket"), "{got}");
    assert_eq!(bytes(&mut client, 5).await, b"hello");
    client.write_all(b"ping").await.unwrap();
    assert_eq!(bytes(&mut server, 4).await, b"ping");
    drop(client);
    assert_eq!(tap.end().await, 0);
}
