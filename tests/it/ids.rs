//! Ids that really differ: two services whose databases hand out other numbers.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use cutover::record::parity::{Class, Kind};
use cutover::role::Pair;
use serde_json::Value;

use crate::scripted::{Said, places, replay, serve};
use crate::sides::Service;
use crate::support::{Place, differences, list};

/// One request to a reference service; gives back the body.
fn request(service: &Service, method: &str, path: &str, token: &str, body: &str) -> String {
    let address = service.url.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).expect("a connection");
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .expect("sent");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    text.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).expect("a body")
}

/// Makes students and deletes them again, so that later ones get higher ids than on a service that did not.
fn advance(service: &Service, count: u32) {
    let login = r#"{"username":"admin","password":"admin-password"}"#;
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let token = parsed(&request(service, "POST", "/api/v1/auth/token", "", login));
    let token = token["access_token"].as_str().expect("a token");
    for number in 0..count {
        let student = format!(r#"{{"student_no":"gone-{number}","name":"Gone","email":"gone-{number}@example.org"}}"#);
        let created = parsed(&request(service, "POST", "/api/v1/students", token, &student));
        request(service, "DELETE", &format!("/api/v1/students/{}", created["id"]), token, "");
    }
}

#[test]
fn a_service_that_hands_out_other_ids_passes_and_they_are_counted() {
    let place = Place::new();
    let old = Service::start(&place, "old", &["--stack", "blocking"]);
    let new = Service::start(&place, "new", &["--stack", "async"]);
    advance(&new, 3);
    let urls = ["--baseline", &old.url, "--candidate", &new.url, "--seed", "7"];
    let ended = place.run(&[&["verify", "students-smoke"][..], &urls].concat());
    let record = place.record();
    assert_eq!(differences(&record, "breaking"), Vec::<&Value>::new(), "{}", ended.stdout);
    assert_eq!(ended.code, Some(0), "{}", ended.stdout);
    let ids = &record["parity"]["ids"];
    // One of `enrol`, one of `conflict`, two of `batch`.
    assert_eq!((&ids["unequal"], &ids["conflicts"]), (&4.into(), &0.into()), "{ids}");
    let of_ids: Vec<_> = list(&record["parity"]["differences"]).iter().filter(|found| found["kind"] == "id").collect();
    assert!(of_ids.iter().all(|found| found["class"] == "volatile" && found["rule"] == "id"), "{of_ids:#?}");
    for (step, at) in [("create", "$.id"), ("create", "header location"), ("create two", "$.items[0].id")] {
        let found = of_ids.iter().find(|found| found["step"] == step && found["where"] == at);
        let found = found.unwrap_or_else(|| panic!("{step} {at}: {of_ids:#?}"));
        assert_ne!(found["baseline"], found["candidate"]);
    }
    assert!(ended.stdout.contains("4 ids differ between the sides and are one"), "{}", ended.stdout);
}

/// Makes things numbered from a first id on, and shows them; what it shows of the second may be wrong.
fn things(first: u64, second: impl Fn(u64) -> u64 + Send + Sync + 'static) -> impl Fn(&str, &str, &str) -> Said {
    let made = AtomicU64::new(0);
    move |method, path, _| {
        if method == "POST" {
            let id = first + made.fetch_add(1, Ordering::SeqCst);
            return (201, format!("/things/{id}"), format!(r#"{{"id":{id}}}"#));
        }
        let asked: u64 = path.trim_start_matches("/things/").parse().expect("an id");
        let shown = if asked == first + 1 { second(asked) } else { asked };
        (200, String::new(), format!(r#"{{"id":{shown},"from":"thing {shown}"}}"#))
    }
}

const STEPS: &str = "
      - { name: one, request: POST /things, capture: { one: $.id } }
      - { name: two, request: POST /things, capture: { two: $.id } }
      - { name: read one, request: 'GET /things/{{one}}' }
      - { name: read two, request: 'GET /things/{{two}}' }
";

#[tokio::test(flavor = "multi_thread")]
async fn one_id_that_is_two_is_breaking_and_names_both_places() {
    let baseline = serve(things(1, |id| id));
    let good = replay(Pair { baseline, candidate: serve(things(5, |id| id)) }, STEPS, "{}").await;
    assert_eq!(good.breaking, 0, "{:#?}", good.differences);
    assert_eq!((good.ids.pairs, good.ids.unequal, good.ids.conflicts), (2, 2, 0));
    assert_eq!(good.ids.places, good.volatile);
    // The second is shown as the first.
    let baseline = serve(things(1, |id| id));
    let bad = replay(Pair { baseline, candidate: serve(things(5, |id| id - 1)) }, STEPS, "{}").await;
    assert_eq!(places(&bad, Class::Breaking), ["read two $.id", "read two $.from"]);
    let found = bad.differences.iter().find(|found| found.class == Class::Breaking).expect("a difference");
    assert_eq!((found.kind, found.place.as_str()), (Kind::Id, "$.id"));
    let note = found.note.as_deref().unwrap_or_default();
    assert_eq!(note, "thing 2 of the baseline was 6 of the candidate at f / two at header location, and is 5 here");
    assert_eq!((bad.ids.conflicts, bad.breaking), (1, 2));
}
