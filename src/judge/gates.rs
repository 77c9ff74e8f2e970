//! What becomes of one gate.

use super::metrics::{Absence, Figure, look_up};
use crate::plan::Gate;
use crate::plan::gate::{Comparison, Limit, Metric, Quantity, Subject};
use crate::record::load_parity::LoadParity;
use crate::record::{GateResult, RunRecord, Verdict};
use crate::role::Role;
use crate::units;

/// A gate that was judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub(super) result: GateResult,
    /// Whether it has a part in the verdict.
    pub(super) decides: bool,
}

/// The gates as written, after those that stand unless somebody gives them up in writing: no breaking difference, where
/// answers were compared, without load or under it, or databases should have been, and no wait for a connection given up,
/// and no connection that did not come back, where the candidate's pool was watched under load and after it.
pub(super) fn with_implied(evidence: &RunRecord, gates: &[Gate]) -> Vec<Gate> {
    let candidate = evidence.load.as_ref().and_then(|load| load.sides.candidate.as_ref());
    let is_rest_known =
        candidate.and_then(|side| side.after.as_ref()).is_some_and(|after| after.leaked_connections.is_some());
    let is_watched = candidate.and_then(|side| side.pool.as_ref()).is_some_and(|pool| pool.timeouts.is_some());
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
    missing.map(|(_, subject, quantity)| must_be_zero(subject, quantity)).chain(gates.iter().cloned()).collect()
}

fn must_be_zero(subject: Subject, quantity: Quantity) -> Gate {
    let metric = Metric { subject, quantity, scope: None };
    Gate { source: format!("{metric} == 0"), metric, comparison: Comparison::Equal, limit: Limit::Literal(0.0) }
}

/// Judges one gate.
pub(super) fn judge(evidence: &RunRecord, gate: &Gate) -> Judged {
    let is_asked_for = !is_about_baseline_alone(gate);
    match figures(evidence, gate) {
        Ok(figures) => Judged { result: compare(gate, &figures), decides: is_asked_for },
        Err(Absence::NoData(why)) => Judged { result: unknown(gate, Verdict::Invalid, why), decides: is_asked_for },
        Err(Absence::NotAsked(why)) => {
            let why = format!("not judged: {why}");
            Judged { result: unknown(gate, Verdict::Inconclusive, why), decides: false }
        }
    }
}

/// The old system is what it is; a gate on it says nothing of the new one.
fn is_about_baseline_alone(gate: &Gate) -> bool {
    let is_baseline = |metric: &Metric| metric.subject == Subject::Side(Role::Baseline);
    is_baseline(&gate.metric)
        && match &gate.limit {
            Limit::Literal(_) => true,
            Limit::Relative { metric, .. } => is_baseline(metric),
        }
}

/// What a gate compares.
struct Figures {
    observed: Figure,
    /// What a relative limit follows.
    followed: Option<Figure>,
    limit: f64,
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

fn compare(gate: &Gate, figures: &Figures) -> GateResult {
    let mut reason = in_words(gate, figures);
    let too_few = [Some(figures.observed), figures.followed].into_iter().flatten().find(|it| it.samples < it.needed);
    let status = if let Some(few) = too_few {
        reason.extend(["; too few: ", &units::format_count(few.needed), " are needed"]);
        Verdict::Inconclusive
    } else if gate.comparison.holds(figures.observed.value, figures.limit) {
        Verdict::Pass
    } else {
        Verdict::Fail
    };
    if is_about_baseline_alone(gate) {
        reason += "; reported only: the baseline alone decides nothing";
    }
    GateResult {
        observed: Some(figures.observed.value),
        limit: Some(figures.limit),
        samples: figures.observed.samples.min(figures.followed.map_or(u64::MAX, |followed| followed.samples)),
        ..unknown(gate, status, reason)
    }
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
        samples: 0,
        reason,
    }
}

/// `candidate.p95 for browse 812 ms, limit <= 502 ms (baseline.p95 for browse 400 ms × 1.25 + 2.00 ms); 18 204 samples`
fn in_words(gate: &Gate, figures: &Figures) -> String {
    let unit = gate.metric.quantity.unit();
    format!(
        "{} {}, limit {} {}{}; {}",
        scoped(&gate.metric),
        unit.format(figures.observed.value),
        gate.comparison,
        unit.format(figures.limit),
        followed(gate, figures).unwrap_or_default(),
        samples(&gate.metric, figures),
    )
}

/// Where a relative limit comes from.
fn followed(gate: &Gate, figures: &Figures) -> Option<String> {
    let Limit::Relative { metric, factor, slack } = &gate.limit else { return None };
    let unit = gate.metric.quantity.unit();
    let value = metric.quantity.unit().format(figures.followed?.value);
    let slack = match slack {
        slack if *slack > 0.0 => format!(" + {}", unit.format(*slack)),
        slack if *slack < 0.0 => format!(" - {}", unit.format(-slack)),
        _ => String::new(),
    };
    Some(format!(" ({} {value} × {factor}{slack})", scoped(metric)))
}

/// A metric as gates spell it, with its scope.
fn scoped(metric: &Metric) -> String {
    metric.scope.as_ref().map_or_else(|| metric.to_string(), |scope| format!("{metric} for {scope}"))
}

fn samples(metric: &Metric, figures: &Figures) -> String {
    let what = match metric.quantity {
        _ if metric.subject == Subject::Parity => "answers compared",
        _ if metric.subject == Subject::State => "rows compared",
        Quantity::Requests
        | Quantity::Errors
        | Quantity::ErrorRate
        | Quantity::Throughput
        | Quantity::LeakConnections => "requests",
        _ => "samples",
    };
    let own = units::format_count(figures.observed.samples);
    match figures.followed {
        Some(followed) if followed.samples != figures.observed.samples => {
            format!("{own} and {} {what}", units::format_count(followed.samples))
        }
        _ => format!("{own} {what}"),
    }
}
