//! One step: request, headers, body, expectation, captures.

use std::ops::Range;

use super::super::fields::{Fields, elements, entries, switch, text, whole};
use super::super::keys::{EXPECT, METHODS, STEP};
use super::super::problems::Problems;
use super::super::template::{Part, is_name};
use super::super::yaml::{Node, Value};
use super::super::{Body, Capture, CaptureFrom, Expect, JsonPath, Step, Template, Think};
use super::json;
use super::load::think;
use super::variables::Variables;
use crate::diagnostic::did_you_mean;

/// Headers that say how a message is framed.
const FRAMING: [&str; 3] = ["content-length", "transfer-encoding", "connection"];

/// A step as it was read.
pub(super) struct ReadStep {
    pub(super) step: Step,
    /// Whether its name was given.
    pub(super) is_named: bool,
    /// The pause after it, if it has one of its own.
    pub(super) think: Option<Think>,
}

/// Reads a step and sets the variables that it captures.
pub(super) fn step(node: &Node, variables: &mut Variables, problems: &mut Problems<'_>) -> Option<ReadStep> {
    let fields = Fields::open(node, &STEP, problems)?;
    let request = fields.get("request").and_then(|node| request(node, variables, problems));
    let name = fields.get("name").and_then(|node| text(node, problems)).map(str::to_owned);
    let headers = headers(fields.get("headers"), variables, problems);
    let body = body(&fields, variables, problems);
    let expect = fields.get("expect").and_then(|node| expect(node, problems)).unwrap_or_default();
    let capture = captures(fields.get("capture"), variables, problems);
    let auth = fields.get("auth").and_then(|node| switch(node, problems)).unwrap_or(true);
    let think = fields.get("think").and_then(|node| think(node, problems));
    let is_named = name.is_some();
    let request = request?;
    let name = name.unwrap_or(request.name);
    let step = Step { name, method: request.method, target: request.target, headers, body, expect, capture, auth };
    Some(ReadStep { step, is_named, think })
}

/// Where a problem of a whole step is shown.
pub(super) fn first_key(node: &Node) -> Range<usize> {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => entries[0].0.span.clone(),
        _ => node.span.clone(),
    }
}

struct Request {
    method: String,
    target: Template,
    name: String,
}

fn request(node: &Node, variables: &Variables, problems: &mut Problems<'_>) -> Option<Request> {
    let written = text(node, problems)?;
    let hint = || Some("write it like `GET /api/students?page=1`".to_owned());
    let Some((method, target)) = written.split_once(char::is_whitespace) else {
        problems.value(node, "a request is a method and a target", hint());
        return None;
    };
    if !METHODS.contains(&method) {
        let hint = did_you_mean(method, METHODS.iter().copied());
        problems.part(node, node.part(0, method.len()), format!("unknown method `{method}`"), hint);
    }
    let target = target.trim();
    let start = written.len() - target.len();
    if let Err((message, hint)) = check_target(target) {
        problems.part(node, node.part(start, target.len()), message, hint);
        return None;
    }
    let name = default_name(node.scalar().map_or(written, |scalar| &scalar.written));
    let target = compile(node, target, start, variables, problems);
    Some(Request { method: method.to_owned(), target, name })
}

