//! What the two databases held after each flow, after each fault and after the load.

use maud::{Markup, html};

use super::{code, nothing, parity, prose, reproduce, sent};
use crate::record::state::Look;
use crate::record::{Class, RunRecord, State};
use crate::report::reproduce::Cases;
use crate::report::state::state_in_words;
use crate::units::format_count;

const CLASSES: [(Class, &str); 3] = [
    (Class::Breaking, "a row is lost, or says something else; or the schema takes other rows"),
    (Class::Representation, "the same, written otherwise; or parts of the schema that no answer depends on"),
    (Class::Volatile, "a rule allows it, the databases made it up, or the order of the load explains it"),
];

pub(super) fn all(record: &RunRecord, state: &State) -> Markup {
    let cases = Cases::of_state(record, state);
    html! {
        p { (prose(&state_in_words(state))) "." }
        @if state.skipped.is_none() {
            p {
                "Compared in all: " (format_count(state.compared)) " pairs of rows, by checksum or one by one; of these "
                (format_count(state.compared_by_row)) " one by one, because checksums differed. Each difference is told once, "
                "after the flow after which it was first seen."
            }
            @if state.differences.is_empty() && state.failure.is_none() { (nothing("No differences.")) }
            (reproduce::preparation(cases))
            @for (class, meaning) in CLASSES { (parity::of_class(Some(cases), &state.differences, class, meaning)) }
            (looks(&state.looks))
            (parity::rules(&state.rules))
            (left_out(state))
        }
    }
}

fn looks(looks: &[Look]) -> Markup {
    html! {
        @if !looks.is_empty() {
            h3 { "When they were compared" }
            div.wide { table {
                thead { tr {
                    th { "Phase" } th { "After" } th.number { "Tables" } th.number { "Rows" } th.number { "Row by row" }
                    th.number { "Breaking, new" } th.number { "Requests not alike" }
                } }
                tbody {
                    @for look in looks {
                        tr {
                            td { (sent(&look.phase)) }
                            td { (sent(&look.after)) }
                            td.number { (format_count(look.tables)) }
                            td.number { (format_count(look.rows)) }
                            td.number { (format_count(look.compared_by_row)) }
                            td.number { (format_count(look.breaking)) }
                            td.number { (format_count(look.explained_by)) }
                        }
                    }
                }
            } }
        }
    }
}

fn left_out(state: &State) -> Markup {
    html! {
        @if !state.left_out.is_empty() {
            p { "Tables whose rows were not compared: "
                @for (index, table) in state.left_out.iter().enumerate() {
                    @if index > 0 { "; " }
                    (code(&table.table)) ", " (prose(&table.reason))
                }
                "."
            }
        }
    }
}
