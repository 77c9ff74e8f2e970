//! What comparing the databases came to, in one sentence for every format.

use std::fmt::Write as _;

use super::text::counted;
use crate::record::State;
use crate::units::format_count;

/// `6 tables, 5 012 rows equal after 9 flows, 7 faults and the load`; what differs, and why something was not compared.
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
    let count = |phase: &str, not: &str| {
        state.looks.iter().filter(|look| look.phase == phase && look.after != not).count() as u64
    };
    let flows = counted(count("parity", "login"), "flow");
    let faults = counted(count("faults", "before the faults"), "fault");
    let load = (count("load", "before the load") > 0).then(|| "the load".to_owned());
    let parts: Vec<String> = [flows, faults].into_iter().filter(|part| !part.starts_with("0 ")).chain(load).collect();
    match parts.split_last() {
        None => String::new(),
        Some((only, [])) => format!(" after {only}"),
        Some((last, others)) => format!(" after {} and {last}", others.join(", ")),
    }
}
