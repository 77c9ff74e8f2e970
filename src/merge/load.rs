//! The load figures of all shards together.

use std::collections::BTreeMap;

use super::histogram::{Merged, mean};
use super::{MergeError, Named};
use crate::record::load::{
    AfterLoad, Block, BlockStep, Generator, Load, Machine, Quantiles, Second, Sentinel, Shard, SideLoad, StepLoad,
};
use crate::role::{Pair, Role};

/// One shard with its part of the evidence.
struct Part<'a> {
    name: &'a str,
    load: &'a Load,
    shard: &'a Shard,
}

impl Part<'_> {
    /// When a block began, in ms since the Unix epoch.
    fn wall_ms(&self, block: &Block) -> i64 {
        self.shard.epoch_unix_ms + block.started_ms.cast_signed()
    }

    fn unreadable(&self, why: String) -> MergeError {
        MergeError::Histogram { name: self.name.to_owned(), why }
    }
}

pub(super) fn merge(shards: &[Named]) -> Result<Load, MergeError> {
    let parts: Vec<Part> = shards
        .iter()
        .filter_map(|named| {
            let load = named.record.load.as_ref()?;
            Some(Part { name: &named.name, load, shard: load.shards.first()? })
        })
        .collect();
    let first = parts.first().ok_or(MergeError::Nothing)?;
    let mut sides = Pair::default();
    for role in Role::BOTH {
        *sides.get_mut(role) = side(&parts, role)?;
    }
    let blocks = first.load.blocks.iter().map(|like| block(&parts, like)).collect::<Result<Vec<_>, _>>()?;
    Ok(Load {
        arrivals: format!("{}, made by {} shards", first.load.arrivals, parts.len()),
        users: parts.iter().map(|part| part.load.users).sum(),
        sides,
        blocks,
        generator: generator(&parts)?,
        parity: None,
        shards: parts.iter().map(|part| part.shard_alone(first)).collect(),
        ..first.load.clone()
    })
}

impl Part<'_> {
    /// The shard without what has been merged, and how far its blocks were from those of the first.
    fn shard_alone(&self, first: &Self) -> Shard {
        let apart = self.load.blocks.iter().filter_map(|block| {
            let same = first.load.blocks.iter().find(|other| same_block(other, block))?;
            Some((self.wall_ms(block) - first.wall_ms(same)).unsigned_abs())
        });
        Shard {
            apart_ms: apart.max().unwrap_or(0),
            generator: Some(self.load.generator.clone()),
            lag_hdr: String::new(),
            unread_hdr: String::new(),
            seconds_hdr: Vec::new(),
            ..self.shard.clone()
        }
    }
}

fn same_block(one: &Block, other: &Block) -> bool {
    (one.pair, one.side) == (other.pair, other.side)
}

fn side(parts: &[Part], role: Role) -> Result<Option<SideLoad>, MergeError> {
    let sides: Vec<(&Part, &SideLoad)> =
        parts.iter().filter_map(|part| Some((part, part.load.sides.get(role).as_ref()?))).collect();
    let Some((_, first)) = sides.first() else { return Ok(None) };
    let (mut response, mut service) = (Merged::default(), Merged::default());
    let mut steps = Vec::with_capacity(first.steps.len());
    for index in 0..first.steps.len() {
        steps.push(step(&sides, index, &mut response, &mut service)?);
    }
    let sum = |read: fn(&SideLoad) -> u64| sides.iter().map(|(_, side)| read(side)).sum::<u64>();
    let (requests, errors) = (sum(|side| side.requests), sum(|side| side.errors));
    let mut errors_by_kind = BTreeMap::new();
    for (kind, count) in sides.iter().flat_map(|(_, side)| &side.errors_by_kind) {
        *errors_by_kind.entry(kind.clone()).or_default() += count;
    }
    let measured_s = sides.iter().map(|(_, side)| side.measured_s).fold(0.0, f64::max);
    Ok(Some(SideLoad {
        requests,
        errors,
        error_rate: (requests > 0).then(|| errors as f64 / requests as f64),
        errors_by_kind,
        reconnects: sum(|side| side.reconnects),
        resent: sum(|side| side.resent),
        throughput: (measured_s > 0.0).then(|| (requests - errors) as f64 / measured_s),
        response_time_us: response.quantiles(mean(sides.iter().map(|(_, side)| side.response_time_us.as_ref()))),
        service_time_us: service.quantiles(mean(sides.iter().map(|(_, side)| side.service_time_us.as_ref()))),
        cpu: sides.iter().find_map(|(_, side)| side.cpu),
        rss_bytes: sides.iter().find_map(|(_, side)| side.rss_bytes),
        pool: sides.iter().find_map(|(_, side)| side.pool.clone()),
        measured_s,
        steps,
        after: at_rest(sides.iter().filter_map(|(_, side)| side.after.as_deref())).map(Box::new),
    }))
}

