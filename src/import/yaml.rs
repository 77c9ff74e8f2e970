//! YAML as people would write it: plain text where it can only be text, quotes everywhere else.

use std::fmt::{self, Write as _};

use super::draft::Json;

/// Words that some reader of YAML takes for a switch or for nothing.
const WORDS: [&str; 8] = ["null", "true", "false", "yes", "no", "on", "off", "y"];

/// Longest line on which a list or a mapping is written in braces.
const WIDTH: usize = 100;

/// Text as the value of a line of its own.
pub(super) fn scalar(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { quoted(text) }
}

/// Text inside `{ }` and `[ ]`.
pub(super) fn inner(text: &str) -> String {
    let is_safe = is_plain(text) && !text.contains(['{', '}', '[', ']', ',', ':']);
    if is_safe { text.to_owned() } else { quoted(text) }
}

/// Whether every reader takes it for this text, without quotes.
fn is_plain(text: &str) -> bool {
    let first = text.starts_with(|c: char| c.is_ascii_alphabetic() || "/$_".contains(c));
    let printable = text.chars().all(|c| c == ' ' || c.is_ascii_graphic());
    let ends = text.ends_with([' ', ':']);
    let is_word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text)) || text.eq_ignore_ascii_case("n");
    is_duration(text) || first && printable && !ends && !is_word && !text.contains(": ") && !text.contains(" #")
}

/// `5s`: no reader takes it for a number.
fn is_duration(text: &str) -> bool {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    unit.len() < text.len() && matches!(unit, "ms" | "s" | "m" | "h")
}

/// Text in double quotes; whatever might not survive an editor is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        // Writing to a string cannot fail.
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            '\r' => write!(out, "\\r"),
            '\t' => write!(out, "\\t"),
            c if is_visible(c) => write!(out, "{c}"),
            c if u32::from(c) <= 0xff => write!(out, "\\x{:02x}", u32::from(c)),
            c if u32::from(c) <= 0xffff => write!(out, "\\u{:04x}", u32::from(c)),
            c => write!(out, "\\U{:08x}", u32::from(c)),
        };
    }
    out + "\""
}

/// No control character, no line end of any reader, no byte order mark, nothing that changes the direction of text.
fn is_visible(c: char) -> bool {
    let hidden = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}' | '\u{e0000}'..='\u{10ffff}');
    !c.is_control() && !hidden
}

/// A comment, each line with its `#`.
pub(super) fn comment(out: &mut String, indent: usize, text: &str) -> fmt::Result {
    for line in text.split(['\n', '\r']) {
        let line: String = line.chars().map(|c| if is_visible(c) { c } else { ' ' }).collect();
        writeln!(out, "{}", format!("{:indent$}# {}", "", line.trim()).trim_end())?;
    }
    Ok(())
}

/// A JSON value behind a colon or a dash: on the same line where it fits, else on lines of its own. `used` is the
/// length of what stands on the line already.
pub(super) fn json(out: &mut String, value: &Json, indent: usize, used: usize) -> fmt::Result {
    let line = in_braces(value);
    let is_long = used + line.len() > WIDTH || has_environment(value);
    match value {
        Json::List(items) if !items.is_empty() && is_long => {
            writeln!(out)?;
            for item in items {
                write!(out, "{:indent$}-", "")?;
                json(out, item, indent + 2, indent + 2)?;
            }
            Ok(())
        }
        Json::Map(members) if !members.is_empty() && is_long => {
            writeln!(out)?;
            for (name, value) in members {
                let name = key(name);
                write!(out, "{:indent$}{name}:", "")?;
                json(out, value, indent + 2, indent + name.len() + 2)?;
            }
            Ok(())
        }
        _ => writeln!(out, " {line}"),
    }
}

/// Whether a number comes from the environment: `${NAME}` stands without quotes, and so not in braces.
fn has_environment(value: &Json) -> bool {
    match value {
        Json::Environment(_) => true,
        Json::List(items) => items.iter().any(has_environment),
        Json::Map(members) => members.iter().any(|(_, value)| has_environment(value)),
        _ => false,
    }
}

/// A key that is text, whatever it looks like. Keys have no variables.
pub(super) fn key(name: &str) -> String {
    inner(name)
}

fn in_braces(value: &Json) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.clone(),
        Json::Environment(name) => format!("${{{name}}}"),
        Json::Text(text) => inner(&text.spelled_as_string()),
        Json::Hole(name) => quoted(&format!("{{{{{name}}}}}")),
        Json::List(items) if items.is_empty() => "[]".to_owned(),
        Json::Map(members) if members.is_empty() => "{}".to_owned(),
        Json::List(items) => format!("[{}]", items.iter().map(in_braces).collect::<Vec<_>>().join(", ")),
        Json::Map(members) => {
            let members = members.iter().map(|(name, value)| format!("{}: {}", key(name), in_braces(value)));
            format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
        }
    }
}
