//! Gates as written: a metric, a comparison and a limit.
//!
//! Limits and observed values are in base units: times in µs, shares as fractions of one, rates per second, sizes in
//! bytes. [`Quantity::unit`] says which.

use crate::role::Role;

/// One rule with a limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// As it was written.
    pub source: String,
    /// What is looked at.
    pub metric: Metric,
    /// How it is compared.
    pub comparison: Comparison,
    /// What with.
    pub limit: Limit,
}

/// How a metric is compared with its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `==`
    Equal,
}

/// What a metric is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Limit {
    /// A number in base units.
    Literal(f64),
    /// `metric * factor + slack`, slack in base units.
    Relative {
        /// The metric that the limit follows.
        metric: Metric,
        /// What it is multiplied by.
        factor: f64,
        /// What is added.
        slack: f64,
    },
}

/// One figure of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Whose figure.
    pub subject: Subject,
    /// Which figure.
    pub quantity: Quantity,
    /// Only for this flow, or for this step of it; `None`: all steps together.
    pub scope: Option<Scope>,
}

/// A flow, or one step of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: Option<String>,
}

/// Whose figure a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// One side's, from the load phase.
    Side(Role),
    /// Of the parity phase.
    Parity,
}

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Quantile of the response time, 0 to 1: `p95`, `p99.9`.
    ResponseTime(f64),
    /// Largest response time: `max`.
    ResponseTimeMax,
    /// Mean response time: `mean`.
    ResponseTimeMean,
    /// Quantile of the service time: `service.p95`.
    ServiceTime(f64),
    /// Requests that were counted.
    Requests,
    /// Requests that failed, and arrivals that were never sent.
    Errors,
    /// Errors ÷ requests.
    ErrorRate,
    /// Successful requests per second of measured time.
    Throughput,
    /// Processor time ÷ wall time; 1 is one core.
    Cpu,
    /// Resident memory, largest.
    Rss,
    /// Connections in use, mean over samples.
    PoolUsedMean,
    /// Connections in use, largest sample.
    PoolUsedMax,
    /// Requests waiting for a connection, largest sample.
    PoolPendingMax,
    /// Waits for a connection that were given up.
    PoolTimeouts,
    /// Quantile of the wait for a connection.
    PoolWait(f64),
    /// Share of samples with every connection in use and a request waiting.
    PoolSaturatedShare,
    /// Requests replayed on both sides.
    ParityRequests,
    /// Answers compared.
    ParityCompared,
    /// Breaking differences.
    ParityBreaking,
    /// Representation differences.
    ParityRepresentation,
}

/// The unit a quantity is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// µs
    Microseconds,
    /// A fraction of one, shown as a percentage
    Share,
    /// Things per second
    PerSecond,
    /// A number of things
    Count,
    /// Bytes
    Bytes,
}
