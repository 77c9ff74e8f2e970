//! Places that differ between the sides, held against those that differ between two runs of one side.
//!
//! Under load, two right answers to the same request may differ: others write meanwhile. So a place counts as another
//! value only if each side, asked again under the same load, gave the same one every time, and the sides yet differ
//! there in most answers and at several times. Differences that come and go are told, and decide nothing: on the quicker
//! side other requests overlap, which a correct service may show.

use std::collections::{BTreeSet, HashMap};

use super::once::Arrival;
use crate::compare;
use crate::record::Class;
use crate::record::load_parity::Mode;
use crate::role::{Pair, Role};
use crate::tally::without_indices;

/// Answers of each side compared with its own, before it is believed that a place does not vary.
pub(super) const LESSONS: u32 = 12;
/// Answers of the sides that must differ at a place.
const LEAST: u32 = 12;
/// Seconds of load in which they must.
const LEAST_TIMES: u32 = 3;
/// Most places of a step that are told apart.
const MOST_PLACES: usize = 500;
/// Most varying places that are named.
const MOST_NAMED: usize = 8;

/// What is compared with what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// A side's answers in one block with its own to the same requests in another.
    Itself(Role),
    /// Baseline and candidate.
    Other,
}

/// What was found at all places of one step.
#[derive(Debug, Default)]
pub(super) struct Places {
    itself: Pair<u32>,
    other: u32,
    by_name: HashMap<String, Place>,
    /// The arrival that is looked at.
    now: Option<Arrival>,
}

#[derive(Debug)]
struct Place {
    itself: Pair<u32>,
    other: u32,
    times: Times,
    class: Class,
    example: Option<compare::Difference>,
    first: Option<Arrival>,
}

/// Counts seconds of load.
#[derive(Debug, Default)]
pub(super) struct Times {
    last: Option<u64>,
    pub(super) count: u32,
}

/// A difference, and whether it is more than chance.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) difference: compare::Difference,
    pub(super) count: u32,
    pub(super) is_certain: bool,
    /// The arrival whose answers are the example.
    pub(super) first: Option<Arrival>,
}

impl Times {
    /// Something happened in this second; seconds come in order.
    pub(super) fn see(&mut self, second: u64) {
        self.count += u32::from(self.last.replace(second) != Some(second));
    }
}

impl Places {
    /// What is seen next is of this arrival.
    pub(super) const fn at(&mut self, arrival: Arrival) {
        self.now = Some(arrival);
    }

    /// Two answers were compared. `second` is when, counted over the whole load.
    pub(super) fn see(&mut self, against: Against, second: u64, differences: Vec<compare::Difference>) {
        match against {
            Against::Itself(role) => *self.itself.get_mut(role) += 1,
            Against::Other => self.other += 1,
        }
        let (mut told, now) = (BTreeSet::new(), self.now);
        for difference in differences {
            let name = without_indices(&difference.place);
            // What a rule allows is no difference, and many elements of one answer are one.
            if difference.class == Class::Volatile || !told.insert(name.clone()) {
                continue;
            }
            if let Some(place) = self.place(name) {
                place.see(against, second, now, difference);
            }
        }
    }

    fn place(&mut self, name: String) -> Option<&mut Place> {
        if self.by_name.len() >= MOST_PLACES && !self.by_name.contains_key(&name) {
            return None;
        }
        Some(self.by_name.entry(name).or_insert_with(|| Place {
            itself: Pair::default(),
            other: 0,
            times: Times::default(),
            class: Class::Representation,
            example: None,
            first: None,
        }))
    }

    /// Pairs of answers compared: of each side with itself, of the sides with each other.
    pub(super) const fn compared(&self) -> (Pair<u32>, u32) {
        (self.itself, self.other)
    }

    /// How far the answers could be compared by value.
    pub(super) fn mode(&self) -> Mode {
        let is_taught = self.itself.baseline >= LESSONS && self.itself.candidate >= LESSONS;
        if !is_taught || self.varies("$") || self.varies("body") {
            Mode::Shape
        } else if self.by_name.values().any(Place::varies) {
            Mode::Partly
        } else {
            Mode::Exact
        }
    }

    /// Places that vary from one run of a side to the next.
    pub(super) fn varying(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.by_name.iter().filter(|(_, place)| place.varies()).map(|(name, _)| name.clone()).collect();
        names.sort_unstable();
        names.truncate(MOST_NAMED);
        names
    }

