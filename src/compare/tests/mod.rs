//! Cases by table, rules, headers, bodies, and properties.

mod bodies;
mod headers;
mod hostile;
mod ids;
mod properties;
mod rules;
mod shortcuts;
mod table;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{Answer, Comparator, Comparison};
use crate::plan::path::{JsonPath, Segment};
use crate::plan::{Compare, Rule, RuleKind, RulePlace};

const BASELINE: &str = "http://127.0.0.1:8081";
const CANDIDATE: &str = "http://127.0.0.1:8082";

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name: HeaderName = name.parse().expect("a header name");
        headers.append(name, HeaderValue::from_str(value).expect("a header value"));
    }
    headers
}

fn compare_answers(
    rules: Vec<Rule>,
    baseline: (u16, &[(&str, &str)], &[u8]),
    candidate: (u16, &[(&str, &str)], &[u8]),
) -> Comparison {
    let maps = (headers(baseline.1), headers(candidate.1));
    let baseline = Answer { status: baseline.0, headers: &maps.0, body: baseline.2, base_url: BASELINE };
    let candidate = Answer { status: candidate.0, headers: &maps.1, body: candidate.2, base_url: CANDIDATE };
    Comparator::new(&Compare { rules, ..Compare::default() }).compare("browse", "list", &baseline, &candidate)
}

fn compare_json(rules: Vec<Rule>, baseline: &[u8], candidate: &[u8]) -> Comparison {
    let json: &[(&str, &str)] = &[("content-type", "application/json")];
    compare_answers(rules, (200, json, baseline), (200, json, candidate))
}

/// `class kind place` of each difference.
fn found(comparison: &Comparison) -> Vec<String> {
    let word = |kind| serde_json::to_value(kind).ok().and_then(|kind| kind.as_str().map(str::to_owned));
    comparison
        .differences
        .iter()
        .map(|found| format!("{} {} {}", found.class.name(), word(found.kind).unwrap_or_default(), found.place))
        .collect()
}

fn path(source: &str, segments: &[Segment]) -> JsonPath {
    JsonPath { segments: segments.to_vec(), source: source.to_owned() }
}

fn member(name: &str) -> Segment {
    Segment::Member(name.to_owned())
}

fn rule(place: RulePlace, kind: RuleKind) -> Rule {
    Rule { place, kind, reason: "because".to_owned(), flow: None, step: None }
}

#[test]
fn another_status_is_breaking() {
    let comparison = compare_answers(vec![], (200, &[], b""), (404, &[], b""));
    assert_eq!(found(&comparison), ["breaking status status"]);
    assert_eq!(comparison.differences[0].baseline.as_deref(), Some("200"));
    assert_eq!(comparison.differences[0].candidate.as_deref(), Some("404"));
}
