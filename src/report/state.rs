//! What comparing the databases came to, in one sentence for every format.

use std::fmt::Write as _;

use super::text::counted;
use crate::record::State;
use crate::units::format_count;

/// `6 tables, 5 012 rows equal after 9 flows and the load`; what differs, and why something was not compared.
pub fn state_in_words(state: &State) -> String {
    if let Some(why) = &state.skipped {
        return format!("not compared: {why}");
    }
    let mut words = format!("{}, {}", counted(state.tables, "table"), counted(state.rows, "row"));
    let differs = state.breaking + state.representation;
    if differs == 0 {
        words.push_str(" equal");
    } else {
        let _ = write!(
            words,
            " compared: {} breaking, {} representation",
            format_count(state.breaking),
            format_count(state.representation)
        );
    }
    if state.accepted > 0 {
        let _ = write!(words, ", {} accepted", format_count(state.accepted));
    }
    words.push_str(&after(state));
    if state.volatile > 0 {
        let count = format_count(state.volatile);
        let _ = write!(words, ", but for {count} that rules allow or arrivals that failed explain");
    }
    if let Some(why) = &state.failure {
        let _ = write!(words, "; not compared everywhere: {why}");
    }
    words
}

fn after(state: &State) -> String {
    let flows = state.looks.iter().filter(|look| look.phase == "parity" && look.after != "login").count() as u64;
    let load = state.looks.iter().any(|look| look.after == "load");
    match (flows, load) {
        (0, false) => String::new(),
        (0, true) => " after the load".to_owned(),
        (flows, false) => format!(" after {}", counted(flows, "flow")),
        (flows, true) => format!(" after {} and the load", counted(flows, "flow")),
    }
}
