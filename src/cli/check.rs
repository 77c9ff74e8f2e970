//! `cutover check`: what would run, without starting anything.

use super::Exit;
use super::args::CheckArgs;
use super::options::{self, UsageError};
use crate::plan;

pub(super) fn check(args: &CheckArgs) -> Exit {
    let checked = options::read_plan(&args.plan.plan).and_then(|mut plan| {
        options::apply(&mut plan, &args.plan.overrides)?;
        Ok(plan)
    });
    match checked {
        Ok(plan) => {
            print!("{}", plan::describe(&plan));
            Exit::Pass
        }
        Err(UsageError(message)) => {
            eprintln!("{message}");
            Exit::Usage
        }
    }
}
