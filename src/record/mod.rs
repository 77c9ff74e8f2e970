//! The run record: everything that was measured, as `run.json` holds it. Data only, and how its histograms
//! are written and read.
//!
//! Every report is rendered from a [`RunRecord`] and nothing else. Paths that scripts rely on are named in the README;
//! a change of meaning raises [`SCHEMA_VERSION`]. No field may ever hold a password, a token or a connection string.

pub mod coverage;
pub mod difference;
pub mod estimate;
pub mod explore;
pub mod faults;
pub mod histogram;
pub mod load;
pub mod load_parity;
pub mod parity;
pub mod reproduce;
pub mod search;
pub mod state;

use serde::{Deserialize, Serialize};

pub use coverage::Coverage;
pub use estimate::{Estimate, Scale};
pub use explore::Exploration;
pub use faults::{Connections, FaultEvidence};
pub use load::{Load, SideLoad};
pub use parity::{Class, Difference, Parity};
pub use search::Search;
pub use state::State;

use crate::role::Pair;
use load_parity::{Invariant, LoadParity};
use parity::{AcceptanceUse, Kind};

/// Version of the layout of `run.json`.
pub const SCHEMA_VERSION: u32 = 1;

/// Everything that was measured in one run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunRecord {
    /// [`SCHEMA_VERSION`] of the writer.
    pub schema_version: u32,
    /// The one word.
    pub verdict: Verdict,
    /// Why, in one sentence.
    pub reason: String,
    /// What was run.
    pub run: RunInfo,
    /// How the run ended.
    pub ending: Ending,
    /// Rules that decided the verdict.
    pub gates: Vec<GateResult>,
    /// Rules that are reported only.
    pub targets: Vec<GateResult>,
    /// Reasons why the figures may not be believed; any of severity `invalid` makes the verdict invalid.
    pub findings: Vec<Finding>,
    /// The sequential replay; `null`: not run.
    pub parity: Option<Parity>,
    /// The two databases; `null`: not compared.
    #[serde(default)]
    pub state: Option<State>,
    /// What generated requests found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub explore: Option<Exploration>,
    /// What was done to both sides on purpose, in the order in which it was done. What differed stands in `parity`.
    #[serde(default)]
    pub faults: Vec<FaultEvidence>,
    /// The load phase; `null`: not run.
    pub load: Option<Load>,
    /// How much each side can bear.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<Box<Search>>,
    /// What the samplers saw, over the whole run.
    pub observations: Pair<Option<Observations>>,
    /// The machine and the software.
    pub environment: Environment,
}

impl RunRecord {
    /// Everything that nobody has accepted, wherever it was found: in answers, under a fault, in the databases, under load.
    pub fn open(&self) -> impl Iterator<Item = Open<'_>> {
        let answers = self.parity.iter().flat_map(|parity| &parity.differences);
        let state = self.state.iter().flat_map(|state| &state.differences);
        let load = self.load.as_ref().and_then(|load| load.parity.as_ref());
        let under_load = load.into_iter().flat_map(|seen| &seen.differences);
        let differences = answers.chain(state).chain(under_load).filter(|found| !found.is_accepted()).map(Open::from);
        differences.chain(load.into_iter().flat_map(LoadParity::broken).map(Open::from))
    }

    /// What each entry of the file of accepted differences did, over all parts of the run.
    pub fn acceptances(&self) -> Vec<AcceptanceUse> {
        let parts = [
            self.parity.as_ref().map(|parity| &parity.acceptances),
            self.state.as_ref().map(|state| &state.acceptances),
            self.load.as_ref().and_then(|load| load.parity.as_ref()).map(|seen| &seen.acceptances),
        ];
        let mut parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        let mut all = parts.next().cloned().unwrap_or_default();
        for part in parts {
            for (entry, more) in all.iter_mut().zip(part) {
                entry.matched += more.matched;
                entry.asked |= more.asked;
            }
        }
        all
    }

    /// Whether figures were asked for and no verdict, and they are there: a load without gates, or a search that found the
    /// limit of each side.
    pub fn has_figures_only(&self) -> bool {
        self.ending == Ending::Complete
            && match &self.search {
                Some(search) => search.is_found(),
                None => self.run.command == "load" && self.gates.is_empty() && self.verdict == Verdict::Inconclusive,
            }
    }

    /// The word that stands over everything that is told of the run: the verdict, or `measured` where none was asked for.
    pub fn word(&self) -> &'static str {
        if self.has_figures_only() { "measured" } else { self.verdict.name() }
    }

    /// Differences that somebody has accepted, counted singly, over all parts of the run.
    pub fn accepted(&self) -> u64 {
        let parity = self.parity.as_ref().map_or(0, |parity| parity.accepted);
        let load = self.load.as_ref().and_then(|load| load.parity.as_ref()).map_or(0, |seen| seen.accepted);
        parity + self.state.as_ref().map_or(0, |state| state.accepted) + load
    }
}

