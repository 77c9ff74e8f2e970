//! Each step of the flows under load, both sides.

use maud::{Markup, html};

use super::{absent, none, nothing, sent};
use crate::record::RunRecord;
use crate::record::load::{Quantiles, StepLoad};
use crate::report::figures::{StepRow, loaded, steps};
use crate::report::text::{micros, ratio};
use crate::role::Role;
use crate::units::format_count;

type Read = fn(Quantiles) -> u64;
const QUANTILES: [(&str, Read); 3] = [("P50", |q| q.p50), ("P95", |q| q.p95), ("P99", |q| q.p99)];
const P95: Read = |quantiles| quantiles.p95;

pub(super) fn table(record: &RunRecord) -> Markup {
    let Some(load) = &record.load else { return absent("Load", record) };
    let rows = steps(load);
    let sides = loaded(load);
    if rows.is_empty() {
        return nothing("No step was measured.");
    }
    html! {
        p { "Response times of each step over the measured part of all blocks." }
        div.wide { table.steps {
            thead { tr {
                th { "Step" } th { "Side" } th.number { "Requests" } th.number { "Errors" } th { "Answers by status" }
                @for (name, _) in QUANTILES { th.number { (name) } }
                th.number { "P95 ratio" }
            } }
            @for row in &rows { (step(row, &sides)) }
        } }
    }
}

fn step(row: &StepRow, sides: &[Role]) -> Markup {
    let p95 = |role| row.time(role, P95).map(|micros| micros as f64);
    html! {
        tbody {
            @for (index, role) in sides.iter().enumerate() {
                tr.first[index == 0].last[index + 1 == sides.len()] {
                    @if index == 0 {
                        th scope="rowgroup" rowspan=(sides.len()) { (sent(row.flow)) br; small { (sent(row.step)) } }
                    }
                    (cells(row, *role))
                    @if index == 0 {
                        td.number rowspan=(sides.len()) { (ratio(p95(Role::Baseline), p95(Role::Candidate))) }
                    }
                }
            }
        }
    }
}

fn cells(row: &StepRow, role: Role) -> Markup {
    html! {
        td.side.(role.name()) { (role.name()) }
        @match row.sides.get(role) {
            None => { td colspan="6" { (none(Some("not loaded"))) } },
            Some(step) => {
                td.number { (format_count(step.requests)) }
                td.number.bad[step.errors > 0] { (format_count(step.errors)) }
                td { (statuses(step)) }
                @for (_, read) in QUANTILES { td.number { (micros(row.time(role, read))) } }
            },
        }
    }
}

fn statuses(step: &StepLoad) -> Markup {
    html! {
        @if step.statuses.is_empty() { (none(None)) }
        @for (index, (status, count)) in step.statuses.iter().enumerate() {
            @if index > 0 { ", " }
            span.pair { (status) small { " × " (format_count(*count)) } }
        }
    }
}
