//! Every value of a JSON body with its place, indices left out. Places are numbered, so that naming one costs once.

use std::collections::HashMap;

use crate::compare::json::{Document, Type, Value};

/// Most places that are told apart over all steps; what is beyond is not looked at.
const MOST_PLACES: usize = 20_000;

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

    fn below(&mut self, parent: PlaceId, member: Option<&str>) -> Option<PlaceId> {
        let key = (parent, member.map(Box::from));
        if let Some(place) = self.below.get(&key) {
            return Some(*place);
        }
        if self.names.len() >= MOST_PLACES {
            return None;
        }
        let above = &self.names[parent as usize];
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
