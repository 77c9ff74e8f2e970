//! Response time by percentile, both sides, on the scale of `HdrHistogram`'s plotter.

use plotters::prelude::Color;

use super::axis::{Axis, percentile_scale};
use super::frame::{Key, card, colour, lines, plot};
use super::series::{Point, Segments, span};
use super::{Histograms, Outcome};
use crate::record::{Load, RunRecord};
use crate::report::text::{counted, not_run};
use crate::role::{Pair, Role};

/// Steps per halving of the distance to 100 %.
const TICKS: u32 = 8;

pub(super) fn draw(record: &RunRecord, histograms: &Histograms) -> Outcome {
    let Some(load) = &record.load else { return Err(format!("load was {}", not_run(record))) };
    let sides = Pair::from_fn(|role| curve(histograms, role));
    let all = || sides.iter().flat_map(|(_, curve)| curve.points());
    let times = span(all().map(|point| point.1)).ok_or("no response times were measured")?;
    let x = Axis::percentile(all().map(|point| point.0).fold(0.0, f64::max));
    let y = Axis::log_time("response time (log scale)", times);
    let legend: Vec<Key> = Role::BOTH
        .into_iter()
        .filter(|role| !sides.get(*role).is_empty())
        .map(|role| Key::Line(label(load, role), colour(role).to_rgba(), 3))
        .collect();
    card("Response time by percentile", 380, &legend, |area| {
        let mut plot = plot(area, &x, &y, 0)?;
        sides.iter().try_for_each(|(role, curve)| lines(&mut plot, curve, colour(role).to_rgba(), 3))
    })
}

fn label(load: &Load, role: Role) -> String {
    let count = load.sides.get(role).as_ref().and_then(|side| side.response_time_us).map_or(0, |times| times.count);
    format!("{role}, {}", counted(count, "request"))
}

fn curve(histograms: &Histograms, role: Role) -> Segments {
    let Some(histogram) = histograms.merged(role) else { return Segments::default() };
    // The last step stands for 100 %, which this scale does not have: it is put where one request is left out.
    let end = percentile_scale(1.0 - 1.0 / histogram.len() as f64);
    let point =
        |quantile: f64, micros: u64| -> Point { (percentile_scale(quantile).min(end), (micros.max(1) as f64).log10()) };
    let values =
        histogram.iter_quantiles(TICKS).map(|value| point(value.quantile_iterated_to(), value.value_iterated_to()));
    Segments::new(values.map(|(x, y)| (x, Some(y))))
}
