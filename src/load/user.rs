//! A virtual user: claims an iteration, does its steps one after the other, records each.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::block::{self, Block, Claim};
use super::parity::Notes;
use super::recorder::{Sample, error_index};
use super::{PHASE, Rig};
use crate::clock::micros_between;
use crate::http::{Connection, Keep, Limits};
use crate::role::Pair;
use crate::step::{Done, Session, perform};

/// What users are to do now.
#[derive(Clone)]
pub(super) enum Stage {
    /// The next block is not ready.
    Waiting,
    /// This block is under way.
    Block(Arc<Block>),
    /// The load phase is over.
    Over,
}

/// One virtual user.
pub(super) struct VirtualUser {
    rig: Arc<Rig>,
    flow: usize,
    stages: watch::Receiver<Stage>,
    connections: Pair<Option<Connection>>,
    /// Of the iteration that is under way.
    session: Session,
    underway: Option<Iteration>,
    /// How many users must have begun before this one does, once it has its seat.
    rank: Option<f64>,
}

/// One iteration of the flow. However it ends, the block is told.
struct Iteration {
    block: Arc<Block>,
    /// Number of the iteration whose drawn values it has.
    number: u64,
    due: Instant,
    /// What is noted of its answers, if they are compared.
    notes: Option<Notes>,
    is_whole: bool,
}

impl Drop for Iteration {
    fn drop(&mut self) {
        if let (Some(sample), Some(notes)) = (&self.block.sample, self.notes.take()) {
            sample.end(notes, self.is_whole);
        }
        self.block.leave();
    }
}

/// How long a user tries to open its connections beforehand. One that comes to nothing is left to the first request.
const SEATING: Duration = Duration::from_secs(5);

/// Whether a user goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// There may be more to do.
    Continue,
    /// The load phase is over.
    Over,
}

impl VirtualUser {
    /// A user of one flow.
    pub(super) fn new(rig: Arc<Rig>, flow: usize, stages: watch::Receiver<Stage>) -> Self {
        let limits = Limits::within(rig.timeout);
        let connections =
            Pair::from_fn(|role| rig.origins.get(role).as_ref().map(|origin| Connection::new(origin.clone(), limits)));
        let session = Session::new(rig.seed, PHASE, 0, &[], rig.flows[flow].variables);
        Self { rig, flow, stages, connections, session, underway: None, rank: None }
    }

    /// Does step number `step` of the flow. The first step waits for an iteration to begin; the others are skipped
    /// where the iteration has failed.
    pub(super) async fn step(&mut self, step: usize) -> Next {
        if step == 0 && self.begin().await == Next::Over {
            return Next::Over;
        }
        if self.underway.as_ref().is_some_and(|iteration| step > 0 && iteration.block.is_abandoned()) {
            self.underway = None;
        }
        if let Some(iteration) = self.underway.take() {
            let last = step + 1 == self.rig.flows[self.flow].steps.len();
            let pause = self.rig.pause(self.flow, step, iteration.number).map(|pause| (pause, iteration.block.clone()));
            let iteration = self.perform(iteration, step).await;
            self.underway = iteration.filter(|_| !last);
            if let Some((pause, block)) = pause
                && (self.underway.is_some() || block.is_closed_model())
            {
                block.pause(pause).await;
                if let Some(iteration) = &mut self.underway {
                    iteration.due = Instant::now();
                }
            }
        }
        Next::Continue
    }

    /// A user of the same flow that has done nothing yet. After a panic it takes the place, and the seat, of the one
    /// that panicked, whose iteration is over and whose connections are in an unknown state.
    pub(super) fn fresh(&self) -> Self {
        Self { rank: self.rank, ..Self::new(self.rig.clone(), self.flow, self.stages.clone()) }
    }

