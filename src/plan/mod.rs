//! The plan: what will be run. Data, parsing and validation; nothing here starts anything.
//!
//! A [`Plan`] that exists is valid: every capture is set before it is used, every rule can be applied, every gate
//! names a metric that this plan can measure.

mod accepted;
mod contract;
mod describe;
mod faults;
mod fields;
pub mod gate;
mod ids;
mod keys;
mod load;
mod only;
pub mod path;
mod problems;
mod profile;
mod read;
mod rule;
mod schema;
mod side;
mod state;
pub mod template;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use accepted::{Accepted, AcceptedDifference, AcceptedError};
pub use contract::{ContractSource, Document, Excepted, Exception};
pub use describe::describe;
pub use faults::{Fault, Faults};
pub use gate::Gate;
pub use ids::{IdPlace, Ids, Learn};
pub use load::{Arrivals, Burst, Load, Ramp, Spacing, Stage, Think};
pub use only::Only;
pub use path::JsonPath;
pub use profile::{Line, Profile};
pub use read::{AdHocError, PlanError, load, parse, parse_rate};
pub use rule::{Rule, RuleKind, RulePlace, Tolerance};
pub use schema::schema;
pub use side::{Database, Metrics, Provider, Side, SideKind, Speaks, Stack, Transport, UrlError};
pub use state::{StateCompare, StateRule, StateSum};
pub use template::{JsonTemplate, Template};

use crate::role::{Pair, Role};

/// Everything that a run needs to know, validated.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Short name; part of the name of the output directory.
    pub name: String,
    /// Where it was read from; `None` for a plan that the command line made.
    pub source: Option<PathBuf>,
    /// The two systems; a plan made by `cutover load URL` has the candidate only.
    pub sides: Pair<Option<Side>>,
    /// The databases behind them.
    pub database: Database,
    /// How a caller gets a token, if the service asks for one.
    pub auth: Option<Auth>,
    /// What virtual users do.
    pub flows: Vec<Flow>,
    /// What the service promises, if coverage is to be held against it.
    pub contract: Option<ContractSource>,
    /// What may differ, and why.
    pub compare: Compare,
    /// What is done to both sides on purpose; `None`: nothing.
    pub faults: Option<Faults>,
    /// How much load, for how long.
    pub load: Load,
    /// Rules with a limit that decide the verdict.
    pub gates: Vec<Gate>,
    /// Rules with a limit that are reported only.
    pub targets: Vec<Gate>,
    /// How long one request may take before it is an error.
    pub timeout: Duration,
    /// Seed of everything that is drawn at random; `None`: drawn at start and printed.
    pub seed: Option<u64>,
    /// The flow or step that alone is compared; `None`: all of them.
    pub only: Option<Only>,
    /// Differences that somebody has accepted; from a file of their own.
    pub accepted: Option<Accepted>,
    /// Values that came from the environment: never shown.
    pub filled: Vec<Filled>,
}

/// The value of an environment variable that stands somewhere in the plan.
#[derive(Clone, PartialEq, Eq)]
pub struct Filled {
    /// Name of the environment variable.
    pub name: String,
    /// Its value, which may be a secret.
    pub value: String,
}

impl std::fmt::Debug for Filled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "${{{}}}", self.name)
    }
}

impl Plan {
    /// The sides that this plan has.
    pub fn roles(&self) -> Vec<Role> {
        Role::BOTH.into_iter().filter(|role| self.sides.get(*role).is_some()).collect()
    }

    /// Puts a service that runs already in the place of a side. How it is found to be ready and where its metrics are
    /// stays as the plan says, for it is most likely the same service, started by somebody else.
    ///
    /// # Errors
    /// Why this is no URL of a side.
    pub fn replace_by_url(&mut self, role: Role, url: &str) -> Result<(), UrlError> {
        let running = Side::from_url(url)?;
        match self.sides.get_mut(role) {
            Some(side) => side.kind = running.kind,
            none => *none = Some(running),
        }
        Ok(())
    }

    /// Runs of the baseline on its own before the replay: as the plan says, or one where the baseline can begin again from
    /// a fresh copy of its data afterwards. A service that is known by its URL keeps its data, so none by default.
    pub fn noise_runs(&self) -> u32 {
        self.compare.noise_runs.unwrap_or_else(|| u32::from(self.is_baseline_fresh()))
    }

    /// Whether the baseline can be started again from a fresh copy of its data.
    pub fn is_baseline_fresh(&self) -> bool {
        self.sides.baseline.as_ref().is_some_and(|side| !matches!(side.kind, SideKind::Url { .. }))
    }

    /// Time that the load phase will take: every block on every side.
    pub fn estimated_load_time(&self) -> Duration {
        let blocks = self.load.pairs.saturating_mul(self.roles().len() as u32);
        self.load.block.saturating_mul(blocks)
    }

