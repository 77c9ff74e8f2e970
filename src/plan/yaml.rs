//! YAML as a tree in which every node knows its place. Knows nothing of plans.
//!
//! The events of the parser are read directly, not through serde: a plan needs places for everything, numbers as they
//! were written, and all problems of a file instead of the first. Hostile files end in an error: the depth, the size
//! of the file and the size of the tree with its aliases filled in are bounded.

use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::problems::Problems;

/// Largest file that is read.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// Nodes of a tree with its aliases filled in.
const MAX_NODES: usize = 200_000;

/// Lists and mappings inside each other.
const MAX_DEPTH: usize = 64;

const QUOTES_HINT: &str = "text with `{{…}}` needs quotes inside `{ }` and `[ ]`";

/// One node and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    /// Bytes of the file; of an alias, those of what it stands for.
    pub(super) span: Range<usize>,
    pub(super) value: Value,
    /// Nodes in this tree, itself included.
    size: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Scalar(Scalar),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

/// Text, and what is known of how it was written.
#[derive(Debug, Clone)]
pub(super) struct Scalar {
    /// The text with environment variables filled in.
    pub(super) text: String,
    /// The text as it was written. Only this may be shown where the two differ.
    pub(super) written: String,
    /// An environment variable is not set: that was said, and nothing more can be said about the value.
    pub(super) broken: bool,
    /// Without quotes: may be a number, `true` or nothing.
    pub(super) plain: bool,
    /// Byte of the file at which the text begins, if it stands there letter for letter.
    pub(super) begins: Option<usize>,
}

impl Scalar {
    /// Whether environment variables were filled in, so that the text may be a secret.
    pub(super) fn filled(&self) -> bool {
        self.text != self.written
    }

    /// Whether it is YAML's nothing.
    pub(super) fn is_null(&self) -> bool {
        self.plain && !self.filled() && matches!(&*self.text, "" | "~" | "null" | "Null" | "NULL")
    }
}

impl Node {
    /// The scalar, if it is one.
    pub(super) fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The value of a key, if it is a mapping that has it.
    pub(super) fn child(&self, name: &str) -> Option<&Node> {
        let Value::Map(entries) = &self.value else { return None };
        let found = entries.iter().find(|(key, _)| key.scalar().is_some_and(|key| key.text == name));
        found.map(|(_, node)| node)
    }

    /// Whether it is YAML's nothing.
    pub(super) fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// Where a part of a scalar's text stands; the whole node, if that cannot be told.
    pub(super) fn part(&self, offset: usize, length: usize) -> Range<usize> {
        match self.scalar() {
            Some(Scalar { begins: Some(begins), .. }) => begins + offset..begins + offset + length,
            _ => self.span.clone(),
        }
    }

    /// In words, for "expected a list, found …".
    pub(super) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Scalar(scalar) if scalar.is_null() => "nothing",
            Value::Scalar(_) => "a single value",
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
        }
    }
}

/// Reads the one document of a text. `None`: there is a problem so bad that nothing can be said about the rest.
pub(super) fn read(text: &str, problems: &mut Problems<'_>) -> Option<Node> {
    if text.len() > MAX_BYTES {
        let hint = format!("a plan may have at most {} MiB", MAX_BYTES >> 20);
        problems.whole("the file is too large for a plan", Some(hint));
        return None;
    }
    let options = granit_parser::options! { flow_nesting_limit: MAX_DEPTH, block_nesting_limit: MAX_DEPTH };
    let mut builder = Builder { text, stack: Vec::new(), anchors: HashMap::new(), nodes: 0, root: None };
    for event in Parser::new_from_str_with_options(text, options) {
        let step = match event {
            Ok((event, span)) => builder.event(event, bytes(span), problems),
            Err(error) => Err(Fatal(syntax_place(text, &error), error.info())),
        };
        if let Err(Fatal(place, message)) = step {
            let hint = problems.line_text(&place).contains("{{").then(|| QUOTES_HINT.to_owned());
            problems.at(&place, message, hint);
            return None;
        }
    }
    builder.root
}

fn bytes(span: Span) -> Range<usize> {
    span.start.byte_offset().unwrap_or(0)..span.end.byte_offset().unwrap_or(0)
}

/// Where the syntax goes wrong; at the end of a file, the last character that is something.
fn syntax_place(text: &str, error: &granit_parser::ScanError) -> Range<usize> {
    let at = error.marker().byte_offset().unwrap_or(0).min(text.trim_end().len().saturating_sub(1));
    at..at + 1
}

/// A problem after which the tree cannot be built.
struct Fatal(Range<usize>, String);

enum Open {
    List(Vec<Node>),
    Map(Vec<(Node, Node)>, Option<Node>),
}

struct Frame {
    start: usize,
    anchor: usize,
    open: Open,
}

struct Builder<'t> {
    text: &'t str,
    stack: Vec<Frame>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
    root: Option<Node>,
}

