//! A number per JSON value that is equal for values which no reader tells apart, to find elements of arrays again.
//! Only a means of pairing: what is paired is still compared.

use std::hash::{Hash, Hasher};

use super::json::{Document, Type, Value};
use super::number::Decimal;
use super::own_url::OwnUrl;
use super::path::Child;
use super::routes::{Route, Routes};
use super::rules::Scope;
use super::scalar::normal;

/// What a rule leaves of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    All,
    /// All but the order of its elements.
    Elements,
    Nothing,
}

/// Fingerprints of all values of a document, by [`Value::index`]. What a rule decides counts for nothing.
pub(super) fn of_document(
    document: &Document<'_>,
    scope: &Scope<'_>,
    routes: &mut Routes<'_>,
    url: OwnUrl<'_>,
) -> Vec<u64> {
    let left = what_is_left(document, scope, routes);
    let url = url.stands_in(document.root().raw()).then_some(url);
    let mut prints = vec![0; document.node_count()];
    // Children stand behind their parents.
    for index in (0..document.node_count()).rev() {
        let value = document.at(index as u32);
        prints[index] = match left.get(index).copied().unwrap_or(Left::All) {
            Left::Nothing => 0,
            Left::Elements if value.kind() == Type::Array => of_elements(value, &prints),
            Left::Elements | Left::All => of_value(value, url, &prints),
        };
    }
    prints
}

/// The fingerprint of what makes an element the same one, whatever rules say of it.
pub(super) fn of_key(value: Value<'_>, url: OwnUrl<'_>, prints: &[u64]) -> u64 {
    of_member(2, of_value(value, Some(url), prints))
}

/// An array whose order says nothing.
fn of_elements(array: Value<'_>, prints: &[u64]) -> u64 {
    let sum = array.elements().map(|element| of_member(0, prints[element.index() as usize])).fold(0, u64::wrapping_add);
    of_member(1, sum)
}

fn of_value(value: Value<'_>, url: Option<OwnUrl<'_>>, prints: &[u64]) -> u64 {
    let mut hasher = Mixer::default();
    value.kind().hash(&mut hasher);
    match value.kind() {
        Type::Null => {}
        Type::Bool => value.raw().hash(&mut hasher),
        Type::Number => Decimal::new(value.raw()).hash(&mut hasher),
        Type::String => hash_string(value, url, &mut hasher),
        Type::Array => value.elements().for_each(|element| prints[element.index() as usize].hash(&mut hasher)),
        // The order of members says nothing, nor does one that is null, nor one that a rule decides.
        Type::Object => value
            .members()
            .filter(|(_, member)| member.kind() != Type::Null && prints[member.index() as usize] != 0)
            .map(|(_, member)| of_member(prints[member.index() as usize - 1], prints[member.index() as usize]))
            .fold(0_u64, u64::wrapping_add)
            .hash(&mut hasher),
    }
    hasher.finish()
}

fn of_member(name: u64, value: u64) -> u64 {
    let mut hasher = Mixer::default();
    (name, value).hash(&mut hasher);
    hasher.finish()
}

fn hash_string(value: Value<'_>, url: Option<OwnUrl<'_>>, hasher: &mut Mixer) {
    let Some(text) = value.text() else { return };
    let content = text.decode();
    match url {
        Some(url) => normal(&url.scrub(&content)).hash(hasher),
        None => normal(&content).hash(hasher),
    }
}

/// Per value, what rules leave of it; empty without rules.
fn what_is_left(document: &Document<'_>, scope: &Scope<'_>, routes: &mut Routes<'_>) -> Vec<Left> {
    if scope.body.is_empty() {
        return Vec::new();
    }
    let mut at: Vec<Route> = vec![Routes::ROOT; document.node_count()];
    let mut left = vec![Left::All; document.node_count()];
    for index in 0..document.node_count() {
        let (value, route) = (document.at(index as u32), at[index]);
        left[index] = match routes.decision(route) {
            None => Left::All,
            Some(decision) if !decision.from_above && scope.body[decision.rule].frees_order() => Left::Elements,
            Some(_) => Left::Nothing,
        };
        for (name, member) in value.members() {
            at[member.index() as usize] = routes.below(route, Child::Member(name));
        }
        let length = if routes.has_indices(route) { value.elements().count() } else { 0 };
        for (position, element) in value.elements().enumerate() {
            at[element.index() as usize] = routes.below(route, Child::Element { at: position, length });
        }
    }
    left
}

/// A hash that is quick on short pieces. Nothing rests on it being hard to guess: what it takes for equal is compared.
#[derive(Default)]
struct Mixer(u64);

impl Mixer {
    const fn mix(&mut self, word: u64) {
        let product = (self.0 ^ word ^ 0x2545_F491_4F6C_DD1D) as u128 * 0x9E37_79B9_7F4A_7C15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for Mixer {
    fn write(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..piece.len()].copy_from_slice(piece);
            self.mix(u64::from_le_bytes(word));
        }
        self.mix(bytes.len() as u64);
    }

    fn write_u8(&mut self, byte: u8) {
        self.mix(u64::from(byte));
    }

    fn write_u64(&mut self, word: u64) {
        self.mix(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.mix(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