/// Method and path as they were written, before variables of the environment were filled in: names are printed.
fn default_name(written: &str) -> String {
    let request = written.split('?').next().unwrap_or(written);
    request.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn check_target(target: &str) -> Result<(), (String, Option<String>)> {
    if !target.starts_with('/') {
        let is_url = target.contains("://");
        let hint = if is_url { "the sides have the host, write the path only" } else { "a target begins with `/`" };
        return Err((format!("`{target}` is not a target"), Some(hint.to_owned())));
    }
    let plain = without_holes(target);
    if plain.contains('#') {
        return Err(("a fragment (`#…`) is never sent to a server".to_owned(), Some("write `%23`".to_owned())));
    }
    let is_clean = plain.chars().all(|c| c.is_ascii_graphic()) && plain.parse::<http::uri::PathAndQuery>().is_ok();
    let hint = "blanks and other characters need percent-encoding, such as `%20`".to_owned();
    if is_clean { Ok(()) } else { Err((format!("`{target}` cannot be sent as it is"), Some(hint))) }
}

/// The text with each variable as `x`, to check what stands around them.
fn without_holes(text: &str) -> String {
    let (template, _) = Template::compile(text, &|_| Ok(0));
    let parts = template.parts.iter().map(|part| match part {
        Part::Literal(literal) => literal,
        _ => "x",
    });
    parts.collect()
}

/// Compiles a part of a node's text that begins at an offset.
pub(super) fn compile(
    node: &Node,
    text: &str,
    start: usize,
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> Template {
    let (template, errors) = Template::compile(text, &|name| variables.find(name));
    for error in errors {
        problems.part(node, node.part(start + error.offset, error.length), error.message, error.hint);
    }
    template
}

fn headers(node: Option<&Node>, variables: &Variables, problems: &mut Problems<'_>) -> Vec<(String, Template)> {
    let mut headers = Vec::new();
    for (key, node) in entries(node, problems) {
        let name = key.scalar().map_or("", |key| &key.text);
        let Some(value) = text(node, problems) else { continue };
        headers.extend(header(key, node, (name, value, 0), variables, problems));
    }
    headers
}

/// A header as its name, its value, and the offset of the value in its node.
pub(super) fn header(
    name_node: &Node,
    node: &Node,
    (name, value, start): (&str, &str, usize),
    variables: &Variables,
    problems: &mut Problems<'_>,
) -> Option<(String, Template)> {
    let lower = header_name(name_node, name, problems)?;
    if FRAMING.contains(&&*lower) {
        problems.value(name_node, format!("header `{name}` frames the message and is set for you"), None);
    }
    if http::HeaderValue::from_str(&without_holes(value)).is_err() {
        problems.value(node, "a header's value is one line without control characters", None);
    }
    Some((name.to_owned(), compile(node, value, start, variables, problems)))
}

/// A header's name in lower case.
pub(super) fn header_name(node: &Node, name: &str, problems: &mut Problems<'_>) -> Option<String> {
    let lower = http::HeaderName::from_bytes(name.as_bytes()).map(|name| name.as_str().to_owned());
    lower.map_err(|_| problems.value(node, format!("`{name}` cannot be the name of a header"), None)).ok()
}

fn body(fields: &Fields<'_>, variables: &Variables, problems: &mut Problems<'_>) -> Body {
    match (fields.get_or_null("json"), fields.get("body")) {
        (Some(_), Some(node)) => {
            problems.value(node, "a step has either `json` or `body`", None);
            Body::None
        }
        (Some(node), None) => Body::Json(json::compile(node, variables, problems)),
        (None, Some(node)) => {
            let text = text(node, problems).unwrap_or("");
            Body::Text(compile(node, text, 0, variables, problems))
        }
        (None, None) => Body::None,
    }
}

fn expect(node: &Node, problems: &mut Problems<'_>) -> Option<Expect> {
    let fields = Fields::open(node, &EXPECT, problems)?;
    Some(Expect { status: statuses(fields.get("status")?, problems) })
}

/// One status or several.
pub(super) fn statuses(node: &Node, problems: &mut Problems<'_>) -> Vec<u16> {
    let nodes = if node.scalar().is_some() { std::slice::from_ref(node) } else { elements(Some(node), problems) };
    if nodes.is_empty() && matches!(node.value, Value::List(_)) {
        problems.value(node, "no status would ever be right", Some("name at least one".to_owned()));
    }
    nodes.iter().filter_map(|node| whole(node, 100..=599, problems)).map(|status| status as u16).collect()
}

fn captures(node: Option<&Node>, variables: &mut Variables, problems: &mut Problems<'_>) -> Vec<Capture> {
    let mut captures = Vec::new();
    for (key, node) in entries(node, problems) {
        let name = key.scalar().map_or("", |key| &key.text);
        if !is_name(name) {
            let hint = "letters, digits and `_`, not a digit first, and neither `unique` nor `random`".to_owned();
            problems.value(key, format!("`{name}` cannot be the name of a variable"), Some(hint));
        }
        let variable = variables.set(name);
        let from = text(node, problems).and_then(|text| capture_from(node, text, problems));
        captures.extend(from.map(|from| Capture { variable, from }));
    }
    captures
}

fn capture_from(node: &Node, text: &str, problems: &mut Problems<'_>) -> Option<CaptureFrom> {
    if let Some((name, pattern)) = text.strip_prefix("header ").and_then(|rest| rest.split_once(" matching ")) {
        let name = header_name(node, name.trim(), problems)?;
        return header_pattern(node, pattern.trim(), problems).map(|pattern| CaptureFrom::HeaderPart(name, pattern));
    }
    if let Some(name) = text.strip_prefix("header ") {
        return header_name(node, name.trim(), problems).map(CaptureFrom::Header);
    }
    if text.starts_with('$') {
        return json_path(node, text, problems).map(CaptureFrom::Body);
    }
    let hint = format!("write `$.{text}` for a place in the body or `header {text}` for a header");
    problems.value(node, format!("`{text}` is no place in an answer"), Some(hint));
    None
}

/// A regular expression with a group for what is kept.
fn header_pattern(node: &Node, text: &str, problems: &mut Problems<'_>) -> Option<regex::Regex> {
    let hint = || Some("such as `header Set-Cookie matching ^sid=([^;]+)`".to_owned());
    match regex::Regex::new(text) {
        Ok(pattern) if pattern.captures_len() > 1 => Some(pattern),
        Ok(_) => {
            problems.value(node, "the expression has no group `(…)` for what is kept", hint());
            None
        }
        Err(_) => {
            problems.value(node, format!("`{text}` is no regular expression"), hint());
            None
        }
    }
}

pub(super) fn json_path(node: &Node, text: &str, problems: &mut Problems<'_>) -> Option<JsonPath> {
    match JsonPath::parse(text) {
        Ok(path) => Some(path),
        Err(error) => {
            let at = error.offset.min(text.len().saturating_sub(1));
            let length = text[at..].chars().next().map_or(1, char::len_utf8);
            problems.part(node, node.part(at, length), error.message, error.hint);
            None
        }
    }
}