impl Builder<'_> {
    fn event(&mut self, event: Event<'_>, span: Range<usize>, problems: &mut Problems<'_>) -> Result<(), Fatal> {
        match event {
            Event::DocumentStart(..) if self.root.is_some() => {
                Err(Fatal(span, "a plan is one document, a second one begins here".to_owned()))
            }
            Event::Scalar(text, style, anchor, tag) => {
                let is_text = tag.as_deref().is_some_and(|tag| tag.core_suffix() == Some("str"));
                if tag.is_some() && !is_text {
                    problems.at(&span, "tags are not supported in plans", None);
                }
                let plain = style == ScalarStyle::Plain && !is_text;
                self.count(1, &span)?;
                let scalar = self.scalar(text.into_owned(), plain, style, &span, problems);
                self.attach(Node { span, value: Value::Scalar(scalar), size: 1 }, anchor, problems)
            }
            Event::SequenceStart(_, anchor, _) => self.open(span.start, anchor, Open::List(Vec::new())),
            Event::MappingStart(_, anchor, _) => self.open(span.start, anchor, Open::Map(Vec::new(), None)),
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end, problems),
            Event::Alias(anchor) => {
                let Some(size) = self.anchors.get(&anchor).map(|node| node.size) else {
                    return Err(Fatal(span, "this alias stands inside what it stands for".to_owned()));
                };
                self.count(size, &span)?;
                self.attach(self.anchors[&anchor].clone(), 0, problems)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, start: usize, anchor: usize, open: Open) -> Result<(), Fatal> {
        if self.stack.len() >= MAX_DEPTH {
            return Err(Fatal(start..start + 1, format!("more than {MAX_DEPTH} lists and mappings inside each other")));
        }
        self.count(1, &(start..start))?;
        self.stack.push(Frame { start, anchor, open });
        Ok(())
    }

    fn close(&mut self, end: usize, problems: &mut Problems<'_>) -> Result<(), Fatal> {
        let Some(Frame { start, anchor, open }) = self.stack.pop() else { return Ok(()) };
        let value = match open {
            Open::List(nodes) => Value::List(nodes),
            Open::Map(entries, _) => Value::Map(complete(entries, problems)),
        };
        let size = match &value {
            Value::List(nodes) => nodes.iter().map(|node| node.size).sum::<usize>(),
            Value::Map(entries) => entries.iter().map(|(key, node)| key.size + node.size).sum(),
            Value::Scalar(_) => 0,
        };
        self.attach(Node { span: start..end.max(start), value, size: size + 1 }, anchor, problems)
    }

    /// Puts a complete node where it belongs.
    fn attach(&mut self, node: Node, anchor: usize, problems: &mut Problems<'_>) -> Result<(), Fatal> {
        if anchor != 0 {
            self.count(node.size, &node.span)?;
            self.anchors.insert(anchor, node.clone());
        }
        match self.stack.last_mut().map(|frame| &mut frame.open) {
            None => self.root = Some(node),
            Some(Open::List(nodes)) => nodes.push(node),
            Some(Open::Map(_, key @ None)) => {
                check_key(&node, problems);
                *key = Some(node);
            }
            Some(Open::Map(entries, key)) => entries.extend(key.take().map(|key| (key, node))),
        }
        Ok(())
    }

    /// Counts nodes that were read or copied, before they are.
    fn count(&mut self, nodes: usize, place: &Range<usize>) -> Result<(), Fatal> {
        self.nodes += nodes;
        let start = place.start;
        if self.nodes > MAX_NODES {
            return Err(Fatal(start..start + 1, format!("more than {MAX_NODES} values once aliases are filled in")));
        }
        Ok(())
    }

    fn scalar(
        &self,
        written: String,
        plain: bool,
        style: ScalarStyle,
        span: &Range<usize>,
        problems: &mut Problems<'_>,
    ) -> Scalar {
        let quote = usize::from(matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted));
        let begins = span.start + quote;
        let exact = self.text.get(begins..).is_some_and(|text| text.starts_with(&written));
        let is_key = matches!(self.stack.last(), Some(Frame { open: Open::Map(_, None), .. }));
        let filled = if is_key { Some(written.clone()) } else { problems.fill(&written, span) };
        let broken = filled.is_none();
        let text = filled.unwrap_or_else(|| written.clone());
        let begins = (exact && text == written).then_some(begins);
        Scalar { text, written, broken, plain, begins }
    }
}

fn check_key(key: &Node, problems: &mut Problems<'_>) {
    if key.scalar().is_none() {
        let place = key.span.start..key.span.start + 1;
        problems.at(
            &place,
            "a key must be plain text",
            Some("a `{{variable}}` needs quotes: `\"{{variable}}\"`".into()),
        );
    }
}

/// The entries of a mapping with merge keys (`<<`) filled in. Keys that are there twice are problems.
fn complete(entries: Vec<(Node, Node)>, problems: &mut Problems<'_>) -> Vec<(Node, Node)> {
    let mut own: Vec<(Node, Node)> = Vec::with_capacity(entries.len());
    let mut merged = Vec::new();
    let mut lines = HashMap::new();
    for (key, node) in entries {
        let Some(name) = key.scalar().cloned() else { continue };
        if name.plain && name.text == "<<" {
            merged.extend(merge_sources(node, problems));
        } else if let Some(first) = lines.insert(name.text.clone(), key.span.clone()) {
            let hint = format!("it stands in line {} already", problems.line(&first));
            problems.at(&key.span, format!("key `{}` is there twice", name.text), Some(hint));
        } else {
            own.push((key, node));
        }
    }
    for (key, node) in merged {
        if key.scalar().is_some_and(|name| lines.insert(name.text.clone(), key.span.clone()).is_none()) {
            own.push((key, node));
        }
    }
    own
}

fn merge_sources(node: Node, problems: &mut Problems<'_>) -> Vec<(Node, Node)> {
    match node.value {
        Value::Map(entries) => entries,
        Value::List(nodes) => nodes.into_iter().flat_map(|node| merge_sources(node, problems)).collect(),
        Value::Scalar(_) => {
            problems.at(&node.span, "`<<` takes a mapping", None);
            Vec::new()
        }
    }
}
