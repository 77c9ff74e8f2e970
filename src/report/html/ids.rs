//! Ids that the sides generated: how many are known, and where different ones stood that are one.

use maud::{Markup, html};

use crate::record::Parity;
use crate::report::text::counted;
use crate::units::format_count;

pub(super) fn all(parity: &Parity) -> Markup {
    let ids = parity.ids;
    html! {
        @if ids.pairs > 0 {
            h3 { "Ids that the sides generated" }
            p {
                (counted(ids.pairs, "id")) " of one side " @if ids.pairs == 1 { "is" } @else { "are" } " known on the other, "
                (format_count(ids.unequal)) " of them a different one there. Different ids that are one stood at "
                (counted(ids.places, "place")) ", which is volatile. Ids that would be two: "
                strong.bad[ids.conflicts > 0] { (format_count(ids.conflicts)) }
                @if ids.conflicts > 0 { ", which is breaking" } "."
            }
        }
    }
}
