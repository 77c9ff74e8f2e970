use super::*;

#[test]
fn indices_are_left_out_of_a_group_and_names_are_not() {
    assert_eq!(without_indices("$.items[3].tags[12]"), "$.items[].tags[]");
    assert_eq!(without_indices("$['12a'][0]"), "$['12a'][]");
    assert_eq!(without_indices("header etag"), "header etag");
}

fn plan() -> Plan {
    let text = "version: 1\nname: small\nsides: { baseline: { url: 'http://a' }, candidate: { url: 'http://b' } }\n\
                flows: [ { name: browse, steps: [ { request: GET /, name: list } ] } ]\n\
                compare: { rules: [ { path: $.id, as: uuid, reason: x } ] }\n";
    crate::plan::parse("plan.yaml", text).unwrap_or_else(|errors| panic!("{errors}"))
}

fn at(place: &str, baseline: &str) -> compare::Difference {
    compare::Difference {
        class: Class::Breaking,
        kind: Kind::Value,
        place: place.to_owned(),
        baseline: Some(baseline.to_owned()),
        candidate: Some("0".to_owned()),
        rule: None,
        note: None,
    }
}

#[test]
fn equal_differences_are_one_group_with_three_examples_that_are_not_alike() {
    let mut tally = Tally::new(&plan());
    let mut differences: Vec<_> = (0..3_000).map(|index| at(&format!("$.items[{}].n", index / 2), "1")).collect();
    differences.push(at("$.total", "7"));
    let comparison = Comparison { places: 0, differences, rule_matches: Vec::new() };
    tally.compared("browse", "list", 200, comparison);
    let parity = tally.into_parity();
    let groups: Vec<_> = parity.differences.iter().map(|group| (&*group.place, group.count)).collect();
    assert_eq!(groups, [("$.items[0].n", 3_000), ("$.total", 1)]);
    let examples: Vec<_> = parity.differences[0].examples.iter().map(|example| &*example.place).collect();
    assert_eq!(examples, ["$.items[1].n", "$.items[2].n"]);
    assert_eq!(parity.differences[1].examples, []);
}

#[test]
fn secrets_are_masked_in_examples_too_and_a_broken_rule_is_named() {
    let mut tally = Tally::new(&plan());
    tally.keep_secret(Secrets::new(["0123456789abcdef".to_owned()]));
    let broken = |at: compare::Difference| compare::Difference {
        rule: Some(0),
        note: Some("no UUID on either side".to_owned()),
        ..at
    };
    let differences = vec![broken(at("$[0]", "1")), broken(at("$[1]", "0123456789abcdef"))];
    let comparison = Comparison { places: 0, differences, rule_matches: Vec::new() };
    tally.compared("browse", "list", 200, comparison);
    let group = &tally.into_parity().differences[0];
    assert_eq!((group.rule.as_deref(), group.note.as_deref()), (Some("uuid $.id"), Some("no UUID on either side")));
    assert_eq!(group.examples[0].baseline.as_deref(), Some("[secret]"));
}
