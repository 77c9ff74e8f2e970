//! What comparing answers under load found, for a pull request.

use std::fmt::Write as _;

use super::{MOST_DIFFERENCES, code, difference, prose, shortened, table};
use crate::record::load_parity::Invariant;
use crate::record::{Class, Difference, RunRecord};
use crate::units::format_count;

/// Nothing where answers were not compared under load.
pub(super) fn section(record: &RunRecord) -> String {
    let Some(parity) = record.load.as_ref().and_then(|load| load.parity.as_ref()) else { return String::new() };
    let mut out = format!("### Answers under load\n\n{}.\n", parity.in_words());
    if let Some(caveat) = parity.caveat() {
        let _ = writeln!(out, "\nMind: {caveat}.");
    }
    let is_open = |found: &&Difference| found.class != Class::Volatile && !found.is_accepted();
    let found: Vec<&Difference> = parity.differences.iter().filter(is_open).collect();
    if !found.is_empty() {
        let head = ["Class", "Step", "Where", "Baseline", "Candidate", "Count"];
        let rows = found.iter().take(MOST_DIFFERENCES).map(|found| difference(found));
        let _ = write!(out, "\n{}", table(head, [5], rows));
    }
    if parity.broken().next().is_some() {
        let rows = parity.broken().take(MOST_DIFFERENCES).map(invariant);
        let _ = write!(out, "\n{}", table(["Broken", "Step", "Baseline", "Candidate", "Count"], [4], rows));
    }
    out
}

fn invariant(broken: &Invariant) -> [String; 5] {
    let words = |words: &Option<String>| words.as_deref().map(|words| code(&shortened(words))).unwrap_or_default();
    [
        prose(&broken.rule),
        prose(&format!("{} / {}", broken.flow, broken.step)),
        words(&broken.baseline),
        words(&broken.candidate),
        format_count(broken.broken),
    ]
}
