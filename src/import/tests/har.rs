//! HAR files, good and bad.

use std::io::Read;

use base64::Engine as _;
use serde_json::{Value, json};

use crate::import::{Exchange, HarRead, read_har};

fn entry(url: &str) -> Value {
    json!({
        "pageref": "page_1", "startedDateTime": "2026-01-02T03:04:05.678Z", "time": 1.5,
        "request": {
            "method": "POST", "url": url, "httpVersion": "HTTP/2", "cookies": [], "queryString": [],
            "headers": [{ "name": "content-type", "value": "application/json" }], "headersSize": -1, "bodySize": 2,
            "postData": { "mimeType": "application/json", "text": "{}" }
        },
        "response": {
            "status": 201, "statusText": "", "httpVersion": "HTTP/2", "cookies": [], "headersSize": -1, "bodySize": -1,
            "headers": [{ "name": "content-encoding", "value": "br" }], "redirectURL": "",
            "content": { "size": 8, "mimeType": "application/json", "text": "{\"id\":7}" }
        },
        "cache": {}, "timings": { "send": 0, "wait": 1, "receive": 0.5 }
    })
}

fn har(entries: &[Value]) -> Value {
    json!({ "log": { "version": "1.2", "creator": { "name": "a browser", "version": "1" }, "pages": [], "entries": entries } })
}

fn read(text: impl Read) -> Result<(HarRead, Vec<Exchange>), String> {
    let mut exchanges = Vec::new();
    let read = read_har(text, |exchange| exchanges.push(exchange)).map_err(|error| error.to_string())?;
    Ok((read, exchanges))
}

#[test]
fn entries_become_exchanges() {
    let text = har(&[entry("https://api.example.org:8443/a%20b?c=d#part")]).to_string();
    for text in [text.clone(), format!("\u{feff}{text}")] {
        let (read, exchanges) = read(text.as_bytes()).expect("a HAR");
        assert_eq!((read.entries, read.broken, read.creator.as_str(), &read.cut), (1, 0, "a browser", &None));
        let exchange = &exchanges[0];
        assert_eq!(
            (exchange.origin.as_str(), exchange.target.as_str()),
            ("https://api.example.org:8443", "/a%20b?c=d")
        );
        assert_eq!(
            (exchange.at_us, exchange.status, exchange.session.as_str()),
            (1_767_323_045_678_000, 201, "page_1")
        );
        assert_eq!((&*exchange.request_body.bytes, &*exchange.response_body.bytes), (&b"{}"[..], &b"{\"id\":7}"[..]));
        assert_eq!(exchange.response_headers, [("content-type".to_owned(), "application/json".to_owned())]);
    }
}

#[test]
fn bodies_in_base64_are_unpacked_and_missing_ones_are_counted() {
    let mut packed = entry("http://h/a");
    packed["response"]["content"]["encoding"] = "base64".into();
    packed["response"]["content"]["text"] = base64::engine::general_purpose::STANDARD.encode("{\"id\":8}").into();
    let mut broken = packed.clone();
    broken["response"]["content"]["text"] = "%%%".into();
    let mut missing = entry("http://h/a");
    missing["response"]["content"].as_object_mut().expect("an object").remove("text");
    let mut form = entry("http://h/a");
    form["request"]["postData"] = json!({ "mimeType": "application/x-www-form-urlencoded",
        "params": [{ "name": "a b", "value": "1&2" }, { "name": "c" }] });
    let (read, exchanges) = read(har(&[packed, broken, missing, form]).to_string().as_bytes()).expect("a HAR");
    assert_eq!((read.entries, read.broken, read.without_content), (4, 0, 1));
    assert_eq!(&*exchanges[0].response_body.bytes, b"{\"id\":8}");
    assert!(exchanges[1].response_body.bytes.is_empty() && exchanges[2].response_body.bytes.is_empty());
    assert_eq!(&*exchanges[3].request_body.bytes, b"a+b=1%262&c=");
}

