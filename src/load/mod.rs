//! Load through Goose: virtual users, pacing, recording.
//!
//! Blocks of load on one side alternate with blocks on the other, both of a pair with the same arrivals, in an order
//! drawn by a coin. Response time runs from the intended start of a request: in the open model from the schedule, so
//! that a service that stalls pays for everyone who arrived meanwhile.

mod audit;
mod block;
mod conductor;
mod evidence;
mod files;
mod goose;
mod guard;
mod histogram;
mod pacer;
mod parity;
mod recorder;
mod sentinel;
mod user;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use rand::RngExt as _;
use tokio::sync::{oneshot, watch};

use crate::clock::{Epoch, sharpen_this_thread};
use crate::http::Origin;
use crate::noise::Known;
use crate::plan::{Arrivals, Plan, Think};
use crate::progress::Progress;
use crate::record;
use crate::role::{Pair, Role};
use crate::schedule::{self, Share};
use crate::step::{self, Captured, LoginError, PreparedFlow, RenderError, Reproducer, log_in};
use crate::stop::Stop;
use crate::tally::Secrets;
use conductor::{AskForMore, Interludes, Performance, Score};
pub use files::make_room;
use guard::Guard;
pub use guard::PoolLooks;
use histogram::SharedHistogram;
use parity::{Examiner, Rehearsal};
use user::Stage;

/// Keeps numbers of iterations of this phase apart from those of others.
const PHASE: char = 'l';

/// Why there is no load evidence.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A step of the plan can never be sent.
    #[error("flow `{flow}` cannot be sent")]
    Unsendable {
        /// Name of the flow.
        flow: String,
        /// Why.
        source: RenderError,
    },
    /// The login failed on a side.
    #[error("login on side `{role}` failed")]
    Login {
        /// Which side.
        role: Role,
        /// What happened.
        source: LoginError,
    },
    /// Fewer users than flows in the closed model.
    #[error("{users} users cannot do {flows} flows at once, each flow needs one of its own")]
    TooFewUsers {
        /// As asked for.
        users: usize,
        /// Flows of the plan.
        flows: usize,
    },
    /// More connections than this process may have open files.
    #[error("the load needs {needed} open files, and this process may have {limit}")]
    Files {
        /// One for each connection, and some to spare.
        needed: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// Goose did not start its users.
    #[error("only {seated} of {users} virtual users started within a minute")]
    Users {
        /// How many did.
        seated: usize,
        /// How many were to.
        users: usize,
    },
    /// The common start of the shards had passed when this one was ready.
    #[error("this shard was ready {} after the start of all", crate::units::format_us(.0.as_micros() as f64))]
    Late(Duration),
    /// Goose refused to run.
    #[error("goose could not run the load: {0}")]
    Goose(String),
    /// No threads to be had.
    #[error("the load generator could not be started")]
    Runtime(#[from] std::io::Error),
}

/// What all users share.
pub struct Rig {
    seed: u64,
    timeout: Duration,
    flows: Vec<PreparedFlow>,
    /// Index of each flow's first step in the flat list of all steps.
    first_steps: Vec<usize>,
    /// Per step of the flat list, whether it may change something.
    changes: Vec<bool>,
    origins: Pair<Option<Origin>>,
    logins: Pair<Vec<Option<Captured>>>,
    /// Pauses of each flow after each of its steps.
    think: Vec<Vec<Option<Think>>>,
    users: usize,
    /// Per flow, the ranks of its users and how many of these are taken.
    seats: Vec<(Vec<f64>, AtomicUsize)>,
    seated: AtomicUsize,
    panics: AtomicU64,
    lag: SharedHistogram,
    /// How long answers waited until they were read.
    unread: SharedHistogram,
}

impl Rig {
    fn step_count(&self) -> usize {
        self.flows.iter().map(|flow| flow.steps.len()).sum()
    }

    /// A seat for one more user of a flow: how many users must have begun before it, where they begin one after the
    /// other.
    fn rank(&self, flow: usize) -> f64 {
        let (ranks, taken) = &self.seats[flow];
        // Goose starts as many users as there are seats.
        ranks.get(taken.fetch_add(1, Ordering::SeqCst)).copied().unwrap_or_default()
    }

    /// How long a user pauses after a step of an iteration: the same on both sides.
    fn pause(&self, flow: usize, step: usize, iteration: u64) -> Option<Duration> {
        let think = self.think[flow][step]?;
        let mut random = schedule::generator(self.seed, "think", (iteration << 16) ^ step as u64);
        Some(think.least + think.most.saturating_sub(think.least).mul_f64(random.random()))
    }
}

/// Where and when to load.
#[derive(Debug)]
pub struct Setup<'a> {
    /// What to do.
    pub plan: &'a Plan,
    /// The sides to load, as [`measured_alike`] gives them.
    pub origins: Pair<Option<Origin>>,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Start of the run.
    pub epoch: Epoch,
    /// Which share of the load is ours; `None`: all of it.
    pub shard: Option<&'a Sharding>,
    /// What the baseline does not answer twice alike, if somebody has looked.
    pub noise: Option<&'a Known>,
}

