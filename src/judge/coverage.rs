//! What coverage of the contract says besides its share.

use crate::record::coverage::{Coverage, OperationCoverage};
use crate::record::{Finding, Severity};

/// Most names in one finding; the report has all.
const MOST_NAMED: usize = 5;

/// What people should know of the contract, whether or not a gate is on it.
pub(super) fn findings(coverage: &Coverage) -> Vec<Finding> {
    if let Some(problem) = &coverage.problem {
        return vec![warning("contract-unread", problem.clone())];
    }
    let untouched = coverage.operations.iter().filter(|operation| operation.compared == 0);
    let untouched = list(untouched.map(|operation| format!("`{}`", operation.operation)));
    let strangers = list(coverage.strangers.iter().map(|stranger| format!("`{} / {}`", stranger.flow, stranger.step)));
    let undocumented = list(coverage.operations.iter().flat_map(undocumented));
    let idle = list(coverage.idle_exceptions.iter().map(|exception| format!("`{exception}`")));
    [
        untouched
            .map(|names| note("contract-untouched", format!("operations of the contract never compared: {names}"))),
        strangers.map(|names| {
            warning("contract-strangers", format!("steps whose request the contract does not know: {names}"))
        }),
        undocumented.map(|names| {
            warning("contract-undocumented", format!("answers that the contract does not document: {names}"))
        }),
        idle.map(|names| {
            warning("contract-exceptions", format!("exceptions of the contract that except nothing: {names}"))
        }),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn undocumented(operation: &OperationCoverage) -> impl Iterator<Item = String> {
    operation.undocumented.iter().map(|it| {
        let sides = match (it.answered.baseline, it.answered.candidate) {
            (_, 0) => " by the baseline",
            (0, _) => " by the candidate",
            _ => "",
        };
        format!("{} of `{}`{sides}", it.status, operation.operation)
    })
}

/// `None` if there is nothing to name.
fn list(names: impl Iterator<Item = String>) -> Option<String> {
    let names: Vec<String> = names.collect();
    let more = names.len().saturating_sub(MOST_NAMED);
    let shown = names.iter().take(MOST_NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!names.is_empty()).then(|| shown + &more)
}

fn warning(code: &str, message: String) -> Finding {
    Finding { severity: Severity::Warning, code: code.to_owned(), message }
}

fn note(code: &str, message: String) -> Finding {
    Finding { severity: Severity::Note, code: code.to_owned(), message }
}
