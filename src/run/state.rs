//! When the two databases are compared, and what becomes of it when they cannot be.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::parity::After;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::faults::{ComparedBy, FaultAnswers};
use crate::record::{Load, RunRecord, State};
use crate::role::{Pair, Role};
use crate::state::{AfterFault, Comparison, StateError, Undone};
use crate::step::secrets;
use crate::tally::Secrets;

/// Methods that change nothing.
const SAFE: [&str; 3] = ["GET", "HEAD", "OPTIONS"];

/// The databases of the two sides, where the harness knows both.
pub(super) struct Databases<'p> {
    plan: &'p Plan,
    phase: &'static str,
    progress: &'p Progress,
    outcome: Result<Comparison, State>,
}

impl<'p> Databases<'p> {
    /// Connects to both, and goes on with what was found in those that the sides had before.
    pub(super) async fn connect(
        plan: &'p Plan,
        sides: &Sides,
        phase: &'static str,
        before: Option<State>,
        progress: &'p Progress,
    ) -> Self {
        let outcome = match urls(sides) {
            Ok(urls) => {
                let connected = Comparison::connect(&plan.compare.state, urls, before.clone()).await;
                let connected = connected.map(|mut comparison| {
                    comparison.accept(plan.accepted.as_ref());
                    // Until the logins are known.
                    comparison.keep_secret(Secrets::new(secrets(plan, &Pair::default())));
                    comparison
                });
                connected.map_err(|error| failed(before, phase, &error))
            }
            Err(why) => Err(State { skipped: Some(why), after: phase.to_owned(), ..before.unwrap_or_default() }),
        };
        if let Err(State { skipped: Some(why), .. }) = &outcome {
            progress.note(format!("the databases are not compared: {why}"));
        }
        Self { plan, phase, progress, outcome }
    }

    /// Looks at the databases between two flows of the replay, if the flow may have changed something, and between two
    /// faults.
    pub(super) async fn after(&mut self, after: After<'_>) {
        let Ok(comparison) = &mut self.outcome else { return };
        match after {
            After::Login(secrets) => {
                comparison.keep_secret(Secrets::new(secrets.iter().cloned()));
                match self.phase {
                    "faults" => comparison.before_faults().await,
                    _ => comparison.look("login", true).await,
                }
            }
            After::Flow { number, ids, requests } => {
                let Some(flow) = self.plan.flows.get(number) else { return };
                let is_last = number + 1 == self.plan.flows.len();
                if is_last || flow.steps.iter().any(changes) {
                    let (done, total) = (number as u64 + 1, self.plan.flows.len() as u64);
                    self.progress.step(done, total, format!("databases after {}", flow.name), None);
                    comparison.hear(ids);
                    comparison.look(&flow.name, is_last).await;
                    if comparison.needs_requests() {
                        comparison.give_requests(&requests());
                    }
                }
            }
            After::Fault { name, about, answers, ids, requests } => {
                comparison.hear(ids);
                let (let_pass, patience) = (answers.iter().map(let_pass).sum(), patience(self.plan));
                comparison.after_fault(AfterFault { name, about, let_pass, patience }).await;
                if comparison.needs_requests() {
                    comparison.give_requests(&requests());
                }
            }
        }
    }

    /// From now on these do not get into the evidence.
    pub(super) fn keep_secret(&mut self, secrets: &[String]) {
        if let Ok(comparison) = &mut self.outcome {
            comparison.keep_secret(Secrets::new(secrets.iter().cloned()));
        }
    }

    /// The databases may be elsewhere now.
    pub(super) fn moved(&mut self, sides: &Sides) {
        if let (Ok(comparison), Ok(urls)) = (&mut self.outcome, urls(sides)) {
            comparison.move_to(urls);
        }
    }

    /// Looks at the databases before the load.
    pub(super) async fn before_load(&mut self) {
        if let Ok(comparison) = &mut self.outcome {
            self.progress.note("databases: compared before the load");
            comparison.before_load().await;
        }
    }

    /// Looks at the databases after the load, when they have come to rest.
    pub(super) async fn after_load(&mut self, load: Option<&Load>) {
        if let (Ok(comparison), Some(load)) = (&mut self.outcome, load) {
            self.progress.note("databases: compared after the load");
            comparison.after_load(undone(self.plan, load), patience(self.plan)).await;
        }
    }

    /// The evidence.
    pub(super) fn into_state(self) -> State {
        self.outcome.map_or_else(|state| state, Comparison::into_state)
    }
}

fn failed(before: Option<State>, phase: &str, error: &StateError) -> State {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    State { failure: Some(text), after: phase.to_owned(), ..before.unwrap_or_default() }
}