/// Shards do not end at the same moment, and what one of them still has under way looks lost to another: whoever saw the
/// side most at rest is right.
fn at_rest<'a>(looks: impl Iterator<Item = &'a AfterLoad>) -> Option<AfterLoad> {
    looks.min_by_key(|look| look.leaked_connections.unwrap_or(u64::MAX)).copied()
}

fn step(
    sides: &[(&Part, &SideLoad)],
    index: usize,
    all_responses: &mut Merged,
    all_services: &mut Merged,
) -> Result<StepLoad, MergeError> {
    let (mut response, mut service) = (Merged::default(), Merged::default());
    let mut merged = StepLoad::default();
    let mut times: Vec<(Option<&Quantiles>, Option<&Quantiles>)> = Vec::new();
    for (part, side) in sides {
        let Some(step) = side.steps.get(index) else { continue };
        let unreadable = |why| part.unreadable(why);
        for into in [&mut response, all_responses] {
            into.add(&step.response_time_hdr).map_err(unreadable)?;
        }
        for into in [&mut service, all_services] {
            into.add(&step.service_time_hdr).map_err(unreadable)?;
        }
        merged.flow.clone_from(&step.flow);
        merged.step.clone_from(&step.step);
        merged.requests += step.requests;
        merged.errors += step.errors;
        for (status, count) in &step.statuses {
            *merged.statuses.entry(*status).or_default() += count;
        }
        times.push((step.response_time_us.as_ref(), step.service_time_us.as_ref()));
    }
    merged.response_time_us = response.quantiles(mean(times.iter().map(|(response, _)| *response)));
    merged.service_time_us = service.quantiles(mean(times.iter().map(|(_, service)| *service)));
    merged.response_time_hdr = response.encode();
    merged.service_time_hdr = service.encode();
    Ok(merged)
}

/// The same block of all shards.
fn block(parts: &[Part], like: &Block) -> Result<Block, MergeError> {
    let same: Vec<(&Part, usize, &Block)> = parts
        .iter()
        .filter_map(|part| {
            let (at, block) = part.load.blocks.iter().enumerate().find(|(_, block)| same_block(block, like))?;
            Some((part, at, block))
        })
        .collect();
    let sum = |read: fn(&Block) -> u64| same.iter().map(|(_, _, block)| read(block)).sum::<u64>();
    let (mut all, mut all_services) = (Merged::default(), Merged::default());
    let mut steps: BTreeMap<usize, (BlockStep, Merged, Merged)> = BTreeMap::new();
    for (part, _, block) in &same {
        for step in &block.steps {
            let (merged, times, services) = steps.entry(step.step).or_default();
            merged.step = step.step;
            merged.requests += step.requests;
            merged.errors += step.errors;
            for into in [times, &mut all] {
                into.add(&step.response_time_hdr).map_err(|why| part.unreadable(why))?;
            }
            for into in [services, &mut all_services] {
                into.add(&step.service_time_hdr).map_err(|why| part.unreadable(why))?;
            }
        }
    }
    let steps = steps.into_values().map(|(step, times, services)| BlockStep {
        response_time_hdr: times.encode(),
        service_time_hdr: services.encode(),
        ..step
    });
    Ok(Block {
        pair: like.pair,
        side: like.side,
        started_ms: like.started_ms,
        arrivals: sum(|block| block.arrivals),
        measured_s: same.iter().map(|(_, _, block)| block.measured_s).fold(0.0, f64::max),
        requests: sum(|block| block.requests),
        errors: sum(|block| block.errors),
        response_time_us: all.quantiles(mean(same.iter().map(|(_, _, block)| block.response_time_us.as_ref()))),
        service_time_us: all_services.quantiles(mean(same.iter().map(|(_, _, block)| block.service_time_us.as_ref()))),
        cpu_ms: same.iter().find_map(|(_, _, block)| block.cpu_ms),
        machine: machine(same.iter().map(|(_, _, block)| &block.machine)),
        seconds: seconds(&same)?,
        steps: steps.collect(),
    })
}

