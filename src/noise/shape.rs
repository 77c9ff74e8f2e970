//! What can still be said of a value whose text differs from run to run: its type and format.

use std::fmt;

use crate::compare::is_uuid;

/// The format of a JSON value or of a header.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// `null`
    Null,
    /// `true` or `false`
    Bool,
    /// A number without a point or exponent.
    Integer,
    /// A number with one.
    Decimal {
        /// Digits after the point.
        digits: usize,
    },
    /// RFC 3339.
    Datetime {
        /// How its offset is written.
        offset: Offset,
        /// Digits of a second.
        digits: usize,
    },
    /// A UUID with its hyphens.
    Uuid,
    /// Text that names or proves something: no space in it.
    Token {
        /// Its characters.
        alphabet: Alphabet,
        /// How many they are.
        length: usize,
        /// Those that no random token has, the first of them: `::` of `10:20:30.5`.
        marks: String,
    },
    /// Text without a character.
    Empty,
    /// Any other text.
    Text,
    /// An array or object.
    Structure,
}

/// How the offset of a time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Offset {
    /// There is none.
    None,
    /// `Z`
    Zulu,
    /// `+02:00`
    Numeric,
}

/// How exact a time is. Services that leave out zeros write one digit or six for the same exactness, so it is a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fraction {
    /// Whole seconds.
    None,
    /// Up to three digits.
    Milliseconds,
    /// Up to six.
    Microseconds,
    /// More.
    Nanoseconds,
}

/// Characters of a token; each is part of the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alphabet {
    /// `0` to `9`
    Digits,
    /// And `a` to `f`, in either case.
    Hexadecimal,
    /// ASCII letters and digits.
    Alphanumeric,
    /// And what stands beside them in base64, in either of its alphabets (RFC 4648).
    Base64,
    /// Whatever is no white space.
    Any,
}

impl Alphabet {
    /// Of the characters of the `wider` alphabet, the share that is in this one, at most: of random ones so many are by
    /// chance. `None` where the wider one is none that tokens are drawn from, or numbers would become words.
    pub(super) fn share_of(self, wider: Self) -> Option<f64> {
        match (self, wider) {
            (Self::Digits, Self::Hexadecimal) => Some(10.0 / 16.0),
            // Of letters of one case: of fewer characters more are in the narrower alphabet by chance.
            (Self::Hexadecimal, Self::Alphanumeric) => Some(16.0 / 36.0),
            (Self::Hexadecimal, Self::Base64) => Some(22.0 / 64.0),
            (Self::Alphanumeric, Self::Base64) => Some(62.0 / 64.0),
            _ => None,
        }
    }
}

impl Fraction {
    /// Of so many digits of a second.
    pub(super) const fn of(digits: usize) -> Self {
        match digits {
            0 => Self::None,
            1..=3 => Self::Milliseconds,
            4..=6 => Self::Microseconds,
            _ => Self::Nanoseconds,
        }
    }

    /// Digits of a second that are told, at most.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::None => 0,
            Self::Milliseconds => 3,
            Self::Microseconds => 6,
            Self::Nanoseconds => 9,
        }
    }
}

/// Tokens of this length and more are no words.
const DRAWN: usize = 16;

impl Shape {
    /// The shape of a value as it was on the wire; of a header, which has no quotes.
    pub(super) fn of(wire: &str) -> Self {
        let inner = wire.strip_prefix('"').map(|rest| rest.strip_suffix('"').unwrap_or(rest));
        match (inner, wire.as_bytes().first()) {
            (Some(text), _) => Self::of_text(text),
            (None, None) => Self::Empty,
            (None, Some(b'{' | b'[')) => Self::Structure,
            (None, _) if wire == "null" => Self::Null,
            (None, _) if wire == "true" || wire == "false" => Self::Bool,
            (None, _) if is_number(wire) && wire.contains(['.', 'e', 'E']) => Self::Decimal { digits: decimals(wire) },
            (None, _) if is_number(wire) => Self::Integer,
            (None, _) => Self::of_text(wire),
        }
    }

    /// Whether a value of this shape is one that is drawn or read from a clock, whatever its name.
    pub(super) const fn is_drawn(&self) -> bool {
        match self {
            Self::Datetime { .. } | Self::Uuid => true,
            Self::Token { alphabet, length, .. } => !matches!(alphabet, Alphabet::Digits) && *length >= DRAWN,
            _ => false,
        }
    }

