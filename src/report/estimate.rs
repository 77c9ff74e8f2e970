//! What a gate was decided by, in words: the same in every format.

use super::text::{NONE, plain, quantity, visible};
use crate::record::{Estimate, GateResult, Scale};
use crate::units::{format_count, three_digits};

/// `0.014 × (0.012 to 0.016)`; nothing where a count decided.
pub(super) fn interval(gate: &GateResult) -> String {
    let Some(estimate) = &gate.estimate else { return NONE.to_owned() };
    let [value, low, high] = [estimate.value, estimate.low, estimate.high].map(|it| figure(it, estimate, &gate.unit));
    format!("{value} ({low} to {high})")
}

/// One of an estimate's figures in its scale.
pub(super) fn figure(value: f64, estimate: &Estimate, unit: &str) -> String {
    match estimate.scale {
        Scale::Ratio if value.abs() < 1.0 => format!("{value:.3} ×"),
        Scale::Ratio if value.abs() < 1e6 => format!("{} ×", three_digits(value)),
        Scale::Ratio => format!("{value:.1e} ×"),
        Scale::Difference if value < 0.0 => format!("−{}", quantity(Some(-value), unit)),
        Scale::Value | Scale::Difference => quantity(Some(value), unit),
    }
}

/// `10 pairs, signed-rank`: how much the estimate rests on.
pub(super) fn basis(gate: &GateResult) -> Option<String> {
    let estimate = gate.estimate.as_ref()?;
    let (observations, of) = (format_count(estimate.observations), visible(&estimate.of));
    let observed = if estimate.observations == estimate.blocks || estimate.of == "requests" {
        format!("{observations} {of}")
    } else {
        format!("{} {of} put together to {observations}", format_count(estimate.blocks))
    };
    let method = match estimate.method.as_str() {
        "t" => "Student's t".to_owned(),
        "clopper-pearson" => "Clopper–Pearson".to_owned(),
        other => visible(other),
    };
    Some(format!("{observed}, {method}"))
}

/// What would settle a gate that is not decided.
pub(super) fn settled_by(gate: &GateResult) -> Option<String> {
    let needed = gate.estimate.as_ref()?.pairs_needed?;
    Some(format!("about {} pairs would settle it", plain(needed as f64)))
}
