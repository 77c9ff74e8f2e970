//! From observations to a word: how far each lies beyond the limit, and what all of them say together. Numbers only; the
//! simulations with known truth (`tests/simulation`) go through here.

use crate::record::Verdict;
use crate::statistics::{self, ALPHA, Estimate};

/// Smallest figure whose logarithm is taken: 1 ns, or a billionth of whatever it is.
const SMALLEST: f64 = 1e-9;

/// How observations are compared with a limit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Comparing {
    /// As ratios (times, rates) or as differences (shares).
    pub(super) as_ratio: bool,
    /// Whether more is worse, as with times; else less is, as with throughput.
    pub(super) more_is_worse: bool,
    /// Whether the limit itself does not meet the gate: `<`.
    pub(super) is_strict: bool,
}

/// How far each observation lies beyond the limit; above zero is worse.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Excess {
    /// Beyond the limit.
    pub(super) over: Vec<f64>,
    /// Beyond what is no harm at all: the limit, or no difference between the sides, whichever is reached sooner.
    pub(super) harm: Vec<f64>,
}

/// What observations come to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    pub(super) status: Verdict,
    /// Of the excess over the limit.
    pub(super) estimate: Option<Estimate>,
    /// How many observations would decide it.
    pub(super) needed: Option<u64>,
    pub(super) doubt: Option<Doubt>,
}

/// Why nothing is decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    /// One observation, or none: nobody knows how they vary.
    TooFew,
    /// The interval holds both answers.
    Open,
    /// The typical block is on the right side of the limit, all of them together are not.
    Total,
    /// With as many gates at once, so much comes by chance.
    Chance,
}

impl Excess {
    /// Over a limit that is a number.
    pub(super) fn over_literal(observed: &[f64], limit: f64, comparing: Comparing) -> Self {
        let over: Vec<f64> = observed.iter().map(|it| comparing.distance(*it, limit)).collect();
        Self { harm: over.clone(), over }
    }

    /// Over a limit that follows another figure: `followed * factor + slack`. Where both are the same figure of the two
    /// sides, `is_migration`, a gate that allows for more than that is not failed by what may be no difference at all.
    pub(super) fn over_relative(
        observed: &[f64],
        followed: &[f64],
        (factor, slack): (f64, f64),
        is_migration: bool,
        comparing: Comparing,
    ) -> Self {
        let pairs = || observed.iter().zip(followed);
        let over: Vec<f64> = pairs().map(|(one, other)| comparing.distance(*one, other * factor + slack)).collect();
        let harm = pairs()
            .zip(&over)
            .map(|((one, other), over)| if is_migration { comparing.distance(*one, *other).max(*over) } else { *over });
        Self { harm: harm.collect(), over }
    }
}

impl Comparing {
    /// How far a figure lies beyond a limit.
    fn distance(self, figure: f64, limit: f64) -> f64 {
        let more = if self.as_ratio { figure.max(SMALLEST).ln() - limit.max(SMALLEST).ln() } else { figure - limit };
        if self.more_is_worse { more } else { -more }
    }

    /// A distance from the limit as the figure that lies so far from it.
    pub(super) fn at_distance(self, distance: f64, limit: f64) -> f64 {
        let more = if self.more_is_worse { distance } else { -distance };
        if self.as_ratio { limit * more.exp() } else { limit + more }
    }
}

/// Whether the observations meet a limit.
///
/// - **Fail**: harm is shown (the interval of [`Excess::harm`] lies above zero, and chance does not make it so large among all
///   gates that are judged at once), and the estimate is past the limit.
/// - **Pass**: the whole interval of [`Excess::over`] meets the limit, and so do all requests together.
/// - Else nothing is decided.
pub(super) fn decide(excess: &Excess, chance: Option<f64>, total_holds: bool, is_strict: bool) -> Call {
    let both = statistics::location(&excess.over, ALPHA).zip(statistics::location(&excess.harm, ALPHA));
    let Some((over, harm)) = both else {
        return Call { status: Verdict::Inconclusive, estimate: None, needed: None, doubt: Some(Doubt::TooFew) };
    };
    let meets = |distance: f64| if is_strict { distance < 0.0 } else { distance <= 0.0 };
    let is_harm = harm.low > 0.0 && !meets(over.value);
    let (status, doubt) = match () {
        () if is_harm && chance.is_none_or(|chance| chance <= ALPHA) => (Verdict::Fail, None),
        () if is_harm => (Verdict::Inconclusive, Some(Doubt::Chance)),
        () if meets(over.high) && total_holds => (Verdict::Pass, None),
        () if meets(over.high) => (Verdict::Inconclusive, Some(Doubt::Total)),
        () => (Verdict::Inconclusive, Some(Doubt::Open)),
    };
    let needed = doubt.filter(|doubt| *doubt != Doubt::Total).and_then(|_| needed(excess, &over, &harm));
    Call { status, estimate: Some(over), needed, doubt }
}

/// How many observations would decide it, if the next ones are as the last: the distance that must be told from nothing is
/// that from the estimate to the limit, or, where it is past the limit, to what is no harm.
fn needed(excess: &Excess, over: &Estimate, harm: &Estimate) -> Option<u64> {
    let (values, distance) = if over.value <= 0.0 { (&excess.over, -over.value) } else { (&excess.harm, harm.value) };
    statistics::needed(statistics::deviation(values), distance)
}
