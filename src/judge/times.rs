//! Response and service times of a side, of a flow or of a step: from the quantiles on record where they say it, else
//! from the histograms behind them.

use std::collections::BTreeMap;

use super::metrics::{Absence, Figure, Lookup, no_data, plain, steps};
use crate::plan::gate::{Metric, Quantity};
use crate::record::SideLoad;
use crate::record::histogram;
use crate::record::load::{Quantiles, StepLoad};

/// The smallest sample that says anything of a quantile: with fewer, even the largest value lies below it with a
/// probability of more than 2.5 %, so no upper bound of a two-sided 95 % interval exists (n ≥ ln 0.025 ÷ ln p: 72 for
/// P95, 368 for P99, 3,688 for P99.9).
pub(super) fn samples_needed(share: f64) -> u64 {
    if share <= 0.0 { 1 } else { (0.025_f64.ln() / share.ln()).ceil() as u64 }
}

/// A time of one side.
pub(super) fn of_side(side: &SideLoad, metric: &Metric) -> Lookup {
    let is_service = matches!(metric.quantity, Quantity::ServiceTime(_));
    let steps: Vec<&StepLoad> = match &metric.scope {
        None => side.steps.iter().collect(),
        Some(scope) => steps(side, scope)?,
    };
    // The totals on record, else what can be added up exactly.
    let total = if metric.scope.is_some() {
        add_up(&steps, is_service)
    } else if is_service {
        side.service_time_us
    } else {
        side.response_time_us
    };
    let total = total.filter(|total| total.count > 0).ok_or_else(|| no_data("no times were measured there"))?;
    match metric.quantity {
        Quantity::ResponseTimeMax => Ok(plain(total.max as f64, total.count)),
        Quantity::ResponseTimeMean => Ok(plain(total.mean, total.count)),
        Quantity::ResponseTime(share) | Quantity::ServiceTime(share) => {
            let is_on_record = metric.scope.is_none() || steps.len() == 1;
            let kept = is_on_record.then(|| on_record(&total, share)).flatten();
            let value = kept.map_or_else(|| from_histograms(&steps, is_service, share), Ok)?;
            Ok(Figure { value: value as f64, samples: total.count, needed: samples_needed(share) })
        }
        _ => Err(no_data("this is not a time")),
    }
}

/// Number, largest and mean over several steps; a single step's quantiles as they are.
fn add_up(steps: &[&StepLoad], is_service: bool) -> Option<Quantiles> {
    let times = steps.iter().filter_map(|step| if is_service { step.service_time_us } else { step.response_time_us });
    times.reduce(|one, two| {
        let count = one.count + two.count;
        let mean = (one.mean * one.count as f64 + two.mean * two.count as f64) / count.max(1) as f64;
        Quantiles { count, mean, max: one.max.max(two.max), ..Quantiles::default() }
    })
}

/// A quantile that is on record as such.
pub(super) fn on_record(total: &Quantiles, share: f64) -> Option<u64> {
    let kept = [
        (0.5, total.p50),
        (0.75, total.p75),
        (0.9, total.p90),
        (0.95, total.p95),
        (0.99, total.p99),
        (0.999, total.p999),
    ];
    kept.into_iter().find(|(kept, _)| (kept - share).abs() < 1e-9).map(|(_, value)| value)
}

/// A quantile of the merged histograms of some steps.
fn from_histograms(steps: &[&StepLoad], is_service: bool, share: f64) -> Result<u64, Absence> {
    let mut merged = Times::default();
    for step in steps.iter().filter(|step| step.requests > 0) {
        let text = if is_service { &step.service_time_hdr } else { &step.response_time_hdr };
        let unreadable = |why: String| no_data(format!("the histogram of `{} / {}` {why}", step.flow, step.step));
        if text.is_empty() {
            return Err(unreadable("is not on record".to_owned()));
        }
        merged.add(&decode(text).map_err(|why| unreadable(format!("cannot be read: {why}")))?);
    }
    merged.quantile(share).ok_or_else(|| no_data("no times were measured there"))
}

/// Times in µs in order, and how often each came: what a histogram holds, without its empty buckets.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Times(BTreeMap<u64, u64>);

impl Times {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn add(&mut self, other: &Self) {
        for (micros, count) in &other.0 {
            *self.0.entry(*micros).or_default() += count;
        }
    }

    /// The smallest time that at least this share of all does not exceed, as `HdrHistogram` has it.
    pub(super) fn quantile(&self, share: f64) -> Option<u64> {
        let count: u64 = self.0.values().sum();
        // Without the last digits of the product, 0.95 × 100 is 95 and not a little more.
        let rank = ((share * count as f64 * (1.0 - 1e-12)).ceil() as u64).max(1);
        let mut seen = 0;
        let reaches = |(_, count): &(&u64, &u64)| {
            seen += **count;
            seen >= rank
        };
        self.0.iter().find(reaches).map(|(micros, _)| *micros)
    }

    pub(super) fn mean(&self) -> Option<f64> {
        let count: u64 = self.0.values().sum();
        let sum: f64 = self.0.iter().map(|(micros, count)| *micros as f64 * *count as f64).sum();
        (count > 0).then(|| sum / count as f64)
    }
}

pub(super) fn decode(text: &str) -> Result<Times, String> {
    let Some(histogram) = histogram::decode(text)? else { return Ok(Times::default()) };
    Ok(Times(histogram.iter_recorded().map(|it| (it.value_iterated_to(), it.count_at_value())).collect()))
}
