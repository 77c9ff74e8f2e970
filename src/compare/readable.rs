//! An answer as lines that people read: status, headers, and the body one value per line, spelled as it was on the wire.
//!
//! Places that a rule ignores stand there without their values, for these are often secrets; the caller masks what else
//! must not be shown.

use super::json::{self, Type, Value};
use super::own_url::OwnUrl;
use super::path::Child;
use super::place::{Place, Trail};
use super::routes::Routes;
use super::rules::Scope;
use super::{Answer, Comparator, HEADERS_LEFT_OUT};
use crate::compare::header_value::MediaType;
use crate::plan::RuleKind;

/// Largest body that is shown.
const MAX_BODY: usize = 1 << 20;
/// Lines of a body that are made at most.
const MAX_LINES: usize = 10_000;
/// What stands for a value that is ignored.
const IGNORED: &str = "[ignored]";

/// Makes a value fit to be shown: gets its place and its text.
pub type Mask<'m> = &'m dyn Fn(&str, &str) -> String;

impl Comparator {
    /// An answer to a step, as lines. The side's own address is `{base}` or `{host}`. Members of objects stand in the order
    /// of their names if `sorted`: two answers that have them in another order are read side by side then.
    pub fn lines(&self, flow: &str, step: &str, answer: &Answer<'_>, sorted: bool, mask: Mask<'_>) -> Vec<String> {
        let scope = self.rules.scope(flow, step);
        let mut lines = vec![format!("HTTP {}", answer.status)];
        lines.extend(headers(&scope, answer, mask));
        lines.push(String::new());
        lines.extend(body(&scope, answer, sorted, mask));
        let url = OwnUrl::new(answer.base_url);
        lines.into_iter().map(|line| without_own_url(&url, line)).collect()
    }
}

fn without_own_url(url: &OwnUrl<'_>, line: String) -> String {
    if !url.stands_in(line.as_bytes()) {
        return line;
    }
    let scrubbed = String::from_utf8_lossy(&url.scrub(line.as_bytes())).into_owned();
    scrubbed.replace("\u{fffd}{base}\u{fffd}", "{base}").replace("\u{fffd}{host}\u{fffd}", "{host}")
}

/// Those that are compared, in the order of their names.
fn headers(scope: &Scope<'_>, answer: &Answer<'_>, mask: Mask<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (name, value) in answer.headers {
        let rule = scope.header(name.as_str());
        if HEADERS_LEFT_OUT.contains(&name.as_str()) && rule.is_none() {
            continue;
        }
        let is_ignored = rule.is_some_and(|rule| matches!(rule.kind, RuleKind::Ignore));
        let value = if is_ignored {
            IGNORED.to_owned()
        } else {
            mask(&format!("header {name}"), &String::from_utf8_lossy(value.as_bytes()))
        };
        lines.push(format!("{name}: {value}"));
    }
    lines.sort();
    lines
}

fn body(scope: &Scope<'_>, answer: &Answer<'_>, sorted: bool, mask: Mask<'_>) -> Vec<String> {
    let bytes = answer.body;
    if scope.whole_body().is_some_and(|rule| matches!(rule.kind, RuleKind::Ignore)) && !bytes.is_empty() {
        return vec![IGNORED.to_owned()];
    }
    if bytes.len() > MAX_BODY {
        return vec![in_short(bytes)];
    }
    if MediaType::of(answer.headers).is_json()
        && let Ok(document) = json::parse(bytes)
    {
        let (trail, routes) = (Trail::new(), Routes::new(&scope.body));
        return Printer { scope, routes, trail, mask, sorted, lines: Vec::new(), ahead: Vec::new() }
            .print(document.root());
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => text.split('\n').take(MAX_LINES).map(|line| mask("body", line)).collect(),
        Err(_) => vec![in_short(bytes)],
    }
}

/// Bytes that cannot be shown: how many, a hash (64-bit FNV-1a) and how they begin.
fn in_short(bytes: &[u8]) -> String {
    let hash = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let begin: Vec<String> = bytes.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("[{} bytes, hash {hash:016x}, beginning {}]", bytes.len(), begin.join(" "))
}

/// Writes a document; the walk keeps its own stack, so nesting is no danger.
struct Printer<'c, 'd, 'm> {
    scope: &'c Scope<'c>,
    routes: Routes<'c>,
    trail: Trail<'d>,
    mask: Mask<'m>,
    sorted: bool,
    lines: Vec<String>,
    ahead: Vec<Item<'d>>,
}

enum Item<'d> {
    Value { value: Value<'d>, place: Place, depth: usize, name: String, comma: &'static str },
    Close { depth: usize, bracket: char, comma: &'static str },
}

impl<'d> Printer<'_, 'd, '_> {
    fn print(mut self, root: Value<'d>) -> Vec<String> {
        self.ahead.push(Item::Value { value: root, place: Trail::ROOT, depth: 0, name: String::new(), comma: "" });
        while let Some(item) = self.ahead.pop() {
            if self.lines.len() >= MAX_LINES {
                self.lines.push("…".to_owned());
                break;
            }
            match item {
                Item::Close { depth, bracket, comma } => {
                    self.lines.push(format!("{}{bracket}{comma}", indent(depth)));
                }
                Item::Value { value, place, depth, name, comma } => self.value(value, place, depth, &name, comma),
            }
        }
        self.lines
    }

    fn value(&mut self, value: Value<'d>, place: Place, depth: usize, name: &str, comma: &'static str) {
        let shown = self.whole(value, place).or_else(|| is_leaf(value).then(|| text(value)));
        if let Some(shown) = shown {
            return self.lines.push(format!("{}{name}{shown}{comma}", indent(depth)));
        }
        let is_array = value.kind() == Type::Array;
        let (open, bracket) = if is_array { ('[', ']') } else { ('{', '}') };
        self.lines.push(format!("{}{name}{open}", indent(depth)));
        let children = self.children(value, place, depth + 1);
        self.ahead.push(Item::Close { depth, bracket, comma });
        self.ahead.extend(children.into_iter().rev());
    }

