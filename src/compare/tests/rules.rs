use std::time::Duration;

use super::{compare_answers, compare_json, found, member, path, rule};
use crate::compare::RuleMatch;
use crate::plan::path::Segment;
use crate::plan::{Rule, RuleKind, RulePlace};

const NOTHING: [&str; 0] = [];

fn ignore(segments: &[Segment]) -> Rule {
    rule(RulePlace::Body(path("", segments)), RuleKind::Ignore)
}

fn datetime(segments: &[Segment]) -> Rule {
    rule(RulePlace::Body(path("", segments)), RuleKind::Datetime { within: Duration::from_secs(5) })
}

#[test]
fn an_ignored_place_may_be_anything_or_nothing() {
    for (candidate, kind) in [("{\"a\":2}", "value"), ("{\"a\":null}", "type"), ("{}", "missing")] {
        let comparison = compare_json(vec![ignore(&[member("a")])], b"{\"a\":1}", candidate.as_bytes());
        assert_eq!(found(&comparison), [format!("volatile {kind} $.a")]);
        assert_eq!(comparison.differences[0].rule, Some(0));
        assert_eq!(comparison.rule_matches, [RuleMatch { rule: 0, matched: 1, allowed: 1 }]);
    }
}

#[test]
fn ignoring_covers_what_is_below_as_one_place() {
    let rules = || vec![ignore(&[member("meta")])];
    let comparison = compare_json(rules(), br#"{"meta":{"a":1,"b":[1,2]}}"#, br#"{"meta":{"a":2,"b":[]}}"#);
    assert_eq!(found(&comparison), ["volatile value $.meta"]);
    let comparison = compare_json(rules(), br#"{"meta":{"a":1}}"#, br#"{"meta": { "a": 1 }}"#);
    assert_eq!(found(&comparison), NOTHING);
    assert_eq!(comparison.rule_matches, [RuleMatch { rule: 0, matched: 1, allowed: 0 }]);
}

#[test]
fn the_first_rule_that_fits_decides() {
    let far = (br#"{"m":{"at":"2024-05-01T12:00:00Z","n":1}}"#, br#"{"m":{"at":"2024-05-01T13:00:00Z","n":2}}"#);
    let (whole, at) = (|| ignore(&[member("m")]), || datetime(&[member("m"), member("at")]));
    let comparison = compare_json(vec![whole(), at()], far.0, far.1);
    assert_eq!(found(&comparison), ["volatile value $.m"]);
    let comparison = compare_json(vec![at(), whole()], far.0, far.1);
    assert_eq!(found(&comparison), ["breaking value $.m.at", "volatile value $.m.n"]);
}

#[test]
fn times_may_lie_apart_but_not_change_form() {
    let cases = [
        ("\"2024-05-01T12:00:00Z\"", "\"2024-05-01T12:00:05Z\"", "volatile value $.at"),
        ("\"2024-05-01T12:00:00Z\"", "\"2024-05-01T14:00:04.999+02:00\"", "representation value $.at"),
        ("\"2024-05-01T12:00:00Z\"", "\"2024-05-01T12:00:05.000000001Z\"", "breaking value $.at"),
        ("\"2024-05-01T12:00:00Z\"", "\"2024-05-01T12:00:00\"", "breaking value $.at"),
        ("\"2024-05-01T12:00:00\"", "\"2024-05-01T12:00:01\"", "volatile value $.at"),
        ("\"2024-05-01T12:00:00Z\"", "1714564800", "breaking type $.at"),
        ("\"2024-05-01T12:00:00Z\"", "\"soon\"", "breaking value $.at"),
        ("\"2024-05-01T12:00:00Z\"", "null", "breaking type $.at"),
    ];
    for (baseline, candidate, expected) in cases {
        let body = |value: &str| format!("{{\"at\":{value}}}").into_bytes();
        let comparison = compare_json(vec![datetime(&[member("at")])], &body(baseline), &body(candidate));
        assert_eq!(found(&comparison), [expected], "{candidate}");
    }
    let comparison = compare_json(vec![datetime(&[member("at")])], b"{\"at\":\"2024-05-01T12:00:00Z\"}", b"{}");
    assert_eq!(found(&comparison), ["breaking missing $.at"]);
}

#[test]
fn paths_name_places() {
    let body = (br#"{"a":[{"b":1},{"b":1}],"b":1}"#, br#"{"a":[{"b":2},{"b":2}],"b":2}"#);
    let cases: [(&[Segment], &[&str]); 7] = [
        (&[member("b")], &["$.b"]),
        (&[Segment::Descendant, member("b")], &["$.a[0].b", "$.a[1].b", "$.b"]),
        (&[member("a"), Segment::Wildcard, member("b")], &["$.a[0].b", "$.a[1].b"]),
        (&[member("a"), Segment::Index(0), member("b")], &["$.a[0].b"]),
        (&[member("a"), Segment::Index(-1), member("b")], &["$.a[1].b"]),
        (&[Segment::Descendant, Segment::Index(1), Segment::Descendant, member("b")], &["$.a[1].b"]),
        (&[member("c")], &[]),
    ];
    for (segments, expected) in cases {
        let comparison = compare_json(vec![ignore(segments)], body.0, body.1);
        let mut ignored: Vec<&str> = Vec::new();
        ignored.extend(comparison.differences.iter().filter(|found| found.rule.is_some()).map(|it| it.place.as_str()));
        assert_eq!(ignored, expected, "{segments:?}");
    }
}

#[test]
fn an_ignored_member_does_not_hide_an_insertion() {
    let rules = vec![ignore(&[Segment::Wildcard, member("at")])];
    let baseline = br#"[{"id":1,"at":1},{"id":2,"at":2}]"#;
    let candidate = br#"[{"id":0,"at":7},{"id":1,"at":8},{"id":2,"at":9}]"#;
    let comparison = compare_json(rules, baseline, candidate);
    assert_eq!(found(&comparison), ["breaking extra $[0]", "volatile value $[0].at", "volatile value $[1].at"]);
}

#[test]
fn rules_are_asked_about_places_that_do_not_differ() {
    let comparison = compare_json(vec![ignore(&[member("a")])], b"{\"a\":1}", b"{\"a\":1}");
    assert_eq!(comparison.rule_matches, [RuleMatch { rule: 0, matched: 1, allowed: 0 }]);
    assert_eq!(comparison.places, 4);
    assert_eq!(compare_json(vec![], b"{\"a\":1}", b"{\"a\":1}").places, 3);
}

#[test]
fn a_rule_for_another_step_does_not_apply() {
    let only = |flow: Option<&str>, step: Option<&str>| Rule {
        flow: flow.map(str::to_owned),
        step: step.map(str::to_owned),
        ..ignore(&[member("a")])
    };
    for (rule, class) in [
        (only(Some("browse"), None), "volatile"),
        (only(Some("browse"), Some("list")), "volatile"),
        (only(Some("enrol"), None), "breaking"),
        (only(None, Some("get")), "breaking"),
    ] {
        let comparison = compare_json(vec![rule], b"{\"a\":1}", b"{\"a\":2}");
        assert_eq!(found(&comparison), [format!("{class} value $.a")]);
    }
}

#[test]
fn a_rule_for_the_root_covers_bodies_that_are_not_json() {
    let comparison = compare_answers(vec![ignore(&[])], (200, &[], b"one"), (200, &[], b"two"));
    assert_eq!(found(&comparison), ["volatile body body"]);
}

#[test]
fn rules_count_the_same_places_whether_or_not_bodies_are_the_same() {
    let body = br#"{"a":[{"at":"2024-05-01T12:00:00Z","m":{"x":[1]}},{"at":1,"m":2}],"b":{"m":{"y":1}}}"#;
    let spaced = String::from_utf8_lossy(body).replace(':', ": ").replace("12: 00: 00", "12:00:00");
    let rules = || {
        vec![
            datetime(&[Segment::Descendant, member("at")]),
            ignore(&[Segment::Descendant, member("m")]),
            rule(RulePlace::Body(path("", &[member("a")])), RuleKind::Unordered),
            ignore(&[member("a"), Segment::Index(-1), member("at")]),
        ]
    };
    let same = compare_json(rules(), body, body);
    let respaced = compare_json(rules(), body, spaced.as_bytes());
    assert_eq!(found(&respaced), NOTHING);
    assert_eq!(same, respaced);
    let matched: Vec<_> = same.rule_matches.iter().map(|rule| (rule.rule, rule.matched)).collect();
    assert_eq!(matched, [(0, 2), (1, 6), (2, 1)]);
}
