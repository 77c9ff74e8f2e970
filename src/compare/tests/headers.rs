use super::{BASELINE, CANDIDATE, compare_answers, found, headers, rule};
use crate::compare::{Answer, Asked, Comparator, Comparison, HEADERS_LEFT_OUT, Ids};
use crate::plan::{self, Compare, Rule, RuleKind, RulePlace};
use crate::role::Pair;

type Headers<'a> = &'a [(&'a str, &'a str)];

fn compare(baseline: Headers<'_>, candidate: Headers<'_>) -> Comparison {
    compare_answers(vec![], (200, baseline, b""), (200, candidate, b""))
}

#[test]
fn values_are_told_by_what_they_say() {
    let cases = [
        ("etag", "\"a\"", "\"a\"", None),
        ("etag", "\"a\"", "W/\"a\"", Some("breaking")),
        ("content-type", "application/json", "application/json; charset=utf-8", Some("representation")),
        ("content-type", "application/json;charset=UTF-8", "application/json; charset=utf-8", Some("representation")),
        ("content-type", "application/json", "application/json; charset=latin1", Some("breaking")),
        ("content-type", "text/html", "text/html; charset=utf-8", Some("breaking")),
        ("content-type", "text/html", "text/plain", Some("breaking")),
        ("content-type", "application/json", "application/problem+json", Some("breaking")),
        ("location", "http://127.0.0.1:8081/a", "http://127.0.0.1:8082/a", None),
        ("location", "http://127.0.0.1:8081/a", "/a", Some("representation")),
        ("location", "http://127.0.0.1:8081", "/", Some("representation")),
        ("location", "/a%2f", "/a%2F", Some("representation")),
        ("location", "/a", "/a/", Some("breaking")),
        ("location", "http://127.0.0.1:8081/a", "http://127.0.0.1:9999/a", Some("breaking")),
        ("set-cookie", "s=1; Path=/; HttpOnly", "s=1; httponly; path=/", Some("representation")),
        ("set-cookie", "s=1; Path=/; HttpOnly", "s=1; Path=/", Some("breaking")),
        ("set-cookie", "s=1", "s=2", Some("breaking")),
        ("cache-control", "no-cache, no-store", "no-store,no-cache", Some("representation")),
        ("cache-control", "no-cache", "no-store", Some("breaking")),
        ("cache-control", "private=\"a, b\"", "private=\"a\", b", Some("breaking")),
        ("vary", "Accept, Origin", "origin, accept", Some("representation")),
        ("x-total", "10", "10.0", Some("breaking")),
    ];
    for (name, baseline, candidate, expected) in cases {
        let expected: Vec<String> = expected.map(|class| format!("{class} value header {name}")).into_iter().collect();
        assert_eq!(found(&compare(&[(name, baseline)], &[(name, candidate)])), expected, "{baseline} {candidate}");
    }
}

#[test]
fn presence_is_compared() {
    assert_eq!(found(&compare(&[("etag", "\"a\"")], &[])), ["breaking missing header etag"]);
    assert_eq!(found(&compare(&[], &[("etag", "\"a\"")])), ["breaking extra header etag"]);
}

#[test]
fn repeated_headers_are_compared_in_order() {
    let (a, b, c) = (("set-cookie", "a=1"), ("set-cookie", "b=1"), ("set-cookie", "c=1"));
    assert_eq!(found(&compare(&[a, b], &[a, b])), Vec::<String>::new());
    assert_eq!(found(&compare(&[a, b], &[b, a])), ["breaking order header set-cookie"]);
    assert_eq!(found(&compare(&[a, b], &[a])), ["breaking missing header set-cookie"]);
    assert_eq!(found(&compare(&[a, b], &[a, c])), ["breaking value header set-cookie"]);
}

#[test]
fn a_list_may_be_one_header_or_several() {
    let comparison = compare(&[("vary", "a"), ("vary", "b")], &[("vary", "a,b")]);
    assert_eq!(found(&comparison), ["representation value header vary"]);
}

