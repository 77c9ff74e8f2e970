//! The faults as rows of a table.

use super::{prose, table};
use crate::record::faults::{AnswerCount, FaultEvidence};
use crate::record::{Connections, RunRecord};
use crate::report::text::NONE;
use crate::role::Role;
use crate::units::format_count;

pub(super) fn faults(record: &RunRecord) -> String {
    if record.faults.is_empty() {
        return String::new();
    }
    let head = ["Fault", "Baseline", "Candidate", "In use afterwards", "Breaking", "Breaking in the databases"];
    format!("### Faults\n\n{}", table(head, [4, 5], record.faults.iter().map(|fault| row(record, fault))))
}

fn row(record: &RunRecord, fault: &FaultEvidence) -> [String; 6] {
    let outcome = match (&fault.not_applied, &fault.applied) {
        (Some(reason), None) => return not_made(fault, reason),
        (Some(_), Some(_)) => " (shows nothing)",
        _ => "",
    };
    let in_use = Role::BOTH.map(|role| {
        let after = fault.aftermath.get(role).as_ref().map(|side| side.after);
        after.and_then(|after: Connections| after.used).map_or_else(|| NONE.to_owned(), format_count)
    });
    let in_databases = record.state.as_ref().and_then(|state| state.after_fault(&fault.name));
    [
        prose(&format!("{}{outcome}", fault.name)),
        answers(fault, Role::Baseline),
        answers(fault, Role::Candidate),
        in_use.join(" and "),
        format_count(fault.breaking),
        in_databases.map_or_else(|| NONE.to_owned(), |look| format_count(look.breaking)),
    ]
}

fn not_made(fault: &FaultEvidence, reason: &str) -> [String; 6] {
    let nothing = || NONE.to_owned();
    [prose(&fault.name), prose(&format!("not made: {reason}")), nothing(), nothing(), nothing(), nothing()]
}

/// Each kind of answer once, in the order in which the probes met it.
fn answers(fault: &FaultEvidence, role: Role) -> String {
    let mut kinds: Vec<&str> = Vec::new();
    for AnswerCount { answer, .. } in fault.answers.iter().flat_map(|answers| answers.sides.get(role)) {
        if !kinds.contains(&&**answer) {
            kinds.push(answer);
        }
    }
    if kinds.is_empty() { NONE.to_owned() } else { prose(&kinds.join(", ")) }
}
