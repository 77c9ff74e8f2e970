//! The relative gates of a run as one test: with many gates, one of them looks bad by chance.

use super::blocks::Observations;
use super::paired::Excess;
use crate::statistics::{self, Method};

/// For each relative gate, how often chance alone makes any of them lie so far from no harm; `None` for the others.
///
/// Gates whose observations are of the same pairs are tested together. There is more than one such group only where a
/// quantile made pairs to be put together; then each is held to its part of the level (Bonferroni).
pub(super) fn chances(gates: &[Option<(&Observations, &Excess)>], seed: u64) -> Vec<Option<f64>> {
    let mut groups: Vec<(&[Vec<u32>], Vec<usize>)> = Vec::new();
    for (at, gate) in gates.iter().enumerate() {
        let Some((observations, _)) = gate else { continue };
        match groups.iter_mut().find(|(pairs, _)| *pairs == observations.pairs) {
            Some((_, members)) => members.push(at),
            None => groups.push((&observations.pairs, vec![at])),
        }
    }
    let mut chances = vec![None; gates.len()];
    for (_, members) in &groups {
        let harms: Vec<Vec<f64>> = members.iter().filter_map(|at| Some(gates[*at]?.1.harm.clone())).collect();
        for (at, chance) in members.iter().zip(together(&harms, seed)) {
            chances[*at] = Some((chance * groups.len() as f64).min(1.0));
        }
    }
    chances
}

/// The sign-flip test where its smallest probability is small enough; Student's t before that.
pub(super) fn together(harms: &[Vec<f64>], seed: u64) -> Vec<f64> {
    let is_large = |harm: &Vec<f64>| {
        statistics::location(harm, statistics::ALPHA).is_some_and(|estimate| estimate.method == Method::SignedRank)
    };
    if harms.iter().all(is_large) {
        return statistics::max_t(harms, seed);
    }
    harms.iter().map(|harm| statistics::student_chance(harm) * harms.len() as f64).collect()
}
