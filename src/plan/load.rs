//! How much load, for how long.

use std::time::Duration;

use super::profile::Profile;
use crate::units::format_duration;

/// How much load, for how long.
#[derive(Debug, Clone)]
pub struct Load {
    /// Who decides when a request is made. Where the load has a [`Ramp`], the highest rate or the most users of it.
    pub arrivals: Arrivals,
    /// How the rate or the number of users changes within a block; `None`: not at all.
    pub ramp: Option<Ramp>,
    /// Block pairs.
    pub pairs: u32,
    /// Most block pairs, if a gate is not decided after `pairs`; `None`: no more than these.
    pub max_pairs: Option<u32>,
    /// Length of a block, settle time included.
    pub block: Duration,
    /// Start of each block that is not counted.
    pub settle: Duration,
    /// Whether answers of the two sides are compared under load.
    pub parity: bool,
    /// Whether the load ends once a gate is past saving.
    pub stop_early: bool,
}

impl Load {
    /// Puts other arrivals in the place of the plan's, with whatever ramp these had.
    pub fn replace_arrivals(&mut self, arrivals: Arrivals) {
        self.arrivals = arrivals;
        self.ramp = None;
    }

    /// The rate in flow iterations per second, or the number of users, over one block.
    pub fn profile(&self) -> Profile {
        let constant = match self.arrivals {
            Arrivals::Open { rate, .. } => rate,
            Arrivals::Closed { users } => users as f64,
        };
        match &self.ramp {
            None => Profile::constant(constant, self.block),
            Some(ramp) => Profile::ramp(ramp.start, ramp.stages.iter().map(|stage| (stage.duration, stage.target))),
        }
    }

    /// For reports: who begins flow iterations and when.
    pub fn in_words(&self) -> String {
        let Some(ramp) = &self.ramp else { return self.arrivals.in_words() };
        let what = match self.arrivals {
            Arrivals::Open { spacing, .. } => format!("flow iterations per second, {}", spacing.in_words()),
            Arrivals::Closed { .. } => "users, each begins again when it is done".to_owned(),
        };
        let burst = match self.arrivals {
            Arrivals::Open { burst: Some(burst), .. } => burst.in_words(),
            _ => String::new(),
        };
        format!("in each block {}: {what}{burst}", ramp.in_words())
    }
}

/// How the rate (open model) or the number of users (closed model) changes within each block: evenly from one target to
/// the next.
#[derive(Debug, Clone, PartialEq)]
pub struct Ramp {
    /// At the start of the block: flow iterations per second, or users.
    pub start: f64,
    /// One after the other; together as long as the block.
    pub stages: Vec<Stage>,
}

impl Ramp {
    /// The highest rate, or the most users.
    pub fn highest(&self) -> f64 {
        self.stages.iter().map(|stage| stage.target).fold(self.start, f64::max)
    }

    /// How long all stages take together.
    pub fn length(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// `from 0 to 200 in 5s, 200 for 10s`.
    fn in_words(&self) -> String {
        let mut from = self.start;
        let words: Vec<String> = self.stages.iter().map(|stage| stage.in_words(&mut from)).collect();
        words.join(", ")
    }
}

/// One stretch of a [`Ramp`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// How long it takes; none: a jump.
    pub duration: Duration,
    /// Where it ends: flow iterations per second, or users.
    pub target: f64,
}

impl Stage {
    fn in_words(self, from: &mut f64) -> String {
        let (start, to, time) = (std::mem::replace(from, self.target), self.target, format_duration(self.duration));
        if self.duration.is_zero() {
            format!("at once to {to}")
        } else if start.total_cmp(&to).is_eq() {
            format!("{to} for {time}")
        } else {
            format!("from {start} to {to} in {time}")
        }
    }
}

/// Who decides when a flow iteration begins.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arrivals {
    /// A schedule; the service's speed has no say.
    Open {
        /// Flow iterations that arrive per second.
        rate: f64,
        /// How they are spaced.
        spacing: Spacing,
        /// Besides these, many at one moment.
        burst: Option<Burst>,
        /// Most flow iterations under way at a time; an arrival beyond that waits, and the wait counts.
        users: usize,
    },
    /// Each of so many users begins again when it is done.
    Closed {
        /// Virtual users.
        users: usize,
    },
}

impl Arrivals {
    /// For reports: `60 flow iterations per second arrive at random, and 64 at once every 4s`.
    fn in_words(&self) -> String {
        match self {
            Self::Closed { users: 1 } => "1 user, who begins again when it is done".to_owned(),
            Self::Closed { users } => format!("{users} users, each begins again when it is done"),
            Self::Open { rate, spacing, burst, .. } => {
                let burst = burst.map(Burst::in_words).unwrap_or_default();
                format!("{rate} flow iterations per second arrive {}{burst}", spacing.in_words())
            }
        }
    }
}

/// Many arrivals at one moment, as when a lesson begins, a cache expires or a batch job starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Burst {
    /// Flow iterations that arrive together.
    pub size: u32,
    /// One burst in each stretch of this length, at a moment drawn at random.
    pub every: Duration,
}

impl Burst {
    fn in_words(self) -> String {
        format!(", and {} at once every {}", self.size, format_duration(self.every))
    }
}

/// How arrivals are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spacing {
    /// Independent of each other, as those of many strangers.
    Poisson,
    /// At equal distances.
    Uniform,
}

impl Spacing {
    const fn in_words(self) -> &'static str {
        match self {
            Self::Poisson => "at random",
            Self::Uniform => "at equal distances",
        }
    }
}

/// How long a user pauses between two requests of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Think {
    /// At least.
    pub least: Duration,
    /// At most; every length between the two is as likely.
    pub most: Duration,
}

impl std::fmt::Display for Think {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", format_duration(self.least))?;
        if self.most > self.least { write!(f, "..{}", format_duration(self.most)) } else { Ok(()) }
    }
}
