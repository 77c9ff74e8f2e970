//! What was judged and how, as people read it.

use super::blocks::Observations;
use super::gates::Figures;
use super::paired::Doubt;
use crate::plan::Gate;
use crate::plan::gate::{Limit, Metric, Quantity, Subject};
use crate::record::{Estimate, Scale};
use crate::statistics::Method;
use crate::units::{format_count, format_share, three_digits};

/// `candidate.p95 for browse 812 ms, limit <= 502 ms (baseline.p95 for browse 400 ms × 1.25 + 2.00 ms)`
pub(super) fn figures(gate: &Gate, figures: &Figures) -> String {
    let unit = gate.metric.quantity.unit();
    format!(
        "{} {}, limit {} {}{}",
        scoped(&gate.metric),
        unit.format(figures.observed.value),
        gate.comparison,
        unit.format(figures.limit),
        followed(gate, figures).unwrap_or_default(),
    )
}

/// Where a relative limit comes from.
fn followed(gate: &Gate, figures: &Figures) -> Option<String> {
    let Limit::Relative { metric, factor, slack } = &gate.limit else { return None };
    let unit = gate.metric.quantity.unit();
    let value = metric.quantity.unit().format(figures.followed?.value);
    let slack = match slack {
        slack if *slack > 0.0 => format!(" + {}", unit.format(*slack)),
        slack if *slack < 0.0 => format!(" - {}", unit.format(-slack)),
        _ => String::new(),
    };
    Some(format!(" ({} {value} × {factor}{slack})", scoped(metric)))
}

/// A metric as gates spell it, with its scope.
fn scoped(metric: &Metric) -> String {
    metric.scope.as_ref().map_or_else(|| metric.to_string(), |scope| format!("{metric} for {scope}"))
}

/// `18 204 samples`
pub(super) fn samples(metric: &Metric, figures: &Figures) -> String {
    let what = match metric.quantity {
        _ if metric.subject == Subject::Parity => "answers compared",
        _ if metric.subject == Subject::State => "rows compared",
        Quantity::Requests
        | Quantity::Errors
        | Quantity::ErrorRate
        | Quantity::Throughput
        | Quantity::LeakConnections => "requests",
        _ => "samples",
    };
    let own = format_count(figures.observed.samples);
    match figures.followed {
        Some(followed) if followed.samples != figures.observed.samples => {
            format!("{own} and {} {what}", format_count(followed.samples))
        }
        _ => format!("{own} {what}"),
    }
}

/// `typical block 27.1 ms (95 %: 25.0 ms to 31.2 ms), 10 blocks`
pub(super) fn basis(gate: &Gate, estimate: &Estimate) -> String {
    let unit = gate.metric.quantity.unit();
    let signed = |value: f64| if value < 0.0 { format!("-{}", unit.format(-value)) } else { unit.format(value) };
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(|figure| match estimate.scale {
        Scale::Value => unit.format(figure),
        Scale::Ratio => ratio(figure),
        Scale::Difference => signed(figure),
    });
    let name = match estimate.scale {
        Scale::Value => "typical block",
        Scale::Ratio => "ratio",
        Scale::Difference => "difference",
    };
    let method = if estimate.method == Method::Student.name() { ", by Student's t" } else { "" };
    format!("{name} {value} (95 %: {low} to {high}{method}), {}", observations(estimate))
}

/// A ratio with three digits at least.
pub(super) fn ratio(value: f64) -> String {
    if value.abs() < 1.0 { format!("{value:.3}") } else { three_digits(value) }
}

fn observations(estimate: &Estimate) -> String {
    let (observations, blocks) = (format_count(estimate.observations), format_count(estimate.blocks));
    if estimate.observations == estimate.blocks {
        format!("{blocks} {}", estimate.of)
    } else {
        format!("{blocks} {} put together to {observations}", estimate.of)
    }
}

/// `95 %: 0 % to 0.02 %`
pub(super) fn share(estimate: &Estimate, evidence: Option<usize>) -> String {
    let interval = format!("95 %: {} to {}", format_share(estimate.low), format_share(estimate.high));
    match evidence {
        Some(windows) => format!("{interval}; after {windows} s of load there was no doubt left"),
        None => interval,
    }
}

/// `too few: 3 688 are needed`
pub(super) fn too_few(needed: u64) -> String {
    format!("too few: {} are needed", format_count(needed))
}

/// Why it is not decided, and what would settle it.
pub(super) fn doubt(
    doubt: Doubt,
    observations: &Observations,
    chance: Option<f64>,
    estimate: Option<&Estimate>,
) -> String {
    let needed = estimate.and_then(|estimate| estimate.pairs_needed);
    match doubt {
        Doubt::TooFew => {
            let what = if observations.is_paired { "pair says" } else { "block says" };
            format!("one {what} nothing of how much they vary: take `--pairs 6` or more")
        }
        Doubt::Open => settled_by(needed),
        Doubt::Total => "the typical block is within the limit, all of them together are not".to_owned(),
        Doubt::Chance => {
            let chance = format_share(chance.unwrap_or(1.0));
            format!(
                "among so many relative gates chance alone does as much in {chance} of all runs; {}",
                settled_by(needed)
            )
        }
    }
}

/// `not decided: about 24 pairs would settle it`
pub(super) fn settled_by(pairs: Option<u64>) -> String {
    match pairs {
        Some(pairs) => format!("not decided: about {} pairs would settle it", format_count(pairs)),
        None => "not decided: it lies on the limit, and hardly any number of pairs would settle it".to_owned(),
    }
}
