//! Response and service times of a side, of a flow or of a step: from the quantiles on record where they say it, else
//! from the histograms behind them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

use super::metrics::{Absence, Figure, Lookup, no_data, plain, steps};
use crate::plan::gate::{Metric, Quantity};
use crate::record::SideLoad;
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

fn on_record(total: &Quantiles, share: f64) -> Option<u64> {
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
    let mut merged = Histogram::<u64>::new(3).map_err(|error| no_data(error.to_string()))?;
    for step in steps.iter().filter(|step| step.requests > 0) {
        let text = if is_service { &step.service_time_hdr } else { &step.response_time_hdr };
        let unreadable = |why: String| no_data(format!("the histogram of `{} / {}` {why}", step.flow, step.step));
        if text.is_empty() {
            return Err(unreadable("is not on record".to_owned()));
        }
        let histogram = decode(text).map_err(|why| unreadable(format!("cannot be read: {why}")))?;
        merged.add(&histogram).map_err(|error| unreadable(format!("cannot be merged: {error}")))?;
    }
    if merged.is_empty() { Err(no_data("no times were measured there")) } else { Ok(merged.value_at_quantile(share)) }
}

fn decode(text: &str) -> Result<Histogram<u64>, String> {
    let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
    Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|error| error.to_string())
}
