//! Statuses that the plan does not expect and that the baseline never answered. One is enough where what others did meanwhile
//! has no part in it: that the same request was refused, or let through. A conflict, a row that is gone, a deadlock or a time
//! limit is such a part, and what is rare on both sides is seen on one of them first: of these there must be more than
//! chance has it, or the same arrival must have been answered so when it was repeated.

use std::collections::{BTreeMap, HashSet};

use super::facts::StepFacts;
use super::once::Arrival;
use super::repeats;
use crate::role::{Pair, Role};

/// Answers of the baseline before its statuses are known.
const LEAST: u64 = 5;
/// What is likelier may be chance.
const CHANCE: f64 = 0.01;
/// Arrivals that are remembered of each status.
const MOST_ARRIVALS: usize = 1_000;
/// Arrivals that are named.
const MOST_EXAMPLES: usize = 3;

/// Statuses of one step.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    answers: Pair<u64>,
    by_status: BTreeMap<u16, Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: Pair<u64>,
    examples: Vec<Arrival>,
    /// Arrivals of the candidate, by the pair that they repeat.
    arrivals: HashSet<(u32, u64)>,
    /// One of them was answered so in two pairs.
    is_repeated: bool,
}

/// A status that only the candidate answers.
#[derive(Debug, PartialEq)]
pub(super) struct OtherStatus {
    pub(super) baseline: String,
    pub(super) candidate: String,
    pub(super) count: u64,
    /// With which probability all of them are the candidate's by chance; `None` where it can be none.
    pub(super) chance: Option<f64>,
    /// The first arrival that was answered so.
    pub(super) first: Option<Arrival>,
}

impl Statuses {
    /// An answer came.
    pub(super) fn see(&mut self, role: Role, status: u16, arrival: Arrival) {
        *self.answers.get_mut(role) += 1;
        let seen = self.by_status.entry(status).or_default();
        *seen.answers.get_mut(role) += 1;
        if role == Role::Candidate && seen.examples.len() < MOST_EXAMPLES {
            seen.examples.push(arrival);
        }
        if role == Role::Candidate && seen.arrivals.len() < MOST_ARRIVALS {
            seen.is_repeated |= !seen.arrivals.insert((repeats(arrival.pair), arrival.number));
        }
    }

    /// What only the candidate answers.
    pub(super) fn found(&self, step: &StepFacts) -> Vec<OtherStatus> {
        if self.answers.baseline < LEAST {
            return Vec::new();
        }
        let is_other = |(status, seen): &(&u16, &Seen)| {
            seen.answers.candidate > 0 && seen.answers.baseline == 0 && !step.expect.admits(**status)
        };
        self.by_status.iter().filter(is_other).map(|(status, seen)| self.told(*status, seen)).collect()
    }

    /// Each of so many answers could as well have been one of the other side's, in proportion to what both answered.
    fn chance(&self, status: u16, count: u64) -> Option<f64> {
        let Pair { baseline, candidate } = self.answers.map(|_, count| count as f64);
        let chance = (candidate / (baseline + candidate)).powf(count as f64);
        (is_of_others(status) && chance > CHANCE).then_some(chance)
    }

    fn told(&self, status: u16, seen: &Seen) -> OtherStatus {
        let known = self.by_status.iter().filter(|(_, seen)| seen.answers.baseline > 0);
        let known: Vec<String> = known.map(|(status, seen)| format!("{status} ({}×)", seen.answers.baseline)).collect();
        let examples: Vec<String> = seen.examples.iter().map(ToString::to_string).collect();
        OtherStatus {
            baseline: known.join(", "),
            candidate: format!("{status} ({}×): {}", seen.answers.candidate, examples.join(", ")),
            count: seen.answers.candidate,
            chance: self.chance(status, seen.answers.candidate).filter(|_| !seen.is_repeated),
            first: seen.examples.first().copied(),
        }
    }
}

/// Whether other callers may be why a request is answered so: something is gone, in conflict, locked or too much.
const fn is_of_others(status: u16) -> bool {
    matches!(status, 404 | 408..=410 | 412 | 423 | 425 | 429 | 500..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(expected: &[u16]) -> StepFacts {
        StepFacts {
            flow: "f".to_owned(),
            name: "s".to_owned(),
            method: "POST".to_owned(),
            fixed_target: None,
            changes: true,
            expect: crate::plan::Expect { status: expected.to_vec() },
            order: None,
            page_size: None,
        }
    }

    fn found(baseline: &[u16], candidate: &[u16], expected: &[u16]) -> Vec<(String, String, u64)> {
        let mut statuses = Statuses::default();
        for (role, all) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            for (number, status) in all.iter().enumerate() {
                statuses.see(role, *status, Arrival { pair: 0, number: number as u64 });
            }
        }
        let found = statuses.found(&step(expected));
        found.into_iter().map(|other| (other.baseline, other.candidate, other.count)).collect()
    }

    #[test]
    fn one_unexpected_status_that_the_baseline_never_gave_is_a_difference() {
        let told = ("403 (6×)".to_owned(), "201 (1×): arrival 2 of pair 1".to_owned(), 1);
        assert_eq!(found(&[403; 6], &[403, 403, 201], &[403]), [told]);
    }

    #[test]
    fn what_others_may_be_the_reason_for_is_chance_while_it_is_rare() {
        let chance = |baseline: &[u16], candidate: &[u16]| {
            let mut statuses = Statuses::default();
            for (role, all) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
                for (number, status) in all.iter().enumerate() {
                    statuses.see(role, *status, Arrival { pair: 0, number: number as u64 });
                }
            }
            statuses.found(&step(&[201])).first().map(|other| other.chance)
        };
        let with = |status: u16, count: usize| [vec![201; 20 - count], vec![status; count]].concat();
        assert_eq!(chance(&[201; 20], &with(500, 1)), Some(Some(0.5)));
        assert_eq!(chance(&[201; 20], &with(409, 6)), Some(Some(0.015_625)));
        assert_eq!(chance(&[201; 20], &with(409, 7)), Some(None));
        assert_eq!(chance(&[201; 20], &with(403, 1)), Some(None));
        let mut statuses = Statuses::default();
        for pair in [2, 3] {
            for number in 0..20 {
                statuses.see(Role::Baseline, 201, Arrival { pair, number });
                statuses.see(Role::Candidate, if number == 7 { 500 } else { 201 }, Arrival { pair, number });
            }
        }
        let found = statuses.found(&step(&[201]));
        assert_eq!(found.first().map(|other| (other.count, other.chance)), Some((2, None)), "the same arrival, twice");
    }

    #[test]
    fn what_the_plan_expects_or_the_baseline_gives_or_too_little_is_known_of_is_none() {
        assert_eq!(found(&[200; 6], &[200, 204], &[200, 204]), []);
        assert_eq!(found(&[201, 201, 201, 201, 201, 409], &[409], &[201]), []);
        assert_eq!(found(&[403; 4], &[201], &[403]), []);
    }
}
