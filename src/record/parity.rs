//! What the sequential replay found.

use serde::{Deserialize, Serialize};

use super::Coverage;
pub use super::difference::{Acceptance, AcceptanceUse, Class, Difference, Example, Kind, Remedy, RemedyTarget};
use super::reproduce::Reproduction;

/// What the sequential replay found.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Parity {
    /// Requests sent to each side.
    pub requests: u64,
    /// Pairs of answers compared.
    pub compared: u64,
    /// Places (status, headers, JSON values) compared in them.
    pub places: u64,
    /// Breaking differences, counted singly.
    pub breaking: u64,
    /// Representation differences, counted singly.
    pub representation: u64,
    /// Volatile differences and those that a rule allows, counted singly.
    pub volatile: u64,
    /// Differences, equal ones grouped.
    pub differences: Vec<Difference>,
    /// Headers that are not compared unless a rule asks for it.
    pub headers_left_out: Vec<String>,
    /// What each rule did.
    pub rules: Vec<RuleUse>,
    /// Per step, in the plan's order.
    pub steps: Vec<StepParity>,
    /// Differences that the file of accepted differences admits, counted singly; they are in none of the counts above.
    #[serde(default)]
    pub accepted: u64,
    /// What each entry of that file did.
    #[serde(default)]
    pub acceptances: Vec<AcceptanceUse>,
    /// How the differences are seen again.
    #[serde(default)]
    pub reproduction: Reproduction,
    /// What was compared of what the contract promises; `null`: the plan names no contract.
    #[serde(default)]
    pub coverage: Option<Coverage>,
    /// Ids that the sides generated; nothing in records of before there were any.
    #[serde(default)]
    pub ids: IdParity,
    /// The baseline against itself; no runs in records of before there were any.
    #[serde(default)]
    pub noise: NoiseParity,
    /// Flows that were not begun, or not done to their end, when the replay was broken off; 0 where it was not.
    #[serde(default)]
    pub flows_left: u64,
}

/// What differs between two runs of the baseline.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoiseParity {
    /// Runs of the baseline on its own, besides the replay.
    pub runs: u64,
    /// Whether each began from a fresh copy of the same data; a service known by its URL keeps its data.
    pub is_fresh: bool,
    /// Differences between the sides that noise excuses; in `volatile` too.
    pub allowed: u64,
    /// Differences at noisy places that it does not excuse; in `breaking` too.
    pub broken: u64,
    /// The places.
    pub places: Vec<NoisePlace>,
}

/// One place that differs between two runs of the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoisePlace {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// As [`Difference::place`], indices left out.
    #[serde(rename = "where")]
    pub place: String,
    /// How often it differed between the runs of the baseline.
    pub seen: u64,
    /// Differences between the sides that it excuses.
    pub allowed: u64,
    /// Differences between the sides that it does not excuse.
    pub broken: u64,
    /// What is still compared, in words: `a UUID`.
    pub compared: String,
    /// Relations that must hold: `updated_at >= created_at`.
    pub relations: Vec<String>,
}

/// What was found of ids.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdParity {
    /// Ids of which it is known what they are on the other side.
    pub pairs: u64,
    /// Of these, the ones that differ.
    pub unequal: u64,
    /// Places at which different ids stood that are one; in `volatile` too.
    pub places: u64,
    /// Ids that would be two; in `breaking` too.
    pub conflicts: u64,
}

impl Parity {
    /// Adds what another part of the same run found under the same rules.
    pub fn absorb(&mut self, mut other: Self) {
        self.absorb_cases(&mut other);
        self.requests += other.requests;
        self.compared += other.compared;
        self.places += other.places;
        self.breaking += other.breaking;
        self.representation += other.representation;
        self.volatile += other.volatile;
        self.differences.extend(other.differences);
        for (rule, more) in self.rules.iter_mut().zip(other.rules) {
            rule.matched += more.matched;
            rule.allowed += more.allowed;
        }
    }

    /// Adds failing cases and what was accepted; the other's differences are then about the cases of this one.
    pub fn absorb_cases(&mut self, other: &mut Self) {
        let cases = self.reproduction.cases.len();
        for difference in &mut other.differences {
            difference.case = difference.case.map(|case| case + cases);
        }
        self.reproduction.cases.append(&mut other.reproduction.cases);
        self.reproduction.left_out += other.reproduction.left_out;
        self.accepted += other.accepted;
        for (entry, more) in self.acceptances.iter_mut().zip(&other.acceptances) {
            entry.matched += more.matched;
            entry.asked |= more.asked;
        }
    }
}

/// What one step of the replay came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StepParity {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// Pairs of answers compared.
    pub compared: u64,
    /// Times it could not be sent because an earlier step of the flow failed.
    pub skipped: u64,
    /// Breaking differences.
    pub breaking: u64,
    /// Statuses that the baseline answered.
    pub statuses: Vec<u16>,
}

/// What one rule did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleUse {
    /// The rule in words.
    pub rule: String,
    /// Why it is there.
    pub reason: String,
    /// The only flow that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
    /// The only step that it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// Places that it was asked about.
    pub matched: u64,
    /// Differences that it allowed.
    pub allowed: u64,
}