    /// Whether this plan can measure what a gate asks for; also for gates that the command line adds.
    ///
    /// # Errors
    /// What is missing, as a sentence, and what to do about it.
    pub fn admits(&self, gate: &Gate) -> Result<(), String> {
        read::admits(self, gate).map_err(|(message, hint)| match hint {
            Some(hint) => format!("{message}; {hint}"),
            None => message,
        })
    }

    /// A plan for one URL: one flow of one GET request, on the candidate side only, without gates. Any answer says that the
    /// service is there. A long load is divided into
    /// blocks, so that no more of it is in memory than of a short one.
    ///
    /// # Errors
    /// Why the URL, the arrivals or the duration cannot be used.
    pub fn ad_hoc(url: &str, arrivals: Arrivals, duration: Duration) -> Result<Self, AdHocError> {
        read::ad_hoc(url, arrivals, duration)
    }

    /// Whether a block can be run as the plan has it, now that its load may be another than in its file.
    ///
    /// # Errors
    /// What is wrong, as a sentence.
    pub fn check_load(&self) -> Result<(), String> {
        read::check_load(&self.load).map_err(|(message, hint)| format!("{message}; {hint}"))?;
        if let Arrivals::Closed { users } = self.load.arrivals
            && users < self.flows.len()
        {
            let flows = self.flows.len();
            return Err(format!(
                "`users` is {users}, and each of the {flows} flows needs one at least; use `--users {flows}` or more"
            ));
        }
        self.flows.iter().try_for_each(|flow| read::check_think(flow, self.load.block))
    }
}

/// How a caller gets a token.
#[derive(Debug, Clone)]
pub struct Auth {
    /// The request that answers with a token, and the captures from it.
    pub login: Step,
    /// Header that every step carries.
    pub header: (String, Template),
}

/// An ordered list of steps that one virtual user does.
#[derive(Debug, Clone)]
pub struct Flow {
    /// Unique in the plan.
    pub name: String,
    /// Share of the arrivals relative to the other flows.
    pub weight: u32,
    /// The requests in order.
    pub steps: Vec<Step>,
    /// How long a user pauses after each step under load; as many as steps.
    pub think: Vec<Option<Think>>,
    /// Names of the variables that steps capture and use; a [`template::Part::Variable`] is an index into this list.
    /// Variables of the login come first, then those of the steps.
    pub variables: Vec<String>,
}

/// One request of a flow.
#[derive(Debug, Clone)]
pub struct Step {
    /// Unique in its flow; by default method and path as written.
    pub name: String,
    /// HTTP method in capitals.
    pub method: String,
    /// Path and query.
    pub target: Template,
    /// Headers in the order written.
    pub headers: Vec<(String, Template)>,
    /// What is sent.
    pub body: Body,
    /// What must come back on either side, whatever the other side says.
    pub expect: Expect,
    /// What is kept of the answer.
    pub capture: Vec<Capture>,
    /// Whether the plan's auth header is sent.
    pub auth: bool,
}

/// What a request sends.
#[derive(Debug, Clone)]
pub enum Body {
    /// Nothing.
    None,
    /// JSON, with `content-type: application/json` unless the step says otherwise.
    Json(JsonTemplate),
    /// Text as it stands.
    Text(Template),
}

/// What must come back.
#[derive(Debug, Clone, Default)]
pub struct Expect {
    /// One of these; empty: any status below 400.
    pub status: Vec<u16>,
}

impl Expect {
    /// Whether a status meets the expectation.
    pub fn admits(&self, status: u16) -> bool {
        if self.status.is_empty() { status < 400 } else { self.status.contains(&status) }
    }
}

/// One value kept of an answer.
#[derive(Debug, Clone)]
pub struct Capture {
    /// Index into [`Flow::variables`].
    pub variable: usize,
    /// Where it is.
    pub from: CaptureFrom,
}

/// Where a captured value is.
#[derive(Debug, Clone)]
pub enum CaptureFrom {
    /// In the JSON body; the first match.
    Body(JsonPath),
    /// In a header; the first of that name.
    Header(String),
    /// In a part of a header: the first group of a regular expression, in the first of that name which it matches.
    HeaderPart(String, regex::Regex),
}

/// What may differ between the answers.
#[derive(Debug, Clone, Default)]
pub struct Compare {
    /// Rules in the order written; the first that fits a place is applied.
    pub rules: Vec<Rule>,
    /// How the databases are compared.
    pub state: StateCompare,
    /// Ids that the sides generate.
    pub ids: Ids,
    /// Runs of the baseline against itself; `None`: see [`Plan::noise_runs`].
    pub noise_runs: Option<u32>,
}

/// Whether rules may have this kind, as in `as: datetime`.
pub fn knows_rule_kind(word: &str) -> bool {
    keys::RULE_KINDS.contains(&word)
}
