//! What earlier answers had: the ids, tags and words that make generated requests meet rows that exist.

use std::collections::HashMap;

use rand::{Rng, RngExt};

use crate::compare::json::{self, Type, Value};

/// Most values that are kept of one name.
const MOST: usize = 64;
/// Most values that are taken from one answer.
const MOST_OF_ONE: usize = 2_000;
/// Longest value that is kept, in bytes.
const LONGEST: usize = 200;

/// Values by the name of their member. Only what both sides answered is kept: otherwise both would be asked for different
/// things, and one difference would look like many.
#[derive(Debug, Default)]
pub(super) struct Seen {
    by_name: HashMap<String, Vec<String>>,
    turn: usize,
}

impl Seen {
    /// Keeps the scalars of two answers to one request. Ids are also kept under `resource`, the path of the collection
    /// that was asked.
    pub(super) fn learn(&mut self, resource: &str, baseline: &[u8], candidate: &[u8]) {
        let (Ok(baseline), Ok(candidate)) = (json::parse(baseline), json::parse(candidate)) else { return };
        let mut ahead = vec![(String::new(), baseline.root(), candidate.root())];
        let mut taken = 0;
        while let Some((name, left, right)) = ahead.pop() {
            if left.kind() != right.kind() || taken >= MOST_OF_ONE {
                continue;
            }
            taken += 1;
            match left.kind() {
                Type::Object => {
                    let members = left.members().zip(right.members());
                    let same = members.filter(|((left, _), (right, _))| left.decode() == right.decode());
                    ahead
                        .extend(same.map(|((name, left), (_, right))| (name.to_str_lossy().into_owned(), left, right)));
                }
                Type::Array => {
                    ahead.extend(left.elements().zip(right.elements()).map(|(l, r)| (name.clone(), l, r)));
                }
                Type::Number | Type::String => self.keep_value(resource, &name, left, right),
                Type::Bool | Type::Null => {}
            }
        }
    }

    /// Keeps a header, as one keeps an `etag` for `If-Match`.
    pub(super) fn learn_text(&mut self, name: &str, text: &str) {
        self.keep(name, text.to_owned());
    }

    /// One of the values of a name.
    pub(super) fn any(&self, name: &str, random: &mut impl Rng) -> Option<&str> {
        let values = self.by_name.get(name)?;
        values.get(random.random_range(0..values.len().max(1))).map(String::as_str)
    }

    fn keep_value(&mut self, resource: &str, name: &str, left: Value<'_>, right: Value<'_>) {
        let is_secret = name.to_ascii_lowercase().contains("token");
        if left.raw() != right.raw() || left.raw().len() > LONGEST || is_secret {
            return;
        }
        let text = String::from_utf8_lossy(left.raw()).into_owned();
        if name == "id" {
            self.keep(resource, text.clone());
        }
        self.keep(name, text);
    }

    /// The newest values take the place of old ones.
    fn keep(&mut self, name: &str, text: String) {
        let values = self.by_name.entry(name.to_owned()).or_default();
        if values.contains(&text) {
            return;
        }
        if values.len() < MOST {
            values.push(text);
        } else {
            self.turn += 1;
            values[self.turn % MOST] = text;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::generator;

    #[test]
    fn ids_are_kept_for_their_collection_and_what_differs_is_not_kept() {
        let mut seen = Seen::default();
        seen.learn(
            "/students",
            br#"{"items":[{"id":7,"name":"a","class":{"class_id":3}}],"access_token":"secret"}"#,
            br#"{"items":[{"id":7,"name":"b","class":{"class_id":3}}],"access_token":"secret"}"#,
        );
        let mut random = generator(1, "seen", 0);
        assert_eq!(seen.any("/students", &mut random), Some("7"));
        assert_eq!(seen.any("class_id", &mut random), Some("3"));
        assert_eq!(seen.any("name", &mut random), None);
        assert_eq!(seen.any("access_token", &mut random), None);
    }
}
