//! The contract in the summary: how much of it was compared, and what was not.

use std::fmt::Write as _;

use super::super::text::visible;
use super::{code, prose, table};
use crate::record::RunRecord;
use crate::record::coverage::OperationCoverage;
use crate::units::format_count;

/// Operations with gaps that are listed; the report has all.
const MOST_OPERATIONS: usize = 10;

/// Nothing if the plan names no contract.
pub(super) fn coverage(record: &RunRecord) -> String {
    let Some(coverage) = record.parity.as_ref().and_then(|parity| parity.coverage.as_ref()) else {
        return String::new();
    };
    let gaps: Vec<_> = coverage.operations.iter().filter(|operation| operation.missing().next().is_some()).collect();
    let mut out = format!("### Contract\n\n{}: {}.\n", code(&coverage.document), prose(&coverage.in_words()));
    if !gaps.is_empty() {
        let rows = gaps.iter().take(MOST_OPERATIONS).map(|operation| row(operation));
        out.push('\n');
        out.push_str(&table(["Operation", "Compared", "Never compared"], [1], rows));
    }
    if gaps.len() > MOST_OPERATIONS {
        let more = format_count((gaps.len() - MOST_OPERATIONS) as u64);
        let _ = writeln!(out, "\n{more} more operations with gaps in the full report.");
    }
    out
}

fn row(operation: &OperationCoverage) -> [String; 3] {
    let missing: Vec<String> = operation.missing().map(|promise| prose(&visible(&promise.name))).collect();
    [code(&operation.operation), format_count(operation.compared), missing.join(", ")]
}
