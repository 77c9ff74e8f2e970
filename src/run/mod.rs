//! The story of a run: provision, parity, load, judge, write. The only place where floors meet.
//!
//! Whatever happens on the way, what was measured is judged as far as it goes and written, and everything that was
//! started is stopped before this ends.

mod contract;
mod environment;
mod error;
mod explore;
mod faults;
mod measure;
mod noise;
mod rest;
mod search;
mod shard;
mod state;

use std::path::PathBuf;

pub use contract::{ContractProblem, contract_file};
pub use error::RunError;
pub use search::{SearchOptions, check_search, search_gates};
pub use shard::sharding;

use crate::clock::Epoch;
use crate::compare::ids::Bijection;
use crate::contract::Contract;
use crate::http::Origin;
use crate::load::Sharding;
use crate::noise::Known;
use crate::parity::After;
use crate::plan::{Gate, Plan};
use crate::progress::Progress;
use crate::provision::{self, Sides};
use crate::record::{Ending, FlowInfo, Parity, RunInfo, RunRecord, SCHEMA_VERSION, Verdict};
use crate::role::{Pair, Role};
use crate::stop::Stop;
use crate::{judge, load, parity, report};
use state::Databases;

/// Which phases a run has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Parity and load.
    Run,
    /// Parity only.
    Verify,
    /// Load only.
    Load,
    /// One load after the other, to find the highest rate that each side can bear.
    Search,
}

impl Command {
    /// As the command line spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Verify => "verify",
            Self::Load => "load",
            Self::Search => "search",
        }
    }

    const fn has_parity(self) -> bool {
        matches!(self, Self::Run | Self::Verify)
    }

    const fn has_load(self) -> bool {
        matches!(self, Self::Run | Self::Load)
    }
}

/// Everything that decides a run.
#[derive(Debug)]
pub struct Job {
    /// What is run.
    pub plan: Plan,
    /// The contract of the plan, if it is in a file.
    pub contract: Option<Contract>,
    /// What was given in place of a plan: a URL, without what may be a secret in it.
    pub target: Option<String>,
    /// Which phases of it.
    pub command: Command,
    /// Where everything is written. Made if it is not there.
    pub out: PathBuf,
    /// Seed of everything drawn at random.
    pub seed: u64,
    /// Settings of the command line that decide what answers come, to be repeated with it; none is a secret.
    pub settings: Vec<String>,
    /// A side whose output is shown as it comes.
    pub show_output: Option<Role>,
    /// This program, to start it again as a side.
    pub executable: PathBuf,
    /// How many generated requests to send to each side besides the plan's; only in a run with parity.
    pub explore: u64,
    /// Which share of the load this process makes; `None`: all of it.
    pub shard: Option<Sharding>,
    /// How to search, if that is what is done.
    pub search: Option<SearchOptions>,
}

/// What a run came to. The record is complete in any case, and written unless the error says that it could not be.
#[derive(Debug)]
pub struct Outcome {
    /// Everything that was measured.
    pub record: RunRecord,
    /// Why the run did not come to its end, if it did not.
    pub error: Option<RunError>,
}

/// Does a whole run.
///
/// # Errors
/// Only if the output directory cannot be written before anything is started. Everything else is in the [`Outcome`].
pub async fn run(job: &Job, progress: &Progress, stop: &Stop) -> Result<Outcome, RunError> {
    let epoch = Epoch::now();
    let mut record = begin(job);
    report::clear(&job.out);
    save(job, &record)?;
    let error = Box::pin(phases(job, epoch, &mut record, progress, stop)).await.err();
    record.ending = match &error {
        None => Ending::Complete,
        Some(RunError::Interrupted) => Ending::Interrupted,
        Some(error) => Ending::Failed(error.in_full()),
    };
    record.run.finished_at = Some(environment::now());
    progress.phase("judge");
    apply_judgement(&mut record, &job.plan.gates, &job.plan.targets);
    let written = save(job, &record).and_then(|()| Ok(report::write(&job.out, &record)?));
    // Whoever cannot be given files is told all the same what was found.
    let error = match (error, written) {
        (None | Some(RunError::Interrupted), Err(unwritten)) => Some(unwritten),
        (error, _) => error,
    };
    Ok(Outcome { record, error })
}

/// Judges a record's evidence and puts the verdict into it.
pub fn apply_judgement(record: &mut RunRecord, gates: &[Gate], targets: &[Gate]) {
    if let Some(search) = &record.search {
        // What was found is no verdict; nothing is held against anything.
        record.verdict = Verdict::Inconclusive;
        record.reason = search.in_words();
        return;
    }
    let judgement = judge::judge(record, gates, targets);
    record.verdict = judgement.verdict;
    record.reason = judgement.reason;
    record.gates = judgement.gates;
    record.targets = judgement.targets;
    for finding in judgement.findings {
        if !record.findings.contains(&finding) {
            record.findings.push(finding);
        }
    }
}

