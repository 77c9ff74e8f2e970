//! Arguments as they are typed. What they mean together is decided in `options`.

use std::path::PathBuf;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

const EXIT_CODES: &str = "\
Exit codes:
  0    verdict pass: go; or figures were asked for, without gates, and are there
  1    verdict fail: roll back (a gate failed, or the contract is broken)
  2    usage or plan invalid; nothing was started
  3    a side or its environment could not be started, or died; a file could not be written
  4    inconclusive, invalid, or nothing was checked
  130  interrupted";

const EXAMPLES: &str = "\
Examples:
  cutover run                                   the bundled students service, blocking against async
  cutover verify --baseline http://old:8000 --candidate http://new:8000 contracts.yaml
  cutover verify --only enrol/gone --seed 7     one step again, as the report tells it
  cutover load http://127.0.0.1:8080/students -c 32 -d 10s
  cutover judge reports/students-…/run.json --gate 'candidate.p99 <= 300ms'";

/// Proves that a migrated service answers as the old one did and is faster, from the same requests.
#[derive(Debug, Parser)]
#[command(name = "cutover", version, after_help = EXIT_CODES, after_long_help = format!("{EXAMPLES}\n\n{EXIT_CODES}"))]
pub(super) struct Cli {
    #[command(subcommand)]
    pub(super) command: Command,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Bring both sides up, compare every answer, load both, give one verdict
    Run(RunArgs),
    /// Bring both sides up and compare every answer; no load
    Verify(VerifyArgs),
    /// Load only: the sides of a plan, or one URL
    Load(LoadArgs),
    /// Find the highest rate at which each side still meets the gates
    Search(SearchArgs),
    /// Judge stored evidence again, with other gates; no network
    Judge(JudgeArgs),
    /// Join the shards of one load and judge them as one; no network
    Merge(MergeArgs),
    /// Write every report again from stored evidence
    Report(ReportArgs),
    /// Stand in front of a service and make a plan of the traffic that goes through
    Record(RecordArgs),
    /// Make a plan of what others wrote down
    #[command(subcommand)]
    Import(ImportCommand),
    /// The bundled reference service alone
    Serve(Box<reference_service::ServeArgs>),
    /// Validate a plan and print what would run; nothing is started
    Check(CheckArgs),
    /// Print the JSON Schema of the plan, for editors
    Schema,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// The plan, and what people change in it from run to run.
#[derive(Debug, Args)]
pub(super) struct PlanArgs {
    /// Plan file; `students` and `students-smoke` are built in
    #[arg(value_name = "PLAN", default_value = "scenarios/students.yaml")]
    pub(super) plan: String,
    #[command(flatten)]
    pub(super) overrides: Overrides,
}

/// Settings that win over the plan's.
#[derive(Debug, Args)]
pub(super) struct Overrides {
    /// Old side: a service that runs already, in place of the plan's
    #[arg(long, value_name = "URL", help_heading = "Sides")]
    pub(super) baseline: Option<String>,
    /// New side: a service that runs already, in place of the plan's
    #[arg(long, value_name = "URL", help_heading = "Sides")]
    pub(super) candidate: Option<String>,
    /// Where the old side's pool metrics are, such as `/metrics` or `/metrics:hikaricp`
    #[arg(long, value_name = "PATH", help_heading = "Sides")]
    pub(super) baseline_metrics: Option<String>,
    /// Where the new side's pool metrics are, such as `/metrics` or `/metrics:hikaricp`
    #[arg(long, value_name = "PATH", help_heading = "Sides")]
    pub(super) candidate_metrics: Option<String>,
    /// Who provides the databases: auto, docker, local, sqlite, or a `postgres://` URL
    #[arg(long, value_name = "PROVIDER", env = "CUTOVER_DATABASE", hide_env_values = true, help_heading = "Sides")]
    pub(super) database: Option<String>,
    /// Image of the docker provider
    #[arg(long, value_name = "IMAGE", help_heading = "Sides")]
    pub(super) postgres_image: Option<String>,
    /// Make the bundled candidate wrong on purpose, to see it found, such as `wrong-status` or `slow-tail=50`
    /// (repeatable; reference-service/README.md names them all)
    #[arg(long = "defect", value_name = "NAME[=VALUE]", action = ArgAction::Append, help_heading = "Sides")]
    pub(super) defects: Vec<String>,
    /// Runs of the baseline against itself before the replay: what differs there is compared by type, format and order
    /// in time only [default: 1, and 0 for a baseline that runs already]
    #[arg(long, value_name = "COUNT")]
    pub(super) noise_runs: Option<u32>,
    /// OpenAPI document that `parity.coverage` is held against: a file, or a `/path` that the baseline serves
    #[arg(long, value_name = "FILE|/PATH", help_heading = "Contract")]
    pub(super) contract: Option<String>,
    /// Which faults of the plan are made on both sides, in place of those it names: a list such as
    /// `statement-timeout,database-stopped`, `all`, or `none`
    #[arg(long, value_name = "LIST", value_delimiter = ',', help_heading = "Sides")]
    pub(super) faults: Vec<String>,
    /// Seed of everything that is drawn at random; printed by every run
    #[arg(long, value_name = "NUMBER")]
    pub(super) seed: Option<u64>,
    /// One more gate, such as 'candidate.p99 <= 300ms' (repeatable)
    #[arg(long = "gate", value_name = "EXPR", action = ArgAction::Append)]
    pub(super) gates: Vec<String>,
    #[command(flatten)]
    pub(super) load: LoadOverrides,
}

/// How much load, for how long.
#[derive(Debug, Args)]
pub(super) struct LoadOverrides {
    /// Open model: flow iterations that arrive per second, such as 200 or 200/s
    #[arg(long, value_name = "RATE", conflicts_with = "users", help_heading = "Load")]
    pub(super) rate: Option<String>,
    /// Closed model: so many virtual users, each waiting for its answer
    #[arg(short = 'c', long, value_name = "COUNT", help_heading = "Load")]
    pub(super) users: Option<usize>,
    /// Time of the whole load phase, such as 60s; sets the number of pairs
    #[arg(short = 'd', long, value_name = "TIME", conflicts_with = "pairs", help_heading = "Load")]
    pub(super) duration: Option<String>,
    /// Pairs of blocks
    #[arg(long, value_name = "COUNT", help_heading = "Load")]
    pub(super) pairs: Option<u32>,
    /// Go on once, up to so many pairs of blocks, if a gate is not decided by then
    #[arg(long, value_name = "COUNT", help_heading = "Load")]
    pub(super) max_pairs: Option<u32>,
}

/// What is written and shown.
#[derive(Debug, Args)]
pub(super) struct OutputArgs {
    /// Directory for run.json and the reports [default: reports/<plan>-<time>]
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub(super) out: Option<PathBuf>,
    /// No progress; the summary is the verdict alone
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
    /// No colours, also on a terminal (as `NO_COLOR` does)
    #[arg(long, help_heading = "Output")]
    pub(super) no_color: bool,
    /// What goes to standard output
    #[arg(long, value_enum, default_value_t = Format::Text, help_heading = "Output")]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// A summary for people
    Text,
    /// Verdict, gates and figures as JSON
    Json,
    /// The summary as Markdown, as for a pull request
    Markdown,
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    #[command(flatten)]
    pub(super) plan: PlanArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Show what a side prints, as it comes
    #[arg(long, value_name = "SIDE", value_enum, help_heading = "Sides")]
    pub(super) show_output: Option<SideArg>,
    #[command(flatten)]
    pub(super) known: AcceptArgs,
    /// Besides the plan's flows, send so many requests that the sides' OpenAPI document suggests, valid and invalid, to
    /// both sides; whatever differs is made as short as possible. The same --seed sends the same requests
    #[arg(long, value_name = "COUNT", default_value_t = 0, hide_default_value = true, help_heading = "Parity")]
    pub(super) explore: u64,
}

#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Compare one flow or one step only, as the report names it; the steps before it are sent all the same. With the
    /// same `--seed` it draws the same values as in the whole run
    #[arg(long, value_name = "FLOW[/STEP]", conflicts_with = "explore", help_heading = "Differences")]
    pub(super) only: Option<String>,
}

