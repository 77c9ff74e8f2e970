//! What a gate was decided by: an estimate with its interval, in figures.

use serde::{Deserialize, Serialize};

/// An estimate over blocks or requests, with its 95 % interval.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    /// What the four figures below are.
    pub scale: Scale,
    /// The estimate: what the typical block came to, or the share of all requests.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// What the gate compares the estimate with.
    pub limit: f64,
    /// `signed-rank`, `t` or `clopper-pearson`.
    pub method: String,
    /// What was observed `observations` times: `pairs`, `blocks` or `requests`.
    pub of: String,
    /// How many observations the interval rests on. Pairs or blocks that are too small for a quantile are put together, and
    /// count once then.
    pub observations: u64,
    /// Pairs or blocks behind the observations; the same number, unless some were put together.
    pub blocks: u64,
    /// How often chance alone makes any of the run's relative gates look so different from no difference; `null`: the gate
    /// is not relative.
    pub chance: Option<f64>,
    /// About how many block pairs would decide it; `null`: it is decided, or no number would.
    pub pairs_needed: Option<u64>,
}

/// The scale of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scale {
    /// The figure itself, in the gate's unit.
    Value,
    /// The figure ÷ what its limit follows, slack included.
    Ratio,
    /// The figure − what its limit follows, in the gate's unit.
    Difference,
}