    /// Takes the seat: opens the connections, so that no measured request has to.
    async fn sit_down(&mut self) {
        let open = async |connection: &mut Option<Connection>| {
            if let Some(connection) = connection {
                connection.open(SEATING).await;
            }
        };
        let Pair { baseline, candidate } = &mut self.connections;
        tokio::join!(open(baseline), open(candidate));
        self.rank = Some(self.rig.rank(self.flow));
        self.rig.seated.fetch_add(1, Ordering::SeqCst);
    }

    /// Waits for an iteration.
    async fn begin(&mut self) -> Next {
        if self.rank.is_none() {
            self.sit_down().await;
        }
        let rank = self.rank.unwrap_or_default();
        loop {
            let stage = self.stages.borrow_and_update().clone();
            match stage {
                Stage::Over => return Next::Over,
                Stage::Waiting => {}
                Stage::Block(block) => {
                    if let Some(claim) = block.claim(self.flow, rank, &self.rig.lag).await {
                        self.underway = Some(self.iteration(block, claim));
                        return Next::Continue;
                    }
                }
            }
            if self.stages.changed().await.is_err() {
                return Next::Over;
            }
        }
    }

    fn iteration(&mut self, block: Arc<Block>, claim: Claim) -> Iteration {
        let number = |pair| block::iteration(pair, claim.arrival);
        let drawn_as = number(block.info.repeats);
        let login = self.rig.logins.get(block.info.side);
        self.session.begin_again(number(block.info.pair), drawn_as, login);
        let notes = block.sample.as_ref().map(|sample| sample.begin(claim.arrival));
        Iteration { block, number: drawn_as, due: claim.due, notes, is_whole: false }
    }

    /// Does a step of an iteration; gives the iteration back if it can go on.
    async fn perform(&mut self, mut iteration: Iteration, step: usize) -> Option<Iteration> {
        let flow = &self.rig.flows[self.flow];
        let connection = self.connections.get_mut(iteration.block.info.side).as_mut()?;
        let keep = iteration.notes.as_ref().map_or(Keep::Length, Notes::keep);
        let done = perform(connection, &flow.steps[step], &mut self.session, keep).await;
        let number = self.rig.first_steps[self.flow] + step;
        let Ok(done) = done else {
            iteration.block.recorder.record(&unrendered(number, &iteration));
            return None;
        };
        iteration.block.recorder.record(&sample(number, &iteration, &done));
        if let Some(unread) = done.exchange.unread() {
            self.rig.unread.record(u64::try_from(unread.as_micros()).unwrap_or(u64::MAX));
        }
        let at_s = done.exchange.done.saturating_duration_since(iteration.block.info.start).as_secs() as u32;
        if let Some(notes) = &mut iteration.notes {
            notes.note(number, at_s, self.rig.changes[number], &done);
        }
        iteration.is_whole = done.problem.is_none() && step + 1 == flow.steps.len();
        // The next step is due the moment this one's answer is there to go on from.
        iteration.due = done.exchange.read;
        done.problem.is_none().then_some(iteration)
    }
}

fn sample(step: usize, iteration: &Iteration, done: &Done) -> Sample {
    let exchange = &done.exchange;
    Sample {
        step,
        due: iteration.due.saturating_duration_since(iteration.block.info.start),
        response_us: micros_between(iteration.due, exchange.done),
        service_us: Some(micros_between(exchange.sent, exchange.done)),
        status: exchange.outcome.as_ref().ok().map(|response| response.status),
        error: done.problem.as_ref().map(|problem| error_index(problem.kind())),
        reconnected: exchange.reconnected,
        resent: exchange.resent,
    }
}

/// A request that could not be made from the values at hand.
fn unrendered(step: usize, iteration: &Iteration) -> Sample {
    Sample {
        step,
        due: iteration.due.saturating_duration_since(iteration.block.info.start),
        response_us: micros_between(iteration.due, Instant::now()),
        service_us: None,
        status: None,
        error: Some(error_index("capture")),
        reconnected: false,
        resent: false,
    }
}
