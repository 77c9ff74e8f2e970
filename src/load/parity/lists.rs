//! What must hold of a list whoever writes meanwhile: it is in the order that the request asked for, no longer than the
//! request asked for, and has no element twice. Looked for where the request or the name of a member says so, and
//! believed only where every list of the baseline does so.

use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};

use super::facts::{Order, StepFacts};
use super::once::Arrival;
use super::walk::PlaceNames;
use crate::compare::json::{Document, Type, Value};
use crate::record::load_parity::{Held, Invariant};
use crate::role::{Pair, Role};

/// Lists of the baseline in which it must have held.
const LEAST: u64 = 5;
/// Members that name an element.
const IDS: [&str; 3] = ["id", "_id", "uuid"];
/// Examples that are told.
const MOST_EXAMPLES: usize = 3;

/// The lists of all steps.
#[derive(Debug, Default)]
pub(super) struct Lists {
    by_rule: BTreeMap<(usize, String, Rule), Seen>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rule {
    Ordered,
    PageSize,
    UniqueIds,
}

/// What one list says of a rule.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// Nothing: it is too short, or has no such member.
    NotShown,
    Holds,
    /// What is wrong, in words.
    Broken(String),
}

#[derive(Debug, Default)]
struct Seen {
    observed: Pair<u64>,
    broken: Pair<u64>,
    examples: Vec<String>,
    first: Option<Arrival>,
}

impl Lists {
    /// An answer came, of the step with this number in the plan.
    pub(super) fn see(
        &mut self,
        role: Role,
        number: usize,
        step: &StepFacts,
        arrival: Arrival,
        body: &Document<'_>,
        names: &mut PlaceNames,
    ) {
        let mut lists = Vec::new();
        names.walk(body, |names, node| {
            // A list within an element of another is not what the request asks for.
            if node.value.kind() == Type::Array && names.depth(node.place).is_some() {
                lists.push((names.name(node.place).to_owned(), node.value));
            }
        });
        for (place, list) in lists {
            let elements: Vec<Value<'_>> = list.elements().collect();
            let verdicts = [
                (Rule::Ordered, step.order.as_ref().map_or(Verdict::NotShown, |order| ordered(order, &elements))),
                (Rule::PageSize, step.page_size.map_or(Verdict::NotShown, |most| no_longer_than(most, &elements))),
                (Rule::UniqueIds, unique_ids(&elements)),
            ];
            for (rule, verdict) in verdicts {
                if verdict != Verdict::NotShown {
                    let seen = self.by_rule.entry((number, place.clone(), rule)).or_default();
                    seen.see(role, arrival, verdict);
                }
            }
        }
    }

    /// What was learned of each list, and whether it held.
    pub(super) fn invariants(&self, steps: &[StepFacts]) -> Vec<(Invariant, Option<Arrival>)> {
        let believed = self.by_rule.iter().filter(|(_, seen)| seen.broken.baseline == 0);
        let told = believed
            .map(|((number, place, rule), seen)| (invariant(&steps[*number], place.clone(), *rule, seen), seen.first));
        told.collect()
    }
}

fn invariant(step: &StepFacts, place: String, rule: Rule, seen: &Seen) -> Invariant {
    let (kind, words) = match (rule, &step.order, step.page_size) {
        (Rule::Ordered, Some(order), _) => {
            let direction = if order.is_descending { "from high to low" } else { "from low to high" };
            ("ordered", format!("`{place}` is sorted by `{}`, {direction}", order.column))
        }
        (Rule::PageSize, _, Some(most)) => ("page_size", format!("`{place}` has at most {most} elements")),
        _ => ("unique_ids", format!("no element of `{place}` comes twice")),
    };
    let outcome = match (seen.observed.baseline >= LEAST, seen.broken.candidate) {
        (false, _) => Held::TooFew,
        (true, 0) => Held::Held,
        (true, _) => Held::Broken,
    };
    Invariant {
        kind: kind.to_owned(),
        flow: step.flow.clone(),
        step: step.name.clone(),
        place,
        rule: words,
        outcome,
        observed: seen.observed,
        broken: seen.broken.candidate,
        baseline: Some(format!("held in all of {} lists", seen.observed.baseline)),
        candidate: (!seen.examples.is_empty()).then(|| seen.examples.join("; ")),
        accepted: None,
        remedy: None,
        case: None,
    }
}

impl Seen {
    fn see(&mut self, role: Role, arrival: Arrival, verdict: Verdict) {
        *self.observed.get_mut(role) += 1;
        let Verdict::Broken(words) = verdict else { return };
        *self.broken.get_mut(role) += 1;
        if role == Role::Candidate && self.examples.len() < MOST_EXAMPLES {
            self.first.get_or_insert(arrival);
            self.examples.push(format!("{arrival}: {words}"));
        }
    }
}

