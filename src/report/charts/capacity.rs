//! Latency, throughput and connections over the rates that were tried, both sides.

use plotters::prelude::Color;

use super::axis::{Axis, number};
use super::frame::{Key, Result, card, colour, lines, plot};
use super::series::Segments;
use super::{Canvas, Histograms, Outcome};
use crate::record::RunRecord;
use crate::record::search::{Search, SearchStep};
use crate::role::Role;

const HEIGHT: u32 = 760;

/// A panel: what is on its vertical axis, and how it is read off a step.
type Panel = (&'static str, fn(&SearchStep) -> Option<f64>);

pub(super) fn draw(record: &RunRecord, _: &Histograms) -> Outcome {
    let search = record.search.as_deref().ok_or("nothing was searched")?;
    let rates = points(search, |step| Some(step.rate));
    let top = rates.iter().flat_map(|(_, points)| points).map(|point| point.0).fold(0.0, f64::max);
    if top <= 0.0 {
        return Err("no rate was tried".to_owned());
    }
    let x = || Axis::linear("flow iterations per second", top, number);
    let legend: Vec<Key> = rates
        .iter()
        .filter(|(_, points)| !points.is_empty())
        .map(|(role, _)| Key::Line(role.to_string(), colour(*role).to_rgba(), 2))
        .collect();
    card("What each side can bear", HEIGHT, &legend, |area| {
        let panels = area.split_evenly((3, 1));
        let times = points(search, |step| step.p95_us.filter(|us| *us > 0).map(|us| (us as f64).log10()));
        let all = times.iter().flat_map(|(_, points)| points).map(|point| point.1);
        let (low, high) = all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
        if low <= high {
            panel(&panels[0], &x(), &Axis::log_time("response time P95", low..high), &times)?;
        }
        let others: [Panel; 2] =
            [("requests per second", |step| step.throughput), ("connections used, mean", |step| step.pool_used)];
        for (area, (title, read)) in panels[1..].iter().zip(others) {
            let lines = points(search, read);
            let top = lines.iter().flat_map(|(_, points)| points).map(|point| point.1).fold(0.0, f64::max);
            panel(area, &x(), &Axis::linear(title, top, number), &lines)?;
        }
        Ok(())
    })
}

type Line = (Role, Vec<(f64, f64)>);

/// A figure over the rate, invalid steps left out.
fn points(search: &Search, read: impl Fn(&SearchStep) -> Option<f64>) -> Vec<Line> {
    let line = |role: Role| {
        let steps = search.sides.get(role).iter().flat_map(|side| &side.steps).filter(|step| step.outcome != "invalid");
        let points = steps.filter_map(|step| Some((step.rate, read(step).filter(|value| value.is_finite())?)));
        let mut points: Vec<(f64, f64)> = points.collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        (role, points)
    };
    Role::BOTH.map(line).into()
}

fn panel(area: &Canvas, x: &Axis, y: &Axis, sides: &[Line]) -> Result {
    let mut plot = plot(area, x, y, 0)?;
    for (role, points) in sides.iter().filter(|(_, points)| !points.is_empty()) {
        lines(&mut plot, &Segments(vec![points.clone()]), colour(*role).to_rgba(), 2)?;
    }
    Ok(())
}
