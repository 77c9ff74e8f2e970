//! What the blocks of a load came to one by one: the observations that a gate is judged by.
//!
//! Requests of the same second share their fate, so they are not independent of each other; blocks are, nearly. A block
//! that has too few requests for a quantile says nothing of it: then pairs that follow each other are put together.

use std::collections::BTreeMap;

use super::disturbed;
use super::times::{self, Times};
use crate::plan::gate::{Metric, Quantity, Subject};
use crate::record::Load;
use crate::record::load::{Block, BlockStep};
use crate::role::{Pair, Role};

/// Most observations of a gate; more pairs than that are put together.
const MOST: usize = 200;

/// One figure, or two that are compared, per observation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Observations {
    /// The figure that the gate is about.
    pub(super) observed: Vec<f64>,
    /// What a relative limit follows; empty for a literal one.
    pub(super) followed: Vec<f64>,
    /// The pairs behind each observation.
    pub(super) pairs: Vec<Vec<u32>>,
    /// Whether an observation is a pair, or a block of one side.
    pub(super) is_paired: bool,
}

/// Observations from which on an interval assumes nothing of their distribution.
const OBSERVATIONS: u64 = 6;

/// Why there are no observations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shortage {
    /// The figures of single blocks are not on record.
    Unknown,
    /// All blocks together have too few samples.
    Samples {
        /// What would be enough for one observation.
        needed: u64,
        /// Pairs of blocks that would have enough for an interval, at the rate of those there are; `None`: there is nothing
        /// to tell it by.
        pairs: Option<u64>,
    },
}

/// Whether a quantity is measured block by block.
pub(super) const fn has_blocks(quantity: Quantity) -> bool {
    matches!(
        quantity,
        Quantity::ResponseTime(_)
            | Quantity::ResponseTimeMean
            | Quantity::ServiceTime(_)
            | Quantity::Throughput
            | Quantity::Cpu
            | Quantity::ErrorRate
    )
}

/// The observations of one metric, or of two.
pub(super) fn observe(load: &Load, metric: &Metric, followed: Option<&Metric>) -> Result<Observations, Shortage> {
    let metrics: Vec<&Metric> = std::iter::once(metric).chain(followed).collect();
    let usable = usable(load, &metrics);
    let groups = put_together(load, &metrics, &usable)?;
    let figures =
        |metric: &Metric| groups.iter().map(|group| figure(load, metric, group)).collect::<Option<Vec<f64>>>();
    let roles: Vec<Role> = metrics.iter().filter_map(|metric| role(metric)).collect();
    Ok(Observations {
        observed: figures(metric).ok_or(Shortage::Unknown)?,
        followed: followed.map_or(Some(Vec::new()), figures).ok_or(Shortage::Unknown)?,
        pairs: groups.iter().map(|group| group.iter().map(|pair| pair.number).collect()).collect(),
        is_paired: Role::BOTH.iter().all(|role| roles.contains(role)),
    })
}

/// The blocks of a pair.
#[derive(Clone, Copy)]
struct BlockPair<'r> {
    number: u32,
    blocks: Pair<Option<&'r Block>>,
}

fn role(metric: &Metric) -> Option<Role> {
    if let Subject::Side(role) = metric.subject { Some(role) } else { None }
}

/// The pairs in which every side that is asked for was measured, and that nothing else on the machine disturbed.
fn usable<'r>(load: &'r Load, metrics: &[&Metric]) -> Vec<BlockPair<'r>> {
    let mut pairs: BTreeMap<u32, Pair<Option<&Block>>> = BTreeMap::new();
    let disturbed = disturbed::pairs(load);
    let counts = |block: &&Block| block.measured_s > 0.0 && block.requests > 0 && !disturbed.contains(&block.pair);
    for block in load.blocks.iter().filter(counts) {
        *pairs.entry(block.pair).or_default().get_mut(block.side) = Some(block);
    }
    let is_whole = |blocks: &Pair<Option<&Block>>| {
        metrics.iter().filter_map(|metric| role(metric)).all(|role| blocks.get(role).is_some())
    };
    let whole = pairs.into_iter().filter(|(_, blocks)| is_whole(blocks));
    whole.map(|(number, blocks)| BlockPair { number, blocks }).collect()
}

