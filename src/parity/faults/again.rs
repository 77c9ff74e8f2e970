//! How a person sees a difference under a fault again: the probe as a request, and in words what is done meanwhile.

use std::sync::Mutex;

use super::answers::{Outcome, response};
use crate::compare::Comparator;
use crate::http::Origin;
use crate::plan::{Fault, Faults};
use crate::record::parity::Parity;
use crate::record::reproduce::{Again, FailingCase};
use crate::reproduce::diff;
use crate::role::{Pair, Role};
use crate::step::{PreparedFlow, PreparedStep, Reproducer, answer};
use crate::tally::Tally;

/// Writes failing cases for what differs under faults.
pub(super) struct Rehearsal {
    reproducer: Mutex<Reproducer>,
    lock: Option<String>,
}

/// A probe as it was sent, and what came of it.
pub(super) struct Sending<'a> {
    pub(super) step: &'a PreparedStep,
    /// The number of the request, from which the values follow that it draws.
    pub(super) number: u64,
    pub(super) outcomes: Pair<&'a Outcome>,
}

impl Rehearsal {
    pub(super) fn new(reproducer: Reproducer, faults: &Faults) -> Self {
        Self { reproducer: Mutex::new(reproducer), lock: faults.lock.clone() }
    }

    /// Gives the differences that were found last their failing case.
    pub(super) fn give(
        &self,
        fault: Fault,
        (probe, sending): (&PreparedFlow, &Sending<'_>),
        (comparator, origins): (&Comparator, &Pair<Origin>),
        tally: &mut Tally,
    ) {
        if !tally.needs_case() {
            return;
        }
        let Ok(mut reproducer) = self.reproducer.lock() else { return };
        let mut trace = reproducer.begin('f', sending.number, probe);
        reproducer.add(&mut trace, probe, sending.step);
        let flow = format!("fault {fault}");
        let mask = |place: &str, value: &str| tally.mask(place, value);
        let lines = |role: Role| {
            let answer = answer(response(sending.outcomes.get(role))?, &origins.get(role).base_url);
            Some(comparator.lines(&flow, &sending.step.name, &answer, false, &mask))
        };
        let diff = lines(Role::Baseline).zip(lines(Role::Candidate)).map(|(one, other)| diff(&one, &other));
        let case = reproducer.case(&trace, &flow, &sending.step.name, diff);
        tally.give_case(Some(self.about(fault, case)));
    }

    /// The same for what no single request shows: what a fault leaves behind.
    pub(super) fn give_without_request(&self, fault: Fault, step: &str, tally: &mut Tally) {
        let case = FailingCase {
            flow: format!("fault {fault}"),
            step: step.to_owned(),
            requests: Vec::new(),
            diff: String::new(),
            diff_left_out: 0,
            about: None,
            queries: Pair::default(),
            again: Again::Verify,
        };
        tally.give_case(Some(self.about(fault, case)));
    }

    fn about(&self, fault: Fault, case: FailingCase) -> FailingCase {
        let about = how(fault, self.lock.as_deref(), "the last request");
        FailingCase { about: Some(about), again: Again::Verify, ..case }
    }

    /// What was done, for whoever sends all probes while it is so.
    pub(super) fn how(&self, fault: Fault) -> String {
        how(fault, self.lock.as_deref(), "the first request")
    }

    /// All probes, for a shell.
    pub(super) fn probes(&self, probe: &PreparedFlow) -> Vec<String> {
        let Ok(mut reproducer) = self.reproducer.lock() else { return Vec::new() };
        let mut trace = reproducer.begin('f', 0, probe);
        for step in &probe.steps {
            reproducer.add(&mut trace, probe, step);
        }
        reproducer.lines(&trace)
    }

    /// What else a person needs.
    pub(super) fn finish(self, parity: &mut Parity) {
        if let Ok(reproducer) = self.reproducer.into_inner() {
            reproducer.finish(&mut parity.reproduction);
        }
    }
}

/// What is done while requests are sent, in words that a person can act upon; `from`: the first that is sent meanwhile.
fn how(fault: Fault, lock: Option<&str>, from: &str) -> String {
    let table = lock.unwrap_or("the table");
    let locked = format!(
        "in another session `BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE` (SQLite: `BEGIN EXCLUSIVE`) and stay there"
    );
    match fault {
        Fault::UniqueViolation | Fault::StaleIfMatch => "it is a step of the flows".to_owned(),
        Fault::StatementTimeout => format!("before {from}, {locked} until all is answered"),
        Fault::PoolExhausted => format!(
            "before {from}, {locked}, and send it as many times at once as the pool has connections and once more"
        ),
        Fault::ClientGone => {
            format!("before {from}, {locked}, send it three times and break off with Ctrl-C, then roll back")
        }
        Fault::ConnectionsCut => format!(
            "reset all connections of the side to its database and send {from}; or {locked}, send it, and reset them while \
             it waits"
        ),
        Fault::DatabaseSlow => "hold up all that goes to the database and comes from it for 250 ms".to_owned(),
        Fault::DatabaseHalfOpen => format!(
            "before {from}, hold up all that goes to the database and comes from it until all is answered (stop its \
             processes with SIGSTOP)"
        ),
        Fault::DatabaseStopped => format!("before {from}, stop the database server (`pg_ctl stop -m fast`)"),
    }
}
