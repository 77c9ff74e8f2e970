//! Replays flows on both sides and compares every answer.
//!
//! Each flow is done once per side, step by step, the same requests on both at the same time, with captures per side.
//! Where one side fails to answer, answers outside the plan's expectations, or lacks a value to capture, that is a
//! difference of its own and the rest of the flow is skipped, and counted as skipped.

pub mod faults;
mod noise;
mod replay;

pub use noise::{Recording, record};

use crate::compare::ids::Bijection;
use crate::compare::{Comparator, Ids};
use crate::contract::{Contract, Coverage};
use crate::http::{Connection, Limits, Origin};
use crate::noise::Known;
use crate::plan::{Only, Plan};
use crate::progress::Progress;
use crate::record::Parity;
use crate::record::faults::FaultAnswers;
use crate::role::{Pair, Role};
use crate::step::{Login, LoginError, PreparedFlow, RenderError, Reproducer, log_in_both, secrets};
use crate::stop::Stop;
use crate::tally::{Secrets, Tally};
use noise::Noise;
use replay::Replay;

/// Why there is no parity evidence.
#[derive(Debug, thiserror::Error)]
pub enum ParityError {
    /// A step of the plan can never be sent.
    #[error("flow `{flow}` cannot be sent")]
    Unsendable {
        /// Name of the flow.
        flow: String,
        /// Why.
        source: RenderError,
    },
    /// The login failed on both sides.
    #[error("login failed on both sides, first on `{role}`")]
    Login {
        /// Which side.
        role: Role,
        /// What happened.
        source: LoginError,
    },
}

/// How far the replay has come, for whoever looks at what it leaves behind.
pub enum After<'a> {
    /// Both sides let us in; the texts are what the logins captured, and secret.
    Login(&'a [String]),
    /// A flow was done.
    Flow {
        /// Its number.
        number: usize,
        /// What the answers so far have shown of ids.
        ids: &'a Bijection,
        /// Gives the requests that it sent, for a shell.
        requests: &'a mut dyn FnMut() -> Vec<String>,
    },
    /// A fault is over, and both sides were given the time to recover from it.
    Fault {
        /// Under which its answers are told: `fault NAME`.
        name: &'a str,
        /// What was done while the probes were sent, in words that a person can act upon.
        about: String,
        /// What both sides answered, during the fault and after it.
        answers: &'a [FaultAnswers],
        /// What the answers to the probes so far have shown of ids.
        ids: &'a Bijection,
        /// Gives the probes, for a shell.
        requests: &'a mut dyn FnMut() -> Vec<String>,
    },
}

/// What is replayed, and where.
#[derive(Debug)]
pub struct Setup<'a> {
    /// What to send, and how to compare.
    pub plan: &'a Plan,
    /// What is compared is held against it.
    pub contract: Option<&'a Contract>,
    /// The sides that run.
    pub origins: &'a Pair<Origin>,
    /// Seed of everything drawn.
    pub seed: u64,
    /// Breaks the replay off; what was compared until then is given back.
    pub stop: &'a Stop,
}

/// Replays every flow of the plan on both sides.
///
/// # Errors
/// See [`ParityError`]; a side that answers nothing is a result, not an error.
pub async fn run(setup: Setup<'_>, progress: &Progress) -> Result<Parity, ParityError> {
    run_with_noise(setup, Vec::new(), progress, async |_| {}).await.map(|(parity, _)| parity)
}

