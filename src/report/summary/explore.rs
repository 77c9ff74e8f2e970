//! What generated requests found, in a few lines.

use super::super::text::counted;
use super::{code, prose, shortened};
use crate::record::RunRecord;
use crate::record::explore::ExploreFinding;

/// Most findings that a comment shows.
const MOST_FINDINGS: usize = 5;

pub(super) fn explored(record: &RunRecord) -> String {
    let Some(exploration) = &record.explore else { return String::new() };
    let findings: String = exploration.findings.iter().take(MOST_FINDINGS).map(one).collect();
    let more = exploration.findings.len().saturating_sub(MOST_FINDINGS) as u64;
    let more =
        if more == 0 { String::new() } else { format!("\n{} more in the full report.\n", counted(more, "finding")) };
    format!(
        "### Generated requests\n\n{} in {} to each side, seed {}: **{}**.\n{}{findings}{more}",
        counted(exploration.requests, "request"),
        counted(exploration.sequences, "sequence"),
        exploration.seed,
        counted(exploration.findings.len() as u64, "finding"),
        if findings.is_empty() { "" } else { "\n" },
    )
}

fn one(finding: &ExploreFinding) -> String {
    let calls: Vec<String> = finding.calls.iter().map(|call| code(&shortened(&call.in_words()))).collect();
    let places: Vec<String> = finding.differences.iter().take(3).map(|found| code(&found.place)).collect();
    format!("- {}: {}; differs at {}\n", prose(&finding.operation), calls.join(", then "), places.join(", "))
}