    /// What stands for a value that is not shown, or is shown otherwise than it was on the wire.
    fn whole(&self, value: Value<'d>, place: Place) -> Option<String> {
        if self.is_ignored(value, place) {
            return Some(format!("\"{IGNORED}\""));
        }
        let name = self.trail.name(place);
        let raw = if is_leaf(value) { text(value) } else { String::new() };
        let masked = (self.mask)(&name, &raw);
        if masked == raw { None } else { Some(if masked.starts_with('"') { masked } else { format!("\"{masked}\"") }) }
    }

    /// Whether a rule permits anything here; an earlier rule may still have a say about what is below.
    fn is_ignored(&self, value: Value<'d>, place: Place) -> bool {
        let route = self.trail.route(place);
        let rule = self.routes.decision(route).map(|decision| self.scope.body[decision.rule].kind);
        matches!(rule, Some(RuleKind::Ignore)) && (is_leaf(value) || self.routes.covers_all(route))
    }

    fn children(&mut self, value: Value<'d>, place: Place, depth: usize) -> Vec<Item<'d>> {
        let mut items: Vec<Item<'d>> = Vec::new();
        let length = value.elements().count();
        for (at, element) in value.elements().enumerate() {
            let place = self.trail.below(&mut self.routes, place, Child::Element { at, length });
            items.push(Item::Value { value: element, place, depth, name: String::new(), comma: "," });
        }
        let mut members: Vec<_> = value.members().collect();
        if self.sorted {
            members.sort_by_key(|(name, _)| *name);
        }
        for (member, value) in members {
            let place = self.trail.below(&mut self.routes, place, Child::Member(member));
            let name = format!("{}: ", serde_json::Value::from(member.to_str_lossy()));
            items.push(Item::Value { value, place, depth, name, comma: "," });
        }
        if let Some(Item::Value { comma, .. }) = items.last_mut() {
            *comma = "";
        }
        items
    }
}

/// Whether a value stands on one line.
fn is_leaf(value: Value<'_>) -> bool {
    value.elements().next().is_none() && value.members().next().is_none()
}

fn text(value: Value<'_>) -> String {
    String::from_utf8_lossy(value.raw()).into_owned()
}

fn indent(depth: usize) -> String {
    // Deeper than that nobody sees the difference, and a hostile body must not fill the memory with blanks.
    "  ".repeat(depth.min(40))
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::plan::{Compare, JsonPath, Rule, RulePlace};

    fn comparator(ignored: &[&str]) -> Comparator {
        let rule = |path: &&str| Rule {
            place: RulePlace::Body(JsonPath::parse(path).unwrap()),
            kind: RuleKind::Ignore,
            reason: "test".to_owned(),
            flow: None,
            step: None,
        };
        Comparator::new(&Compare { rules: ignored.iter().map(rule).collect(), ..Compare::default() })
    }

    fn shown(content_type: &str, body: &[u8], ignored: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", content_type.parse().unwrap());
        headers.insert("date", "today".parse().unwrap());
        let answer = Answer { status: 200, headers: &headers, body, base_url: "http://127.0.0.1:81" };
        let mask =
            |place: &str, text: &str| if place.ends_with("token") { "[secret]".to_owned() } else { text.to_owned() };
        comparator(ignored).lines("f", "s", &answer, false, &mask).join("\n")
    }

    #[test]
    fn numbers_and_texts_are_shown_as_they_were_spelled() {
        let body = br#"{"a":1.50,"b":[],"big":12345678901234567890123,"c":[{"x":"\u00e9","x":null}],"e":{}}"#;
        let expected = "HTTP 200\ncontent-type: application/json\n\n{\n  \"a\": 1.50,\n  \"b\": [],\n  \
            \"big\": 12345678901234567890123,\n  \"c\": [\n    {\n      \"x\": \"\\u00e9\",\n      \"x\": null\n    }\n  \
            ],\n  \"e\": {}\n}";
        assert_eq!(shown("application/json", body, &[]), expected);
    }

    #[test]
    fn what_is_ignored_or_secret_is_not_shown() {
        let body = br#"{"id":{"deep":"hidden"},"token":"hush","list":[{"token":[1,2]}],"see":"http://127.0.0.1:81/x"}"#;
        let text = shown("application/json", body, &["$.id"]);
        assert!(!text.contains("hidden") && !text.contains("hush") && !text.contains("[1"), "{text}");
        assert!(text.contains("\"id\": \"[ignored]\"") && text.contains("\"token\": \"[secret]\""), "{text}");
        assert!(text.contains("\"{base}/x\""), "{text}");
        assert!(shown("text/plain", b"hidden", &["$"]).ends_with("\n[ignored]"));
    }

    #[test]
    fn bytes_are_told_by_their_hash_and_text_by_its_lines() {
        let text = shown("application/octet-stream", &[0, 159, 146, 150], &[]);
        assert!(text.contains("[4 bytes, hash ") && text.ends_with(", beginning 00 9f 92 96]"), "{text}");
        assert!(shown("text/plain", b"a\nb", &[]).ends_with("\n\na\nb"));
        assert!(shown("application/json", b"{broken", &[]).ends_with("\n{broken"));
    }

    #[test]
    fn depth_is_no_danger() {
        let body = [b"[".repeat(20_000), b"]".repeat(20_000)].concat();
        assert!(shown("application/json", &body, &[]).len() < 2_000_000);
    }
}
