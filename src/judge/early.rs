//! Whether a gate is past saving while the load still goes on: more load would not make a pass of it then.
//!
//! What counts is told as it comes in, and held against the gates by what [`super::judge`] will hold against them. A rate
//! that is compared with its limit every second crosses it by chance sooner or later; shares are held against theirs by an
//! e-process, which does so in one run of a thousand at most (`statistics::Evidence`). A share of the pool's samples may come
//! back to within its limit as long as there is load to come: it is past saving once what is left cannot bring it back. Counts
//! never fall. Of differences those count that were breaking after several pairs, each time seen anew: what the baseline has
//! not answered so far it may answer yet.

use super::gates::must_be_zero;
use super::shares::is_used_up;
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Quantity, Subject};
use crate::record::load::{Cause, EarlyStop};
use crate::role::Role;
use crate::statistics::{Evidence, Window};

/// Length of a window of pool samples, in ms.
const WINDOW_MS: u64 = 1_000;
/// Most differences that are named.
const MOST_NAMED: usize = 5;

/// What the candidate's pool was like at one moment, as far as it is known.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct PoolLook {
    /// Since the start of the run.
    pub at_ms: u64,
    /// Connections in use.
    pub used: Option<f64>,
    /// Most that the pool opens.
    pub max: Option<f64>,
    /// Requests that wait for one.
    pub pending: Option<f64>,
    /// Waits given up since the look before.
    pub timeouts: u64,
}

/// What speaks against the gates so far.
#[derive(Debug, Clone)]
pub struct Outlook {
    charges: Vec<Charge>,
    /// Measured part of the candidate's block: its start and its length.
    block: Option<(u64, u64)>,
    /// Start of the first one.
    first_ms: Option<u64>,
    /// Window of pool samples that is under way.
    window: (u64, Window),
    seconds: u64,
}

/// A gate, and what speaks against it.
#[derive(Debug, Clone)]
struct Charge {
    gate: Gate,
    limit: f64,
    against: Against,
}

#[derive(Debug, Clone)]
enum Against {
    Failures {
        evidence: Evidence,
        total: Window,
    },
    /// `planned`: samples that there will be in all.
    Saturation {
        evidence: Evidence,
        total: Window,
        planned: f64,
    },
    Timeouts(u64),
    Differences {
        pairs: u64,
        lasting: Vec<String>,
    },
}

impl Outlook {
    /// Nothing seen yet. `pool_samples`: how many samples of the candidate's pool there will be at most, in measured time.
    pub fn new(gates: &[Gate], pool_samples: f64) -> Self {
        let implied =
            [(Subject::Side(Role::Candidate), Quantity::PoolTimeouts), (Subject::Parity, Quantity::ParityLoadBreaking)];
        let is_written = |quantity| gates.iter().any(|gate| gate.metric.quantity == quantity);
        let missing = implied.into_iter().filter(|(_, quantity)| !is_written(*quantity));
        let missing = missing.map(|(subject, quantity)| must_be_zero(subject, quantity));
        let charges = gates.iter().cloned().chain(missing).filter_map(|gate| charge(gate, pool_samples));
        Self { charges: charges.collect(), block: None, first_ms: None, window: (0, Window::default()), seconds: 0 }
    }

    /// A block of the candidate begins; `start_ms` and `length_ms` are of its measured part, since the start of the run.
    pub fn block(&mut self, start_ms: u64, length_ms: u64) {
        self.close_window();
        self.first_ms.get_or_insert(start_ms);
        self.block = Some((start_ms, length_ms));
    }

    /// Requests of the candidate that ended in about a second.
    pub fn requests(&mut self, window: Window) {
        if window.all == 0 {
            return;
        }
        self.seconds += 1;
        for charge in &mut self.charges {
            if let Against::Failures { evidence, total } = &mut charge.against {
                *total = sum(*total, window);
                evidence.observe(window.hits as f64 / window.all as f64);
            }
        }
    }

    /// A look at the candidate's pool; looks come in order.
    pub fn pool(&mut self, look: PoolLook) {
        if self.first_ms.is_none_or(|first| look.at_ms <= first) {
            return;
        }
        for charge in &mut self.charges {
            if let Against::Timeouts(count) = &mut charge.against {
                *count += look.timeouts;
            }
        }
        let Some((start, length)) = self.block else { return };
        let Some(since) = look.at_ms.checked_sub(start).filter(|since| *since < length) else { return };
        let Some(is_used_up) = is_used_up(look.used, look.max, look.pending) else { return };
        if since / WINDOW_MS != self.window.0 {
            self.close_window();
            self.window.0 = since / WINDOW_MS;
        }
        self.window.1 = sum(self.window.1, Window { all: 1, hits: u64::from(is_used_up) });
    }

