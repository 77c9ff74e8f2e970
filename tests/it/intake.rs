//! Real traffic becomes a plan that runs: recorded by the proxy, or read from what a browser has saved.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};

use rustix::process::Signal;

use crate::support::{CUTOVER, Place, Running, SMOKE_STEPS, differences, eventually};

/// Passwords of the reference service, as a plan named `recorded` asks for them.
const PASSWORDS: [(&str, &str); 2] =
    [("RECORDED_PASSWORD_ADMIN", "admin-password"), ("RECORDED_PASSWORD_VIEWER", "viewer-password")];

/// A reference service on a fresh database.
struct Service {
    process: Child,
    url: String,
}

impl Service {
    fn start(place: &Place, name: &str, stack: &str) -> Self {
        let log = place.path().join(format!("{name}.log"));
        let database = format!("sqlite://{}", place.path().join(format!("{name}.db")).display());
        let process = Command::new(CUTOVER)
            .args(["serve", "--listen", "127.0.0.1:0", "--migrate", "--seed-students", "500", "--exit-with-stdin"])
            .args(["--stack", stack, "--database-url", &database])
            .stdin(Stdio::piped())
            .stdout(fs::File::create(&log).expect("a file"))
            .stderr(Stdio::null())
            .spawn()
            .expect("the reference service");
        let announced = || {
            let text = fs::read_to_string(&log).unwrap_or_default();
            text.lines().find_map(|line| line.strip_prefix("listening on ")).map(str::to_owned)
        };
        assert!(eventually(|| announced().is_some()), "`{name}` does not listen");
        Self { process, url: announced().expect("an address") }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The proxy, and the address at which it listens.
fn record<'p>(place: &'p Place, upstream: &str, more: &[&str]) -> (Running<'p>, String) {
    let arguments = ["record", "--upstream", upstream, "--listen", "127.0.0.1:0", "--out", "recorded.yaml"];
    let mut running = place.start(&[&arguments[..], more].concat());
    let line = running.lines("recording http://", 1).remove(0);
    let address = line.split("http://").nth(1).and_then(|rest| rest.split(' ').next()).expect("an address").to_owned();
    (running, address)
}

/// The number between two words of a text; 0 if they are not there.
fn count(text: &str, before: &str, after: &str) -> u64 {
    let number = |line: &str| {
        let (start, _) = line.split_once(after)?;
        let (_, number) = start.rsplit_once(before).filter(|_| !before.is_empty()).unwrap_or(("", start));
        number.trim().parse().ok()
    };
    text.lines().find_map(number).unwrap_or(0)
}

/// One request on a connection of its own; everything that comes back.
fn send(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.write_all(request.as_bytes()).expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text
}

#[test]
fn what_goes_through_the_proxy_becomes_a_plan_that_runs() {
    let recording = Place::new();
    let upstream = Service::start(&recording, "upstream", "async");
    let other = Service::start(&recording, "other", "async");
    let (proxy, address) = record(&recording, &upstream.url, &[]);
    let driving = Place::new();
    let url = format!("http://{address}");
    let ended = driving.run(&["verify", "students-smoke", "--baseline", &url, "--candidate", &other.url]);
    assert_eq!(ended.code, Some(0), "{}\n{}", ended.stdout, ended.stderr);
    proxy.signal(Signal::INT);
    let recorded = proxy.wait();
    assert_eq!(recorded.code, Some(0), "{}", recorded.stderr);
    for words in ["RECORDED_PASSWORD_VIEWER", "next: cutover verify recorded.yaml"] {
        assert!(recorded.stderr.contains(words), "`{words}` in\n{}", recorded.stderr);
    }
    // Each request is a step, the login, or left out with its reason; bodies of a megabyte are.
    let number = |before: &str, after: &str| count(&recorded.stderr, before, after);
    let (requests, steps) = (number("", " requests went through"), number(" flows, ", " steps,"));
    let left_out = number("left out: ", " with a body too long") + number("left out: ", " scrapes of metrics");
    assert_eq!(steps + number("", " requests log in") + left_out, requests, "{}", recorded.stderr);
    assert!(steps + left_out >= SMOKE_STEPS, "{}", recorded.stderr);
    let plan = fs::read_to_string(recording.path().join("recorded.yaml")).expect("a plan");
    for secret in ["admin-password", "viewer-password"] {
        assert!(!plan.contains(secret), "{plan}");
    }
    assert!(!recording.path().join("recorded.recording").exists(), "what the plan has is not kept twice");

    let place = Place::new();
    let sides = ["blocking", "async"].map(|stack| Service::start(&place, stack, stack));
    let file = place.file("recorded.yaml", &plan);
    let checked = place.run_with(&PASSWORDS, &["check", &file]);
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let urls = ["verify", &file, "--baseline", &sides[0].url, "--candidate", &sides[1].url];
    let ended = place.run_with(&PASSWORDS, &urls);
    let record = place.record();
    assert_eq!(ended.code, Some(0), "{}\n{:#?}", ended.stdout, differences(&record, "breaking"));
    assert_eq!((&record["parity"]["compared"], &record["parity"]["requests"]), (&steps.into(), &steps.into()));

    let unset = place.run(&["check", &file]);
    assert_eq!(unset.code, Some(2));
    assert!(unset.stderr.contains("`RECORDED_PASSWORD_ADMIN` is not set"), "{}", unset.stderr);
}

#[test]
fn what_was_recorded_outlives_a_kill() {
    let place = Place::new();
    let service = Service::start(&place, "upstream", "async");
    let (proxy, address) = record(&place, &service.url, &[]);
    let body = r#"{"username":"admin","password":"admin-password"}"#;
    let login = format!(
        "POST /api/v1/auth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = send(&address, &login);
    let token = answer.split("access_token\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let get = format!(
        "GET /api/v1/students?page_size=1&t={token} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {token}\r\n\r\n"
    );
    assert!(send(&address, &get).starts_with("HTTP/1.1 200"));
    let spool = place.path().join("recorded.recording");
    let written = || fs::read_to_string(&spool).unwrap_or_default().lines().count() == 3;
    assert!(eventually(written), "both exchanges are on disk while the proxy runs");
    proxy.signal(Signal::KILL);
    assert_eq!(proxy.wait().code, None);
    let text = fs::read_to_string(&spool).expect("a recording");
    assert!(!text.contains(token) && !text.contains("admin-password"), "{text}");

    // A line that was not written to its end is none.
    fs::write(&spool, format!("{text}{{\"session\":\"é")).expect("written");
    let made = place.run(&["import", "recording", "recorded.recording", "--out", "recorded.yaml"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    let plan = fs::read_to_string(place.path().join("recorded.yaml")).expect("a plan");
    assert!(plan.contains("request: GET /api/v1/students?page_size=1&t={{login_access_token}}"), "{plan}");
    assert_eq!(place.run_with(&PASSWORDS, &["check", "recorded.yaml"]).code, Some(0));

    let again = place.run(&["import", "recording", "recorded.recording", "--out", "recorded.yaml"]);
    assert_eq!(again.code, Some(2));
    assert!(again.stderr.contains("there already") && again.stderr.contains("--force"), "{}", again.stderr);
}

#[test]
fn without_upstream_the_answer_is_502_and_says_why() {
    let place = Place::new();
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let (proxy, address) = record(&place, &format!("http://{closed}"), &["--max-requests", "1"]);
    let answer = send(&address, "GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    assert!(
        answer.starts_with("HTTP/1.1 502") && answer.contains(&format!("no answer from http://{closed}")),
        "{answer}"
    );
    let ended = proxy.wait();
    assert_eq!(ended.code, Some(2), "{}", ended.stderr);
    for words in ["1 got no answer from upstream", "error: nothing was recorded"] {
        assert!(ended.stderr.contains(words), "`{words}` in\n{}", ended.stderr);
    }
}

#[test]
fn files_that_are_no_har_are_refused_and_broken_ones_give_what_they_have() {
    let place = Place::new();
    let entry = |path: &str| {
        format!(
            r#"{{"startedDateTime":"2026-01-02T03:04:05Z","request":{{"method":"GET","url":"http://h:1{path}","headers":[]}},"response":{{"status":200,"headers":[],"content":{{"size":2,"mimeType":"application/json","text":"{{}}"}}}}}}"#
        )
    };
    let whole = format!(r#"{{"log":{{"version":"1.2","entries":[{},{}]}}}}"#, entry("/a"), entry("/b"));
    let cut = &whole[..whole.len() - 40];
    for (text, code, words) in [
        (whole.as_str(), 0, "plan -: 1 flows, 2 steps"),
        (cut, 0, "warning: the file is not whole"),
        ("<html>", 2, "this is no HAR"),
        (r#"{"log":{"entries":[]}}"#, 2, "no request that could become a step"),
    ] {
        let file = place.file("some.har", text);
        let ended = place.run(&["import", "har", &file]);
        let words = words.replace("plan -", "plan some");
        assert_eq!(ended.code, Some(code), "{}", ended.stderr);
        assert!(ended.stderr.contains(&words), "`{words}` in\n{}", ended.stderr);
        assert_eq!(ended.stdout.contains("version: 1"), code == 0);
    }
    let file = place.file("some.har", &whole);
    let other = place.run(&["import", "har", &file, "--host", "elsewhere"]);
    assert_eq!(other.code, Some(2));
    assert!(other.stderr.contains("hint: there are requests to `http://h:1`"), "{}", other.stderr);
}

/// `tests/fixtures/har/record.mjs` says how headless Chromium made the file.
#[test]
fn what_a_browser_saved_becomes_a_plan_that_runs() {
    let place = Place::new();
    let har = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/har/students.har");
    let made = place.run(&["import", "har", har, "--out", "recorded.yaml"]);
    assert_eq!(made.code, Some(0), "{}", made.stderr);
    for words in [
        "11 entries",
        "plan recorded: 1 flows, 8 steps",
        "1 HTML pages",
        "1 static assets",
        "RECORDED_PASSWORD_TEACHER",
    ] {
        assert!(made.stderr.contains(words), "`{words}` in\n{}", made.stderr);
    }
    let plan = fs::read_to_string(place.path().join("recorded.yaml")).expect("a plan");
    assert!(!plan.contains("teacher-password") && plan.contains("{{'{{'}}Ada}}"), "{plan}");
    let sides = ["blocking", "async"].map(|stack| Service::start(&place, stack, stack));
    let urls = ["verify", "recorded.yaml", "--baseline", &sides[0].url, "--candidate", &sides[1].url];
    let ended = place.run_with(&[("RECORDED_PASSWORD_TEACHER", "teacher-password")], &urls);
    let record = place.record();
    assert_eq!(ended.code, Some(0), "{}\n{:#?}", ended.stdout, differences(&record, "breaking"));
    assert_eq!((&record["parity"]["compared"], &record["parity"]["breaking"]), (&8.into(), &0.into()));
}
