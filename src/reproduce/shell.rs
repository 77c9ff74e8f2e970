//! Words for a shell (bash, zsh) that a person may paste: nothing in them is expanded, run, or able to steer a terminal.

use std::fmt::Write as _;

/// One piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Text as it stands.
    Literal(String),
    /// The value of a variable of the shell.
    Variable(String),
}

/// The pieces as one word.
pub(super) fn word(pieces: &[Piece]) -> String {
    let pieces = &joined(pieces);
    let literals = || pieces.iter().filter_map(Piece::literal);
    let has_variable = pieces.iter().any(|piece| piece.literal().is_none());
    if !has_variable && literals().any(|text| !text.is_empty()) && literals().all(is_bare) {
        return literals().collect();
    }
    if has_variable && literals().all(is_plain_in_double_quotes) {
        return double_quoted(pieces);
    }
    let quoted: String = pieces.iter().map(segment).collect();
    if quoted.is_empty() { "''".to_owned() } else { quoted }
}

/// Neighbouring literals as one.
fn joined(pieces: &[Piece]) -> Vec<Piece> {
    let mut out: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        match (out.last_mut(), piece) {
            (Some(Piece::Literal(before)), Piece::Literal(text)) => before.push_str(text),
            _ => out.push(piece.clone()),
        }
    }
    out
}

impl Piece {
    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Variable(_) => None,
        }
    }
}

/// Whether text needs no quotes at all.
fn is_bare(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_@%+:,./-".contains(&byte))
}

/// `!` is for the history of an interactive shell, which looks into double quotes.
fn is_plain_in_double_quotes(text: &str) -> bool {
    !text.chars().any(|c| "\"$`\\!".contains(c) || is_unseen(c))
}

fn double_quoted(pieces: &[Piece]) -> String {
    let mut out = String::from("\"");
    for (at, piece) in pieces.iter().enumerate() {
        match piece {
            Piece::Literal(text) => out.push_str(text),
            Piece::Variable(name) => {
                let next = pieces.get(at + 1).and_then(Piece::literal).and_then(|text| text.bytes().next());
                let goes_on = next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_[".contains(&byte));
                let _ = if goes_on { write!(out, "${{{name}}}") } else { write!(out, "${name}") };
            }
        }
    }
    out.push('"');
    out
}

fn segment(piece: &Piece) -> String {
    match piece {
        Piece::Variable(name) => format!("\"${name}\""),
        Piece::Literal(text) if text.is_empty() => String::new(),
        Piece::Literal(text) if text.chars().any(is_unseen) => escaped(text),
        Piece::Literal(text) => format!("'{}'", text.replace('\'', r"'\''")),
    }
}

/// `$'…'`: for text with characters that would do something while it is pasted, or cannot be seen.
fn escaped(text: &str) -> String {
    let mut out = String::from("$'");
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\'' | '\\' => out.extend(['\\', c]),
            c if c == '!' || c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if is_unseen(c) => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Control characters, and those that change how their neighbours are shown.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
        )
}

/// Text of one line for a comment.
pub(super) fn comment(text: &str) -> String {
    let plain: String = text.chars().map(|c| if is_unseen(c) { ' ' } else { c }).collect();
    format!("# {plain}")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn literal(text: &str) -> Piece {
        Piece::Literal(text.to_owned())
    }

    #[test]
    fn words_are_quoted_no_more_than_they_need() {
        let id = || Piece::Variable("id".to_owned());
        for (pieces, expected) in [
            (vec![literal("POST")], "POST"),
            (vec![], "''"),
            (vec![literal("a b")], "'a b'"),
            (vec![literal("it's")], r"'it'\''s'"),
            (vec![literal("/x/"), id()], "\"/x/$id\""),
            (vec![literal("/x/"), id(), literal("y")], "\"/x/${id}y\""),
            (vec![literal("{\"id\":"), id(), literal("}")], "'{\"id\":'\"$id\"'}'"),
            (vec![literal("wow!"), id()], "'wow!'\"$id\""),
            (vec![literal("a\nb!\u{1b}[31m\u{202e}'")], r"$'a\nb\x21\x1b[31m\U0000202e\''"),
        ] {
            assert_eq!(word(&pieces), expected);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        /// What bash makes of a word is the text that it was made from.
        #[test]
        fn a_shell_reads_what_was_written(texts in prop::collection::vec("[^\0]{0,12}", 1..6)) {
            let pieces: Vec<Piece> = texts
                .iter()
                .enumerate()
                .map(|(at, text)| if at % 2 == 1 { Piece::Variable(format!("v{at}")) } else { literal(text) })
                .collect();
            let script = format!("printf %s {}", word(&pieces));
            let mut bash = Command::new("bash");
            bash.args(["-c", &script]).env("LC_ALL", "C.UTF-8");
            for (at, text) in texts.iter().enumerate() {
                bash.env(format!("v{at}"), text);
            }
            let output = bash.output().expect("bash");
            prop_assert_eq!(String::from_utf8_lossy(&output.stdout), texts.concat(), "{}", script);
        }
    }
}
