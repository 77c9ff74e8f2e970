//! Generated requests: what was asked, what was answered, and the shortest sequences that are answered differently.

use maud::{Markup, html};

use super::{code, none, nothing, sent};
use crate::record::RunRecord;
use crate::record::explore::{Exploration, ExploreFinding, ExploredCall};
use crate::report::text::{counted, visible_lines};
use crate::units::format_count;

pub(super) fn all(record: &RunRecord) -> Option<Markup> {
    let exploration = record.explore.as_ref()?;
    Some(html! {
        p {
            "Requests made from the OpenAPI document, valid and invalid, went to both sides: "
            (counted(exploration.requests, "request")) " to each in " (counted(exploration.sequences, "sequence")) ", and "
            (format_count(exploration.extra_requests)) " more to make findings as short as possible. "
            code { "--explore " (exploration.wanted) " --seed " (exploration.seed) } " sends the same again."
        }
        @if exploration.unanswered > 0 {
            p { (counted(exploration.unanswered, "request")) " had no answer from either side." }
        }
        @if exploration.findings.is_empty() { (nothing("Nothing was answered differently.")) }
        @if !exploration.secrets.is_empty() {
            p { "The lines for a shell need: "
                @for (at, secret) in exploration.secrets.iter().enumerate() {
                    @if at > 0 { ", " }
                    code { "$" (secret.name) } " (" (sent(&secret.about)) ")"
                }
                "."
            }
        }
        @for finding in &exploration.findings { (one(finding)) }
        (operations(exploration))
        (unsteady(exploration))
    })
}

fn one(finding: &ExploreFinding) -> Markup {
    html! {
        details open[finding.differences.iter().any(|difference| difference.class.name() == "breaking")] {
            summary { (code(&finding.operation)) " " small { (finding.origin.in_words()) } }
            ol.requests { @for call in &finding.calls { li { (request(call)) } } }
            details {
                summary { "As lines for a shell, with a side's address in " code { "SIDE" } }
                pre { code { (visible_lines(&finding.requests.join("\n"))) } }
            }
            div.wide { table.differences {
                thead { tr { th { "Class" } th { "Where" } th.baseline { "Baseline" } th.candidate { "Candidate" } } }
                tbody { @for difference in &finding.differences {
                    tr {
                        td { span.class.(difference.class.name()) { (difference.class.name()) } }
                        td { (code(&difference.place)) }
                        td.value { (value(difference.baseline.as_deref())) }
                        td.value { (value(difference.candidate.as_deref())) }
                    }
                } }
            } }
        }
    }
}

fn request(call: &ExploredCall) -> Markup {
    let status = |status: Option<u16>| status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    html! {
        (code(&call.in_words()))
        @if call.target.baseline != call.target.candidate { " " small { "on the candidate " (code(&call.target.candidate)) } }
        " → " (status(call.status.baseline))
        @if call.status.baseline != call.status.candidate { " / " (status(call.status.candidate)) }
        @match call.caller.as_str() {
            "nobody" => { " " small { "without a token" } }
            "forged" => { " " small { "with a token that is none" } }
            _ => {}
        }
    }
}

fn value(value: Option<&str>) -> Markup {
    value.map_or_else(|| none(Some("absent")), code)
}

fn operations(exploration: &Exploration) -> Markup {
    html! {
        details {
            summary { "What each operation was asked and how the baseline answered" }
            div.wide { table {
                thead { tr { th { "Operation" } th.number { "Requests" } th { "Statuses" } } }
                tbody { @for operation in &exploration.operations {
                    tr {
                        td { (code(&operation.operation)) }
                        td.number { (format_count(operation.requests)) }
                        td {
                            @for (at, (status, count)) in operation.statuses.iter().enumerate() {
                                @if at > 0 { ", " }
                                (status) " " small { "(" (format_count(*count)) "×)" }
                            }
                            @if operation.statuses.is_empty() { (none(None)) }
                        }
                    }
                } }
            } }
        }
    }
}

fn unsteady(exploration: &Exploration) -> Markup {
    html! {
        @if !exploration.unsteady.is_empty() {
            p { "Two answers of the baseline itself differ here, so a difference between the sides says nothing: "
                @for (at, place) in exploration.unsteady.iter().enumerate() { @if at > 0 { ", " } (sent(place)) }
                "."
            }
        }
    }
}
