//! `report.html`: one file that needs no network and no script, for the engineer and the performance reviewer.

mod capacity;
mod charts;
mod coverage;
mod explore;
mod faults;
mod figures;
mod forest;
mod ids;
mod load_parity;
mod method;
mod noise;
mod parity;
mod reproduce;
mod state;
mod steps;
mod verdict;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::text::{NONE, not_run, visible};
use super::{File, View};
use crate::record::RunRecord;

const STYLE: &str = include_str!("style.css");

pub(super) fn render(view: &View) -> Vec<File> {
    vec![File { path: "report.html".to_owned(), bytes: document(view).into_string().into_bytes() }]
}

fn document(view: &View) -> Markup {
    let record = view.record;
    let title = format!("{}: {} – cutover", visible(&record.run.plan), record.word());
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (verdict::banner(record))
                main {
                    @if let Some(capacity) = capacity::all(record) { (section("capacity", "Capacity", &capacity)) }
                    (section("gates", "Gates", &verdict::gates(record)))
                    (section("figures", "Figures", &figures::table(record)))
                    (section("findings", "Findings", &verdict::findings(view)))
                    (section("charts", "Charts", &charts::all(view)))
                    (section("steps", "Steps under load", &steps::table(record)))
                    (section("differences", "Differences between the answers", &parity::all(record)))
                    @if let Some(state) = &record.state { (section("state", "Databases", &state::all(record, state))) }
                    (section("contract", "Coverage of the contract", &coverage::all(record)))
                    @if let Some(explore) = explore::all(record) { (section("explore", "Generated requests", &explore)) }
                    (section("faults", "Faults", &faults::all(record)))
                    (section("load-parity", "Answers under load", &load_parity::all(record)))
                    (section("method", "How it was measured", &method::load(record)))
                    (section("environment", "Environment", &method::environment(record)))
                }
                footer { "Rendered from " code { "run.json" } " alone; " code { "cutover report run.json" } " renders it again." }
            }
        }
    }
}

fn section(id: &str, title: &str, content: &Markup) -> Markup {
    html! { section id=(id) { h2 { (title) } (content) } }
}

/// Text from elsewhere: what is shown is what was sent, and its direction stays its own.
fn sent(text: &str) -> Markup {
    html! { bdi { (visible(text)) } }
}

/// Text from elsewhere that is code: a value, a place, a rule.
fn code(text: &str) -> Markup {
    html! { code { bdi { (visible(text)) } } }
}

/// A sentence with `code` in back ticks.
fn prose(text: &str) -> Markup {
    let text = visible(text);
    let parts: Vec<&str> = text.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return html! { bdi { (text) } };
    }
    html! {
        @for (index, part) in parts.iter().enumerate() {
            @if index.is_multiple_of(2) { (part) } @else { code { bdi { (part) } } }
        }
    }
}

/// No value, with the reason where it is known.
fn none(reason: Option<&str>) -> Markup {
    html! { span.none { (NONE) } @if let Some(reason) = reason { " " small { (reason) } } }
}

/// A paragraph that stands where there is nothing to show.
fn nothing(text: &str) -> Markup {
    html! { p.nothing { (text) } }
}

/// A paragraph that stands where a phase left nothing.
fn absent(phase: &str, record: &RunRecord) -> Markup {
    html! { p.nothing { (phase) " was " (not_run(record)) "." } }
}

/// Rows of name and value; empty values are dashes.
fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl {
            @for (name, value) in rows { div { dt { (name) } dd { (value) } } }
        }
    }
}
