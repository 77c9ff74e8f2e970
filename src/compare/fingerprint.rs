//! A number per JSON value that is equal for values which no reader tells apart, to find elements of arrays again.
//! Only a means of pairing: what is paired is still compared.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::json::{Document, Type, Value};
use super::number::Decimal;
use super::own_url::OwnUrl;
use super::path::Child;
use super::place::Trail;
use super::rules::Scope;
use super::scalar::normal;

/// Fingerprints of all values of a document, by [`Value::index`]. Places that a rule decides count for nothing; `ids` has
/// the texts of those that count for something else than they say.
pub(super) fn of_document(
    document: &Document<'_>,
    scope: &Scope<'_>,
    url: OwnUrl<'_>,
    ids: &HashMap<u32, String>,
) -> Vec<u64> {
    let decided = decided_places(document, scope);
    let url = url.stands_in(document.root().raw()).then_some(url);
    let mut prints = vec![0; document.node_count()];
    // Children stand behind their parents.
    for index in (0..document.node_count()).rev() {
        if !decided.get(index).copied().unwrap_or(false) {
            let value = document.at(index as u32);
            prints[index] = match ids.get(&value.index()) {
                Some(id) => of_id(value.kind(), id),
                None => of_value(value, url, &prints),
            };
        }
    }
    prints
}

fn of_id(kind: Type, id: &str) -> u64 {
    let mut hasher = Mixer::default();
    (kind, id).hash(&mut hasher);
    hasher.finish()
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
        // The order of members says nothing, nor does one that is null.
        Type::Object => value
            .members()
            .filter(|(_, member)| member.kind() != Type::Null)
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

/// Per value, whether a rule decides it; empty without rules.
fn decided_places(document: &Document<'_>, scope: &Scope<'_>) -> Vec<bool> {
    if scope.body.is_empty() {
        return Vec::new();
    }
    let mut trail = Trail::new(scope);
    let mut places = vec![Trail::ROOT; document.node_count()];
    let mut decided = vec![false; document.node_count()];
    for index in 0..document.node_count() {
        let value = document.at(index as u32);
        let place = places[index];
        decided[index] = trail.rule(place).is_some();
        for (name, member) in value.members() {
            places[member.index() as usize] = trail.below(place, Child::Member(name));
        }
        let length = value.elements().count();
        for (at, element) in value.elements().enumerate() {
            places[element.index() as usize] = trail.below(place, Child::Element { at, length });
        }
    }
    decided
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
