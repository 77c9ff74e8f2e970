//! Points as charts need them: runs without gaps, thinned to what an image can show.

use std::ops::Range;

use crate::record::RunRecord;
use crate::record::load::{Block, Load};
use crate::role::Role;

/// More points than this cannot be told apart in a chart.
const MOST_POINTS: usize = 1600;

/// A point in the scales of its axes.
pub(super) type Point = (f64, f64);

/// A line with gaps: runs of points without a missing value between them.
#[derive(Default)]
pub(super) struct Segments(pub(super) Vec<Vec<Point>>);

impl Segments {
    /// Breaks the line at values that are missing or no numbers.
    pub(super) fn new(points: impl IntoIterator<Item = (f64, Option<f64>)>) -> Self {
        let mut segments: Vec<Vec<Point>> = vec![Vec::new()];
        for (x, y) in points {
            match (y.filter(|y| y.is_finite() && x.is_finite()), segments.last_mut()) {
                (Some(y), Some(segment)) => segment.push((x, y)),
                (None, Some(segment)) if !segment.is_empty() => segments.push(Vec::new()),
                _ => {}
            }
        }
        segments.retain(|segment| !segment.is_empty());
        Self(segments).thinned()
    }

    pub(super) fn points(&self) -> impl Iterator<Item = Point> + '_ {
        self.0.iter().flatten().copied()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps the lowest and the highest of each run of points, so that no peak is lost.
    fn thinned(mut self) -> Self {
        let total: usize = self.0.iter().map(Vec::len).sum();
        let size = 2 * total.div_ceil(MOST_POINTS);
        if total > MOST_POINTS {
            for segment in &mut self.0 {
                *segment = segment.chunks(size).flat_map(extremes).collect();
            }
        }
        self
    }
}

fn extremes(points: &[Point]) -> Vec<Point> {
    let by_height = |a: &&Point, b: &&Point| a.1.total_cmp(&b.1);
    let lowest = points.iter().min_by(by_height).copied();
    let highest = points.iter().max_by(by_height).copied();
    let mut both: Vec<Point> = lowest.into_iter().chain(highest).collect();
    both.sort_by(|a, b| a.0.total_cmp(&b.0));
    both.dedup();
    both
}

/// The largest height of several lines; 0 without any.
pub(super) fn highest<'a>(lines: impl IntoIterator<Item = &'a Segments>) -> f64 {
    lines.into_iter().flat_map(Segments::points).map(|point| point.1).fold(0.0, f64::max)
}

/// Smallest and largest of some values.
pub(super) fn span(values: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    values.filter(|value| value.is_finite()).fold(None, |span: Option<Range<f64>>, value| {
        Some(span.map_or(value..value, |span| span.start.min(value)..span.end.max(value)))
    })
}

/// The part of the run under load in seconds, or all of the samples' time if there was no load.
pub(super) fn time_span(record: &RunRecord, sampled: impl Iterator<Item = f64>) -> Option<Range<f64>> {
    let blocks = record
        .load
        .as_ref()
        .and_then(|load| span(load.blocks.iter().flat_map(|block| [start(block), end(load, block)])));
    blocks.or_else(|| span(sampled))
}

/// The measured parts of a side's blocks in seconds.
pub(super) fn measured(load: &Load, role: Role) -> Vec<(f64, f64)> {
    let blocks = load.blocks.iter().filter(|block| block.side == role);
    let part = |block: &Block| (start(block) + load.settle_s.max(0.0), end(load, block));
    blocks.map(part).filter(|(from, to)| from < to).collect()
}

/// A figure of each second of a side's blocks, at the middle of the second; blocks are not joined.
pub(super) fn by_second(load: &Load, role: Role, read: fn(&crate::record::load::Second) -> Option<f64>) -> Segments {
    let mut points = Vec::new();
    for block in load.blocks.iter().filter(|block| block.side == role) {
        let at = |index: usize| start(block) + index as f64 + 0.5;
        points.extend(block.seconds.iter().enumerate().map(|(index, second)| (at(index), read(second))));
        points.push((end(load, block), None));
    }
    Segments::new(points)
}

fn start(block: &Block) -> f64 {
    block.started_ms as f64 / 1e3
}

fn end(load: &Load, block: &Block) -> f64 {
    let length = if load.block_s.is_finite() { load.block_s } else { 0.0 };
    start(block) + length.max(block.seconds.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_where_a_value_is_missing() {
        let segments =
            Segments::new([(0.0, Some(1.0)), (1.0, None), (2.0, None), (3.0, Some(f64::NAN)), (4.0, Some(2.0))]);
        assert_eq!(segments.0, [vec![(0.0, 1.0)], vec![(4.0, 2.0)]]);
        assert!(Segments::new([]).is_empty());
    }

    #[test]
    fn thinning_keeps_the_peak() {
        let peak = |x: u32| if x == 77_777 { 9.0 } else { 1.0 };
        let segments = Segments::new((0..100_000).map(|x| (f64::from(x), Some(peak(x)))));
        assert!(segments.points().count() <= MOST_POINTS);
        assert!(highest([&segments]) > 8.9);
    }
}
