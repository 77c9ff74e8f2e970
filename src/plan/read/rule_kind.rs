//! What a compare rule permits: its kind, and the keys that go with this kind and no other.

use std::sync::Arc;
use std::time::Duration;

use super::super::fields::{Fields, choice, duration, text};
use super::super::keys::RULE_KINDS;
use super::super::problems::Problems;
use super::super::yaml::{Node, Value};
use super::super::{JsonPath, RuleKind, Tolerance};
use super::json::{JsonScalar, json_scalar};

/// Keys that say more about a kind, the kinds that they go with, and how they look.
const PARAMETERS: [(&str, &[&str], &str); 4] = [
    ("within", &["datetime", "number"], "such as `within: 5s` for times, `within: 1e-9` or `within: 1%` for numbers"),
    ("by", &["keyed"], "such as `by: id`"),
    ("pattern", &["matches"], "such as `pattern: '^[A-Z]{3}$'`"),
    ("schema", &["schema"], "such as `schema: { type: object, required: [id] }`"),
];

/// Reads `as` and what goes with it.
pub(super) fn kind(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<RuleKind> {
    let node = fields.get("as");
    let given = PARAMETERS.map(|(name, ..)| fields.get(name));
    let word = word(node?, problems)?;
    let mut wanted = None;
    for ((name, kinds, example), node) in PARAMETERS.into_iter().zip(given) {
        match (kinds.contains(&word), node) {
            (true, Some(node)) => wanted = Some(node),
            (true, None) => {
                fields.report(problems, format!("key `{name}` is missing"), Some(example.to_owned()));
                return None;
            }
            (false, Some(node)) => {
                let hint = format!("it goes with {}", kinds.map_join());
                problems.value(node, format!("`{name}` says nothing about `{word}`"), Some(hint));
            }
            (false, None) => {}
        }
    }
    match (word, wanted) {
        ("uuid", _) => Some(RuleKind::Uuid),
        ("unordered", _) => Some(RuleKind::Unordered),
        ("datetime", Some(node)) => {
            let most = Duration::from_hours(8784);
            duration(node, Duration::ZERO..=most, problems).map(|within| RuleKind::Datetime { within })
        }
        ("number", Some(node)) => tolerance(node, problems).map(|within| RuleKind::Number { within }),
        ("keyed", Some(node)) => key(node, problems).map(|by| RuleKind::Keyed { by }),
        ("matches", Some(node)) => pattern(node, problems).map(|pattern| RuleKind::Matches { pattern }),
        ("schema", Some(node)) => schema(node, problems).map(|schema| RuleKind::Schema { schema }),
        _ => None,
    }
}

/// The kind's word, with an own message for what people write in its place.
fn word(node: &Node, problems: &mut Problems<'_>) -> Option<&'static str> {
    let written = text(node, problems)?;
    let (first, rest) = written.split_once(char::is_whitespace).unwrap_or((written, ""));
    if first == "ignore" {
        problems.value(node, "a place that is ignored is no rule", Some("put it under `ignore:`".to_owned()));
        return None;
    }
    let known = PARAMETERS.iter().find(|(_, kinds, _)| kinds.contains(&first)).filter(|_| !rest.is_empty());
    if let Some((name, ..)) = known {
        let value = rest.trim().strip_prefix(name).unwrap_or(rest).trim();
        let hint = format!("write `as: {first}, {name}: {value}`");
        problems.value(node, format!("`as` is the word `{first}` alone"), Some(hint));
        return None;
    }
    choice(node, RULE_KINDS, "kind of rule", problems)
}

trait MapJoin {
    fn map_join(&self) -> String;
}

impl MapJoin for [&str] {
    fn map_join(&self) -> String {
        self.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(" and ")
    }
}

/// `1e-9` or `0.5%`.
fn tolerance(node: &Node, problems: &mut Problems<'_>) -> Option<Tolerance> {
    let written = text(node, problems)?.trim();
    let (number, is_percent) = match written.strip_suffix('%') {
        Some(number) => (number.trim_end(), true),
        None => (written, false),
    };
    let is_number = serde_json::from_str::<&serde_json::value::RawValue>(number)
        .is_ok_and(|raw| raw.get().starts_with(|first: char| first.is_ascii_digit()));
    if !is_number {
        let hint = "write it like `1e-9`, `0.01` or `1%`".to_owned();
        problems.value(node, format!("`{written}` is no distance of two numbers"), Some(hint));
        return None;
    }
    let number = number.to_owned();
    Some(if is_percent { Tolerance::Percent(number) } else { Tolerance::Absolute(number) })
}

/// `id`, `user.id` or `$.user.id`.
fn key(node: &Node, problems: &mut Problems<'_>) -> Option<JsonPath> {
    let written = text(node, problems)?;
    let prefix = match written.chars().next() {
        Some('$') => "",
        Some('[') => "$",
        _ => "$.",
    };
    let hint = |error: &super::super::path::PathError| {
        error.hint.clone().or_else(|| Some("write a path inside an element, such as `id` or `user.id`".to_owned()))
    };
    let complain = |problems: &mut Problems<'_>, offset: usize, message: String, hint| {
        let offset = offset.saturating_sub(prefix.len()).min(written.len());
        problems.part(node, node.part(offset, usize::from(offset < written.len())), message, hint);
    };
    match JsonPath::parse(&format!("{prefix}{written}")) {
        Ok(path) if path.segments.is_empty() => {
            let hint = "to pair elements that are equal as a whole, write `as: unordered`".to_owned();
            complain(problems, 0, "a key is a place inside an element, not all of it".to_owned(), Some(hint));
            None
        }
        Ok(path) => Some(path),
        Err(error) => {
            complain(problems, error.offset, error.message.clone(), hint(&error));
            None
        }
    }
}

fn pattern(node: &Node, problems: &mut Problems<'_>) -> Option<regex::bytes::Regex> {
    let written = text(node, problems)?;
    let error = match regex::bytes::Regex::new(written) {
        Ok(pattern) => return Some(pattern),
        Err(error) => error,
    };
    let error = error.to_string();
    let reason = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
    let place = marked(&error, written).map_or(node.span.clone(), |(start, length)| node.part(start, length));
    let hint = Some("look-around and back references are not supported".to_owned());
    problems.part(node, place, format!("the pattern cannot be used: {reason}"), hint);
    None
}

/// Where the library's message marks a pattern of one line: it repeats the line and puts carets under it. In bytes.
fn marked(message: &str, pattern: &str) -> Option<(usize, usize)> {
    let mut lines = message.lines().skip_while(|line| line.trim_start() != pattern);
    let (repeated, carets) = (lines.next()?, lines.next()?);
    let indent = repeated.len() - pattern.len();
    let before = carets.len() - carets.trim_start().len();
    let is_marked = before >= indent && carets.trim().bytes().all(|byte| byte == b'^');
    let start = pattern.char_indices().nth(before.checked_sub(indent)?).map(|(at, _)| at);
    let length = carets.trim().len();
    is_marked.then(|| start.map_or((pattern.len().saturating_sub(1), 1), |start| (start, length)))
}

fn schema(node: &Node, problems: &mut Problems<'_>) -> Option<Arc<jsonschema::Validator>> {
    let schema = value(node, problems)?;
    match jsonschema::validator_for(&schema) {
        Ok(schema) => Some(Arc::new(schema)),
        Err(error) => {
            let place = at_pointer(node, error.instance_path().as_str());
            let hint =
                "a JSON Schema, such as `{ type: object, required: [id] }`; `$ref` reaches inside it only".to_owned();
            problems.value(place, format!("the schema cannot be used: {error}"), Some(hint));
            None
        }
    }
}

/// A node as the JSON that it stands for.
fn value(node: &Node, problems: &mut Problems<'_>) -> Option<serde_json::Value> {
    match &node.value {
        Value::List(nodes) => nodes.iter().map(|node| value(node, problems)).collect(),
        Value::Map(entries) => {
            let entry = |(key, node): &(Node, Node)| Some((key.scalar()?.text.clone(), value(node, problems)?));
            entries.iter().map(entry).collect::<Option<_>>().map(serde_json::Value::Object)
        }
        Value::Scalar(scalar) => match json_scalar(scalar) {
            JsonScalar::Text(text) => Some(text.into()),
            JsonScalar::Bare(text) if scalar.broken => Some(text.into()),
            JsonScalar::Bare(text) => serde_json::from_str(&text).ok().or_else(|| {
                problems.value(node, format!("`{}` is too large a number", scalar.written), None);
                None
            }),
            JsonScalar::Impossible => {
                problems.value(node, format!("JSON has no number `{}`", scalar.written), None);
                None
            }
        },
    }
}

/// The node that a JSON pointer names, or the last one on the way to it.
fn at_pointer<'n>(node: &'n Node, pointer: &str) -> &'n Node {
    pointer.split('/').skip(1).fold(node, |node, token| {
        let name = token.replace("~1", "/").replace("~0", "~");
        let element = || match &node.value {
            Value::List(nodes) => nodes.get(name.parse::<usize>().ok()?),
            _ => None,
        };
        node.child(&name).or_else(element).unwrap_or(node)
    })
}
