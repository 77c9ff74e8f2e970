//! `cutover run`, `cutover verify` and `cutover load`.

use super::accept;
use super::args::{LoadArgs, OutputArgs, RunArgs, SideArg, VerifyArgs};
use super::options::{self, UsageError};
use super::terminal::Terminal;
use super::{Exit, interrupt, summary};
use crate::plan::{Accepted, Plan};
use crate::record::Verdict;
use crate::role::Role;
use crate::run::{Command, Job, Outcome, RunError};
use crate::stop::Stop;

pub(super) fn run(args: &RunArgs) -> Exit {
    start(Command::Run, plan_of(args), &args.output, args.show_output, None, settings(args), args.explore)
}

pub(super) fn verify(args: &VerifyArgs) -> Exit {
    let new = match accept::New::from_args(args) {
        Ok(new) => new,
        Err(UsageError(message)) => {
            Terminal::new(&args.run.output).error(&message);
            return Exit::Usage;
        }
    };
    let plan = plan_of(&args.run).and_then(|mut plan| {
        if let Some(only) = &args.only {
            plan.select(only).map_err(|message| UsageError(format!("error: --only: {message}")))?;
        }
        if let Some(new) = &new {
            plan.accepted = Some(Accepted { is_growing: true, ..new.known()?.unwrap_or_default() });
        }
        Ok(plan)
    });
    start(
        Command::Verify,
        plan,
        &args.run.output,
        args.run.show_output,
        new.as_ref(),
        settings(&args.run),
        args.run.explore,
    )
}

fn settings(args: &RunArgs) -> Vec<String> {
    let accept = args.accept.as_ref().map(|file| ["--accept".to_owned(), file.display().to_string()]);
    options::settings(&args.plan.overrides).into_iter().chain(accept.into_iter().flatten()).collect()
}

fn plan_of(args: &RunArgs) -> Result<Plan, UsageError> {
    let mut plan = options::read_plan(&args.plan.plan)?;
    options::apply(&mut plan, &args.plan.overrides)?;
    plan.accepted = args.accept.as_deref().map(accept::read).transpose()?;
    Ok(plan)
}

pub(super) fn load(args: &LoadArgs) -> Exit {
    let is_url = args.target.contains("://");
    let plan = if is_url {
        options::ad_hoc(&args.target, &args.overrides)
    } else {
        options::read_plan(&args.target).and_then(|mut plan| {
            options::apply(&mut plan, &args.overrides)?;
            Ok(plan)
        })
    };
    start(Command::Load, plan, &args.output, args.show_output, None, Vec::new(), 0)
}

fn start(
    command: Command,
    plan: Result<Plan, UsageError>,
    output: &OutputArgs,
    show_output: Option<SideArg>,
    new: Option<&accept::New>,
    settings: Vec<String>,
    explore: u64,
) -> Exit {
    let terminal = Terminal::new(output);
    let plan = match plan {
        Ok(plan) => plan,
        Err(UsageError(message)) => {
            terminal.error(&message);
            return Exit::Usage;
        }
    };
    let executable = match std::env::current_exe() {
        Ok(executable) => executable,
        Err(error) => {
            terminal.error(&format!("error: cannot find this program's own file: {error}"));
            return Exit::Environment;
        }
    };
    let contract = match options::read_contract(&plan, command) {
        Ok(contract) => contract,
        Err(UsageError(message)) => {
            terminal.error(&message);
            return Exit::Usage;
        }
    };
    let job = Job {
        command,
        contract,
        out: options::output_directory(output.out.as_ref(), &plan.name),
        seed: options::seed(&plan),
        settings,
        show_output: show_output.map(|side| match side {
            SideArg::Baseline => Role::Baseline,
            SideArg::Candidate => Role::Candidate,
        }),
        executable,
        plan,
        explore,
    };
    finish(&job, output, &terminal, new)
}

fn finish(job: &Job, output: &OutputArgs, terminal: &Terminal, new: Option<&accept::New>) -> Exit {
    let stop = Stop::default();
    interrupt::install(&stop, terminal);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            terminal.error(&format!("error: no threads to be had: {error}"));
            return Exit::Environment;
        }
    };
    terminal.header(job);
    let outcome = runtime.block_on(crate::run::run(job, &terminal.progress(), &stop));
    terminal.clear();
    match outcome {
        Ok(outcome) => {
            let exit = conclude(job, output, terminal, &outcome);
            new.map_or(exit, |new| new.conclude(job, terminal, &outcome, exit))
        }
        Err(error) => {
            terminal.failure(&error.in_full(), error.hint().as_deref());
            Exit::Environment
        }
    }
}

/// A load test without gates asks for figures, and has them if nothing makes them invalid.
fn only_figures(job: &Job, outcome: &Outcome) -> bool {
    job.command == Command::Load && job.plan.gates.is_empty() && outcome.record.verdict == Verdict::Inconclusive
}

fn conclude(job: &Job, output: &OutputArgs, terminal: &Terminal, outcome: &Outcome) -> Exit {
    let exit = match &outcome.error {
        None if only_figures(job, outcome) => Exit::Pass,
        None => Exit::from(outcome.record.verdict),
        Some(RunError::Interrupted) => Exit::Interrupted,
        Some(_) => Exit::Environment,
    };
    summary::print(&outcome.record, &job.out, output);
    if let Some(error) = outcome.error.as_ref().filter(|error| !matches!(error, RunError::Interrupted)) {
        terminal.failure(&error.in_full(), error.hint().as_deref());
    }
    exit
}
