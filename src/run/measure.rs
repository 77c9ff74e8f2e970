//! The load phase with everything around it: observers, the watch over the sides, and their figures put together.

use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::{Command, Job, RunError, origins, rest};
use crate::clock::Epoch;
use crate::judge::{self, PoolLook};
use crate::load;
use crate::noise::Known;
use crate::observe::{self, Observer};
use crate::progress::Progress;
use crate::provision::{RunningSide, Sides};
use crate::record::load::{AfterLoad, Trend};
use crate::record::{Finding, RunRecord, Severity};
use crate::role::{Pair, Role};
use crate::stop::Stop;
use crate::trend::trend;

/// Time between two samples.
const SAMPLE_EVERY: Duration = Duration::from_millis(100);
/// Time between two looks at whether the sides still live.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Loads the sides and puts what was measured into the record, also when the load was cut short. Answers under load are
/// compared with what is known of noise. Gives back what no
/// evidence may show.
pub(super) async fn load(
    job: &Job,
    noise: Option<&Known>,
    epoch: Epoch,
    record: &mut RunRecord,
    sides: &mut Sides,
    progress: &Progress,
    stop: &Stop,
) -> Result<Vec<String>, RunError> {
    let more = more_pairs(job, record);
    let roles = job.plan.roles();
    let origins = load::measured_alike(origins(sides)).map(|role, origin| origin.filter(|_| roles.contains(&role)));
    let setup = load::Setup { plan: &job.plan, origins, seed: job.seed, epoch, shard: job.shard.as_ref(), noise };
    let before = rest::Before::look(sides, &roles).await?;
    let (tell, looks) = std::sync::mpsc::channel();
    let observers = observe_all(sides, &roles, epoch, tell)?;
    let pool = Some(load::PoolLooks { every: SAMPLE_EVERY, looks });
    let secrets = Arc::<OnceLock<Vec<String>>>::default();
    let advice = load::Advice { more, pool, secrets: secrets.clone() };
    let over = Stop::default();
    let (measured, death) = {
        let load = load::run_advised(setup, advice, progress, &over);
        let watch = watch(sides, &over, stop);
        tokio::pin!(load);
        tokio::pin!(watch);
        tokio::select! {
            measured = &mut load => (measured, None),
            death = &mut watch => (load.await, death),
        }
    };
    let mut failure = death;
    match measured {
        Ok(load) => record.load = Some(load),
        Err(error) => failure = failure.or(Some(error.into())),
    }
    let end_ms = epoch.elapsed_ms();
    // A side that is started again in a moment need not come to rest.
    let looks = job.command != Command::Search || !sides.can_be_reset();
    if let (None, Some(load), false) = (&failure, &mut record.load, stop.is_triggered() || !looks) {
        match Box::pin(before.until_rest(progress, stop)).await {
            Ok(after) => keep_after(load, after),
            Err(interrupted) => failure = Some(interrupted),
        }
    }
    take_observations(observers, end_ms, record).await;
    match failure {
        Some(failure) => Err(failure),
        None if stop.is_triggered() => Err(RunError::Interrupted),
        None => Ok(secrets.get().cloned().unwrap_or_default()),
    }
}

/// Whether to go on after the planned pairs, by a judgement of what there is so far.
fn more_pairs(job: &Job, record: &RunRecord) -> Option<load::MorePairs> {
    // Shards keep to a common schedule, and a search has its own.
    let may_go_on = job.shard.is_none() && job.command != Command::Search;
    let most = job.plan.load.max_pairs.filter(|most| may_go_on && *most > job.plan.load.pairs)?;
    let (mut evidence, gates) = (record.clone(), job.plan.gates.clone());
    Some(Box::new(move |load| {
        evidence.load = Some(load);
        judge::pairs_wanted(&evidence, &gates, most)
    }))
}

fn keep_after(load: &mut crate::record::Load, after: Pair<Option<Box<AfterLoad>>>) {
    for (role, after) in [(Role::Baseline, after.baseline), (Role::Candidate, after.candidate)] {
        if let Some(side) = load.sides.get_mut(role) {
            side.after = after;
        }
    }
}