    /// The shape of text, whatever it looks like: of what stands between quotes, or of a header.
    pub(super) fn of_text(text: &str) -> Self {
        if text.is_empty() {
            Self::Empty
        } else if is_uuid(text.as_bytes()) {
            Self::Uuid
        } else if let Some((offset, digits)) = datetime(text) {
            Self::Datetime { offset, digits }
        } else if text.contains(char::is_whitespace) {
            Self::Text
        } else {
            let text = unescaped(text);
            Self::Token { alphabet: alphabet(&text), length: text.chars().count(), marks: marks(&text) }
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool => f.write_str("a boolean"),
            Self::Integer => f.write_str("an integer"),
            Self::Decimal { .. } => f.write_str("a decimal"),
            Self::Uuid => f.write_str("a UUID"),
            Self::Empty => f.write_str("empty text"),
            Self::Text => f.write_str("text"),
            Self::Structure => f.write_str("an array or object"),
            Self::Token { alphabet, length, marks: _ } => {
                let of = match alphabet {
                    Alphabet::Digits => "digits",
                    Alphabet::Hexadecimal => "hexadecimal digits",
                    Alphabet::Alphanumeric => "letters and digits",
                    Alphabet::Base64 => "characters of base64",
                    Alphabet::Any => "characters",
                };
                write!(f, "{length} {of}")
            }
            Self::Datetime { offset, digits } => {
                let fraction = match Fraction::of(*digits) {
                    Fraction::None => "to the second",
                    Fraction::Milliseconds => "to the millisecond",
                    Fraction::Microseconds => "to the microsecond",
                    Fraction::Nanoseconds => "to the nanosecond",
                };
                let offset = match offset {
                    Offset::None => "without an offset",
                    Offset::Zulu => "with `Z`",
                    Offset::Numeric => "with an offset in digits",
                };
                write!(f, "a time {fraction} {offset}")
            }
        }
    }
}

fn is_number(text: &str) -> bool {
    text.starts_with(|c: char| c == '-' || c.is_ascii_digit()) && text.parse::<f64>().is_ok()
}

fn decimals(number: &str) -> usize {
    let fraction = number.split_once('.').map_or("", |(_, fraction)| fraction);
    fraction.bytes().take_while(u8::is_ascii_digit).count()
}

fn alphabet(text: &str) -> Alphabet {
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        Alphabet::Digits
    } else if text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Alphabet::Hexadecimal
    } else if text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Alphabet::Alphanumeric
    } else if text.chars().all(is_base64) {
        Alphabet::Base64
    } else {
        Alphabet::Any
    }
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_+/=".contains(c)
}

/// Most marks of a token that are kept.
const MOST_MARKS: usize = 16;

/// Characters of a token that stand for its format, and no point of a number, which may be without.
fn marks(token: &str) -> String {
    let mut marks = String::new();
    let mut is_number = false;
    let mut before = None;
    for (at, c) in token.char_indices() {
        let is_next_digit = || token[at + c.len_utf8()..].starts_with(|next: char| next.is_ascii_digit());
        let is_point = c == '.' && is_number && is_next_digit();
        if marks.len() < MOST_MARKS && !is_base64(c) && !c.is_alphanumeric() && !is_point {
            marks.push(c);
        }
        // A number begins after whatever no random token has within; a point in it goes on.
        let begins = before.is_none_or(|before: char| !before.is_alphanumeric() && !"-_".contains(before));
        is_number = is_point || c.is_ascii_digit() && (is_number || begins);
        before = Some(c);
    }
    marks
}

/// A text with `%2B` as the one character that it stands for: signatures in URLs have them by chance.
fn unescaped(text: &str) -> std::borrow::Cow<'_, str> {
    let is_escape = |rest: &str| rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if !text.contains('%') || !text.split('%').skip(1).all(is_escape) {
        return text.into();
    }
    let mut pieces = text.split('%');
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |text, piece| text + "+" + &piece[2..]).into()
}

/// How the offset of a time is written and how many digits its second has, if it is one.
fn datetime(text: &str) -> Option<(Offset, usize)> {
    let (whole, rest) = text.split_at_checked(19)?;
    whole.parse::<jiff::civil::DateTime>().ok()?;
    let digits = rest.strip_prefix('.').map_or(0, |rest| rest.bytes().take_while(u8::is_ascii_digit).count());
    let offset = match rest.get(if digits == 0 { 0 } else { digits + 1 }..)? {
        "" => Offset::None,
        "Z" | "z" => Offset::Zulu,
        offset if offset.len() == 6 && offset.starts_with(['+', '-']) => Offset::Numeric,
        _ => return None,
    };
    Some((offset, digits))
}

/// An instant or a local time, to compare two of one kind by; `None` for anything else.
pub fn moment(text: &str) -> Option<(bool, i128)> {
    let (offset, _) = datetime(text)?;
    if offset == Offset::None {
        let utc = text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        return Some((false, utc.timestamp().as_nanosecond()));
    }
    Some((true, text.parse::<jiff::Timestamp>().ok()?.as_nanosecond()))
}
