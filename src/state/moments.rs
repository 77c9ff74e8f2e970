//! The moments of a run at which the databases are compared, one after the other.

use std::time::Duration;

use super::error::StateError;
use super::look::Seen;
use super::moment::Moment;
use super::{Comparison, before, connect, each};
use crate::compare::rows::RowRules;
use crate::record::state::Look;
use crate::role::{Pair, Role};

/// Between two looks at whether a database has come to rest.
const REST_EVERY: Duration = Duration::from_millis(200);

/// What the load left undone, so that the databases may differ without anybody's fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undone {
    /// Arrivals that failed, were cut off, went out twice, or were answered otherwise on the two sides.
    pub arrivals: u64,
    /// How far apart the two sides were loaded: times that both wrote may differ by as much.
    pub apart: Duration,
}

/// A fault that is over.
#[derive(Debug, Clone)]
pub struct AfterFault<'a> {
    /// Under which its answers are told: `fault NAME`.
    pub name: &'a str,
    /// What was done, in words that a person can act upon.
    pub about: String,
    /// Requests that were let pass although they were answered otherwise on the two sides.
    pub let_pass: u64,
    /// How long the databases may take to come to rest.
    pub patience: Duration,
}

impl Comparison {
    /// Looks at the databases after a flow of the replay. With `whole`, at their schemas too.
    pub async fn look(&mut self, after: &str, whole: bool) {
        self.look_at(Moment::of_replay(after, whole)).await;
    }

    /// Looks at the databases before the first fault.
    pub async fn before_faults(&mut self) {
        // Where sequences stand after a fault says whether what was refused had taken a number, which depends on the moment.
        self.grounds.counts = false;
        self.look_at(Moment::before("faults")).await;
    }

    /// Looks at the databases after a fault, once nothing moves in them any more or the patience is over. Faults are made
    /// one after the other on the same databases, so what one leaves behind undone explains rows after the next as well.
    pub async fn after_fault(&mut self, fault: AfterFault<'_>) {
        let AfterFault { name, about, let_pass, patience } = fault;
        self.grounds.undone += let_pass;
        self.look_at(Moment::after_fault(name, about, patience)).await;
    }

    /// Looks at the databases before the load, and keeps what tells afterwards which side changed a row.
    pub async fn before_load(&mut self) {
        self.look_at(Moment::before("load")).await;
        let baseline = &mut self.readers.baseline;
        match before::read(baseline, &self.tables).await.map_err(StateError::of(Role::Baseline)) {
            Ok(before) => self.grounds.before = Some(before),
            Err(error) => self.fail("before the load", &error),
        }
    }

    /// Looks at the databases after the load, once nothing moves in them any more or `patience` is over.
    pub async fn after_load(&mut self, undone: Undone, patience: Duration) {
        // Where sequences stand after a load says how often something was refused, and in which order.
        self.grounds.counts = false;
        self.grounds.undone = undone.arrivals;
        self.grounds.rules = RowRules::new(&self.compare, undone.apart);
        self.look_at(Moment::after_load(patience)).await;
    }

    /// One look. A connection that was lost is made again once.
    async fn look_at(&mut self, moment: Moment) {
        self.ledger.begin(moment.clone());
        let breaking = self.ledger.state.breaking;
        let mut outcome = self.at_rest(&moment).await;
        if matches!(&outcome, Err(StateError::Side { .. })) {
            outcome = match connect(&self.urls).await {
                Ok(readers) => {
                    self.readers = readers;
                    self.at_rest(&moment).await
                }
                Err(error) => Err(error),
            };
        }
        match outcome {
            Ok(seen) => self.seen(moment, seen, breaking),
            Err(error) => self.fail(&moment.after, &error),
        }
    }

    async fn at_rest(&mut self, moment: &Moment) -> Result<Seen, StateError> {
        if let Some(patience) = moment.patience {
            self.rest(patience).await?;
        }
        self.view(moment.whole).await
    }

    fn seen(&mut self, Moment { phase, after, .. }: Moment, seen: Seen, breaking: u64) {
        let state = &mut self.ledger.state;
        (state.tables, state.rows) = (seen.tables, seen.rows);
        state.compared += seen.compared;
        state.compared_by_row += seen.by_row;
        state.looks.push(Look {
            phase: phase.to_owned(),
            after,
            tables: seen.tables,
            rows: seen.rows,
            compared_by_row: seen.by_row,
            breaking: state.breaking - breaking,
            explained_by: self.grounds.undone,
        });
    }

    fn fail(&mut self, after: &str, error: &StateError) {
        let mut text = format!("after {after}: {error}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.ledger.state.failure.get_or_insert(text);
    }

    /// Waits until two looks in a row see neither a session that does something nor a change.
    async fn rest(&mut self, patience: Duration) -> Result<(), StateError> {
        let wait = async {
            let mut last = None;
            loop {
                let Pair { baseline, candidate } = &mut self.readers;
                let (baseline, candidate) = each(baseline.activity(), candidate.activity()).await?;
                let is_idle = baseline.0 == 0 && candidate.0 == 0;
                let now = is_idle.then_some((baseline.1, candidate.1));
                if now.is_some() && now == last {
                    return Ok(());
                }
                last = now;
                tokio::time::sleep(REST_EVERY).await;
            }
        };
        // What does not come to rest is compared as it is.
        tokio::time::timeout(patience, wait).await.unwrap_or(Ok(()))
    }
}
