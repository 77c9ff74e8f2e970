//! One block of load as its users see it: arrivals to claim, a place to record, and whether it is over.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use futures_util::task::AtomicWaker;
use tokio::sync::Notify;

use super::histogram::SharedHistogram;
use super::parity::BlockSample;
use super::recorder::{BlockRecorder, Sample, error_index};
use crate::clock::micros_between;
use crate::plan::Profile;
use crate::role::Role;
use crate::schedule::Arrival;

/// Numbers of iterations: the pair in the high half, the arrival within the block in the low half.
const PAIR_SHIFT: u32 = 32;

/// What is loaded, when, and for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct BlockInfo {
    /// Which pair it belongs to.
    pub pair: u32,
    /// The pair whose arrivals and drawn values it has: its own, unless it repeats another.
    pub repeats: u32,
    /// Which side is loaded.
    pub side: Role,
    /// First instant of the block.
    pub start: Instant,
    /// Length, settle time included.
    pub length: Duration,
}

/// One flow iteration that a user has taken on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Claim {
    /// Intended start.
    pub due: Instant,
    /// Number of the arrival within the block, the same on both sides of a pair.
    pub arrival: u64,
}

/// Number of an iteration within the whole load.
pub(super) const fn iteration(pair: u32, arrival: u64) -> u64 {
    ((pair as u64) << PAIR_SHIFT) | arrival
}

/// A block that is under way.
pub(super) struct Block {
    /// What and when.
    pub info: BlockInfo,
    /// Where users record.
    pub recorder: BlockRecorder,
    /// Where answers are kept, if they are compared.
    pub sample: Option<BlockSample>,
    source: Source,
    begun: AtomicU64,
    underway: AtomicUsize,
    closed: AtomicBool,
    /// Told when the block is closed.
    over: Notify,
    abandoned: AtomicBool,
    idle: (Mutex<()>, Condvar),
}

enum Source {
    /// Arrivals from a schedule, per flow.
    Open { flows: Vec<FlowQueue>, arrivals: u64 },
    /// Whenever a user is free; per flow, how many iterations were begun. Numbered flow by flow, so that both sides of a
    /// pair number the same iterations alike however many they come to.
    Closed { flows: Vec<AtomicU64>, users: Profile },
}

/// One arrival in its flow's queue.
#[derive(Debug, Clone, Copy)]
struct Slot {
    /// Intended start, since the start of the block.
    at: Duration,
    /// Its number within the block.
    number: u64,
    /// Others are due at the same moment before it. They go out one after the other; how long that takes is part of
    /// their response times, but says nothing about how well the generator keeps time.
    crowded: bool,
}

/// The arrivals of one flow. Users claim them in order; each slot has at most one waiting user.
struct FlowQueue {
    due: Vec<Slot>,
    waiting: Vec<AtomicWaker>,
    released: AtomicUsize,
    claimed: AtomicUsize,
    /// Slots from here on were not due when the block was closed.
    cut: AtomicUsize,
}

impl Block {
    /// A block with arrivals from a schedule.
    pub(super) fn open(info: BlockInfo, recorder: BlockRecorder, flows: usize, arrivals: &[Arrival]) -> Self {
        let mut due: Vec<Vec<Slot>> = vec![Vec::new(); flows];
        let mut before = None;
        for arrival in arrivals {
            let crowded = before.replace(arrival.at) == Some(arrival.at);
            due[arrival.flow].push(Slot { at: arrival.at, number: arrival.number, crowded });
        }
        let flows = due.into_iter().map(FlowQueue::new).collect();
        Self::new(info, recorder, Source::Open { flows, arrivals: arrivals.len() as u64 })
    }

    /// A block in which users, as many as the profile has at a time, begin again whenever they are done.
    pub(super) fn closed(info: BlockInfo, recorder: BlockRecorder, flows: usize, users: Profile) -> Self {
        let flows = std::iter::repeat_with(AtomicU64::default).take(flows).collect();
        Self::new(info, recorder, Source::Closed { flows, users })
    }

    /// The same block, with its answers kept.
    pub(super) fn keeping(self, sample: Option<BlockSample>) -> Self {
        Self { sample, ..self }
    }

    fn new(info: BlockInfo, recorder: BlockRecorder, source: Source) -> Self {
        Self {
            info,
            recorder,
            sample: None,
            source,
            begun: AtomicU64::new(0),
            underway: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
            over: Notify::new(),
            abandoned: AtomicBool::new(false),
            idle: (Mutex::new(()), Condvar::new()),
        }
    }

