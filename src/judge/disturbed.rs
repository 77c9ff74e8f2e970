//! Pairs in which the machine made something late, whichever side was loaded.
//!
//! A pair may be left out only by signals that are blind to the side, or leaving out would favour one: processor time that
//! the hypervisor gave to others, and late answers of a server of the harness that does nothing (the sentinel). Where they
//! turn out not to be blind, because one side's blocks are disturbed far more often than the other's, that side uses the
//! machine up, and nothing is left out.

use std::collections::BTreeSet;

use crate::record::load::{Block, Load};
use crate::record::{Finding, Severity};
use crate::role::{Pair, Role};
use crate::units::{format_count, format_share, format_us};

/// Share of a block's processor time that others may have had.
const MOST_STEAL: f64 = 0.1;
/// Share of the sentinel's answers that may be slow: as much as P95 leaves out.
const MOST_SLOW: f64 = 0.05;
/// Fewer answers than this say nothing.
const LEAST_ASKED: u64 = 20;
/// Largest share of the planned pairs that may be left out.
const MOST_PAIRS: f64 = 0.25;
/// So seldom would a fair coin give so one-sided a result.
const UNLIKELY: f64 = 0.05;

/// Numbers of the pairs that figures must leave out.
pub(super) fn pairs(load: &Load) -> BTreeSet<u32> {
    if used_up_by(load).is_some() {
        return BTreeSet::new();
    }
    load.blocks.iter().filter(|block| is_disturbed(block)).map(|block| block.pair).collect()
}

/// What a reader of the figures must know of it.
pub(super) fn finding(load: &Load) -> Option<Finding> {
    let disturbed: Vec<&Block> = load.blocks.iter().filter(|block| is_disturbed(block)).collect();
    if disturbed.is_empty() {
        return None;
    }
    let signals = signals(&disturbed);
    if let Some(role) = used_up_by(load) {
        let message = format!(
            "the machine stalls where the {role} is loaded ({} of {} disturbed blocks; {signals}): it uses the machine up, and no pair was left out",
            disturbed.iter().filter(|block| block.side == role).count(),
            disturbed.len(),
        );
        return Some(Finding { severity: Severity::Warning, code: "machine-used-up".to_owned(), message });
    }
    let (left_out, planned) = (pairs(load).len(), load.pairs_planned);
    let is_invalid = left_out as f64 > f64::from(planned) * MOST_PAIRS;
    let consequence = if is_invalid { "more than a quarter" } else { "not counted in gates over pairs" };
    let failed = failed_in(load, &pairs(load));
    let failed = if failed == 0 || is_invalid {
        String::new()
    } else {
        format!("; what failed in them counts all the same: {}", format_count(failed))
    };
    // With one side there is nobody to tell it by.
    let is_alone = load.sides.iter().any(|(_, side)| side.is_none());
    let who = if is_alone { "something on the machine, or the side itself," } else { "something else on the machine" };
    let message = format!("{who} disturbed {left_out} of {planned} block pairs ({signals}): {consequence}{failed}");
    let severity = if is_invalid { Severity::Invalid } else { Severity::Warning };
    Some(Finding { severity, code: "pairs-disturbed".to_owned(), message })
}

/// Requests that failed in some pairs. A machine that is late makes answers late, not wrong, so no gate on what failed leaves a
/// pair out, and nothing that failed is ever passed over.
fn failed_in(load: &Load, pairs: &BTreeSet<u32>) -> u64 {
    load.blocks.iter().filter(|block| pairs.contains(&block.pair)).map(|block| block.errors).sum()
}

fn is_disturbed(block: &Block) -> bool {
    has_stalled(block) || block.machine.steal.is_some_and(|steal| steal > MOST_STEAL)
}

fn has_stalled(block: &Block) -> bool {
    let sentinel = block.machine.sentinel.filter(|sentinel| sentinel.asked >= LEAST_ASKED);
    sentinel.is_some_and(|sentinel| sentinel.slow as f64 > sentinel.asked as f64 * MOST_SLOW)
}

/// The worst of both signals, in words.
fn signals(disturbed: &[&Block]) -> String {
    let stalled = disturbed.iter().filter(|block| has_stalled(block)).filter_map(|block| block.machine.sentinel);
    let slowest = stalled.max_by_key(|sentinel| sentinel.slow).map(|sentinel| {
        format!(
            "a server of the harness that does nothing answered late {} of {} times, at most by {}",
            format_count(sentinel.slow),
            format_count(sentinel.asked),
            format_us(sentinel.max_us as f64)
        )
    });
    let steal = disturbed.iter().filter_map(|block| block.machine.steal).fold(0.0, f64::max);
    let steal = (steal > MOST_STEAL).then(|| format!("others had {} of the processor time", format_share(steal)));
    slowest.into_iter().chain(steal).collect::<Vec<_>>().join("; ")
}

/// The side in whose blocks nearly all of the disturbance is, if that is no accident: a two-sided sign test.
fn used_up_by(load: &Load) -> Option<Role> {
    let of = |role: Role| load.blocks.iter().filter(|block| block.side == role && is_disturbed(block)).count();
    let counts = Pair::from_fn(of);
    if load.sides.iter().any(|(_, side)| side.is_none()) {
        return None;
    }
    let (more, fewer) = (counts.baseline.max(counts.candidate), counts.baseline.min(counts.candidate));
    let role = if counts.baseline > counts.candidate { Role::Baseline } else { Role::Candidate };
    (more > fewer && 2.0 * at_most(fewer, more + fewer) < UNLIKELY).then_some(role)
}

/// How likely a fair coin shows heads at most so often in so many throws.
fn at_most(heads: usize, throws: usize) -> f64 {
    let mut probability = 0.5_f64.powi(i32::try_from(throws).unwrap_or(i32::MAX));
    let mut sum = 0.0;
    for head in 0..=heads {
        sum += probability;
        probability *= (throws - head) as f64 / (head + 1) as f64;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_coin_is_fair() {
        assert!((at_most(0, 6) - 1.0 / 64.0).abs() < 1e-12);
        assert!((at_most(1, 6) - 7.0 / 64.0).abs() < 1e-12);
        assert!((at_most(3, 6) - 42.0 / 64.0).abs() < 1e-12);
    }
}