/// What somebody may accept: where it is, and what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open<'r> {
    /// Name of the flow.
    pub flow: &'r str,
    /// Name of the step.
    pub step: &'r str,
    /// As [`Difference::place`].
    pub place: &'r str,
    /// How much it matters.
    pub class: Class,
    /// What kind it is.
    pub kind: Kind,
    /// What each side has, if that is a value.
    pub values: Pair<Option<&'r str>>,
}

impl<'r> From<&'r Difference> for Open<'r> {
    fn from(difference: &'r Difference) -> Self {
        let Difference { flow, step, place, class, kind, baseline, candidate, .. } = difference;
        let values = Pair { baseline: baseline.as_deref(), candidate: candidate.as_deref() };
        Self { flow, step, place, class: *class, kind: *kind, values }
    }
}

impl<'r> From<&'r Invariant> for Open<'r> {
    fn from(invariant: &'r Invariant) -> Self {
        let Invariant { flow, step, place, .. } = invariant;
        Self { flow, step, place, class: Class::Breaking, kind: Kind::Invariant, values: Pair::default() }
    }
}

/// The one word that CI acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Go.
    Pass,
    /// Roll back.
    Fail,
    /// The evidence does not decide.
    Inconclusive,
    /// The evidence cannot be believed, or there is none.
    Invalid,
}

impl Verdict {
    /// As `run.json` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Inconclusive => "inconclusive",
            Self::Invalid => "invalid",
        }
    }
}

/// How a run ended, whatever its verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "message")]
pub enum Ending {
    /// Still under way when this file was written.
    Running,
    /// Every phase was done.
    Complete,
    /// Stopped by a signal.
    Interrupted,
    /// A side or its environment failed; the message is the error as printed.
    Failed(String),
}

/// What was run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunInfo {
    /// Name of the plan.
    pub plan: String,
    /// File of the plan as given on the command line.
    pub plan_file: Option<String>,
    /// What was given in place of a plan: the URL of an ad-hoc load, without what may be a secret in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The command: `run`, `verify`, `load`, `search`.
    pub command: String,
    /// Seed of everything drawn at random.
    pub seed: u64,
    /// The flow or step that alone was compared, as `FLOW` or `FLOW/STEP`; `null`: all of them.
    #[serde(default)]
    pub only: Option<String>,
    /// Settings of the command line that decide what answers come, such as `--defect slow-tail=50`; none is a secret.
    #[serde(default)]
    pub settings: Vec<String>,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// RFC 3339, UTC; `null` while running.
    pub finished_at: Option<String>,
    /// How each side came up, in words, such as `bundled, stack async`.
    pub sides: Pair<Option<String>>,
    /// What was spoken with each side, such as `HTTP/2 over TLS 1.3`.
    #[serde(default)]
    pub protocols: Pair<Option<String>>,
    /// The databases, in words: provider, version, why it was chosen, latency.
    pub database: String,
    /// The flows with their weights and steps, in the plan's order.
    pub flows: Vec<FlowInfo>,
}

