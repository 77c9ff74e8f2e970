//! Values that are handed out once: the number of a claim, the version that a change made.
//!
//! Whoever changes something gets a value back that nobody else got, or two callers believe that the same thing is
//! theirs. Which places hold such values is learned: whole numbers, in answers to requests that change something and
//! have the same target each time, that the baseline never repeated although they lie so close together that chance
//! would have. One repetition on the candidate is then one too many.

use std::collections::HashMap;

use super::facts::StepFacts;
use super::sample::KeptAnswer;
use super::walk::{Node, PlaceNames};
use crate::compare::json::{Document, Type};
use crate::record::load_parity::{Held, Invariant};
use crate::role::{Pair, Role};

/// Members above a value that is looked at.
const DEEPEST: u32 = 2;
/// Repetitions that chance would have brought among the baseline's values: below it, that there is none says little.
/// With this many expected, none comes in 3 of 10,000 cases.
const EXPECTED: f64 = 8.0;
/// Most values that are remembered over all pools, about 10 MiB.
const MOST_VALUES: usize = 200_000;
/// Examples that are told.
const MOST_EXAMPLES: usize = 3;
/// Headers that tell of what a change made.
const HEADERS: [&str; 2] = ["etag", "location"];

/// The values seen so far.
#[derive(Debug, Default)]
pub(super) struct HandedOut {
    pools: HashMap<Key, Pool>,
    values: usize,
}

/// Where values must not repeat: one place in the answers to one request, whichever steps send it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    method: String,
    target: String,
    place: String,
}

#[derive(Debug)]
struct Pool {
    flow: String,
    step: String,
    sides: Pair<Values>,
}

#[derive(Debug, Default)]
struct Values {
    /// Which arrival was the first to get a value.
    first: HashMap<u64, Arrival>,
    observed: u64,
    repeated: u64,
    range: Option<(u64, u64)>,
    examples: Vec<String>,
    /// The first arrival that got a value once more.
    again: Option<Arrival>,
}

/// One flow iteration, as reports name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) pair: u32,
    pub(super) number: u64,
}

impl std::fmt::Display for Arrival {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "arrival {} of pair {}", self.number, self.pair + 1)
    }
}

impl HandedOut {
    /// An answer came.
    pub(super) fn see(
        &mut self,
        role: Role,
        step: &StepFacts,
        arrival: Arrival,
        answer: &KeptAnswer<'_>,
        body: Option<&Document<'_>>,
        names: &mut PlaceNames,
    ) {
        let Some(target) = step.fixed_target.as_ref().filter(|_| step.changes && (200..300).contains(&answer.status))
        else {
            return;
        };
        let mut found = Vec::new();
        let headers = answer.headers();
        for name in HEADERS {
            let value = headers.get(name).and_then(|value| number_at_the_end(value.as_bytes()));
            found.extend(value.map(|value| (format!("header {name}"), value)));
        }
        if let Some(body) = body {
            names.walk(body, |names, node| found.extend(number_at(names, node)));
        }
        for (place, value) in found {
            let key = Key { method: step.method.clone(), target: target.clone(), place };
            self.hand_out(key, step, role, arrival, value);
        }
    }

    fn hand_out(&mut self, key: Key, step: &StepFacts, role: Role, arrival: Arrival, value: u64) {
        let pool = self.pools.entry(key).or_insert_with(|| Pool {
            flow: step.flow.clone(),
            step: step.name.clone(),
            sides: Pair::default(),
        });
        // What the baseline repeats may be repeated.
        if pool.sides.baseline.repeated > 0 {
            self.values -= pool.forget();
        } else if self.values < MOST_VALUES {
            self.values += usize::from(pool.sides.get_mut(role).see(value, arrival));
        }
    }

    /// What was learned of each place, and whether it held.
    pub(super) fn invariants(&self) -> Vec<(Invariant, Option<Arrival>)> {
        let mut pools: Vec<_> = self.pools.iter().filter(|(_, pool)| pool.is_of_interest()).collect();
        pools.sort_unstable_by_key(|(key, _)| *key);
        pools.into_iter().map(|(key, pool)| (pool.invariant(key), pool.sides.candidate.again)).collect()
    }
}

impl Pool {
    /// Lets go of all values; gives back how many there were.
    fn forget(&mut self) -> usize {
        let Pair { baseline, candidate } = &mut self.sides;
        std::mem::take(&mut baseline.first).len() + std::mem::take(&mut candidate.first).len()
    }

    fn is_of_interest(&self) -> bool {
        self.sides.baseline.repeated == 0 && self.sides.baseline.observed > 1
    }

