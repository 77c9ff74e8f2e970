//! How the run ended, and whether what was to be done was done.

use super::{invalid, plural};
use crate::record::{Ending, FaultEvidence, Finding, RunRecord, Severity};
use crate::units::format_count;

pub(super) fn ending(ending: &Ending) -> Option<Finding> {
    match ending {
        Ending::Complete => None,
        Ending::Running => Some(invalid("unfinished", "the run is not over yet".to_owned())),
        Ending::Interrupted => Some(invalid("interrupted", "the run was interrupted".to_owned())),
        Ending::Failed(message) => {
            let first = message.lines().next().unwrap_or_default();
            Some(invalid("failed", format!("the run broke off: {first}")))
        }
    }
}

pub(super) fn nothing_compared(evidence: &RunRecord) -> Option<Finding> {
    // A replay that was broken off has an end that says so.
    let parity = evidence.parity.as_ref().filter(|parity| parity.compared == 0 && parity.flows_left == 0)?;
    let sent = format_count(parity.requests);
    Some(invalid("nothing-compared", format!("no answers were compared, though {sent} requests were sent")))
}

/// Entries of the file of accepted differences that are about nothing any more: they rot, and may hide what comes next.
/// Nor may differences be passed over without a word.
pub(super) fn accepted(evidence: &RunRecord) -> Vec<Finding> {
    let (acceptances, count) = (evidence.acceptances(), evidence.accepted());
    let stale = acceptances.iter().filter(|entry| entry.asked && entry.matched == 0).map(|entry| {
        let message =
            format!("the accepted difference of `{}`, {}, was not found: take it out", entry.place, entry.entry);
        Finding { severity: Severity::Warning, code: "stale-acceptance".to_owned(), message }
    });
    let passed = (count > 0).then(|| {
        let message = format!("{} accepted and not counted", plural(count, "difference was", "differences were"));
        Finding { severity: Severity::Note, code: "accepted".to_owned(), message }
    });
    let expired = acceptances.iter().filter(|entry| entry.acceptance.expired && entry.matched > 0).map(|entry| {
        let until = entry.acceptance.until.as_deref().unwrap_or_default();
        let message =
            format!("the difference of `{}`, {}, was accepted until {until}, expired", entry.place, entry.entry);
        Finding { severity: Severity::Warning, code: "expired-acceptance".to_owned(), message }
    });
    passed.into_iter().chain(expired).chain(stale).collect()
}

/// What was not done, or proved nothing, is never passed over.
pub(super) fn fault_not_shown(fault: &FaultEvidence) -> Option<Finding> {
    let reason = fault.not_applied.as_ref()?;
    let (severity, what) = match fault.applied {
        Some(_) => (Severity::Warning, "was made and shows nothing"),
        None => (Severity::Note, "was not made"),
    };
    let message = format!("fault `{}` {what}: {reason}", fault.name);
    Some(Finding { severity, code: "fault-not-shown".to_owned(), message })
}
