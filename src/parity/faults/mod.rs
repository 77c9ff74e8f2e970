//! Failure-path parity: the same faults on both sides, the same answers, and afterwards the same state and no connection
//! lost.
//!
//! Faults are made through [`Levers`], by whoever has the sides in hand; this room knows no database and no proxy. Answers
//! are compared and counted as those of the flows are, under the name `fault NAME`; after each fault the levers may look
//! at the databases.

mod aftermath;
mod again;
mod answers;
mod bench;
mod levers;
mod scene;
#[cfg(test)]
mod tests;

use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

pub use levers::Levers;

use super::{After, ParityError, let_in};
use crate::compare::{Comparator, Ids};
use crate::contract::{Contract, Coverage};
use crate::http::Origin;
use crate::noise::{Known, request_of};
use crate::plan::{Fault, Faults, Plan};
use crate::progress::Progress;
use crate::record::Parity;
use crate::record::faults::{AnswerCount, ComparedBy, Connections, FaultAnswers, FaultEvidence};
use crate::role::Pair;
use crate::step::{Login, PreparedFlow, Reproducer, secrets};
use crate::tally::{self, Secrets, Tally};
use aftermath::Before;
use again::Rehearsal;
use bench::{Bench, Books, ProbeNoise};
use scene::Scene;

/// How long a client waits at least: longer than the limits of a side that are to show.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no more evidence of faults.
#[derive(Debug, thiserror::Error)]
pub enum FaultError<E> {
    /// A database did not come back.
    #[error("a database did not come back after a fault")]
    Levers(E),
    /// The probes could not be sent.
    #[error(transparent)]
    Parity(#[from] ParityError),
}

/// What the faults are made on.
pub struct Setup<'a> {
    /// The plan, with its faults.
    pub plan: &'a Plan,
    /// Where both sides are now.
    pub origins: &'a Pair<Origin>,
    /// Of everything drawn at random.
    pub seed: u64,
    /// What is compared is held against it.
    pub contract: Option<&'a Contract>,
    /// What the replay knows for noise.
    pub noise: &'a Known,
}

/// The faults of a plan that are made while sides run, without those that are steps of the flows.
pub fn to_be_made(plan: &Plan) -> Vec<Fault> {
    let faults = plan.faults.iter().flat_map(|faults| faults.inject.iter().copied());
    faults.filter(|fault| !fault.is_a_step()).collect()
}

/// What the replay of the flows has shown of faults that are steps themselves.
pub fn from_replay(plan: &Plan, parity: &Parity) -> Vec<FaultEvidence> {
    let faults = plan.faults.iter().flat_map(|faults| faults.inject.iter().map(move |fault| (faults, *fault)));
    faults.filter_map(|(faults, fault)| Some(of_step(fault, faults.step_of(fault)?, parity))).collect()
}

fn of_step(fault: Fault, (flow, name): &(String, String), parity: &Parity) -> FaultEvidence {
    let mut evidence = FaultEvidence::of(fault);
    let step = parity.steps.iter().find(|step| step.flow == *flow && step.step == *name);
    let Some(step) = step.filter(|step| step.compared > 0) else {
        evidence.not_applied = Some(format!("step `{flow}/{name}` of the flows was not reached"));
        return evidence;
    };
    evidence.applied = Some(format!("step `{flow}/{name}` of the flows"));
    (evidence.compared, evidence.breaking) = (step.compared, step.breaking);
    let count = |status: &u16| AnswerCount { answer: status.to_string(), count: step.compared };
    let baseline: Vec<AnswerCount> = step.statuses.iter().map(count).collect();
    // Only the baseline's are kept; without a difference the candidate's are the same.
    let candidate = if step.breaking == 0 { baseline.clone() } else { Vec::new() };
    let answers = FaultAnswers { step: name.clone(), by: ComparedBy::Answer, sides: Pair { baseline, candidate } };
    evidence.answers = vec![answers];
    evidence
}

/// Evidence of faults that were not made, each for the same reason.
pub fn not_made(plan: &Plan, reason: &str) -> Vec<FaultEvidence> {
    let not_made = |fault| FaultEvidence { not_applied: Some(reason.to_owned()), ..FaultEvidence::of(fault) };
    to_be_made(plan).into_iter().map(not_made).collect()
}

