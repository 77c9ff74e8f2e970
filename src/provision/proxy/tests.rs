use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::{Proxy, THREAD};

/// Serves each connection of a listener on a thread.
fn serve(handle: impl Fn(TcpStream) + Send + Clone + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (connection, handle) = (connection.expect("a connection"), handle.clone());
            std::thread::spawn(move || handle(connection));
        }
    });
    address
}

fn echo(mut connection: TcpStream) {
    connection.set_nodelay(true).expect("a socket");
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = connection.read(&mut buffer) {
        if connection.write_all(&buffer[..count]).is_err() {
            return;
        }
    }
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    stream
}

/// So many requests and answers, one after the other.
fn ping(stream: &mut TcpStream, bytes: usize, count: usize) -> Vec<Duration> {
    let mut message = vec![7; bytes];
    let mut once = || {
        let begun = Instant::now();
        stream.write_all(&message).expect("sent");
        stream.read_exact(&mut message).expect("answered");
        begun.elapsed()
    };
    (0..count).map(|_| once()).collect()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[test]
fn a_round_trip_takes_the_latency_and_twice_the_latency_twice_as_long() {
    let upstream = serve(echo);
    let time_at = |latency: Duration| {
        let proxy = Proxy::start(upstream, latency).expect("a proxy");
        // The quickest of many: whatever else this machine does can only lengthen a round trip.
        ping(&mut connect(proxy.address()), 100, 25).into_iter().min().expect("a round trip")
    };
    let (short, long) = (time_at(Duration::from_millis(20)), time_at(Duration::from_millis(40)));
    assert!(short >= Duration::from_millis(19), "{short:?} is less than the latency");
    let ratio = long.as_secs_f64() / short.as_secs_f64();
    assert!((1.6..2.4).contains(&ratio), "{long:?} for twice the latency of {short:?}");
}

#[test]
fn many_packets_are_under_way_at_a_time() {
    let proxy = Proxy::start(serve(echo), Duration::from_millis(100)).expect("a proxy");
    let mut stream = connect(proxy.address());
    let begun = Instant::now();
    let mut sender = stream.try_clone().expect("a socket");
    let sent = std::thread::spawn(move || {
        for number in 0..20_u8 {
            sender.write_all(&[number]).expect("sent");
            std::thread::sleep(Duration::from_millis(2));
        }
    });
    let mut received = [0; 20];
    stream.read_exact(&mut received).expect("answered");
    sent.join().expect("sent");
    assert_eq!(received.to_vec(), (0..20).collect::<Vec<u8>>());
    let one_after_the_other = Duration::from_secs(2);
    assert!(begun.elapsed() < one_after_the_other / 2, "{:?}", begun.elapsed());
}

#[test]
fn a_large_answer_arrives_whole_and_is_not_slowed_down_chunk_by_chunk() {
    let body: Vec<u8> = (0..32 * 1024 * 1024_u32).map(|index| (index % 251) as u8).collect();
    let sent = body.clone();
    let upstream = serve(move |mut connection| connection.write_all(&sent).expect("sent"));
    let proxy = Proxy::start(upstream, Duration::from_millis(40)).expect("a proxy");
    let begun = Instant::now();
    let mut received = Vec::new();
    connect(proxy.address()).read_to_end(&mut received).expect("answered");
    assert!(received == body, "{} bytes of {}", received.len(), body.len());
    let a_wait_for_each_chunk = Duration::from_millis(20) * (32 * 1024 / 64);
    assert!(begun.elapsed() < a_wait_for_each_chunk / 2, "{:?}", begun.elapsed());
}

#[test]
fn a_half_close_is_passed_on_and_the_answer_still_comes() {
    let upstream = serve(|mut connection| {
        let mut all = Vec::new();
        connection.read_to_end(&mut all).expect("a request until its end");
        connection.write_all(&all).expect("sent");
    });
    let proxy = Proxy::start(upstream, Duration::from_millis(2)).expect("a proxy");
    let mut stream = connect(proxy.address());
    stream.write_all(b"everything").expect("sent");
    stream.shutdown(Shutdown::Write).expect("half closed");
    let mut received = String::new();
    stream.read_to_string(&mut received).expect("answered");
    assert_eq!(received, "everything");
}

#[test]
fn a_reset_is_passed_on_as_a_reset() {
    let upstream = serve(|mut connection| {
        let mut first = [0];
        connection.read_exact(&mut first).expect("a request");
        // Closing with unread bytes makes the kernel send a reset.
        std::thread::sleep(Duration::from_millis(50));
    });
    let proxy = Proxy::start(upstream, Duration::from_millis(2)).expect("a proxy");
    let mut stream = connect(proxy.address());
    stream.write_all(b"more than one byte").expect("sent");
    let error = stream.read(&mut [0]).expect_err("broken off");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

#[test]
fn an_upstream_that_refuses_breaks_the_connection_off() {
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let proxy = Proxy::start(nobody, Duration::from_millis(1)).expect("a proxy");
    let error = connect(proxy.address()).read(&mut [0]).expect_err("broken off");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

/// Waits for an answer no longer than a moment.
fn answered_soon(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(Duration::from_millis(50))).expect("a socket");
    let answered = stream.read(&mut [0]).is_ok();
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a socket");
    answered
}

#[test]
fn what_is_sent_while_the_way_is_stalled_arrives_afterwards() {
    for latency in [Duration::ZERO, Duration::from_millis(2)] {
        let proxy = Proxy::start(serve(echo), latency).expect("a proxy");
        let mut stream = connect(proxy.address());
        ping(&mut stream, 1, 1);
        proxy.stall(true);
        // One that comes while it is stalled is let in and hears nothing either.
        let mut late = connect(proxy.address());
        for stream in [&mut stream, &mut late] {
            stream.write_all(b"x").expect("sent");
            assert!(!answered_soon(stream), "{latency:?}");
        }
        proxy.stall(false);
        for stream in [&mut stream, &mut late] {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("answered");
            assert_eq!(byte, *b"x");
        }
    }
}

#[test]
fn a_cut_resets_what_is_open_also_while_stalled_and_lets_new_connections_through() {
    for stalled in [false, true] {
        let proxy = Proxy::start(serve(echo), Duration::from_millis(1)).expect("a proxy");
        let mut stream = connect(proxy.address());
        ping(&mut stream, 1, 1);
        proxy.stall(stalled);
        proxy.cut();
        let error = stream.read(&mut [0]).expect_err("broken off");
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
        proxy.stall(false);
        ping(&mut connect(proxy.address()), 1, 3);
    }
}

#[test]
fn new_connections_are_led_to_another_place() {
    let proxy = Proxy::start(serve(echo), Duration::ZERO).expect("a proxy");
    let mut old = connect(proxy.address());
    ping(&mut old, 1, 1);
    proxy.lead_to(serve(|mut connection| connection.write_all(b"elsewhere").expect("sent")));
    let mut received = [0; 9];
    connect(proxy.address()).read_exact(&mut received).expect("answered");
    assert_eq!(&received, b"elsewhere");
    ping(&mut old, 1, 1);
}

#[test]
fn a_dropped_proxy_closes_its_connections() {
    let proxy = Proxy::start(serve(echo), Duration::from_millis(1)).expect("a proxy");
    let mut stream = connect(proxy.address());
    ping(&mut stream, 1, 1);
    drop(proxy);
    assert!(matches!(stream.read(&mut [0]), Ok(0) | Err(_)));
}

/// CPU time of the proxy's thread so far.
fn proxy_cpu() -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").expect("procfs").flatten();
    let ours =
        tasks.filter(|task| std::fs::read_to_string(task.path().join("comm")).is_ok_and(|name| name.trim() == THREAD));
    let nanoseconds = ours.map(|task| {
        let times = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        times.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0)
    });
    Duration::from_nanos(nanoseconds.sum())
}

