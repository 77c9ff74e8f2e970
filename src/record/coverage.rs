//! Which promises of the contract were seen kept.

use serde::{Deserialize, Serialize};

use crate::role::Pair;
use crate::units::{format_count, format_share};

/// What was compared of what the contract promises.
///
/// A promise is an operation with a documented status (`404`, `4XX`, `default`), or an operation with a parameter. A
/// status is covered once both sides' answers to a request of that operation were compared and the baseline's had that
/// status; a parameter once a request that was compared had it. Exceptions of the plan are left out unless covered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Where the contract is, in words.
    pub document: String,
    /// Its title.
    pub title: String,
    /// Why there is no contract to hold anything against.
    pub problem: Option<String>,
    /// Promises, without those excepted.
    pub promised: u64,
    /// Those of them that were covered.
    pub covered: u64,
    /// Covered ÷ promised; `None`: nothing is promised, or there is no contract.
    pub share: Option<f64>,
    /// Each operation of the contract.
    pub operations: Vec<OperationCoverage>,
    /// Steps whose request belongs to no operation of the contract.
    pub strangers: Vec<Stranger>,
    /// Exceptions of the plan that except nothing, in words.
    pub idle_exceptions: Vec<String>,
    /// What could not be read of the contract.
    pub warnings: Vec<String>,
}

/// What was compared of one operation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCoverage {
    /// `GET /students/{id}`.
    pub operation: String,
    /// The contract's own name for it.
    pub operation_id: Option<String>,
    /// Pairs of answers compared.
    pub compared: u64,
    /// Each documented status.
    pub statuses: Vec<Promise>,
    /// Each parameter, `query page`.
    pub parameters: Vec<Promise>,
    /// Statuses that were answered and are not documented.
    pub undocumented: Vec<Undocumented>,
}

/// One promise of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// `404`, `4XX`, `default`, or place and name of a parameter.
    pub name: String,
    /// Pairs of answers compared that are about it.
    pub compared: u64,
    /// Why it is not held against the plan, if it is not.
    pub excepted: Option<String>,
}

/// A status that the contract does not document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undocumented {
    /// The status.
    pub status: u16,
    /// How often each side answered it.
    pub answered: Pair<u64>,
    /// The flow of the first such step.
    pub flow: String,
    /// The first such step.
    pub step: String,
}

/// A step whose request belongs to no operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
}

impl OperationCoverage {
    /// Promises that count and were not covered.
    pub fn missing(&self) -> impl Iterator<Item = &Promise> {
        self.statuses.iter().chain(&self.parameters).filter(|promise| promise.counts() && promise.compared == 0)
    }
}

impl Promise {
    /// Whether it is held against the plan: an exception that was covered all the same is.
    pub const fn counts(&self) -> bool {
        self.excepted.is_none() || self.compared > 0
    }
}

impl Coverage {
    /// `61 of 66 promises compared (92.4 %), 22 excepted; 2 of 14 operations never`, or why there is nothing to say.
    pub fn in_words(&self) -> String {
        if let Some(problem) = &self.problem {
            return format!("unknown: {problem}");
        }
        let share = self.share.map_or_else(|| "nothing is promised".to_owned(), format_share);
        let excepted = self.excepted().count();
        let excepted =
            if excepted > 0 { format!(", {} excepted", format_count(excepted as u64)) } else { String::new() };
        let untouched = self.operations.iter().filter(|operation| operation.compared == 0).count();
        format!(
            "{} of {} promises compared ({share}){excepted}; {} of {} operations never",
            format_count(self.covered),
            format_count(self.promised),
            format_count(untouched as u64),
            format_count(self.operations.len() as u64),
        )
    }

    /// Promises that do not count, each with its operation.
    pub fn excepted(&self) -> impl Iterator<Item = (&OperationCoverage, &Promise)> {
        let of = |operation| move |promise| (operation, promise);
        let all = self.operations.iter().flat_map(move |it| it.statuses.iter().chain(&it.parameters).map(of(it)));
        all.filter(|(_, promise): &(_, &Promise)| !promise.counts())
    }
}
