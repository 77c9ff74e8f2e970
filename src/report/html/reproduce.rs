//! Below each difference: the two answers, the requests that lead to them, and what would accept it.

use maud::{Markup, html};

use super::{code, prose, sent};
use crate::record::RunRecord;
use crate::record::parity::{AcceptanceUse, Difference, Remedy};
use crate::record::reproduce::FailingCase;
use crate::report::reproduce::{Cases, again, script, start, target};
use crate::report::text::{counted, visible, visible_lines};
use crate::role::Role;

/// What makes a shell ready, once for all differences.
pub(super) fn preparation(cases: Cases<'_>) -> Markup {
    html! {
        @if !cases.cases.is_empty() {
            details.again {
                summary { "To ask both sides again by hand" }
                p { "Below each difference is what leads to it, for a shell with " code { "curl" } " and " code { "jq" } ". It needs:" }
                pre { code { (visible_lines(&cases.setup())) } }
                @if let Some(start) = cases.reproduction.and_then(start) {
                    p { "The sides of this run are gone. Such sides come up again, on databases of their own, with" }
                    pre { code { (visible_lines(&start)) } }
                }
            }
            @if cases.left_out > 0 {
                p.nothing { (counted(cases.left_out, "more failing case")) " were left out to keep the record small." }
            }
        }
    }
}

/// Everything that is known about one difference.
pub(super) fn details(cases: Cases<'_>, difference: &Difference) -> Option<Markup> {
    let what = if difference.place.starts_with("table ") { "The two sides" } else { "The two answers" };
    let found = (cases.of(difference), difference.remedy.as_ref());
    (found != (None, None)).then(|| seen_again(cases, what, found))
}

/// Everything that is known about a case, and what would accept it.
pub(super) fn seen_again(
    cases: Cases<'_>,
    what: &str,
    (case, remedy): (Option<&FailingCase>, Option<&Remedy>),
) -> Markup {
    html! {
        details.case {
            summary { (what) ", how to see them again, and what would accept this" }
            @if let Some(case) = case { (answers(case)) (requests(cases.record, case)) }
            @if let Some(remedy) = remedy {
                p { "What would accept it, in " (prose(target(remedy.target))) ":" }
                pre { code { (visible_lines(&remedy.yaml)) } }
            }
        }
    }
}

fn answers(case: &FailingCase) -> Markup {
    html! {
        @if case.diff.is_empty() {
            p.nothing { "There is nothing to lay side by side." }
        } @else {
            p { span.baseline { "− baseline" } " " span.candidate { "+ candidate" } }
            pre.diff {
                @for line in case.diff.lines() { (diff_line(line)) }
            }
            @if case.diff_left_out > 0 { p.nothing { (counted(case.diff_left_out, "more line")) " were left out." } }
        }
    }
}

fn diff_line(line: &str) -> Markup {
    let class = match line.as_bytes().first() {
        Some(b'-') => "baseline",
        Some(b'+') => "candidate",
        Some(b'@') => "hunk",
        _ => "same",
    };
    html! { span.(class) { (visible(line)) "\n" } }
}

fn requests(record: &RunRecord, case: &FailingCase) -> Markup {
    html! {
        p { "Once more, by cutover: " (code(&again(record, case))) }
        @for role in Role::BOTH {
            p { "By hand, on the " span.(role.name()) { (role.name()) } ":" }
            pre { code { (visible_lines(&script(case, role))) } }
        }
    }
}

/// Differences that somebody has accepted.
pub(super) fn accepted(acceptances: &[AcceptanceUse]) -> Markup {
    html! {
        @if !acceptances.is_empty() {
            h3 { "Accepted " small { "known differences that do not fail the run" } }
            div.wide { table {
                thead { tr { th { "Difference" } th { "Why" } th { "Until" } th { "Ticket" } th.number { "Found" } th { "Entry" } } }
                tbody {
                    @for entry in acceptances {
                        tr {
                            td { (sent(&entry.entry)) }
                            td { (prose(&entry.acceptance.reason)) }
                            td {
                                (entry.acceptance.until.as_deref().map_or("for good".to_owned(), visible))
                                @if entry.acceptance.expired { " " span.bad { "expired" } }
                            }
                            td { @if let Some(ticket) = &entry.acceptance.ticket { (sent(ticket)) } }
                            td.number {
                                (crate::units::format_count(entry.matched))
                                @if entry.matched == 0 && entry.asked { " " small { "stale" } }
                                @if !entry.asked { " " small { "not asked" } }
                            }
                            td { (code(&entry.place)) }
                        }
                    }
                }
            } }
        }
    }
}
