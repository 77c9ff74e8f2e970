//! Processor time of the two processes over time.

use plotters::prelude::Color;

use super::axis::{Axis, share};
use super::frame::{Key, card, colour, lines, plot, shade};
use super::series::{Segments, highest, measured, time_span};
use super::{Histograms, Outcome};
use crate::record::{ProcessSeries, RunRecord};
use crate::role::{Pair, Role};

const BLOCK: f64 = 0.07;
/// The system counts processor time in steps of 10 ms; over a second that is one per cent.
const WINDOW_MS: u64 = 1000;

pub(super) fn draw(record: &RunRecord, _: &Histograms) -> Outcome {
    let sides = Pair::from_fn(|role| {
        record.observations.get(role).as_ref().map_or_else(Segments::default, |seen| usage(record, &seen.process))
    });
    let at = sides.iter().flat_map(|(_, line)| line.points()).map(|point| point.0);
    let times = time_span(record, at).ok_or("there are no samples of the processes")?;
    if sides.baseline.is_empty() && sides.candidate.is_empty() {
        return Err("there are no samples of the processes".to_owned());
    }
    let x = Axis::time(times);
    let y = Axis::linear("CPU (100 % is one core)", highest([&sides.baseline, &sides.candidate]), share);
    card("CPU of the two processes", 320, &legend(&sides), |area| {
        let mut plot = plot(area, &x, &y, 0)?;
        for (role, line) in sides.iter() {
            let blocks = record.load.as_ref().map(|load| measured(load, role)).unwrap_or_default();
            shade(&mut plot, &y, &blocks, colour(role).mix(BLOCK))?;
            lines(&mut plot, line, colour(role).to_rgba(), 2)?;
        }
        Ok(())
    })
}

/// Processor time ÷ time over windows of a second; a counter that goes back (a new process) leaves a gap.
fn usage(record: &RunRecord, series: &ProcessSeries) -> Segments {
    let range = time_span(record, std::iter::empty());
    let samples: Vec<(u64, u64)> = series.at_ms.iter().copied().zip(series.cpu_ms.iter().copied()).collect();
    let mut points = Vec::new();
    let mut from = samples.first().copied().unwrap_or_default();
    for (at, used) in samples.into_iter().skip(1) {
        let elapsed = at.saturating_sub(from.0);
        if elapsed < WINDOW_MS {
            continue;
        }
        let share = used.checked_sub(from.1).map(|used| used as f64 / elapsed as f64);
        points.push(((from.0 as f64 + elapsed as f64 / 2.0) / 1e3, share));
        from = (at, used);
    }
    Segments::new(points.into_iter().filter(|(at, _)| range.as_ref().is_none_or(|r| r.start <= *at && *at <= r.end)))
}

fn legend(sides: &Pair<Segments>) -> Vec<Key> {
    let shown = sides.iter().filter(|(_, line)| !line.is_empty());
    shown.map(|(role, _): (Role, _)| Key::Line(role.name().to_owned(), colour(role).to_rgba(), 2)).collect()
}
