//! The highest rate at which each side meets the gates: one step after the other, the sides by turns.
//!
//! A step is a load phase of one block on one side. After a step that was not met, sides that we started begin again on
//! fresh twins; others are given the time to come to rest. What was found is on record after each step.

use std::time::Duration;

use super::{Command, Job, RunError, begin, measure, save};
use crate::capacity::{Ladder, Tried, connections_for, fit};
use crate::clock::Epoch;
use crate::judge;
use crate::plan::gate::{Limit, Quantity, Subject};
use crate::plan::{Arrivals, Gate, Plan, Spacing};
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::search::{PoolSize, Scalability, Search, SearchStep, SideSearch};
use crate::record::{Ending, RunRecord, Severity};
use crate::role::{Pair, Role};
use crate::statistics::{ALPHA, signed_rank};
use crate::stop::Stop;
use crate::units::{format_us, three_digits};

/// A gate that is missed by more than this factor is not taken for chance.
const FAR: f64 = 2.0;
/// Flow iterations under way at most, where the plan has the closed model.
const MOST_UNDERWAY: usize = 256;
/// Share of failed requests up to which a step tells how throughput follows load.
const IN_ORDER: f64 = 0.01;

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SearchOptions {
    /// The first rate, in flow iterations per second.
    pub start: f64,
    /// No rate below this is tried.
    pub least: f64,
    /// No rate above this is tried.
    pub most: f64,
    /// Time of a step that counts.
    pub measured: Duration,
    /// How close the highest rate met and the lowest missed must be, 0.05 for 5 %.
    pub precision: f64,
    /// How often each side is searched.
    pub repeats: u32,
}

/// The gates that a rate can be held against: what the plan asks of the candidate by itself.
pub fn search_gates(plan: &Plan) -> Vec<Gate> {
    let left_behind = [Quantity::LeakConnections, Quantity::RssSlope, Quantity::FdsSlope];
    let fits = |gate: &&Gate| {
        gate.metric.subject == Subject::Side(Role::Candidate)
            && matches!(gate.limit, Limit::Literal(_))
            && !left_behind.contains(&gate.metric.quantity)
    };
    plan.gates.iter().filter(fits).cloned().collect()
}

/// Searches on every side that the plan has.
pub(super) async fn search(
    job: &Job,
    options: &SearchOptions,
    epoch: Epoch,
    record: &mut RunRecord,
    sides: &mut Sides,
    progress: &Progress,
    stop: &Stop,
) -> Result<(), RunError> {
    let gates = search_gates(&job.plan);
    let roles = job.plan.roles();
    record.search = Some(Box::new(Search {
        gates: gates.iter().map(|gate| gate.source.clone()).collect(),
        measured_s: options.measured.as_secs_f64(),
        precision: options.precision,
        sides: Pair::from_fn(|role| roles.contains(&role).then(SideSearch::default)),
    }));
    let mut steps = 0;
    for round in 0..options.repeats {
        let mut ladders = Pair::from_fn(|role| {
            roles.contains(&role).then(|| Ladder::new(options.start, options.least, options.most, options.precision))
        });
        // By turns, so that what changes slowly on a machine hits both sides alike.
        while ladders.iter().any(|(_, ladder)| ladder.as_ref().is_some_and(|ladder| ladder.next().is_some())) {
            for role in Role::BOTH {
                let Some(ladder) = ladders.get_mut(role) else { continue };
                let Some(rate) = ladder.next() else { continue };
                let attempt = Step { job, options, gates: &gates, role, rate, search: round, number: steps };
                let outcome = Box::pin(attempt.run(epoch, sides, progress, stop)).await;
                steps += 1;
                let (tried, told) = outcome?;
                ladder.take(tried);
                progress.note(in_words(role, &told));
                keep(record, role, round, told, ladder);
                save(job, record)?;
                if tried != Tried::Met && sides.can_be_reset() {
                    let note = |_: String| ();
                    super::until(stop, Box::pin(sides.reset(&note))).await??;
                }
            }
        }
    }
    Ok(())
}

/// One rate on one side.
struct Step<'a> {
    job: &'a Job,
    options: &'a SearchOptions,
    gates: &'a [Gate],
    role: Role,
    rate: f64,
    search: u32,
    number: u64,
}