/// Brings everything up, runs the phases, brings everything down.
async fn phases(
    job: &Job,
    epoch: Epoch,
    record: &mut RunRecord,
    progress: &Progress,
    stop: &Stop,
) -> Result<(), RunError> {
    make_room(job, progress)?;
    progress.phase("provision");
    let options = provision::Options {
        show_output: job.show_output,
        work_dir: job.out.clone(),
        executable: job.executable.clone(),
        seed: job.seed,
    };
    let note = |text: String| progress.note(text);
    let mut sides = until(stop, Box::pin(provision::start(&job.plan, options, &note))).await??;
    describe(&sides, record);
    let result = Box::pin(with_sides(job, epoch, record, &mut sides, progress, stop)).await;
    progress.phase("stop");
    for warning in sides.stop().await {
        progress.warn(warning);
    }
    result
}

/// Files for the connections of all users, where there will be any.
fn make_room(job: &Job, progress: &Progress) -> Result<(), RunError> {
    let widest = job.search.as_ref().map(|options| search::widest(&job.plan, options));
    if let Some(plan) = widest.as_ref().or_else(|| job.command.has_load().then_some(&job.plan))
        && let Some((from, to)) = load::make_room(plan)?
    {
        progress.note(format!("limit of open files raised from {from} to {to}, for the connections of all users"));
    }
    Ok(())
}

async fn with_sides(
    job: &Job,
    epoch: Epoch,
    record: &mut RunRecord,
    sides: &mut Sides,
    progress: &Progress,
    stop: &Stop,
) -> Result<(), RunError> {
    let mut noise = None;
    if job.command.has_parity() {
        progress.phase("parity");
        both(origins(sides))?;
        let recordings = noise::record_all(job, sides, progress, stop).await?;
        let origins = both(origins(sides))?;
        let mut databases = Databases::connect(&job.plan, sides, "parity", None, progress).await;
        let served = until(stop, contract::served(&job.plan, &origins)).await?;
        let contract = job.contract.as_ref().map_or_else(|| served.as_ref().map(Option::as_ref), |it| Ok(Some(it)));
        let setup = parity::Setup { plan: &job.plan, contract: None, origins: &origins, seed: job.seed, stop };
        let parity = Box::pin(replay(setup, contract, recordings, &mut databases, progress)).await;
        state::keep(databases, record);
        let known = parity.map(|(parity, known, ids)| {
            record.parity = Some(parity);
            (known, ids)
        });
        save(job, record)?;
        let (known, ids) = alive(sides, if stop.is_triggered() { Err(RunError::Interrupted) } else { known })?;
        if job.explore > 0 {
            progress.phase("explore");
            let exploring = explore::explore(job, sides, record, (&known, &ids), progress, stop);
            let outcome = Box::pin(exploring).await;
            alive(sides, outcome)?;
            save(job, record)?;
        }
        // One step alone is asked for: what leads to it are requests, not faults.
        if job.plan.only.is_none() {
            let contract = contract.ok().flatten();
            let phase = faults::Phase { job, contract, noise: &known, progress, stop };
            let faults = Box::pin(faults::make(phase, record, sides)).await;
            alive(sides, faults)?;
            save(job, record)?;
        }
        noise = Some(known);
    }
    if let Some(options) = &job.search {
        progress.phase("search");
        Box::pin(search::search(job, options, epoch, record, sides, progress, stop)).await?;
    }
    if job.command.has_load() {
        progress.phase("load");
        if job.command.has_parity() {
            let note = |text: String| progress.note(text);
            if !until(stop, sides.reset(&note)).await?? {
                progress.note("a side that runs elsewhere keeps the data that the replay left");
            }
        }
        let measured = Box::pin(load_and_compare(job, noise.as_ref(), epoch, record, sides, progress, stop)).await;
        measured?;
        save(job, record)?;
    }
    Ok(())
}

