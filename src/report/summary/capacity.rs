//! How much each side can bear.

use std::fmt::Write as _;

use super::{code, prose, table};
use crate::record::RunRecord;
use crate::report::capacity::{HEAD, rows, sentences};

pub(super) fn section(record: &RunRecord) -> String {
    let Some(search) = &record.search else { return String::new() };
    let gates: Vec<String> = search.gates.iter().map(|gate| code(gate)).collect();
    let mut out = format!("### Capacity\n\nHighest rate that meets {}.\n", gates.join(", "));
    for (role, side) in search.sides.iter() {
        let Some(side) = side else { continue };
        let _ = writeln!(out, "\n**The {role} {}.**\n", prose(&side.in_words()));
        out += &table(HEAD, [0, 2, 3, 4, 5, 6, 7, 8], rows(side).into_iter().map(|row| row.map(|cell| prose(&cell))));
        for sentence in sentences(side) {
            let _ = writeln!(out, "\n{}", prose(&sentence));
        }
    }
    out
}
