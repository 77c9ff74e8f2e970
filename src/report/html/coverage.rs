//! What was compared of what the contract promises: each operation with its statuses and parameters.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::{absent, code, none, nothing, prose, sent};
use crate::record::RunRecord;
use crate::record::coverage::{Coverage, OperationCoverage, Promise};
use crate::report::text::counted;
use crate::units::format_count;

/// Rows of each table and list that are shown; `run.json` has all.
const MOST_ROWS: usize = 300;

pub(super) fn all(record: &RunRecord) -> Markup {
    let Some(parity) = &record.parity else { return absent("The replay", record) };
    let Some(coverage) = &parity.coverage else {
        return nothing(
            "The plan names no contract, so nothing says what there was to compare. `contract: /openapi.json` would.",
        );
    };
    html! {
        p { "Contract: " (code(&coverage.document)) @if !coverage.title.is_empty() { ", " (sent(&coverage.title)) } "." }
        @if let Some(problem) = &coverage.problem {
            p.bad { (prose(problem)) }
        } @else {
            p { strong { (coverage.in_words()) } ". A promise is an operation with a documented status, or with a parameter." }
            (table(coverage))
            (exceptions(coverage))
            (undocumented(coverage))
            (strangers(coverage))
            (warnings(coverage))
        }
    }
}

fn table(coverage: &Coverage) -> Markup {
    html! {
        div.wide { table.coverage {
            thead { tr { th { "Operation" } th.number { "Compared" } th { "Statuses" } th { "Parameters" } } }
            tbody {
                @for operation in coverage.operations.iter().take(MOST_ROWS) {
                    tr {
                        td { (code(&operation.operation)) }
                        td.number.bad[operation.compared == 0] { (format_count(operation.compared)) }
                        td { (promises(&operation.statuses)) }
                        td { (promises(&operation.parameters)) }
                    }
                }
            }
        } }
        (more(coverage.operations.len()))
    }
}

/// Each with a sign that is not told by its colour alone.
fn promises(promises: &[Promise]) -> Markup {
    html! {
        @if promises.is_empty() { (none(None)) }
        @for promise in promises {
            @if promise.compared > 0 {
                span.promise { "✓ " (sent(&promise.name)) }
            } @else if promise.excepted.is_some() {
                span.promise.none { "– " (sent(&promise.name)) }
            } @else {
                span.promise.bad { "✗ " (sent(&promise.name)) }
            }
            " "
        }
    }
}

fn exceptions(coverage: &Coverage) -> Markup {
    let reasons: BTreeSet<(&str, &str)> = coverage
        .excepted()
        .filter_map(|(_, promise)| Some((promise.name.as_str(), promise.excepted.as_deref()?)))
        .collect();
    html! {
        @if !reasons.is_empty() {
            p { "– Excepted by the plan: "
                @for (index, (name, reason)) in reasons.iter().take(MOST_ROWS).enumerate() {
                    @if index > 0 { "; " }
                    (code(name)) " because " (prose(reason))
                }
                "."
            }
        }
    }
}

fn undocumented(coverage: &Coverage) -> Markup {
    let found: Vec<_> = coverage.operations.iter().flat_map(rows).collect();
    html! {
        @if !found.is_empty() {
            h3 { "Answers that the contract does not document" }
            div.wide { table {
                thead { tr { th { "Operation" } th.number { "Status" } th.number { "Baseline" } th.number { "Candidate" } th { "First at" } } }
                tbody { @for row in found.iter().take(MOST_ROWS) { (row) } }
            } }
            (more(found.len()))
        }
    }
}

fn rows(operation: &OperationCoverage) -> impl Iterator<Item = Markup> {
    operation.undocumented.iter().map(|it| {
        html! { tr {
            td { (code(&operation.operation)) }
            td.number { (it.status) }
            td.number { (counted(it.answered.baseline, "time")) }
            td.number { (counted(it.answered.candidate, "time")) }
            td { (sent(&it.flow)) br; small { (sent(&it.step)) } }
        } }
    })
}

fn strangers(coverage: &Coverage) -> Markup {
    html! {
        @if !coverage.strangers.is_empty() {
            h3 { "Steps whose request the contract does not know" }
            ul { @for it in coverage.strangers.iter().take(MOST_ROWS) { li { (sent(&it.flow)) " / " (sent(&it.step)) } } }
            (more(coverage.strangers.len()))
        }
    }
}

fn warnings(coverage: &Coverage) -> Markup {
    html! {
        @if !coverage.warnings.is_empty() {
            h3 { "What could not be read of the contract" }
            ul { @for warning in coverage.warnings.iter().take(MOST_ROWS) { li { (prose(warning)) } } }
            (more(coverage.warnings.len()))
        }
    }
}

fn more(count: usize) -> Markup {
    html! {
        @if count > MOST_ROWS { p.nothing { (format_count((count - MOST_ROWS) as u64)) " more are in run.json." } }
    }
}
