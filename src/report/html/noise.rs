//! Places that differ between two runs of the baseline: how often, and what of them is still compared.

use maud::{Markup, html};

use super::{code, nothing, prose, sent};
use crate::record::Parity;
use crate::report::text::counted;
use crate::units::format_count;

/// Rows that are shown; `run.json` has all.
const MOST_ROWS: usize = 100;

pub(super) fn all(parity: &Parity) -> Markup {
    let noise = &parity.noise;
    html! {
        h3 { "Noise" }
        @if noise.runs == 0 {
            (nothing("The baseline was not run against itself, so what differs between two of its own answers is not known."))
        } @else {
            p {
                "The baseline was run " (counted(noise.runs, "time")) " more on its own, "
                @if noise.is_fresh { "from a fresh copy of the same data. " } @else { "on the data that it had: ids and totals may differ for that. " }
                "What differed there is compared by format and order in time only. It excused "
                (counted(noise.allowed, "difference")) " between the sides, and "
                strong.bad[noise.broken > 0] { (format_count(noise.broken)) } " at such places it did not excuse."
            }
            @if !noise.places.is_empty() { (table(parity)) }
        }
    }
}

fn table(parity: &Parity) -> Markup {
    let places = &parity.noise.places;
    html! {
        div.wide { table {
            thead { tr {
                th { "Flow / step" } th { "Where" } th { "Still compared" } th.number { "Differed" } th.number { "Excused" }
                th.number { "Not excused" }
            } }
            tbody {
                @for place in places.iter().take(MOST_ROWS) {
                    tr {
                        td { (sent(&place.flow)) br; small { (sent(&place.step)) } }
                        td { (code(&place.place)) }
                        td { (prose(&place.compared)) @for relation in &place.relations { br; (code(relation)) } }
                        td.number { (format_count(place.seen)) }
                        td.number { (format_count(place.allowed)) }
                        td.number { (format_count(place.broken)) }
                    }
                }
            }
        } }
        @if places.len() > MOST_ROWS {
            p.nothing { (format_count((places.len() - MOST_ROWS) as u64)) " more are in run.json." }
        }
    }
}
