//! Points in time as text: RFC 3339, the same without an offset, and the dates of HTTP headers.

use std::time::Duration;

use jiff::civil::{DateTime, date};

/// A point in time that was written as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Moment<'a> {
    /// How it was written: two of different form are never the same, because a reader needs one or the other.
    form: Form,
    /// Since 1970; UTC where an offset is known.
    seconds: i64,
    /// Digits of the fraction of the second, without zeros at the end: exact at any precision.
    fraction: &'a [u8],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Form {
    /// RFC 3339 with an offset: an instant.
    Instant,
    /// The same without: the time on some clock.
    Clock,
    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    Http,
}

impl<'a> Moment<'a> {
    /// Reads a point in time; `None` for anything that a strict reader would refuse: a space for the `T`, an offset of
    /// `-00:00` (which ISO 8601 forbids), a leap second.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let digits_first = text.first().is_some_and(u8::is_ascii_digit);
        if digits_first { Self::rfc3339(text) } else { Self::http(text) }
    }

    /// Whether both are written in the same form.
    pub(super) fn has_form_of(&self, other: &Self) -> bool {
        self.form == other.form
    }

    /// Whether both are written in the same form and lie at most so far apart.
    pub(super) fn is_near(&self, other: &Self, within: Duration) -> bool {
        self.has_form_of(other) && self.nanoseconds_to(other) <= within.as_nanos()
    }

    /// What lies between both; `None`: they are written in different forms, or too far apart to tell.
    pub(super) fn distance(&self, other: &Self) -> Option<Duration> {
        let nanoseconds = u64::try_from(self.nanoseconds_to(other)).ok()?;
        self.has_form_of(other).then(|| Duration::from_nanos(nanoseconds))
    }

    fn nanoseconds_to(&self, other: &Self) -> u128 {
        (self.nanoseconds() - other.nanoseconds()).unsigned_abs()
    }

    fn rfc3339(text: &'a [u8]) -> Option<Self> {
        let (whole, rest) = text.split_at_checked(19)?;
        let local = clock_seconds(whole)?;
        let (fraction, offset) = split_fraction(rest)?;
        let (form, seconds) = match offset {
            [] => (Form::Clock, local),
            offset => (Form::Instant, local - offset_seconds(offset)?),
        };
        Some(Self { form, seconds, fraction })
    }

    fn http(text: &'a [u8]) -> Option<Self> {
        let seconds = (text.len() == HTTP_LENGTH).then(|| http_date(text)).flatten()?;
        Some(Self { form: Form::Http, seconds, fraction: &[] })
    }

    /// Cut after nine digits, which is exact enough for a distance.
    fn nanoseconds(&self) -> i128 {
        let digits = self.fraction.iter().copied().chain(std::iter::repeat(b'0')).take(9);
        let fraction = digits.fold(0, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        i128::from(self.seconds) * 1_000_000_000 + fraction
    }
}

/// Bytes of `Sun, 06 Nov 1994 08:49:37 GMT`.
const HTTP_LENGTH: usize = 29;

/// The instant that a date in a header names, since 1970. Besides the format of today, readers of headers must accept two
/// obsolete ones (RFC 9110, 5.6.7): `Sunday, 06-Nov-94 08:49:37 GMT` and `Sun Nov  6 08:49:37 1994`.
pub(super) fn http_date(text: &[u8]) -> Option<i64> {
    const BEHIND_WEEKDAY: usize = 24;
    const ASCTIME_LENGTH: usize = 24;
    let format = match (text.iter().position(|byte| *byte == b','), text.len()) {
        (Some(3), HTTP_LENGTH) => "%a, %d %b %Y %H:%M:%S GMT",
        (Some(comma), length) if length == comma + BEHIND_WEEKDAY => "%A, %d-%b-%y %H:%M:%S GMT",
        (None, ASCTIME_LENGTH) => "%a %b %e %H:%M:%S %Y",
        _ => return None,
    };
    let parsed = jiff::fmt::strtime::parse(format, std::str::from_utf8(text).ok()?).ok()?;
    Some(since_epoch(parsed.to_datetime().ok()?))
}

/// `YYYY-MM-DDTHH:MM:SS` as if it were UTC.
fn clock_seconds(text: &[u8]) -> Option<i64> {
    let marks = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if !marks.iter().all(|(at, mark)| text[*at] == *mark) || !matches!(text[10], b'T' | b't') {
        return None;
    }
    let part = |from: usize, to: usize| number(&text[from..to]);
    let small = |from| part(from, from + 2).and_then(|value| i8::try_from(value).ok());
    let time = DateTime::new(part(0, 4)?, small(5)?, small(8)?, small(11)?, small(14)?, small(17)?, 0).ok()?;
    Some(since_epoch(time))
}

fn since_epoch(time: DateTime) -> i64 {
    time.duration_since(date(1970, 1, 1).at(0, 0, 0, 0)).as_secs()
}

/// Digits after the point, if there is one, without zeros at the end, and what follows.
fn split_fraction(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let Some(digits) = text.strip_prefix(b".") else { return Some((&[], text)) };
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = digits.split_at(length);
    let zeros = digits.iter().rev().take_while(|digit| **digit == b'0').count();
    (length > 0).then(|| (&digits[..length - zeros], rest))
}

/// `Z`, `+HH:MM` or `-HH:MM`.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text {
        [b'Z' | b'z'] => return Some(0),
        [b'+', rest @ ..] => (1, rest),
        [b'-', b'0', b'0', b':', b'0', b'0'] => return None,
        [b'-', rest @ ..] => (-1, rest),
        _ => return None,
    };
    let [h1, h2, b':', m1, m2] = *rest else { return None };
    let (hours, minutes) = (number(&[h1, h2])?, number(&[m1, m2])?);
    (hours < 24 && minutes < 60).then(|| sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60))
}

fn number(digits: &[u8]) -> Option<i16> {
    digits.iter().try_fold(0_i16, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i16::from(digit - b'0')))
}
