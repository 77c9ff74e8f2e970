//! Reading the values of a mapping by the table of keys.

use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::keys::Object;
use super::problems::Problems;
use super::yaml::{Node, Value};
use crate::diagnostic::did_you_mean;
use crate::units::{format_duration, parse_duration};

/// A mapping that is read by its [`Object`]. In debug builds it panics when the reader asks for a key that the table
/// does not have, or is done without having asked for each that it has: table and reader cannot drift apart.
pub(super) struct Fields<'n> {
    node: &'n Node,
    entries: &'n [(Node, Node)],
    object: &'static Object,
    asked: RefCell<Vec<&'static str>>,
}

impl<'n> Fields<'n> {
    /// Opens a mapping. Unknown and missing keys are problems; `None`: it is no mapping at all.
    pub(super) fn open(node: &'n Node, object: &'static Object, problems: &mut Problems<'_>) -> Option<Self> {
        let Value::Map(entries) = &node.value else {
            let known: Vec<&str> = object.keys.iter().map(|key| key.name).collect();
            let hint = format!("its keys: {}", known.join(", "));
            problems.value(node, format!("expected a mapping, found {}", node.kind()), Some(hint));
            return None;
        };
        let fields = Self { node, entries, object, asked: RefCell::default() };
        fields.report_unknown(problems);
        fields.report_missing(problems);
        Some(fields)
    }

    fn report_unknown(&self, problems: &mut Problems<'_>) {
        let known = self.object.keys.iter().map(|key| key.name);
        for key in self.entries.iter().map(|(key, _)| key) {
            let name = key.scalar().map_or("", |scalar| &scalar.text);
            let free = self.object.name == "plan" && name.starts_with("x-");
            if !free && !known.clone().any(|known| known == name) {
                problems.at(&key.span, format!("unknown key `{name}`"), did_you_mean(name, known.clone()));
            }
        }
    }

    fn report_missing(&self, problems: &mut Problems<'_>) {
        for key in self.object.keys.iter().filter(|key| key.required && self.find(key.name).is_none()) {
            self.report(problems, format!("key `{}` is missing", key.name), Some(key.about.to_lowercase_first()));
        }
        let choices = self.object.one_of;
        let present: Vec<&str> = choices.iter().copied().filter(|name| self.find(name).is_some()).collect();
        let list = choices.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        if !choices.is_empty() && present.is_empty() {
            self.report(problems, format!("one of {list} is missing"), None);
        } else if present.len() > 1 {
            self.report(problems, format!("only one of {list} may be there"), None);
        }
    }

    /// A problem of the mapping as a whole, shown at its first key.
    pub(super) fn report(&self, problems: &mut Problems<'_>, message: String, hint: Option<String>) {
        let start = self.node.span.start;
        let place = self.entries.first().map_or(start..start + 1, |(key, _)| key.span.clone());
        problems.at(&place, message, hint);
    }

    fn find(&self, name: &str) -> Option<&'n Node> {
        self.node.child(name).filter(|node| !node.is_null())
    }

    /// The value of a key; `None` also where it is YAML's nothing.
    pub(super) fn get(&self, name: &'static str) -> Option<&'n Node> {
        debug_assert!(self.object.keys.iter().any(|key| key.name == name), "`{name}` is not in the table");
        self.asked.borrow_mut().push(name);
        self.find(name)
    }

    /// As [`Self::get`], but nothing (`null`) is a value.
    pub(super) fn get_or_null(&self, name: &'static str) -> Option<&'n Node> {
        self.get(name);
        self.node.child(name)
    }
}

impl Drop for Fields<'_> {
    fn drop(&mut self) {
        let asked = self.asked.borrow();
        let forgotten = self.object.keys.iter().find(|key| !asked.contains(&key.name));
        if let Some(key) = forgotten.filter(|_| cfg!(debug_assertions) && !std::thread::panicking()) {
            panic!("key `{}` of `{}` is in the table but was not read", key.name, self.object.name);
        }
    }
}

trait LowercaseFirst {
    fn to_lowercase_first(&self) -> String;
}

impl LowercaseFirst for str {
    fn to_lowercase_first(&self) -> String {
        let text = self.trim_end_matches('.');
        let mut chars = text.chars();
        chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
    }
}

