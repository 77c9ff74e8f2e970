//! What the machine did meanwhile: time that its hypervisor gave to others, and how late the sentinel was.

use super::sentinel::Sentinel;
use crate::record::load::Machine;

/// Watches the machine over the load phase.
pub(super) struct Audit {
    /// `None`: it could not be started, and nothing is known.
    sentinel: Option<Sentinel>,
    start: Option<Ticks>,
}

impl Audit {
    /// Begins to watch.
    pub(super) fn start() -> Self {
        let sentinel = Sentinel::start();
        if let Err(error) = &sentinel {
            tracing::warn!(%error, "no sentinel: nobody sees whether the machine stalls");
        }
        Self { sentinel: sentinel.ok(), start: Ticks::now() }
    }

    /// A block begins.
    pub(super) fn begin(&mut self) {
        self.start = Ticks::now();
        if let Some(sentinel) = &self.sentinel {
            sentinel.take();
        }
    }

    /// What was seen since the block began.
    pub(super) fn end(&self) -> Machine {
        Machine {
            steal: self.start.zip(Ticks::now()).and_then(|(start, end)| end.steal_since(start)),
            sentinel: self.sentinel.as_ref().and_then(Sentinel::take),
        }
    }
}

/// Processor time of the whole machine since it was started, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ticks {
    all: u64,
    steal: u64,
}

impl Ticks {
    fn now() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/stat").ok()?)
    }

    /// The first line: user, nice, system, idle, iowait, irq, softirq, steal, and two that are part of the first two
    /// (`proc_stat(5)`).
    fn parse(stat: &str) -> Option<Self> {
        let times: Option<Vec<u64>> = stat
            .lines()
            .next()?
            .strip_prefix("cpu ")?
            .split_whitespace()
            .take(8)
            .map(|time| time.parse().ok())
            .collect();
        let times = times.filter(|times| times.len() == 8)?;
        Some(Self { all: times.iter().sum(), steal: times[7] })
    }

    /// Share of the time since then that others had; `None`: no time has passed.
    fn steal_since(self, start: Self) -> Option<f64> {
        let all = self.all.checked_sub(start.all).filter(|all| *all > 0)?;
        Some(self.steal.saturating_sub(start.steal) as f64 / all as f64)
    }
}

/// The how-manieth largest of so many values is at most the value that one in a hundred exceeds, with a confidence of
/// 95 %: more than so many above a limit, and it is no accident that the 99th percentile was. (The number of values above
/// the true percentile is binomial.)
pub(super) fn rank_of_p99(count: u64) -> u64 {
    const SHARE: f64 = 0.01;
    const CONFIDENCE: f64 = 0.95;
    let mut below = 0.0;
    // Of none, in logarithms: of many values it is too small to be written down.
    let mut log_probability = count as f64 * (1.0 - SHARE).ln();
    for exceeding in 0..count {
        below += log_probability.exp();
        if below >= CONFIDENCE {
            return exceeding + 1;
        }
        let next = (count - exceeding) as f64 / (exceeding + 1) as f64 * SHARE / (1.0 - SHARE);
        log_probability += next.ln();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_a_share_of_all_processor_time() {
        let ticks = |text: &str| Ticks::parse(text);
        let start = ticks("cpu  100 0 50 800 10 0 5 35 9 0\ncpu0 1 2 3").unwrap();
        assert_eq!(start, Ticks { all: 1_000, steal: 35 });
        let end = ticks("cpu  150 0 60 810 10 0 5 65 9 0\n").unwrap();
        assert_eq!(end.steal_since(start), Some(0.3));
        assert_eq!(start.steal_since(start), None);
        for text in ["", "cpu  1 2 3\n", "cpu0 1 2 3 4 5 6 7 8\n", "cpu  a b c d e f g h\n"] {
            assert_eq!(ticks(text), None, "{text:?}");
        }
    }

    #[test]
    fn one_late_arrival_of_few_says_nothing_of_one_in_a_hundred() {
        // Upper 5 % points of the binomial distribution with p = 0.01 (R: qbinom(0.95, n, 0.01) + 1).
        for (count, rank) in [(1, 1), (5, 1), (6, 2), (80, 3), (100, 4), (500, 10), (1_000, 16), (100_000, 1_053)] {
            assert_eq!(rank_of_p99(count), rank, "{count}");
        }
        assert_eq!(rank_of_p99(0), 0);
    }
}