    /// What is breaking after so many pairs of blocks, and was shown anew again and again.
    pub fn differences(&mut self, pairs: u64, found: &[String]) {
        for charge in &mut self.charges {
            if let Against::Differences { pairs: seen, lasting } = &mut charge.against {
                *seen = pairs;
                *lasting = found.to_vec();
            }
        }
    }

    /// Every gate that no more load would make a pass of. `at_ms`: the time, since the start of the run.
    pub fn past_saving(&self, at_ms: u64) -> impl Iterator<Item = EarlyStop> {
        let charges = self.charges.iter().filter(|charge| charge.is_past_saving());
        charges.map(move |charge| charge.stop(self.seconds, at_ms))
    }

    fn close_window(&mut self) {
        let window = std::mem::take(&mut self.window.1);
        if window.all == 0 {
            return;
        }
        for charge in &mut self.charges {
            if let Against::Saturation { evidence, total, .. } = &mut charge.against {
                *total = sum(*total, window);
                evidence.observe(window.hits as f64 / window.all as f64);
            }
        }
    }
}

/// `None`: it is not known before the end whether the gate can be met.
fn charge(gate: Gate, pool_samples: f64) -> Option<Charge> {
    let Limit::Literal(limit) = gate.limit else { return None };
    let is_at_most = matches!(gate.comparison, Comparison::Less | Comparison::LessOrEqual);
    let is_count = is_at_most || gate.comparison == Comparison::Equal;
    let (evidence, total) = (Evidence::new(limit), Window::default());
    let against = match (gate.metric.subject, gate.metric.quantity) {
        _ if gate.metric.scope.is_some() => return None,
        (Subject::Side(Role::Candidate), Quantity::ErrorRate) if is_at_most => Against::Failures { evidence, total },
        (Subject::Side(Role::Candidate), Quantity::PoolSaturatedShare) if is_at_most => {
            Against::Saturation { evidence, total, planned: pool_samples }
        }
        (Subject::Side(Role::Candidate), Quantity::PoolTimeouts) if is_count => Against::Timeouts(0),
        (Subject::Parity, Quantity::ParityLoadBreaking) if is_count => {
            Against::Differences { pairs: 0, lasting: Vec::new() }
        }
        _ => return None,
    };
    Some(Charge { gate, limit, against })
}

impl Charge {
    fn is_past_saving(&self) -> bool {
        let is_over = |count: u64| {
            let count = count as f64;
            count >= self.limit && !self.gate.comparison.holds(count, self.limit)
        };
        match &self.against {
            Against::Failures { evidence, .. } => evidence.is_enough(),
            Against::Saturation { evidence, total, planned } => {
                let all = planned.max(total.all as f64);
                evidence.is_enough() && !self.gate.comparison.holds(total.hits as f64 / all, self.limit)
            }
            Against::Timeouts(count) => is_over(*count),
            Against::Differences { lasting, .. } => is_over(lasting.len() as u64),
        }
    }

    fn stop(&self, seconds: u64, at_ms: u64) -> EarlyStop {
        let (cause, observed, against) = match &self.against {
            Against::Failures { total, .. } => (Cause::Failures, total.all, total.hits),
            Against::Saturation { total, .. } => (Cause::PoolSaturation, total.all, total.hits),
            Against::Timeouts(count) => (Cause::PoolTimeouts, 0, *count),
            Against::Differences { pairs, lasting } => (Cause::LoadParity, *pairs, lasting.len() as u64),
        };
        let examples = match &self.against {
            Against::Differences { lasting, .. } => lasting.iter().take(MOST_NAMED).cloned().collect(),
            _ => Vec::new(),
        };
        let (gate, limit) = (self.gate.source.clone(), self.limit);
        EarlyStop { gate, limit, cause, at_ms, seconds, observed, against, examples }
    }
}

const fn sum(one: Window, other: Window) -> Window {
    Window { all: one.all + other.all, hits: one.hits + other.hits }
}
