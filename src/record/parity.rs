//! What the sequential replay found.

use serde::{Deserialize, Serialize};

use super::Coverage;
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

/// How much a difference matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// Some conforming reader would understand it otherwise, or refuse it.
    Breaking,
    /// Every conforming reader understands the same.
    Representation,
    /// A rule allows it.
    Volatile,
}

impl Class {
    /// As `run.json` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Representation => "representation",
            Self::Volatile => "volatile",
        }
    }
}

/// What kind of difference it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Another status.
    Status,
    /// The baseline has it, the candidate does not.
    Missing,
    /// The candidate has it, the baseline does not.
    Extra,
    /// Another JSON type.
    Type,
    /// Another value.
    Value,
    /// The same elements in another order.
    Order,
    /// Bodies that are not JSON differ.
    Body,
    /// At least one side gave no whole answer: reset, timeout, broken answer.
    Transport,
    /// An answer, on either side, did not meet the step's own expectation.
    Expectation,
    /// A value to capture was not there.
    Capture,
    /// The baseline's database has a row that the candidate's has not.
    RowMissing,
    /// The candidate's database has a row that the baseline's has not.
    RowExtra,
    /// The two databases are built otherwise: a table, column, constraint, index or sequence.
    Schema,
    /// Ids that the sides generated: different and one (volatile), or one that would be two (breaking).
    Id,
    /// What a fault left behind: a connection that is still in use, or a side that does not answer as before.
    Aftermath,
    /// Something that holds of every answer of the baseline under load, and not of the candidate's.
    Invariant,
}

impl Kind {
    /// All of them; files of accepted differences know each by its name.
    pub const ALL: [Self; 16] = [
        Self::Status,
        Self::Missing,
        Self::Extra,
        Self::Type,
        Self::Value,
        Self::Order,
        Self::Body,
        Self::Transport,
        Self::Expectation,
        Self::Capture,
        Self::RowMissing,
        Self::RowExtra,
        Self::Schema,
        Self::Id,
        Self::Aftermath,
        Self::Invariant,
    ];

    /// As `run.json` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Value => "value",
            Self::Order => "order",
            Self::Body => "body",
            Self::Transport => "transport",
            Self::Expectation => "expectation",
            Self::Capture => "capture",
            Self::RowMissing => "row_missing",
            Self::RowExtra => "row_extra",
            Self::Schema => "schema",
            Self::Id => "id",
            Self::Aftermath => "aftermath",
            Self::Invariant => "invariant",
        }
    }
}

/// One place where the two sides' answers differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// How much it matters.
    pub class: Class,
    /// What kind it is.
    pub kind: Kind,
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// `status`, `header NAME`, `body` or a path into the JSON body.
    #[serde(rename = "where")]
    pub place: String,
    /// The baseline's value as it was on the wire, shortened.
    pub baseline: Option<String>,
    /// The candidate's value as it was on the wire, shortened.
    pub candidate: Option<String>,
    /// How often it was seen.
    pub count: u64,
    /// The rule that allowed it, for class `volatile`; for other classes the one that it breaks.
    pub rule: Option<String>,
    /// The entry of the file of accepted differences that is about it.
    #[serde(default)]
    pub accepted: Option<Acceptance>,
    /// What would accept it: lines for the plan, or for the file of accepted differences.
    #[serde(default)]
    pub remedy: Option<Remedy>,
    /// Its first failing case, as an index into [`Reproduction::cases`].
    #[serde(default)]
    pub case: Option<usize>,
    /// How it breaks the rule, such as `no UUID on the candidate`, or what else there is to know of it, such as where an
    /// id was something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Further examples of the same difference, at most two, that are not all alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Example>,
}

/// One occurrence of a difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// As [`Difference::place`].
    #[serde(rename = "where")]
    pub place: String,
    /// As [`Difference::baseline`].
    pub baseline: Option<String>,
    /// As [`Difference::candidate`].
    pub candidate: Option<String>,
}

impl Difference {
    /// Whether somebody has accepted it, and the date until which that holds is not over.
    pub fn is_accepted(&self) -> bool {
        self.accepted.as_ref().is_some_and(|accepted| !accepted.expired)
    }
}

/// Why a known difference is accepted.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Acceptance {
    /// Why.
    pub reason: String,
    /// The last day on which it holds, as `YYYY-MM-DD`; `null`: for good.
    pub until: Option<String>,
    /// Where the work on it is tracked.
    pub ticket: Option<String>,
    /// The last day was over when the run began: the difference counts as if it had not been accepted.
    pub expired: bool,
}

/// What one entry of the file of accepted differences did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptanceUse {
    /// The entry in words: flow, step and place.
    pub entry: String,
    /// File and line of it.
    pub place: String,
    /// Why it is there, and how long.
    pub acceptance: Acceptance,
    /// Differences that it is about, counted singly.
    pub matched: u64,
    /// Whether the answers that it is about were compared at all.
    pub asked: bool,
}

/// Lines that would make a run take a difference for granted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remedy {
    /// What the lines are for.
    pub target: RemedyTarget,
    /// YAML.
    pub yaml: String,
}

/// The file that lines are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RemedyTarget {
    /// The plan: a rule that says in which way the place may differ.
    Plan,
    /// The file of accepted differences, for what no rule can be about.
    AcceptedDifferences,
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