    /// The next iteration of a flow for a free user; waits until it is due. `None`: the block has no more.
    /// The lag of a user that was waiting is recorded: it is the generator's own. `rank` is how many users must have
    /// begun before this one does, where they begin one after the other.
    pub(super) async fn claim(&self, flow: usize, rank: f64, lag: &SharedHistogram) -> Option<Claim> {
        self.underway.fetch_add(1, Ordering::SeqCst);
        let claim = match &self.source {
            Source::Open { flows, .. } => self.claim_arrival(&flows[flow], lag).await,
            Source::Closed { flows, users } => self.claim_turn(flow, flows, users, rank).await,
        };
        if claim.is_none() {
            self.leave();
        }
        claim
    }

    async fn claim_arrival(&self, queue: &FlowQueue, lag: &SharedHistogram) -> Option<Claim> {
        let (slot, waited) = queue.claim().await?;
        let due = self.info.start + slot.at;
        if waited && !slot.crowded {
            lag.record(micros_between(due, Instant::now()));
        }
        self.begun.fetch_add(1, Ordering::Relaxed);
        Some(Claim { due, arrival: slot.number })
    }

    async fn claim_turn(&self, flow: usize, flows: &[AtomicU64], users: &Profile, rank: f64) -> Option<Claim> {
        loop {
            let now = Instant::now();
            if self.closed.load(Ordering::SeqCst) {
                return None;
            }
            let since_start = now.saturating_duration_since(self.info.start);
            let turn = users.reaches(rank, since_start);
            if turn == Some(since_start) && now >= self.info.start {
                self.begun.fetch_add(1, Ordering::Relaxed);
                let arrival = flows[flow].fetch_add(1, Ordering::Relaxed) * flows.len() as u64 + flow as u64;
                return Some(Claim { due: now, arrival });
            }
            self.pause(self.info.start + turn.unwrap_or(self.info.length) - now).await;
        }
    }

    /// Whether users begin again when they are done.
    pub(super) const fn is_closed_model(&self) -> bool {
        matches!(self.source, Source::Closed { .. })
    }

    /// Returns after so much time, rounded up to what the runtime's timer can do, or when the block is closed: then
    /// nobody pauses any more, and what is under way comes to its end.
    pub(super) async fn pause(&self, length: Duration) {
        let over = self.over.notified();
        tokio::pin!(over);
        over.as_mut().enable();
        if !self.closed.load(Ordering::SeqCst) {
            // Told or not, the pause is over.
            let _ = tokio::time::timeout(length, over).await;
        }
    }

    /// An iteration is over; each claim ends with this exactly once.
    pub(super) fn leave(&self) {
        if self.underway.fetch_sub(1, Ordering::SeqCst) == 1 {
            let _guard = self.idle.0.lock().unwrap_or_else(PoisonError::into_inner);
            self.idle.1.notify_all();
        }
    }

    /// The next arrival of a flow is due: wakes the user that waits for it.
    pub(super) fn release(&self, flow: usize) {
        if let Source::Open { flows, .. } = &self.source {
            flows[flow].release();
        }
    }

    /// No more arrivals: those that nobody began are recorded as errors of the flow's first step and counted.
    /// They waited until `ended`, which is before the block's planned end where it was cut short.
    pub(super) fn close(&self, first_steps: &[usize], ended: Duration) -> u64 {
        self.closed.store(true, Ordering::SeqCst);
        self.over.notify_waiters();
        let Source::Open { flows, .. } = &self.source else { return 0 };
        let mut unsent = 0;
        for (flow, queue) in flows.iter().enumerate() {
            for due in queue.close() {
                unsent += 1;
                let waited = ended.saturating_sub(due);
                self.recorder.record(&Sample {
                    step: first_steps[flow],
                    due,
                    response_us: waited.as_micros() as u64,
                    service_us: None,
                    status: None,
                    error: Some(error_index("unsent")),
                    reconnected: false,
                    resent: false,
                });
            }
        }
        unsent
    }

    /// Waits until no iteration is under way. Past the deadline iterations are told to end after their request.
    pub(super) fn drain(&self, deadline: Instant, last_deadline: Instant) {
        if !self.wait_idle(deadline) {
            self.abandoned.store(true, Ordering::SeqCst);
            self.wait_idle(last_deadline);
        }
    }