#[test]
fn an_entry_that_cannot_be_read_costs_no_other() {
    let text =
        har(&[entry("http://h/a"), entry("http://h/HALF"), entry("http://h/DEEP"), entry("http://h/b")]).to_string();
    // Half of an emoji, as JavaScript cuts one; and more nesting than anybody reads.
    let text = text.replace("HALF\"", "x\",\"comment\":\"\\ud83d\"");
    let deep = format!("x\",\"comment\":{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let (read, exchanges) = read(text.replace("DEEP\"", &deep).as_bytes()).expect("a HAR");
    assert_eq!((read.entries, read.broken, &read.cut), (4, 2, &None));
    assert_eq!(read.first_broken.map(|(number, _)| number), Some(2));
    assert_eq!(exchanges.iter().map(|exchange| &*exchange.target).collect::<Vec<_>>(), ["/a", "/b"]);
}

#[test]
fn a_file_that_is_cut_off_gives_what_is_whole() {
    let text = har(&[entry("http://h/a"), entry("http://h/b"), entry("http://h/c")]).to_string();
    let end = text.find("http://h/c").expect("the third");
    let (read, exchanges) = read(&text.as_bytes()[..end]).expect("a HAR");
    assert_eq!((read.entries, exchanges.len()), (2, 2));
    assert_eq!(read.cut, Some(format!("it ends in the middle of an entry, at byte {end}")));
    for end in 0..text.len() {
        // Wherever it ends: no panic, and never more than is there.
        assert!(self::read(&text.as_bytes()[..end]).map_or(0, |(read, _)| read.entries) <= 3);
    }
}

#[test]
fn what_is_no_har_is_refused_with_its_place() {
    for (text, part) in [
        ("", "EOF"),
        ("<html>", "expected value at line 1"),
        ("[]", "an object with `log`"),
        ("{}", "no `log.entries`"),
        ("{\"log\": {\"version\": \"1.2\"}}", "no `log.entries`"),
        ("{\"log\": {\"entries\": 7}}", "a list of entries"),
    ] {
        let error = read(text.as_bytes()).expect_err(text);
        assert!(error.starts_with("this is no HAR") && error.contains(part), "{text}: {error}");
    }
    let deep = format!("{{\"log\":{{\"entries\":[{}", "[".repeat(100_000));
    let (read, _) = read(deep.as_bytes()).expect("entries have begun");
    assert!(read.cut.is_some_and(|cut| cut.contains("in the middle of an entry")));
}

#[test]
fn an_entry_that_is_none_costs_itself_only() {
    let mut no_url = entry("nowhere");
    no_url["request"]["url"] = "not a url".into();
    let mut no_time = entry("http://h/a");
    no_time["startedDateTime"] = "yesterday".into();
    let (read, exchanges) =
        read(har(&[json!(7), no_url, entry("http://h/a"), no_time]).to_string().as_bytes()).expect("a HAR");
    assert_eq!((read.entries, read.broken, exchanges.len()), (4, 3, 1));
    assert_eq!(read.first_broken.expect("the first").0, 1);
}

/// Gives the same entry again and again and counts what is alive at a time.
#[test]
fn a_file_larger_than_what_is_kept_is_read_entry_by_entry() {
    let one = entry("http://h/a").to_string();
    let count = 20_000;
    let start = "{\"log\":{\"entries\":[".to_owned();
    let body = std::iter::repeat_n(format!("{one},"), count);
    let parts = std::iter::once(start).chain(body).chain([format!("{one}]}}}}")]);
    let mut most = 0;
    let mut taken = 0;
    let read = read_har(Chunks { parts: Box::new(parts), open: Vec::new(), given: 0 }, |exchange| {
        taken += 1;
        most = most.max(exchange.response_body.bytes.len());
    })
    .expect("a HAR");
    assert_eq!((read.entries, taken, most), (count + 1, count + 1, 8));
}

struct Chunks {
    parts: Box<dyn Iterator<Item = String>>,
    open: Vec<u8>,
    given: usize,
}

impl Read for Chunks {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        while self.given >= self.open.len() {
            let Some(next) = self.parts.next() else { return Ok(0) };
            self.open = next.into_bytes();
            self.given = 0;
        }
        let length = buffer.len().min(self.open.len() - self.given);
        buffer[..length].copy_from_slice(&self.open[self.given..self.given + length]);
        self.given += length;
        Ok(length)
    }
}
