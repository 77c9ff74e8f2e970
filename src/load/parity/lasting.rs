//! Which breaking differences last, as long as the load goes on.
//!
//! At the end, a difference is held against the whole load of the baseline. Before that, the baseline may yet answer what it
//! has not answered so far. So one counts only once it was found after several pairs of blocks, by the rules that hold at the
//! end, and each time the candidate had shown it anew since.

use std::collections::{BTreeMap, HashMap};

use super::Examiner;
use crate::record::Class;
use crate::record::load_parity::Held;
use crate::record::parity::Kind;
use crate::role::Pair;
use crate::tally::without_indices;

/// Pairs after which it must have been found.
const TIMES: u32 = 3;

/// What was found after the pairs so far.
#[derive(Debug, Default)]
pub(super) struct Lasting {
    found: HashMap<String, Found>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Found {
    /// How often the candidate had shown it.
    count: u64,
    times: u32,
}

impl Lasting {
    /// A pair is over: what is breaking by all there was so far, by name, and how often it was seen. Gives back what lasts.
    pub(super) fn after_pair(&mut self, now: &BTreeMap<String, u64>) -> Vec<String> {
        // What the baseline has cleared begins anew.
        self.found.retain(|name, _| now.contains_key(name));
        for (name, count) in now {
            let found = self.found.entry(name.clone()).or_default();
            if *count > found.count {
                *found = Found { count: *count, times: found.times + 1 };
            }
        }
        now.keys().filter(|name| self.found.get(*name).is_some_and(|found| found.times >= TIMES)).cloned().collect()
    }
}

impl Examiner {
    /// Breaking differences by name, that nobody accepts and that more load would hardly clear. To be asked once after
    /// each pair.
    pub(in crate::load) fn lasting(&mut self) -> Vec<String> {
        let now = self.breaking();
        self.lasting.after_pair(&now)
    }

    /// What is breaking by all there was so far, by name, and how often it was seen.
    fn breaking(&self) -> BTreeMap<String, u64> {
        let mut all = BTreeMap::new();
        let mut tell = |step: (&str, &str), about: (Class, Kind, &str), sides: Pair<Option<String>>, count: u64| {
            if self.book.is_open(step, about, sides) {
                let name = format!("{}/{}: {}", step.0, step.1, without_indices(about.2));
                let most: &mut u64 = all.entry(name).or_default();
                *most = count.max(*most);
            }
        };
        for (number, facts) in self.steps.iter().enumerate() {
            let step = (facts.flow.as_str(), facts.name.as_str());
            for other in self.statuses[number].found(facts).into_iter().filter(|other| other.chance.is_none()) {
                let sides = Pair { baseline: Some(other.baseline), candidate: Some(other.candidate) };
                tell(step, (Class::Breaking, Kind::Status, "status"), sides, other.count);
            }
            for found in self.places[number].found().into_iter().filter(|found| found.is_certain) {
                let difference = found.difference;
                let sides = Pair { baseline: difference.baseline, candidate: difference.candidate };
                tell(step, (difference.class, difference.kind, &difference.place), sides, u64::from(found.count));
            }
            for form in self.shapes[number].found(&self.names) {
                let sides = Pair { baseline: form.baseline, candidate: form.candidate };
                tell(step, (form.class, form.kind, &form.place), sides, u64::from(form.count));
            }
        }
        let invariants = self.handed_out.invariants().into_iter().chain(self.lists.invariants(&self.steps));
        for (invariant, _) in invariants.filter(|(invariant, _)| invariant.outcome == Held::Broken) {
            let step = (invariant.flow.as_str(), invariant.step.as_str());
            tell(step, (Class::Breaking, Kind::Invariant, &invariant.place), Pair::default(), invariant.broken);
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// After how many pairs a difference lasts that was seen so often by then; 0: it was cleared.
    fn lasts_after(counts: &[u64]) -> Option<usize> {
        let mut lasting = Lasting::default();
        let mut pairs = counts.iter().map(|count| {
            let now = (*count > 0).then(|| ("f/s: $.id".to_owned(), *count));
            lasting.after_pair(&now.into_iter().collect())
        });
        pairs.position(|lasting| !lasting.is_empty()).map(|at| at + 1)
    }

    #[test]
    fn what_is_shown_anew_in_three_pairs_lasts_and_what_is_seen_once_or_cleared_does_not() {
        assert_eq!(lasts_after(&[1, 2, 3]), Some(3));
        assert_eq!(lasts_after(&[0, 1, 1, 4, 4, 4, 5]), Some(7));
        assert_eq!(lasts_after(&[9, 9, 9, 9, 9, 9]), None, "it was never shown again");
        assert_eq!(lasts_after(&[1, 2, 0, 3, 4, 0]), None, "the baseline cleared it");
        assert_eq!(lasts_after(&[1, 2, 0, 3, 4, 5]), Some(6));
    }
}
