//! The part of `JSONPath` (RFC 9535) that names places: members, indices, wildcards and descendants. No filters and no
//! slices: a rule must be readable as a place.

/// A path into a JSON document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    /// The steps from the root.
    pub segments: Vec<Segment>,
    /// As it was written.
    pub source: String,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.name` or `['name']`
    Member(String),
    /// `[3]`; negative counts from the end
    Index(i64),
    /// `.*` or `[*]`: each child
    Wildcard,
    /// `..`: here and at each descendant, what follows
    Descendant,
}

impl std::fmt::Display for JsonPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}
