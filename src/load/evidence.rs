//! What the blocks recorded, put together as the run record holds it.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

use super::conductor::{FinishedBlock, Performance, Score};
use super::recorder::{ERROR_KINDS, StepTotals};
use super::{Rig, Sharding};
use crate::clock::Epoch;
use crate::plan::Arrivals;
use crate::record::load::{Block, BlockStep, Generator, Load, Shard, SideLoad, StepLoad};
use crate::role::{Pair, Role};

/// Processor time of this process so far, in seconds.
pub(super) fn own_cpu_s() -> Option<f64> {
    let stat = procfs::process::Process::myself().ok()?.stat().ok()?;
    Some((stat.utime + stat.stime) as f64 / procfs::ticks_per_second() as f64)
}

/// The load part of the run record; processor and pool figures of the sides are filled in by whoever observed them.
pub(super) fn assemble(rig: &Rig, score: &Score, performance: &Performance, epoch: Epoch, cpu: Option<f64>) -> Load {
    let mut load = of_blocks(rig, score, &performance.blocks, epoch, cpu);
    load.pairs_planned = performance.pairs;
    load.generator.failure.clone_from(&performance.failure);
    load
}

/// The same of the blocks there are so far, without what comparing their answers found.
pub(super) fn of_blocks(rig: &Rig, score: &Score, blocks: &[FinishedBlock], epoch: Epoch, cpu: Option<f64>) -> Load {
    let (model, rate, users) = match score.arrivals {
        Arrivals::Open { rate, .. } => ("open", Some(rate), rig.users),
        Arrivals::Closed { users } => ("closed", None, users),
    };
    Load {
        model: model.to_owned(),
        arrivals: score.in_words.clone(),
        rate,
        users,
        block_s: score.length.as_secs_f64(),
        settle_s: score.settle.as_secs_f64(),
        pairs_planned: score.pairs,
        sides: Pair::from_fn(|role| score.roles.contains(&role).then(|| side(rig, score, blocks, role))),
        blocks: blocks.iter().map(|finished| block(finished, score, epoch)).collect(),
        generator: generator(rig, score, blocks, cpu),
        parity: None,
        stopped: None,
        shards: Vec::new(),
    }
}

/// What a share needs besides, so that all of them can be merged without loss.
pub(super) fn shard(rig: &Rig, sharding: &Sharding, blocks: &[FinishedBlock], epoch: Epoch) -> Shard {
    let now_ms = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
    let seconds = |finished: &FinishedBlock| finished.totals.windows.iter().map(|(times, _)| times.encode()).collect();
    Shard {
        index: sharding.share.index,
        of: sharding.share.of,
        plan: sharding.plan.clone(),
        start_at: sharding.start_in_words.clone(),
        epoch_unix_ms: now_ms - epoch.elapsed_ms().cast_signed(),
        lag_hdr: rig.lag.snapshot().encode(),
        unread_hdr: rig.unread.snapshot().encode(),
        seconds_hdr: blocks.iter().map(seconds).collect(),
        ..Shard::default()
    }
}

fn measured(finished: &FinishedBlock, score: &Score) -> Duration {
    finished.length.saturating_sub(score.settle)
}

fn side(rig: &Rig, score: &Score, blocks: &[FinishedBlock], role: Role) -> SideLoad {
    let mine = || blocks.iter().filter(|finished| finished.info.side == role);
    let mut steps = vec![StepTotals::default(); rig.step_count()];
    for finished in mine() {
        for (sum, part) in steps.iter_mut().zip(&finished.totals.steps) {
            sum.add(part);
        }
    }
    let mut all = StepTotals::default();
    for step in &steps {
        all.add(step);
    }
    let measured_s: f64 = mine().map(|finished| measured(finished, score).as_secs_f64()).sum();
    let errors = all.error_count();
    SideLoad {
        requests: all.requests,
        errors,
        error_rate: (all.requests > 0).then(|| errors as f64 / all.requests as f64),
        errors_by_kind: errors_by_kind(&all),
        reconnects: mine().map(|finished| finished.totals.reconnects).sum(),
        resent: mine().map(|finished| finished.totals.resent).sum(),
        throughput: (measured_s > 0.0).then(|| (all.requests - errors) as f64 / measured_s),
        response_time_us: all.response.quantiles(),
        service_time_us: all.service.quantiles(),
        cpu: None,
        rss_bytes: None,
        pool: None,
        measured_s,
        steps: names(rig).zip(&steps).map(|((flow, name), totals)| step(flow, name, totals)).collect(),
        after: None,
    }
}

fn names(rig: &Rig) -> impl Iterator<Item = (&str, &str)> {
    rig.flows.iter().flat_map(|flow| flow.steps.iter().map(|step| (flow.name.as_str(), step.name.as_str())))
}

fn errors_by_kind(totals: &StepTotals) -> BTreeMap<String, u64> {
    let kinds = ERROR_KINDS.iter().zip(totals.errors);
    kinds.filter(|(_, count)| *count > 0).map(|(kind, count)| ((*kind).to_owned(), count)).collect()
}

fn step(flow: &str, name: &str, totals: &StepTotals) -> StepLoad {
    StepLoad {
        flow: flow.to_owned(),
        step: name.to_owned(),
        requests: totals.requests,
        errors: totals.error_count(),
        statuses: totals.statuses.clone(),
        response_time_us: totals.response.quantiles(),
        service_time_us: totals.service.quantiles(),
        response_time_hdr: totals.response.encode(),
        service_time_hdr: totals.service.encode(),
    }
}

fn block(finished: &FinishedBlock, score: &Score, epoch: Epoch) -> Block {
    let mut all = StepTotals::default();
    for step in &finished.totals.steps {
        all.add(step);
    }
    Block {
        pair: finished.info.pair,
        side: finished.info.side,
        started_ms: epoch.ms(finished.info.start),
        arrivals: finished.arrivals,
        measured_s: measured(finished, score).as_secs_f64(),
        requests: all.requests,
        errors: all.error_count(),
        response_time_us: all.response.quantiles(),
        service_time_us: all.service.quantiles(),
        cpu_ms: None,
        machine: finished.machine,
        seconds: finished.totals.windows.iter().map(|(_, second)| *second).collect(),
        steps: block_steps(finished),
    }
}

fn block_steps(finished: &FinishedBlock) -> Vec<BlockStep> {
    let steps = finished.totals.steps.iter().enumerate().filter(|(_, totals)| totals.requests > 0);
    steps
        .map(|(index, totals)| BlockStep {
            step: index,
            requests: totals.requests,
            errors: totals.error_count(),
            response_time_hdr: totals.response.encode(),
            service_time_hdr: totals.service.encode(),
        })
        .collect()
}

fn generator(rig: &Rig, score: &Score, blocks: &[FinishedBlock], cpu: Option<f64>) -> Generator {
    let length: f64 = blocks.iter().map(|finished| finished.length.as_secs_f64()).sum();
    let per_second = |count: u64| (length > 0.0).then(|| count as f64 / length);
    let open = matches!(score.arrivals, Arrivals::Open { .. });
    Generator {
        offered: per_second(blocks.iter().map(|finished| finished.arrivals).sum()).filter(|_| open),
        achieved: per_second(blocks.iter().map(|finished| finished.begun).sum()),
        dispatch_lag_us: rig.lag.snapshot().lag(),
        unread_us: rig.unread.snapshot().lag(),
        cpu,
        panics: rig.panics.load(Ordering::SeqCst),
        unsent: blocks.iter().map(|finished| finished.unsent).sum(),
        failure: None,
    }
}
