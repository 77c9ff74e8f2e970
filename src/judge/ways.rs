//! The ways in which gates are decided, each with what it needs, and how it comes to a word.

use super::blocks::{self, Observations, Shortage};
use super::gates::Figures;
use super::paired::{self, Call, Comparing, Doubt, Excess};
use super::shares::{self, Share};
use super::words;
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Metric, Quantity, Subject};
use crate::record::{Estimate, Load, RunRecord, Scale, Verdict};
use crate::role::Role;
use crate::statistics::Window;
use crate::units::format_count;

/// How a gate is decided, and by what.
pub(super) enum Way {
    /// The figure against its limit: counts of all there was, and what has no parts.
    Literal,
    /// By what single blocks came to.
    Blocks(Result<(Observations, Excess), Shortage>),
    /// By requests that failed.
    Failures(Share, u64),
    /// By samples in which the pool was used up.
    Saturation(Share),
}

/// What a gate came to.
pub(super) struct Settled {
    pub(super) status: Verdict,
    pub(super) estimate: Option<Estimate>,
    /// What it rests on, in words.
    pub(super) basis: Option<String>,
    /// What is in its way, and what would settle it.
    pub(super) doubt: Option<String>,
    /// Pairs of blocks that would, where no estimate says so.
    pub(super) pairs_needed: Option<u64>,
}

impl Settled {
    fn undecided(doubt: String) -> Self {
        Self { status: Verdict::Inconclusive, estimate: None, basis: None, doubt: Some(doubt), pairs_needed: None }
    }
}

/// How a gate is to be decided.
pub(super) fn way(evidence: &RunRecord, gate: &Gate, figures: &Figures) -> Way {
    let (Some(load), Subject::Side(role)) = (&evidence.load, gate.metric.subject) else { return Way::Literal };
    let is_at_most = matches!(gate.comparison, Comparison::Less | Comparison::LessOrEqual);
    match (gate.metric.quantity, &gate.limit) {
        _ if gate.comparison == Comparison::Equal => Way::Literal,
        (Quantity::ErrorRate, Limit::Literal(limit)) if is_at_most && *limit > 0.0 => {
            failures(load, role, &gate.metric, figures)
        }
        (Quantity::PoolSaturatedShare, Limit::Literal(_)) if is_at_most => evidence
            .observations
            .get(role)
            .as_ref()
            .map_or(Way::Literal, |samples| Way::Saturation(shares::saturation(load, role, samples))),
        (Quantity::ErrorRate, Limit::Literal(_)) => Way::Literal,
        (_, Limit::Literal(limit)) if *limit <= 0.0 => Way::Literal,
        (quantity, Limit::Literal(_)) if blocks::has_blocks(quantity) => Way::Blocks(over_blocks(load, gate)),
        (quantity, Limit::Relative { metric, .. })
            if blocks::has_blocks(quantity) && blocks::has_blocks(metric.quantity) =>
        {
            Way::Blocks(over_blocks(load, gate))
        }
        _ => Way::Literal,
    }
}

fn failures(load: &Load, role: Role, metric: &Metric, figures: &Figures) -> Way {
    let all = figures.observed.samples;
    let total = Window { all, hits: (figures.observed.value * all as f64).round() as u64 };
    let blocks = load.blocks.iter().filter(|block| block.side == role).count() as u64;
    let share = match &metric.scope {
        None => shares::failures(load, role, total),
        Some(scope) => {
            let names = load.sides.get(role).as_ref().map_or(&[][..], |side| &side.steps);
            let is_meant = |step: usize| {
                names.get(step).is_some_and(|name| {
                    name.flow == scope.flow && scope.step.as_ref().is_none_or(|only| *only == name.step)
                })
            };
            shares::failures_of_steps(load, role, is_meant, total)
        }
    };
    Way::Failures(share, blocks)
}

fn over_blocks(load: &Load, gate: &Gate) -> Result<(Observations, Excess), Shortage> {
    let comparing = comparing(gate);
    match &gate.limit {
        Limit::Literal(limit) => {
            let observations = blocks::observe(load, &gate.metric, None)?;
            let excess = Excess::over_literal(&observations.observed, *limit, comparing);
            Ok((observations, excess))
        }
        Limit::Relative { metric, factor, slack } => {
            let observations = blocks::observe(load, &gate.metric, Some(metric))?;
            let is_migration = metric.quantity == gate.metric.quantity && observations.is_paired;
            let (observed, followed) = (&observations.observed, &observations.followed);
            let excess = Excess::over_relative(observed, followed, (*factor, *slack), is_migration, comparing);
            Ok((observations, excess))
        }
    }
}

fn comparing(gate: &Gate) -> Comparing {
    Comparing {
        as_ratio: gate.metric.quantity != Quantity::ErrorRate,
        more_is_worse: matches!(gate.comparison, Comparison::Less | Comparison::LessOrEqual),
        is_strict: matches!(gate.comparison, Comparison::Less | Comparison::Greater),
    }
}

