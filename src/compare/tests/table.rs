//! The table of cases, `tests/cases/compare.yaml`.

use std::collections::HashSet;

use http::{HeaderMap, HeaderName, HeaderValue};
use serde::Deserialize;

use super::{BASELINE, CANDIDATE};
use crate::compare::{Answer, Comparator, Comparison};
use crate::record::parity::Kind;

const TABLE: &str = include_str!("../../../tests/cases/compare.yaml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    baseline: Side,
    candidate: Side,
    #[serde(default = "json")]
    media: String,
    #[serde(default)]
    rules: Vec<serde_json::Map<String, serde_json::Value>>,
    #[serde(default)]
    ignore: Vec<serde_json::Map<String, serde_json::Value>>,
    finds: Vec<String>,
    #[serde(default)]
    one_way: bool,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Side {
    Body(String),
    Answer(Parts),
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Parts {
    status: Option<u16>,
    headers: Vec<String>,
    body: Option<String>,
    hex: Option<String>,
}

/// An answer that owns what it is made of.
struct Owned {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

fn json() -> String {
    "application/json".to_owned()
}

fn cases() -> Vec<Case> {
    serde_saphyr::from_str(TABLE).unwrap_or_else(|error| panic!("tests/cases/compare.yaml: {error}"))
}

impl Case {
    fn comparator(&self) -> Comparator {
        let with_reason = |rules: &[serde_json::Map<String, serde_json::Value>]| {
            let mut rules = rules.to_vec();
            for rule in &mut rules {
                rule.insert("reason".to_owned(), "because".into());
            }
            serde_json::to_string(&rules).expect("JSON")
        };
        let plan = format!(
            "version: 1\nname: table\nsides: {{ baseline: {{ url: '{BASELINE}' }}, candidate: {{ url: '{CANDIDATE}' }} }}\n\
             flows: [ {{ name: browse, steps: [ {{ request: GET /, name: list }}, {{ request: GET /, name: other }} ] }} ]\n\
             compare: {{ rules: {}, ignore: {} }}\n",
            with_reason(&self.rules),
            with_reason(&self.ignore),
        );
        let plan = crate::plan::parse(&self.name, &plan).unwrap_or_else(|errors| panic!("{errors}"));
        Comparator::new(&plan.compare)
    }

    fn compare(&self, is_swapped: bool) -> Comparison {
        let (baseline, candidate) = (self.baseline.answer(&self.media), self.candidate.answer(&self.media));
        let (baseline, candidate) = (baseline.borrow(BASELINE), candidate.borrow(CANDIDATE));
        let (one, two) = if is_swapped { (candidate, baseline) } else { (baseline, candidate) };
        self.comparator().compare("browse", "list", &one, &two)
    }
}

impl Side {
    fn answer(&self, media: &str) -> Owned {
        let parts = match self {
            Self::Body(body) => &Parts { body: Some(body.clone()), ..Parts::default() },
            Self::Answer(parts) => parts,
        };
        let mut headers = HeaderMap::new();
        for line in &parts.headers {
            let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("no header: {line}"));
            let name: HeaderName = name.parse().expect("a header name");
            headers.append(name, HeaderValue::from_str(value).expect("a header value"));
        }
        if media != "none" && !headers.contains_key("content-type") {
            headers.insert("content-type", HeaderValue::from_str(media).expect("a media type"));
        }
        let text = || parts.body.clone().unwrap_or_default().into_bytes();
        let body = parts.hex.as_deref().map_or_else(text, bytes);
        Owned { status: parts.status.unwrap_or(200), headers, body }
    }
}

impl Owned {
    fn borrow<'a>(&'a self, base_url: &'a str) -> Answer<'a> {
        Answer { status: self.status, headers: &self.headers, body: &self.body, base_url }
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two hexadecimal digits")).collect()
}

/// Each difference as the table writes it; how a rule is broken only where the table asks for it.
fn found(comparison: &Comparison, expected: &[String]) -> Vec<String> {
    let lines = super::found(comparison).into_iter().zip(&comparison.differences).enumerate();
    lines
        .map(|(at, (line, difference))| match &difference.note {
            Some(note) if expected.get(at).is_some_and(|line| line.ends_with(')')) => format!("{line} ({note})"),
            _ => line,
        })
        .collect()
}

/// `class kind place` without indices, which are those of another side when sides are swapped, and with what `missing`
/// becomes then.
fn mirrored(comparison: &Comparison, is_swapped: bool) -> Vec<String> {
    let mut lines: Vec<String> = comparison
        .differences
        .iter()
        .map(|found| {
            let kind = match (found.kind, is_swapped) {
                (Kind::Missing, true) => Kind::Extra,
                (Kind::Extra, true) => Kind::Missing,
                (kind, _) => kind,
            };
            let place: String = found.place.chars().filter(|c| !c.is_ascii_digit()).collect();
            let breaks = if found.note.is_some() { "breaks" } else { "" };
            format!("{} {kind:?} {place} {:?} {breaks}", found.class.name(), found.rule)
        })
        .collect();
    lines.sort_unstable();
    lines
}

#[test]
fn every_case_finds_what_it_should() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter_map(|case| {
            let found = found(&case.compare(false), &case.finds);
            (found != case.finds).then(|| format!("{}\n  should find {:#?}\n  found {found:#?}", case.name, case.finds))
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases are wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn every_case_finds_the_same_mirrored_when_its_sides_are_swapped() {
    let wrong: Vec<String> = cases()
        .iter()
        .filter(|case| !case.one_way)
        .filter_map(|case| {
            let (there, back) = (mirrored(&case.compare(false), false), mirrored(&case.compare(true), true));
            (there != back).then(|| format!("{}\n  there {there:#?}\n  back {back:#?}", case.name))
        })
        .collect();
    assert!(wrong.is_empty(), "{} cases are wrong:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn no_answer_differs_from_itself() {
    for case in cases() {
        let comparator = case.comparator();
        for side in [&case.baseline, &case.candidate] {
            let answer = side.answer(&case.media);
            let comparison = comparator.compare("browse", "list", &answer.borrow(BASELINE), &answer.borrow(BASELINE));
            assert_eq!(super::found(&comparison), Vec::<String>::new(), "{}", case.name);
        }
    }
}

#[test]
fn names_are_unique_and_there_are_enough() {
    let cases = cases();
    let names: HashSet<&str> = cases.iter().map(|case| &*case.name).collect();
    assert_eq!(names.len(), cases.len(), "a name is there twice");
    assert!(cases.len() >= 120, "{} cases", cases.len());
}
