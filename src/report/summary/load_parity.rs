//! What comparing answers under load found, for a pull request.

use std::fmt::Write as _;

use super::{MOST_DIFFERENCES, code, more, prose, shortened, table, told};
use crate::record::RunRecord;
use crate::record::load_parity::Invariant;
use crate::report::reproduce::{Cases, again};
use crate::units::format_count;

/// Nothing where answers were not compared under load.
pub(super) fn section(record: &RunRecord) -> String {
    let Some(parity) = record.load.as_ref().and_then(|load| load.parity.as_ref()) else { return String::new() };
    let mut out = format!("### Answers under load\n\n{}.\n", parity.in_words());
    if let Some(caveat) = parity.caveat() {
        let _ = writeln!(out, "\nMind: {caveat}.");
    }
    let found = told(&parity.differences, &mut out);
    if parity.broken().next().is_some() {
        let rows = parity.broken().take(MOST_DIFFERENCES).map(invariant);
        let _ = write!(out, "\n{}", table(["Broken", "Step", "Baseline", "Candidate", "Count"], [4], rows));
        more(parity.broken().count(), &mut out);
    }
    let cases = Cases::of_load(record, parity);
    let broken = parity.broken().find_map(|invariant| cases.cases.get(invariant.case?));
    if let Some(case) = found.iter().find_map(|difference| cases.of(difference)).or(broken) {
        let _ = writeln!(out, "\nAgain: {}", code(&again(record, case)));
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