#[test]
fn headers_of_one_hop_are_left_out() {
    for name in HEADERS_LEFT_OUT {
        assert_eq!(found(&compare(&[(name, "1")], &[(name, "2")])), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn a_rule_brings_a_left_out_header_back() {
    let within = RuleKind::Datetime { within: std::time::Duration::from_secs(5) };
    let rules = || vec![rule(RulePlace::Header("date".to_owned()), within.clone())];
    let compare = |baseline: &str, candidate: &str| {
        compare_answers(rules(), (200, &[("date", baseline)], b""), (200, &[("date", candidate)], b""))
    };
    let near = compare("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:41 GMT");
    assert_eq!(found(&near), ["volatile value header date"]);
    let far = compare("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:43 GMT");
    assert_eq!(found(&far), ["breaking value header date"]);
    let other_form = compare("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z");
    assert_eq!(found(&other_form), ["breaking value header date"]);
}

#[test]
fn an_ignored_header_is_counted() {
    let rules = vec![rule(RulePlace::Header("x-request-id".to_owned()), RuleKind::Ignore)];
    let comparison = compare_answers(rules, (200, &[("x-request-id", "1")], b""), (200, &[], b""));
    assert_eq!(found(&comparison), ["volatile missing header x-request-id"]);
    assert_eq!((comparison.rule_matches[0].matched, comparison.rule_matches[0].allowed), (1, 1));
}

/// What stands in place of the body in an answer to `HEAD`.
#[test]
fn the_length_that_head_tells_is_compared() {
    let smallest = "version: 1\nname: a\nsides: { baseline: { url: \"http://a\" }, candidate: { url: \"http://b\" } }\nflows: [{ name: f, steps: [{ request: GET /f }] }]";
    let smallest = plan::parse("plan.yaml", smallest).expect("a plan");
    let compare = |rules: Vec<Rule>, method: &str, kind: &str, baseline: Option<&str>, candidate: Option<&str>| {
        let map = |length: Option<&str>| {
            let mut pairs = vec![("content-type", kind)];
            pairs.extend(length.map(|length| ("content-length", length)));
            headers(&pairs)
        };
        let maps = (map(baseline), map(candidate));
        let answer = |headers, base_url| Answer { status: 200, headers, body: b"", base_url };
        let plan = Compare { rules, ..Compare::default() };
        let targets = Pair { baseline: "/f", candidate: "/f" };
        let asked = Asked { flow: "f", step: "s", method, targets };
        let mut ids = Ids::new(&smallest);
        let (baseline, candidate) = (answer(&maps.0, BASELINE), answer(&maps.1, CANDIDATE));
        found(&Comparator::new(&plan).compare_with_ids(&asked, &mut ids, &baseline, &candidate))
    };
    let (file, json) = ("application/pdf", "application/json");
    for (kind, baseline, candidate, expected) in [
        (file, Some("1234"), Some("0"), Some("breaking value")),
        (file, Some("1234"), Some("1235"), Some("breaking value")),
        (file, Some("1234"), Some("1234"), None),
        (file, Some("1234"), None, Some("representation missing")),
        (file, None, Some("1234"), Some("representation extra")),
        (json, Some("17"), Some("15"), Some("representation value")),
        (json, Some("17"), Some("0"), Some("breaking value")),
    ] {
        let expected: Vec<String> =
            expected.map(|words| format!("{words} header content-length")).into_iter().collect();
        assert_eq!(compare(vec![], "HEAD", kind, baseline, candidate), expected, "{kind} {baseline:?} {candidate:?}");
        assert_eq!(compare(vec![], "GET", kind, baseline, candidate), [""; 0], "framing");
    }
    let ignored = vec![rule(RulePlace::Header("content-length".to_owned()), RuleKind::Ignore)];
    assert_eq!(compare(ignored, "HEAD", file, Some("1234"), Some("0")), [""; 0]);
}
