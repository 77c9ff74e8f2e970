//! One step of a search: a rate, held for some time on one side, and whether the gates held.

use std::time::Duration;

use super::super::{Command, Job, RunError, begin, measure};
use super::SearchOptions;
use crate::capacity::Tried;
use crate::clock::Epoch;
use crate::judge;
use crate::plan::gate::Scope;
use crate::plan::{Arrivals, Flow, Gate, Plan, Spacing};
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::search::SearchStep;
use crate::record::{Ending, RunRecord, Severity};
use crate::role::Role;
use crate::stop::Stop;
use crate::units::format_count;

/// A gate that is missed by more than this factor is not taken for chance.
const FAR: f64 = 2.0;
/// Flow iterations under way at most, where the plan has the closed model.
const MOST_UNDERWAY: usize = 256;
/// How many more samples are aimed at than are needed: arrivals come by chance.
const ROOM: f64 = 1.25;
/// Flow iterations without which nothing can be said of a rate.
const LEAST_ARRIVALS: f64 = 20.0;
/// How many times as long as asked for a step at a low rate may last.
const MOST_TIMES: u32 = 6;

/// The plan with a load of one block at a rate.
pub(super) fn plan(plan: &Plan, options: &SearchOptions, rate: f64) -> Plan {
    let mut plan = plan.clone();
    let arrivals = match plan.load.arrivals {
        // A burst is in some steps and not in others, and as large at any rate: it says nothing of the rate.
        Arrivals::Open { spacing, users, .. } => Arrivals::Open { rate, spacing, burst: None, users },
        Arrivals::Closed { .. } => {
            Arrivals::Open { rate, spacing: Spacing::Poisson, burst: None, users: MOST_UNDERWAY }
        }
    };
    plan.load.replace_arrivals(arrivals);
    plan.load.pairs = 1;
    plan.load.max_pairs = None;
    plan.load.block = plan.load.settle + length(&plan, options, rate);
    plan.load.parity = false;
    plan.load.stop_early = false;
    plan
}

/// At a low rate a step lasts longer, so that there are samples enough for the quantiles that gates ask for; but not for ever.
fn length(plan: &Plan, options: &SearchOptions, rate: f64) -> Duration {
    let weights: u32 = plan.flows.iter().map(|flow| flow.weight).sum();
    let per_iteration = |scope: Option<&Scope>| -> f64 {
        let flows = plan.flows.iter().filter(|flow| scope.is_none_or(|scope| scope.flow == flow.name));
        let steps = |flow: &Flow| if scope.is_some_and(|scope| scope.step.is_some()) { 1 } else { flow.steps.len() };
        flows.map(|flow| f64::from(flow.weight) / f64::from(weights.max(1)) * steps(flow) as f64).sum()
    };
    let gates = super::search_gates(plan);
    let seconds = gates.iter().map(|gate| {
        let needed = judge::samples_needed(&gate.metric) as f64;
        needed * ROOM / (rate * per_iteration(gate.metric.scope.as_ref()))
    });
    let longest = options.measured * MOST_TIMES;
    let wanted = seconds.fold(LEAST_ARRIVALS / rate, f64::max).min(longest.as_secs_f64());
    options.measured.max(Duration::from_secs_f64(wanted))
}

/// One rate on one side.
pub(super) struct Step<'a> {
    pub(super) job: &'a Job,
    pub(super) options: &'a SearchOptions,
    pub(super) gates: &'a [Gate],
    pub(super) role: Role,
    pub(super) rate: f64,
    /// Which search it belongs to, from 0.
    pub(super) search: u32,
    /// Which step on this side it is, over all searches, from 1.
    pub(super) number: u64,
}

impl Step<'_> {
    pub(super) async fn run(
        &self,
        epoch: Epoch,
        sides: &mut Sides,
        stop: &Stop,
    ) -> Result<(Tried, SearchStep), RunError> {
        let job = self.job();
        let at_ms = epoch.elapsed_ms();
        let mut evidence = begin(&job);
        Box::pin(measure::load(&job, None, epoch, &mut evidence, sides, &Progress::silent(), stop)).await?;
        evidence.ending = Ending::Complete;
        let (tried, reason) = judge(&evidence, self.gates, self.role);
        Ok((tried, self.told(&evidence, at_ms, tried, reason)))
    }

    /// A load of one block on one side. Each step has a seed of its own: values that must be new are new then.
    fn job(&self) -> Job {
        let job = self.job;
        let mut plan = plan(&job.plan, self.options, self.rate);
        *plan.sides.get_mut(self.role.other()) = None;
        plan.gates.clear();
        plan.targets.clear();
        Job {
            plan,
            contract: None,
            target: None,
            command: Command::Search,
            out: job.out.clone(),
            seed: job.seed.wrapping_add(self.number),
            settings: Vec::new(),
            show_output: None,
            executable: job.executable.clone(),
            explore: 0,
            shard: None,
            search: None,
        }
    }

    fn told(&self, evidence: &RunRecord, at_ms: u64, tried: Tried, reason: String) -> SearchStep {
        let side = evidence.load.as_ref().and_then(|load| load.sides.get(self.role).as_ref());
        let times = side.and_then(|side| side.response_time_us);
        let pool = side.and_then(|side| side.pool.as_ref());
        let outcome = match tried {
            Tried::Met => "met",
            Tried::Missed | Tried::FarMissed => "missed",
            Tried::NoFigures => "invalid",
        };
        SearchStep {
            search: self.search,
            rate: self.rate,
            at_ms,
            outcome: outcome.to_owned(),
            reason,
            requests: side.map_or(0, |side| side.requests),
            throughput: side.and_then(|side| side.throughput),
            error_rate: side.and_then(|side| side.error_rate),
            p50_us: times.map(|times| times.p50),
            p95_us: times.map(|times| times.p95),
            p99_us: times.map(|times| times.p99),
            mean_us: times.map(|times| times.mean),
            pool_used: pool.and_then(|pool| pool.used.mean),
            pool_used_max: pool.and_then(|pool| pool.used.max),
            pool_max: pool.and_then(|pool| pool.max),
            pool_saturated: pool.and_then(|pool| pool.saturated_share),
            hold_us: pool.and_then(|pool| pool.hold_us_mean),
            cpu: side.and_then(|side| side.cpu),
        }
    }
}

