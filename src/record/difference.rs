//! One difference, wherever it was found: what it is, how much it matters, who has accepted it, and what would.

use serde::{Deserialize, Serialize};

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
    /// Its first failing case, as an index into [`Reproduction::cases`](super::reproduce::Reproduction::cases).
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
