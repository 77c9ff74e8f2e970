//! Values out of an answer, in a shell: what a plan captures by a path or a header, with `jq`, `sed` and `head`.

use std::fmt::Write as _;

use super::shell::{Piece, word};
use crate::plan::path::Segment;
use crate::plan::{CaptureFrom, JsonPath};

/// Commands that read standard input, the answer with its head if `has_head`, and print the value. `as_json`: as JSON,
/// otherwise the content of a string.
pub(super) fn extraction(from: &CaptureFrom, has_head: bool, as_json: bool) -> String {
    match from {
        CaptureFrom::Header(name) => format!("sed -n {} | head -n 1", quoted(&header_pattern(name))),
        CaptureFrom::HeaderPart(name, pattern) => {
            let form = if as_json { "-nRc" } else { "-nRr" };
            let pattern = serde_json::Value::from(pattern.as_str());
            let part = format!("first(inputs | match({pattern}) | .captures[0].string)");
            format!("sed -n {} | jq {form} {}", quoted(&header_pattern(name)), quoted(&part))
        }
        CaptureFrom::Body(path) => {
            let body = if has_head { "sed '1,/^$/d' | " } else { "" };
            let form = if as_json { "-c" } else { "-r" };
            format!("{body}jq {form} {}", quoted(&filter(path)))
        }
    }
}

fn quoted(text: &str) -> String {
    word(&[Piece::Literal(text.to_owned())])
}

/// `s/^[Ee][Tt][Aa][Gg]: *//p`: every `sed` can do that.
fn header_pattern(name: &str) -> String {
    let mut pattern = String::from("s/^");
    for c in name.chars() {
        let (upper, lower) = (c.to_ascii_uppercase(), c.to_ascii_lowercase());
        match c {
            _ if upper != lower => _ = write!(pattern, "[{upper}{lower}]"),
            '*' | '.' | '^' | '$' => _ = write!(pattern, "[{c}]"),
            c => pattern.push(c),
        }
    }
    pattern + ": *//p"
}

/// The first value at a path, as a filter of `jq`.
fn filter(path: &JsonPath) -> String {
    let mut out = String::new();
    let mut segments = path.segments.iter().peekable();
    let mut several = false;
    while let Some(segment) = segments.next() {
        match segment {
            Segment::Member(name) => member(&mut out, name),
            Segment::Index(at) => {
                let _ = write!(out, "{}[{at}]", if out.is_empty() { "." } else { "" });
            }
            Segment::Wildcard => {
                several = true;
                out.push_str(if out.is_empty() { ".[]?" } else { "[]?" });
            }
            Segment::Descendant => {
                several = true;
                out.push_str(if out.is_empty() { ".." } else { " | .." });
                match segments.next() {
                    Some(Segment::Member(name)) => {
                        let name = serde_json::Value::from(name.as_str());
                        let _ = write!(out, " | objects | select(has({name})) | .[{name}]");
                    }
                    Some(Segment::Index(at)) => {
                        let _ = write!(out, " | arrays | .[{at}] | values");
                    }
                    _ => out.push_str(" | .[]?"),
                }
            }
        }
    }
    match (several, out.is_empty()) {
        (true, _) => format!("first({out})"),
        (false, true) => ".".to_owned(),
        (false, false) => out,
    }
}

fn member(out: &mut String, name: &str) {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_';
    if name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit()) {
        let _ = write!(out, ".{name}");
    } else {
        let _ = write!(out, "{}[{}]", if out.is_empty() { "." } else { "" }, serde_json::Value::from(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_filters() {
        for (path, expected) in [
            ("$.id", ".id"),
            ("$", "."),
            ("$.items[0].id", ".items[0].id"),
            ("$[-1]['odd name']", ".[-1][\"odd name\"]"),
            ("$['odd name']", ".[\"odd name\"]"),
            ("$.items[*].id", "first(.items[]?.id)"),
            ("$..id", "first(.. | objects | select(has(\"id\")) | .[\"id\"])"),
        ] {
            assert_eq!(filter(&JsonPath::parse(path).unwrap()), expected);
        }
    }

    #[test]
    fn headers_are_found_whatever_their_case() {
        let command = extraction(&CaptureFrom::Header("etag".to_owned()), true, false);
        assert_eq!(command, "sed -n 's/^[Ee][Tt][Aa][Gg]: *//p' | head -n 1");
        let part = CaptureFrom::HeaderPart("x".to_owned(), regex::Regex::new("id=(\\d+)").unwrap());
        let script = format!("printf 'X: none\\nx: id=41; b\\n' | {}", extraction(&part, true, false));
        if let Ok(output) = std::process::Command::new("bash").args(["-c", &script]).output() {
            assert_eq!(String::from_utf8_lossy(&output.stdout), "41\n", "{script}");
        }
    }
}
