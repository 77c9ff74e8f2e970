//! Where the two sides' answers differ, gravest first, and what rules allowed.

use maud::{Markup, html};

use super::{absent, code, none, nothing, prose, reproduce, sent};
use crate::record::parity::RuleUse;
use crate::record::{Class, Difference, Parity, RunRecord};
use crate::report::reproduce::Cases;
use crate::report::text::counted;
use crate::units::format_count;

/// Rows of one class that are shown; `run.json` has all.
const MOST_ROWS: usize = 200;
const CLASSES: [(Class, &str); 3] = [
    (Class::Breaking, "some conforming client would understand it otherwise, or refuse it"),
    (Class::Representation, "every conforming client understands the same"),
    (
        Class::Volatile,
        "a rule allows it, it differs between two runs of the baseline, or it is an id that is one on both sides",
    ),
];

pub(super) fn all(record: &RunRecord) -> Markup {
    let Some(parity) = &record.parity else { return absent("The replay", record) };
    let cases = Cases::of_parity(record, parity);
    html! {
        (basis(parity))
        @if let Some(only) = &record.run.only { p { "Only " (code(only)) " was asked for; nothing else counts." } }
        @if parity.differences.is_empty() { (nothing("No differences.")) }
        (reproduce::preparation(cases))
        @for (class, meaning) in CLASSES { (of_class(Some(cases), &parity.differences, class, meaning)) }
        (reproduce::accepted(&record.acceptances()))
        (rules(&parity.rules))
        (super::ids::all(parity))
        (super::noise::all(parity))
        (left_out(parity))
    }
}

fn basis(parity: &Parity) -> Markup {
    html! {
        p {
            "The same requests were sent to both sides, one after the other without load: "
            (counted(parity.requests, "request")) " to each, " (counted(parity.compared, "pair")) " of answers compared at "
            (counted(parity.places, "place")) ". Found: "
            strong.bad[parity.breaking > 0] { (format_count(parity.breaking)) " breaking" } ", "
            (format_count(parity.representation)) " of representation, " (format_count(parity.volatile)) " volatile or allowed"
            @if parity.accepted > 0 { ", " (format_count(parity.accepted)) " accepted" } "."
        }
        @if parity.flows_left > 0 {
            p.bad { "Broken off: " (counted(parity.flows_left, "flow")) " not done, or not to the end." }
        }
        (skipped(parity))
    }
}

fn skipped(parity: &Parity) -> Markup {
    let skipped: Vec<_> = parity.steps.iter().filter(|step| step.skipped > 0).collect();
    html! {
        @if !skipped.is_empty() {
            p { "Not sent because an earlier step failed: "
                @for (index, step) in skipped.iter().enumerate() {
                    @if index > 0 { ", " }
                    (sent(&step.flow)) " / " (sent(&step.step)) " (" (format_count(step.skipped)) "×)"
                }
                "."
            }
        }
    }
}

/// Differences of one class, wherever they were found. `seen` gives what else is known of each.
pub(super) fn of_class(seen: Option<Cases<'_>>, differences: &[Difference], class: Class, meaning: &str) -> Markup {
    let is_shown = |difference: &&Difference| difference.class == class && !difference.is_accepted();
    let found: Vec<&Difference> = differences.iter().filter(is_shown).collect();
    html! {
        @if !found.is_empty() {
            h3 { span.class.(class.name()) { (class.name()) } " " small { (meaning) } }
            @if class == Class::Volatile {
                details {
                    summary { (counted(found.len() as u64, "kind")) " of difference that decide nothing" }
                    (some_rows(seen, &found, true))
                }
            } @else {
                (some_rows(seen, &found, false))
            }
        }
    }
}

fn some_rows(seen: Option<Cases<'_>>, found: &[&Difference], with_rule: bool) -> Markup {
    html! {
        (rows(seen, found, with_rule))
        @if found.len() > MOST_ROWS {
            p.nothing { (format_count((found.len() - MOST_ROWS) as u64)) " more are in run.json." }
        }
    }
}

/// `seen` gives what else is known of each difference.
fn rows(seen: Option<Cases<'_>>, found: &[&Difference], with_rule: bool) -> Markup {
    html! {
        div.wide { table.differences {
            thead { tr {
                th { "Kind" } th { "Flow / step" } th { "Where" } th.baseline { "Baseline" } th.candidate { "Candidate" }
                th.number { "Count" }
                @if with_rule { th { "Rule" } }
            } }
            tbody {
                @for difference in found.iter().take(MOST_ROWS) {
                    tr {
                        td { (difference.kind.name()) }
                        td { (sent(&difference.flow)) br; small { (sent(&difference.step)) } }
                        td { (code(&difference.place)) (broken_rule(difference)) }
                        td.value { (value(difference.baseline.as_deref())) }
                        td.value { (value(difference.candidate.as_deref())) }
                        td.number { (format_count(difference.count)) }
                        @if with_rule { td { (rule(difference)) } }
                    }
                    @for example in &difference.examples {
                        tr.example {
                            td { } td { small { "also" } }
                            td { (code(&example.place)) }
                            td.value { (value(example.baseline.as_deref())) }
                            td.value { (value(example.candidate.as_deref())) }
                            td { }
                            @if with_rule { td { } }
                        }
                    }
                    @if let Some(details) = seen.and_then(|cases| reproduce::details(cases, difference)) {
                        tr.more { td colspan="6" { (expired(difference)) (details) } }
                    }
                }
            }
        } }
    }
}

fn expired(difference: &Difference) -> Markup {
    let until = difference.accepted.as_ref().filter(|accepted| accepted.expired).and_then(|it| it.until.as_deref());
    html! { @if let Some(until) = until { p.bad { "Accepted until " (until) ", expired." } } }
}

fn value(value: Option<&str>) -> Markup {
    match value {
        None => none(Some("absent")),
        Some("") => html! { span.none { "empty" } },
        Some(value) => code(value),
    }
}

fn rule(difference: &Difference) -> Markup {
    html! { @if let Some(rule) = &difference.rule { (sent(rule)) } @else { (none(None)) } }
}

/// Which rule a difference breaks, and how.
fn broken_rule(difference: &Difference) -> Markup {
    html! {
        @if let (Some(rule), Some(note)) = (&difference.rule, &difference.note) {
            @let how = if difference.class == Class::Breaking { "breaks " } else { "within " };
            br; small { (how) (code(rule)) ": " (sent(note)) }
        } @else if let Some(note) = &difference.note {
            br; small { (sent(note)) }
        }
    }
}

/// What each rule did.
pub(super) fn rules(rules: &[RuleUse]) -> Markup {
    html! {
        @if !rules.is_empty() {
            h3 { "Rules" }
            div.wide { table {
                thead { tr { th { "Rule" } th { "Why it is there" } th.number { "Places asked" } th.number { "Differences allowed" } } }
                tbody {
                    @for rule in rules {
                        tr {
                            td { (code(&rule.rule)) }
                            td { @if rule.reason.is_empty() { (none(Some("no reason given"))) } @else { (prose(&rule.reason)) } }
                            td.number.bad[rule.matched == 0] { (format_count(rule.matched)) }
                            td.number { (format_count(rule.allowed)) }
                        }
                    }
                }
            } }
        }
    }
}

fn left_out(parity: &Parity) -> Markup {
    html! {
        @if !parity.headers_left_out.is_empty() {
            p { "Headers not compared unless a rule asks for it: "
                @for (index, header) in parity.headers_left_out.iter().enumerate() {
                    @if index > 0 { ", " }
                    (code(header))
                }
                "."
            }
        }
    }
}
