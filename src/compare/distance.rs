//! Whether two decimals lie within a distance of each other, exactly: no rounding, whatever their size. Only asked of
//! numbers that differ and that a rule is about.

use std::cmp::Ordering;

use super::number::Decimal;
use crate::plan::Tolerance;

/// Most digits that are calculated with. Numbers that need more count as too far apart.
const MOST_DIGITS: i128 = 100_000;

/// Whether two JSON numbers lie within a tolerance of each other.
pub(super) fn is_within(one: &[u8], two: &[u8], within: &Tolerance) -> bool {
    let (one, two) = (Decimal::new(one), Decimal::new(two));
    one == two || near(&one, &two, within).unwrap_or(false)
}

/// Digits of a whole number that a person still reads.
const READABLE_DIGITS: i128 = 15;

/// What lies between two JSON numbers if it is whole and short, else the next power of ten. `None`: too many digits.
pub(super) fn in_few_digits(one: &[u8], two: &[u8]) -> Option<String> {
    let (one, two) = (Decimal::new(one), Decimal::new(two));
    let (one_size, two_size) = (Size::of(&one)?, Size::of(&two)?);
    let exponent = one_size.exponent.min(two_size.exponent);
    let (a, b) = (one_size.digits_at(exponent)?, two_size.digits_at(exponent)?);
    let distance = if one.is_negative() == two.is_negative() { difference(&a, &b) } else { sum(&a, &b) };
    let zeros = distance.iter().take_while(|digit| **digit == 0).count();
    let Some(last) = distance.iter().rposition(|digit| *digit > 0) else { return Some("0".to_owned()) };
    let digits = &distance[zeros..=last];
    let exponent = exponent + zeros as i128;
    let length = exponent + digits.len() as i128;
    Some(match usize::try_from(exponent) {
        Ok(zeros) if length <= READABLE_DIGITS => {
            let digits = digits.iter().rev().map(|digit| char::from(b'0' + digit));
            digits.chain(std::iter::repeat_n('0', zeros)).collect()
        }
        _ if digits == [1] => format!("1e{exponent}"),
        _ => format!("1e{length}"),
    })
}

/// `None`: too many digits.
fn near(one: &Decimal<'_>, two: &Decimal<'_>, within: &Tolerance) -> Option<bool> {
    let (one_size, two_size) = (Size::of(one)?, Size::of(two)?);
    let same_sign = one.is_negative() == two.is_negative();
    let (Tolerance::Absolute(limit) | Tolerance::Percent(limit)) = within;
    let limit = Size::of(&Decimal::new(limit.as_bytes()))?;
    let exponent = one_size.exponent.min(two_size.exponent).min(limit.exponent);
    let (a, b) = (one_size.digits_at(exponent)?, two_size.digits_at(exponent)?);
    let distance = if same_sign { difference(&a, &b) } else { sum(&a, &b) };
    Some(match within {
        Tolerance::Absolute(_) => order(&distance, &limit.digits_at(exponent)?).is_le(),
        // distance ≤ limit / 100 × larger, with the limit's own digits taken as a whole number.
        Tolerance::Percent(_) => {
            let larger = if order(&a, &b).is_ge() { a } else { b };
            let allowed = Size { digits: product(&larger, &limit.digits), exponent: exponent + limit.exponent - 2 };
            let distance = Size { digits: distance, exponent };
            let exponent = allowed.exponent.min(distance.exponent);
            order(&distance.digits_at(exponent)?, &allowed.digits_at(exponent)?).is_le()
        }
    })
}

/// A number without its sign.
struct Size {
    /// Decimal digits, the least first.
    digits: Vec<u8>,
    /// Power of ten of the least digit.
    exponent: i128,
}

impl Size {
    fn of(number: &Decimal<'_>) -> Option<Self> {
        let mut digits: Vec<u8> = number.digits().map(|digit| digit - b'0').collect();
        digits.reverse();
        Some(Self { digits, exponent: number.exponent()? })
    }

    /// The digits with a lower power of ten as the least.
    fn digits_at(&self, exponent: i128) -> Option<Vec<u8>> {
        if self.digits.is_empty() {
            return Some(Vec::new());
        }
        let zeros = self.exponent - exponent;
        if zeros + self.digits.len() as i128 > MOST_DIGITS {
            return None;
        }
        let zeros = usize::try_from(zeros).ok()?;
        Some(std::iter::repeat_n(0, zeros).chain(self.digits.iter().copied()).collect())
    }
}

