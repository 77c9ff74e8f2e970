//! How the figures came about, so that a reader can judge and repeat them.

use maud::{Markup, html};

use super::{absent, facts, none, nothing, sent};
use crate::record::RunRecord;
use crate::record::load::{LagQuantiles, Load, Quantiles, SideLoad};
use crate::report::audit::{sentinel_in_words, worst_steal};
use crate::report::text::{micros, plain, quantity};
use crate::role::Role;
use crate::units::{format_bytes, format_count, format_us, three_digits};

pub(super) fn load(record: &RunRecord) -> Markup {
    html! {
        @match &record.load {
            None => (absent("Load", record)),
            Some(load) => {
                (arrivals(load))
                h3 { "Response time and service time" }
                p { "Response time runs from the moment a request was due by the schedule to the end of its answer; it includes any wait because the side had fallen behind, as real callers would feel it. Service time runs from the moment the request was sent. Gates use response time. Where the two part, requests were queueing before they could be sent." }
                (times(load))
                h3 { "The load generator" }
                p { "The figures are only as good as the generator: if it sent late or not at all, that is its fault and not the side's." }
                (generator(load))
            }
        }
        h3 { "Flows" }
        (flows(record))
        h3 { "Connection pools" }
        (pool_sources(record))
    }
}

fn arrivals(load: &Load) -> Markup {
    let open = load.model == "open";
    let ran = load.blocks.len();
    let peak = if load.arrivals.starts_with("in each block") { ", at most" } else { "" };
    facts(&[
        (
            "model",
            html! { (sent(&load.model)) small { @if open { " – arrivals come at the rate whatever the side does" } @else { " – each virtual user waits for its answer" } } },
        ),
        (
            "rate",
            match load.rate {
                Some(rate) => html! { (plain(rate)) " flow iterations per second" (peak) },
                None => none(Some("the users set the pace")),
            },
        ),
        ("arrivals", if load.arrivals.is_empty() { none(Some("not on record")) } else { sent(&load.arrivals) }),
        ("users", html! { (format_count(load.users as u64)) @if open { small { " at most at a time" } } }),
        (
            "pairs of blocks",
            html! { (load.pairs_planned) " planned; " (ran) " blocks run" small { " – the same arrivals on both sides, order by coin" } },
        ),
        (
            "block",
            html! { (three_digits(load.block_s)) " s, of which the first " (three_digits(load.settle_s)) " s settle and are not counted" },
        ),
        (
            "measured",
            html! {
                @for (index, role) in Role::BOTH.into_iter().enumerate() {
                    @if index > 0 { "; " }
                    (role.name()) " "
                    @if let Some(side) = load.sides.get(role) { (three_digits(side.measured_s)) " s" } @else { (none(Some("not loaded"))) }
                }
            },
        ),
    ])
}

fn times(load: &Load) -> Markup {
    type Times = fn(&SideLoad) -> Option<Quantiles>;
    const TIMES: [(&str, Times); 2] =
        [("response time", |side| side.response_time_us), ("service time", |side| side.service_time_us)];
    html! {
        div.wide { table {
            thead { tr {
                th { "Side" } th { "Time" } th.number { "Values" } th.number { "P50" } th.number { "P90" } th.number { "P95" }
                th.number { "P99" } th.number { "P99.9" } th.number { "Max" } th.number { "Mean" }
            } }
            tbody {
                @for role in Role::BOTH { @for (name, read) in TIMES {
                    tr {
                        td.side.(role.name()) { (role.name()) }
                        td { (name) }
                        (quantiles(load.sides.get(role).as_ref().and_then(read)))
                    }
                } }
            }
        } }
    }
}

fn quantiles(times: Option<Quantiles>) -> Markup {
    let Some(times) = times.filter(|times| times.count > 0) else {
        return html! { td colspan="8" { (none(Some("no values"))) } };
    };
    html! {
        td.number { (format_count(times.count)) }
        @for value in [times.p50, times.p90, times.p95, times.p99, times.p999, times.max] {
            td.number { (micros(Some(value))) }
        }
        td.number { (quantity(Some(times.mean), "us")) }
    }
}

