//! How much each side can bear.

use std::fmt::Write as _;

use super::{code, prose};
use crate::record::RunRecord;
use crate::record::search::SideSearch;
use crate::report::capacity::{OUTCOME, Steps, sentences, steps};

pub(super) fn section(record: &RunRecord) -> String {
    let Some(search) = &record.search else { return String::new() };
    let gates: Vec<String> = search.gates.iter().map(|gate| code(gate)).collect();
    let mut out = format!("### Capacity\n\nHighest rate that meets {}.\n", gates.join(", "));
    for (role, side) in search.sides.iter() {
        let Some(side) = side else { continue };
        let _ = writeln!(out, "\n**The {role} {}.**\n", prose(&side.in_words()));
        out += &table(side);
        for sentence in sentences(side) {
            let _ = writeln!(out, "\n{}", prose(&sentence));
        }
    }
    out
}

fn table(side: &SideSearch) -> String {
    let Steps { head, rows } = steps(side);
    let rule: Vec<&str> = head.iter().map(|name| if *name == OUTCOME { "---" } else { "--:" }).collect();
    let mut out = format!("| {} |\n| {} |\n", head.join(" | "), rule.join(" | "));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| prose(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out
}