/// How long databases may take to come to rest.
fn patience(plan: &Plan) -> Duration {
    plan.timeout + Duration::from_secs(10)
}

/// Requests whose answers were other ones on the two sides, and of which only the kinds of answers were compared.
fn let_pass(answers: &FaultAnswers) -> u64 {
    if answers.by == ComparedBy::Answer {
        return 0;
    }
    let counts = answers.sides.as_ref().map(|_, counts| counts.iter().map(|of| (&*of.answer, of.count)).collect());
    moved(&counts.baseline, &counts.candidate)
}

fn changes(step: &crate::plan::Step) -> bool {
    !SAFE.contains(&&*step.method)
}

/// Past the delay; why not, where the harness does not know one.
fn urls(sides: &Sides) -> Result<Pair<String>, String> {
    let url = |role: Role| {
        let side = sides.get(role).ok_or_else(|| format!("there is no {role}"))?;
        let database = side.database.as_ref();
        let database = database.ok_or_else(|| format!("the harness does not know the database of the {role}"))?;
        Ok::<_, String>(database.admin_url.expose().to_owned())
    };
    Ok(Pair { baseline: url(Role::Baseline)?, candidate: url(Role::Candidate)? })
}

/// What the load did not do alike on both sides.
fn undone(plan: &Plan, load: &Load) -> Undone {
    let of_side = |role: Role| load.sides.get(role).as_ref();
    let failed: u64 = load.blocks.iter().flat_map(|block| &block.seconds).map(|second| second.errors).sum();
    let resent: u64 = Role::BOTH.iter().filter_map(|role| of_side(*role)).map(|side| side.resent).sum();
    let broken_off = load.parity.as_ref().map_or(0, |seen| seen.broken_off.baseline + seen.broken_off.candidate);
    let bounds = load.blocks.iter().map(|block| block.started_ms);
    let begin = bounds.clone().min().unwrap_or(0);
    let end = bounds.max().unwrap_or(0) + (load.block_s * 1e3) as u64;
    Undone {
        arrivals: failed + resent + broken_off + answered_otherwise(plan, load),
        apart: Duration::from_millis(end.saturating_sub(begin)) + plan.timeout,
    }
}

/// How many answers to steps that change something had another status on one side than on the other.
fn answered_otherwise(plan: &Plan, load: &Load) -> u64 {
    let (Some(baseline), Some(candidate)) = (&load.sides.baseline, &load.sides.candidate) else { return 0 };
    let changing = plan.flows.iter().flat_map(|flow| flow.steps.iter().map(changes));
    let steps = baseline.steps.iter().zip(&candidate.steps).zip(changing).filter(|(_, changes)| *changes);
    steps.map(|((baseline, candidate), _)| moved(&baseline.statuses, &candidate.statuses)).sum()
}

/// Answers that went from one status, or one kind, to another. That there are more of one side, whose measured time ended a request
/// later, moves none.
fn moved<A: Ord>(baseline: &BTreeMap<A, u64>, candidate: &BTreeMap<A, u64>) -> u64 {
    let count = |answers: &BTreeMap<A, u64>, answer| answers.get(answer).copied().unwrap_or(0);
    let all: BTreeSet<&A> = baseline.keys().chain(candidate.keys()).collect();
    let apart: u64 = all.into_iter().map(|answer| count(baseline, answer).abs_diff(count(candidate, answer))).sum();
    let total = |answers: &BTreeMap<A, u64>| answers.values().sum::<u64>();
    (apart - total(baseline).abs_diff(total(candidate))) / 2
}

/// Puts the evidence into the record.
pub(super) fn keep(databases: Databases<'_>, record: &mut RunRecord) {
    record.state = Some(databases.into_state());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_that_went_to_another_status_are_counted_and_a_longer_measurement_is_not() {
        let statuses = |counts: &[(u16, u64)]| counts.iter().copied().collect::<BTreeMap<u16, u64>>();
        for (baseline, candidate, expected) in [
            (&[(200, 50)][..], &[(200, 53)][..], 0),
            (&[(200, 50), (204, 10)], &[(200, 52), (204, 11)], 0),
            (&[(200, 50)], &[(200, 47), (204, 3)], 3),
            (&[(200, 50)], &[(200, 48), (409, 3)], 2),
            (&[(201, 4)], &[(500, 4)], 4),
            (&[], &[(200, 5)], 0),
        ] {
            assert_eq!(moved(&statuses(baseline), &statuses(candidate)), expected, "{baseline:?} {candidate:?}");
        }
    }
}