/// Makes one fault after the other on both sides. Evidence is complete after each: differences are added to `parity`,
/// the rest to `evidence`.
///
/// # Errors
/// See [`FaultError`]; a side that answers nothing, also afterwards, is a result and not an error.
pub async fn run<L: Levers>(
    setup: Setup<'_>,
    levers: &mut L,
    progress: &Progress,
    parity: &mut Parity,
    evidence: &mut Vec<FaultEvidence>,
) -> Result<(), FaultError<L::Error>> {
    let Setup { plan, origins, seed, contract, noise } = setup;
    let Some(faults) = &plan.faults else { return Ok(()) };
    let Some(logins) = let_in(plan, origins, &mut Tally::new(plan)).await? else {
        evidence.extend(not_made(plan, "one side lets nobody in"));
        return Ok(());
    };
    let secrets = secrets(plan, &logins);
    levers.at_rest(After::Login(&secrets)).await;
    let bench = bench(plan, faults, origins, logins, seed, noise)?;
    let mut coverage = contract.zip(parity.coverage.take()).map(|(contract, seen)| Coverage::after(contract, seen));
    let mut before = Before::new(levers.look().await);
    let mut ill: Option<Fault> = None;
    let all = to_be_made(plan);
    for (number, fault) in all.iter().copied().enumerate() {
        progress.step(number as u64, all.len() as u64, format!("fault {fault}"), None);
        let refusal = ill.map(|fault| format!("a side had not recovered from `{fault}`"));
        if let Some(reason) = refusal.or_else(|| levers.refuses(fault)) {
            evidence.push(FaultEvidence { not_applied: Some(reason), ..FaultEvidence::of(fault) });
            continue;
        }
        let mut tally = Tally::new(plan);
        tally.keep_secret(Secrets::new(secrets.iter().cloned()));
        let name = format!("fault {fault}");
        let books = Books { fault, flow: name.clone(), tally: &mut tally, coverage: coverage.as_mut() };
        let mut scene = Scene { faults, bench: &bench, levers, books, during: Pair::<Connections>::default() };
        let (mut shown, well) = Box::pin(scene.play(&mut before)).await.map_err(FaultError::Levers)?;
        let found = tally.into_parity();
        (shown.compared, shown.breaking) = (found.compared, found.breaking);
        tally::add(parity, found);
        let (about, ids) = (bench.rehearsal.how(fault), bench.known_ids());
        let requests = &mut || bench.rehearsal.probes(&bench.probe);
        levers.at_rest(After::Fault { name: &name, about, answers: &shown.answers, ids: &ids, requests }).await;
        evidence.push(shown);
        ill = ill.or((!well).then_some(fault));
    }
    progress.step(all.len() as u64, all.len() as u64, "done", None);
    bench.rehearsal.finish(parity);
    parity.coverage = coverage.map(Coverage::into_record).or(parity.coverage.take());
    Ok(())
}

fn bench<'a>(
    plan: &Plan,
    faults: &Faults,
    origins: &'a Pair<Origin>,
    logins: Pair<Login>,
    seed: u64,
    noise: &'a Known,
) -> Result<Bench<'a>, ParityError> {
    let probe = PreparedFlow::new(&faults.probe, plan.auth.as_ref());
    let probe = probe.map_err(|source| ParityError::Unsendable { flow: faults.probe.name.clone(), source })?;
    let (comparator, patience) = (Comparator::new(&plan.compare), plan.timeout.max(PATIENCE));
    let requests = faults.probe.steps.iter().map(|step| (step.name.clone(), request_of(step))).collect();
    let noise = ProbeNoise { known: noise, requests };
    let rehearsal = Rehearsal::new(Reproducer::new(plan, &origins.baseline, seed), faults);
    Ok(Bench {
        comparator,
        noise,
        ids: Mutex::new(Ids::new(plan)),
        origins,
        logins,
        probe,
        patience,
        seed,
        sent: AtomicU64::new(0),
        rehearsal,
    })
}
