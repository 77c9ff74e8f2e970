//! Numbers as decimals: exact, whatever their size, and never through floating point.

use std::hash::{Hash, Hasher};

/// The value of a JSON number. `1`, `1.0` and `10e-1` are equal; `-0` and `0` are not, because readers that keep the
/// sign of a zero tell them apart.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decimal<'a> {
    negative: bool,
    /// Digits without leading and trailing zeros, in two pieces; both empty: zero.
    digits: (&'a [u8], &'a [u8]),
    exponent: Exponent<'a>,
}

/// Power of ten of the last digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Exponent<'a> {
    Exact(i128),
    /// Too long to calculate with: sign and digits as written, and what the point adds. Two spellings of such a number
    /// that share its exponent between point and exponent differently count as different.
    Huge {
        negative: bool,
        digits: &'a [u8],
        shift: i128,
    },
}

impl<'a> Decimal<'a> {
    /// Takes apart a number that the reader has accepted.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let negative = text.first() == Some(&b'-');
        let text = &text[usize::from(negative)..];
        let (mantissa, exponent) = split_at_byte(text, |byte| matches!(byte, b'e' | b'E'));
        let (whole, fraction) = split_at_byte(mantissa, |byte| byte == b'.');
        let digits = significant(whole, fraction);
        let exponent = match digits {
            ([], []) => Exponent::Exact(0),
            // The last digit stands in the whole part, with zeros cut behind it, or in the fraction.
            (head, []) => Exponent::new(exponent, (trim_start(whole).len() - head.len()) as i128),
            (_, tail) => Exponent::new(exponent, -(tail_end(fraction, tail) as i128)),
        };
        Self { negative, digits, exponent }
    }

    /// Whether it has a minus sign.
    pub(super) const fn is_negative(&self) -> bool {
        self.negative
    }

    /// Power of ten of the last digit; `None`: too long to calculate with.
    pub(super) const fn exponent(&self) -> Option<i128> {
        match self.exponent {
            Exponent::Exact(exponent) => Some(exponent),
            Exponent::Huge { .. } => None,
        }
    }

    /// Digits without leading and trailing zeros, as text.
    pub(super) fn digits(&self) -> impl Iterator<Item = u8> {
        self.digits.0.iter().chain(self.digits.1).copied()
    }
}

impl PartialEq for Decimal<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.negative == other.negative && self.exponent == other.exponent && self.digits().eq(other.digits())
    }
}

impl Hash for Decimal<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.negative.hash(state);
        self.exponent.hash(state);
        self.digits().for_each(|digit| state.write_u8(digit));
    }
}

impl<'a> Exponent<'a> {
    fn new(text: &'a [u8], shift: i128) -> Self {
        const MOST_DIGITS: usize = 30;
        let negative = text.first() == Some(&b'-');
        let digits = trim_start(text.strip_prefix(b"-").or(text.strip_prefix(b"+")).unwrap_or(text));
        if digits.len() > MOST_DIGITS {
            return Self::Huge { negative, digits, shift };
        }
        let size = digits.iter().fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        Self::Exact(if negative { -size } else { size } + shift)
    }
}

/// Digits of whole part and fraction without the zeros at either end.
fn significant<'a>(whole: &'a [u8], fraction: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let (whole, fraction) = (trim_start(whole), trim_end(fraction));
    match (whole, fraction) {
        ([], fraction) => (&[], trim_start(fraction)),
        (whole, []) => (trim_end(whole), &[]),
        both => both,
    }
}

/// How many digits of the fraction stand up to the end of its significant ones.
fn tail_end(fraction: &[u8], tail: &[u8]) -> usize {
    let trimmed = trim_end(fraction);
    debug_assert!(trimmed.ends_with(tail));
    trimmed.len()
}

fn trim_start(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().take_while(|digit| **digit == b'0').count();
    &digits[zeros..]
}

fn trim_end(digits: &[u8]) -> &[u8] {
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    &digits[..digits.len() - zeros]
}

/// What stands before and after the first such byte.
fn split_at_byte(text: &[u8], is_split: impl Fn(u8) -> bool) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| is_split(*byte)) {
        Some(at) => (&text[..at], &text[at + 1..]),
        None => (text, &[]),
    }
}
