//! In what way two values that differ are near each other: what a rule would have to permit, and no more.

use std::time::Duration;

use super::moment::Moment;
use super::scalar::is_uuid;

/// In what way two values are near each other.
#[derive(Debug, Clone, PartialEq)]
pub enum Nearness {
    /// Two points in time, written in the same way, and what lies between them.
    Datetime(Duration),
    /// Two UUIDs.
    Uuid,
    /// Two JSON numbers, and what lies between them.
    Number(f64),
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
    let number = |text: &str| text.parse::<f64>().ok().filter(|value| value.is_finite());
    let are_bare = !baseline.starts_with('"') && !candidate.starts_with('"');
    let distance = (number(baseline)? - number(candidate)?).abs();
    are_bare.then_some(Nearness::Number(distance))
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
            ("12", "14", Some(Nearness::Number(2.0))),
            ("\"12\"", "14", None),
            ("\"a\"", "\"b\"", None),
            ("null", "12", None),
            ("\"2024-01-01T00:0…", "\"2024-01-01T00:0…", None),
        ] {
            assert_eq!(nearness(baseline, candidate), expected, "{baseline} {candidate}");
        }
    }
}