/// Whether a side met the gates, which are written for the candidate, and what says so. Literally: a step is one block, and
/// intervals are for what rests on many.
fn judge(evidence: &RunRecord, gates: &[Gate], role: Role) -> (Tried, String) {
    let judged = judge::judge_side(evidence, gates, role);
    if let Some(finding) = judged.findings.iter().find(|finding| finding.severity == Severity::Invalid) {
        return (Tried::NoFigures, finding.message.clone());
    }
    let mut missed = None;
    for result in &judged.gates {
        let Ok(gate) = Gate::parse(&result.expr) else { continue };
        let (Some(observed), Some(limit)) = (result.observed, result.limit) else {
            return (Tried::NoFigures, format!("`{}`: {}", result.expr, result.reason));
        };
        let needed = judge::samples_needed(&gate.metric);
        if result.samples < needed {
            let (seen, needed) = (format_count(result.samples), format_count(needed));
            return (
                Tried::NoFigures,
                format!("`{}`: {seen} samples, {needed} needed: a longer `--step`", result.expr),
            );
        }
        if !gate.comparison.holds(observed, limit) {
            let ratio = if observed > limit { observed / limit } else { limit / observed };
            let is_far = !ratio.is_finite() || ratio > FAR;
            let (seen, aim) = (gate.metric.quantity.unit().format(observed), gate.metric.quantity.unit().format(limit));
            let words = format!("{} {seen}, limit {} {aim}", gate.metric.quantity.name(), gate.comparison);
            if is_far {
                return (Tried::FarMissed, words);
            }
            missed.get_or_insert(words);
        }
    }
    missed.map_or_else(|| (Tried::Met, String::new()), |words| (Tried::Missed, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(measured: u64) -> SearchOptions {
        let measured = Duration::from_secs(measured);
        SearchOptions { start: 1.0, least: 1.0, most: 10_000.0, measured, precision: 0.05, repeats: 1 }
    }

    fn with(gate: &str, load: &str) -> Plan {
        let text = format!(
            "version: 1\nname: s\nsides: {{ baseline: {{ url: 'http://a' }}, candidate: {{ url: 'http://b' }} }}\n\
             flows: [ {{ name: f, weight: 3, steps: [ {{ request: GET /a, name: one }}, {{ request: GET /b, name: two }} ] }},\n\
             {{ name: g, weight: 1, steps: [ {{ request: GET /c, name: three }} ] }} ]\n\
             load: {{ {load} }}\ngates: [ '{gate}' ]\n"
        );
        crate::plan::parse("plan.yaml", &text).unwrap_or_else(|told| panic!("{told}"))
    }

    #[test]
    fn a_step_at_a_low_rate_lasts_until_there_are_samples_enough_but_not_for_ever() {
        let seconds = |gate: &str, rate: f64| {
            let plan = with(gate, "rate: 10/s, settle: 1s, block: 5s");
            super::plan(&plan, &options(10), rate).load.block.as_secs_f64() - 1.0
        };
        let near = |found: f64, expected: f64| assert!((found - expected).abs() < 0.01, "{found} {expected}");
        near(seconds("candidate.p95 <= 1s", 100.0), 10.0);
        // 72 samples are needed of 1.75 requests an iteration; of one step of a flow with a weight of 1 in 4, of 0.25.
        near(seconds("candidate.p95 <= 1s", 2.0), 72.0 * ROOM / (2.0 * 1.75));
        near(seconds("candidate.p95 <= 1s for g/three", 10.0), 72.0 * ROOM / (10.0 * 0.25));
        near(seconds("candidate.p999 <= 1s", 2.0), 60.0);
        near(seconds("candidate.error_rate <= 1%", 2.0), 10.0);
        near(seconds("candidate.error_rate <= 1%", 1.0), 20.0);
    }

    #[test]
    fn a_step_is_one_block_in_the_open_model_without_bursts() {
        for load in ["model: closed, users: 40", "rate: 10/s, burst: { size: 30, every: 5s }"] {
            let plan = super::plan(&with("candidate.p95 <= 1s", load), &options(10), 500.0);
            assert!(
                matches!(plan.load.arrivals, Arrivals::Open { rate, burst: None, .. } if (rate - 500.0).abs() < 1e-9),
                "{:?}",
                plan.load.arrivals
            );
            assert_eq!((plan.load.pairs, plan.load.parity, plan.load.stop_early), (1, false, false));
        }
    }

    #[test]
    fn steps_that_no_memory_holds_are_refused_beforehand() {
        let plan = with("candidate.p95 <= 1s", "rate: 10/s");
        assert_eq!(super::super::check_search(&plan, &options(10)), Ok(()));
        let refused = super::super::check_search(&plan, &options(600)).unwrap_err();
        assert!(refused.contains("arrivals"), "{refused}");
    }
}