/// Differences that somebody has accepted, or is about to.
#[derive(Debug, Args)]
pub(super) struct AcceptArgs {
    /// Known differences that do not fail: a file that `--accept-new` begins and people keep
    #[arg(long, value_name = "FILE", help_heading = "Differences")]
    pub(super) accept: Option<PathBuf>,
    /// Add the differences that fail this run to a file for `--accept`, those of answers, databases, faults and the load
    /// alike; what stands in it stays, and holds for this run
    #[arg(long, value_name = "FILE", requires = "reason", conflicts_with = "accept", help_heading = "Differences")]
    pub(super) accept_new: Option<PathBuf>,
    /// Why the new differences are accepted
    #[arg(long, value_name = "TEXT", requires = "accept_new", help_heading = "Differences")]
    pub(super) reason: Option<String>,
    /// The last day on which the new differences are accepted, as 2027-01-31; without it they are for good
    #[arg(long, value_name = "DATE", requires = "accept_new", help_heading = "Differences")]
    pub(super) until: Option<String>,
}

const LOAD_EXAMPLES: &str = "\
Examples:
  cutover load http://127.0.0.1:8080/students -c 32 -d 10s        closed model: 32 users
  cutover load http://127.0.0.1:8080/students --rate 500 -d 10s   open model: 500 arrivals a second
  cutover load http://127.0.0.1:8080/students -H 'Authorization: Bearer ${TOKEN}' -H 'Content-Type: application/json' \
    --body-file student.json                                      POST; the values of headers are on no record
  cutover load plan.yaml --shard 2/4 --start-at 2027-01-31T09:30:00Z --seed 7 --out shard-2

