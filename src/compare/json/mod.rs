//! A JSON reader that loses nothing. Duplicate members, numbers as they were written, lone surrogates and bytes that
//! are no UTF-8 all survive; values are read in place and never copied.
//!
//! A document is one flat list of nodes in source order, each knowing where its subtree ends. Reading, walking and
//! dropping it therefore need no recursion, whatever the nesting.

mod parse;
mod select;
mod text;

use std::borrow::Cow;

pub use parse::{JsonError, parse};
pub use select::select;
pub(super) use select::select_below;
pub use text::Text;

use super::shown;

/// A JSON text that was read, borrowing from its source.
#[derive(Debug)]
pub struct Document<'a> {
    source: &'a [u8],
    nodes: Vec<Node>,
}

/// One value, or the name of one member, in the flat list.
#[derive(Debug, Clone, Copy)]
struct Node {
    kind: NodeKind,
    /// Where its text begins in the source.
    start: u32,
    /// Where its text ends.
    end: u32,
    /// Index of the node after its subtree.
    next: u32,
    /// Whether it is the name of a member and no value.
    is_name: bool,
}

/// What a node is; strings know whether they must be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NodeKind {
    Null,
    Bool,
    Number,
    PlainString,
    EscapedString,
    Array,
    Object,
}

/// The six types of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// `null`
    Null,
    /// `true`, `false`
    Bool,
    /// A number
    Number,
    /// A string
    String,
    /// `[…]`
    Array,
    /// `{…}`
    Object,
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Value<'d> {
    document: &'d Document<'d>,
    index: u32,
}

/// What a capture keeps of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar<'d> {
    /// Content of a string (what is no text becomes U+FFFD), the JSON text of any other value.
    pub text: Cow<'d, str>,
    /// Whether it was a string.
    pub is_string: bool,
}

impl Document<'_> {
    /// The outermost value.
    pub const fn root(&self) -> Value<'_> {
        Value { document: self, index: 0 }
    }

    /// How many nodes there are; each value has an [`Value::index`] below it.
    pub(super) const fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// The node at an index as if it were a value; names of members are strings.
    pub(super) const fn at(&self, index: u32) -> Value<'_> {
        Value { document: self, index }
    }
}

impl<'d> Value<'d> {
    const fn node(self) -> Node {
        self.document.nodes.as_slice()[self.index as usize]
    }

    /// Its place in the document's list of nodes.
    pub(super) const fn index(self) -> u32 {
        self.index
    }

    /// Its type.
    pub const fn kind(self) -> Type {
        match self.node().kind {
            NodeKind::Null => Type::Null,
            NodeKind::Bool => Type::Bool,
            NodeKind::Number => Type::Number,
            NodeKind::PlainString | NodeKind::EscapedString => Type::String,
            NodeKind::Array => Type::Array,
            NodeKind::Object => Type::Object,
        }
    }

    /// Its text as it was on the wire.
    pub fn raw(self) -> &'d [u8] {
        let node = self.node();
        &self.document.source[node.start as usize..node.end as usize]
    }

    /// Its text as it was on the wire, shortened for people.
    pub fn to_text(self) -> String {
        shown::bytes(self.raw())
    }

    /// Whether both are the same but for white space and escapes.
    pub(super) fn is_same_text(self, other: Self) -> bool {
        let nodes = |value: Self| (value.index..value.node().next).map(move |at| value.document.at(at));
        let is_same = |(left, right): (Self, Self)| match (left.text(), right.text()) {
            (Some(left), Some(right)) => left == right,
            _ if left.kind() != right.kind() => false,
            _ => {
                let size = left.node().next - left.index == right.node().next - right.index;
                size && (matches!(left.kind(), Type::Array | Type::Object) || left.raw() == right.raw())
            }
        };
        nodes(self).len() == nodes(other).len() && nodes(self).zip(nodes(other)).all(is_same)
    }

    /// How many values there are, itself included.
    pub(super) fn value_count(self) -> u64 {
        let nodes = &self.document.nodes[self.index as usize..self.node().next as usize];
        nodes.iter().filter(|node| !node.is_name).count() as u64
    }

    /// The content of a string.
    pub fn text(self) -> Option<Text<'d>> {
        let raw = self.raw();
        match self.node().kind {
            NodeKind::PlainString => Some(Text::plain(&raw[1..raw.len() - 1])),
            NodeKind::EscapedString => Some(Text::escaped(&raw[1..raw.len() - 1])),
            _ => None,
        }
    }

    /// What a capture keeps of it.
    pub fn scalar_text(self) -> Scalar<'d> {
        self.text().map_or_else(
            || Scalar { text: String::from_utf8_lossy(self.raw()), is_string: false },
            |text| Scalar { text: text.to_str_lossy(), is_string: true },
        )
    }

    /// The elements of an array in order; nothing for other types.
    pub fn elements(self) -> impl Iterator<Item = Value<'d>> {
        self.children(Type::Array, 0)
    }

    /// The members of an object in order, duplicates too; nothing for other types.
    pub fn members(self) -> impl Iterator<Item = (Text<'d>, Value<'d>)> {
        self.children(Type::Object, 1).filter_map(|value| {
            let name = self.document.at(value.index - 1).text()?;
            Some((name, value))
        })
    }

    /// Values directly below, if the type is the given one; `names` nodes stand before each.
    fn children(self, kind: Type, names: u32) -> impl Iterator<Item = Value<'d>> {
        let end = if self.kind() == kind { self.node().next } else { 0 };
        let mut at = self.index + 1;
        std::iter::from_fn(move || {
            if at >= end {
                return None;
            }
            let child = self.document.at(at + names);
            at = child.node().next;
            Some(child)
        })
    }
}

impl Type {
    /// The name that JSON gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "boolean",
            Self::Number => "number",
            Self::String => "string",
            Self::Array => "array",
            Self::Object => "object",
        }
    }
}

#[cfg(test)]
mod tests;
