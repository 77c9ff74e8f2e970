//! Ends the load once a gate is past saving, so that no more of it could make a pass of the verdict.
//!
//! What is held against which gate, and when that is enough, is `judge`'s to say ([`Outlook`]); here it is told what comes in:
//! each second how many requests of the candidate ended and how many of them failed, how its pool was, and between two pairs
//! of blocks what comparing answers has found. Where requests fail the load ends at once. For all else the pair is done
//! first, so that both sides have had the same.

use std::sync::mpsc::Receiver;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::block::Block;
use super::parity::Examiner;
use super::user::Stage;
use crate::clock::Epoch;
use crate::judge::{Outlook, PoolLook};
use crate::plan::{self, Gate};
use crate::progress::Progress;
use crate::record::load::{Cause, EarlyStop};
use crate::role::Role;
use crate::statistics::Window;
use crate::stop::Stop;

/// Time between two looks.
pub(super) const WINDOW: Duration = Duration::from_secs(1);

/// Looks at the candidate's pool, as somebody else takes them.
#[derive(Debug)]
pub struct PoolLooks {
    /// Time between two.
    pub every: Duration,
    /// Where they come from, in order.
    pub looks: Receiver<PoolLook>,
}

/// Holds what comes in against the gates, and ends the load.
pub(super) struct Guard {
    epoch: Epoch,
    progress: Progress,
    /// Set where the load has to end at once.
    stop: Stop,
    watched: Mutex<Watched>,
}

struct Watched {
    outlook: Outlook,
    pool: Option<Receiver<PoolLook>>,
    /// Number of the block's pair, and the requests that were seen of it.
    seen: (u32, Window),
    /// Start of what is counted of each block.
    settle: Duration,
    ended: Option<EarlyStop>,
}

impl Guard {
    /// Nothing seen yet.
    pub(super) fn new(
        load: &plan::Load,
        gates: &[Gate],
        pool: Option<PoolLooks>,
        epoch: Epoch,
        progress: &Progress,
        stop: &Stop,
    ) -> Self {
        let most_pairs = load.max_pairs.unwrap_or(0).max(load.pairs);
        let measured = load.block.saturating_sub(load.settle) * most_pairs;
        let samples = pool.as_ref().map_or(0.0, |pool| measured.as_secs_f64() / pool.every.as_secs_f64());
        let watched = Watched {
            outlook: Outlook::new(gates, samples),
            pool: pool.map(|pool| pool.looks),
            seen: (u32::MAX, Window::default()),
            settle: load.settle,
            ended: None,
        };
        Self { epoch, progress: progress.clone(), stop: stop.clone(), watched: Mutex::new(watched) }
    }

    /// Looks at a block of the candidate until it is over; ends the load where too much has failed. Looks once in each
    /// `window`.
    pub(super) async fn watch(self: Arc<Self>, window: Duration, mut stages: watch::Receiver<Stage>) {
        let mut last: Option<Arc<Block>> = None;
        loop {
            let stage = stages.borrow_and_update().clone();
            match stage {
                Stage::Block(block) if block.info.side == Role::Candidate => {
                    self.begin(&block);
                    let mut next = block.info.start + window;
                    // Looks that came too late are not made up for: a window may be longer than a second.
                    loop {
                        match tokio::time::timeout_at(next.max(Instant::now()).into(), stages.changed()).await {
                            Ok(Ok(())) => break,
                            Ok(Err(_)) => return,
                            Err(_) if self.look(&block) => return,
                            Err(_) => next += window,
                        }
                    }
                    last = Some(block);
                }
                Stage::Over => return,
                _ => {
                    if stages.changed().await.is_err() {
                        return;
                    }
                }
            }
            // What ended while the block was drained is known once something else begins.
            if let Some(block) = last.take_if(|_| !matches!(*stages.borrow(), Stage::Waiting))
                && self.look(&block)
            {
                return;
            }
        }
    }

    fn begin(&self, block: &Block) {
        let mut watched = self.watched();
        watched.take_pool();
        let settle = watched.settle;
        let measured = block.info.length.saturating_sub(settle);
        watched.outlook.block(self.epoch.ms(block.info.start) + settle.as_millis() as u64, measured.as_millis() as u64);
    }

    /// Looks at what has ended since the last look; whether the load has to end at once.
    fn look(&self, block: &Block) -> bool {
        let mut watched = self.watched();
        watched.take_pool();
        let window = watched.since_last(block);
        watched.outlook.requests(window);
        let urgent = watched.outlook.past_saving(self.epoch.elapsed_ms()).find(|stop| stop.cause == Cause::Failures);
        let Some(stop) = urgent else { return false };
        self.end(&mut watched, stop);
        self.stop.trigger();
        true
    }

    /// Whether the load ends after so many pairs of blocks, though there were more to come.
    pub(super) fn ends_after(&self, pairs: u32, examiner: Option<&mut Examiner>) -> bool {
        let mut watched = self.watched();
        watched.take_pool();
        if let Some(examiner) = examiner {
            watched.outlook.differences(u64::from(pairs), &examiner.lasting());
        }
        let stop = watched.outlook.past_saving(self.epoch.elapsed_ms()).next();
        stop.map(|stop| self.end(&mut watched, stop)).is_some()
    }

    /// Why the load ended before its time, if it did.
    pub(super) fn ended(&self) -> Option<EarlyStop> {
        self.watched().ended.clone()
    }

    fn end(&self, watched: &mut Watched, stop: EarlyStop) {
        self.progress.note(format!("the load ends early, past saving for `{}`: {}", stop.gate, stop.in_words()));
        watched.ended = Some(stop);
    }