/// The entries of a mapping with free keys.
pub(super) fn entries<'n>(node: Option<&'n Node>, problems: &mut Problems<'_>) -> &'n [(Node, Node)] {
    match node.map(|node| (&node.value, node)) {
        None => &[],
        Some((Value::Map(entries), _)) => entries,
        Some((_, node)) => {
            problems.value(node, format!("expected a mapping, found {}", node.kind()), None);
            &[]
        }
    }
}

/// The elements of a list.
pub(super) fn elements<'n>(node: Option<&'n Node>, problems: &mut Problems<'_>) -> &'n [Node] {
    match node.map(|node| (&node.value, node)) {
        None => &[],
        Some((Value::List(nodes), _)) => nodes,
        Some((_, node)) => {
            let hint = "write a list: `[a, b]` or one line with `- ` for each".to_owned();
            problems.value(node, format!("expected a list, found {}", node.kind()), Some(hint));
            &[]
        }
    }
}

/// Text that is not empty.
pub(super) fn text<'n>(node: &'n Node, problems: &mut Problems<'_>) -> Option<&'n str> {
    let Some(scalar) = node.scalar().filter(|scalar| !scalar.is_null()) else {
        let hint = (matches!(node.value, Value::Map(_))).then(|| "text with `{`, `}` or `: ` needs quotes".to_owned());
        problems.value(node, format!("expected text, found {}", node.kind()), hint);
        return None;
    };
    if scalar.text.trim().is_empty() {
        problems.value(node, "this must not be empty", None);
        return None;
    }
    (!scalar.broken).then_some(&scalar.text)
}

/// Texts of a list.
pub(super) fn texts(node: Option<&Node>, problems: &mut Problems<'_>) -> Vec<String> {
    let nodes = elements(node, problems);
    nodes.iter().filter_map(|node| text(node, problems).map(str::to_owned)).collect()
}

/// A whole number within bounds.
pub(super) fn whole(node: &Node, bounds: RangeInclusive<u64>, problems: &mut Problems<'_>) -> Option<u64> {
    let scalar = node.scalar().filter(|scalar| scalar.plain || scalar.filled() || scalar.broken);
    let value = scalar.and_then(|scalar| scalar.text.parse::<u64>().ok());
    if let Some(value) = value.filter(|value| bounds.contains(value)) {
        return Some(value);
    }
    let expected = match (*bounds.start(), *bounds.end()) {
        (low, high) if low == high => format!("expected {low}"),
        (low, u64::MAX) => format!("expected a whole number from {low}"),
        (low, high) => format!("expected a whole number from {low} to {high}"),
    };
    let found = node.scalar().map_or_else(|| node.kind().to_owned(), |scalar| format!("`{}`", scalar.written));
    problems.value(node, format!("{expected}, found {found}"), None);
    None
}

/// A duration within bounds.
pub(super) fn duration(node: &Node, bounds: RangeInclusive<Duration>, problems: &mut Problems<'_>) -> Option<Duration> {
    let read = parse_duration(text(node, problems)?);
    let (low, high) = (format_duration(*bounds.start()), format_duration(*bounds.end()));
    match read {
        Err(message) => problems.value(node, message, None),
        Ok(duration) if bounds.contains(&duration) => return Some(duration),
        Ok(_) => problems.value(node, format!("expected a duration from {low} to {high}"), None),
    }
    None
}

/// `true` or `false`.
pub(super) fn switch(node: &Node, problems: &mut Problems<'_>) -> Option<bool> {
    match node.scalar().filter(|scalar| scalar.plain || scalar.filled()).map(|scalar| &*scalar.text) {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => {
            problems.value(node, "expected `true` or `false`", None);
            None
        }
    }
}

/// One word of several.
pub(super) fn choice(
    node: &Node,
    choices: &'static [&'static str],
    what: &str,
    problems: &mut Problems<'_>,
) -> Option<&'static str> {
    let word = text(node, problems)?;
    let found = choices.iter().copied().find(|choice| *choice == word);
    if found.is_none() {
        problems.value(node, format!("unknown {what} `{word}`"), did_you_mean(word, choices.iter().copied()));
    }
    found
}