/// Whether the elements are in the order that was asked for.
fn ordered(order: &Order, elements: &[Value<'_>]) -> Verdict {
    let values: Vec<Value<'_>> = elements.iter().filter_map(|element| member(*element, &[&order.column])).collect();
    if values.len() < 2 || values.len() < elements.len() {
        return Verdict::NotShown;
    }
    let wrong = if order.is_descending { Ordering::Less } else { Ordering::Greater };
    let mut pairs = values.windows(2).enumerate();
    let found = pairs.find(|(_, pair)| compare(pair[0], pair[1]) == Some(wrong));
    found.map_or(Verdict::Holds, |(at, pair)| {
        let (left, right) = (pair[0].to_text(), pair[1].to_text());
        Verdict::Broken(format!("{left} stands before {right} at [{at}]"))
    })
}

/// The first member with one of these names.
fn member<'d>(element: Value<'d>, names: &[&str]) -> Option<Value<'d>> {
    element.members().find(|(name, _)| names.contains(&&*name.to_str_lossy())).map(|(_, value)| value)
}

/// `None`: not two numbers or two texts.
fn compare(left: Value<'_>, right: Value<'_>) -> Option<Ordering> {
    let number = |value: Value<'_>| std::str::from_utf8(value.raw()).ok()?.parse::<f64>().ok();
    match (left.kind(), right.kind()) {
        (Type::Number, Type::Number) => number(left)?.partial_cmp(&number(right)?),
        (Type::String, Type::String) => Some(left.text()?.decode().cmp(&right.text()?.decode())),
        _ => None,
    }
}

fn no_longer_than(most: u64, elements: &[Value<'_>]) -> Verdict {
    if elements.len() as u64 > most { Verdict::Broken(format!("{} elements", elements.len())) } else { Verdict::Holds }
}

/// Whether each element has an id of its own.
fn unique_ids(elements: &[Value<'_>]) -> Verdict {
    let ids: Vec<&[u8]> = elements.iter().filter_map(|element| member(*element, &IDS)).map(Value::raw).collect();
    if ids.len() < 2 {
        return Verdict::NotShown;
    }
    let mut seen = HashSet::new();
    let twice = ids.iter().find(|id| !seen.insert(**id));
    twice.map_or(Verdict::Holds, |id| Verdict::Broken(format!("{} comes twice", String::from_utf8_lossy(id))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::json::parse;

    fn step() -> StepFacts {
        StepFacts {
            flow: "f".to_owned(),
            name: "s".to_owned(),
            method: "GET".to_owned(),
            fixed_target: None,
            changes: false,
            expect: crate::plan::Expect::default(),
            order: Some(Order { column: "credits".to_owned(), is_descending: true }),
            page_size: Some(3),
        }
    }

    fn outcomes(baseline: &str, candidate: &str, times: u64) -> Vec<(String, Held)> {
        let (mut lists, mut names) = (Lists::default(), PlaceNames::default());
        for (role, body) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            for number in 0..times {
                let body = parse(body.as_bytes()).unwrap();
                lists.see(role, 0, &step(), Arrival { pair: 0, number }, &body, &mut names);
            }
        }
        lists.invariants(&[step()]).into_iter().map(|(found, _)| (found.kind, found.outcome)).collect()
    }

    const RIGHT: &str = r#"{"items":[{"id":1,"credits":30},{"id":2,"credits":9},{"id":3,"credits":9}]}"#;

    #[test]
    fn a_list_is_ordered_no_longer_than_asked_for_and_has_nothing_twice() {
        let all = |outcome| ["ordered", "page_size", "unique_ids"].map(|kind| (kind.to_owned(), outcome)).to_vec();
        assert_eq!(outcomes(RIGHT, RIGHT, LEAST), all(Held::Held));
        let wrong =
            r#"{"items":[{"id":1,"credits":9},{"id":2,"credits":30},{"id":2,"credits":3},{"id":4,"credits":1}]}"#;
        assert_eq!(outcomes(RIGHT, wrong, LEAST), all(Held::Broken));
        assert_eq!(outcomes(RIGHT, wrong, LEAST - 1), all(Held::TooFew));
    }

    #[test]
    fn what_the_baseline_does_not_keep_is_no_invariant() {
        let wrong = r#"{"items":[{"id":1,"credits":9},{"id":1,"credits":30}]}"#;
        let kinds: Vec<String> = outcomes(wrong, wrong, LEAST).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["page_size"]);
    }
}
