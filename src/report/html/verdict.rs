//! The verdict, the gates behind it and what a reader must know about the figures.

use maud::{Markup, html};

use super::{code, forest, none, nothing, prose, sent};
use crate::record::{Ending, GateResult, RunRecord, Severity, Verdict};
use crate::report::View;
use crate::report::figures::{Figure, figures};
use crate::report::reproduce::command;
use crate::report::text::{heading_symbol, quantity, run_seconds, symbol, visible_lines};
use crate::role::Role;
use crate::units::{format_count, three_digits};

pub(super) fn banner(record: &RunRecord) -> Markup {
    let run = &record.run;
    html! {
        header.banner.(record.word()) {
            p.brand { "cutover · " (sent(&run.plan)) }
            h1 { span.symbol aria-hidden="true" { (heading_symbol(record)) } " " (record.word()) }
            p.meaning { (meaning(record)) }
            p.reason { (prose(&record.reason)) }
            (ending(&record.ending))
            (glance(record))
            dl.about {
                @for role in Role::BOTH {
                    div { dt { (role.name()) } dd { @if let Some(side) = run.sides.get(role) { (sent(side)) @if let Some(spoken) = run.protocols.get(role) { ", " (sent(spoken)) } } @else { (none(Some("no such side"))) } } }
                }
                div { dt { "database" } dd { @if run.database.is_empty() { (none(None)) } @else { (sent(&run.database)) } } }
                div { dt { "when" } dd { (sent(&run.started_at)) (length(record)) } }
                div { dt { "seed" } dd { code { (run.seed) } } }
                div { dt { "command" } dd { code { bdi { (command(record)) } } } }
            }
        }
    }
}

fn meaning(record: &RunRecord) -> &'static str {
    match record.verdict {
        _ if record.has_figures_only() && record.search.is_some() => "What each side bears; a search has no verdict.",
        _ if record.has_figures_only() => "Figures, and nothing to hold them against.",
        Verdict::Pass if record.gates.is_empty() => "No gate was asked for, and nothing failed.",
        Verdict::Pass => "Go: every gate is met.",
        Verdict::Fail => "Roll back: a gate or the contract failed.",
        Verdict::Inconclusive => "Not known yet: the evidence does not decide.",
        Verdict::Invalid => "Not known: the evidence cannot be believed, or there is none.",
    }
}

/// The figures that most readers look for first.
fn glance(record: &RunRecord) -> Markup {
    const FIRST: [&str; 4] = ["response time P95", "throughput", "error rate", "connections used, mean"];
    let figures = figures(record)
        .into_iter()
        .filter(|figure| FIRST.contains(&figure.name) && figure.is_known())
        .collect::<Vec<_>>();
    html! {
        @if !figures.is_empty() || record.parity.is_some() {
            ul.glance {
                @for figure in &figures {
                    li { span { (figure.name) } strong { (from_to(figure)) } }
                }
                @if let Some(parity) = &record.parity {
                    li { span { "breaking differences" } strong.bad[parity.breaking > 0] { (format_count(parity.breaking)) } }
                }
            }
        }
    }
}

fn from_to(figure: &Figure) -> Markup {
    let [old, new] = [&figure.sides.baseline, &figure.sides.candidate];
    html! {
        @if old.missing.is_none() { b.baseline { (old.text) } " → " }
        b.candidate { (new.text) }
    }
}

fn length(record: &RunRecord) -> Markup {
    html! { @if let Some(seconds) = run_seconds(record) { ", " (three_digits(seconds)) " s" } }
}

fn ending(ending: &Ending) -> Markup {
    match ending {
        Ending::Complete => html! {},
        Ending::Running => html! { p.ending { "This was written while the run was still under way." } },
        Ending::Interrupted => {
            html! { p.ending { "The run was interrupted; what was measured until then is shown." } }
        }
        Ending::Failed(message) => html! {
            p.ending { "The run ended early:" }
            pre { bdi { (visible_lines(message)) } }
        },
    }
}

pub(super) fn gates(record: &RunRecord) -> Markup {
    if record.gates.is_empty() {
        return nothing("No gates were judged.");
    }
    rules(&record.gates, symbol_and_word)
}

fn symbol_and_word(verdict: Verdict) -> String {
    format!("{} {}", symbol(verdict), verdict.name())
}

/// A table of gates or targets.
pub(super) fn rules(rules: &[GateResult], status: fn(Verdict) -> String) -> Markup {
    html! {
        div.wide { table.rules {
            thead { tr {
                th { "Rule" } th { "Status" } th.number { "Observed" } th.number { "Limit" } th { "Estimate, 95 % interval, limit" } th { "Reason" }
            } }
            tbody {
                @for rule in rules {
                    tr {
                        td { (code(&rule.expr)) }
                        td.status { span.status.(rule.status.name()) { (status(rule.status)) } }
                        td.number { (quantity(rule.observed, &rule.unit)) @if rule.samples > 0 { br; small { "of " (format_count(rule.samples)) } } }
                        td.number { (quantity(rule.limit, &rule.unit)) }
                        td { (forest::cell(rule)) }
                        td { (prose(&rule.reason)) }
                    }
                }
            }
        } }
    }
}

pub(super) fn findings(view: &View) -> Markup {
    let (findings, problems) = (&view.record.findings, &view.histograms.problems);
    if findings.is_empty() && problems.is_empty() {
        return nothing("None were noted.");
    }
    html! {
        ul.findings {
            @for finding in findings {
                li.(severity(finding.severity)) {
                    strong { (severity(finding.severity)) } " " (code(&finding.code)) " " (prose(&finding.message))
                }
            }
            @for problem in problems {
                li.warning { strong { "warning" } " " (code("histogram")) " could not be decoded: " (prose(problem)) }
            }
        }
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Invalid => "invalid",
    }
}