/// The worst that any of the shards' machines did: a block that one of them disturbed is disturbed.
fn machine<'m>(all: impl Iterator<Item = &'m Machine> + Clone) -> Machine {
    let slow = |sentinel: &Sentinel| sentinel.slow as f64 / sentinel.asked.max(1) as f64;
    Machine {
        steal: all.clone().filter_map(|machine| machine.steal).max_by(f64::total_cmp),
        sentinel: all.filter_map(|machine| machine.sentinel).max_by(|a, b| slow(a).total_cmp(&slow(b))),
    }
}

/// The seconds of one block, put together by when they were.
fn seconds(same: &[(&Part, usize, &Block)]) -> Result<Vec<Second>, MergeError> {
    let begun = same.iter().map(|(part, _, block)| part.wall_ms(block)).min().unwrap_or(0);
    let mut merged: Vec<(Second, Merged)> = Vec::new();
    for (part, at, block) in same {
        let later = ((part.wall_ms(block) - begun) as f64 / 1e3).round() as usize;
        let histograms = part.shard.seconds_hdr.get(*at);
        for (index, second) in block.seconds.iter().enumerate() {
            if merged.len() <= index + later {
                merged.resize_with(index + later + 1, Default::default);
            }
            let (sum, times) = &mut merged[index + later];
            sum.requests += second.requests;
            sum.errors += second.errors;
            sum.max_us = sum.max_us.max(second.max_us);
            let text = histograms.and_then(|histograms| histograms.get(index)).map_or("", String::as_str);
            times.add(text).map_err(|why| part.unreadable(why))?;
        }
    }
    let told = |(sum, times): (Second, Merged)| match times.quantiles(0.0) {
        Some(seen) => Second { p50_us: seen.p50, p95_us: seen.p95, p99_us: seen.p99, ..sum },
        None => sum,
    };
    Ok(merged.into_iter().map(told).collect())
}

fn generator(parts: &[Part]) -> Result<Generator, MergeError> {
    let of = |read: fn(&Generator) -> Option<f64>| parts.iter().filter_map(move |part| read(&part.load.generator));
    let total = |read: fn(&Generator) -> Option<f64>| (of(read).count() > 0).then(|| of(read).sum::<f64>());
    let (mut lag, mut unread) = (Merged::default(), Merged::default());
    for part in parts {
        lag.add(&part.shard.lag_hdr).map_err(|why| part.unreadable(why))?;
        unread.add(&part.shard.unread_hdr).map_err(|why| part.unreadable(why))?;
    }
    Ok(Generator {
        offered: total(|generator| generator.offered),
        achieved: total(|generator| generator.achieved),
        dispatch_lag_us: lag.lag(),
        unread_us: unread.lag(),
        cpu: total(|generator| generator.cpu),
        panics: parts.iter().map(|part| part.load.generator.panics).sum(),
        unsent: parts.iter().map(|part| part.load.generator.unsent).sum(),
        failure: parts.iter().find_map(|part| part.load.generator.failure.clone()),
    })
}
