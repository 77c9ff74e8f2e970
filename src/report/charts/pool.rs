//! The connection pools: one panel per side on the same scale, with the time of saturation marked.

use plotters::prelude::{AreaSeries, Color};
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::axis::{Axis, number};
use super::frame::{Canvas, ERRORS, INK, Key, Result, WAITING, card, colour, lines, plot, shade, text};
use super::series::{Segments, highest, time_span};
use super::{Histograms, Outcome};
use crate::record::{PoolSeries, RunRecord};
use crate::role::Role;
use crate::units::format_share;

const AREA: f64 = 0.35;
const SATURATED: f64 = 0.16;
const PANEL: u32 = 260;
const HEADING: u32 = 20;
const TITLE: u32 = 44;

/// What one panel shows.
struct Panel {
    role: Role,
    heading: String,
    used: Segments,
    max: Segments,
    pending: Segments,
    saturated: Vec<(f64, f64)>,
}

pub(super) fn draw(record: &RunRecord, _: &Histograms) -> Outcome {
    let sampled = |role: Role| record.observations.get(role).as_ref().map(|seen| &seen.pool);
    let panels: Vec<Panel> = Role::BOTH
        .into_iter()
        .filter_map(|role| Some(panel(record, role, sampled(role)?)))
        .filter(|panel| !panel.used.is_empty() || !panel.pending.is_empty())
        .collect();
    let at = panels.iter().flat_map(|panel| panel.used.points().chain(panel.pending.points())).map(|point| point.0);
    let times = time_span(record, at).ok_or("there are no pool samples")?;
    if panels.is_empty() {
        return Err("there are no pool samples".to_owned());
    }
    let x = Axis::time(times);
    let top = highest(panels.iter().flat_map(|panel| [&panel.used, &panel.max, &panel.pending]));
    let y = Axis::linear("connections, requests", top, number);
    card("Connection pool", TITLE + PANEL * panels.len() as u32, &legend(), |area| {
        let areas = area.split_evenly((panels.len(), 1));
        panels.iter().zip(&areas).try_for_each(|(panel, area)| draw_panel(area, panel, &x, &y))
    })
}

fn panel(record: &RunRecord, role: Role, series: &PoolSeries) -> Panel {
    let range = time_span(record, std::iter::empty());
    let within = |at: f64| range.as_ref().is_none_or(|range| range.start <= at && at <= range.end);
    let column = |values: &[Option<f64>]| {
        let points = series.at_ms.iter().zip(values).map(|(at, value)| (*at as f64 / 1e3, value.filter(|v| *v >= 0.0)));
        Segments::new(points.filter(|(at, _)| within(*at)))
    };
    Panel {
        role,
        heading: heading(record, role),
        used: column(&series.used),
        max: column(&series.max),
        pending: column(&series.pending),
        saturated: saturated(series).into_iter().filter(|(from, to)| within(*from) || within(*to)).collect(),
    }
}

fn heading(record: &RunRecord, role: Role) -> String {
    let pool = record.load.as_ref().and_then(|load| load.sides.get(role).as_ref()).and_then(|side| side.pool.as_ref());
    match pool.and_then(|pool| pool.saturated_share) {
        Some(share) => format!("{role}: saturated in {} of the measured samples", format_share(share)),
        None => role.name().to_owned(),
    }
}

/// Spans in which every connection was in use and a request waited, each sample standing until the next.
fn saturated(series: &PoolSeries) -> Vec<(f64, f64)> {
    let full = |at: usize| -> Option<bool> {
        let (used, max) = (series.used.get(at).copied()??, series.max.get(at).copied()??);
        Some(max > 0.0 && used >= max && series.pending.get(at).copied()?? > 0.0)
    };
    let mut spans: Vec<(f64, f64)> = Vec::new();
    for (index, pair) in series.at_ms.windows(2).enumerate().filter(|(index, _)| full(*index) == Some(true)) {
        let (from, to) = (pair[0] as f64 / 1e3, pair[1] as f64 / 1e3);
        match spans.last_mut() {
            Some(last) if index > 0 && last.1 >= from => last.1 = to,
            _ => spans.push((from, to)),
        }
    }
    spans
}

fn draw_panel(area: &Canvas, panel: &Panel, x: &Axis, y: &Axis) -> Result {
    let mut plot = plot(area, x, y, HEADING)?;
    shade(&mut plot, y, &panel.saturated, ERRORS.mix(SATURATED))?;
    for segment in &panel.used.0 {
        plot.draw_series(AreaSeries::new(segment.iter().copied(), 0.0, colour(panel.role).mix(AREA)))?;
    }
    lines(&mut plot, &panel.used, colour(panel.role).to_rgba(), 1)?;
    lines(&mut plot, &panel.pending, WAITING.to_rgba(), 2)?;
    lines(&mut plot, &panel.max, INK.to_rgba(), 2)?;
    let style = text(13.0, colour(panel.role)).pos(Pos::new(HPos::Left, VPos::Top));
    area.draw_text(&panel.heading, &style, (92, 4))
}

fn legend() -> [Key; 5] {
    [
        Key::Area("used, baseline".to_owned(), colour(Role::Baseline).mix(AREA)),
        Key::Area("used, candidate".to_owned(), colour(Role::Candidate).mix(AREA)),
        Key::Line("max".to_owned(), INK.to_rgba(), 2),
        Key::Line("waiting".to_owned(), WAITING.to_rgba(), 2),
        Key::Area("saturated".to_owned(), ERRORS.mix(SATURATED)),
    ]
}