A load that is too large for one machine is made by several: each gets the same plan and seed, the same start, and a share
of its own, I of N. Clocks must agree to within 100 ms. `cutover merge shard-*` joins what they wrote.
Only `load` is shared: answers are compared once, by one process (`verify`), and sides that all shards reach are started by
whoever owns them. A rate found by `search` on one machine says where to begin.";

#[derive(Debug, Args)]
#[command(after_help = LOAD_EXAMPLES)]
pub(super) struct LoadArgs {
    /// Plan file, or the URL of a service that runs already
    #[arg(value_name = "PLAN|URL", default_value = "scenarios/students.yaml")]
    pub(super) target: String,
    #[command(flatten)]
    pub(super) request: RequestArgs,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// Make one share of the arrivals: the I-th of N, such as 2/4
    #[arg(long, value_name = "I/N", requires = "start_at", help_heading = "Shards")]
    pub(super) shard: Option<String>,
    /// When all shards begin their first block, in RFC 3339 such as 2027-01-31T09:30:00Z
    #[arg(long, value_name = "TIME", requires = "shard", help_heading = "Shards")]
    pub(super) start_at: Option<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    #[command(flatten)]
    pub(super) known: AcceptArgs,
    /// Show what a side prints, as it comes
    #[arg(long, value_name = "SIDE", value_enum, help_heading = "Sides")]
    pub(super) show_output: Option<SideArg>,
}

/// What is sent to the URL.
#[derive(Debug, Default, Args)]
pub(super) struct RequestArgs {
    /// Method [default: GET, and POST with a body]
    #[arg(short = 'X', long, value_name = "METHOD", help_heading = "Request to the URL")]
    pub(super) method: Option<String>,
    /// Header, such as 'Authorization: Bearer ${TOKEN}' with a variable of the environment (repeatable)
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", action = ArgAction::Append, help_heading = "Request to the URL")]
    pub(super) headers: Vec<String>,
    /// Body, as it stands
    #[arg(long, value_name = "TEXT", conflicts_with = "body_file", help_heading = "Request to the URL")]
    pub(super) body: Option<String>,
    /// File with the body
    #[arg(long, value_name = "FILE", help_heading = "Request to the URL")]
    pub(super) body_file: Option<PathBuf>,
}

const MERGE_EXAMPLES: &str = "\
Examples:
  cutover merge shard-1 shard-2 shard-3 shard-4 --out merged
  cutover merge shard-* --gate 'candidate.p99 <= 300ms'

