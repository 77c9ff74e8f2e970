//! Gates as written: a metric, a comparison and a limit.
//!
//! Limits and observed values are in base units: times in µs, shares as fractions of one, rates per second, sizes in
//! bytes. [`Quantity::unit`] says which.

mod parser;
mod quantity;

use std::fmt;

pub use quantity::{Quantity, Unit};

use crate::role::Role;

/// Why a text is no gate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct GateError {
    /// Byte of the text at which the wrong part begins.
    pub offset: usize,
    /// Bytes of the wrong part.
    pub len: usize,
    /// What is wrong with it.
    pub message: String,
    /// What to write instead, as a sentence: "did you mean `p95`?".
    pub suggestion: Option<String>,
}

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
    /// Of the two databases, after the replay and after the load.
    State,
}

impl Gate {
    /// Reads a gate such as `candidate.p95 <= baseline.p95 * 1.25 + 2ms for browse`.
    ///
    /// A gate is a metric, a comparison and a limit, and perhaps `for FLOW` or `for FLOW/STEP`, which then holds for
    /// both metrics. k6's `p(95)<500` means `candidate.p95 < 500ms`.
    pub fn parse(source: &str) -> Result<Self, GateError> {
        parser::parse(source)
    }

    /// The metrics that must have been measured to judge this gate.
    pub fn metrics(&self) -> impl Iterator<Item = &Metric> {
        let followed = match &self.limit {
            Limit::Relative { metric, .. } => Some(metric),
            Limit::Literal(_) => None,
        };
        std::iter::once(&self.metric).chain(followed)
    }

    /// The gate with this side where it speaks of the candidate, and the other one where it speaks of the baseline. It is
    /// spelled as it was.
    #[must_use]
    pub fn about(mut self, role: Role) -> Self {
        let turned = |metric: &mut Metric| {
            if let (Subject::Side(side), Role::Baseline) = (metric.subject, role) {
                metric.subject = Subject::Side(side.other());
            }
        };
        turned(&mut self.metric);
        if let Limit::Relative { metric, .. } = &mut self.limit {
            turned(metric);
        }
        self
    }
}

impl Comparison {
    /// As gates spell it.
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Equal => "==",
        }
    }

    /// Whether a value meets a limit.
    #[allow(clippy::float_cmp)] // `== 0` is a rule that people write, and counts are whole
    pub fn holds(self, value: f64, limit: f64) -> bool {
        match self {
            Self::Less => value < limit,
            Self::LessOrEqual => value <= limit,
            Self::Greater => value > limit,
            Self::GreaterOrEqual => value >= limit,
            Self::Equal => value == limit,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sign())
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl fmt::Display for Metric {
    /// `candidate.p95`, without the scope.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.subject.name(), self.quantity.name())
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.flow)?;
        self.step.as_ref().map_or(Ok(()), |step| write!(f, "/{step}"))
    }
}

impl Subject {
    /// As gates spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Side(role) => role.name(),
            Self::Parity => "parity",
            Self::State => "state",
        }
    }
}

#[cfg(test)]
mod tests;
