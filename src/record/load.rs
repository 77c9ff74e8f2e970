//! What the load phase measured.
//!
//! Response time runs from the intended start of a request, service time from the moment it was sent. Histograms are
//! kept as base64 of the `HdrHistogram` V2 compressed format, in µs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::faults::Connections;
use super::load_parity::LoadParity;
use crate::role::{Pair, Role};
use crate::units::format_count;

/// What the load phase measured.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Load {
    /// `open` or `closed`.
    pub model: String,
    /// Who begins flow iterations and when, in words.
    #[serde(default)]
    pub arrivals: String,
    /// Flow iterations that were to arrive per second, bursts aside; `null` in the closed model.
    pub rate: Option<f64>,
    /// Virtual users: all there are (closed), or the most under way at a time (open).
    pub users: usize,
    /// Length of a block, settle time included.
    pub block_s: f64,
    /// Start of each block that is not counted.
    pub settle_s: f64,
    /// Pairs that were to be run.
    pub pairs_planned: u32,
    /// Totals of the measured part of all blocks; `null`: the plan has no such side.
    pub sides: Pair<Option<SideLoad>>,
    /// Every block in the order it was run.
    pub blocks: Vec<Block>,
    /// What the generator did, as against what it was asked to do.
    pub generator: Generator,
    /// What comparing the answers found; `null`: they were not compared.
    #[serde(default)]
    pub parity: Option<LoadParity>,
    /// Why the load ended before all blocks were done; `null`: it did not, or was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped: Option<EarlyStop>,
    /// One: these figures are a share of a load that several processes made. More: they were merged from these shares.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shards: Vec<Shard>,
}

/// A gate was past saving, so that more load would not have made a pass of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct EarlyStop {
    /// The gate that was past saving.
    pub gate: String,
    /// Its limit, a share or a count.
    pub limit: f64,
    /// What spoke against it.
    #[serde(default)]
    pub cause: Cause,
    /// When the load ended, since the start of the run.
    #[serde(default)]
    pub at_ms: u64,
    /// Seconds of measured load on the candidate until then.
    pub seconds: u64,
    /// What was looked at until then: requests, samples of the pool, pairs of blocks.
    #[serde(alias = "requests")]
    pub observed: u64,
    /// What of it spoke against the gate: failed requests, waits given up, samples in which the pool was used up, breaking
    /// differences.
    #[serde(alias = "errors")]
    pub against: u64,
    /// What it was, where it has names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<String>,
}

/// What speaks against a gate while the load goes on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Failed requests of the candidate.
    #[default]
    Failures,
    /// Waits for a connection of the candidate's pool that were given up.
    PoolTimeouts,
    /// Samples in which the candidate's pool was used up and a request waited.
    PoolSaturation,
    /// Breaking differences between answers under load.
    LoadParity,
}

impl EarlyStop {
    /// What spoke against the gate, as a sentence without its end.
    pub fn in_words(&self) -> String {
        let (against, observed) = (format_count(self.against), format_count(self.observed));
        let is = |one: &'static str, more: &'static str| if self.against == 1 { one } else { more };
        let load = format!("in {} s of load on the candidate", self.seconds);
        match self.cause {
            Cause::Failures => format!("{against} of {observed} requests failed {load}"),
            Cause::PoolTimeouts => {
                format!("{against} {} for a connection {} given up {load}", is("wait", "waits"), is("was", "were"))
            }
            Cause::PoolSaturation => format!("the pool was used up in {against} of {observed} samples {load}"),
            Cause::LoadParity => format!(
                "{against} breaking {} shown again and again in {observed} pairs of blocks ({})",
                is("difference was", "differences were"),
                self.examples.join("; "),
            ),
        }
    }
}

/// One of several processes that made one load together.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Shard {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
    /// Digest of what the plan asks for: shards of different ones do not belong together.
    pub plan: String,
    /// When the first block was to begin, RFC 3339.
    pub start_at: String,
    /// The start of the run by the wall clock, in ms since the Unix epoch; `started_ms` of blocks count from here.
    pub epoch_unix_ms: i64,
    /// Histogram of the dispatch lag; empty once merged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lag_hdr: String,
    /// Histogram of how long answers waited until they were read; empty once merged.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub unread_hdr: String,
    /// Histograms of the response times of each second of each block; empty once merged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seconds_hdr: Vec<Vec<String>>,
    /// Once merged: how far its blocks began from those of the first shard, at most, in ms by the wall clock.
    #[serde(default)]
    pub apart_ms: u64,
    /// Once merged: what its generator did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator: Option<Generator>,
}