Histograms are merged without loss. Shards of another plan, seed, start or number, one that is missing and one that is
given twice are refused.";

#[derive(Debug, Args)]
#[command(after_help = MERGE_EXAMPLES)]
pub(super) struct MergeArgs {
    /// Directories of the shards' runs, in any order
    #[arg(value_name = "DIR", required = true)]
    pub(super) shards: Vec<PathBuf>,
    /// Gate in place of the stored ones, such as 'candidate.p99 <= 300ms' (repeatable)
    #[arg(long = "gate", value_name = "EXPR", action = ArgAction::Append)]
    pub(super) gates: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

const SEARCH_EXAMPLES: &str = "\
Examples:
  cutover search                                       both stacks of the bundled service, against its plan's gates
  cutover search http://127.0.0.1:8080/students --gate 'candidate.p95 <= 50ms'
  cutover search plan.yaml --start 100 --step 20s --repeats 6

Each step is a load of its own in the open model, without bursts. The rate goes up by half until a gate is missed, then between the highest
met and the lowest missed until they are close. Gates on the candidate with a limit of their own are held against either
side. With six searches or more there is an interval. A search gives figures, no verdict: it ends with 0 if the limit of
each side was found, else with 4.";

#[derive(Debug, Args)]
#[command(after_help = SEARCH_EXAMPLES)]
pub(super) struct SearchArgs {
    /// Plan file, or the URL of a service that runs already
    #[arg(value_name = "PLAN|URL", default_value = "scenarios/students.yaml")]
    pub(super) target: String,
    #[command(flatten)]
    pub(super) overrides: Overrides,
    /// First rate, in flow iterations per second [default: a quarter of the plan's, or 50]
    #[arg(long, value_name = "RATE", help_heading = "Search")]
    pub(super) start: Option<String>,
    /// Try no rate above this
    #[arg(long, value_name = "RATE", default_value = "10000", help_heading = "Search")]
    pub(super) most: String,
    /// Time of each step that counts
    #[arg(long, value_name = "TIME", default_value = "10s", help_heading = "Search")]
    pub(super) step: String,
    /// How close the highest rate met and the lowest missed must come
    #[arg(long, value_name = "SHARE", default_value = "5%", help_heading = "Search")]
    pub(super) precision: String,
    /// Search each side so often
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=60), help_heading = "Search")]
    pub(super) repeats: u32,
    #[command(flatten)]
    pub(super) output: OutputArgs,
    /// Show what a side prints, as it comes
    #[arg(long, value_name = "SIDE", value_enum, help_heading = "Sides")]
    pub(super) show_output: Option<SideArg>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SideArg {
    /// The old side
    Baseline,
    /// The new side
    Candidate,
}

#[derive(Debug, Subcommand)]
pub(super) enum ImportCommand {
    /// Make a plan of an OpenAPI document: for each resource one flow that creates, reads, updates and deletes it
    Openapi(OpenapiArgs),
    /// Make a plan of a HAR file: what a browser or a proxy recorded
    Har(HarArgs),
    /// Make a plan of what `cutover record` had written when it was killed
    Recording(RecordingArgs),
}

const OPENAPI_EXAMPLES: &str = "\
Examples:
  cutover import openapi http://old:8000/openapi.json --out students.yaml
  cutover check students.yaml
  LOGIN_USER=… LOGIN_PASSWORD=… cutover verify students.yaml --baseline http://old:8000 --candidate http://new:8000

OpenAPI 3.1 and 3.0, JSON or YAML. The plan says in comments what was guessed; secrets are variables of the environment,
which standard error names.";

#[derive(Debug, Args)]
#[command(after_help = OPENAPI_EXAMPLES)]
pub(super) struct OpenapiArgs {
    /// OpenAPI document: a file, a URL, or `-` for standard input
    #[arg(value_name = "FILE|URL")]
    pub(super) document: String,
    /// Plan file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    pub(super) force: bool,
    /// Old side, as the plan will have it [default: where the document comes from]
    #[arg(long, value_name = "URL")]
    pub(super) baseline: Option<String>,
    /// New side, as the plan will have it [default: where the document comes from]
    #[arg(long, value_name = "URL")]
    pub(super) candidate: Option<String>,
}

