use proptest::prelude::*;

use super::{compare_json, found};
use crate::compare::number::Decimal;
use crate::compare::{Comparison, json};

/// JSON texts with all types, nested.
fn documents() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        (-3_i64..3).prop_map(|value| value.to_string()),
        Just("1.0".to_owned()),
        "[a-c]{0,2}".prop_map(|text| format!("\"{text}\"")),
        Just("\"\\u0061\"".to_owned()),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|elements| format!("[{}]", elements.join(","))),
            prop::collection::vec(("[a-c]", inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Places without indices (which are the baseline's), with what `missing` becomes when sides are swapped.
fn places(comparison: &Comparison, is_swapped: bool) -> Vec<String> {
    let mut places: Vec<String> = found(comparison)
        .into_iter()
        .map(|found| {
            let found: String =
                found.split('[').map(|piece| piece.split_once(']').map_or(piece, |(_, rest)| rest)).collect();
            match is_swapped {
                true if found.contains(" missing ") => found.replace(" missing ", " extra "),
                true => found.replace(" extra ", " missing "),
                false => found,
            }
        })
        .collect();
    places.sort_unstable();
    places
}

/// Digits of a number between 10⁻⁹ and 10⁹, as an integer.
fn scaled(text: &str) -> i128 {
    let (mantissa, exponent) = text.split_once('e').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().expect("digits");
    let power = exponent.parse::<i64>().expect("an exponent") + 15 - i64::try_from(fraction.len()).expect("few");
    digits * 10_i128.pow(u32::try_from(power).expect("not below 10⁻¹⁵"))
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(document in documents()) {
        let spaced = format!(" {document}\n");
        let comparison = compare_json(vec![], document.as_bytes(), spaced.as_bytes());
        prop_assert_eq!(found(&comparison), Vec::<String>::new());
    }

    #[test]
    fn swapping_the_sides_swaps_what_is_missing(one in documents(), two in documents()) {
        let there = compare_json(vec![], one.as_bytes(), two.as_bytes());
        let back = compare_json(vec![], two.as_bytes(), one.as_bytes());
        prop_assert_eq!(there.places, back.places);
        prop_assert_eq!(places(&there, false), places(&back, true));
    }

    #[test]
    fn what_serde_reads_as_other_values_differs(one in documents(), two in documents()) {
        let read = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
        if read(&one) != read(&two) {
            prop_assert!(!found(&compare_json(vec![], one.as_bytes(), two.as_bytes())).is_empty());
        }
    }

    #[test]
    fn numbers_are_equal_if_their_integers_are(
        (one, two) in (("[1-9]{1,2}", "(\\.[0-2]{1,3})?", -3_i32..4), ("[1-9]{1,2}", "(\\.[0-2]{1,3})?", -3_i32..4))
    ) {
        let text = |(whole, fraction, exponent): (String, String, i32)| format!("{whole}{fraction}e{exponent}");
        let (one, two) = (text(one), text(two));
        let is_equal = Decimal::new(one.as_bytes()) == Decimal::new(two.as_bytes());
        prop_assert_eq!(is_equal, scaled(&one) == scaled(&two), "{} {}", one, two);
    }

    #[test]
    fn moving_the_point_changes_no_number(digits in "[1-9][0-9]{0,8}", shift in 0_usize..9) {
        let shifted = format!("{digits}{}.{}e-{shift}", "0".repeat(shift), "0".repeat(shift + 1));
        prop_assert_eq!(Decimal::new(digits.as_bytes()), Decimal::new(shifted.as_bytes()));
    }

    #[test]
    fn the_reader_accepts_what_serde_accepts(text in "[\\[\\]{},:\"a1.e+\\-0 tru]{0,12}") {
        let accepted = serde_json::from_str::<Box<serde::de::IgnoredAny>>(&text).is_ok();
        prop_assert_eq!(json::parse(text.as_bytes()).is_ok(), accepted, "{}", text);
    }
}