/// `cargo test --release -p cutover --lib provision::proxy -- --ignored --nocapture --test-threads 1`
#[test]
#[ignore = "measures this machine"]
fn accuracy_and_cpu_per_chunk() {
    let upstream = serve(echo);
    let direct = median(ping(&mut connect(upstream), 200, 4000));
    println!("without proxy: round trip {direct:?}");
    for micros in [500, 1000, 3000] {
        let latency = Duration::from_micros(micros);
        let proxy = Proxy::start(upstream, latency).expect("a proxy");
        let mut stream = connect(proxy.address());
        ping(&mut stream, 200, 10);
        let before = proxy_cpu();
        let mut times = ping(&mut stream, 200, 1000);
        let cpu = proxy_cpu().saturating_sub(before) / 2000;
        times.sort();
        let late_us = |share: f64| {
            let time = times[(times.len() as f64 * share) as usize];
            (time.as_secs_f64() - latency.as_secs_f64()) * 1e6 / 2.0
        };
        let [p5, p50, p95, p99] = [0.05, 0.5, 0.95, 0.99].map(late_us);
        println!(
            "{latency:?}: late each way, µs: p5 {p5:.0} p50 {p50:.0} p95 {p95:.0} p99 {p99:.0}; cpu per chunk {cpu:?}"
        );
    }
    let proxy = Proxy::start(upstream, Duration::from_millis(3)).expect("a proxy");
    let before = proxy_cpu();
    let begun = Instant::now();
    let users: Vec<_> = (0..15)
        .map(|_| connect(proxy.address()))
        .map(|mut stream| std::thread::spawn(move || ping(&mut stream, 200, 1000)))
        .collect();
    let mut times: Vec<Duration> = users.into_iter().flat_map(|user| user.join().expect("done")).collect();
    times.sort();
    let (cpu, wall) = (proxy_cpu().saturating_sub(before), begun.elapsed());
    println!(
        "15 connections at 3ms: p50 {:?} p99 {:?}, {:.0} chunks/s, cpu per chunk {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        30_000.0 / wall.as_secs_f64(),
        cpu / 30_000
    );
}
