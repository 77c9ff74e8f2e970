//! Response time over time: each second's P95 and median, both sides.

use plotters::prelude::Color;

use super::axis::Axis;
use super::frame::{Key, card, colour, lines, plot, shade};
use super::series::{Segments, by_second, measured, span, time_span};
use super::{Histograms, Outcome};
use crate::record::RunRecord;
use crate::record::load::{Load, Second};
use crate::report::text::not_run;
use crate::role::{Pair, Role};

const FAINT: f64 = 0.45;
const BLOCK: f64 = 0.07;

/// The two lines of one side.
struct Side {
    median: Segments,
    p95: Segments,
}

pub(super) fn draw(record: &RunRecord, _: &Histograms) -> Outcome {
    let Some(load) = &record.load else { return Err(format!("load was {}", not_run(record))) };
    let sides = Pair::from_fn(|role| side(load, role));
    let heights = sides.iter().flat_map(|(_, side)| side.median.points().chain(side.p95.points())).map(|point| point.1);
    let heights = span(heights).ok_or("no second of any block has requests")?;
    let times = time_span(record, std::iter::empty()).ok_or("there are no blocks")?;
    let (x, y) = (Axis::time(times), Axis::log_time("response time (log scale)", heights));
    card("Response time over time", 360, &legend(&sides), |area| {
        let mut plot = plot(area, &x, &y, 0)?;
        for role in Role::BOTH {
            shade(&mut plot, &y, &measured(load, role), colour(role).mix(BLOCK))?;
        }
        for (role, side) in sides.iter() {
            lines(&mut plot, &side.median, colour(role).mix(FAINT), 1)?;
            lines(&mut plot, &side.p95, colour(role).to_rgba(), 3)?;
        }
        Ok(())
    })
}

fn side(load: &Load, role: Role) -> Side {
    Side {
        median: by_second(load, role, |second| log(second, second.p50_us)),
        p95: by_second(load, role, |second| log(second, second.p95_us)),
    }
}

/// Seconds without requests have no times; they are gaps.
fn log(second: &Second, micros: u64) -> Option<f64> {
    (second.requests > 0).then(|| (micros.max(1) as f64).log10())
}

fn legend(sides: &Pair<Side>) -> Vec<Key> {
    let keys = |(role, _): (Role, &Side)| {
        let p95 = Key::Line(format!("{role} P95"), colour(role).to_rgba(), 3);
        [p95, Key::Line("median".to_owned(), colour(role).mix(FAINT), 1)]
    };
    sides.iter().filter(|(_, side)| !side.p95.is_empty()).flat_map(keys).collect()
}