/// One flow of the plan.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FlowInfo {
    /// Its name.
    pub name: String,
    /// Its weight.
    pub weight: u32,
    /// Names of its steps.
    pub steps: Vec<String>,
}

/// What became of one gate or target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// As written in the plan.
    pub expr: String,
    /// Pass, fail, inconclusive or invalid.
    pub status: Verdict,
    /// What was measured, in base units; `null`: nothing was.
    pub observed: Option<f64>,
    /// What it was compared with, in base units, after relative limits were filled in.
    pub limit: Option<f64>,
    /// Unit of both: `us`, `share`, `per_second`, `count`, `bytes`.
    pub unit: String,
    /// 95 % interval of the estimate, on the scale of `estimate`; `null`: the figure is a count of all there was.
    pub interval: Option<[f64; 2]>,
    /// What the gate was decided by, where it was not `observed` alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<Estimate>,
    /// How many observations the figure rests on.
    pub samples: u64,
    /// Whether it has a part in the verdict; one that this command cannot answer, or is about the baseline alone, has none.
    #[serde(default = "decides", skip_serializing_if = "is_true")]
    pub decides: bool,
    /// In words, with the figures as people read them.
    pub reason: String,
}

/// Records of before have no word of it.
const fn decides() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_true(it: &bool) -> bool {
    *it
}

/// Something that a reader of the figures must know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Stable short name, such as `dispatch-lag`.
    pub code: String,
    /// In words, with figures.
    pub message: String,
}

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Good to know.
    Note,
    /// The figures need care.
    Warning,
    /// The figures cannot be believed.
    Invalid,
}

/// What the samplers saw of one side. Columns of equal length: one sample per row; `null` where a sample failed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Observations {
    /// Where the pool figures come from, in words; `null`: there are none.
    pub pool_source: Option<String>,
    /// Pool samples.
    pub pool: PoolSeries,
    /// Samples of the side's process.
    pub process: ProcessSeries,
    /// Samples of the side's database.
    pub database: DatabaseSeries,
}

/// Pool samples of one side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct PoolSeries {
    /// Since the start of the run.
    pub at_ms: Vec<u64>,
    /// Connections in use.
    pub used: Vec<Option<f64>>,
    /// Connections open but not in use.
    pub idle: Vec<Option<f64>>,
    /// Most connections that the pool opens.
    pub max: Vec<Option<f64>>,
    /// Requests waiting for a connection.
    pub pending: Vec<Option<f64>>,
    /// Waits given up since the process started.
    pub timeouts: Vec<Option<f64>>,
}

/// Samples of one side's process.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ProcessSeries {
    /// Since the start of the run.
    pub at_ms: Vec<u64>,
    /// Processor time used since the process started.
    pub cpu_ms: Vec<u64>,
    /// Resident memory.
    pub rss_bytes: Vec<u64>,
    /// Threads.
    pub threads: Vec<u64>,
    /// Open file descriptors.
    pub fds: Vec<u64>,
}

/// Samples of one side's database, from `pg_stat_activity`.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DatabaseSeries {
    /// Since the start of the run.
    pub at_ms: Vec<u64>,
    /// Connections of the side.
    pub connections: Vec<u64>,
    /// Of these, running a statement.
    pub active: Vec<u64>,
    /// Of these, in a transaction but waiting for the client.
    pub idle_in_transaction: Vec<u64>,
    /// Of these, waiting for a lock.
    pub waiting: Vec<u64>,
}

/// The machine and the software.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Environment {
    /// Version of cutover.
    pub cutover: String,
    /// `debug` or `release`.
    pub profile: String,
    /// Operating system and kernel.
    pub os: String,
    /// Processor as the system names it.
    pub cpu_model: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory of the machine.
    pub memory_bytes: u64,
    /// Load average over one minute at the start.
    pub load_average: f64,
    /// Version of the database server; `null`: not known.
    pub database: Option<String>,
}