fn generator(load: &Load) -> Markup {
    let generator = &load.generator;
    let per_second = |rate: Option<f64>, missing: &str| match rate {
        Some(rate) => html! { (plain(rate)) " flow iterations per second" },
        None => none(Some(missing)),
    };
    let lag = |lag: Option<LagQuantiles>, of: &str| match lag {
        Some(lag) => {
            html! { "P50 " (micros(Some(lag.p50))) ", P99 " (micros(Some(lag.p99))) ", max " (micros(Some(lag.max))) small { " over " (format_count(lag.count)) " " (of) } }
        }
        None => none(Some("not measured")),
    };
    let share = generator.offered.zip(generator.achieved).filter(|(offered, _)| *offered > 0.0);
    facts(&[
        ("offered", per_second(generator.offered, "the closed model has no schedule")),
        (
            "achieved",
            html! {
                (per_second(generator.achieved, "not measured"))
                @if let Some((offered, achieved)) = share { " (" (quantity(Some(achieved / offered), "share")) " of offered)" }
            },
        ),
        ("dispatch lag", lag(generator.dispatch_lag_us, "arrivals")),
        ("answers unread", lag(generator.unread_us, "answers, and no part of their times")),
        ("never sent", html! { (format_count(generator.unsent)) " arrivals" }),
        (
            "CPU",
            match generator.cpu {
                Some(cpu) => {
                    html! { (quantity(Some(cpu), "share")) " of one core" small { ", the database proxy included" } }
                }
                None => none(Some("not measured")),
            },
        ),
        ("panics", html! { (format_count(generator.panics)) }),
        (
            "steal",
            match worst_steal(load) {
                Some(steal) => {
                    html! { (quantity(Some(steal), "share")) " of the processor time went to others in the worst block" }
                }
                None => none(Some("not measured")),
            },
        ),
        ("sentinel", html! { (sentinel_in_words(load)) small { ", a server of the harness that does nothing" } }),
    ])
}

fn flows(record: &RunRecord) -> Markup {
    if record.run.flows.is_empty() {
        return nothing("The record names no flows.");
    }
    html! {
        ul {
            @for flow in &record.run.flows {
                li {
                    strong { (sent(&flow.name)) } small { " weight " (flow.weight) } ": "
                    @for (index, step) in flow.steps.iter().enumerate() { @if index > 0 { " → " } (sent(step)) }
                }
            }
        }
    }
}

fn pool_sources(record: &RunRecord) -> Markup {
    let source = |role: Role| record.observations.get(role).as_ref().and_then(|seen| seen.pool_source.as_deref());
    let pool = |role: Role| record.load.as_ref()?.sides.get(role).as_ref()?.pool.as_ref();
    let row = |role: Role| {
        html! {
            @if let Some(source) = source(role) { (sent(source)) } @else { (none(Some("no source of pool figures"))) }
            @if let Some(pool) = pool(role) {
                small { " – " (format_count(pool.samples)) " samples, " (format_count(pool.samples_failed)) " failed" }
                @if let Some(wait) = pool.wait_us {
                    small { "; wait for a connection P50 " (format_us(wait.p50)) ", P95 " (format_us(wait.p95)) ", P99 " (format_us(wait.p99)) " over " (format_count(wait.count)) " waits" }
                }
            }
        }
    };
    facts(&[("baseline", row(Role::Baseline)), ("candidate", row(Role::Candidate))])
}

pub(super) fn environment(record: &RunRecord) -> Markup {
    let environment = &record.environment;
    let known = |text: &str| if text.is_empty() { none(Some("not known")) } else { sent(text) };
    let figure = |value: f64, text: String| {
        if value > 0.0 {
            html! { (text) }
        } else {
            none(Some("not known"))
        }
    };
    facts(&[
        (
            "cutover",
            html! { (known(&environment.cutover)) @if !environment.profile.is_empty() { ", " (sent(&environment.profile)) " build" } },
        ),
        ("system", known(&environment.os)),
        ("processor", known(&environment.cpu_model)),
        ("cores", figure(environment.cores as f64, environment.cores.to_string())),
        ("memory", figure(environment.memory_bytes as f64, format_bytes(environment.memory_bytes as f64))),
        ("load average at the start", quantity_or_zero(environment)),
        ("database server", known(environment.database.as_deref().unwrap_or_default())),
    ])
}

/// A machine at rest has a load average of 0; only a record without any environment has none.
fn quantity_or_zero(environment: &crate::record::Environment) -> Markup {
    if environment.cores == 0 {
        none(Some("not known"))
    } else {
        html! { (three_digits(environment.load_average)) }
    }
}