/// The same with what the baseline answered before, so that what differs between two runs of it is known for noise,
/// which is given back for others to know. `after` is awaited before the replay goes on.
///
/// # Errors
/// See [`ParityError`].
pub async fn run_with_noise(
    Setup { plan, contract, origins, seed, stop }: Setup<'_>,
    recordings: Vec<Recording>,
    progress: &Progress,
    mut after: impl AsyncFnMut(After<'_>),
) -> Result<(Parity, Known), ParityError> {
    let flows = prepare(plan)?;
    // Each flow keeps its number, and with it what it draws, whatever is left out.
    let is_asked_for = |flow: &PreparedFlow| plan.only.as_ref().is_none_or(|only| only.flow == flow.name);
    let asked: Vec<(usize, &PreparedFlow)> = flows.iter().enumerate().filter(|(_, flow)| is_asked_for(flow)).collect();
    let mut tally = Tally::new(plan);
    let coverage = contract.zip(plan.contract.as_ref()).map(|(contract, source)| Coverage::new(contract, source));
    let logins = tokio::select! {
        biased;
        () = stop.triggered() => {
            tally.broken_off(asked.len());
            None
        }
        logins = let_in(plan, origins, &mut tally) => logins?,
    };
    let Some(logins) = logins else {
        return Ok((with_coverage(tally.into_parity(), coverage), Known::default()));
    };
    let secrets = secrets(plan, &logins);
    after(After::Login(&secrets)).await;
    tally.keep_secret(Secrets::new(secrets));
    let mut replay = Replay {
        comparator: Comparator::new(&plan.compare),
        ids: Ids::new(plan),
        noise: Noise::new(plan, recordings),
        connections: origins.clone().map(|_, origin| Connection::new(origin, Limits::within(plan.timeout))),
        logins,
        seed,
        tally,
        reproducer: Reproducer::new(plan, &origins.baseline, seed),
        counted: plan.only.as_ref().and_then(|only| only.step.clone()),
        coverage,
    };
    for (done, (number, flow)) in asked.iter().enumerate() {
        progress.step(*number as u64, flows.len() as u64, format!("flow {}", flow.name), None);
        let trace = tokio::select! {
            biased;
            () = stop.triggered() => {
                replay.tally.broken_off(asked.len() - done);
                break;
            }
            trace = replay.flow(*number as u64, flow) => trace,
        };
        let requests = &mut || replay.reproducer.lines(&trace);
        after(After::Flow { number: *number, ids: replay.ids.known(), requests }).await;
    }
    if !stop.is_triggered() {
        progress.step(flows.len() as u64, flows.len() as u64, "done", None);
    }
    let Replay { mut tally, reproducer, coverage, mut ids, noise, .. } = replay;
    tally.ids(ids.known());
    let (noise, known) = noise.into_evidence();
    tally.noise(noise);
    reproducer.finish(tally.reproduction());
    Ok((with_coverage(tally.into_parity(), coverage), known))
}

fn with_coverage(parity: Parity, coverage: Option<Coverage<'_>>) -> Parity {
    Parity { coverage: coverage.map(Coverage::into_record), ..parity }
}

fn prepare(plan: &Plan) -> Result<Vec<PreparedFlow>, ParityError> {
    let prepare = |flow| PreparedFlow::new(flow, plan.auth.as_ref()).map(|flow| up_to(flow, plan.only.as_ref()));
    plan.flows
        .iter()
        .map(|flow| prepare(flow).map_err(|source| ParityError::Unsendable { flow: flow.name.clone(), source }))
        .collect()
}

/// A flow without the steps after the one that alone is asked for.
fn up_to(mut flow: PreparedFlow, only: Option<&Only>) -> PreparedFlow {
    let step = only.and_then(|only| only.step.as_ref());
    if let Some(at) = flow.steps.iter().position(|known| Some(&known.name) == step) {
        flow.steps.truncate(at + 1);
    }
    flow
}

/// Logs in on both sides. That one side lets nobody in is a difference like any other, and nothing can follow it; that
/// neither does is an error of the plan.
async fn let_in(plan: &Plan, origins: &Pair<Origin>, tally: &mut Tally) -> Result<Option<Pair<Login>>, ParityError> {
    match log_in_both(plan, origins).await {
        Pair { baseline: Ok(baseline), candidate: Ok(candidate) } => Ok(Some(Pair { baseline, candidate })),
        Pair { baseline: Err(source), candidate: Err(_) } => Err(ParityError::Login { role: Role::Baseline, source }),
        outcomes => {
            let words = |outcome: Result<Login, LoginError>| {
                outcome.map_or_else(|error| error.to_string(), |_| "logged in".to_owned())
            };
            tally.login_differs(outcomes.map(|_, outcome| Some(words(outcome))));
            Ok(None)
        }
    }
}
