//! Relations between the times of one object that held in every run of the baseline: `updated_at >= created_at`. A value
//! that differs from run to run may still never be before another.

use std::collections::BTreeMap;
use std::fmt;

use super::each_value;
use crate::compare::json::{self, Value};
use crate::compare::{Difference, member_place};
use crate::noise::moment;
use crate::record::Class;
use crate::record::parity::Kind;

/// One member is never before another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Relation {
    /// Place of the object, indices left out.
    object: String,
    /// Place of the later one, and its name.
    later: (String, String),
    /// The same of the earlier one.
    earlier: (String, String),
}

impl Relation {
    /// Whichever of the two is noisy, the later one if both are.
    pub(super) fn noisy_place(&self, is_noisy: &dyn Fn(&str) -> bool) -> String {
        if is_noisy(&self.later.0) { self.later.0.clone() } else { self.earlier.0.clone() }
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} >= {}", self.later.1, self.earlier.1)
    }
}

/// A member that is a time: its place, its name, and when it is.
struct Time {
    place: String,
    name: String,
    has_offset: bool,
    at: i128,
    shown: String,
}

/// How two members compared wherever both were seen: runs in which they were, and whether `>=` and `<=` always held.
#[derive(Clone, Copy)]
struct Held {
    runs: usize,
    is_later: bool,
    is_earlier: bool,
}

/// Relations that held in every object of each of the bodies, of which one side at least is noisy.
pub(super) fn held<'b>(bodies: impl Iterator<Item = &'b [u8]>, is_noisy: &dyn Fn(&str) -> bool) -> Vec<Relation> {
    type Key = (String, (String, String), (String, String));
    let mut known: BTreeMap<Key, Held> = BTreeMap::new();
    let mut count = 0;
    for body in bodies {
        count += 1;
        each_value(body, |object, value| {
            let times = times(object, value);
            for (at, one) in times.iter().enumerate() {
                for other in times[at + 1..].iter().filter(|other| other.has_offset == one.has_offset) {
                    if !is_noisy(&one.place) && !is_noisy(&other.place) {
                        continue;
                    }
                    let name = |time: &Time| (time.place.clone(), time.name.clone());
                    let key = (object.to_owned(), name(one), name(other));
                    let held = known.entry(key).or_insert(Held { runs: 0, is_later: true, is_earlier: true });
                    held.runs = held.runs.max(count);
                    held.is_later &= one.at >= other.at;
                    held.is_earlier &= one.at <= other.at;
                }
            }
        });
    }
    let relation = |((object, one, other), held): (Key, Held)| {
        let (later, earlier) = match (held.is_later, held.is_earlier) {
            (true, false) => (one, other),
            (false, true) => (other, one),
            // That two were always equal may be for want of exactness; their names say which comes first.
            (true, true) if is_first(&other.1) && !is_first(&one.1) => (one, other),
            (true, true) if is_first(&one.1) && !is_first(&other.1) => (other, one),
            _ => return None,
        };
        (held.runs == count).then_some(Relation { object, later, earlier })
    };
    known.into_iter().filter_map(relation).collect()
}

/// Objects of the candidate in which a relation does not hold, as breaking differences.
pub(super) fn broken(relations: &[Relation], candidate: &[u8]) -> Vec<Difference> {
    let mut found = Vec::new();
    if relations.is_empty() {
        return found;
    }
    each_value(candidate, |object, value| {
        for relation in relations.iter().filter(|relation| relation.object == object) {
            let times = times(object, value);
            let time = |place: &str| times.iter().find(|time| time.place == place);
            if let (Some(later), Some(earlier)) = (time(&relation.later.0), time(&relation.earlier.0))
                && later.has_offset == earlier.has_offset
                && later.at < earlier.at
            {
                found.push(Difference {
                    class: Class::Breaking,
                    kind: Kind::Value,
                    place: later.place.clone(),
                    baseline: Some(relation.to_string()),
                    candidate: Some(format!("{} {}, {} {}", later.name, later.shown, earlier.name, earlier.shown)),
                    rule: None,
                    note: Some("the values differ between two runs of the baseline, but this always held".to_owned()),
                });
            }
        }
    });
    found
}

/// Whether a name says that this comes first.
fn is_first(name: &str) -> bool {
    let name = name.to_lowercase();
    ["creat", "start", "begin", "began", "from", "open", "issued", "first"].iter().any(|word| name.contains(word))
}

fn times(object: &str, value: Value<'_>) -> Vec<Time> {
    let time = |(name, member): (json::Text<'_>, Value<'_>)| {
        let text = member.text()?.to_str_lossy().into_owned();
        let (has_offset, at) = moment(&text)?;
        let place = member_place(object, name);
        Some(Time { place, name: name.to_str_lossy().into_owned(), has_offset, at, shown: text })
    };
    value.members().filter_map(time).collect()
}
