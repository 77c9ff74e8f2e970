//! Bodies that would hurt a careless reader. The test fails by overflowing its stack, or by not coming to an end.

use super::{compare_json, found, member, path, rule};
use crate::plan::path::Segment;
use crate::plan::{Rule, RuleKind, RulePlace, Tolerance};

const DEEP: usize = 100_000;

/// One rule of each kind, everywhere.
fn rules() -> Vec<Rule> {
    let anywhere = |name: &str, kind| rule(RulePlace::Body(path("", &[Segment::Descendant, member(name)])), kind);
    let schema = jsonschema::validator_for(&serde_json::json!({ "type": "object" })).expect("a schema");
    vec![
        anywhere("at", RuleKind::Datetime { within: std::time::Duration::from_secs(1) }),
        anywhere("id", RuleKind::Uuid),
        anywhere("n", RuleKind::Number { within: Tolerance::Absolute("1e-9".to_owned()) }),
        anywhere("xs", RuleKind::Unordered),
        anywhere("ks", RuleKind::Keyed { by: path("", &[Segment::Descendant, member("id")]) }),
        anywhere("c", RuleKind::Matches { pattern: regex::bytes::Regex::new("(a*)*b").expect("a pattern") }),
        anywhere("m", RuleKind::Schema { schema: schema.into() }),
        anywhere("x", RuleKind::Ignore),
    ]
}

fn nested(open: &str, inner: &str, close: &str) -> Vec<u8> {
    format!("{}{inner}{}", open.repeat(DEEP), close.repeat(DEEP)).into_bytes()
}

#[test]
fn nesting_is_no_danger_whatever_the_rules() {
    for (open, close) in [
        ("[", "]"),
        ("{\"a\":", "}"),
        ("{\"xs\":[", "]}"),
        ("{\"ks\":[", "]}"),
        ("{\"m\":", "}"),
        ("{\"m\":{\"at\":1,\"x\":", "}}"),
        ("[{\"id\":1},", "]"),
    ] {
        let (one, two) = (nested(open, "1", close), nested(open, "2", close));
        assert!(!found(&compare_json(rules(), &one, &two)).is_empty(), "{open}");
        assert_eq!(found(&compare_json(rules(), &one, &one)), Vec::<String>::new(), "{open}");
        assert!(!found(&compare_json(Vec::new(), &one, b"{\"a\":1}")).is_empty(), "{open}");
        assert!(!found(&compare_json(rules(), b"[[1]]", &two)).is_empty(), "{open}");
    }
}

#[test]
fn a_body_that_is_cut_off_deep_down_is_one_difference() {
    let whole = nested("[", "1", "]");
    let comparison = compare_json(rules(), &whole, &whole[..whole.len() - 1]);
    assert_eq!(found(&comparison), ["breaking body body"]);
}

#[test]
fn a_difference_at_every_depth_costs_no_more_than_its_ends() {
    let (one, two) = (nested("{\"v\":1,\"a\":", "1", "}"), nested("{\"v\":2,\"a\":", "1", "}"));
    let comparison = compare_json(Vec::new(), &one, &two);
    assert_eq!(comparison.differences.len(), DEEP);
    assert!(comparison.differences.iter().all(|found| found.place.len() < 300));
    assert_eq!(comparison.differences[1].place, "$.a.v");
    let deepest = &comparison.differences[DEEP - 1].place;
    assert!(deepest.starts_with("$.a.a") && deepest.contains(".a…(99900 more)….a") && deepest.ends_with(".a.v"));
}

#[test]
fn long_strings_and_numbers_are_read_once() {
    const LONG: usize = 20_000_000;
    let cases = [
        ("s", "a", LONG),
        ("s", "%", LONG / 20),
        ("s", "\\u00e9", LONG / 20),
        ("s", "127.0.0.1:808", LONG / 20),
        ("c", "a", LONG / 20),
        ("at", "2", LONG / 20),
    ];
    for (name, filling, length) in cases {
        let text =
            |end: &str| format!("{{\"{name}\":\"{}{end}\"}}", filling.repeat(length / filling.len())).into_bytes();
        let comparison = compare_json(rules(), &text("x"), &text("y"));
        assert_eq!(found(&comparison), [format!("breaking value $.{name}")]);
        assert!(comparison.differences[0].baseline.as_ref().is_some_and(|shown| shown.len() < 1_000));
    }
    let number = |end: &str| format!("{{\"n\":1{}.{end}}}", "0".repeat(LONG / 20)).into_bytes();
    assert_eq!(found(&compare_json(rules(), &number("0"), &number("1"))), ["breaking value $.n"]);
    let exponent = |digits: &str| format!("{{\"n\":1e{digits}}}").into_bytes();
    assert_eq!(found(&compare_json(rules(), &exponent("999999999"), &exponent("-999999999"))), ["breaking value $.n"]);
}

#[test]
fn a_million_empty_arrays_with_one_more_are_one_difference() {
    let many = |count: usize| format!("[{}[]]", "[],".repeat(count - 1)).into_bytes();
    let (one, two) = (many(1_000_000), many(1_000_001));
    assert_eq!(found(&compare_json(Vec::new(), &one, &two)), ["breaking extra $[1000000]"]);
    let rule = |kind| rule(RulePlace::Body(path("", &[])), kind);
    for kind in [RuleKind::Unordered, RuleKind::Keyed { by: path("", &[member("id")]) }] {
        assert_eq!(found(&compare_json(vec![rule(kind)], &one, &two)), ["breaking extra $[1000000]"]);
    }
}

#[test]
fn many_members_of_one_name_or_in_another_order_are_joined_at_once() {
    let same = |count: usize| format!("{{{}\"a\":0}}", "\"a\":1,".repeat(count)).into_bytes();
    assert_eq!(found(&compare_json(Vec::new(), &same(100_000), &same(100_000))), Vec::<String>::new());
    assert_eq!(compare_json(Vec::new(), &same(100_000), &same(99_999)).differences.len(), 2);
    let names = |order: &mut dyn Iterator<Item = usize>| {
        let members: Vec<String> = order.map(|at| format!("\"k{at}\":{at}")).collect();
        format!("{{{}}}", members.join(",")).into_bytes()
    };
    let (there, back) = (names(&mut (0..100_000)), names(&mut (0..100_000).rev()));
    assert_eq!(found(&compare_json(Vec::new(), &there, &back)), ["representation order $"]);
}
