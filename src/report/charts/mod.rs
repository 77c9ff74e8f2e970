//! Charts of a run as SVG. The only room that names the plotting library.
//!
//! A chart without data is left out and says why; figures that are not numbers are skipped, never drawn as 0.

mod axis;
mod capacity;
mod cpu;
mod frame;
mod pool;
mod response_time;
mod series;
mod spectrum;
mod throughput;

use frame::Canvas;

use super::histograms::Histograms;
use super::{File, View};
use crate::record::RunRecord;

/// One kind of chart.
pub(super) struct Chart {
    /// File name without its ending.
    pub(super) name: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    /// How to read it, in a sentence or two.
    pub(super) reading: &'static str,
    draw: fn(&RunRecord, &Histograms) -> Outcome,
}

/// The SVG, or why there is none.
pub(super) type Outcome = Result<String, String>;

/// A chart and what became of it.
pub(super) struct Drawn {
    pub(super) chart: &'static Chart,
    pub(super) outcome: Outcome,
}

static CHARTS: [Chart; 5] = [
    Chart {
        name: "percentiles",
        title: "Response time by percentile",
        reading: "Each step to the right leaves out ten times fewer requests, so the right edge is the slowest few. The \
                  lower line is the faster side; where the lines part only on the right, only the slow requests differ.",
        draw: spectrum::draw,
    },
    Chart {
        name: "response-time",
        title: "Response time over time",
        reading: "The strong line is the P95 of each second, the faint one its median. Each shaded block is load on the \
                  side of that colour; the white start of a block is settle time, drawn but not counted.",
        draw: response_time::draw,
    },
    Chart {
        name: "throughput",
        title: "Throughput and errors over time",
        reading: "Lines are requests answered as expected per second, by the second in which they were due; red bars \
                  are failed ones on the same scale, so a block without red had no errors.",
        draw: throughput::draw,
    },
    Chart {
        name: "pool",
        title: "Connection pool",
        reading: "The filled area is connections in use, the black line the most that the pool opens, the purple line \
                  requests waiting for one. Red ground marks samples where all were in use and a request was waiting: \
                  there the pool is what limits the side. Both panels have the same scale.",
        draw: pool::draw,
    },
    Chart {
        name: "cpu",
        title: "CPU of the two processes",
        reading: "Processor time of each side's process, averaged over a second; 100 % is one core. A side is expected \
                  to be busy in its own blocks only.",
        draw: cpu::draw,
    },
];

static CAPACITY: Chart = Chart {
    name: "capacity",
    title: "What each side can bear",
    reading: "Each point is one step of the search. A side bears more load for as long as its throughput follows the rate \
              and its response times stay low; where the line of the times turns up, something is used up, and if its \
              connections reach the pool's size there, it is the pool.",
    draw: capacity::draw,
};

pub(super) fn draw(record: &RunRecord, histograms: &Histograms) -> Vec<Drawn> {
    if record.search.is_some() {
        // There is no other load than its steps.
        return vec![Drawn { chart: &CAPACITY, outcome: capacity::draw(record, histograms) }];
    }
    CHARTS.iter().map(|chart| Drawn { chart, outcome: (chart.draw)(record, histograms) }).collect()
}

pub(super) fn render(view: &View) -> Vec<File> {
    let file = |drawn: &Drawn| {
        let bytes = drawn.outcome.clone().ok()?.into_bytes();
        Some(File { path: format!("charts/{}.svg", drawn.chart.name), bytes })
    };
    view.charts.iter().filter_map(file).collect()
}