/// One side's totals over the measured part of all its blocks.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SideLoad {
    /// Requests that were due in measured time: answered, failed or never sent.
    pub requests: u64,
    /// Of these, failed: see `errors_by_kind`.
    pub errors: u64,
    /// Errors ÷ requests; `null` without requests.
    pub error_rate: Option<f64>,
    /// Errors by kind: `timeout`, `connect`, `reset`, `malformed`, `too_large`, `status`, `capture`, `unsent`,
    /// `exhausted` (the generator's machine had no port, file or buffer left).
    pub errors_by_kind: BTreeMap<String, u64>,
    /// Requests that went out on a new connection because the open one turned out to be closed; no errors.
    pub reconnects: u64,
    /// Of these and of those outside measured time, sent a second time: the side may have got them twice.
    #[serde(default)]
    pub resent: u64,
    /// Successful requests per second of measured time; `null` without measured time.
    pub throughput: Option<f64>,
    /// From the intended start to the end of the answer; failed requests included, with the time until they failed.
    pub response_time_us: Option<Quantiles>,
    /// From sending to the end of the answer.
    pub service_time_us: Option<Quantiles>,
    /// Processor time of the side's process ÷ measured time; 1 is one core. `null`: no process is known.
    pub cpu: Option<f64>,
    /// Largest resident memory of the side's process.
    pub rss_bytes: Option<u64>,
    /// Pool figures over measured time; `null`: there is no source for them.
    pub pool: Option<Pool>,
    /// Measured time.
    pub measured_s: f64,
    /// Per step, in the plan's order.
    pub steps: Vec<StepLoad>,
    /// What the load left behind; `null`: nothing was looked at.
    #[serde(default)]
    pub after: Option<Box<AfterLoad>>,
}

/// What the load left behind on a side: connections that never came back, and what grew from block to block.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct AfterLoad {
    /// From the end of the load until the side was at rest, or until it was no longer waited for.
    pub waited_ms: u64,
    /// Connections before the load.
    pub before: Connections,
    /// Connections at the last look.
    pub at_rest: Connections,
    /// Connections that are not at rest and were before the load; `null`: not known.
    pub leaked_connections: Option<u64>,
    /// Resident memory from block to block, in bytes; `null`: no process is known, or there are too few blocks.
    pub memory: Option<Trend>,
    /// Open file descriptors from block to block.
    pub fds: Option<Trend>,
}

/// How a figure of a side moves from one of its blocks to the next: each point is the median within a block, placed at
/// the time for which the side had been under load; the first quarter of the blocks is left out as warm-up.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Trend {
    /// Blocks.
    pub points: u64,
    /// Median over the blocks.
    pub level: f64,
    /// Theil–Sen slope per hour of load.
    pub per_hour: f64,
    /// Its 95 % interval.
    pub interval: [f64; 2],
    /// Mann–Kendall: how often points without a trend would rise as orderly as these.
    pub p_rising: f64,
    /// Load between the first block and the last, in hours.
    pub hours: f64,
}

impl Trend {
    /// Points without which it says nothing: the test takes S as normal, which is close from eight on.
    pub const POINTS_NEEDED: u64 = 8;
}

/// One step's totals on one side.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StepLoad {
    /// Name of the flow.
    pub flow: String,
    /// Name of the step.
    pub step: String,
    /// Requests that were due in measured time.
    pub requests: u64,
    /// Of these, failed.
    pub errors: u64,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// From the intended start to the end of the answer.
    pub response_time_us: Option<Quantiles>,
    /// From sending to the end of the answer.
    pub service_time_us: Option<Quantiles>,
    /// The histogram behind `response_time_us`.
    pub response_time_hdr: String,
    /// The histogram behind `service_time_us`.
    pub service_time_hdr: String,
}

/// Quantiles in µs, and how many values they rest on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// Values.
    pub count: u64,
    /// Smallest.
    pub min: u64,
    /// Median.
    pub p50: u64,
    /// 75 %.
    pub p75: u64,
    /// 90 %.
    pub p90: u64,
    /// 95 %.
    pub p95: u64,
    /// 99 %.
    pub p99: u64,
    /// 99.9 %.
    pub p999: u64,
    /// Largest.
    pub max: u64,
    /// Arithmetic mean.
    pub mean: f64,
}

/// Pool figures of one side over measured time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Pool {
    /// Connections open, mean.
    pub size: Option<f64>,
    /// Most connections that the pool opens.
    pub max: Option<f64>,
    /// Connections in use.
    pub used: MeanMax,
    /// Requests waiting for a connection.
    pub pending: MeanMax,
    /// Waits given up.
    pub timeouts: Option<u64>,
    /// Wait for a connection; `null`: the source has no histogram of it.
    pub wait_us: Option<WaitQuantiles>,
    /// Time a connection was held, mean; `null`: the source has no figure for it.
    pub hold_us_mean: Option<f64>,
    /// Share of samples with every connection in use and a request waiting.
    pub saturated_share: Option<f64>,
    /// Samples behind these figures.
    pub samples: u64,
    /// Samples that failed.
    pub samples_failed: u64,
}

