//! What earlier answers had: the ids, tags and words that make generated requests meet rows that exist.

use std::collections::HashMap;

use rand::{Rng, RngExt};

use crate::compare::json::{self, Type, Value};
use crate::role::Pair;

/// Most values that are kept of one name.
const MOST: usize = 64;
/// Most values that are taken from one answer.
const MOST_OF_ONE: usize = 2_000;

/// Values by the name of their member; those at the same place on both sides belong together.
#[derive(Debug, Default)]
pub(super) struct Seen {
    by_name: HashMap<String, Vec<Pair<String>>>,
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
                    ahead.extend(same.map(|((name, left), (_, right))| (name.to_str_lossy().into_owned(), left, right)));
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
    pub(super) fn learn_text(&mut self, name: &str, sides: Pair<String>) {
        self.keep(name, sides);
    }

    /// One of the values of a name.
    pub(super) fn any(&self, name: &str, random: &mut impl Rng) -> Option<&Pair<String>> {
        let values = self.by_name.get(name)?;
        values.get(random.random_range(0..values.len().max(1)))
    }

    fn keep_value(&mut self, resource: &str, name: &str, left: Value<'_>, right: Value<'_>) {
        let whole = |value: Value<'_>| String::from_utf8_lossy(value.raw()).into_owned();
        let sides = Pair { baseline: whole(left), candidate: whole(right) };
        if sides.baseline.len() > 200 || sides.candidate.len() > 200 || name.to_ascii_lowercase().contains("token") {
            return;
        }
        if name == "id" {
            self.keep(resource, sides.clone());
        }
        self.keep(name, sides);
    }

    /// The newest values take the place of old ones.
    fn keep(&mut self, name: &str, sides: Pair<String>) {
        let values = self.by_name.entry(name.to_owned()).or_default();
        if values.contains(&sides) {
            return;
        }
        if values.len() < MOST {
            values.push(sides);
        } else {
            self.turn += 1;
            values[self.turn % MOST] = sides;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::generator;

    #[test]
    fn ids_are_kept_for_their_collection_and_each_side_has_its_own() {
        let mut seen = Seen::default();
        seen.learn(
            "/students",
            br#"{"items":[{"id":7,"class":{"class_id":3}}],"access_token":"secret"}"#,
            br#"{"items":[{"id":8,"class":{"class_id":3}}],"access_token":"secret"}"#,
        );
        let mut random = generator(1, "seen", 0);
        let any = |name: &str, random: &mut _| seen.any(name, random).cloned();
        let ids = Pair { baseline: "7".to_owned(), candidate: "8".to_owned() };
        assert_eq!(any("/students", &mut random), Some(ids));
        assert_eq!(any("class_id", &mut random).map(|pair| pair.candidate), Some("3".to_owned()));
        assert_eq!(any("access_token", &mut random), None);
    }
}
