//! Makes the records under `tests/fixtures/report/`: a run whose baseline saturates its pool, with texts from the sides
//! that try to break every format.

use crate::record::{
    Ending, Environment, Estimate, Finding, FlowInfo, GateResult, RunInfo, RunRecord, SCHEMA_VERSION, Scale, Severity,
    Verdict,
};
use crate::role::{Pair, Role};

mod coverage;
mod faults;
mod load;
mod observations;
mod parity;
mod reproduce;
mod state;

const STEPS: [(&str, &str); 4] = [
    ("browse", "GET /api/v1/students?page=1&page_size=20"),
    ("browse", "GET /api/v1/students/{{student_id}}"),
    ("enrol", "POST /api/v1/students"),
    ("enrol", "DELETE /api/v1/students/{{id}}"),
];
const ORDER: [Role; 6] =
    [Role::Candidate, Role::Baseline, Role::Baseline, Role::Candidate, Role::Candidate, Role::Baseline];
const BLOCK_S: u64 = 6;
const FIRST_BLOCK_MS: u64 = 4_200;
const BLOCK_EVERY_MS: u64 = 6_300;

/// Everything: both sides, six blocks, a saturated baseline, differences with hostile texts.
pub(super) fn full() -> RunRecord {
    let load = load::load();
    RunRecord {
        verdict: Verdict::Fail,
        reason: "gate `parity.breaking == 0` failed: 9 breaking differences in 4 places".to_owned(),
        ending: Ending::Complete,
        gates: gates(),
        targets: targets(),
        findings: vec![
            finding(
                Severity::Warning,
                "baseline-saturated",
                "the baseline's pool was saturated in 63 % of samples: its response times say how it fails, not how fast it is",
            ),
            finding(
                Severity::Note,
                "littles-law",
                "mean connections in use agree with throughput × mean hold within 4 % on both sides",
            ),
        ],
        parity: Some(parity::parity()),
        state: Some(state::state()),
        explore: None,
        faults: faults::faults(),
        load: Some(load),
        search: None,
        observations: Pair::from_fn(|role| Some(observations::observations(role))),
        ..empty()
    }
}

/// An ad-hoc load test of one URL in the closed model.
pub(super) fn load_only() -> RunRecord {
    let mut load = load::load();
    load.model = "closed".to_owned();
    load.arrivals = "32 users, each begins again when it is done".to_owned();
    (load.rate, load.users, load.sides.baseline, load.parity) = (None, 32, None, None);
    load.blocks.retain(|block| block.side == Role::Candidate);
    (load.generator.offered, load.generator.dispatch_lag_us) = (None, None);
    if let Some(side) = &mut load.sides.candidate {
        (side.cpu, side.rss_bytes, side.pool) = (None, None, None);
    }
    let mut record = RunRecord { ending: Ending::Complete, load: Some(load), ..empty() };
    record.verdict = Verdict::Inconclusive;
    record.reason = "nothing was to be judged: there are no gates".to_owned();
    record.run.command = "load".to_owned();
    record.run.plan = "load".to_owned();
    record.run.plan_file = None;
    record.run.target = Some("http://127.0.0.1:8080/students".to_owned());
    record.run.sides.baseline = None;
    record
}

/// The replay alone.
pub(super) fn parity_only() -> RunRecord {
    let mut record = RunRecord { parity: Some(parity::parity()), ending: Ending::Complete, ..empty() };
    record.verdict = Verdict::Fail;
    record.reason = "9 breaking differences in 4 places".to_owned();
    record.run.command = "verify".to_owned();
    record.gates = gates().into_iter().filter(|gate| gate.expr.starts_with("parity")).collect();
    record
}

/// Interrupted before anything was measured.
pub(super) fn empty() -> RunRecord {
    RunRecord {
        schema_version: SCHEMA_VERSION,
        verdict: Verdict::Invalid,
        reason: "nothing was measured".to_owned(),
        run: run(),
        ending: Ending::Interrupted,
        gates: Vec::new(),
        targets: Vec::new(),
        findings: Vec::new(),
        parity: None,
        state: None,
        explore: None,
        faults: Vec::new(),
        load: None,
        search: None,
        observations: Pair::default(),
        environment: environment(),
    }
}

fn run() -> RunInfo {
    let steps = |flow: &str| STEPS.iter().filter(|step| step.0 == flow).map(|step| step.1.to_owned()).collect();
    RunInfo {
        plan: "students".to_owned(),
        plan_file: Some("scenarios/students.yaml".to_owned()),
        target: None,
        only: None,
        settings: Vec::new(),
        command: "run".to_owned(),
        seed: 42,
        started_at: "2026-03-14T09:26:53Z".to_owned(),
        finished_at: Some("2026-03-14T09:27:41.5Z".to_owned()),
        sides: Pair {
            baseline: Some("bundled, stack blocking".to_owned()),
            candidate: Some("bundled, stack async".to_owned()),
        },
        protocols: Pair::from_fn(|_| Some("HTTP/1.1".to_owned())),
        database: "PostgreSQL 16.4, local server (no container runtime found), 3 ms latency added".to_owned(),
        flows: vec![
            FlowInfo { name: "browse".to_owned(), weight: 8, steps: steps("browse") },
            FlowInfo { name: "enrol".to_owned(), weight: 2, steps: steps("enrol") },
        ],
    }
}