impl Way {
    /// The word, and what it rests on. `chance`: see [`super::family`].
    pub(super) fn settle(&self, gate: &Gate, figures: &Figures, chance: Option<f64>) -> Settled {
        let holds = gate.comparison.holds(figures.observed.value, figures.limit);
        match self {
            Self::Literal => literal(figures, holds),
            Self::Blocks(Err(shortage)) => short(shortage),
            Self::Blocks(Ok((observations, excess))) => {
                let comparing = comparing(gate);
                let call = paired::decide(excess, chance, holds, comparing.is_strict);
                let estimate = estimate(gate, observations, &call, chance);
                let basis = estimate.as_ref().map(|estimate| words::basis(gate, estimate));
                let doubt = call.doubt.map(|doubt| words::doubt(doubt, observations, chance, estimate.as_ref()));
                Settled { status: call.status, estimate, basis, doubt, pairs_needed: None }
            }
            Self::Failures(share, blocks) => of_failures(gate, share, *blocks, figures.limit, holds),
            Self::Saturation(share) => of_saturation(share, figures.limit, holds),
        }
    }
}

fn literal(figures: &Figures, holds: bool) -> Settled {
    let too_few = [Some(figures.observed), figures.followed].into_iter().flatten().find(|it| it.samples < it.needed);
    let status = match (too_few, holds) {
        (Some(_), _) => Verdict::Inconclusive,
        (None, true) => Verdict::Pass,
        (None, false) => Verdict::Fail,
    };
    Settled {
        status,
        estimate: None,
        basis: None,
        doubt: too_few.map(|few| words::too_few(few.needed)),
        pairs_needed: None,
    }
}

fn short(shortage: &Shortage) -> Settled {
    let (doubt, pairs_needed) = match shortage {
        Shortage::Unknown => ("what single blocks came to is not on record".to_owned(), None),
        Shortage::Samples { needed, pairs } => {
            let more = pairs.map(|pairs| format!(", and about {} pairs of blocks have enough", format_count(pairs)));
            (words::too_few(*needed) + &more.unwrap_or_default(), *pairs)
        }
    };
    Settled { pairs_needed, ..Settled::undecided(doubt) }
}

fn estimate(gate: &Gate, observations: &Observations, call: &Call, chance: Option<f64>) -> Option<Estimate> {
    let found = call.estimate?;
    let comparing = comparing(gate);
    let (scale, limit) = match &gate.limit {
        Limit::Literal(limit) => (Scale::Value, *limit),
        Limit::Relative { factor, .. } if comparing.as_ratio => (Scale::Ratio, *factor),
        // What is over the limit, as the difference that is over the slack.
        Limit::Relative { slack, .. } => (Scale::Difference, *slack),
    };
    let at = |distance: f64| finite(comparing.at_distance(distance, limit));
    let ends = [at(found.low), at(found.high)];
    let blocks = observations.pairs.iter().map(Vec::len).sum::<usize>() as u64;
    let per_observation = blocks.div_ceil(found.observations.max(1) as u64);
    // More than there were, or they would have decided it.
    let needed = call.needed.filter(|_| matches!(call.doubt, Some(Doubt::Open | Doubt::Chance)));
    Some(Estimate {
        scale,
        value: at(found.value),
        low: ends[0].min(ends[1]),
        high: ends[0].max(ends[1]),
        limit,
        method: found.method.name().to_owned(),
        of: if observations.is_paired { "pairs" } else { "blocks" }.to_owned(),
        observations: found.observations as u64,
        blocks,
        chance,
        pairs_needed: needed.map(|count| (count * per_observation).max(blocks + 1)),
    })
}

/// JSON has no infinity.
fn finite(value: f64) -> f64 {
    value.clamp(-1e300, 1e300)
}

/// Fail: more failed than may, or so much in so short a time that it cannot be chance. Pass: the whole interval is within
/// the limit.
fn of_failures(gate: &Gate, share: &Share, blocks: u64, limit: f64, holds: bool) -> Settled {
    let Some([low, high]) = share.interval() else {
        return Settled { status: Verdict::Inconclusive, estimate: None, basis: None, doubt: None, pairs_needed: None };
    };
    let evidence = share.evidence_against(limit);
    let is_within = gate.comparison.holds(high, limit);
    let (status, times) = match () {
        () if !holds || evidence.is_some() => (Verdict::Fail, None),
        () if is_within => (Verdict::Pass, None),
        () => (Verdict::Inconclusive, share.times_needed(limit)),
    };
    let estimate = Estimate {
        scale: Scale::Value,
        value: share.total.hits as f64 / share.total.all as f64,
        low,
        high,
        limit,
        method: "clopper-pearson".to_owned(),
        of: "requests".to_owned(),
        observations: share.total.all,
        blocks,
        chance: None,
        pairs_needed: times.map(|times| times.saturating_mul(blocks).max(blocks + 1)),
    };
    let basis = words::share(&estimate, evidence);
    let doubt = (status == Verdict::Inconclusive).then(|| words::settled_by(estimate.pairs_needed));
    Settled { status, estimate: Some(estimate), basis: Some(basis), doubt, pairs_needed: None }
}

/// Samples that follow each other are hardly independent, and a burst fills a pool for a moment: past the limit is a fail
/// only with evidence that does not come by chance.
fn of_saturation(share: &Share, limit: f64, holds: bool) -> Settled {
    let evidence = share.evidence_against(limit);
    let status = match (holds, evidence) {
        (true, _) => Verdict::Pass,
        (false, Some(_)) => Verdict::Fail,
        (false, None) => Verdict::Inconclusive,
    };
    let doubt = (status == Verdict::Inconclusive)
        .then(|| "past the limit, but a few moments may have done that: more pairs would tell".to_owned());
    Settled { status, estimate: None, basis: None, doubt, pairs_needed: None }
}
