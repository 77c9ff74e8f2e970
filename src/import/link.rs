//! Which value of a request came out of which answer before it.

use std::collections::{HashMap, HashSet};

use super::exchange::{Digest, Found, Place, Sealed, Value};
use super::names;

/// Where a value came from: the number of a step, and the place in its answer.
pub(super) type Origin<'a> = (usize, &'a Found);

/// What the answers so far have told, in order.
#[derive(Default)]
pub(super) struct Known<'a> {
    found: HashMap<Digest, Vec<Origin<'a>>>,
    /// Values that a request had before any answer: they are the caller's own.
    callers: HashSet<Digest>,
}

impl<'a> Known<'a> {
    /// Takes note of a request's values. Before [`Self::answer`] of the same exchange.
    pub(super) fn request(&mut self, exchange: &Sealed) {
        for value in exchange.values() {
            if value.text.is_some() && !self.found.contains_key(&value.digest) {
                self.callers.insert(value.digest);
            }
        }
    }

    /// Takes note of an answer.
    pub(super) fn answer(&mut self, step: usize, exchange: &'a Sealed) {
        for found in &exchange.found {
            self.found.entry(found.digest).or_default().push((step, found));
        }
    }

    /// Where a value of the next request came from, if that is no coincidence.
    pub(super) fn origin(&self, value: &Value) -> Option<Origin<'a>> {
        let candidates = self.found.get(&value.digest)?;
        if value.noun == "if-match" || value.noun == "if-none-match" {
            return candidates.iter().rfind(|(_, found)| found.place == "header etag").copied();
        }
        if self.callers.contains(&value.digest) && value.text.is_some() {
            return None;
        }
        candidates.iter().find(|(_, found)| value.is_odd || is_meant(value, found)).copied()
    }
}

/// Whether a value that others may have as well is this one, by the names of both.
fn is_meant(value: &Value, found: &Found) -> bool {
    let is_of = |noun: &str| !noun.is_empty() && found.nouns.iter().any(|known| known == noun);
    match value.place {
        Place::Query | Place::Body => {
            let name = value.noun.to_ascii_lowercase();
            // Of a list, only the first: the number of somebody's class is in many rows.
            let is_first = !found.place.split('[').skip(1).any(|rest| !rest.starts_with(['0', '\'']));
            is_first && names::is_identity(&value.noun) && is_of(&names::stem(&value.noun).unwrap_or(name))
        }
        Place::Path | Place::Header | Place::Cookie => is_of(&value.noun),
    }
}