    /// Where the sides differ and neither differs from itself.
    pub(super) fn found(&self) -> Vec<Found> {
        let varying: BTreeSet<String> =
            self.by_name.iter().filter(|(_, place)| place.varies()).map(|(name, _)| name.clone()).collect();
        let is_taught = self.itself.baseline >= LESSONS && self.itself.candidate >= LESSONS;
        let mut places: Vec<_> = self.by_name.iter().filter(|(_, place)| place.other > 0).collect();
        places.sort_unstable_by_key(|(name, _)| *name);
        let found = places.into_iter().filter(|(name, _)| !is_at_or_below(name, &varying)).filter_map(|(_, place)| {
            let is_certain = is_taught && place.is_steady(self.other);
            Some(Found { count: place.other, is_certain, difference: place.example.clone()?, first: place.first })
        });
        found.collect()
    }

    fn varies(&self, name: &str) -> bool {
        self.by_name.get(name).is_some_and(Place::varies)
    }
}

impl Place {
    fn see(&mut self, against: Against, second: u64, now: Option<Arrival>, difference: compare::Difference) {
        match against {
            Against::Itself(role) => *self.itself.get_mut(role) += 1,
            Against::Other => {
                self.other += 1;
                self.times.see(second);
                if self.example.is_none() || difference.class < self.class {
                    self.class = difference.class;
                    (self.example, self.first) = (Some(difference), now);
                }
            }
        }
    }

    const fn varies(&self) -> bool {
        self.itself.baseline > 0 || self.itself.candidate > 0
    }

    /// Whether the sides differ here in two of three answers, and not only at one time.
    const fn is_steady(&self, compared: u32) -> bool {
        self.other >= LEAST && self.other * 3 >= compared * 2 && self.times.count >= LEAST_TIMES
    }
}

/// Whether a place, or one that it is part of, is among these.
fn is_at_or_below(name: &str, places: &BTreeSet<String>) -> bool {
    places.contains(name)
        || name.char_indices().filter(|(_, c)| matches!(c, '.' | '[')).any(|(end, _)| places.contains(&name[..end]))
        || name.match_indices("[]").any(|(start, _)| places.contains(&name[..start + 2]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::parity::Kind;

    fn difference(place: &str) -> compare::Difference {
        compare::Difference {
            class: Class::Breaking,
            kind: Kind::Value,
            place: place.to_owned(),
            baseline: Some("1".to_owned()),
            candidate: Some("2".to_owned()),
            rule: None,
            note: None,
        }
    }

    /// `lessons` answers of each side to learn from, then 30 of both sides over 6 seconds that differ at `places`.
    fn places(lessons: u32, varying: &[&str], differing: &[&str], differ_from: u32) -> Places {
        let mut all = Places::default();
        for role in Role::BOTH {
            for _ in 0..lessons {
                all.see(Against::Itself(role), 0, varying.iter().map(|place| difference(place)).collect());
            }
        }
        for number in 0..30 {
            let found = if number >= differ_from { differing } else { &[] };
            all.see(Against::Other, u64::from(number / 5), found.iter().map(|place| difference(place)).collect());
        }
        all
    }

    fn certain(places: &Places) -> Vec<String> {
        places.found().into_iter().filter(|found| found.is_certain).map(|found| found.difference.place).collect()
    }

    #[test]
    fn a_place_that_each_side_keeps_and_in_which_they_differ_is_a_difference() {
        assert_eq!(certain(&places(LESSONS, &[], &["$.items[3].name"], 0)), ["$.items[3].name"]);
        assert_eq!(places(LESSONS, &[], &[], 0).mode(), Mode::Exact);
    }

    #[test]
    fn what_varies_on_one_side_or_is_part_of_what_does_is_none() {
        assert!(certain(&places(LESSONS, &["$.total"], &["$.total"], 0)).is_empty());
        assert!(certain(&places(LESSONS, &["$.items[1]"], &["$.items[4].id"], 0)).is_empty());
        assert!(certain(&places(LESSONS, &["$.items"], &["$.items[4].id"], 0)).is_empty());
        assert_eq!(certain(&places(LESSONS, &["$.item"], &["$.items[4].id"], 0)), ["$.items[4].id"]);
        let partly = places(LESSONS, &["$.total"], &[], 0);
        assert_eq!((partly.mode(), partly.varying()), (Mode::Partly, vec!["$.total".to_owned()]));
    }

    #[test]
    fn too_few_lessons_and_differences_that_come_and_go_decide_nothing() {
        let few = places(LESSONS - 1, &[], &["$.a"], 0);
        assert_eq!(few.mode(), Mode::Shape);
        assert!(certain(&few).is_empty());
        let late = places(LESSONS, &[], &["$.a"], 15);
        assert!(certain(&late).is_empty(), "half of the answers");
        let at_once: u32 = 30;
        let mut burst = Places::default();
        for role in Role::BOTH {
            (0..LESSONS).for_each(|_| burst.see(Against::Itself(role), 0, Vec::new()));
        }
        (0..at_once).for_each(|_| burst.see(Against::Other, 7, vec![difference("$.a")]));
        let found = burst.found();
        assert_eq!((found.len(), found[0].is_certain, found[0].count), (1, false, at_once), "all in one second");
    }
}
