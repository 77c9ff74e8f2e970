use super::{compare_answers, compare_json, found};
use crate::compare::Comparison;

const NOTHING: [&str; 0] = [];

fn compare(content_type: &str, baseline: &[u8], candidate: &[u8]) -> Comparison {
    let headers = [("content-type", content_type)];
    compare_answers(vec![], (200, &headers, baseline), (200, &headers, candidate))
}

#[test]
fn json_that_one_side_breaks_is_a_difference_of_the_body() {
    let comparison = compare_json(vec![], b"{\"a\":1}", b"{\"a\":1,}");
    assert_eq!(found(&comparison), ["breaking body body"]);
    let shown = comparison.differences[0].candidate.as_deref().unwrap_or_default();
    assert_eq!(shown, "not JSON at byte 7: the name of a member was expected: {\"a\":1,}");
    let comparison = compare_json(vec![], b"", b"{}");
    assert_eq!(found(&comparison), ["breaking body body"]);
}

#[test]
fn json_that_both_sides_break_is_compared_as_bytes() {
    assert_eq!(found(&compare_json(vec![], b"{a}", b"{a}")), NOTHING);
    assert_eq!(found(&compare_json(vec![], b"{a}", b"{b}")), ["breaking body body"]);
}

#[test]
fn json_that_becomes_text_differs_in_header_and_body() {
    let baseline: &[(&str, &str)] = &[("content-type", "application/json")];
    let candidate: &[(&str, &str)] = &[("content-type", "text/plain")];
    let comparison = compare_answers(vec![], (200, baseline, b"{}"), (200, candidate, b"{ }"));
    assert_eq!(found(&comparison), ["breaking value header content-type", "breaking body body"]);
}

#[test]
fn text_is_shown_by_its_first_other_line() {
    let comparison = compare("text/plain", b"one\ntwo\nthree", b"one\n2\nthree");
    assert_eq!(found(&comparison), ["breaking body body"]);
    assert_eq!(comparison.differences[0].baseline.as_deref(), Some("line 2: two"));
    assert_eq!(comparison.differences[0].candidate.as_deref(), Some("line 2: 2"));
    let comparison = compare("text/plain", b"one\ntwo", b"one");
    assert_eq!(comparison.differences[0].candidate.as_deref(), Some("ends after line 1"));
}

#[test]
fn line_ends_of_text_are_representation() {
    assert_eq!(found(&compare("text/plain", b"a\r\nb", b"a\nb")), ["representation body body"]);
    assert_eq!(found(&compare("application/x-thing", b"a\r\nb", b"a\nb")), ["breaking body body"]);
}

#[test]
fn own_addresses_in_text_are_the_same() {
    let html = |port: u16| format!("<a href=\"http://127.0.0.1:{port}/x\">").into_bytes();
    assert_eq!(found(&compare("text/html", &html(8081), &html(8082))), NOTHING);
    assert_eq!(found(&compare("text/html", &html(8081), &html(8083))), ["breaking body body"]);
}

#[test]
fn own_addresses_cost_one_pass_however_many_there_are() {
    let links = |port: u16| format!("<a href=\"//127.0.0.1:{port}/x\">").repeat(50_000).into_bytes();
    assert_eq!(found(&compare("text/html", &links(8081), &links(8082))), NOTHING);
}

#[test]
fn bytes_are_shown_from_the_first_that_differs() {
    let comparison = compare("image/png", b"\xFF\x00\x01", b"\xFF\x00\x02\x03");
    assert_eq!(found(&comparison), ["breaking body body"]);
    assert_eq!(comparison.differences[0].baseline.as_deref(), Some("3 bytes, from byte 2: 01"));
    assert_eq!(comparison.differences[0].candidate.as_deref(), Some("4 bytes, from byte 2: 02 03"));
}

#[test]
fn nesting_is_no_danger() {
    let nest = |inner: &str| format!("{}{inner}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    let comparison = compare_json(vec![], &nest("1"), &nest("2"));
    assert_eq!(comparison.differences.len(), 1);
    assert_eq!(comparison.places, 100_003);
    let objects = |inner: &str| format!("{}{inner}{}", "{\"a\":".repeat(100_000), "}".repeat(100_000)).into_bytes();
    assert_eq!(compare_json(vec![], &objects("1"), &objects("true")).differences.len(), 1);
}

#[test]
fn one_insertion_among_a_thousand_is_one_difference() {
    let items = |from: u32| (from..1_000).map(|id| format!("{{\"id\":{id},\"n\":\"x\"}}")).collect::<Vec<_>>();
    let (baseline, mut candidate) = (items(0), items(0));
    candidate.insert(500, "{\"id\":-1}".to_owned());
    let text = |items: &[String]| format!("[{}]", items.join(",")).into_bytes();
    let comparison = compare_json(vec![], &text(&baseline), &text(&candidate));
    assert_eq!(found(&comparison), ["breaking extra $[500]"]);
}

#[test]
fn values_are_shown_shortened() {
    let long = |end: &str| format!("\"{}{end}\"", "ä".repeat(300)).into_bytes();
    let comparison = compare_json(vec![], &long("a"), &long("b"));
    let shown = comparison.differences[0].baseline.as_deref().unwrap_or_default();
    assert_eq!(shown.chars().count(), 201);
    assert!(shown.ends_with("ä…"));
}

#[test]
fn broken_utf8_is_compared_as_it_is() {
    assert_eq!(found(&compare_json(vec![], b"[\"\xFF\"]", b"[ \"\xFF\"]")), NOTHING);
    assert_eq!(found(&compare_json(vec![], b"[\"\xFF\"]", b"[\"\xFE\"]")), ["breaking value $[0]"]);
    // The bytes that a lone surrogate would have are not a lone surrogate.
    assert_eq!(found(&compare_json(vec![], b"\"\\ud800\"", b"\"\xED\xA0\x80\"")), ["breaking value $"]);
}
