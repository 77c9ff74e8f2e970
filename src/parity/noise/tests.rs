use std::collections::BTreeSet;

use super::relations;
use crate::noise::Shape;

/// Whether what the candidate has may stand where the baseline had these.
fn admits(seen: &[&str], candidate: &str) -> bool {
    let seen: BTreeSet<Shape> = seen.iter().map(|text| Shape::of(text)).collect();
    let shape = Shape::of(candidate);
    seen.iter().any(|known| known.admits(&shape)) || shape.is_within(&seen)
}

#[test]
fn a_value_that_is_noise_keeps_its_format() {
    let uuid = "\"00000000-0000-4000-8000-00000000000a\"";
    let time = "\"2026-03-14T09:26:55.123456Z\"";
    for (seen, candidate, expected) in [
        (vec![uuid], "\"11111111-0000-4000-8000-00000000000B\"", true),
        (vec![uuid], "\"11111111000040008000000000000000\"", false),
        (vec![uuid], "\"\"", false),
        (vec![uuid], "null", false),
        (vec![time], "\"2027-01-01T00:00:00.1234Z\"", true),
        (vec![time], "\"2027-01-01T00:00:00Z\"", false),
        (vec![time], "\"2027-01-01T00:00:00.123Z\"", false),
        (vec![time], "\"2027-01-01T00:00:00.123456\"", false),
        (vec![time], "\"2027-01-01T00:00:00.123456+00:00\"", false),
        (vec![time, "\"2026-03-14T09:26:55Z\""], "\"2027-01-01T00:00:00Z\"", true),
        (vec!["5", "17"], "123456", true),
        (vec!["5", "17"], "5.5", false),
        (vec!["5", "17"], "\"5\"", false),
        (vec!["5.5"], "7", false),
        (vec!["\"0a1b2c3d4e5f\"", "\"ffffffffffff\""], "\"123456789012\"", true),
        (vec!["\"0a1b2c3d4e5f\"", "\"ffffffffffff\""], "\"0a1b2c\"", false),
        (vec!["\"0a1b2c3d4e5f\"", "\"ffffffffffff\""], "\"0a1b2c3d4e5z\"", false),
        (vec!["\"a\"", "\"abc\""], "\"abcde\"", true),
        (vec!["\"some words\""], "\"other words here\"", true),
        (vec!["\"some words\""], "\"\"", false),
        (vec!["true", "false"], "false", true),
        (vec!["true"], "1", false),
    ] {
        assert_eq!(admits(&seen, candidate), expected, "{seen:?} {candidate}");
    }
}

#[test]
fn what_always_held_between_two_times_must_hold() {
    let object = |created: &str, updated: &str| {
        format!(
            r#"{{"items":[{{"created_at":"2026-01-01T00:00:{created}Z","updated_at":"2026-01-01T00:00:{updated}Z"}}]}}"#
        )
    };
    let held = |bodies: &[String]| {
        relations::held(bodies.iter().map(String::as_bytes), &|place: &str| place == "$.items[].updated_at")
    };
    let known = held(&[object("01", "02"), object("03", "03")]);
    assert_eq!(known.iter().map(ToString::to_string).collect::<Vec<_>>(), ["updated_at >= created_at"]);
    assert!(relations::broken(&known, object("05", "09").as_bytes()).is_empty());
    let broken = relations::broken(&known, object("05", "04").as_bytes());
    assert_eq!(broken.iter().map(|found| found.place.as_str()).collect::<Vec<_>>(), ["$.items[].updated_at"]);
    // Equal for want of exactness: the names say which comes first, and nothing more is asked.
    let known = held(&[object("01", "01"), object("03", "03")]);
    assert_eq!(known.iter().map(ToString::to_string).collect::<Vec<_>>(), ["updated_at >= created_at"]);
    assert!(held(&[object("01", "02"), object("04", "03")]).is_empty(), "it did not always hold");
}
