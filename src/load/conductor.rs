//! Leads the users through the blocks: announces a block, has its arrivals released, closes the block, waits for what is
//! under way, and goes on to the next.
//!
//! It has a thread of its own, because tokio's timer ticks once a millisecond: blocks begin and end when they should.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::sync::watch;

use super::audit::Audit;
use super::block::{Block, BlockInfo};
use super::guard::Guard;
use super::pacer::Pacing;
use super::parity::{self, BlockSample, Examiner};
use super::recorder::{BlockRecorder, BlockTotals};
use super::user::Stage;
use super::{LoadError, Rig};
use crate::clock::{sharpen_this_thread, sleep_until};
use crate::plan::{Arrivals, Profile};
use crate::progress::Progress;
use crate::record::load::Machine;
use crate::record::load_parity::LoadParity;
use crate::role::Role;
use crate::schedule::{self, Arrival, Demand, Share};
use crate::stop::Stop;

/// Time between announcing a block and its first instant, so that every user has heard of it.
const LEAD: Duration = Duration::from_millis(20);
/// How long users may take to come to their seats.
const SEATING: Duration = Duration::from_mins(1);
/// Longest sleep before the stop flag is looked at again.
const NAP: Duration = Duration::from_millis(50);
/// How late the last arrivals of a block may be released.
const LATE: Duration = Duration::from_millis(50);
/// How long requests under way are waited for after a stop.
const PATIENCE: Duration = Duration::from_secs(1);

/// A block that is over.
pub(super) struct FinishedBlock {
    /// What and when.
    pub info: BlockInfo,
    /// Its length; shorter than planned if the run was stopped.
    pub length: Duration,
    /// Arrivals that the schedule had until it ended.
    pub arrivals: u64,
    /// Iterations that were begun.
    pub begun: u64,
    /// Arrivals that never began.
    pub unsent: u64,
    /// What the machine did meanwhile.
    pub machine: Machine,
    /// What was recorded.
    pub totals: BlockTotals,
}

/// What all blocks came to.
pub(super) struct Performance {
    /// Every block in the order it was run.
    pub blocks: Vec<FinishedBlock>,
    /// Pairs that were to be run in the end.
    pub pairs: u32,
    /// What comparing their answers found, if they were compared.
    pub parity: Option<LoadParity>,
    /// Why there are no more of them, where the generator could not go on.
    pub failure: Option<String>,
}

/// Asked once, when the planned pairs are done: how many pairs there should be in all.
pub(super) type AskForMore = Box<dyn FnOnce(&[FinishedBlock]) -> Option<u32> + Send>;

/// What is done when nobody is loaded.
pub(super) struct Interludes {
    /// Compares the answers of the block that is over.
    pub examiner: Option<Examiner>,
    /// Says whether there should be more pairs.
    pub more: Option<AskForMore>,
    /// Says whether there need be no more.
    pub guard: Option<Arc<Guard>>,
}

/// How much there is to do.
#[derive(Debug, Clone)]
pub(super) struct Score {
    /// Who decides when an iteration begins.
    pub arrivals: Arrivals,
    /// The same for reports.
    pub in_words: String,
    /// The rate, or the number of users, over a block.
    pub profile: Profile,
    /// The sides there are.
    pub roles: Vec<Role>,
    /// Pairs of blocks.
    pub pairs: u32,
    /// Length of a block.
    pub length: Duration,
    /// Start of a block that is not counted.
    pub settle: Duration,
    /// Weights of the flows.
    pub weights: Vec<u32>,
    /// The share of the arrivals that is ours, and when the first block begins; `None`: all of them, as soon as possible.
    pub share: Option<(Share, Instant)>,
}

/// One block in the order in which they are played.
#[derive(Debug, Clone, Copy)]
struct Turn {
    index: u32,
    pair: u32,
    side: Role,
}

impl Turn {
    /// When it begins. Shards keep to a common beat, with as long between two blocks as a request may take: what is still
    /// under way then would make one of them late.
    fn start(self, score: &Score, timeout: Duration) -> Instant {
        let soon = Instant::now() + LEAD;
        score.share.map_or(soon, |(_, first)| (first + (score.length + timeout) * self.index).max(soon))
    }
}

