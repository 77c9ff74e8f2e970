//! Gates and targets of a plan, and whether the plan can measure them.

use super::super::fields::{elements, text};
use super::super::gate::{Metric, Quantity, Scope, Subject};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Gate, Plan, Side, SideKind};
use crate::diagnostic::did_you_mean;

type Refusal = (String, Option<String>);

pub(super) fn gates(node: Option<&Node>, plan: &Plan, problems: &mut Problems<'_>) -> Vec<Gate> {
    let mut gates = Vec::new();
    for node in elements(node, problems) {
        let Some(text) = text(node, problems) else { continue };
        match Gate::parse(text) {
            Err(error) => {
                problems.part(node, node.part(error.offset, error.len), error.message, error.suggestion);
            }
            Ok(gate) => {
                // A side that could not be read was told already.
                let is_whole = plan.roles().len() == 2;
                let checked = if is_whole { admits(plan, &gate) } else { knows_scopes(plan, &gate) };
                if let Err((message, hint)) = checked {
                    problems.value(node, message, hint);
                }
                gates.push(gate);
            }
        }
    }
    gates
}

/// Whether a plan can measure what a gate asks for.
pub(in super::super) fn admits(plan: &Plan, gate: &Gate) -> Result<(), Refusal> {
    knows_scopes(plan, gate)?;
    gate.metrics().try_for_each(|metric| measures(plan, metric))
}

fn knows_scopes(plan: &Plan, gate: &Gate) -> Result<(), Refusal> {
    gate.metrics().filter_map(|metric| metric.scope.as_ref()).try_for_each(|scope| knows(plan, scope))
}

fn measures(plan: &Plan, metric: &Metric) -> Result<(), Refusal> {
    let Subject::Side(role) = metric.subject else {
        let is_possible = plan.roles().len() == 2;
        let refusal = || (format!("`{metric}` is not measured: {} needs both sides", metric.subject.name()), None);
        if metric.quantity == Quantity::ParityCoverage && plan.contract.is_none() {
            let hint = "say where its OpenAPI document is: `contract: openapi.json` for a file beside the plan, `contract: /openapi.json` for what the baseline serves";
            return Err((format!("`{metric}` is not measured: the plan names no contract"), Some(hint.to_owned())));
        }
        is_possible.then_some(()).ok_or_else(refusal)?;
        return if metric.subject == Subject::State { has_databases(plan, metric) } else { Ok(()) };
    };
    let Some(side) = plan.sides.get(role) else {
        return Err((format!("`{metric}` is not measured: the plan has no {role}"), None));
    };
    if metric.quantity.is_pool() && side.metrics.is_none() {
        let hint = format!("give side `{role}` its endpoint: `metrics: /metrics`, or `--{role}-metrics /metrics`");
        return Err((format!("`{metric}` is not measured: side `{role}` has no metrics"), Some(hint)));
    }
    if metric.quantity.is_process() && matches!(side.kind, SideKind::Url { .. }) {
        let hint = "only a side that cutover starts has a process that can be watched".to_owned();
        return Err((format!("`{metric}` is not measured: side `{role}` is known by its URL only"), Some(hint)));
    }
    Ok(())
}

/// Whether the harness knows both databases.
fn has_databases(plan: &Plan, metric: &Metric) -> Result<(), Refusal> {
    let is_url = |side: &Option<Side>| side.as_ref().is_some_and(|side| matches!(side.kind, SideKind::Url { .. }));
    match plan.sides.iter().find(|(_, side)| is_url(side)) {
        None => Ok(()),
        Some((role, _)) => {
            let hint = "only databases that cutover makes can be compared".to_owned();
            Err((format!("`{metric}` is not measured: side `{role}` is known by its URL only"), Some(hint)))
        }
    }
}

fn knows(plan: &Plan, scope: &Scope) -> Result<(), Refusal> {
    let flows = plan.flows.iter().map(|flow| &*flow.name);
    let Some(flow) = plan.flows.iter().find(|flow| flow.name == scope.flow) else {
        return Err((format!("unknown flow `{}`", scope.flow), did_you_mean(&scope.flow, flows)));
    };
    let steps = flow.steps.iter().map(|step| &*step.name);
    match &scope.step {
        Some(step) if !steps.clone().any(|name| name == step) => {
            Err((format!("flow `{}` has no step `{step}`", flow.name), did_you_mean(step, steps)))
        }
        _ => Ok(()),
    }
}