/// A share of a load that several processes make together.
#[derive(Debug, Clone)]
pub struct Sharding {
    /// Which share of the arrivals.
    pub share: Share,
    /// When the first block of all shards begins.
    pub start_at: SystemTime,
    /// The same in RFC 3339.
    pub start_in_words: String,
    /// Digest of what the plan asks for.
    pub plan: String,
}

/// How many pairs there should be in all, from what there is so far.
pub type MorePairs = Box<dyn FnOnce(record::Load) -> Option<u32> + Send>;

/// What decides how long a load is, besides its plan.
#[derive(Default)]
pub struct Advice {
    /// Asked once, when the planned pairs are done.
    pub more: Option<MorePairs>,
    /// What the candidate's pool is like meanwhile.
    pub pool: Option<PoolLooks>,
    /// Told once the logins are done: what no evidence may show, here or elsewhere.
    pub secrets: Arc<OnceLock<Vec<String>>>,
}

/// Runs the load phase. A stop ends it early; what was measured until then is given back.
///
/// # Errors
/// See [`LoadError`]; a side that answers nothing but errors is a result, not an error.
pub async fn run(setup: Setup<'_>, progress: &Progress, stop: &Stop) -> Result<record::Load, LoadError> {
    run_advised(setup, Advice::default(), progress, stop).await
}

/// As [`run`]; goes on beyond the planned pairs, or ends before they are done, where it is advised to.
pub async fn run_advised(
    setup: Setup<'_>,
    Advice { more, pool, secrets }: Advice,
    progress: &Progress,
    stop: &Stop,
) -> Result<record::Load, LoadError> {
    let users = users_per_flow(setup.plan, setup.shard)?;
    let rig = Arc::new(rig(&setup, &users).await?);
    let secrets = secrets.get_or_init(|| step::secrets(setup.plan, &rig.logins));
    let score = Arc::new(score(&setup)?);
    let started = Instant::now();
    let own_cpu = evidence::own_cpu_s();
    let examiner = examiner(&setup, secrets);
    let more = more.map(|more| ask_for_more(more, &rig, &score, setup.epoch));
    // Shards keep to a common schedule.
    let may_end = setup.plan.load.stop_early && setup.shard.is_none();
    let guard = || Arc::new(Guard::new(&setup.plan.load, &setup.plan.gates, pool, setup.epoch, progress, stop));
    let guard = may_end.then(guard);
    let interludes = Interludes { examiner, more, guard: guard.clone() };
    let performance = perform_all(&rig, users, &score, progress, stop, interludes).await?;
    let cpu = evidence::own_cpu_s().zip(own_cpu).map(|(end, start)| (end - start) / started.elapsed().as_secs_f64());
    let mut load = evidence::assemble(&rig, &score, &performance, setup.epoch, cpu);
    load.parity = performance.parity;
    load.shards.extend(setup.shard.map(|shard| evidence::shard(&rig, shard, &performance.blocks, setup.epoch)));
    load.stopped = guard.and_then(|guard| guard.ended());
    Ok(load)
}

fn ask_for_more(more: MorePairs, rig: &Arc<Rig>, score: &Arc<Score>, epoch: Epoch) -> AskForMore {
    let (rig, score) = (rig.clone(), score.clone());
    Box::new(move |finished| more(evidence::of_blocks(&rig, &score, finished, epoch, None)))
}

