//! Texts that match a regular expression, for `pattern` in a schema.

use rand::{Rng, RngExt};
use regex_syntax::hir::{Class, Hir, HirKind};

/// Most repetitions where the pattern sets no end.
const MOST: u32 = 8;
/// Longest text that is made.
const LONGEST: usize = 4_096;

/// A text that the pattern admits; `None` for a pattern that is none, that asks for bytes that are no text, or for more of
/// it than anybody sends.
pub(super) fn matching(pattern: &str, random: &mut impl Rng) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut out = String::new();
    write(&hir, random, &mut out)?;
    Some(out)
}

/// The parser bounds how deep a pattern nests, and repeats nothing that adds no text.
fn write(hir: &Hir, random: &mut impl Rng, out: &mut String) -> Option<()> {
    if out.len() > LONGEST {
        return None;
    }
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(class) => out.push(one_of(class, random)?),
        HirKind::Repetition(repetition) => {
            let most =
                repetition.max.unwrap_or(repetition.min.saturating_add(MOST)).min(repetition.min.saturating_add(64));
            for _ in 0..random.random_range(repetition.min..=most.max(repetition.min)) {
                write(&repetition.sub, random, out)?;
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, random, out)?,
        HirKind::Concat(parts) => {
            for part in parts {
                write(part, random, out)?;
            }
        }
        HirKind::Alternation(choices) => write(&choices[random.random_range(0..choices.len())], random, out)?,
    }
    Some(())
}

/// Of the printable ASCII characters of the class where it has any, for they read best.
fn one_of(class: &Class, random: &mut impl Rng) -> Option<char> {
    let Class::Unicode(class) = class else {
        let Class::Bytes(class) = class else { return None };
        let first = class.ranges().first()?;
        return Some(char::from(first.start()));
    };
    let printable = |range: &regex_syntax::hir::ClassUnicodeRange| {
        let (start, end) = (range.start().max(' '), range.end().min('~'));
        (start <= end).then_some((start, end))
    };
    let mut ranges: Vec<(char, char)> = class.ranges().iter().filter_map(printable).collect();
    if ranges.is_empty() {
        ranges = class.ranges().iter().map(|range| (range.start(), range.end())).collect();
    }
    let (start, end) = *ranges.get(random.random_range(0..ranges.len().max(1)))?;
    Some(char::from_u32(random.random_range(u32::from(start)..=u32::from(end))).unwrap_or(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::generator;

    #[test]
    fn what_is_made_matches() {
        for pattern in [
            "^-?(id|student_no|name)$",
            "^[A-Z]{2}[0-9]{4,6}$",
            r"^\+?\d+( \d+)*$",
            "^a*b+c?$",
            r"^[^\s]{3}\.x$",
            "é|ü",
        ] {
            let regex = regex::Regex::new(pattern).unwrap();
            for number in 0..200 {
                let text = matching(pattern, &mut generator(7, "pattern", number)).unwrap();
                assert!(regex.is_match(&text), "{pattern}: {text:?}");
            }
        }
        for pattern in ["(", "((a{1000}){1000}){1000}", "a{4294967295}"] {
            assert_eq!(matching(pattern, &mut generator(7, "pattern", 0)), None, "{pattern}");
        }
    }
}
