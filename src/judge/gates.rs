//! What becomes of one gate.

use super::blocks::Observations;
use super::metrics::{Absence, Figure, look_up};
use super::paired::Excess;
use super::ways::{Way, way};
use super::{family, pool, words};
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Metric, Quantity, Subject};
use crate::record::load::EarlyStop;
use crate::record::load_parity::LoadParity;
use crate::record::{GateResult, RunRecord, Verdict};
use crate::role::Role;

/// A gate that was judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) result: GateResult,
    /// Whether it has a part in the verdict.
    pub(super) decides: bool,
    /// Pairs of blocks that would settle it, if more of them would.
    pub(super) pairs_needed: Option<u64>,
}

impl Judged {
    const fn new(result: GateResult) -> Self {
        Self { decides: result.decides, result, pairs_needed: None }
    }
}

/// The gates as written, after those that stand unless somebody gives them up in writing: no breaking difference, where
/// answers were compared, without load or under it, or databases should have been, and no wait for a connection given up,
/// and no connection that did not come back, where the candidate's pool was watched under load and after it. And where more
/// than [`MOST_FAILED`] of the candidate's requests failed, they must not: what is refused at once looks fast.
///
/// All of them are about `role` where they speak of the candidate.
pub(super) fn with_implied(evidence: &RunRecord, gates: &[Gate], role: Role) -> Vec<Gate> {
    let side = evidence.load.as_ref().and_then(|load| load.sides.get(role).as_ref());
    let is_rest_known =
        side.and_then(|side| side.after.as_ref()).is_some_and(|after| after.leaked_connections.is_some());
    let is_watched = side.and_then(|side| side.pool.as_ref()).is_some_and(|pool| pool.timeouts.is_some());
    // Databases without a table of both sides prove nothing either way.
    let has_databases = evidence.state.as_ref().is_some_and(|state| {
        state.skipped.is_none() && (state.tables > 0 || state.breaking > 0 || state.failure.is_some())
    });
    let is_compared = evidence.load.as_ref().and_then(|load| load.parity.as_ref()).is_some_and(LoadParity::is_basis);
    let implied = [
        (evidence.parity.is_some(), Subject::Parity, Quantity::ParityBreaking),
        (is_compared, Subject::Parity, Quantity::ParityLoadBreaking),
        (is_watched, Subject::Side(Role::Candidate), Quantity::PoolTimeouts),
        (is_rest_known, Subject::Side(Role::Candidate), Quantity::LeakConnections),
        (has_databases, Subject::State, Quantity::StateBreaking),
    ];
    let is_written = |quantity| gates.iter().any(|gate| gate.metric.quantity == quantity);
    let missing = implied.into_iter().filter(|(applies, _, quantity)| *applies && !is_written(*quantity));
    let zeros = missing.map(|(_, subject, quantity)| must_be_zero(subject, quantity));
    let fails = side.and_then(|side| side.error_rate).is_some_and(|rate| rate > MOST_FAILED);
    let errors = Metric { subject: Subject::Side(Role::Candidate), quantity: Quantity::ErrorRate, scope: None };
    let is_gated = gates.iter().any(|gate| gate.metric == errors);
    // Without any gate there are figures and no verdict.
    let may_not_fail = (fails && !is_gated && !gates.is_empty()).then(|| must_not_fail(errors));
    zeros.chain(may_not_fail).chain(gates.iter().cloned()).map(|gate| gate.about(role)).collect()
}

/// Share of failed requests that nobody needs to write a gate against.
const MOST_FAILED: f64 = 0.05;

fn must_not_fail(metric: Metric) -> Gate {
    let limit = Limit::Literal(MOST_FAILED);
    Gate {
        source: format!("{metric} <= {:.0}%", MOST_FAILED * 1e2),
        metric,
        comparison: Comparison::LessOrEqual,
        limit,
    }
}

/// A gate that stands although nobody wrote it.
pub(super) fn must_be_zero(subject: Subject, quantity: Quantity) -> Gate {
    let metric = Metric { subject, quantity, scope: None };
    Gate { source: format!("{metric} == 0"), metric, comparison: Comparison::Equal, limit: Limit::Literal(0.0) }
}

/// Judges gates on one side; the relative ones among them as one family.
pub(super) fn judge(evidence: &RunRecord, gates: &[Gate], role: Role) -> Vec<Judged> {
    let cases: Vec<Case> = gates.iter().map(|gate| Case::new(evidence, gate, role)).collect();
    let relative: Vec<_> = cases.iter().map(Case::relative).collect();
    let chances = family::chances(&relative, evidence.run.seed);
    cases.iter().zip(chances).map(|(case, chance)| case.judge(chance)).collect()
}

/// The old system is what it is; a gate on it says nothing of the new one.
fn is_about_alone(gate: &Gate, role: Role) -> bool {
    gate.metrics().all(|metric| metric.subject == Subject::Side(role))
}

/// What a gate compares, over the whole run.
pub(super) struct Figures {
    pub(super) observed: Figure,
    /// What a relative limit follows.
    pub(super) followed: Option<Figure>,
    pub(super) limit: f64,
}