/// What all blocks have around them.
struct Around<'a> {
    /// The runtime of the users.
    users: &'a Handle,
    /// Watches the machine.
    audit: Audit,
}

/// Leads the users through all blocks; blocks the thread it runs on. What was finished before a stop, or before the generator
/// could not go on, is given back.
/// `users` is the runtime of the users.
pub(super) fn conduct(
    rig: &Arc<Rig>,
    score: &Score,
    users: &Handle,
    stages: &watch::Sender<Stage>,
    progress: &Progress,
    stop: &Stop,
    Interludes { mut examiner, mut more, guard }: Interludes,
) -> Result<Performance, LoadError> {
    sharpen_this_thread();
    let mut outcome = await_users(rig, stop).and_then(|()| in_time(score));
    let (mut finished, mut failure) = (Vec::new(), None);
    let mut pairs = score.pairs;
    let mut around = Around { users, audit: Audit::start() };
    if outcome.is_ok() {
        let started = Instant::now();
        let order = |pairs: Range<u32>| pairs.flat_map(|pair| block_order(rig.seed, pair, &score.roles));
        let mut plan: Vec<(u32, Role)> = order(0..pairs).collect();
        let mut index = 0;
        while let Some((pair, role)) = plan.get(index).copied().filter(|_| !stop.is_triggered()) {
            let begins_a_pair = index > 0 && plan[index - 1].0 != pair;
            if let Some(guard) = guard.as_ref().filter(|_| begins_a_pair)
                && guard.ends_after(pair, examiner.as_mut())
            {
                break;
            }
            tell(progress, index, (plan.len(), pairs), pair, role, score, started);
            let turn = Turn { index: index as u32, pair, side: role };
            match play(rig, score, turn, stages, stop, &mut around, examiner.as_mut()) {
                Ok(block) => finished.push(block),
                Err(error) if finished.is_empty() => {
                    outcome = Err(error.into());
                    break;
                }
                Err(error) => {
                    let why = format!("in pair {}, on the {role}: {error}", pair + 1);
                    progress.note(format!("the generator could not go on {why}"));
                    failure = Some(why);
                    break;
                }
            }
            index += 1;
            if index == plan.len()
                && !stop.is_triggered()
                && let Some(wanted) = more.take().and_then(|more| more(&finished)).filter(|wanted| *wanted > pairs)
            {
                progress.note(format!("not decided after {pairs} pairs: {} more", wanted - pairs));
                plan.extend(order(pairs..wanted));
                pairs = wanted;
            }
        }
        progress.step(finished.len() as u64, plan.len() as u64, "done", None);
    }
    // The users are there until the evidence is: who waits for them knows by their end that it has come.
    let parity = examiner.map(Examiner::into_evidence);
    stages.send_replace(Stage::Over);
    outcome.map(|()| Performance { blocks: finished, pairs, parity, failure })
}

fn block_order(seed: u64, pair: u32, roles: &[Role]) -> Vec<(u32, Role)> {
    schedule::order(seed, pair).into_iter().filter(|role| roles.contains(role)).map(|role| (pair, role)).collect()
}

/// What is being done, and when all will be over: at the pace so far, which knows how long blocks take to drain.
fn tell(
    progress: &Progress,
    done: usize,
    (total, pairs): (usize, u32),
    pair: u32,
    role: Role,
    score: &Score,
    started: Instant,
) {
    let so_far = started.elapsed().checked_div(u32::try_from(done).unwrap_or(u32::MAX)).unwrap_or(score.length);
    let left = so_far.max(score.length) * u32::try_from(total - done).unwrap_or(u32::MAX);
    let now = format!("pair {} of {}, {role}", pair + 1, pairs);
    progress.step(done as u64, total as u64, now, Some(left));
}

/// Waits until each user is in its seat.
fn await_users(rig: &Rig, stop: &Stop) -> Result<(), LoadError> {
    let deadline = Instant::now() + SEATING;
    while rig.seated.load(Ordering::SeqCst) < rig.users {
        if stop.is_triggered() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(LoadError::Users { seated: rig.seated.load(Ordering::SeqCst), users: rig.users });
        }
        // Goose gives no sign when its users have started; this looks for it.
        sleep_until(Instant::now() + Duration::from_millis(2));
    }
    Ok(())
}