impl Step<'_> {
    async fn run(
        &self,
        epoch: Epoch,
        sides: &mut Sides,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<(Tried, SearchStep), RunError> {
        progress.step(self.number, self.number + 1, format!("{} at {}/s", self.role, three_digits(self.rate)), None);
        let job = self.job();
        let at_ms = epoch.elapsed_ms();
        let mut evidence = begin(&job);
        Box::pin(measure::load(&job, epoch, &mut evidence, sides, &Progress::silent(), stop)).await?;
        evidence.ending = Ending::Complete;
        as_candidate(&mut evidence, self.role);
        let (tried, reason) = self.judge(&evidence);
        Ok((tried, self.told(&evidence, at_ms, tried, reason)))
    }

    /// A load of one block on one side. Each step has a seed of its own: values that must be new are new then.
    fn job(&self) -> Job {
        let job = self.job;
        let mut plan = job.plan.clone();
        *plan.sides.get_mut(self.role.other()) = None;
        plan.gates.clear();
        plan.targets.clear();
        let arrivals = match plan.load.arrivals {
            // A burst is in some steps and not in others, and as large at any rate: it says nothing of the rate.
            Arrivals::Open { spacing, users, .. } => Arrivals::Open { rate: self.rate, spacing, burst: None, users },
            Arrivals::Closed { .. } => {
                Arrivals::Open { rate: self.rate, spacing: Spacing::Poisson, burst: None, users: MOST_UNDERWAY }
            }
        };
        plan.load.replace_arrivals(arrivals);
        plan.load.pairs = 1;
        plan.load.block = plan.load.settle + self.options.measured;
        plan.load.parity = false;
        plan.load.stop_early = false;
        Job {
            plan,
            contract: None,
            target: None,
            command: Command::Search,
            out: job.out.clone(),
            seed: job.seed.wrapping_add(self.number / 2 + 1),
            settings: Vec::new(),
            show_output: None,
            executable: job.executable.clone(),
            explore: 0,
            shard: None,
            search: None,
        }
    }

    /// Literally: a step is one block, and intervals are for what rests on many.
    fn judge(&self, evidence: &RunRecord) -> (Tried, String) {
        let judged = judge::judge(evidence, self.gates, &[]);
        if let Some(finding) = judged.findings.iter().find(|finding| finding.severity == Severity::Invalid) {
            return (Tried::NoFigures, finding.message.clone());
        }
        let mut missed = None;
        for result in &judged.gates {
            let Ok(gate) = Gate::parse(&result.expr) else { continue };
            let (Some(observed), Some(limit)) = (result.observed, result.limit) else {
                return (Tried::NoFigures, format!("`{}`: {}", result.expr, result.reason));
            };
            if !gate.comparison.holds(observed, limit) {
                let ratio = if observed > limit { observed / limit } else { limit / observed };
                let is_far = !ratio.is_finite() || ratio > FAR;
                let (seen, aim) =
                    (gate.metric.quantity.unit().format(observed), gate.metric.quantity.unit().format(limit));
                let words = format!("{} {seen}, limit {} {aim}", gate.metric.quantity.name(), gate.comparison);
                if is_far {
                    return (Tried::FarMissed, words);
                }
                missed.get_or_insert(words);
            }
        }
        missed.map_or_else(|| (Tried::Met, String::new()), |words| (Tried::Missed, words))
    }

    fn told(&self, evidence: &RunRecord, at_ms: u64, tried: Tried, reason: String) -> SearchStep {
        let side = evidence.load.as_ref().and_then(|load| load.sides.candidate.as_ref());
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

/// Gates are written for the candidate; whichever side a step was on is put in its place.
fn as_candidate(evidence: &mut RunRecord, role: Role) {
    fn keep<T>(pair: &mut Pair<Option<T>>, role: Role) {
        let own = pair.get_mut(role).take();
        *pair = Pair { baseline: None, candidate: own };
    }
    evidence.run.sides = Pair { baseline: None, candidate: Some(role.name().to_owned()) };
    keep(&mut evidence.observations, role);
    if let Some(load) = &mut evidence.load {
        keep(&mut load.sides, role);
        for block in &mut load.blocks {
            block.side = Role::Candidate;
        }
    }
}

fn keep(record: &mut RunRecord, role: Role, round: u32, step: SearchStep, ladder: &Ladder) {
    let Some(side) = record.search.as_mut().and_then(|search| search.sides.get_mut(role).as_mut()) else { return };
    side.steps.push(step);
    side.searches.truncate(round as usize);
    side.searches.push(ladder.bracket());
    let estimates: Vec<f64> = side.searches.iter().filter_map(|bracket| Some(bracket.estimate()?.ln())).collect();
    let sure = signed_rank(&estimates, ALPHA);
    let middle = crate::trend::median(estimates.iter().copied());
    side.capacity = sure.map(|sure| sure.value).or(middle).map(f64::exp);
    side.interval = sure.map(|sure| [sure.low.exp(), sure.high.exp()]);
    side.scalability = scalability(&side.steps);
    side.pool_size = pool_size(&side.steps);
}

/// Requests under way by Little's law, against requests answered.
fn scalability(steps: &[SearchStep]) -> Scalability {
    let in_order =
        steps.iter().filter(|step| step.outcome != "invalid" && step.error_rate.is_some_and(|rate| rate <= IN_ORDER));
    let points: Vec<(f64, f64)> =
        in_order.filter_map(|step| Some((step.throughput? * step.mean_us? / 1e6, step.throughput?))).collect();
    match fit(&points) {
        Ok(law) => Scalability {
            lambda: Some(law.lambda),
            sigma: Some(law.sigma),
            kappa: Some(law.kappa),
            error: Some(law.error),
            peak: law.peak().map(|(n, x)| [n, x]),
            problem: None,
        },
        Err(problem) => Scalability { problem: Some(problem.to_string()), ..Scalability::default() },
    }
}

fn pool_size(steps: &[SearchStep]) -> Option<PoolSize> {
    let met = steps.iter().filter(|step| step.outcome == "met" && step.pool_used.is_some());
    let highest = met.max_by(|one, other| one.rate.total_cmp(&other.rate))?;
    let used = highest.pool_used?;
    Some(PoolSize { rate: highest.rate, used, connections: connections_for(used)?, present: highest.pool_max })
}

fn in_words(role: Role, step: &SearchStep) -> String {
    let p95 = step.p95_us.map(|us| format!(", P95 {}", format_us(us as f64))).unwrap_or_default();
    let answered = step.throughput.map(|rate| format!(", {} requests/s", three_digits(rate))).unwrap_or_default();
    let why = if step.reason.is_empty() { String::new() } else { format!(": {}", step.reason) };
    format!("{role} at {}/s: {}{p95}{answered}{why}", three_digits(step.rate), step.outcome)
}
