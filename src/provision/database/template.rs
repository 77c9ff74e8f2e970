//! Filling the template: the plan's own setup command, or the reference service's migrations and seed data.

use std::process::Command;
use std::time::Duration;

use crate::plan::{Plan, SideKind};
use crate::provision::context::Context;
use crate::provision::error::{Cause, ProvisionError};
use crate::provision::output::{Destination, open_log};
use crate::provision::process::{Orphan, Process, describe};
use crate::provision::secret::Redactions;

/// A setup that takes longer hangs.
const SETUP: Duration = Duration::from_mins(15);

/// Fills the empty database of `url`. Sides that neither is meant for fill their twins themselves.
pub(super) async fn fill(plan: &Plan, url: &str, context: &Context) -> Result<(), ProvisionError> {
    if let Some(command) = &plan.database.setup {
        return run_setup(command, url, context).await;
    }
    if has_bundled_side(plan) {
        return prepare_reference_service(url, plan.database.students, context.options.seed).await;
    }
    Ok(())
}

fn has_bundled_side(plan: &Plan) -> bool {
    plan.sides.iter().any(|(_, side)| matches!(side, Some(side) if matches!(side.kind, SideKind::Bundled { .. })))
}

/// Migrates the database and fills it with data that `number` decides.
async fn prepare_reference_service(url: &str, students: u64, number: u64) -> Result<(), ProvisionError> {
    let prepared = reference_service::prepare(url, &reference_service::Seed { number, students }).await;
    prepared.map_err(|error| ProvisionError::Prepare { source: Cause(chain(&error, url)) })
}

/// An error with its causes, without the URL's secrets.
fn chain(error: &dyn std::error::Error, url: &str) -> String {
    let mut redactions = Redactions::default();
    redactions.hide_url(url);
    let causes = std::iter::successors(Some(error), |error| error.source());
    redactions.redact(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
}

async fn run_setup(command: &[String], url: &str, context: &Context) -> Result<(), ProvisionError> {
    let Some((program, arguments)) = command.split_first() else { return Ok(()) };
    let fill_in = |text: &String| text.replace("{{database_url}}", url);
    let mut command = Command::new(fill_in(program));
    command.args(arguments.iter().map(fill_in)).env("DATABASE_URL", url);
    let mut redactions = context.redactions.clone();
    redactions.hide_url(url);
    let program = redactions.redact(program);
    let failed =
        |cause: Cause, last_lines| ProvisionError::Setup { program: program.clone(), source: cause, last_lines };
    let log = open_log(&context.log("setup")).map_err(|error| failed(error.into(), Vec::new()))?;
    let destination = Destination { log: Some(log), show_as: None, redactions, announcement: None };
    let mut process =
        Process::spawn(command, Orphan::IsKilled, destination).map_err(|error| failed(error.into(), Vec::new()))?;
    process.ended_within(SETUP).await;
    let cause = match process.exited() {
        Some(status) if status.success() => return Ok(()),
        Some(status) => format!("it ended with {}", describe(status)),
        None => format!("it was still running after {} min", SETUP.as_secs() / 60),
    };
    Err(failed(cause.into(), process.output().final_lines()))
}
