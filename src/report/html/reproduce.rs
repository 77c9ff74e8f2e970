//! Below each difference: the two answers, the requests that lead to them, and what would accept it.

use maud::{Markup, html};

use super::{code, prose, sent};
use crate::record::RunRecord;
use crate::record::parity::{Difference, Parity};
use crate::record::reproduce::FailingCase;
use crate::report::reproduce::{again, case, script, setup, start, target};
use crate::report::text::{counted, visible, visible_lines};
use crate::role::Role;

/// What makes a shell ready, once for all differences.
pub(super) fn preparation(parity: &Parity) -> Markup {
    let reproduction = &parity.reproduction;
    html! {
        @if !reproduction.cases.is_empty() {
            details.again {
                summary { "To ask both sides again by hand" }
                p { "Below each difference are the requests that lead to it, for a shell with " code { "curl" } " and " code { "jq" } ". They need:" }
                pre { code { (visible_lines(&setup(reproduction))) } }
                @if let Some(start) = start(reproduction) {
                    p { "The sides of this run are gone. Such sides come up again, on databases of their own, with" }
                    pre { code { (visible_lines(&start)) } }
                }
            }
            @if reproduction.left_out > 0 {
                p.nothing { "Requests and answers of " (counted(reproduction.left_out, "more failing case")) " were left out to keep the record small." }
            }
        }
    }
}

/// Everything that is known about one difference.
pub(super) fn details(record: &RunRecord, parity: &Parity, difference: &Difference) -> Option<Markup> {
    let case = case(parity, difference);
    if case.is_none() && difference.remedy.is_none() {
        return None;
    }
    Some(html! {
        details.case {
            summary { "The two answers, how to see them again, and what would accept this" }
            @if let Some(case) = case { (answers(case)) (requests(record, case)) }
            @if let Some(remedy) = &difference.remedy {
                p { "What would accept it, in " (prose(target(remedy.target))) ":" }
                pre { code { (visible_lines(&remedy.yaml)) } }
            }
        }
    })
}

fn answers(case: &FailingCase) -> Markup {
    html! {
        @if case.diff.is_empty() {
            p.nothing { "There are no two answers to lay side by side." }
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
        p { "Once more, by cutover: " (code(&again(record, &case.flow, &case.step))) }
        @for role in Role::BOTH {
            p { "By hand, on the " span.(role.name()) { (role.name()) } ":" }
            pre { code { (visible_lines(&script(case, role))) } }
        }
    }
}

/// Differences that somebody has accepted.
pub(super) fn accepted(parity: &Parity) -> Markup {
    let found: Vec<&Difference> = parity.differences.iter().filter(|difference| difference.is_accepted()).collect();
    html! {
        @if !parity.acceptances.is_empty() || !found.is_empty() {
            h3 { "Accepted " small { "known differences that do not fail the run" } }
            div.wide { table {
                thead { tr { th { "Difference" } th { "Why" } th { "Until" } th { "Ticket" } th.number { "Found" } th { "Entry" } } }
                tbody {
                    @for entry in &parity.acceptances {
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
