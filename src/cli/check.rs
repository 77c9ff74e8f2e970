//! `cutover check`: what would run, without starting anything.

use super::args::CheckArgs;
use super::options::{self, UsageError};
use super::{Exit, print};
use crate::plan::{self, Plan};
use crate::report::{visible, visible_lines};
use crate::run::Command;

pub(super) fn check(args: &CheckArgs) -> Exit {
    let checked = options::read_plan(&args.plan.plan).and_then(|mut plan| {
        options::apply(&mut plan, &args.plan.overrides)?;
        Ok(plan)
    });
    match checked {
        Ok(plan) => {
            print::out(&format!("{}\n", visible_lines(&plan::describe(&plan))));
            contract(&plan)
        }
        Err(UsageError(message)) => {
            print::note(&message);
            Exit::Usage
        }
    }
}

/// What the contract promises, if it is in a file; one that the baseline serves is not known before that runs.
fn contract(plan: &Plan) -> Exit {
    match options::read_contract(plan, Command::Verify) {
        Ok(None) => Exit::Pass,
        Ok(Some(contract)) => {
            let promises = contract.operations.iter().map(|it| it.responses.len() + it.parameters.len()).sum::<usize>();
            print::out(&format!(
                "\ncontract `{}` with {} operations, {promises} promises\n",
                visible(&contract.title),
                contract.operations.len()
            ));
            contract.warnings.iter().for_each(|warning| print::out(&format!("  {}\n", visible(&warning.to_string()))));
            Exit::Pass
        }
        Err(UsageError(message)) => {
            print::note(&message);
            Exit::Usage
        }
    }
}
