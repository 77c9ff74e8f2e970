//! Shards of one load → one record, as if one process had done it all. Pure.
//!
//! Counts are added and histograms merged, so what comes out is exact; seconds are put together by the wall clock. What
//! each shard saw of the same side (its pool, its rest after the load) is taken once.

mod histogram;
mod load;
#[cfg(test)]
mod tests;

use crate::record::load::Shard;
use crate::record::{Ending, Finding, RunRecord};

/// Why records do not make one.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// No record at all.
    #[error("there is nothing to merge")]
    Nothing,
    /// A record without the figures of a shard.
    #[error("`{0}` is no shard: it was not made with `cutover load --shard`, or ended before there were figures")]
    NoShard(String),
    /// Two records do not belong together.
    #[error("`{one}` and `{other}` do not belong together: {what} differs, {of_one} and {of_other}")]
    Strangers {
        /// Name of the first record.
        one: String,
        /// Name of the other.
        other: String,
        /// What is not the same.
        what: &'static str,
        /// The value in the first.
        of_one: String,
        /// The value in the other.
        of_other: String,
    },
    /// The same share twice.
    #[error("`{one}` and `{other}` are both shard {index}")]
    Double {
        /// Name of the first record.
        one: String,
        /// Name of the other.
        other: String,
        /// The share.
        index: u32,
    },
    /// Shares that nobody gave.
    #[error("of {of} shards, these are missing: {missing}")]
    Missing {
        /// How many there are.
        of: u32,
        /// Their numbers, with commas.
        missing: String,
    },
    /// A histogram cannot be read or merged.
    #[error("`{name}` has a histogram that cannot be read: {why}")]
    Histogram {
        /// Name of the record.
        name: String,
        /// Why.
        why: String,
    },
}

/// A record and what it is called in errors.
#[derive(Debug)]
pub struct Named {
    /// Where it was read from.
    pub name: String,
    /// What was read.
    pub record: RunRecord,
}

/// One record of all shards, not judged yet. The order in which they are given makes no difference.
///
/// # Errors
/// See [`MergeError`]: nothing is made of shards that do not belong together, or are not all there.
pub fn merge(mut shards: Vec<Named>) -> Result<RunRecord, MergeError> {
    let infos = shards.iter().map(info).collect::<Result<Vec<_>, _>>()?;
    belong_together(&shards, &infos)?;
    shards.sort_by_key(|named| info(named).map_or(0, |info| info.index));
    let load = load::merge(&shards)?;
    let first = &shards.first().ok_or(MergeError::Nothing)?.record;
    let mut merged = RunRecord { load: Some(load), findings: findings(&shards), ..first.clone() };
    merged.ending = shards
        .iter()
        .map(|named| &named.record.ending)
        .find(|ending| **ending != Ending::Complete)
        .cloned()
        .unwrap_or(Ending::Complete);
    let times = |read: fn(&RunRecord) -> Option<&String>| shards.iter().filter_map(move |named| read(&named.record));
    merged.run.started_at = times(|record| Some(&record.run.started_at)).min().cloned().unwrap_or_default();
    merged.run.finished_at = times(|record| record.run.finished_at.as_ref()).max().cloned();
    Ok(merged)
}

fn info(named: &Named) -> Result<&Shard, MergeError> {
    match named.record.load.as_ref().map(|load| load.shards.as_slice()) {
        Some([shard]) => Ok(shard),
        _ => Err(MergeError::NoShard(named.name.clone())),
    }
}

fn belong_together(shards: &[Named], infos: &[&Shard]) -> Result<(), MergeError> {
    let (Some(first), Some(one)) = (shards.first(), infos.first()) else { return Err(MergeError::Nothing) };
    for (named, shard) in shards.iter().zip(infos).skip(1) {
        let facts = [
            ("the plan", first.record.run.plan.clone(), named.record.run.plan.clone()),
            ("what the plan asks for", one.plan.clone(), shard.plan.clone()),
            ("the seed", first.record.run.seed.to_string(), named.record.run.seed.to_string()),
            ("the number of shards", one.of.to_string(), shard.of.to_string()),
            ("the start", one.start_at.clone(), shard.start_at.clone()),
        ];
        if let Some((what, of_one, of_other)) = facts.into_iter().find(|(_, of_one, of_other)| of_one != of_other) {
            let (one, other) = (first.name.clone(), named.name.clone());
            return Err(MergeError::Strangers { one, other, what, of_one, of_other });
        }
    }
    for (at, shard) in infos.iter().enumerate() {
        if let Some(before) = infos[..at].iter().position(|before| before.index == shard.index) {
            let (one, other) = (shards[before].name.clone(), shards[at].name.clone());
            return Err(MergeError::Double { one, other, index: shard.index });
        }
    }
    let missing: Vec<String> = (1..=one.of)
        .filter(|index| infos.iter().all(|shard| shard.index != *index))
        .map(|index| index.to_string())
        .collect();
    if missing.is_empty() { Ok(()) } else { Err(MergeError::Missing { of: one.of, missing: missing.join(", ") }) }
}

/// What samplers had to say; everything else is judged again from what was merged.
fn findings(shards: &[Named]) -> Vec<Finding> {
    let mut all: Vec<Finding> = Vec::new();
    for finding in shards.iter().flat_map(|named| &named.record.findings).filter(|finding| finding.code == "sampler") {
        if !all.contains(finding) {
            all.push(finding.clone());
        }
    }
    all
}
