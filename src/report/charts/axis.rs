//! Axes: their range, their ticks and how the ticks are labelled. Values are in the axis' own scale, so a logarithmic
//! axis holds logarithms.

use std::ops::Range;

use crate::units::{format_share, format_us, three_digits};

/// Percentiles beyond this are not told apart.
const LAST_PERCENTILE_TICK: i32 = 5;

/// One axis of a chart.
pub(super) struct Axis {
    pub(super) title: &'static str,
    pub(super) range: Range<f64>,
    pub(super) ticks: Vec<f64>,
    pub(super) label: fn(f64) -> String,
}

impl Axis {
    /// From 0 to a little above `highest`.
    pub(super) fn linear(title: &'static str, highest: f64, label: fn(f64) -> String) -> Self {
        let highest = if highest.is_finite() && highest > 0.0 { highest * 1.08 } else { 1.0 };
        Self { title, range: 0.0..highest, ticks: ticks(0.0, highest, 6.0), label }
    }

    /// Seconds since the start of the run.
    pub(super) fn time(range: Range<f64>) -> Self {
        let end = if range.end > range.start { range.end } else { range.start + 1.0 };
        let label = |seconds: f64| format!("{seconds}");
        Self {
            title: "seconds since the start of the run",
            range: range.start..end,
            ticks: ticks(range.start, end, 12.0),
            label,
        }
    }

    /// Logarithm of a time in µs that covers the logarithms in `range`.
    pub(super) fn log_time(title: &'static str, range: Range<f64>) -> Self {
        let (low, high) = (range.start - 0.05, range.end.max(range.start) + 0.08);
        let parts: [&[f64]; 3] = [&[1.0], &[1.0, 2.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
        let sets = parts.map(|parts| log_ticks(low, high, parts));
        let ticks = sets.iter().find(|ticks| ticks.len() >= 4).unwrap_or(&sets[2]).clone();
        Self { title, range: low..high, ticks, label: |log| short(&format_us(10_f64.powf(log))) }
    }

    /// Percentiles on `HdrHistogram`'s scale, −log₁₀(1 − q), as far as `highest`.
    pub(super) fn percentile(highest: f64) -> Self {
        let label = |x: f64| format!("{}", ((1.0 - 10_f64.powf(-x)) * 1e7).round() / 1e5);
        let mut ticks = vec![0.0, percentile_scale(0.5)];
        ticks.extend((1..=LAST_PERCENTILE_TICK).map(f64::from).filter(|tick| *tick <= highest));
        Self { title: "percentile of requests (%)", range: 0.0..highest.max(0.5), ticks, label }
    }
}

/// Where a quantile stands on a percentile axis.
pub(super) fn percentile_scale(quantile: f64) -> f64 {
    -(1.0 - quantile).max(10_f64.powi(-LAST_PERCENTILE_TICK - 1)).log10()
}

/// A tick of a share.
pub(super) fn share(value: f64) -> String {
    short(&format_share(value))
}

/// A figure with its unit, without the zeros that only say how exact it is.
fn short(figure: &str) -> String {
    match figure.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => figure.to_owned(),
    }
}

/// A tick of a number of things.
pub(super) fn number(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { three_digits(value) }
}

/// Logarithms from `low` to `high` of each decade's `parts`.
fn log_ticks(low: f64, high: f64, parts: &[f64]) -> Vec<f64> {
    let decades = low.floor() as i32..=high.ceil() as i32;
    let ticks = decades.flat_map(|decade| parts.iter().map(move |part| f64::from(decade) + part.log10()));
    ticks.filter(|tick| (low..=high).contains(tick)).collect()
}

/// Round values from `low` to `high`, about `wanted` of them.
fn ticks(low: f64, high: f64, wanted: f64) -> Vec<f64> {
    let rough = (high - low) / wanted;
    if !rough.is_finite() || rough <= 0.0 {
        return vec![low];
    }
    let decade = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].iter().map(|part| part * decade).find(|step| *step >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    let exact = |index: i64| (index as f64 * step * 1e9).round() / 1e9;
    (first..=last).take(50).map(exact).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within() {
        assert_eq!(ticks(0.0, 108.0, 6.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(3.0, 33.0, 12.0), [5.0, 10.0, 15.0, 20.0, 25.0, 30.0]);
        assert_eq!(ticks(0.0, 0.0, 6.0), [0.0]);
        assert_eq!(ticks(0.0, f64::NAN, 6.0), [0.0]);
    }

    #[test]
    fn percentiles_are_labelled_as_people_name_them() {
        let axis = Axis::percentile(4.2);
        let labels: Vec<_> = axis.ticks.iter().map(|tick| (axis.label)(*tick)).collect();
        assert_eq!(labels, ["0", "50", "90", "99", "99.9", "99.99"]);
    }

    #[test]
    fn an_axis_of_nothing_has_a_range_all_the_same() {
        for axis in [Axis::linear("", 0.0, number), Axis::linear("", f64::NAN, number), Axis::time(3.0..3.0)] {
            assert!(axis.range.end > axis.range.start);
        }
    }
}
