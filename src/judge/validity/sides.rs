//! Whether each side got its load, block by block, and stood it.

use super::invalid;
use crate::record::load::Load;
use crate::record::{Finding, RunRecord, Severity};
use crate::role::Role;
use crate::units::format_share;

/// Largest share of the planned pairs that may be missing.
const MOST_PAIRS_MISSING: f64 = 0.25;
/// Error rate of the baseline beyond which its times say little.
const COLLAPSED: f64 = 0.5;

/// A side that the run had, but that got no load.
pub(super) fn no_requests(evidence: &RunRecord, load: &Load, role: Role) -> Option<Finding> {
    let side = load.sides.get(role).as_ref();
    let is_missing = side.map_or(evidence.run.sides.get(role).is_some(), |side| side.requests == 0);
    // A load that the candidate ended may have ended before the baseline's turn; gates that need it say so.
    let was_not_its_turn = load.stopped.is_some() && role == Role::Baseline;
    (is_missing && !was_not_its_turn)
        .then(|| invalid("no-requests", format!("no requests were measured on the {role}")))
}

pub(super) fn missing_pairs(load: &Load) -> Option<Finding> {
    if load.stopped.is_some() {
        // What that means is told where the gates are known.
        return None;
    }
    let sides = load.sides.iter().filter(|(_, side)| side.is_some()).count();
    let blocks_of = |pair: u32| load.blocks.iter().filter(|block| block.pair == pair && block.measured_s > 0.0).count();
    let complete = (0..load.pairs_planned).filter(|pair| blocks_of(*pair) >= sides).count();
    let missing = 1.0 - complete as f64 / f64::from(load.pairs_planned);
    (missing > MOST_PAIRS_MISSING)
        .then(|| invalid("pairs-missing", format!("{complete} of {} block pairs are complete", load.pairs_planned)))
}

pub(super) fn collapsed_baseline(load: &Load) -> Option<Finding> {
    let rate = load.sides.baseline.as_ref()?.error_rate.filter(|rate| *rate > COLLAPSED)?;
    let message = format!(
        "{} of the baseline's requests failed: it collapsed under this load, and limits that follow it say little",
        format_share(rate)
    );
    Some(Finding { severity: Severity::Warning, code: "baseline-collapsed".to_owned(), message })
}
