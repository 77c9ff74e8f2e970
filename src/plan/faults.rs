//! What is done to the databases and connections on purpose, and which requests show how the sides take it.

use std::time::Duration;

use super::Flow;

/// Something that goes wrong in real life, done to both sides at the same moment in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A row that a unique constraint refuses.
    UniqueViolation,
    /// A change under an `If-Match` that is no longer true.
    StaleIfMatch,
    /// A lock that is held for longer than a statement may take.
    StatementTimeout,
    /// So many requests wait for a lock that no connection is left for the next one.
    PoolExhausted,
    /// Clients that close their connection while their request is worked on.
    ClientGone,
    /// Connections to the database are reset: idle ones, then one on which a statement runs.
    ConnectionsCut,
    /// The database takes a while and goes on, within every limit.
    DatabaseSlow,
    /// The database says nothing more, and its connections stay open.
    DatabaseHalfOpen,
    /// The database is stopped and started again.
    DatabaseStopped,
}

impl Fault {
    /// All, in the order in which they are done: what disturbs most comes last.
    pub const ALL: [Self; 9] = [
        Self::UniqueViolation,
        Self::StaleIfMatch,
        Self::StatementTimeout,
        Self::PoolExhausted,
        Self::ClientGone,
        Self::ConnectionsCut,
        Self::DatabaseSlow,
        Self::DatabaseHalfOpen,
        Self::DatabaseStopped,
    ];

    /// Their names in the same order.
    pub const NAMES: [&'static str; 9] = [
        "unique-violation",
        "stale-if-match",
        "statement-timeout",
        "pool-exhausted",
        "client-gone",
        "connections-cut",
        "database-slow",
        "database-half-open",
        "database-stopped",
    ];

    /// As plans and reports spell it.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The fault of a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.name() == name)
    }

    /// Whether requests have to wait for a lock that the harness holds.
    pub const fn needs_lock(self) -> bool {
        matches!(self, Self::StatementTimeout | Self::PoolExhausted | Self::ClientGone | Self::ConnectionsCut)
    }

    /// Whether a step of the flows is the fault itself, and nothing has to be done to make it happen.
    pub const fn is_a_step(self) -> bool {
        matches!(self, Self::UniqueViolation | Self::StaleIfMatch)
    }
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Which faults are done, and what shows how the sides take them.
#[derive(Debug, Clone)]
pub struct Faults {
    /// Without repetition, in the order of [`Fault::ALL`].
    pub inject: Vec<Fault>,
    /// Requests that are sent during each fault and after it. Each stands alone; at least one is a `GET`. The first has
    /// to wait for the lock.
    pub probe: Flow,
    /// The table that is locked.
    pub lock: Option<String>,
    /// The step that meets a unique constraint: flow and step.
    pub unique_violation: Option<(String, String)>,
    /// The step whose `If-Match` is stale.
    pub stale_if_match: Option<(String, String)>,
    /// How long a side may take to be as before once a fault is over.
    pub recovery: Duration,
}

impl Faults {
    /// The step that is a fault itself.
    pub const fn step_of(&self, fault: Fault) -> Option<&(String, String)> {
        match fault {
            Fault::UniqueViolation => self.unique_violation.as_ref(),
            Fault::StaleIfMatch => self.stale_if_match.as_ref(),
            _ => None,
        }
    }

    /// What this plan lacks for a fault, as a sentence; `None`: nothing.
    pub fn lacks(&self, fault: Fault) -> Option<String> {
        if fault.is_a_step() && self.step_of(fault).is_none() {
            let key = fault.name().replace('-', "_");
            return Some(format!("`{fault}` needs `{key}: FLOW/STEP`, the step that meets it"));
        }
        if fault.needs_lock() && self.lock.is_none() {
            return Some(format!("`{fault}` needs `lock: TABLE`, the table that the first probe waits for"));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;

    #[test]
    fn names_and_faults_are_in_the_same_order() {
        for (fault, name) in Fault::ALL.into_iter().zip(Fault::NAMES) {
            assert_eq!((fault.name(), Fault::parse(name)), (name, Some(fault)));
        }
    }
}
