//! A text that a pattern matches: the shortest that is easily found.

use regex_syntax::Parser;
use regex_syntax::hir::{Class, ClassUnicodeRange, Hir, HirKind};

/// Longest text that is made.
const MAX_LENGTH: usize = 4096;
/// What is taken of a class that has one of them, in this order: patterns of people mean readable characters.
const READABLE: [char; 3] = ['a', 'A', '0'];

/// `None`: the pattern is none that is understood here, such as one that looks ahead.
pub(super) fn example(pattern: &str) -> Option<String> {
    let hir = Parser::new().parse(pattern).ok()?;
    let mut text = String::new();
    write(&hir, &mut text)?;
    (!text.is_empty()).then_some(text)
}

/// The parser bounds how deep a pattern nests.
fn write(hir: &Hir, text: &mut String) -> Option<()> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(std::str::from_utf8(&literal.0).ok()?),
        HirKind::Class(Class::Unicode(class)) => {
            let has = |c: &char| class.iter().any(|range| (range.start()..=range.end()).contains(c));
            text.push(READABLE.into_iter().find(has).or_else(|| class.iter().next().map(ClassUnicodeRange::start))?);
        }
        HirKind::Class(Class::Bytes(class)) => text.push(char::from(class.iter().next()?.start())),
        HirKind::Repetition(repetition) => {
            // One where none is asked for makes a text that says more.
            let least = repetition.min.max(u32::from(repetition.max.is_none()));
            for _ in 0..least {
                write(&repetition.sub, text)?;
                if text.len() > MAX_LENGTH {
                    return None;
                }
            }
        }
        HirKind::Capture(capture) => write(&capture.sub, text)?,
        HirKind::Concat(parts) => parts.iter().try_for_each(|part| write(part, text))?,
        HirKind::Alternation(choices) => write(choices.first()?, text)?,
    }
    Some(())
}
