//! Whether the pool figures of a side agree with each other, and whether the pool was seen often enough.

use crate::plan::gate::{Metric, Quantity, Subject};
use crate::record::{Finding, Load, RunRecord, Severity};
use crate::role::Role;
use crate::statistics::{ALPHA, location};
use crate::units::{format_count, format_share, format_us, three_digits};

/// How far the mean number in use may lie from what the law makes of rate and hold.
const TOLERANCE: f64 = 0.1;
/// Share of the samples that may have failed where what was not seen may be left out of account.
const MOST_UNSEEN: f64 = 0.05;

/// Why a gate on what single samples of a pool show cannot pass. A service whose pool is used up is late with its metrics
/// too: what fails to be seen is no random part. Counters and histograms of the service miss nothing by it.
pub(super) fn unseen(evidence: &RunRecord, metric: &Metric) -> Option<String> {
    let by_samples =
        [Quantity::PoolUsedMean, Quantity::PoolUsedMax, Quantity::PoolPendingMax, Quantity::PoolSaturatedShare];
    let Subject::Side(role) = metric.subject else { return None };
    let pool = evidence.load.as_ref()?.sides.get(role).as_ref()?.pool.as_ref()?;
    let asked = pool.samples + pool.samples_failed;
    let failed = pool.samples_failed as f64 / asked.max(1) as f64;
    (by_samples.contains(&metric.quantity) && failed > MOST_UNSEEN).then(|| {
        let (failed, all) = (format_count(pool.samples_failed), format_count(asked));
        format!("{failed} of {all} samples of the pool failed, and it may have been used up just then")
    })
}

/// Little's law: the mean number of connections in use is the rate at which they are taken × the mean time that each is
/// held, whatever the distributions are. Where samples of the one and the service's own counters of the other two differ
/// by more than a tenth, and by more than samples vary from block to block, one of them is wrong.
pub(super) fn findings(evidence: &RunRecord) -> Vec<Finding> {
    let Some(load) = &evidence.load else { return Vec::new() };
    Role::BOTH.into_iter().filter_map(|role| little(evidence, load, role)).collect()
}

fn little(evidence: &RunRecord, load: &Load, role: Role) -> Option<Finding> {
    let side = load.sides.get(role).as_ref()?;
    let pool = side.pool.as_ref()?;
    let (hold_us, taken) = (pool.hold_us_mean?, pool.wait_us?.count);
    if taken == 0 || side.measured_s <= 0.0 {
        return None;
    }
    let rate = taken as f64 / side.measured_s;
    let expected = rate * hold_us / 1e6;
    let used = location(&used_per_block(evidence, load, role), ALPHA)?;
    let (low, high) = (expected * (1.0 - TOLERANCE), expected * (1.0 + TOLERANCE));
    let mean = pool.used.mean?;
    if (low..=high).contains(&mean) || used.low <= high && low <= used.high {
        return None;
    }
    let message = format!(
        "pool figures of the {role} do not agree: {} connections in use on average, but {}/s taken × {} held are {} \
         (Little's law), a difference of {}",
        three_digits(mean),
        three_digits(rate),
        format_us(hold_us),
        three_digits(expected),
        format_share((mean / expected - 1.0).abs()),
    );
    Some(Finding { severity: Severity::Warning, code: "pool-disagrees".to_owned(), message })
}

/// Mean of the samples in the measured part of each block.
fn used_per_block(evidence: &RunRecord, load: &Load, role: Role) -> Vec<f64> {
    let Some(seen) = evidence.observations.get(role) else { return Vec::new() };
    let samples = || seen.pool.at_ms.iter().zip(&seen.pool.used).filter_map(|(at_ms, used)| Some((*at_ms, (*used)?)));
    let blocks = load.blocks.iter().filter(|block| block.side == role && block.measured_s > 0.0);
    let means = blocks.filter_map(|block| {
        let start = block.started_ms + (load.settle_s * 1e3) as u64;
        let end = start + (block.measured_s * 1e3) as u64;
        let used: Vec<f64> =
            samples().filter(|(at_ms, _)| (start..end).contains(at_ms)).map(|(_, used)| used).collect();
        (!used.is_empty()).then(|| used.iter().sum::<f64>() / used.len() as f64)
    });
    means.collect()
}
