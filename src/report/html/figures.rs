//! Both sides' figures beside each other and beside the targets.

use maud::{Markup, html};

use super::verdict::rules;
use super::{absent, none, sent};
use crate::record::load::{Load, SideLoad};
use crate::record::{GateResult, RunRecord, Verdict};
use crate::report::figures::{Cell, Figure, figures, loaded, other_targets};
use crate::report::text::{counted, quantity, reached, symbol, visible};
use crate::role::Role;
use crate::units::{format_count, three_digits};

pub(super) fn table(record: &RunRecord) -> Markup {
    html! {
        @match &record.load {
            None => (absent("Load", record)),
            Some(load) => {
                (basis(load))
                (compared(&figures(record), &loaded(load)))
                (errors(load))
            }
        }
        (others(record))
    }
}

/// What the figures rest on.
fn basis(load: &Load) -> Markup {
    let side = |role: Role| load.sides.get(role).as_ref().map(|side| (role, side));
    html! {
        p {
            "Measured under load, settle time left out: "
            @for (index, (role, side)) in Role::BOTH.into_iter().filter_map(side).enumerate() {
                @if index > 0 { "; " }
                strong.(role.name()) { (role.name()) } " " (counted(side.requests, "request")) " in " (three_digits(side.measured_s)) " s"
            }
            ". "
            @match loaded(load)[..] {
                [_, _] => "Ratio is candidate ÷ baseline; the arrow is its direction, not a judgement.",
                [only] => { "No " (only.other().name()) " was loaded, so nothing is compared." },
                _ => "No side was loaded.",
            }
        }
    }
}

fn compared(figures: &[Figure], sides: &[Role]) -> Markup {
    let both = sides.len() == 2;
    html! {
        div.wide { table.figures.both[both] {
            thead { tr {
                th { "Metric" }
                @for role in sides { th.number.(role.name()) { (role.name()) } }
                th { "Target" }
                @if both { th.number { "Ratio" } }
            } }
            tbody {
                @for figure in figures {
                    tr {
                        th scope="row" { (figure.name) }
                        @for role in sides { td.number { (value(figure.sides.get(*role))) } }
                        td { (targets(&figure.targets)) }
                        @if both { td.number { (figure.ratio) } }
                    }
                }
            }
        } }
    }
}

fn value(cell: &Cell) -> Markup {
    html! { @if cell.missing.is_some() { (none(cell.missing)) } @else { (cell.text) } }
}

fn targets(targets: &[&GateResult]) -> Markup {
    html! {
        @if targets.is_empty() { (none(None)) }
        @for target in targets {
            div.target title=(visible(&target.reason)) {
                (aim(&target.expr)) " " span.status.(target.status.name()) { (symbol_and_word(target.status)) }
            }
        }
    }
}

/// The part of a target from its comparison on: the row says what is compared.
fn aim(expr: &str) -> Markup {
    let at = expr.find(['<', '>', '=']).unwrap_or(0);
    html! { code { bdi { (visible(&expr[at..])) } } }
}

fn symbol_and_word(verdict: Verdict) -> String {
    format!("{} {}", symbol(verdict), reached(verdict))
}

fn others(record: &RunRecord) -> Markup {
    let others: Vec<GateResult> = other_targets(record).into_iter().cloned().collect();
    html! {
        @if !others.is_empty() {
            h3 { "Other targets" }
            (rules(&others, symbol_and_word))
        }
    }
}

fn errors(load: &Load) -> Markup {
    let sides: Vec<(Role, &SideLoad)> =
        load.sides.iter().filter_map(|(role, side)| side.as_ref().map(|side| (role, side))).collect();
    html! {
        @for (role, side) in sides {
            p.errors {
                strong.(role.name()) { (role.name()) } " errors: "
                @if side.errors_by_kind.is_empty() { "none" }
                @for (index, (kind, count)) in side.errors_by_kind.iter().enumerate() {
                    @if index > 0 { ", " }
                    (sent(kind)) " " (format_count(*count))
                }
                " of " (counted(side.requests, "request")) " (" (quantity(side.error_rate, "share")) ")"
                @if side.reconnects > 0 { "; " (counted(side.reconnects, "reconnect")) ", not counted as errors" }
                "."
            }
        }
    }
}
