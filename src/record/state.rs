//! What comparing the two sides' databases found.

use serde::{Deserialize, Serialize};

use super::parity::{AcceptanceUse, Difference, RuleUse};
use super::reproduce::FailingCase;

/// What comparing the two sides' databases found. The difference's `flow` is the flow after which it was first seen,
/// `fault NAME`, or `load`; its `where` is `table students row id=17 column credits`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The last phase after which the databases were compared: `parity`, `faults` or `load`.
    pub after: String,
    /// Tables that both sides have and whose rows were compared, at the last look.
    pub tables: u64,
    /// Rows of these tables in the baseline's database, at the last look.
    pub rows: u64,
    /// Pairs of rows compared, by checksum or one by one, over all looks.
    pub compared: u64,
    /// Of these, one by one.
    pub compared_by_row: u64,
    /// Breaking differences, counted singly.
    pub breaking: u64,
    /// Representation differences, counted singly.
    pub representation: u64,
    /// Differences that a rule allows, or that the load or a fault explains, counted singly.
    pub volatile: u64,
    /// Differences that the file of accepted differences admits, counted singly; they are in none of the counts above.
    #[serde(default)]
    pub accepted: u64,
    /// What each entry of that file did.
    #[serde(default)]
    pub acceptances: Vec<AcceptanceUse>,
    /// The first failing case of each group of differences.
    #[serde(default)]
    pub cases: Vec<FailingCase>,
    /// Failing cases that were left out, so that the record stays small.
    #[serde(default)]
    pub cases_left_out: u64,
    /// Differences, equal ones grouped. Each is told once, after the flow after which it was first seen.
    pub differences: Vec<Difference>,
    /// When the databases were compared, in order.
    pub looks: Vec<Look>,
    /// What each rule did.
    pub rules: Vec<RuleUse>,
    /// Tables whose rows were not compared.
    pub left_out: Vec<LeftOut>,
    /// Why the databases cannot be compared at all; `null`: they can.
    pub skipped: Option<String>,
    /// Why a comparison that should have been done was not; `null`: all were done.
    pub failure: Option<String>,
}

impl State {
    /// The look at the databases after a fault.
    pub fn after_fault(&self, fault: &str) -> Option<&Look> {
        let is_it = |look: &&Look| look.after.strip_prefix("fault ") == Some(fault);
        self.looks.iter().find(|look| look.phase == "faults" && is_it(look))
    }
}

/// One time at which the databases were compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// `parity`, `faults` or `load`.
    pub phase: String,
    /// Name of the flow that was done before, or what else was: `login`, `fault NAME`, `load`.
    pub after: String,
    /// Tables compared.
    pub tables: u64,
    /// Rows of them in the baseline's database.
    pub rows: u64,
    /// Pairs of rows compared one by one.
    pub compared_by_row: u64,
    /// Breaking differences that were new.
    pub breaking: u64,
    /// What was not done alike on both sides and differences are explained by: arrivals of the load that failed or were cut
    /// off, requests under a fault of which only the kinds of answers were compared.
    pub explained_by: u64,
}

/// A table whose rows were not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Its name.
    pub table: String,
    /// Why.
    pub reason: String,
}
