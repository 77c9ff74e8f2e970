//! What was done to both sides on purpose, what they answered meanwhile, and how they came out of it.

use maud::{Markup, html};

use super::{none, nothing, prose, sent};
use crate::record::RunRecord;
use crate::record::faults::{Aftermath, AnswerCount, ComparedBy, Connections, FaultAnswers, FaultEvidence};
use crate::report::text::counted;
use crate::role::{Pair, Role};
use crate::units::format_count;

pub(super) fn all(record: &RunRecord) -> Markup {
    if record.faults.is_empty() {
        return nothing("No faults were made.");
    }
    html! {
        p {
            "Each was done to both sides at the same moment in the same way. What was answered meanwhile and afterwards was "
            "compared as everything else is; what differed stands among the differences, under " code { "fault NAME" } ". "
            "So were the two databases after each."
        }
        div.wide { table.faults {
            thead { tr {
                th { "Fault" } th { "Asked meanwhile" } th.baseline { "Baseline" } th.candidate { "Candidate" }
                th { "Came out of it" } th.number { "Compared" } th.number { "Breaking" } th { "Databases afterwards" }
            } }
            tbody { @for fault in &record.faults { (rows(record, fault)) } }
        } }
    }
}

/// A row for each probe; what is told once stands in the first.
fn rows(record: &RunRecord, fault: &FaultEvidence) -> Markup {
    let span = fault.answers.len().max(1).to_string();
    let mut answers = fault.answers.iter();
    let first = answers.next();
    html! {
        tr {
            td rowspan=(span) { (what(fault)) }
            (asked(first))
            td rowspan=(span) { (aftermath(fault)) }
            td.number rowspan=(span) { (format_count(fault.compared)) }
            td.number rowspan=(span) { span.bad[fault.breaking > 0] { (format_count(fault.breaking)) } }
            td rowspan=(span) { (databases(record, fault)) }
        }
        @for answers in answers { tr { (asked(Some(answers))) } }
    }
}

fn databases(record: &RunRecord, fault: &FaultEvidence) -> Markup {
    let look = record.state.as_ref().and_then(|state| state.after_fault(&fault.name));
    html! {
        @match look {
            None => (none(None)),
            Some(look) if look.breaking > 0 => span.bad { (format_count(look.breaking)) " breaking" },
            Some(look) => { (format_count(look.rows)) " rows, nothing breaking" },
        }
    }
}

fn what(fault: &FaultEvidence) -> Markup {
    html! {
        strong { (sent(&fault.name)) }
        @if let Some(done) = &fault.applied { br; small { (prose(done)) } }
        @if let Some(reason) = &fault.not_applied {
            br; span.none { @if fault.applied.is_some() { "shows nothing: " } @else { "not made: " } }
            small { (prose(reason)) }
        }
    }
}

fn asked(answers: Option<&FaultAnswers>) -> Markup {
    let Some(answers) = answers else { return html! { td { (none(None)) } td { (none(None)) } td { (none(None)) } } };
    html! {
        td { (sent(&answers.step)) @if answers.by == ComparedBy::Kinds { br; small { "kinds of answers compared" } } }
        @for (_, counts) in answers.sides.iter() { td { (kinds(counts)) } }
    }
}

fn kinds(counts: &[AnswerCount]) -> Markup {
    html! {
        @if counts.is_empty() { (none(None)) }
        @for (index, count) in counts.iter().enumerate() {
            @if index > 0 { br; }
            (sent(&count.answer))
            @if count.count > 1 { " " small { "(" (format_count(count.count)) "×)" } }
        }
    }
}

fn aftermath(fault: &FaultEvidence) -> Markup {
    let Pair { baseline, candidate } = &fault.aftermath;
    html! {
        @if baseline.is_none() && candidate.is_none() { (none(None)) }
        @for (role, side) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            @if let Some(side) = side { div { (role.name()) ": " (came_out(side)) } }
        }
    }
}

fn came_out(side: &Aftermath) -> Markup {
    html! {
        @match side.recovered_ms {
            Some(time) => { "well after " (format_count(time)) " ms" }
            None => { span.bad { "not well again" } }
        }
        @for figures in figures(side) { br; small { (figures) } }
    }
}

/// Figures of connections that are known: before, at most during the fault, and after it.
fn figures(side: &Aftermath) -> Vec<String> {
    let figure = |name: &str, of: fn(&Connections) -> Option<u64>| {
        let (before, during, after) = (of(&side.before)?, of(&side.during)?, of(&side.after)?);
        Some(format!("{name} {before} → {during} → {after}"))
    };
    let in_use = figure("in use", |connections| connections.used);
    let sessions = figure("sessions", |connections| connections.sessions);
    let mut figures: Vec<String> = in_use.into_iter().chain(sessions).collect();
    if let Some(max) = side.during.max {
        figures.push(format!("pool of at most {}", counted(max, "connection")));
    }
    figures
}