/// Mean and largest of samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct MeanMax {
    /// Mean.
    pub mean: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
}

/// Quantiles read off the buckets of the service's own histogram, interpolated within a bucket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct WaitQuantiles {
    /// Waits.
    pub count: u64,
    /// Median.
    pub p50: f64,
    /// 95 %.
    pub p95: f64,
    /// 99 %.
    pub p99: f64,
    /// Upper bound of the highest bucket that has a wait; `null`: beyond the last bucket.
    pub max: Option<f64>,
}

/// Some seconds of load on one side.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Block {
    /// Which pair it belongs to, from 0.
    pub pair: u32,
    /// Which side was loaded.
    pub side: Role,
    /// Since the start of the run.
    pub started_ms: u64,
    /// Arrivals that the schedule had for the whole block.
    pub arrivals: u64,
    /// Measured time, settle time cut off.
    pub measured_s: f64,
    /// Requests that were due in measured time.
    pub requests: u64,
    /// Of these, failed.
    pub errors: u64,
    /// Response time of the measured part.
    pub response_time_us: Option<Quantiles>,
    /// Service time of the measured part.
    pub service_time_us: Option<Quantiles>,
    /// Processor time of the side's process over the measured part.
    pub cpu_ms: Option<u64>,
    /// What the machine did while the side was loaded, settle time included.
    #[serde(default)]
    pub machine: Machine,
    /// Each second of the block, settle time included.
    pub seconds: Vec<Second>,
    /// The histograms per step behind the totals.
    pub steps: Vec<BlockStep>,
}

/// What the machine did meanwhile, whichever side was loaded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Share of its processor time that the hypervisor gave to others; `null`: not known.
    pub steal: Option<f64>,
    /// How a server of the harness answered that does nothing; `null`: nobody asked it.
    pub sentinel: Option<Sentinel>,
}

/// Answers of a server of the harness that does nothing, asked 100 times a second: from the moment a question was due.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sentinel {
    /// Answers.
    pub asked: u64,
    /// Of these, later than 20 ms: the machine had stalled.
    pub slow: u64,
    /// Median.
    pub p50_us: u64,
    /// 99 %.
    pub p99_us: u64,
    /// Largest.
    pub max_us: u64,
}

/// One second of a block; requests are put where their intended start was.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Second {
    /// Requests due.
    pub requests: u64,
    /// Of these, failed.
    pub errors: u64,
    /// Median response time; 0 without requests.
    pub p50_us: u64,
    /// 95 % of the response time.
    pub p95_us: u64,
    /// 99 % of the response time.
    pub p99_us: u64,
    /// Largest response time.
    pub max_us: u64,
}

/// One step's part of a block.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct BlockStep {
    /// Index into the flat list of the plan's steps, flows in order.
    pub step: usize,
    /// Requests that were due in measured time.
    pub requests: u64,
    /// Of these, failed.
    pub errors: u64,
    /// Response times.
    pub response_time_hdr: String,
    /// Service times.
    #[serde(default)]
    pub service_time_hdr: String,
}

/// What the generator did, as against what it was asked to do.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Generator {
    /// Flow iterations per second that the schedule asked for; `null` in the closed model.
    pub offered: Option<f64>,
    /// Flow iterations per second that were begun.
    pub achieved: Option<f64>,
    /// From the intended start of an arrival to the moment that the user who waited for it had it; arrivals that found
    /// no free user, and those that come with others at one moment, tell nothing about the generator and are left out.
    pub dispatch_lag_us: Option<LagQuantiles>,
    /// From when the last byte of an answer had come to this machine to when it was read. It is the generator's own and
    /// no part of any response or service time. `null`: the kernel did not tell when answers came (HTTP/2), or the record
    /// is older than that was asked for.
    #[serde(default)]
    pub unread_us: Option<LagQuantiles>,
    /// Processor time of this process ÷ load time; 1 is one core. Includes the database proxy.
    pub cpu: Option<f64>,
    /// Panics of virtual users; any makes the run invalid.
    pub panics: u64,
    /// Arrivals that never began.
    pub unsent: u64,
    /// What kept the generator from going on to the last block; it makes the run invalid. `null`: nothing did.
    #[serde(default)]
    pub failure: Option<String>,
}

/// Quantiles of a lag of the generator in µs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct LagQuantiles {
    /// Arrivals, or answers.
    pub count: u64,
    /// Median.
    pub p50: u64,
    /// 99 %.
    pub p99: u64,
    /// What the 99th percentile is at least, with a confidence of 95 %: of few arrivals `p99` is the largest lag there
    /// was, and that may be an accident. `null`: not known.
    #[serde(default)]
    pub p99_at_least: Option<u64>,
    /// Largest.
    pub max: u64,
}
