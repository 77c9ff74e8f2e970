//! `cutover run`, `cutover verify` and `cutover load`.

use super::accept;
use super::args::{AcceptArgs, LoadArgs, OutputArgs, Overrides, RequestArgs, RunArgs, SideArg, VerifyArgs};
use super::meaning::{About, refuse_what_says_nothing};
use super::options::{self, UsageError};
use super::terminal::Terminal;
use super::{Exit, interrupt, request, shard, summary};
use crate::load::Sharding;
use crate::plan::Plan;
use crate::role::Role;
use crate::run::{Command, Job, Outcome, RunError, SearchOptions};
use crate::stop::Stop;

pub(super) fn run(args: &RunArgs) -> Exit {
    run_or_verify(Command::Run, args, None)
}

pub(super) fn verify(args: &VerifyArgs) -> Exit {
    run_or_verify(Command::Verify, &args.run, args.only.as_deref())
}

fn run_or_verify(command: Command, args: &RunArgs, only: Option<&str>) -> Exit {
    let refused = match command {
        Command::Verify => refuse_what_says_nothing(About::Verify, &args.plan.overrides),
        _ => Ok(()),
    };
    let plan = refused.and_then(|()| options::read_plan(&args.plan.plan)).and_then(|mut plan| {
        options::apply(&mut plan, &args.plan.overrides)?;
        if let Some(only) = only {
            plan.select(only).map_err(|message| UsageError(format!("error: --only: {message}")))?;
        }
        Ok(plan)
    });
    let asked = Asked {
        show_output: args.show_output,
        settings: settings(&args.plan.overrides, &args.known, args.explore),
        explore: args.explore,
        ..Asked::of(command)
    };
    start(with_known(plan, &args.known, asked), &args.output)
}

/// Adds what is known of differences to a plan, and to what is asked what is to be added to it.
fn with_known(plan: Result<Plan, UsageError>, args: &AcceptArgs, asked: Asked) -> Result<(Plan, Asked), UsageError> {
    let plan = plan?;
    let (accepted, new) = accept::of(args)?;
    Ok((Plan { accepted, ..plan }, Asked { new, ..asked }))
}

fn settings(overrides: &Overrides, known: &AcceptArgs, explore: u64) -> Vec<String> {
    let accept = known.accept.as_ref().map(|file| ["--accept".to_owned(), file.display().to_string()]);
    let explore = (explore > 0).then(|| ["--explore".to_owned(), explore.to_string()]);
    let more = accept.into_iter().chain(explore).flatten();
    options::settings(overrides).into_iter().chain(more).collect()
}

pub(super) fn load(args: &LoadArgs) -> Exit {
    let target = &args.target;
    let plan = refuse_known(target, &args.known).and_then(|()| plan_to_load(target, &args.overrides, LOADS));
    let asked = plan.and_then(|mut plan| {
        shape(&mut plan, target, &args.request)?;
        let settings = settings(&args.overrides, &args.known, 0);
        let asked = Asked {
            target: url_of(target),
            show_output: args.show_output,
            settings: request::settings(&args.request).into_iter().chain(settings).collect(),
            shard: shard::of(args, &mut plan)?,
            ..Asked::of(Command::Load)
        };
        with_known(Ok(plan), &args.known, asked)
    });
    start(asked, &args.output)
}

/// What is sent to one URL; a plan says itself what is sent.
fn shape(plan: &mut Plan, target: &str, args: &RequestArgs) -> Result<(), UsageError> {
    if is_url(target) {
        return request::shape(plan, args, &|name| std::env::var(name).ok());
    }
    match request::given(args) {
        Some(option) => Err(UsageError(format!(
            "error: {option} has no meaning for a plan\nhint: the steps of a plan say what is sent; the option is for \
             `cutover load URL`"
        ))),
        None => Ok(()),
    }
}

/// One URL compares nothing, so there is nothing to be accepted.
fn refuse_known(target: &str, known: &AcceptArgs) -> Result<(), UsageError> {
    let given = [("--accept", &known.accept), ("--accept-new", &known.accept_new)];
    match given.into_iter().find(|(_, file)| file.is_some() && is_url(target)) {
        Some((option, _)) => Err(UsageError(format!(
            "error: {option} has no meaning for one URL\nhint: there is nothing that its answers are compared with; use \
             `cutover load PLAN`"
        ))),
        None => Ok(()),
    }
}

fn is_url(target: &str) -> bool {
    target.contains("://")
}

/// As the record keeps it.
pub(super) fn url_of(target: &str) -> Option<String> {
    is_url(target).then(|| options::without_secrets(target))
}

/// What `load` is about: a plan, or one URL.
const LOADS: [About; 2] = [About::Load, About::LoadUrl];

/// A plan file with its settings changed, or the plan that one URL makes; `abouts` says what the command is about then.
pub(super) fn plan_to_load(target: &str, overrides: &Overrides, abouts: [About; 2]) -> Result<Plan, UsageError> {
    refuse_what_says_nothing(abouts[usize::from(is_url(target))], overrides)?;
    if is_url(target) {
        return options::ad_hoc(target, overrides);
    }
    let mut plan = options::read_plan(target)?;
    options::apply(&mut plan, overrides)?;
    Ok(plan)
}

/// What is asked of a run besides its plan.
pub(super) struct Asked {
    pub(super) command: Command,
    pub(super) target: Option<String>,
    pub(super) show_output: Option<SideArg>,
    pub(super) new: Option<accept::New>,
    pub(super) settings: Vec<String>,
    pub(super) explore: u64,
    pub(super) shard: Option<Sharding>,
    pub(super) search: Option<SearchOptions>,
}

impl Asked {
    /// A command and nothing else.
    pub(super) const fn of(command: Command) -> Self {
        Self {
            command,
            target: None,
            show_output: None,
            new: None,
            settings: Vec::new(),
            explore: 0,
            shard: None,
            search: None,
        }
    }
}

pub(super) fn start(asked: Result<(Plan, Asked), UsageError>, output: &OutputArgs) -> Exit {
    let terminal = Terminal::new(output);
    let (plan, asked) = match asked {
        Ok(asked) => asked,
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
    let contract = match options::read_contract(&plan, asked.command) {
        Ok(contract) => contract,
        Err(UsageError(message)) => {
            terminal.error(&message);
            return Exit::Usage;
        }
    };
    let job = Job {
        command: asked.command,
        target: asked.target,
        contract,
        out: options::output_directory(output.out.as_ref(), &plan.name),
        seed: options::seed(&plan),
        settings: asked.settings,
        show_output: asked.show_output.map(|side| match side {
            SideArg::Baseline => Role::Baseline,
            SideArg::Candidate => Role::Candidate,
        }),
        executable,
        plan,
        explore: asked.explore,
        shard: asked.shard,
        search: asked.search,
    };
    finish(&job, output, &terminal, asked.new.as_ref())
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

fn conclude(job: &Job, output: &OutputArgs, terminal: &Terminal, outcome: &Outcome) -> Exit {
    let exit = match &outcome.error {
        None => Exit::from(&outcome.record),
        Some(RunError::Interrupted) => Exit::Interrupted,
        Some(_) => Exit::Environment,
    };
    summary::print(&outcome.record, Some(&job.out), output);
    if let Some(error) = outcome.error.as_ref().filter(|error| !matches!(error, RunError::Interrupted)) {
        terminal.failure(&error.in_full(), error.hint().as_deref());
    }
    exit
}
