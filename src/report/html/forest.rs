//! An estimate with its interval and the limit on one line, as in a forest plot.

use maud::{Markup, html};

use super::none;
use crate::record::{Estimate, GateResult, Scale};
use crate::report::estimate::{basis, figure, interval, settled_by};

const WIDTH: f64 = 190.0;
const HEIGHT: f64 = 22.0;
/// Room for the ends of lines and the dot.
const MARGIN: f64 = 8.0;

/// The line and the figures under it; a dash where a count decided.
pub(super) fn cell(gate: &GateResult) -> Markup {
    let Some(estimate) = &gate.estimate else { return none(None) };
    html! {
        @if let Some(places) = Places::of(estimate) { (line(gate, estimate, &places)) }
        div.interval { (interval(gate)) }
        @if let Some(basis) = basis(gate) { small { (basis) } }
        @if let Some(settled) = settled_by(gate) { br; small { (settled) } }
    }
}

fn line(gate: &GateResult, estimate: &Estimate, places: &Places) -> Markup {
    let label = format!("estimate {}, limit {}", interval(gate), figure(estimate.limit, estimate, &gate.unit));
    let middle = HEIGHT / 2.0;
    html! {
        svg.forest.(gate.status.name()) width=(WIDTH) height=(HEIGHT) viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img" aria-label=(label) {
            title { (label) }
            line.axis x1=(MARGIN) x2=(WIDTH - MARGIN) y1=(middle) y2=(middle) {}
            line.limit x1=(x(places.limit)) x2=(x(places.limit)) y1="1" y2=(HEIGHT - 1.0) {}
            line.range x1=(x(places.low)) x2=(x(places.high)) y1=(middle) y2=(middle) {}
            circle cx=(x(places.value)) cy=(middle) r="4.5" {}
        }
    }
}

/// Where things are, from 0 to 1.
struct Places {
    low: f64,
    value: f64,
    high: f64,
    limit: f64,
}

impl Places {
    /// By ratio where all are above zero, so that half and double are as far from one.
    fn of(estimate: &Estimate) -> Option<Self> {
        let all = [estimate.low, estimate.value, estimate.high, estimate.limit];
        let by_ratio = estimate.scale != Scale::Difference && all.iter().all(|value| *value > 0.0);
        let all = if by_ratio { all.map(f64::ln) } else { all };
        let (least, most) = all.iter().fold((f64::MAX, f64::MIN), |(least, most), it| (least.min(*it), most.max(*it)));
        let range = most - least;
        if !range.is_finite() || range < 0.0 {
            return None;
        }
        // All the same is a point in the middle.
        let at = |value: f64| if range > 0.0 { (value - least) / range } else { 0.5 };
        let [low, value, high, limit] = all.map(at);
        Some(Self { low, value, high, limit })
    }
}

/// A place in the drawing, to a tenth of a pixel.
fn x(place: f64) -> f64 {
    ((MARGIN + place * (WIDTH - 2.0 * MARGIN)) * 10.0).round() / 10.0
}