/// The load, between two looks at the databases where there are two.
async fn load_and_compare(
    job: &Job,
    noise: Option<&Known>,
    epoch: Epoch,
    record: &mut RunRecord,
    sides: &mut Sides,
    progress: &Progress,
    stop: &Stop,
) -> Result<(), RunError> {
    if job.plan.roles().len() < 2 {
        return Box::pin(measure::load(job, noise, epoch, record, sides, progress, stop)).await.map(drop);
    }
    let mut databases = Databases::connect(&job.plan, sides, "load", record.state.take(), progress).await;
    let mut measured = until(stop, Box::pin(databases.before_load())).await;
    if measured.is_ok() {
        let loaded = Box::pin(measure::load(job, noise, epoch, record, sides, progress, stop)).await;
        measured = loaded.map(|secrets| databases.keep_secret(&secrets));
    }
    if measured.is_ok() {
        measured = until(stop, Box::pin(databases.after_load(record.load.as_ref()))).await;
    }
    state::keep(databases, record);
    measured
}

/// The parity phase, what it knows for noise, and what it has learned of ids. That there is no contract is told in its evidence: a gate on coverage
/// cannot hold then.
async fn replay(
    setup: parity::Setup<'_>,
    contract: Result<Option<&Contract>, &ContractProblem>,
    recordings: Vec<parity::Recording>,
    databases: &mut Databases<'_>,
    progress: &Progress,
) -> Result<(Parity, Known, Bijection), RunError> {
    let (plan, stop) = (setup.plan, setup.stop);
    let known = contract.ok().flatten();
    contract::tell(known, contract.err(), progress);
    // That it was broken off is seen by the replay itself.
    let mut learned = Bijection::default();
    let after = async |after: After<'_>| {
        if let After::Flow { number, ids, .. } = &after
            && number + 1 == plan.flows.len()
        {
            learned.clone_from(ids);
        }
        drop(until(stop, Box::pin(databases.after(after))).await);
    };
    let setup = parity::Setup { contract: known, ..setup };
    let (mut parity, noise) = Box::pin(parity::run_with_noise(setup, recordings, progress, after)).await?;
    if let Err(problem) = contract {
        contract::without_contract(&mut parity, plan, problem);
    }
    Ok((parity, noise, learned))
}

/// Runs a phase that may be dropped at any point, until the stop flag is set.
async fn until<T>(stop: &Stop, phase: impl Future<Output = T>) -> Result<T, RunError> {
    tokio::select! {
        biased;
        () = stop.triggered() => Err(RunError::Interrupted),
        value = phase => Ok(value),
    }
}

/// The death of a side explains more than what the phase made of it.
fn alive<T>(sides: &mut Sides, outcome: Result<T, RunError>) -> Result<T, RunError> {
    if !matches!(outcome, Err(RunError::Interrupted)) {
        sides.check_alive()?;
    }
    outcome
}

fn origins(sides: &Sides) -> Pair<Option<Origin>> {
    Pair::from_fn(|role| sides.get(role).map(|side| side.origin.clone()))
}

fn both(origins: Pair<Option<Origin>>) -> Result<Pair<Origin>, RunError> {
    match origins {
        Pair { baseline: Some(baseline), candidate: Some(candidate) } => Ok(Pair { baseline, candidate }),
        _ => Err(RunError::OneSide),
    }
}

fn save(job: &Job, record: &RunRecord) -> Result<(), RunError> {
    report::write_record(&job.out, record)?;
    Ok(())
}

/// The record of a run in which nothing has been measured yet.
fn begin(job: &Job) -> RunRecord {
    let plan = &job.plan;
    RunRecord {
        schema_version: SCHEMA_VERSION,
        verdict: Verdict::Invalid,
        reason: "the run is not over".to_owned(),
        run: RunInfo {
            plan: plan.name.clone(),
            plan_file: plan.source.as_ref().map(|path| path.display().to_string()),
            target: job.target.clone(),
            command: job.command.name().to_owned(),
            seed: job.seed,
            only: plan.only.as_ref().map(ToString::to_string),
            settings: job.settings.clone(),
            started_at: environment::now(),
            finished_at: None,
            sides: Pair::default(),
            protocols: Pair::default(),
            database: plan.database.provider.name().to_owned(),
            flows: plan.flows.iter().map(flow_info).collect(),
        },
        ending: Ending::Running,
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
        environment: environment::read(),
    }
}

fn flow_info(flow: &crate::plan::Flow) -> FlowInfo {
    FlowInfo {
        name: flow.name.clone(),
        weight: flow.weight,
        steps: flow.steps.iter().map(|step| step.name.clone()).collect(),
    }
}

fn describe(sides: &Sides, record: &mut RunRecord) {
    record.run.sides = Pair::from_fn(|role| sides.get(role).map(|side| side.words.clone()));
    record.run.protocols = Pair::from_fn(|role| sides.get(role).map(|side| side.origin.protocol.to_string()));
    record.run.database.clone_from(&sides.database().words);
    record.environment.database.clone_from(&sides.database().version);
}