/// Digits of two numbers side by side.
fn columns<'d>(one: &'d [u8], two: &'d [u8]) -> impl DoubleEndedIterator<Item = (u8, u8)> + 'd {
    let digit = |digits: &[u8], at: usize| digits.get(at).copied().unwrap_or(0);
    (0..one.len().max(two.len())).map(move |at| (digit(one, at), digit(two, at)))
}

fn order(one: &[u8], two: &[u8]) -> Ordering {
    columns(one, two).rev().map(|(one, two)| one.cmp(&two)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

fn sum(one: &[u8], two: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut out: Vec<u8> = columns(one, two)
        .map(|(one, two)| {
            let total = one + two + carry;
            carry = total / 10;
            total % 10
        })
        .collect();
    out.push(carry);
    out
}

fn difference(one: &[u8], two: &[u8]) -> Vec<u8> {
    let (larger, smaller) = if order(one, two).is_ge() { (one, two) } else { (two, one) };
    let mut borrow = 0;
    columns(larger, smaller)
        .map(|(larger, smaller)| {
            let total = 10 + larger - smaller - borrow;
            borrow = u8::from(total < 10);
            total % 10
        })
        .collect()
}

/// `few` has the few digits of a limit that somebody wrote.
fn product(many: &[u8], few: &[u8]) -> Vec<u8> {
    let mut out = vec![0_u8; many.len() + few.len() + 1];
    for (shift, factor) in few.iter().enumerate() {
        let mut carry = 0;
        for (at, digit) in many.iter().copied().chain([0]).enumerate() {
            let total = out[at + shift] + factor * digit + carry;
            out[at + shift] = total % 10;
            carry = total / 10;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_is_told_in_few_digits_and_never_less() {
        for (one, two, expected) in [
            ("12", "14", Some("2")),
            ("-1", "1", Some("2")),
            ("0", "-0", Some("0")),
            ("1", "1.0", Some("0")),
            ("9007199254740992", "9007199254740993", Some("1")),
            ("100", "1300", Some("1200")),
            ("0.1", "0.2", Some("1e-1")),
            ("0.1", "0.30000000000000004", Some("1e0")),
            ("0.001", "0.0035", Some("1e-2")),
            ("1e400", "1.5e400", Some("1e400")),
            ("1e20", "3e20", Some("1e21")),
            ("1e999999999", "1", None),
        ] {
            let found = in_few_digits(one.as_bytes(), two.as_bytes());
            assert_eq!(found.as_deref(), expected, "{one} {two}");
            let is_enough = |it: String| is_within(two.as_bytes(), one.as_bytes(), &Tolerance::Absolute(it));
            assert!(found.is_none_or(is_enough), "{one} {two}");
        }
    }

    #[test]
    fn distances_are_exact() {
        let absolute = |limit: &str| Tolerance::Absolute(limit.to_owned());
        let percent = |limit: &str| Tolerance::Percent(limit.to_owned());
        for (one, two, within, expected) in [
            ("1", "1.000000001", absolute("1e-9"), true),
            ("1", "1.0000000011", absolute("1e-9"), false),
            ("-1", "1", absolute("2"), true),
            ("-1", "1", absolute("1.999"), false),
            ("0", "-0", absolute("0"), true),
            ("9007199254740992", "9007199254740993", absolute("0.5"), false),
            ("9007199254740992", "9007199254740993", absolute("1"), true),
            ("99999999999999999999", "100000000000000000000", absolute("1"), true),
            ("1e400", "1.0000001e400", absolute("1e394"), true),
            ("1e400", "1.0000001e400", absolute("1e392"), false),
            ("1e999999999", "0", absolute("1"), false),
            ("100", "101", percent("1"), true),
            ("100", "101.1", percent("1"), false),
            ("-200", "-199", percent("0.5"), true),
            ("-200", "-198.99", percent("0.5"), false),
            ("0", "1e-30", percent("1"), false),
            ("1e-300", "1.001e-300", percent("0.1"), true),
            ("5", "-5", percent("200"), true),
            ("5", "-5", percent("199"), false),
            ("99", "990", percent("90"), true),
        ] {
            assert_eq!(is_within(one.as_bytes(), two.as_bytes(), &within), expected, "{one} {two} {within}");
            assert_eq!(is_within(two.as_bytes(), one.as_bytes(), &within), expected, "{two} {one} {within}");
        }
    }
}
