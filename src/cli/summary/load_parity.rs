//! What comparing answers under load found.

use super::{MOST_DIFFERENCES, difference_line, shorten};
use crate::record::load_parity::Invariant;
use crate::record::{Class, Difference, RunRecord};
use crate::report::reproduce::{Cases, again};
use crate::report::visible;

/// Longest sentence of what a side did.
const MOST_CHARACTERS: usize = 120;

/// Nothing where answers were not compared under load.
pub(super) fn lines(record: &RunRecord, lines: &mut Vec<String>) {
    let Some(parity) = record.load.as_ref().and_then(|load| load.parity.as_ref()) else { return };
    lines.push(String::new());
    lines.push(format!("under load  {}", visible(&parity.in_words())));
    lines.extend(parity.caveat().map(|caveat| format!("  {}", visible(&caveat))));
    let is_open = |found: &&Difference| found.class != Class::Volatile && !found.is_accepted();
    let shown: Vec<&Difference> = parity.differences.iter().filter(is_open).collect();
    lines.extend(shown.iter().take(MOST_DIFFERENCES).map(|difference| difference_line(difference)));
    lines.extend(parity.broken().take(MOST_DIFFERENCES).map(invariant_line));
    let more = (shown.len() + parity.broken().count()).saturating_sub(2 * MOST_DIFFERENCES);
    if more > 0 {
        lines.push(format!("  … and {more} more, see the report"));
    }
    let broken = parity.broken().find_map(|invariant| parity.reproduction.cases.get(invariant.case?));
    let cases = Cases::of_load(record, parity);
    let differs = shown.iter().find_map(|difference| cases.of(difference));
    if let Some(case) = differs.or(broken) {
        lines.push("again    the requests of the first time and what would accept it are in the report".to_owned());
        lines.push(format!("  {}", again(record, case)));
    }
}

fn invariant_line(broken: &Invariant) -> String {
    let words = |words: &Option<String>| {
        let words = words.as_deref().unwrap_or_default();
        let first = words.split("; ").next().unwrap_or_default();
        visible(&first.chars().take(MOST_CHARACTERS).collect::<String>())
    };
    format!(
        "  broken {} / {}: {} ({} times)\n      baseline  {}\n      candidate {}",
        shorten(&broken.flow),
        shorten(&broken.step),
        visible(&broken.rule),
        broken.broken,
        words(&broken.baseline),
        words(&broken.candidate),
    )
}
