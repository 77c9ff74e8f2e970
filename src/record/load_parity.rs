//! What comparing answers under load found.

use serde::{Deserialize, Serialize};

use super::parity::{Acceptance, AcceptanceUse, Difference, Remedy};
use super::reproduce::Reproduction;
use crate::role::{Pair, Role};
use crate::units::{format_count, format_share};

/// What comparing answers under load found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadParity {
    /// Answers that came under load, settle time included.
    pub answers: Pair<u64>,
    /// Of these, kept and looked into: those of a sample of the flow iterations, the same iterations on both sides.
    pub kept: Pair<u64>,
    /// Of these, left out: no whole answer, a request that went out twice, or a status that says no more than that the
    /// service was busy (408, 429, 502, 503, 504).
    pub left_out: Pair<u64>,
    /// Pairs of answers to the same request compared value by value, for steps with places that do not vary.
    pub compared_exact: u64,
    /// Pairs of answers of which only status, form and what must hold of them were compared.
    pub compared_shape: u64,
    /// Answers of a side compared with its own answers to the same requests in another block: what varies there is no
    /// difference between the sides.
    pub lessons: Pair<u64>,
    /// Flow iterations that broke off in the middle of their changes: nobody knows what they left.
    pub broken_off: Pair<u64>,
    /// The pair of blocks from which on values were no longer compared, because a side had lost changes; `null`: none.
    pub values_until_pair: Option<u32>,
    /// Breaking differences and broken invariants.
    pub breaking: u64,
    /// Differences and broken invariants that the file of accepted differences admits; they are not in `breaking`.
    #[serde(default)]
    pub accepted: u64,
    /// What each entry of that file did.
    #[serde(default)]
    pub acceptances: Vec<AcceptanceUse>,
    /// How the differences are seen again.
    #[serde(default)]
    pub reproduction: Reproduction,
    /// Per step, in the plan's order.
    pub steps: Vec<StepLoadParity>,
    /// Differences. Class `volatile`: seen too seldom, or too close together in time, to tell from chance.
    pub differences: Vec<Difference>,
    /// What must hold of answers, and whether it did.
    pub invariants: Vec<Invariant>,
}

impl LoadParity {
    /// Whether there were answers of both sides.
    pub const fn is_basis(&self) -> bool {
        self.kept.baseline > 0 && self.kept.candidate > 0
    }

    /// Part of a side's answers that was looked into, of those that could be; `None` without answers.
    pub fn share(&self, role: Role) -> Option<f64> {
        let could = self.answers.get(role).saturating_sub(*self.left_out.get(role));
        (could > 0).then(|| *self.kept.get(role) as f64 / could as f64)
    }

    /// What was compared, as a sentence without its end.
    pub fn in_words(&self) -> String {
        let share = Role::BOTH.into_iter().filter_map(|role| self.share(role)).reduce(f64::min);
        let accepted = match self.accepted {
            0 => String::new(),
            count => format!(", {} accepted", format_count(count)),
        };
        format!(
            "{} of the answers compared, {} pairs value by value and {} by form: {} breaking",
            share.map_or_else(|| "none".to_owned(), format_share),
            format_count(self.compared_exact),
            format_count(self.compared_shape),
            format_count(self.breaking),
        ) + &accepted
    }

    /// Why some values were not compared, as a sentence; `None`: all were.
    pub fn caveat(&self) -> Option<String> {
        let pair = self.values_until_pair?;
        let lost = Role::BOTH.into_iter().filter(|role| *self.broken_off.get(*role) > 0);
        let lost: Vec<String> =
            lost.map(|role| format!("{role} {}", format_count(*self.broken_off.get(role)))).collect();
        Some(format!(
            "from pair {} on values were not compared, because iterations broke off in the middle of their changes ({}) \
             and the sides' rows may differ since",
            pair + 1,
            lost.join(", "),
        ))
    }

    /// Invariants that the candidate broke, without those that somebody accepts.
    pub fn broken(&self) -> impl Iterator<Item = &Invariant> {
        self.invariants.iter().filter(|invariant| invariant.outcome == Held::Broken && !invariant.is_accepted())
    }
}

/// What one step under load came to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepLoadParity {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// How its answers were compared.
    pub mode: Mode,
    /// Pairs of answers to the same request that were compared.
    pub compared: u64,
    /// Pairs of the baseline's own answers to the same request.
    pub lessons: u64,
    /// Places that vary from one run of a side to the next, so that only their form was compared; the first few.
    pub varying: Vec<String>,
}

/// How a step's answers were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Value by value: the baseline answers the same whenever it is asked.
    Exact,
    /// Value by value, save for the places that vary.
    Partly,
    /// By status, form and invariants: too few lessons.
    Shape,
}

impl Mode {
    /// As `run.json` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Partly => "partly",
            Self::Shape => "shape",
        }
    }

    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Exact => "value by value",
            Self::Partly => "value by value where it does not vary",
            Self::Shape => "by form",
        }
    }
}

/// Something that holds of every answer of the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invariant {
    /// `handed_out_once`, `ordered`, `page_size`, `unique_ids`.
    pub kind: String,
    /// Name of the flow; of the first one where several send the same request.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// A place in the answers.
    #[serde(rename = "where")]
    pub place: String,
    /// What must hold, as a sentence.
    pub rule: String,
    /// Whether it held.
    pub outcome: Held,
    /// Answers that it was looked for in.
    pub observed: Pair<u64>,
    /// How often the candidate broke it.
    pub broken: u64,
    /// What the baseline did, in words.
    pub baseline: Option<String>,
    /// What the candidate did, in words: the first few times.
    pub candidate: Option<String>,
    /// The entry of the file of accepted differences that is about it.
    #[serde(default)]
    pub accepted: Option<Acceptance>,
    /// What would accept it.
    #[serde(default)]
    pub remedy: Option<Remedy>,
    /// The first time, as an index into the failing cases.
    #[serde(default)]
    pub case: Option<usize>,
}

impl Invariant {
    /// Whether somebody has accepted that it is broken, and the date until which that holds is not over.
    pub fn is_accepted(&self) -> bool {
        self.accepted.as_ref().is_some_and(|accepted| !accepted.expired)
    }
}

/// Whether an invariant held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// On both sides.
    Held,
    /// On the baseline, and not on the candidate.
    Broken,
    /// There were too few answers of the baseline to say that it is more than chance.
    TooFew,
}
