//! The highest rate at which each side meets the gates: one step after the other, the sides by turns.
//!
//! A step is a load phase of one block on one side. After a step that was not met, sides that we started begin again on
//! fresh twins; others are given the time to come to rest. What was found is on record after each step.

use std::time::Duration;

mod step;

use super::{Job, RunError, save};
use crate::capacity::{Ladder, Tried, connections_for, fit};
use crate::clock::Epoch;
use crate::plan::gate::{Limit, Quantity, Subject};
use crate::plan::{Gate, Plan};
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::RunRecord;
use crate::record::search::{PoolSize, Scalability, Search, SearchStep, SideSearch};
use crate::role::{Pair, Role};
use crate::statistics::{ALPHA, signed_rank};
use crate::stop::Stop;
use crate::units::{format_us, three_digits};
use step::Step;

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

/// Whether a step can be run at every rate that may be tried.
///
/// # Errors
/// What is wrong, as a sentence.
pub fn check_search(plan: &Plan, options: &SearchOptions) -> Result<(), String> {
    let rates = [options.start, options.most];
    rates.into_iter().try_for_each(|rate| step::plan(plan, options, rate).check_load())
}

/// The plan of the step that needs the most connections.
pub(super) fn widest(plan: &Plan, options: &SearchOptions) -> Plan {
    step::plan(plan, options, options.most)
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
    // Values that must be new are new in each step on a side; the same step of the other side has the same.
    let mut steps = Pair { baseline: 0, candidate: 0 };
    for round in 0..options.repeats {
        let mut ladders = Pair::from_fn(|role| {
            roles.contains(&role).then(|| Ladder::new(options.start, options.least, options.most, options.precision))
        });
        // By turns, so that what changes slowly on a machine hits both sides alike.
        while ladders.iter().any(|(_, ladder)| ladder.as_ref().is_some_and(|ladder| ladder.next().is_some())) {
            for role in Role::BOTH {
                let Some(ladder) = ladders.get_mut(role) else { continue };
                let Some(rate) = ladder.next() else { continue };
                let done = steps.baseline + steps.candidate;
                progress.step(done, done + 1, format!("{role} at {}/s", three_digits(rate)), None);
                let number = steps.get_mut(role);
                *number += 1;
                let attempt = Step { job, options, gates: &gates, role, rate, search: round, number: *number };
                let (tried, told) = Box::pin(attempt.run(epoch, sides, stop)).await?;
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
