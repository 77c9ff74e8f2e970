//! Throughput over time with errors marked, both sides.

use plotters::prelude::{Color, Rectangle};

use super::axis::{Axis, number};
use super::frame::{ERRORS, Key, Plot, Result, card, colour, lines, plot, shade};
use super::series::{Segments, by_second, highest, measured, time_span};
use super::{Histograms, Outcome};
use crate::record::RunRecord;
use crate::record::load::Second;
use crate::report::text::not_run;
use crate::role::{Pair, Role};

const BLOCK: f64 = 0.07;
/// Half the width of a bar, in seconds.
const BAR: f64 = 0.3;

pub(super) fn draw(record: &RunRecord, _: &Histograms) -> Outcome {
    let Some(load) = &record.load else { return Err(format!("load was {}", not_run(record))) };
    let answered = Pair::from_fn(|role| by_second(load, role, |second| Some(answered(second))));
    let failed = Pair::from_fn(|role| by_second(load, role, |second| Some(second.errors as f64)));
    if highest([&answered.baseline, &answered.candidate, &failed.baseline, &failed.candidate]) <= 0.0 {
        return Err("no second of any block has requests".to_owned());
    }
    let times = time_span(record, std::iter::empty()).ok_or("there are no blocks")?;
    let x = Axis::time(times);
    let top = highest([&answered.baseline, &answered.candidate, &failed.baseline, &failed.candidate]);
    let y = Axis::linear("requests per second", top, number);
    card("Throughput and errors over time", 340, &legend(&answered), |area| {
        let mut plot = plot(area, &x, &y, 0)?;
        for (role, line) in answered.iter() {
            shade(&mut plot, &y, &measured(load, role), colour(role).mix(BLOCK))?;
            lines(&mut plot, line, colour(role).to_rgba(), 2)?;
        }
        failed.iter().try_for_each(|(_, failed)| bars(&mut plot, failed))
    })
}

fn answered(second: &Second) -> f64 {
    second.requests.saturating_sub(second.errors) as f64
}

fn bars(plot: &mut Plot, failed: &Segments) -> Result {
    let bar = |(x, y): (f64, f64)| Rectangle::new([(x - BAR, 0.0), (x + BAR, y)], ERRORS.mix(0.8).filled());
    plot.draw_series(failed.points().filter(|point| point.1 > 0.0).map(bar))?;
    Ok(())
}

fn legend(answered: &Pair<Segments>) -> Vec<Key> {
    let sides = answered.iter().filter(|(_, line)| !line.is_empty());
    let mut keys: Vec<Key> =
        sides.map(|(role, _): (Role, _)| Key::Line(format!("{role} answered"), colour(role).to_rgba(), 2)).collect();
    keys.push(Key::Area("failed".to_owned(), ERRORS.mix(0.8)));
    keys
}