/// Users and conductor on threads of their own; ends when both have.
async fn perform_all(
    rig: &Arc<Rig>,
    users: Vec<usize>,
    score: &Arc<Score>,
    progress: &Progress,
    stop: &Stop,
    interludes: Interludes,
) -> Result<Performance, LoadError> {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.thread_name("load").enable_all();
    if matches!(score.arrivals, Arrivals::Open { .. }) {
        // In the closed model the service sets the pace, and must not be kept from it.
        runtime.on_thread_start(sharpen_this_thread);
    }
    let runtime = runtime.build()?;
    let (stages, listen) = watch::channel(Stage::Waiting);
    if let Some(guard) = &interludes.guard {
        tokio::spawn(guard.clone().watch(guard::WINDOW, listen.clone()));
    }
    let attack = {
        let rig = rig.clone();
        runtime.spawn(async move { Box::pin(goose::attack(rig, &users, listen)).await })
    };
    let (report, finished) = oneshot::channel();
    let conductor = {
        let (rig, score, progress, stop) = (rig.clone(), score.clone(), progress.clone(), stop.clone());
        let users = runtime.handle().clone();
        move || {
            // The receiver is gone only if the whole run is.
            let _ = report.send(conductor::conduct(&rig, &score, &users, &stages, &progress, &stop, interludes));
        }
    };
    std::thread::Builder::new().name("conductor".to_owned()).spawn(conductor)?;
    let outcome = join(finished, attack, stop).await;
    runtime.shutdown_background();
    outcome
}

/// How long the conductor may take to report once all users have left.
const REPORT: Duration = Duration::from_secs(2);

async fn join(
    finished: oneshot::Receiver<Result<Performance, LoadError>>,
    mut attack: tokio::task::JoinHandle<Result<(), String>>,
    stop: &Stop,
) -> Result<Performance, LoadError> {
    let failed = |outcome: Result<Result<(), String>, tokio::task::JoinError>| match outcome {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(LoadError::Goose(error)),
        Err(error) => Some(LoadError::Goose(error.to_string())),
    };
    tokio::pin!(finished);
    let blocks = tokio::select! {
        blocks = &mut finished => blocks,
        early = &mut attack => {
            if let Some(error) = failed(early) {
                return Err(error);
            }
            // The users hear that the load is over just before the conductor reports. Otherwise Goose could not start.
            return match tokio::time::timeout(REPORT, &mut finished).await {
                Ok(Ok(performance)) => performance,
                _ => Err(LoadError::Goose("it ended before the load did".to_owned())),
            };
        }
    };
    let blocks = blocks.map_err(|_| LoadError::Goose("the conductor panicked".to_owned()))?;
    if !stop.is_triggered() {
        // After a stop the runtime is taken down with whatever still waits in it.
        tokio::select! {
            outcome = attack => if let Some(error) = failed(outcome) {
                return Err(error);
            },
            () = stop.triggered() => (),
        }
    }
    blocks
}

/// How many users each flow has.
fn users_per_flow(plan: &Plan, shard: Option<&Sharding>) -> Result<Vec<usize>, LoadError> {
    let weights: Vec<u32> = plan.flows.iter().map(|flow| flow.weight).collect();
    let users = match plan.load.arrivals {
        Arrivals::Open { users, .. } => shard.map_or(users, |shard| shard.share.of_count(users)).max(weights.len()),
        Arrivals::Closed { users } if users < weights.len() => {
            return Err(LoadError::TooFewUsers { users, flows: weights.len() });
        }
        Arrivals::Closed { users } => users,
    };
    Ok(schedule::shares(&weights, users))
}

