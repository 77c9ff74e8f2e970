//! Ends the load once so many requests of the candidate have failed that no more of it could change the verdict.
//!
//! Each second it looks at how many requests ended and how many of them failed, and asks an e-process whether that can
//! still be within the gate's limit. A rate that is compared with the limit every second crosses it by chance sooner or
//! later; this does so in one run of a thousand at most (`statistics::Evidence`).

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::block::Block;
use super::user::Stage;
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Quantity, Subject};
use crate::record::load::EarlyStop;
use crate::role::Role;
use crate::statistics::Evidence;

/// Time between two looks.
pub(super) const WINDOW: Duration = Duration::from_secs(1);

/// The gate that may end the load.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Guarded {
    gate: String,
    limit: f64,
}

impl Guarded {
    /// The strictest limit that any gate sets to the candidate's failed requests; `None`: no gate does.
    pub(super) fn among(gates: &[Gate]) -> Option<Self> {
        let is_meant = |gate: &&Gate| {
            let metric = &gate.metric;
            let is_at_most = matches!(gate.comparison, Comparison::Less | Comparison::LessOrEqual);
            let is_failures = metric.quantity == Quantity::ErrorRate && metric.scope.is_none();
            is_failures && is_at_most && metric.subject == Subject::Side(Role::Candidate)
        };
        let limits = gates.iter().filter(is_meant).filter_map(|gate| match gate.limit {
            Limit::Literal(limit) => Some(Self { gate: gate.source.clone(), limit }),
            Limit::Relative { .. } => None,
        });
        limits.min_by(|one, other| one.limit.total_cmp(&other.limit))
    }
}

/// Watches the load until it is over, or until too much has failed; looks once in each `window`.
pub(super) async fn watch(guarded: Guarded, window: Duration, mut stages: watch::Receiver<Stage>) -> Option<EarlyStop> {
    let mut looks = Looks::new(guarded);
    loop {
        let stage = stages.borrow_and_update().clone();
        match stage {
            Stage::Block(block) if block.info.side == Role::Candidate => {
                let mut next = block.info.start + window;
                // Looks that came too late are not made up for: a window may be longer than a second.
                loop {
                    match tokio::time::timeout_at(next.max(Instant::now()).into(), stages.changed()).await {
                        Ok(Ok(())) => break,
                        Ok(Err(_)) => return None,
                        Err(_) if looks.look(&block) => return Some(looks.into_stop()),
                        Err(_) => next += window,
                    }
                }
                looks.last = Some(block);
            }
            Stage::Over => return None,
            _ => {
                if stages.changed().await.is_err() {
                    return None;
                }
            }
        }
        // What ended while the block was drained is known once something else begins.
        if let Some(block) = looks.last.take_if(|_| !matches!(*stages.borrow(), Stage::Waiting))
            && looks.look(&block)
        {
            return Some(looks.into_stop());
        }
    }
}

struct Looks {
    guarded: Guarded,
    evidence: Evidence,
    /// Number of the block's pair, and what was seen of it.
    seen: (u32, u64, u64),
    /// A block that is being drained.
    last: Option<Arc<Block>>,
    seconds: u64,
    requests: u64,
    errors: u64,
}

impl Looks {
    const fn new(guarded: Guarded) -> Self {
        let evidence = Evidence::new(guarded.limit);
        Self { guarded, evidence, seen: (u32::MAX, 0, 0), last: None, seconds: 0, requests: 0, errors: 0 }
    }

    /// Looks at what has ended since the last look; whether too much has failed.
    fn look(&mut self, block: &Block) -> bool {
        let (requests, errors) = block.recorder.counts();
        let pair = block.info.pair;
        let (_, before, errors_before) = if self.seen.0 == pair { self.seen } else { (pair, 0, 0) };
        self.seen = (pair, requests, errors);
        // Two counters are read one after the other.
        let (ended, failed) = (requests - before, (errors - errors_before).min(requests - before));
        if ended == 0 {
            return false;
        }
        self.seconds += 1;
        self.requests += ended;
        self.errors += failed;
        self.evidence.observe(failed as f64 / ended as f64);
        self.evidence.is_enough()
    }

    fn into_stop(self) -> EarlyStop {
        let Guarded { gate, limit } = self.guarded;
        EarlyStop { gate, limit, seconds: self.seconds, requests: self.requests, errors: self.errors }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::block::BlockInfo;
    use crate::load::recorder::{BlockRecorder, Sample};

    fn gates(texts: &[&str]) -> Vec<Gate> {
        texts.iter().map(|text| Gate::parse(text).unwrap()).collect()
    }

    #[test]
    fn the_strictest_limit_of_the_candidate_is_guarded() {
        let found = Guarded::among(&gates(&[
            "baseline.error_rate <= 0.1%",
            "candidate.error_rate <= 5%",
            "candidate.error_rate < 2%",
            "candidate.error_rate <= 1% for browse",
            "candidate.error_rate <= baseline.error_rate",
            "candidate.error_rate > 0.5%",
        ]));
        assert_eq!(found, Some(Guarded { gate: "candidate.error_rate < 2%".to_owned(), limit: 0.02 }));
        assert_eq!(Guarded::among(&gates(&["candidate.errors == 0", "candidate.p95 <= 1s"])), None);
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
            });
        }
    }

    /// After how many windows it is enough, if so many requests end well and so many fail in each.
    fn looks_until_enough(good: u64, failed: u64) -> Option<u64> {
        let mut looks = Looks::new(Guarded { gate: String::new(), limit: 0.01 });
        for pair in 0..4 {
            let block = block(Role::Candidate, pair);
            for _ in 0..10 {
                record(&block, good, None);
                record(&block, failed, Some(0));
                if looks.look(&block) {
                    return Some(looks.into_stop().seconds);
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
    }

    #[tokio::test]
    async fn a_candidate_that_fails_ends_the_load_and_a_baseline_does_not() {
        for (side, expected) in [(Role::Candidate, true), (Role::Baseline, false)] {
            let (stages, listen) = watch::channel(Stage::Waiting);
            let guarded = Guarded::among(&gates(&["candidate.error_rate <= 1%"])).unwrap();
            let guard = tokio::spawn(watch(guarded, Duration::from_millis(5), listen));
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
            let stopped = guard.await.unwrap();
            assert_eq!(stopped.is_some(), expected, "{stopped:?}");
            assert!(stopped.is_none_or(|stopped| stopped.requests == stopped.errors && stopped.seconds == 2));
        }
    }
}
