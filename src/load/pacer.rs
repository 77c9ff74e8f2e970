//! Releases each arrival of a block when it is due.
//!
//! It runs on the threads of the users, and its timer is one of the things that such a thread waits for beside its
//! sockets: the thread that the timer wakes also does the user's request. Where a thread of its own released arrivals,
//! it had to be woken first, and then had to wake another.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::{JoinHandle, yield_now};
use tokio::time::timeout;

use super::block::Block;
use crate::clock::{Timer, WAKING};
use crate::schedule::Arrival;

/// The pacing of one block; ends when the last arrival was released, or when it is dropped.
pub(super) struct Pacing(JoinHandle<io::Result<()>>);

impl Pacing {
    /// Begins to release the arrivals of a block, on the threads of a runtime.
    pub(super) fn start(runtime: &Handle, block: Arc<Block>, arrivals: Arc<[Arrival]>) -> Self {
        Self(runtime.spawn(async move { release_all(&block, &arrivals).await }))
    }

    /// Lets it come to its end within so much time, then releases nothing more. Blocks the thread.
    ///
    /// # Errors
    /// There was no timer to be had, so arrivals were not released.
    pub(super) fn end(mut self, runtime: &Handle, patience: Duration) -> io::Result<()> {
        match runtime.block_on(async { timeout(patience, &mut self.0).await }) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_) => Ok(()),
        }
    }
}

impl Drop for Pacing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn release_all(block: &Block, arrivals: &[Arrival]) -> io::Result<()> {
    let mut timer = Timer::new()?;
    let mut waking = Waking(TYPICAL);
    for arrival in arrivals {
        let due = block.info.start + arrival.at;
        if due > Instant::now() {
            wait(&mut timer, &mut waking, due).await?;
        }
        block.release(arrival.flow);
    }
    Ok(())
}

/// Returns once something is due, never earlier. The timer is set early by what waking takes; the rest is spent looking
/// after the sockets of this thread, so that no answer waits for it.
async fn wait(timer: &mut Timer, waking: &mut Waking, due: Instant) -> io::Result<()> {
    let early = due.checked_sub(waking.0).unwrap_or(due);
    if early > Instant::now() {
        // The timer itself wakes early, by a time that does not learn.
        timer.until(early + WAKING).await?;
        waking.learn(early.elapsed());
    }
    while Instant::now() < due {
        yield_now().await;
    }
    Ok(())
}

/// Before anything is known; as on a virtual machine whose idle processor has to be scheduled first.
const TYPICAL: Duration = Duration::from_micros(40);
/// Longest that an arrival is waited for without sleeping: what it takes of the processor at most.
const LONGEST: Duration = Duration::from_micros(60);
/// How fast is learned.
const STEP: Duration = Duration::from_nanos(500);

/// How long it takes to be woken, in nine of ten cases.
struct Waking(Duration);

impl Waking {
    /// Up by nine steps where it took longer, down by one where it did not: that comes to rest where nine of ten take
    /// less (Robbins and Monro, *A Stochastic Approximation Method*, 1951).
    fn learn(&mut self, took: Duration) {
        self.0 = if took > self.0 { (self.0 + 9 * STEP).min(LONGEST) } else { self.0.saturating_sub(STEP) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::block::BlockInfo;
    use crate::load::recorder::BlockRecorder;
    use crate::role::Role;

    #[test]
    fn what_waking_takes_is_learned_and_bounded() {
        let mut waking = Waking(TYPICAL);
        let mut learned = Vec::new();
        for number in 0..10_000_u64 {
            // Anything from 0 to 19 µs.
            waking.learn(Duration::from_micros((number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40) % 20));
            learned.push(waking.0.as_nanos() as f64 / 1e3);
        }
        let mean = learned[5_000..].iter().sum::<f64>() / 5_000.0;
        assert!((15.0..20.0).contains(&mean), "nine of ten are below 18 µs: {mean}");
        (0..1_000).for_each(|_| waking.learn(Duration::from_millis(5)));
        assert_eq!(waking.0, LONGEST);
        (0..1_000).for_each(|_| waking.learn(Duration::ZERO));
        assert_eq!(waking.0, Duration::ZERO);
    }

    #[test]
    fn no_arrival_is_released_before_it_is_due_and_all_are() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let length = Duration::from_millis(50);
        let info = BlockInfo { pair: 0, repeats: 0, side: Role::Baseline, start: Instant::now(), length };
        let arrivals: Arc<[Arrival]> =
            (0..500).map(|number| Arrival { at: Duration::from_micros(number * 97), flow: 0, number }).collect();
        let block = Block::open(info, BlockRecorder::new(1, Duration::ZERO, length), 1, &arrivals);
        let block = Arc::new(block);
        let user = runtime.spawn({
            let block = block.clone();
            async move {
                let lag = crate::load::histogram::SharedHistogram::default();
                let mut early = 0;
                while let Some(claim) = block.claim(0, 0.0, &lag).await {
                    early += u32::from(Instant::now() < claim.due);
                    block.leave();
                }
                early
            }
        });
        Pacing::start(runtime.handle(), block.clone(), arrivals)
            .end(runtime.handle(), Duration::from_secs(10))
            .unwrap();
        assert_eq!(runtime.block_on(user).unwrap(), 0);
        assert_eq!(block.begun(), 500);
    }
}
