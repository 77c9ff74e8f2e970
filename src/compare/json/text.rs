//! Content of a JSON string, whatever escapes it was written with.

use std::borrow::Cow;
use std::cmp::Ordering;

/// Content of a JSON string, borrowed as written. Two are equal if every reader that keeps lone surrogates and broken
/// UTF-8 apart would say so: escapes make no difference, a lone `\ud800` equals nothing but itself.
#[derive(Debug, Clone, Copy)]
pub struct Text<'d> {
    /// Between the quotes.
    raw: &'d [u8],
    has_escapes: bool,
}

impl<'d> Text<'d> {
    pub(super) const fn plain(raw: &'d [u8]) -> Self {
        Self { raw, has_escapes: false }
    }

    pub(super) const fn escaped(raw: &'d [u8]) -> Self {
        Self { raw, has_escapes: true }
    }

    /// The content as bytes: UTF-8 where the source was, lone surrogates in the three bytes that UTF-8 would give them.
    pub fn decode(self) -> Cow<'d, [u8]> {
        if !self.has_escapes {
            return Cow::Borrowed(self.raw);
        }
        let mut out = Vec::with_capacity(self.raw.len());
        for unit in self.units() {
            match unit {
                Unit::Byte(byte) => out.push(byte),
                Unit::Char(char) => out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                Unit::Surrogate(code) => out.extend_from_slice(&surrogate_bytes(code)),
            }
        }
        Cow::Owned(out)
    }

    /// The content as text; what is none becomes U+FFFD.
    pub fn to_str_lossy(self) -> Cow<'d, str> {
        match self.decode() {
            // Most texts are text, which this finds out sooner.
            Cow::Borrowed(bytes) => {
                std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
            }
            Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
        }
    }

    fn units(self) -> Units<'d> {
        Units { rest: self.raw }
    }
}

impl PartialEq for Text<'_> {
    fn eq(&self, other: &Self) -> bool {
        let is_as_written = self.has_escapes == other.has_escapes && self.raw == other.raw;
        is_as_written || (self.has_escapes || other.has_escapes) && self.cmp(other).is_eq()
    }
}

impl Eq for Text<'_> {}

impl Ord for Text<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        if self.has_escapes || other.has_escapes {
            surrogates_apart(*self).cmp(surrogates_apart(*other))
        } else {
            self.raw.cmp(other.raw)
        }
    }
}

impl PartialOrd for Text<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq<str> for Text<'_> {
    fn eq(&self, other: &str) -> bool {
        *self == Text::plain(other.as_bytes())
    }
}

/// Decoded bytes, with lone surrogates as numbers that no byte has.
fn surrogates_apart(text: Text<'_>) -> impl Iterator<Item = u16> {
    text.units().flat_map(|unit| {
        let mut buffer = [0; 4];
        let (codes, length) = match unit {
            Unit::Byte(byte) => ([u16::from(byte), 0, 0, 0], 1),
            Unit::Char(char) => {
                let length = char.encode_utf8(&mut buffer).len();
                (buffer.map(u16::from), length)
            }
            Unit::Surrogate(code) => ([code, 0, 0, 0], 1),
        };
        codes.into_iter().take(length)
    })
}

fn surrogate_bytes(code: u16) -> [u8; 3] {
    [0xE0 | (code >> 12) as u8, 0x80 | ((code >> 6) & 0x3F) as u8, 0x80 | (code & 0x3F) as u8]
}

enum Unit {
    /// One byte as it stands in the source.
    Byte(u8),
    /// What an escape stands for.
    Char(char),
    /// An escaped half of a pair without its other half.
    Surrogate(u16),
}

struct Units<'d> {
    rest: &'d [u8],
}

impl Units<'_> {
    fn unicode_escape(&mut self) -> Unit {
        let code = hex(self.rest);
        self.rest = &self.rest[4..];
        if let (0xD800..=0xDBFF, [b'\\', b'u', low @ ..]) = (code, self.rest)
            && let low @ 0xDC00..=0xDFFF = hex(low)
        {
            self.rest = &self.rest[6..];
            let point = 0x1_0000 + ((u32::from(code) - 0xD800) << 10) + (u32::from(low) - 0xDC00);
            return Unit::Char(char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        char::from_u32(u32::from(code)).map_or(Unit::Surrogate(code), Unit::Char)
    }
}

impl Iterator for Units<'_> {
    type Item = Unit;

    fn next(&mut self) -> Option<Unit> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        if first != b'\\' {
            return Some(Unit::Byte(first));
        }
        let (&escape, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match escape {
            b'u' => self.unicode_escape(),
            b'b' => Unit::Byte(8),
            b'f' => Unit::Byte(12),
            b'n' => Unit::Byte(b'\n'),
            b'r' => Unit::Byte(b'\r'),
            b't' => Unit::Byte(b'\t'),
            other => Unit::Byte(other),
        })
    }
}

/// The number that four hexadecimal digits stand for; the reader has checked them.
fn hex(digits: &[u8]) -> u16 {
    digits[..4].iter().fold(0, |code, digit| code << 4 | (*digit as char).to_digit(16).unwrap_or(0) as u16)
}