/// A gate with everything that it is judged by.
struct Case<'g> {
    gate: &'g Gate,
    /// The side that is judged.
    role: Role,
    found: Result<(Figures, Way), Absence>,
    /// What ended the load, in words, where it was past saving for this gate.
    past_saving: Option<String>,
    /// Why what was seen of the pool is not enough for a pass.
    unseen: Option<String>,
}

impl<'g> Case<'g> {
    fn new(evidence: &RunRecord, gate: &'g Gate, role: Role) -> Self {
        let found = figures(evidence, gate).map(|figures| {
            let way = way(evidence, gate, &figures);
            (figures, way)
        });
        let stopped = evidence.load.as_ref().and_then(|load| load.stopped.as_ref());
        let past_saving = stopped.filter(|stopped| is_no_laxer(gate, stopped)).map(EarlyStop::in_words);
        Self { gate, role, found, past_saving, unseen: pool::unseen(evidence, &gate.metric) }
    }

    /// A gate on the other side alone is none on the one that is judged.
    fn is_asked_for(&self) -> bool {
        !is_about_alone(self.gate, self.role.other())
    }

    /// What the family of relative gates is tested by.
    fn relative(&self) -> Option<(&Observations, &Excess)> {
        match (&self.found, &self.gate.limit) {
            (Ok((_, Way::Blocks(Ok((observations, excess))))), Limit::Relative { .. }) if self.is_asked_for() => {
                Some((observations, excess))
            }
            _ => None,
        }
    }

    fn judge(&self, chance: Option<f64>) -> Judged {
        let gate = self.gate;
        let is_asked_for = self.is_asked_for();
        let (figures, way) = match &self.found {
            Ok((figures, way)) => (figures, way),
            Err(Absence::NoData(why)) => {
                let result = unknown(gate, Verdict::Invalid, why.clone());
                return Judged::new(GateResult { decides: is_asked_for, ..result });
            }
            Err(Absence::NotAsked(why)) => {
                let result = unknown(gate, Verdict::Inconclusive, format!("not judged: {why}"));
                return Judged::new(GateResult { decides: false, ..result });
            }
        };
        let mut settled = way.settle(gate, figures, chance);
        if let Some(words) = self.past_saving.as_ref().filter(|_| settled.status != Verdict::Fail) {
            settled.status = Verdict::Fail;
            settled.doubt = Some(format!("past saving when the load ended: {words}"));
        }
        if let Some(words) = self.unseen.as_ref().filter(|_| settled.status == Verdict::Pass) {
            settled.status = Verdict::Inconclusive;
            settled.doubt = Some(words.clone());
        }
        let by_estimate = settled.estimate.as_ref().and_then(|estimate| estimate.pairs_needed);
        let pairs_needed = by_estimate.or(settled.pairs_needed);
        let mut reason = words::figures(gate, figures);
        for part in [settled.basis, Some(words::samples(&gate.metric, figures)), settled.doubt].into_iter().flatten() {
            reason.extend(["; ", &part]);
        }
        if !is_asked_for {
            reason.extend(["; reported only: the ", self.role.other().name(), " alone decides nothing"]);
        }
        let result = GateResult {
            observed: Some(figures.observed.value),
            limit: Some(figures.limit),
            interval: settled.estimate.as_ref().map(|estimate| [estimate.low, estimate.high]),
            estimate: settled.estimate,
            samples: figures.observed.samples.min(figures.followed.map_or(u64::MAX, |followed| followed.samples)),
            decides: is_asked_for,
            ..unknown(gate, settled.status, reason)
        };
        Judged { pairs_needed, ..Judged::new(result) }
    }
}

/// Whether a gate is the one that ended the load, or asks for no less of the same figure.
fn is_no_laxer(gate: &Gate, stopped: &EarlyStop) -> bool {
    let is_at_most = !matches!(gate.comparison, Comparison::Greater | Comparison::GreaterOrEqual);
    let is_about = Gate::parse(&stopped.gate).is_ok_and(|ended| ended.metric == gate.metric);
    is_about && is_at_most && matches!(gate.limit, Limit::Literal(limit) if limit <= stopped.limit)
}

fn figures(evidence: &RunRecord, gate: &Gate) -> Result<Figures, Absence> {
    let observed = look_up(evidence, &gate.metric)?;
    Ok(match &gate.limit {
        Limit::Literal(limit) => Figures { observed, followed: None, limit: *limit },
        Limit::Relative { metric, factor, slack } => {
            let followed = look_up(evidence, metric)?;
            Figures { observed, followed: Some(followed), limit: followed.value * factor + slack }
        }
    })
}

fn unknown(gate: &Gate, status: Verdict, reason: String) -> GateResult {
    let limit = if let Limit::Literal(limit) = gate.limit { Some(limit) } else { None };
    GateResult {
        expr: gate.source.clone(),
        status,
        observed: None,
        limit,
        unit: gate.metric.quantity.unit().name().to_owned(),
        interval: None,
        estimate: None,
        samples: 0,
        decides: true,
        reason,
    }
}
