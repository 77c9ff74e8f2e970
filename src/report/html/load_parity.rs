//! What comparing answers under load found: what was broken, what differs, and how far each step could be compared.

use maud::{Markup, html};

use super::{absent, code, nothing, prose, reproduce, sent};
use crate::record::load_parity::{Held, Invariant, LoadParity, StepLoadParity};
use crate::record::{Class, RunRecord};
use crate::report::reproduce::Cases;
use crate::report::text::counted;
use crate::role::Role;
use crate::units::{format_count, format_share};

pub(super) fn all(record: &RunRecord) -> Markup {
    let Some(load) = &record.load else { return absent("Load", record) };
    let Some(parity) = &load.parity else { return nothing("Answers were not compared under load.") };
    let cases = Cases::of_load(record, parity);
    html! {
        (basis(parity))
        (reproduce::preparation(cases))
        (broken(cases, parity))
        @for class in [Class::Breaking, Class::Representation, Class::Volatile] { (of_class(cases, parity, class)) }
        (invariants(parity))
        (steps(&parity.steps))
    }
}

fn basis(parity: &LoadParity) -> Markup {
    html! {
        p {
            "Both blocks of a pair send the same requests, and every second pair those of the pair before it, so that each "
            "side is compared with itself too: what varies there is compared by its form only. "
            strong.bad[parity.breaking > 0] { (parity.in_words()) } "."
        }
        ul {
            @for role in Role::BOTH {
                li {
                    (role.name()) ": " (counted(*parity.kept.get(role), "answer")) " of "
                    (format_count(*parity.answers.get(role)))
                    @if let Some(share) = parity.share(role) { " (" (format_share(share)) " of those that could be)" }
                    ", " (format_count(*parity.left_out.get(role)))
                    " left out because the service was busy or the request went out twice, "
                    (counted(*parity.lessons.get(role), "comparison")) " with its own answers"
                }
            }
        }
        @if let Some(caveat) = parity.caveat() { p { "Mind: " (caveat) "." } }
    }
}

fn broken(cases: Cases<'_>, parity: &LoadParity) -> Markup {
    html! {
        @for invariant in parity.broken() {
            h3 { span.class.breaking { "broken" } " " (prose(&invariant.rule)) }
            p {
                (sent(&invariant.flow)) " / " (sent(&invariant.step)) ", " (counted(invariant.broken, "time")) " in "
                (counted(invariant.observed.candidate, "answer"))
            }
            ul {
                @if let Some(words) = &invariant.baseline { li { span.baseline { "baseline" } ": " (sent(words)) } }
                @if let Some(words) = &invariant.candidate { li { span.candidate { "candidate" } ": " (sent(words)) } }
            }
            @let case = invariant.case.and_then(|at| cases.cases.get(at));
            (reproduce::seen_again(cases, "The requests of the first time", (case, invariant.remedy.as_ref())))
        }
    }
}

fn of_class(cases: Cases<'_>, parity: &LoadParity, class: Class) -> Markup {
    let meaning = match class {
        Class::Breaking => "the baseline never answers so, or always otherwise",
        Class::Representation => "every conforming client understands the same",
        Class::Volatile => "too seldom, or too close together in time, to tell from what others wrote meanwhile",
    };
    super::parity::of_class(Some(cases), &parity.differences, class, meaning)
}

fn invariants(parity: &LoadParity) -> Markup {
    let of = |outcome| parity.invariants.iter().filter(move |invariant: &&Invariant| invariant.outcome == outcome);
    html! {
        @if of(Held::Held).next().is_some() {
            h3 { "Held under load" }
            ul { @for invariant in of(Held::Held) { (held(invariant)) } }
        }
        @if of(Held::TooFew).next().is_some() {
            h3 { "Not decided: too few answers of the baseline" }
            ul { @for invariant in of(Held::TooFew) { (held(invariant)) } }
        }
    }
}

fn held(invariant: &Invariant) -> Markup {
    html! {
        li {
            (sent(&invariant.flow)) " / " (sent(&invariant.step)) ": " (prose(&invariant.rule))
            " " small { "(" (format_count(invariant.observed.baseline)) " and "
            (counted(invariant.observed.candidate, "answer")) ")" }
        }
    }
}

fn steps(steps: &[StepLoadParity]) -> Markup {
    html! {
        @if !steps.is_empty() {
            h3 { "How each step was compared" }
            div.wide { table {
                thead { tr {
                    th { "Flow / step" } th { "Compared" } th.number { "Pairs" } th.number { "Baseline with itself" }
                    th { "Places that vary" }
                } }
                tbody {
                    @for step in steps {
                        tr {
                            td { (sent(&step.flow)) br; small { (sent(&step.step)) } }
                            td { (step.mode.in_words()) }
                            td.number { (format_count(step.compared)) }
                            td.number { (format_count(step.lessons)) }
                            td { @for (index, place) in step.varying.iter().enumerate() {
                                @if index > 0 { ", " }
                                (code(place))
                            } }
                        }
                    }
                }
            } }
        }
    }
}