/// Whether the first block of a shard can begin with those of the others.
fn in_time(score: &Score) -> Result<(), LoadError> {
    let late = score.share.map_or(Duration::ZERO, |(_, first)| Instant::now().saturating_duration_since(first));
    if late.is_zero() { Ok(()) } else { Err(LoadError::Late(late)) }
}

/// One block from its announcement to the last of its answers.
fn play(
    rig: &Arc<Rig>,
    score: &Score,
    turn: Turn,
    stages: &watch::Sender<Stage>,
    stop: &Stop,
    around: &mut Around<'_>,
    examiner: Option<&mut Examiner>,
) -> std::io::Result<FinishedBlock> {
    let Turn { pair, side, .. } = turn;
    let repeats = if examiner.is_some() { parity::repeats(pair) } else { pair };
    let arrivals: Arc<[Arrival]> = arrivals(rig.seed, repeats, score).into();
    let recorder = BlockRecorder::new(rig.step_count(), score.settle, score.length);
    let info = BlockInfo { pair, repeats, side, start: turn.start(score, rig.timeout), length: score.length };
    let flows = score.weights.len();
    let block = match score.arrivals {
        Arrivals::Open { .. } => Block::open(info, recorder, flows, &arrivals),
        Arrivals::Closed { .. } => Block::closed(info, recorder, flows, score.profile.clone()),
    };
    let block = Arc::new(block.keeping(examiner.as_ref().map(|examiner| BlockSample::new(examiner.level()))));
    // What the machine does before a block is no part of it: shards may wait long for theirs.
    sleep_unless_stopped(info.start.checked_sub(LEAD / 2).unwrap_or(info.start), stop);
    stages.send_replace(Stage::Block(block.clone()));
    around.audit.begin();
    let pacing = Pacing::start(around.users, block.clone(), arrivals.clone());
    let ended = sleep_unless_stopped(info.start + info.length, stop);
    let machine = around.audit.end();
    let paced = pacing.end(around.users, if stop.is_triggered() { Duration::ZERO } else { LATE });
    let length = ended.saturating_duration_since(info.start).min(info.length);
    let unsent = block.close(&rig.first_steps, length);
    stages.send_replace(Stage::Waiting);
    let patience = if stop.is_triggered() { PATIENCE.min(rig.timeout) } else { rig.timeout };
    block.drain(Instant::now() + patience, Instant::now() + patience * 2);
    if let (Some(examiner), Some(sample)) = (examiner, &block.sample) {
        examiner.take(pair, side, sample.finish());
    }
    let is_cut = length < info.length && matches!(score.arrivals, Arrivals::Open { .. });
    paced.map(|()| FinishedBlock {
        info,
        length,
        arrivals: if is_cut { due_within(&arrivals, length) } else { block.arrivals() },
        begun: block.begun(),
        unsent,
        machine,
        totals: block.recorder.finish(),
    })
}

/// What is left of the schedule of a block that was ended early: nobody has lost what was not due yet.
fn due_within(arrivals: &[Arrival], length: Duration) -> u64 {
    arrivals.partition_point(|arrival| arrival.at < length) as u64
}

fn arrivals(seed: u64, pair: u32, score: &Score) -> Vec<Arrival> {
    match score.arrivals {
        Arrivals::Open { spacing, burst, .. } => {
            let demand = Demand { rate: score.profile.clone(), spacing, burst };
            let mut all = schedule::arrivals(seed, pair, &demand, &score.weights, score.length);
            all.retain(|arrival| score.share.is_none_or(|(share, _)| share.takes(arrival.number)));
            all
        }
        Arrivals::Closed { .. } => Vec::new(),
    }
}

/// Sleeps until an instant or until the stop flag is set; gives back when it woke.
fn sleep_unless_stopped(until: Instant, stop: &Stop) -> Instant {
    loop {
        let now = Instant::now();
        if now >= until || stop.is_triggered() {
            return now;
        }
        sleep_until(until.min(now + NAP));
    }
}