    fn watched(&self) -> MutexGuard<'_, Watched> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watched {
    fn take_pool(&mut self) {
        let looks = self.pool.iter().flat_map(Receiver::try_iter);
        looks.for_each(|look| self.outlook.pool(look));
    }

    fn since_last(&mut self, block: &Block) -> Window {
        let (requests, errors) = block.recorder.counts();
        let now = Window { all: requests, hits: errors };
        let pair = block.info.pair;
        let before = if self.seen.0 == pair { self.seen.1 } else { Window::default() };
        self.seen = (pair, now);
        let ended = now.all - before.all;
        // Two counters are read one after the other.
        Window { all: ended, hits: (now.hits - before.hits).min(ended) }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::load::block::BlockInfo;
    use crate::load::recorder::{BlockRecorder, Sample};

    const PLAN: &str = "version: 1\nname: guarded\nsides: { baseline: { url: 'http://a' }, candidate: { url: 'http://b' } }\n\
        flows: [ { name: f, steps: [ { request: GET /a, name: s } ] } ]\nload: { rate: 1/s, pairs: 4, block: 60s, settle: 0s }\n";

    fn guard(gates: &[&str], pool: Option<Receiver<PoolLook>>) -> Arc<Guard> {
        let plan = plan::parse("plan.yaml", PLAN).unwrap_or_else(|told| panic!("{told}"));
        let gates: Vec<Gate> = gates.iter().map(|text| Gate::parse(text).unwrap()).collect();
        let pool = pool.map(|looks| PoolLooks { every: Duration::from_millis(100), looks });
        Arc::new(Guard::new(&plan.load, &gates, pool, Epoch::now(), &Progress::silent(), &Stop::default()))
    }

    fn block(side: Role, pair: u32) -> Arc<Block> {
        let length = Duration::from_mins(1);
        let info = BlockInfo { pair, repeats: pair, side, start: Instant::now(), length };
        Arc::new(Block::open(info, BlockRecorder::new(1, Duration::ZERO, length), 1, &[]))
    }

    fn record(block: &Block, count: u64, error: Option<usize>) {
        for _ in 0..count {
            block.recorder.record(&Sample {
                step: 0,
                due: Duration::ZERO,
                response_us: 1_000,
                service_us: Some(1_000),
                status: None,
                error,
                reconnected: false,
                resent: false,
            });
        }
    }

    /// After how many windows it is enough, if so many requests end well and so many fail in each.
    fn looks_until_enough(good: u64, failed: u64) -> Option<u64> {
        let guard = guard(&["candidate.error_rate <= 1%"], None);
        for pair in 0..4 {
            let block = block(Role::Candidate, pair);
            guard.begin(&block);
            for _ in 0..10 {
                record(&block, good, None);
                record(&block, failed, Some(0));
                if guard.look(&block) {
                    return guard.ended().map(|ended| ended.seconds);
                }
            }
        }
        None
    }

    #[test]
    fn each_look_sees_what_ended_since_the_last_one_also_in_the_next_block() {
        assert_eq!(looks_until_enough(0, 100), Some(2));
        assert_eq!(looks_until_enough(80, 20), Some(4));
        assert_eq!(looks_until_enough(95, 5), Some(7));
        assert_eq!(looks_until_enough(98, 2), Some(18), "in the second block");
        assert_eq!((looks_until_enough(99, 1), looks_until_enough(0, 0)), (None, None));
        // What went well before says nothing of this second.
        let (guard, block) = (guard(&["candidate.error_rate <= 1%"], None), block(Role::Candidate, 0));
        record(&block, 100_000, None);
        let looks = (1..9).find(|_| {
            let is_over = guard.look(&block);
            record(&block, 100, Some(0));
            is_over
        });
        assert_eq!(looks, Some(4), "the first of them saw what went well");
    }

    #[test]
    fn a_wait_that_was_given_up_ends_the_load_once_the_pair_is_done() {
        let (tell, looks) = mpsc::channel();
        let guard = guard(&[], Some(looks));
        let block = block(Role::Candidate, 0);
        guard.begin(&block);
        assert!(!guard.ends_after(1, None));
        let at_ms = guard.epoch.ms(block.info.start) + 500;
        tell.send(PoolLook { at_ms, timeouts: 2, ..PoolLook::default() }).unwrap();
        record(&block, 100, None);
        assert!(!guard.look(&block) && guard.ended().is_none(), "the pair is not done");
        assert!(guard.ends_after(1, None));
        let ended = guard.ended().unwrap();
        assert_eq!(
            (ended.cause, ended.against, &*ended.gate),
            (Cause::PoolTimeouts, 2, "candidate.pool.timeouts == 0")
        );
    }

    #[tokio::test]
    async fn a_candidate_that_fails_ends_the_load_and_a_baseline_does_not() {
        for (side, expected) in [(Role::Candidate, true), (Role::Baseline, false)] {
            let (stages, listen) = watch::channel(Stage::Waiting);
            let guard = guard(&["candidate.error_rate <= 1%"], None);
            let watching = tokio::spawn(guard.clone().watch(Duration::from_millis(5), listen));
            for pair in 0..5 {
                let block = block(side, pair);
                stages.send_replace(Stage::Block(block.clone()));
                for _ in 0..5 {
                    record(&block, 10, Some(0));
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                stages.send_replace(Stage::Waiting);
                tokio::task::yield_now().await;
            }
            stages.send_replace(Stage::Over);
            watching.await.unwrap();
            let ended = guard.ended();
            assert_eq!((ended.is_some(), guard.stop.is_triggered()), (expected, expected), "{ended:?}");
            assert!(ended.is_none_or(|ended| ended.observed == ended.against && ended.seconds == 2));
        }
    }
}