fn environment() -> Environment {
    Environment {
        cutover: "0.1.0".to_owned(),
        profile: "release".to_owned(),
        os: "Debian GNU/Linux 12, Linux 6.1.0".to_owned(),
        cpu_model: "AMD EPYC 7B13".to_owned(),
        cores: 4,
        memory_bytes: 16 << 30,
        load_average: 0.31,
        database: Some("PostgreSQL 16.4".to_owned()),
    }
}

fn finding(severity: Severity, code: &str, message: &str) -> Finding {
    Finding { severity, code: code.to_owned(), message: message.to_owned() }
}

type Rule<'a> = (&'a str, Verdict, Option<f64>, Option<f64>, &'a str, Option<[f64; 2]>, u64, &'a str);

fn rule((expr, status, observed, limit, unit, interval, samples, reason): Rule) -> GateResult {
    let (expr, unit, reason) = (expr.to_owned(), unit.to_owned(), reason.to_owned());
    let estimate = interval.map(|interval| estimate(&expr, status, interval, samples));
    GateResult { expr, status, observed, limit, unit, interval, estimate, samples, decides: true, reason }
}

/// As the judge makes them, with the estimate in the middle of its interval.
fn estimate(expr: &str, status: Verdict, [low, high]: [f64; 2], samples: u64) -> Estimate {
    let (scale, limit, method, of) = match expr {
        "candidate.error_rate <= 1%" => (Scale::Value, 0.01, "clopper-pearson", "requests"),
        "candidate.p95 <= baseline.p95 * 1.25" => (Scale::Ratio, 1.25, "t", "pairs"),
        _ => (Scale::Value, 1e6, "t", "blocks"),
    };
    Estimate {
        scale,
        value: f64::midpoint(low, high),
        low,
        high,
        limit,
        method: method.to_owned(),
        of: of.to_owned(),
        observations: if of == "requests" { samples } else { 3 },
        blocks: 3,
        chance: (scale == Scale::Ratio).then_some(0.25),
        pairs_needed: (status == Verdict::Inconclusive).then_some(9),
    }
}

fn gates() -> Vec<GateResult> {
    use Verdict::{Fail, Inconclusive, Invalid, Pass};
    let rows: [Rule; 6] = [
        (
            "candidate.error_rate <= 1%",
            Pass,
            Some(0.0004),
            Some(0.01),
            "share",
            Some([0.0001, 0.0015]),
            5_400,
            "0.04 % of 5 400 requests failed; at most 0.15 % with 95 % confidence",
        ),
        (
            "candidate.p95 <= 1s",
            Pass,
            Some(148_000.0),
            Some(1e6),
            "us",
            Some([131_000.0, 166_000.0]),
            3,
            "typical block 148 ms (95 %: 131 ms to 166 ms, by Student's t), 3 blocks",
        ),
        ("candidate.pool.timeouts == 0", Pass, Some(0.0), Some(0.0), "count", None, 180, "no wait was given up"),
        (
            "parity.breaking == 0",
            Fail,
            Some(9.0),
            Some(0.0),
            "count",
            None,
            412,
            "9 breaking differences in 4 places, first `$.items[0].name` of `GET /api/v1/students`",
        ),
        (
            "candidate.p95 <= baseline.p95 * 1.25",
            Inconclusive,
            Some(148_000.0),
            Some(912_000.0),
            "us",
            Some([0.14, 1.61]),
            3,
            "candidate.p95 148 ms, limit <= 912 ms; ratio 0.475 (95 %: 0.140 to 1.61, by Student's t), 3 pairs; not decided: about 9 pairs would settle it",
        ),
        (
            "candidate.p99.9 <= 2s",
            Invalid,
            None,
            Some(2e6),
            "us",
            None,
            0,
            "no block has the 3 688 requests that a P99.9 needs",
        ),
    ];
    rows.into_iter().map(rule).collect()
}

fn targets() -> Vec<GateResult> {
    use Verdict::{Fail, Pass};
    let rows: [Rule; 5] = [
        (
            "candidate.p95 < 200ms",
            Pass,
            Some(148_000.0),
            Some(200_000.0),
            "us",
            None,
            3,
            "3 blocks between 131 ms and 166 ms",
        ),
        (
            "candidate.throughput > 800/s",
            Fail,
            Some(359.6),
            Some(800.0),
            "per_second",
            None,
            3,
            "the rate of the plan, 200/s, cannot reach it",
        ),
        ("candidate.pool.used.mean < 20", Pass, Some(6.1), Some(20.0), "count", None, 180, "180 samples"),
        ("candidate.cpu < 40%", Pass, Some(0.33), Some(0.4), "share", None, 3, "3 blocks"),
        ("candidate.service.p95 < 150ms", Pass, Some(121_000.0), Some(150_000.0), "us", None, 3, "3 blocks"),
    ];
    rows.into_iter().map(rule).collect()
}

/// Numbers that look random and are the same each time.
struct Noise(u64);

impl Noise {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as f64 + 0.5) / (1_u64 << 31) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * self.uniform().ln()).sqrt() * (std::f64::consts::TAU * self.uniform()).cos()
    }
}