/// Groups of pairs that follow each other, each with samples enough; one pair where that is enough.
fn put_together<'r>(
    load: &Load,
    metrics: &[&Metric],
    pairs: &[BlockPair<'r>],
) -> Result<Vec<Vec<BlockPair<'r>>>, Shortage> {
    if pairs.is_empty() {
        return Err(Shortage::Unknown);
    }
    let fewest = pairs.len().div_ceil(MOST);
    let mut groups: Vec<Vec<BlockPair>> = Vec::new();
    let mut group: Vec<BlockPair> = Vec::new();
    for pair in pairs {
        group.push(*pair);
        let has_enough = |metric: &&Metric| samples(load, metric, &group) >= needed(metric);
        if group.len() >= fewest && metrics.iter().all(has_enough) {
            groups.push(std::mem::take(&mut group));
        }
    }
    let Some(last) = groups.last_mut() else {
        let enough = |metric: &&Metric| {
            // As much again as there is to spare between two groups, which end with whole pairs.
            let (wanted, had) = ((needed(metric) * OBSERVATIONS) as f64, samples(load, metric, pairs) as f64);
            (had > 0.0).then(|| (wanted * pairs.len() as f64 / had).ceil() as u64 + OBSERVATIONS)
        };
        let wanted: Option<Vec<u64>> = metrics.iter().map(enough).collect();
        return Err(Shortage::Samples {
            needed: metrics.iter().map(|metric| needed(metric)).max().unwrap_or(0),
            pairs: wanted.and_then(|wanted| wanted.into_iter().max()),
        });
    };
    last.append(&mut group);
    Ok(groups)
}

/// Samples of one observation without which it says nothing.
fn needed(metric: &Metric) -> u64 {
    match metric.quantity {
        Quantity::ResponseTime(share) | Quantity::ServiceTime(share) => times::samples_needed(share),
        _ => 1,
    }
}

fn samples(load: &Load, metric: &Metric, group: &[BlockPair]) -> u64 {
    blocks(metric, group)
        .map(|block| match (metric.quantity, &metric.scope) {
            (Quantity::ServiceTime(_), None) => block.service_time_us.map_or(0, |times| times.count),
            (_, None) => block.requests,
            (_, Some(_)) => steps(load, metric, block).map(|step| step.requests).sum(),
        })
        .sum()
}

/// The blocks that a metric is of.
fn blocks<'g>(metric: &Metric, group: &'g [BlockPair<'g>]) -> impl Iterator<Item = &'g Block> {
    let role = role(metric);
    group.iter().filter_map(move |pair| *pair.blocks.get(role?))
}

/// The steps of a block that a metric is of.
fn steps<'b>(load: &Load, metric: &Metric, block: &'b Block) -> impl Iterator<Item = &'b BlockStep> {
    let names = load.sides.get(block.side).as_ref().map_or(&[][..], |side| &side.steps);
    block.steps.iter().filter(move |step| {
        let Some(scope) = &metric.scope else { return true };
        names
            .get(step.step)
            .is_some_and(|name| name.flow == scope.flow && scope.step.as_ref().is_none_or(|only| *only == name.step))
    })
}

/// `None`: it is not on record.
fn figure(load: &Load, metric: &Metric, group: &[BlockPair]) -> Option<f64> {
    let seconds = || blocks(metric, group).map(|block| block.measured_s).sum::<f64>();
    let counts = || {
        let counts = blocks(metric, group).flat_map(|block| match metric.scope {
            None => vec![(block.requests, block.errors)],
            Some(_) => steps(load, metric, block).map(|step| (step.requests, step.errors)).collect(),
        });
        counts.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    };
    match metric.quantity {
        Quantity::Throughput => Some((counts().0 - counts().1.min(counts().0)) as f64 / seconds()),
        Quantity::ErrorRate => (counts().0 > 0).then(|| counts().1 as f64 / counts().0 as f64),
        Quantity::Cpu => {
            let used: Option<u64> = blocks(metric, group).map(|block| block.cpu_ms).sum();
            used.map(|ms| ms as f64 / 1e3 / seconds())
        }
        Quantity::ResponseTimeMean => times(load, metric, group)?.mean(),
        Quantity::ResponseTime(share) | Quantity::ServiceTime(share) => {
            let kept = || kept(metric, group, share);
            kept().or_else(|| times(load, metric, group)?.quantile(share)).map(|micros| micros as f64)
        }
        _ => None,
    }
}

/// A quantile that a single block has on record.
fn kept(metric: &Metric, group: &[BlockPair], share: f64) -> Option<u64> {
    let mut all = blocks(metric, group);
    let (Some(block), None, None) = (all.next(), all.next(), &metric.scope) else { return None };
    let is_service = matches!(metric.quantity, Quantity::ServiceTime(_));
    let quantiles = if is_service { block.service_time_us } else { block.response_time_us };
    times::on_record(&quantiles?, share)
}

/// All times of a group, from the histograms behind its figures.
fn times(load: &Load, metric: &Metric, group: &[BlockPair]) -> Option<Times> {
    let is_service = matches!(metric.quantity, Quantity::ServiceTime(_));
    let mut all = Times::default();
    for step in blocks(metric, group).flat_map(|block| steps(load, metric, block)) {
        let text = if is_service { &step.service_time_hdr } else { &step.response_time_hdr };
        match text.as_str() {
            // A step none of whose requests went out has no service time.
            "" if is_service || step.requests == 0 => {}
            text => all.add(&times::decode(text).ok()?),
        }
    }
    (!all.is_empty()).then_some(all)
}
