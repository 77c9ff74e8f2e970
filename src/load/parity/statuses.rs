//! Statuses that the plan does not expect and that the baseline never answered. One is enough: that the same request was
//! refused, or let through, is not a matter of what others wrote meanwhile.

use std::collections::BTreeMap;

use super::facts::StepFacts;
use super::once::Arrival;
use crate::role::{Pair, Role};

/// Answers of the baseline before its statuses are known.
const LEAST: u64 = 5;
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
}

/// A status that only the candidate answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherStatus {
    pub(super) baseline: String,
    pub(super) candidate: String,
    pub(super) count: u64,
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

    fn told(&self, status: u16, seen: &Seen) -> OtherStatus {
        let known = self.by_status.iter().filter(|(_, seen)| seen.answers.baseline > 0);
        let known: Vec<String> = known.map(|(status, seen)| format!("{status} ({}×)", seen.answers.baseline)).collect();
        let examples: Vec<String> = seen.examples.iter().map(ToString::to_string).collect();
        OtherStatus {
            baseline: known.join(", "),
            candidate: format!("{status} ({}×): {}", seen.answers.candidate, examples.join(", ")),
            count: seen.answers.candidate,
            first: seen.examples.first().copied(),
        }
    }
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
    fn what_the_plan_expects_or_the_baseline_gives_or_too_little_is_known_of_is_none() {
        assert_eq!(found(&[200; 6], &[200, 204], &[200, 204]), []);
        assert_eq!(found(&[201, 201, 201, 201, 201, 409], &[409], &[201]), []);
        assert_eq!(found(&[403; 4], &[201], &[403]), []);
    }
}