async fn take_observations(observers: Pair<Option<Observer>>, end_ms: u64, record: &mut RunRecord) {
    for (role, observer) in [(Role::Baseline, observers.baseline), (Role::Candidate, observers.candidate)] {
        let Some(observer) = observer else { continue };
        let seen = observer.stop().await;
        record.findings.extend(seen.problems.iter().map(|problem| sampler_finding(role, problem)));
        if let Some(load) = &mut record.load {
            fill(load, role, &seen, end_ms);
        }
        *record.observations.get_mut(role) = Some(seen.observations);
    }
}

/// Looks at the sides until one has died, or the user wants to stop; tells the load to end then.
async fn watch(sides: &mut Sides, over: &Stop, stop: &Stop) -> Option<RunError> {
    loop {
        tokio::select! {
            () = stop.triggered() => {
                over.trigger();
                return None;
            }
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if let Err(death) = sides.check_alive() {
            over.trigger();
            return Some(death.into());
        }
    }
}

/// `tell`: where the candidate's pool is told of while it is loaded.
fn observe_all(
    sides: &Sides,
    roles: &[Role],
    epoch: Epoch,
    tell: Sender<PoolLook>,
) -> Result<Pair<Option<Observer>>, RunError> {
    let side = |role: Role| sides.get(role).filter(|_| roles.contains(&role));
    let listener: observe::PoolListener = Box::new(move |look| {
        // Nobody listens once the load is over.
        let _ = tell.send(look);
    });
    let start = |role, listener| {
        side(role).map(|side| Observer::start_telling(&target(side), epoch.instant(), SAMPLE_EVERY, listener))
    };
    Ok(Pair {
        baseline: start(Role::Baseline, None).transpose()?,
        candidate: start(Role::Candidate, Some(listener)).transpose()?,
    })
}

/// What there is to see of a side.
pub(super) fn target(side: &RunningSide) -> observe::Target {
    observe::Target {
        metrics: side.metrics_url.clone().zip(side.metrics_names.clone()),
        transport: side.transport.clone(),
        pid: side.pid,
        // Only a PostgreSQL server can be asked what it does.
        database: side.database.as_ref().filter(|database| database.admin_url.expose().starts_with("postgres")).map(
            |database| observe::DatabaseTarget {
                url: database.admin_url.expose().to_owned(),
                name: database.name.clone(),
            },
        ),
    }
}

fn sampler_finding(role: Role, problem: &str) -> Finding {
    Finding {
        severity: Severity::Warning,
        code: "sampler".to_owned(),
        message: format!("samples of {role}: {problem}"),
    }
}

/// Puts what was seen of a side into the load figures, over the measured part of its blocks.
fn fill(load: &mut crate::record::Load, role: Role, seen: &observe::Record, end_ms: u64) {
    let settle_ms = (load.settle_s * 1e3) as u64;
    let window = |block: &crate::record::load::Block| {
        let start = block.started_ms + settle_ms;
        (start, start + (block.measured_s * 1e3) as u64)
    };
    let mut windows = Vec::new();
    for block in load.blocks.iter_mut().filter(|block| block.side == role) {
        let (start, end) = window(block);
        block.cpu_ms = seen.cpu_ms(start, end);
        windows.push((start, end));
    }
    let (Some(side), Some(first)) = (load.sides.get_mut(role), windows.first().copied()) else { return };
    let cpu_ms: Option<u64> = windows.iter().map(|(start, end)| seen.cpu_ms(*start, *end)).sum();
    side.cpu = cpu_ms.filter(|_| side.measured_s > 0.0).map(|ms| ms as f64 / 1e3 / side.measured_s);
    side.rss_bytes = seen.rss_max(&windows);
    side.pool = seen.pool_summary(&windows, (first.0, end_ms));
    if let Some(after) = &mut side.after {
        after.memory = over_blocks(&seen.rss_levels(&windows), load.block_s);
        after.fds = over_blocks(&seen.fds_levels(&windows), load.block_s);
    }
}

/// The trend of a figure that each of a side's blocks has, the first quarter of them left out: a side that has just been
/// started fills its caches and its pool.
fn over_blocks(levels: &[Option<f64>], block_s: f64) -> Option<Trend> {
    let at_hours = |index: usize| (index as f64 + 0.5) * block_s / 3_600.0;
    let points = levels.iter().enumerate().skip(levels.len().div_ceil(4));
    trend(&points.filter_map(|(index, level)| Some((at_hours(index), (*level)?))).collect::<Vec<_>>())
}
