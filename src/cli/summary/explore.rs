//! What generated requests found, each finding with the requests that show it.

use super::{colour, shorten};
use crate::record::explore::{Exploration, ExploreFinding};
use crate::units::format_count;

/// Most findings that are shown; the report has them all.
const MOST_FINDINGS: usize = 5;
/// Most differing places that are shown of one.
const MOST_PLACES: usize = 3;

pub(super) fn explore(exploration: &Exploration, lines: &mut Vec<String>) {
    let findings = match exploration.findings.len() {
        0 => "nothing differs".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    lines.push(format!(
        "explore  {} generated requests in {} sequences to {} operations, seed {}: {findings}",
        format_count(exploration.requests),
        format_count(exploration.sequences),
        exploration.operations.len(),
        exploration.seed,
    ));
    for finding in exploration.findings.iter().take(MOST_FINDINGS) {
        lines.extend(one(finding));
    }
    if exploration.findings.len() > MOST_FINDINGS {
        lines.push(format!("  … and {} more, see the report", exploration.findings.len() - MOST_FINDINGS));
    }
}

fn one(finding: &ExploreFinding) -> Vec<String> {
    let mut lines = vec![format!("  {}, {}", shorten(&finding.operation), finding.origin.in_words())];
    lines.extend(finding.calls.iter().map(|call| format!("      {}", shorten(&call.in_words()))));
    lines.extend(finding.differences.iter().take(MOST_PLACES).map(|difference| {
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), shorten);
        let (class, place) = (colour(difference.class), shorten(&difference.place));
        format!("    {class} at {place}: {} → {}", value(&difference.baseline), value(&difference.candidate))
    }));
    if finding.differences.len() > MOST_PLACES {
        lines.push(format!("    … and {} more places", finding.differences.len() - MOST_PLACES));
    }
    lines
}
