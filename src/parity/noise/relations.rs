//! Relations between the times of one object that held in every run of the baseline: `updated_at >= created_at`. A value
//! that differs from run to run may still never be before another.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use crate::compare::json::{self, Value};
use crate::compare::{Difference, member_place};
use crate::noise::{each_value, moment};
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

/// How two members compared wherever both were seen.
#[derive(Clone, Copy, Default)]
struct Held {
    /// The last run in which they were, and how many there were.
    last_run: usize,
    runs: usize,
    /// How often `>=` did not hold, and `<=`.
    earlier: usize,
    later: usize,
}

/// Objects in which one time must have been before the other, never after it, before that is believed, unless the names say
/// what comes first: two that have nothing to do with each other are in one order ten times in a row once in 512.
const FEWEST_OBJECTS: usize = 10;
/// Most times of one object that are held against each other.
const MOST_TIMES: usize = 30;
/// Most pairs of members that are looked at.
const MOST_PAIRS: usize = 10_000;
/// Most objects of one answer in which a relation does not hold that are told.
const MOST_BROKEN: usize = 1_000;

/// Object, and two of its members: their places and names.
type Key = (String, (String, String), (String, String));

/// Relations that held in every object of each of the bodies, of which one side at least is noisy.
pub(super) fn held<'b>(bodies: impl Iterator<Item = &'b [u8]>, is_noisy: &dyn Fn(&str) -> bool) -> Vec<Relation> {
    let mut known: BTreeMap<Key, Held> = BTreeMap::new();
    let mut run = 0;
    for body in bodies {
        run += 1;
        each_value(body, |object, value| {
            let times: Vec<Time> = times(object, value).take(MOST_TIMES).collect();
            let noisy: Vec<bool> = times.iter().map(|time| is_noisy(&time.place)).collect();
            for (at, one) in times.iter().enumerate() {
                for (next, other) in times.iter().enumerate().skip(at + 1) {
                    if one.has_offset == other.has_offset && (noisy[at] || noisy[next]) {
                        see(&mut known, run, object, (one, other));
                    }
                }
            }
        });
    }
    known.into_iter().filter(|(_, held)| held.runs == run).filter_map(relation).collect()
}

fn see(known: &mut BTreeMap<Key, Held>, run: usize, object: &str, (one, other): (&Time, &Time)) {
    // The order of members is nobody's promise.
    let (one, other) = if one.place <= other.place { (one, other) } else { (other, one) };
    let name = |time: &Time| (time.place.clone(), time.name.clone());
    let key = (object.to_owned(), name(one), name(other));
    if known.len() >= MOST_PAIRS && !known.contains_key(&key) {
        return;
    }
    let held = known.entry(key).or_default();
    held.runs += usize::from(held.last_run != run);
    held.last_run = run;
    held.earlier += usize::from(one.at < other.at);
    held.later += usize::from(one.at > other.at);
}

fn relation(((object, one, other), held): (Key, Held)) -> Option<Relation> {
    let is_named = |earlier: &(String, String), later: &(String, String)| is_first(&earlier.1) && !is_first(&later.1);
    let (later, earlier) = match (held.earlier, held.later) {
        // That two were always equal may be for want of exactness; their names say which comes first.
        (0, _) if is_named(&other, &one) => (one, other),
        (_, 0) if is_named(&one, &other) => (other, one),
        (0, FEWEST_OBJECTS..) => (one, other),
        (FEWEST_OBJECTS.., 0) => (other, one),
        _ => return None,
    };
    Some(Relation { object, later, earlier })
}

/// Objects of the candidate in which a relation does not hold, as breaking differences.
pub(super) fn broken(relations: &[Relation], candidate: &[u8]) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut of_object: HashMap<&str, Vec<&Relation>> = HashMap::new();
    for relation in relations {
        of_object.entry(&relation.object).or_default().push(relation);
    }
    if of_object.is_empty() {
        return found;
    }
    each_value(candidate, |object, value| {
        let Some(relations) = of_object.get(object).filter(|_| found.len() < MOST_BROKEN) else { return };
        let times: HashMap<String, Time> = times(object, value).map(|time| (time.place.clone(), time)).collect();
        for relation in relations {
            if let (Some(later), Some(earlier)) = (times.get(&relation.later.0), times.get(&relation.earlier.0))
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

fn times<'v>(object: &'v str, value: Value<'v>) -> impl Iterator<Item = Time> + 'v {
    let time = move |(name, member): (json::Text<'_>, Value<'_>)| {
        let text = member.text()?.to_str_lossy().into_owned();
        let (has_offset, at) = moment(&text)?;
        let place = member_place(object, name);
        Some(Time { place, name: name.to_str_lossy().into_owned(), has_offset, at, shown: text })
    };
    value.members().filter_map(time)
}