    fn wait_idle(&self, deadline: Instant) -> bool {
        let mut guard = self.idle.0.lock().unwrap_or_else(PoisonError::into_inner);
        while self.underway.load(Ordering::SeqCst) > 0 {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            guard = self.idle.1.wait_timeout(guard, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        true
    }

    /// Whether iterations are to end after the request that is under way.
    pub(super) fn is_abandoned(&self) -> bool {
        self.abandoned.load(Ordering::Relaxed)
    }

    /// Arrivals that the schedule has; in the closed model, iterations that were begun.
    pub(super) fn arrivals(&self) -> u64 {
        match &self.source {
            Source::Open { arrivals, .. } => *arrivals,
            Source::Closed { .. } => self.begun(),
        }
    }

    /// Iterations that were begun.
    pub(super) fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }
}

impl FlowQueue {
    fn new(due: Vec<Slot>) -> Self {
        let waiting = due.iter().map(|_| AtomicWaker::new()).collect();
        Self {
            due,
            waiting,
            released: AtomicUsize::new(0),
            claimed: AtomicUsize::new(0),
            cut: AtomicUsize::new(usize::MAX),
        }
    }

    /// The next arrival, once it is due, and whether the user had to wait for it. `None`: there are no more.
    async fn claim(&self) -> Option<(Slot, bool)> {
        let place = self.claimed.fetch_add(1, Ordering::SeqCst);
        let slot = *self.due.get(place)?;
        let mut waited = false;
        poll_fn(|context| {
            if self.released.load(Ordering::SeqCst) > place {
                return Poll::Ready(());
            }
            waited = true;
            self.waiting[place].register(context.waker());
            // The release may have come between the first look and the registration.
            if self.released.load(Ordering::SeqCst) > place { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        (place < self.cut.load(Ordering::SeqCst)).then_some((slot, waited))
    }

    /// One that comes after the queue was closed does nothing: who releases may have been held up by the machine.
    fn release(&self) {
        let next = |released: usize| released.checked_add(1);
        let slot = self.released.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        if let Some(waker) = slot.ok().and_then(|slot| self.waiting.get(slot)) {
            waker.wake();
        }
    }

    /// Lets nobody claim any more; gives back when the arrivals were due that nobody claimed. Users that wait for an
    /// arrival which is not due yet, because the block was cut short, are sent away.
    fn close(&self) -> Vec<Duration> {
        let claimed = self.claimed.fetch_add(self.due.len(), Ordering::SeqCst).min(self.due.len());
        let released = self.released.load(Ordering::SeqCst).min(self.due.len());
        self.cut.store(released, Ordering::SeqCst);
        self.released.store(usize::MAX, Ordering::SeqCst);
        for slot in released..claimed {
            self.waiting[slot].wake();
        }
        self.due.get(claimed..released).unwrap_or_default().iter().map(|slot| slot.at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn block(arrivals: &[(u64, usize)]) -> Block {
        let info = BlockInfo {
            pair: 3,
            repeats: 3,
            side: Role::Candidate,
            start: Instant::now(),
            length: Duration::from_secs(1),
        };
        let arrivals = arrivals.iter().zip(0..);
        let arrivals: Vec<Arrival> = arrivals
            .map(|((ms, flow), number)| Arrival { at: Duration::from_millis(*ms), flow: *flow, number })
            .collect();
        Block::open(info, BlockRecorder::new(2, Duration::ZERO, info.length), 2, &arrivals)
    }

    #[tokio::test]
    async fn an_arrival_goes_to_one_user_once_it_is_released() {
        let block = Arc::new(block(&[(0, 0), (10, 1), (20, 0)]));
        let lag = Arc::new(SharedHistogram::default());
        let waiting = tokio::spawn({
            let (block, lag) = (block.clone(), lag.clone());
            async move { block.claim(0, 0.0, &lag).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        block.release(0);
        let first = waiting.await.unwrap().unwrap();
        assert_eq!((first.due, first.arrival), (block.info.start, 0));
        block.release(0);
        let second = block.claim(0, 0.0, &lag).await.unwrap();
        assert_eq!(second.arrival, 2);
        assert_eq!(iteration(block.info.pair, second.arrival), (3 << 32) | 2);
        assert!(block.claim(0, 0.0, &lag).await.is_none(), "flow 0 has two arrivals");
        assert_eq!(lag.snapshot().count(), 1, "only the first user had to wait");
        assert_eq!(block.begun(), 2);
    }

    #[tokio::test]
    async fn what_nobody_begins_is_an_error_and_what_was_not_due_is_nothing() {
        let block = Arc::new(block(&[(0, 0), (10, 0), (900, 0), (950, 1)]));
        let lag = SharedHistogram::default();
        block.release(0);
        block.release(0);
        block.claim(0, 0.0, &lag).await.unwrap();
        assert_eq!(
            block.close(&[0, 1], Duration::from_secs(1)),
            1,
            "the second arrival of flow 0 was due; the others were not"
        );
        assert!(block.claim(0, 0.0, &lag).await.is_none());
        assert!(block.claim(1, 0.0, &lag).await.is_none());
        let totals = block.recorder.finish();
        assert_eq!(totals.steps[0].errors[error_index("unsent")], 1);
        assert_eq!(totals.steps[0].response.quantiles().unwrap().max / 1_000, 990);
        assert_eq!(totals.steps[1].requests, 0);
    }

    #[tokio::test]
    async fn who_releases_after_the_block_was_closed_takes_no_user_with_it() {
        let block = Arc::new(block(&[(0, 0), (10, 0)]));
        let waiting = tokio::spawn({
            let block = block.clone();
            async move { block.claim(0, 0.0, &SharedHistogram::default()).await.is_none() }
        });
        tokio::task::yield_now().await;
        block.close(&[0, 1], Duration::from_secs(1));
        block.release(0);
        assert!(tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("it is sent away").unwrap());
    }

    #[tokio::test]
    async fn what_nobody_began_in_a_block_that_was_cut_short_waited_until_then() {
        let block = block(&[(100, 0)]);
        block.release(0);
        assert_eq!(block.close(&[0, 1], Duration::from_millis(300)), 1);
        assert_eq!(block.recorder.finish().steps[0].response.quantiles().unwrap().max / 1_000, 200);
    }

    #[tokio::test]
    async fn a_user_that_waits_when_the_block_is_cut_short_is_sent_away() {
        let block = Arc::new(block(&[(900, 0)]));
        let waiting = tokio::spawn({
            let block = block.clone();
            async move { block.claim(0, 0.0, &SharedHistogram::default()).await.is_none() }
        });
        tokio::task::yield_now().await;
        block.close(&[0, 1], Duration::from_secs(1));
        assert!(waiting.await.unwrap());
        block.drain(Instant::now(), Instant::now());
        assert!(block.wait_idle(Instant::now()), "nobody is left in the block");
    }

    fn ramp(length: Duration) -> Block {
        let info = BlockInfo { length, ..block(&[]).info };
        let users = Profile::ramp(0.0, [(length / 2, 2.0), (length / 2, 2.0)]);
        Block::closed(info, BlockRecorder::new(1, Duration::ZERO, length), 1, users)
    }

    #[tokio::test]
    async fn users_of_a_ramp_begin_one_after_the_other_when_their_turn_has_come() {
        let block = ramp(Duration::from_millis(400));
        let lag = SharedHistogram::default();
        let began = async |rank| block.claim(0, rank, &lag).await.map(|claim| claim.due - block.info.start);
        let (second, first) = tokio::join!(began(1.5), began(0.5));
        assert!(first.unwrap() >= Duration::from_millis(50), "a quarter of the way up: {first:?}");
        assert!(second.unwrap() >= Duration::from_millis(150), "three quarters: {second:?}");
        assert!(second > first);
    }

    #[tokio::test]
    async fn a_user_whose_turn_never_comes_and_one_that_pauses_go_when_the_block_is_closed() {
        let block = Arc::new(ramp(Duration::from_hours(1)));
        let waiting = tokio::spawn({
            let block = block.clone();
            async move { block.claim(0, 2.5, &SharedHistogram::default()).await.is_none() }
        });
        let pausing = tokio::spawn({
            let block = block.clone();
            async move { block.pause(Duration::from_hours(1)).await }
        });
        tokio::task::yield_now().await;
        block.close(&[0], Duration::from_secs(1));
        assert!(waiting.await.unwrap());
        pausing.await.unwrap();
        block.pause(Duration::from_hours(1)).await;
    }
}