    fn invariant(&self, key: &Key) -> Invariant {
        let Key { method, target, place } = key;
        let Pair { baseline, candidate } = &self.sides;
        let outcome = match (baseline.is_more_than_chance(), candidate.repeated) {
            (false, _) => Held::TooFew,
            (true, 0) => Held::Held,
            (true, _) => Held::Broken,
        };
        Invariant {
            kind: "handed_out_once".to_owned(),
            flow: self.flow.clone(),
            step: self.step.clone(),
            place: place.clone(),
            rule: rule(place, method, target),
            outcome,
            observed: Pair { baseline: baseline.observed, candidate: candidate.observed },
            broken: candidate.repeated,
            baseline: Some(format!("{} answers, no value twice", baseline.observed)),
            candidate: (!candidate.examples.is_empty()).then(|| candidate.examples.join("; ")),
            accepted: None,
            remedy: None,
            case: None,
        }
    }
}

fn rule(place: &str, method: &str, target: &str) -> String {
    let why = if place == "header etag" { ": each change makes a version of its own" } else { "" };
    format!("`{place}` of `{method} {target}` is handed out once{why}")
}

impl Values {
    /// Gives back whether the value is new.
    fn see(&mut self, value: u64, arrival: Arrival) -> bool {
        self.observed += 1;
        let (low, high) = self.range.unwrap_or((value, value));
        self.range = Some((low.min(value), high.max(value)));
        let Some(first) = self.first.get(&value) else {
            self.first.insert(value, arrival);
            return true;
        };
        self.repeated += 1;
        self.again.get_or_insert(arrival);
        if self.examples.len() < MOST_EXAMPLES {
            self.examples.push(format!("{value} was handed out to {first} and again to {arrival}"));
        }
        false
    }

    /// Whether values drawn from their range at random would have repeated: n (n − 1) / 2 pairs, each equal with one
    /// chance in the size of the range.
    fn is_more_than_chance(&self) -> bool {
        let Some((low, high)) = self.range else { return false };
        let (count, range) = (self.observed as f64, (high - low) as f64 + 1.0);
        count * (count - 1.0) / 2.0 / range >= EXPECTED
    }
}

/// A whole number that is not in an array and not deep.
fn number_at(names: &PlaceNames, node: Node<'_>) -> Option<(String, u64)> {
    let is_near = names.depth(node.place).is_some_and(|depth| depth <= DEEPEST);
    if !is_near || node.value.kind() != Type::Number {
        return None;
    }
    let value = std::str::from_utf8(node.value.raw()).ok()?.parse().ok()?;
    Some((names.name(node.place).to_owned(), value))
}

/// `"7"`, `W/"7"` and `/students/7` are 7.
fn number_at_the_end(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim_end_matches('"');
    let start = text.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    text[start..].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step() -> StepFacts {
        StepFacts {
            flow: "f".to_owned(),
            name: "s".to_owned(),
            method: "POST".to_owned(),
            fixed_target: Some("/claim".to_owned()),
            changes: true,
            expect: crate::plan::Expect::default(),
            order: None,
            page_size: None,
        }
    }

    fn outcome(baseline: &[u64], candidate: &[u64]) -> Vec<(Held, u64)> {
        let mut all = HandedOut::default();
        for (role, values) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            for (number, value) in values.iter().enumerate() {
                let key = Key { method: "POST".into(), target: "/claim".into(), place: "$.id".into() };
                all.hand_out(key, &step(), role, Arrival { pair: 0, number: number as u64 }, *value);
            }
        }
        all.invariants().into_iter().map(|(invariant, _)| (invariant.outcome, invariant.broken)).collect()
    }

    #[test]
    fn one_repetition_breaks_what_the_baseline_never_repeats() {
        let dense: Vec<u64> = (100..140).collect();
        let twice = [dense.clone(), vec![103]].concat();
        assert_eq!(outcome(&dense, &dense), [(Held::Held, 0)]);
        assert_eq!(outcome(&dense, &twice), [(Held::Broken, 1)]);
        assert_eq!(outcome(&twice, &twice), [], "what the baseline repeats may be repeated");
    }

    #[test]
    fn values_far_apart_or_few_of_them_say_nothing() {
        let sparse: Vec<u64> = (0..40).map(|n| n * 1_000_003).collect();
        assert_eq!(outcome(&sparse, &[sparse.clone(), vec![0]].concat()), [(Held::TooFew, 1)]);
        let few: Vec<u64> = (1..10).collect();
        assert_eq!(outcome(&few, &[1, 1]), [(Held::TooFew, 1)]);
    }

    #[test]
    fn the_number_at_the_end_of_a_header() {
        for (text, number) in
            [("\"7\"", Some(7)), ("W/\"12\"", Some(12)), ("/students/501", Some(501)), ("\"a\"", None)]
        {
            assert_eq!(number_at_the_end(text.as_bytes()), number, "{text}");
        }
    }
}
