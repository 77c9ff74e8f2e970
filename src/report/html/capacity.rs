//! How much each side can bear: what was tried, and what it says.

use maud::{Markup, html};

use super::{code, nothing, prose};
use crate::record::RunRecord;
use crate::record::search::SideSearch;
use crate::report::capacity::{Steps, sentences, steps};
use crate::report::text::quantity;

pub(super) fn all(record: &RunRecord) -> Option<Markup> {
    let search = record.search.as_ref()?;
    Some(html! {
        p {
            "The highest rate of flow iterations per second that meets "
            @for (at, gate) in search.gates.iter().enumerate() { @if at > 0 { ", " } (code(gate)) }
            ", on either side. Each step is " (quantity(Some(search.measured_s * 1e6), "us"))
            " of load in the open model without bursts, the sides by turns; the search ends when the lowest rate missed is at most "
            (quantity(Some(search.precision), "share")) " above the highest met."
        }
        @for (role, side) in search.sides.iter() {
            @if let Some(side) = side {
                h3.(role.name()) { (role.name()) }
                p { strong { (prose(&format!("The {role} {}.", side.in_words()))) } }
                @if side.steps.is_empty() { (nothing("No rate was tried.")) } @else {
                    (table(side))
                }
                @for sentence in sentences(side) { p { (prose(&sentence)) } }
            }
        }
    })
}

fn table(side: &SideSearch) -> Markup {
    let Steps { head, rows } = steps(side);
    html! {
        table {
            thead { tr { @for name in head { th { (name) } } } }
            tbody { @for row in rows { tr { @for cell in row { td { (prose(&cell)) } } } } }
        }
    }
}
