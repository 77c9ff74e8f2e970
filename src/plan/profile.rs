//! A rate, or a number of users, over the time of a block: straight from one level to the next.

use std::time::Duration;

/// A level over time, made of straight lines. Levels are never negative.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    lines: Vec<Line>,
}

/// A straight line from one level to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// Where it begins, in seconds since the start of the block.
    pub begin: f64,
    /// How long it is, in seconds; above 0.
    pub length: f64,
    /// Level at its start.
    pub from: f64,
    /// Level at its end.
    pub to: f64,
}

impl Line {
    /// What the level comes to over the line: at a rate per second, how many arrive.
    pub fn area(&self) -> f64 {
        self.length * f64::midpoint(self.from, self.to)
    }

    /// Seconds since the start of the block at which the line has come to an area, from 0 to [`Self::area`].
    ///
    /// The root of `from · t + (to − from) / (2 · length) · t² = area`, written so that nothing cancels out where the
    /// line is level or falls to 0.
    pub fn time_of(&self, area: f64) -> f64 {
        let slope = (self.to - self.from) / self.length;
        let root = (self.from * self.from + 2.0 * slope * area).max(0.0).sqrt();
        let time = if area <= 0.0 { 0.0 } else { 2.0 * area / (self.from + root) };
        self.begin + time.min(self.length)
    }

    fn level_at(&self, seconds: f64) -> f64 {
        self.from + (self.to - self.from) * ((seconds - self.begin) / self.length).clamp(0.0, 1.0)
    }

    fn end(&self) -> f64 {
        self.begin + self.length
    }

    /// When, from a moment on, the level is first as high as this.
    fn reaches(&self, level: f64, from: f64) -> Option<f64> {
        let from = from.max(self.begin);
        if from >= self.end() {
            return None;
        }
        if self.level_at(from) >= level {
            return Some(from);
        }
        (self.to >= level).then(|| self.begin + self.length * (level - self.from) / (self.to - self.from))
    }
}

impl Profile {
    /// The same level all the time.
    pub fn constant(level: f64, length: Duration) -> Self {
        Self::ramp(level, std::iter::once((length, level)))
    }

    /// From a level straight to the first target, from there to the next, and so on; a target after no time is a jump.
    pub fn ramp(start: f64, targets: impl IntoIterator<Item = (Duration, f64)>) -> Self {
        let (mut begin, mut from) = (0.0, start);
        let mut lines = Vec::new();
        for (length, to) in targets {
            let length = length.as_secs_f64();
            if length > 0.0 {
                lines.push(Line { begin, length, from, to });
            }
            begin += length;
            from = to;
        }
        Self { lines }
    }

    /// Its lines, in order.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// What the level comes to from a moment on: at a rate per second, how many arrive.
    pub fn area_from(&self, moment: Duration) -> f64 {
        let moment = moment.as_secs_f64();
        let rest = |line: &Line| {
            let begin = moment.clamp(line.begin, line.end());
            Line { begin, length: line.end() - begin, from: line.level_at(begin), to: line.to }.area()
        };
        self.lines.iter().map(rest).sum()
    }

    /// When, from a moment on, the level is first as high as this; `None`: it is not any more.
    pub fn reaches(&self, level: f64, from: Duration) -> Option<Duration> {
        let found = self.lines.iter().find_map(|line| line.reaches(level, from.as_secs_f64()));
        found.map(|seconds| Duration::from_secs_f64(seconds).max(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Up in 2 s, level for 1 s, a jump, down in 2 s.
    fn example() -> Profile {
        Profile::ramp(0.0, [(2 * SECOND, 10.0), (SECOND, 10.0), (Duration::ZERO, 20.0), (2 * SECOND, 0.0)])
    }

    #[test]
    fn areas_are_those_of_triangles_and_rectangles() {
        let close = |a: f64, b: f64| (a - b).abs() < 1e-9;
        assert!(close(example().area_from(Duration::ZERO), 10.0 + 10.0 + 20.0));
        assert!(close(example().area_from(SECOND), 7.5 + 10.0 + 20.0));
        assert!(close(example().area_from(5 * SECOND), 0.0));
        assert!(close(Profile::constant(200.0, 5 * SECOND).area_from(SECOND), 800.0));
    }

    #[test]
    fn a_level_is_reached_on_the_way_up_and_kept_until_it_falls_below() {
        let reached = |level: f64, from: f64| {
            example().reaches(level, Duration::from_secs_f64(from)).map(|moment| moment.as_secs_f64())
        };
        assert_eq!(reached(5.0, 0.0), Some(1.0));
        assert_eq!(reached(5.0, 1.5), Some(1.5));
        assert_eq!(reached(15.0, 0.0), Some(3.0), "the jump");
        assert_eq!(reached(5.0, 4.4), Some(4.4));
        assert_eq!(reached(5.0, 4.6), None, "it has fallen below");
        assert_eq!(reached(21.0, 0.0), None);
    }

    proptest! {
        #[test]
        fn the_time_of_an_area_is_when_so_much_has_come(from in 0.0..1e5_f64, to in 0.0..1e5_f64, length in 0.01..100.0_f64, share in 0.0..1.0_f64) {
            let line = Line { begin: 0.0, length, from, to };
            let area = line.area() * share;
            let time = line.time_of(area);
            prop_assert!((0.0..=length).contains(&time));
            let came = Line { length: time, to: line.level_at(time), ..line }.area();
            prop_assert!((came - area).abs() <= 1e-6 * line.area().max(1.0), "{} for {}", came, area);
        }
    }
}
