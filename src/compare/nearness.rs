//! In what way two values that differ are near each other: what a rule would have to permit, and no more.

use std::time::Duration;

use super::distance;
use super::json::{self, Document, Type};
use super::moment::Moment;
use super::permit::{self, Answer, Seen};
use super::rules::Decider;
use super::scalar::is_uuid;
use crate::plan::RuleKind;
use crate::record::parity::Kind;

/// In what way two values are near each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Nearness {
    /// Two points in time, written in the same way, and what lies between them.
    Datetime(Duration),
    /// Two UUIDs.
    Uuid,
    /// Two JSON numbers, and a number of few digits that is not less than what lies between them.
    Number(String),
}

/// In what way two values are near each other, as differences show them: JSON text or the value of a header.
pub fn nearness(baseline: &str, candidate: &str) -> Option<Nearness> {
    let (left, right) = (content(baseline)?.as_bytes(), content(candidate)?.as_bytes());
    if let (Some(left), Some(right)) = (Moment::parse(left), Moment::parse(right)) {
        return left.distance(&right).map(Nearness::Datetime);
    }
    if is_uuid(left) && is_uuid(right) {
        return Some(Nearness::Uuid);
    }
    let is_number = |text: &str| json::parse(text.as_bytes()).is_ok_and(|it| it.root().kind() == Type::Number);
    let are_numbers = is_number(baseline) && is_number(candidate);
    let distance =
        are_numbers.then(|| distance::in_few_digits(baseline.trim().as_bytes(), candidate.trim().as_bytes()));
    distance.flatten().map(Nearness::Number)
}

/// Whether a rule permits two values, as differences show them: JSON text, or the value of a header or a body that is none.
pub fn is_permitted(kind: &RuleKind, is_json: bool, baseline: &str, candidate: &str) -> bool {
    let (one, other) = (document(is_json, baseline), document(is_json, candidate));
    let both = (Some(seen(one.as_ref(), baseline)), Some(seen(other.as_ref(), candidate)));
    permit::ask(&Decider { index: 0, kind, from_above: false }, Kind::Value, both) == Answer::Permitted
}

fn document(is_json: bool, text: &str) -> Option<Document<'_>> {
    is_json.then(|| json::parse(text.as_bytes()).ok()).flatten()
}

fn seen<'s>(document: Option<&'s Document<'s>>, text: &'s str) -> Seen<'s> {
    document.map_or(Seen::Header(text.as_bytes()), |document| Seen::Json(document.root()))
}

/// The content of a string without escapes, or the text itself. `None`: it has escapes, or was shortened.
fn content(text: &str) -> Option<&str> {
    match text.strip_prefix('"') {
        Some(rest) => rest.strip_suffix('"').filter(|content| !content.contains('\\')),
        None => Some(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_near_in_one_way_or_none() {
        let apart = |millis| Some(Nearness::Datetime(Duration::from_millis(millis)));
        for (baseline, candidate, expected) in [
            ("\"2024-01-01T00:00:00Z\"", "\"2024-01-01T00:00:02.5Z\"", apart(2_500)),
            ("\"2024-01-01T00:00:00Z\"", "\"2024-01-01T01:00:00+01:00\"", apart(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:38 GMT", apart(1_000)),
            ("\"2024-01-01T00:00:00Z\"", "\"2024-01-01T00:00:00\"", None),
            (
                "\"6ba7b810-9dad-11d1-80b4-00c04fd430c8\"",
                "\"6BA7B811-9dad-11d1-80b4-00c04fd430c8\"",
                Some(Nearness::Uuid),
            ),
            ("12", "14", Some(Nearness::Number("2".to_owned()))),
            ("9007199254740992", "9007199254740993", Some(Nearness::Number("1".to_owned()))),
            ("\"12\"", "14", None),
            ("\"a\"", "\"b\"", None),
            ("null", "12", None),
            ("\"2024-01-01T00:0…", "\"2024-01-01T00:0…", None),
        ] {
            assert_eq!(nearness(baseline, candidate), expected, "{baseline} {candidate}");
        }
    }
}
