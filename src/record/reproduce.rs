//! What a person needs to see a difference again: requests for a shell, and the two answers side by side.

use serde::{Deserialize, Serialize};

use crate::role::Pair;

/// How the differences of a run are seen again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reproduction {
    /// Where the sides are, or how such sides come up again.
    pub sides: Pair<Option<SideAgain>>,
    /// What the shell must know and no report may say.
    pub secrets: Vec<ShellSecret>,
    /// The first failing case of each group of differences; groups that were found in the same answers share one.
    pub cases: Vec<FailingCase>,
    /// Failing cases that were left out, so that the record stays small.
    pub left_out: u64,
}

/// One side, to be asked again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideAgain {
    /// Its address: its own for a side that runs elsewhere, else one that it may be started at.
    pub url: Option<String>,
    /// The command that starts such a side, for a shell; `null`: it runs elsewhere, or as the plan says.
    pub start: Option<String>,
}

/// A variable of the shell that stands for a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShellSecret {
    /// Its name, such as `PASSWORD`.
    pub name: String,
    /// What it is, in words.
    pub about: String,
}

/// Two answers that differ, and the requests that led to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingCase {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// The flow up to that step, one request after the other, for a shell that has the side's address in `SIDE`. The
    /// same for both sides, for each captures its own values.
    pub requests: Vec<String>,
    /// The two answers as a unified diff; empty: there were no two answers.
    pub diff: String,
    /// Lines of the diff that were left out.
    pub diff_left_out: u64,
    /// What has to be so besides, which no request brings: a fault, many callers at one moment. As a sentence without its
    /// end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// What shows the row in each side's database, for a shell that has its address in `DATABASE`.
    #[serde(default)]
    pub queries: Pair<Option<String>>,
    /// What has to be run to see it again.
    #[serde(default)]
    pub again: Again,
}

/// What has to be run to see a failing case again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Again {
    /// The flow up to the step.
    #[default]
    Step,
    /// The whole flow, after which the databases are compared.
    Flow,
    /// Everything that comes before the load: a fault is made on sides of its own.
    Verify,
    /// The load, with the same arrivals.
    Load,
}