const HAR_EXAMPLES: &str = "\
Examples:
  cutover import har students.har --out students.yaml
  cutover verify students.yaml --baseline http://old:8000 --candidate http://new:8000

Browsers: network panel, \u{201c}Save all as HAR\u{201d}. Most leave out cookies and tokens unless asked for \u{201c}HAR with sensitive
data\u{201d}; the plan never holds them: what an answer gave is captured from there, the rest is a variable of the environment.";

#[derive(Debug, Args)]
#[command(after_help = HAR_EXAMPLES)]
pub(super) struct HarArgs {
    /// HAR file, also with gzip; `-` reads standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Only requests to this host, such as `api.example.org` or `127.0.0.1:8080` [default: that with the most requests]
    #[arg(long, value_name = "HOST")]
    pub(super) host: Option<String>,
    #[command(flatten)]
    pub(super) draft: DraftArgs,
}

#[derive(Debug, Args)]
pub(super) struct RecordingArgs {
    /// The file ending in `.recording` beside the plan that was to be made
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    #[command(flatten)]
    pub(super) draft: DraftArgs,
}

const RECORD_EXAMPLES: &str = "\
Examples:
  cutover record --upstream http://127.0.0.1:8000 --listen 127.0.0.1:8888 --out students.yaml
  cutover verify students.yaml --baseline http://old:8000 --candidate http://new:8000

Send traffic to the listening port, then Ctrl-C. Tokens and passwords are never written: what an answer gave is captured
from there, the rest is a variable of the environment.";

#[derive(Debug, Args)]
#[command(after_help = RECORD_EXAMPLES)]
pub(super) struct RecordArgs {
    /// Service that answers the requests
    #[arg(long, value_name = "URL")]
    pub(super) upstream: String,
    /// Address at which requests are taken
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8888")]
    pub(super) listen: std::net::SocketAddr,
    /// Pass the `Host` header on as it comes
    #[arg(long)]
    pub(super) preserve_host: bool,
    /// End after so many requests
    #[arg(long, value_name = "COUNT")]
    pub(super) max_requests: Option<u64>,
    /// End after this time, such as 10m
    #[arg(short = 'd', long, value_name = "TIME")]
    pub(super) duration: Option<String>,
    /// Bytes of each body that are looked at; more is passed on all the same
    #[arg(long, value_name = "BYTES", default_value_t = 64 << 10)]
    pub(super) keep_body: usize,
    /// No progress
    #[arg(short, long)]
    pub(super) quiet: bool,
    #[command(flatten)]
    pub(super) draft: DraftArgs,
}

/// How recorded traffic becomes a plan.
#[derive(Debug, Args)]
pub(super) struct DraftArgs {
    /// Plan file to write [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// Write over a file that is there
    #[arg(long, requires = "out")]
    pub(super) force: bool,
    /// Keep pages, pictures, scripts, styles and fonts too
    #[arg(long)]
    pub(super) all: bool,
    /// Send another value of this member in each iteration, such as `email` (repeatable)
    #[arg(long, value_name = "FIELD", action = ArgAction::Append)]
    pub(super) unique: Vec<String>,
    /// A session that pauses so long goes on as another flow
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub(super) gap: String,
    /// Most steps of the plan
    #[arg(long, value_name = "COUNT", default_value_t = 1000)]
    pub(super) max_steps: usize,
}

#[derive(Debug, Args)]
pub(super) struct JudgeArgs {
    /// The run.json of a run
    #[arg(value_name = "RUN.JSON")]
    pub(super) record: PathBuf,
    /// Gate in place of the stored ones, such as 'candidate.p99 <= 300ms' (repeatable)
    #[arg(long = "gate", value_name = "EXPR", action = ArgAction::Append)]
    pub(super) gates: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// The run.json of a run
    #[arg(value_name = "RUN.JSON")]
    pub(super) record: PathBuf,
    /// Directory for the reports [default: that of RUN.JSON]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) plan: PlanArgs,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_arguments_make_sense_together() {
        Cli::command().debug_assert();
    }
}
