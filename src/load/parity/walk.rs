//! Every value of a JSON body with its place, indices left out. Places are numbered, so that naming one costs once.

use std::collections::HashMap;

use crate::compare::json::{Document, Type, Value};

/// Most places that are told apart over all steps; what is beyond is not looked at.
const MOST_PLACES: usize = 20_000;

/// Values that lie deeper are not looked at: each place has its whole name.
const DEEPEST: u32 = 100;
/// A place with a longer name, in bytes, is not looked at.
const LONGEST_NAME: usize = 1_000;

/// Number of a place.
pub(super) type PlaceId = u32;

/// The places seen so far.
#[derive(Debug)]
pub(super) struct PlaceNames {
    below: HashMap<(PlaceId, Option<Box<str>>), PlaceId>,
    names: Vec<Name>,
}

#[derive(Debug)]
struct Name {
    text: String,
    /// Members above it.
    depth: u32,
    is_in_array: bool,
}

/// A value and where it is.
#[derive(Clone, Copy)]
pub(super) struct Node<'d> {
    pub(super) value: Value<'d>,
    pub(super) place: PlaceId,
}

impl Default for PlaceNames {
    fn default() -> Self {
        Self { below: HashMap::new(), names: vec![Name { text: "$".to_owned(), depth: 0, is_in_array: false }] }
    }
}

impl PlaceNames {
    /// Calls `see` with every value of a document, parents first.
    pub(super) fn walk<'d>(&mut self, document: &'d Document<'d>, mut see: impl FnMut(&Self, Node<'d>)) {
        let mut ahead = vec![Node { value: document.root(), place: 0 }];
        while let Some(node) = ahead.pop() {
            see(self, node);
            match node.value.kind() {
                Type::Object => {
                    for (name, value) in node.value.members() {
                        if let Some(place) = self.below(node.place, Some(&name.to_str_lossy())) {
                            ahead.push(Node { value, place });
                        }
                    }
                }
                Type::Array => {
                    if let Some(place) = self.below(node.place, None) {
                        ahead.extend(node.value.elements().map(|value| Node { value, place }));
                    }
                }
                _ => {}
            }
        }
    }

    /// The place as reports write it: `$.items[].name`.
    pub(super) fn name(&self, place: PlaceId) -> &str {
        &self.names[place as usize].text
    }

    /// How many members are above it, unless an array is: then `None`.
    pub(super) fn depth(&self, place: PlaceId) -> Option<u32> {
        let name = &self.names[place as usize];
        (!name.is_in_array).then_some(name.depth)
    }

    /// `None`: beyond the limits, and so is whatever lies below.
    fn below(&mut self, parent: PlaceId, member: Option<&str>) -> Option<PlaceId> {
        let key = (parent, member.map(Box::from));
        if let Some(place) = self.below.get(&key) {
            return Some(*place);
        }
        let above = &self.names[parent as usize];
        let length = above.text.len() + member.map_or(2, |name| name.len() + 1);
        if self.names.len() >= MOST_PLACES || above.depth >= DEEPEST || length > LONGEST_NAME {
            return None;
        }
        let name = Name {
            text: format!("{}{}", above.text, member.map_or_else(|| "[]".to_owned(), |name| format!(".{name}"))),
            depth: above.depth + 1,
            is_in_array: above.is_in_array || member.is_none(),
        };
        let place = self.names.len() as PlaceId;
        self.names.push(name);
        self.below.insert(key, place);
        Some(place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::json;

    #[test]
    fn names_of_deep_places_do_not_fill_the_memory() {
        let mut names = PlaceNames::default();
        let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
        let members = format!("{}1{}", r#"{"a":"#.repeat(50_000), "}".repeat(50_000));
        let long = format!(r#"{{"a":1,"{}":{{"b":[{{"c":2}}]}}}}"#, "k".repeat(200_000));
        for (body, expected) in [(deep, 101), (members, 101), (long, 2)] {
            let document = json::parse(body.as_bytes()).expect("JSON");
            let mut seen = 0;
            names.walk(&document, |_, _| seen += 1);
            assert_eq!(seen, expected);
        }
        let held: usize = names.names.iter().map(|name| name.text.len()).sum();
        assert!(held < 100 * 101 * 3, "{held} bytes");
    }
}