async fn rig(setup: &Setup<'_>, users: &[usize]) -> Result<Rig, LoadError> {
    let plan = setup.plan;
    let flows = plan
        .flows
        .iter()
        .map(|flow| {
            PreparedFlow::new(flow, plan.auth.as_ref())
                .map_err(|source| LoadError::Unsendable { flow: flow.name.clone(), source })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let first_steps = flows
        .iter()
        .scan(0, |next, flow| {
            let first = *next;
            *next += flow.steps.len();
            Some(first)
        })
        .collect();
    let steps = plan.flows.iter().flat_map(|flow| &flow.steps);
    let changes = steps.map(|step| parity::may_change(&step.method)).collect();
    let mut logins = Pair::default();
    for (role, origin) in setup.origins.iter() {
        if let Some(origin) = origin {
            let login = log_in(plan, origin, plan.timeout).await;
            *logins.get_mut(role) = login.map_err(|source| LoadError::Login { role, source })?;
        }
    }
    Ok(Rig {
        seed: setup.seed,
        timeout: plan.timeout,
        flows,
        first_steps,
        changes,
        origins: setup.origins.clone(),
        logins,
        think: plan.flows.iter().map(|flow| flow.think.clone()).collect(),
        users: users.iter().sum(),
        seats: schedule::ranks(users).into_iter().map(|ranks| (ranks, AtomicUsize::new(0))).collect(),
        seated: AtomicUsize::new(0),
        panics: AtomicU64::new(0),
        lag: SharedHistogram::default(),
        unread: SharedHistogram::default(),
    })
}

/// Lets both sides be measured alike: with the kernel's stamps if that is possible on both, also where only one of them is
/// loaded next.
pub fn measured_alike(mut origins: Pair<Option<Origin>>) -> Pair<Option<Origin>> {
    let is_stamped = Role::BOTH.iter().all(|role| origins.get(*role).as_ref().is_none_or(Origin::can_be_stamped));
    for role in Role::BOTH {
        if let Some(origin) = origins.get_mut(role) {
            origin.is_stamped = is_stamped;
        }
    }
    origins
}

/// Who compares the answers: nobody where there is one side only, or the plan does not want it.
fn examiner(setup: &Setup<'_>, secrets: &[String]) -> Option<Examiner> {
    let Pair { baseline: Some(baseline), candidate: Some(candidate) } = &setup.origins else { return None };
    if !setup.plan.load.parity {
        return None;
    }
    let base_urls = Pair { baseline: baseline.base_url.clone(), candidate: candidate.base_url.clone() };
    let secrets = Secrets::new(secrets.iter().cloned());
    let flows = setup.plan.flows.iter().map(|flow| PreparedFlow::new(flow, setup.plan.auth.as_ref())).collect();
    let reproducer = Reproducer::new(setup.plan, baseline, setup.seed);
    let rehearsal = Result::ok(flows).map(|flows| Rehearsal::new(reproducer, flows));
    Some(Examiner::new(setup.plan, base_urls, secrets, setup.seed, rehearsal).with(setup.noise.cloned()))
}

fn score(setup: &Setup<'_>) -> Result<Score, LoadError> {
    let plan = setup.plan;
    let start = |shard: &Sharding| {
        let left =
            shard.start_at.duration_since(SystemTime::now()).map_err(|error| LoadError::Late(error.duration()))?;
        Ok::<_, LoadError>((shard.share, Instant::now() + left))
    };
    Ok(Score {
        share: setup.shard.map(start).transpose()?,
        arrivals: plan.load.arrivals,
        in_words: plan.load.in_words(),
        profile: plan.load.profile(),
        roles: plan.roles(),
        pairs: plan.load.pairs,
        length: plan.load.block,
        settle: plan.load.settle,
        weights: plan.flows.iter().map(|flow| flow.weight).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn both_sides_are_stamped_or_none() {
        let local = Origin::resolve("http://127.0.0.1:1").await.expect("an origin");
        let mut h2 = local.clone();
        h2.protocol.is_h2 = true;
        let far = Origin { address: ([192, 0, 2, 1], 80).into(), ..local.clone() };
        let stamped = |baseline: Option<&Origin>, candidate: &Origin| {
            let origins = Pair { baseline: baseline.cloned(), candidate: Some(candidate.clone()) };
            measured_alike(origins).map(|_, origin| origin.map(|origin| origin.is_stamped))
        };
        for (other, expected) in [(&local, true), (&h2, false), (&far, false)] {
            let both = Pair { baseline: Some(expected), candidate: Some(expected) };
            assert_eq!(stamped(Some(&local), other), both, "{other:?}");
            assert_eq!(stamped(Some(other), &local), both, "{other:?}");
            assert_eq!(stamped(None, other).candidate, Some(expected), "{other:?}");
        }
    }
}
