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
}
