//! Compare rules of a plan: their places and scopes. What the kinds need is read in [`super::rule_kind`].

use super::super::fields::{Fields, elements, text, whole};
use super::super::keys::{COMPARE, IGNORE, MAX_NOISE_RUNS, RULE};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Compare, Flow, Rule, RuleKind, RulePlace};
use super::rule_kind;
use crate::diagnostic::did_you_mean;

pub(super) fn compare(node: Option<&Node>, flows: &[Flow], problems: &mut Problems<'_>) -> Compare {
    let Some(fields) = node.and_then(|node| Fields::open(node, &COMPARE, problems)) else { return Compare::default() };
    let mut rules: Vec<(usize, Rule)> = Vec::new();
    for node in elements(fields.get("ignore"), problems) {
        let Some(fields) = Fields::open(node, &IGNORE, problems) else { continue };
        rules.extend(rule(&fields, Some(RuleKind::Ignore), flows, problems).map(|rule| (node.span.start, rule)));
    }
    for node in elements(fields.get("rules"), problems) {
        let Some(fields) = Fields::open(node, &RULE, problems) else { continue };
        let kind = rule_kind::kind(&fields, problems);
        rules.extend(rule(&fields, kind, flows, problems).map(|rule| (node.span.start, rule)));
    }
    rules.sort_by_key(|(start, _)| *start);
    let state = super::state::state(fields.get("state"), problems);
    let ids = fields.get("ids").map(|node| super::ids::ids(node, flows, problems)).unwrap_or_default();
    let noise_runs = fields.get("noise_runs").and_then(|node| whole(node, 0..=MAX_NOISE_RUNS, problems));
    let noise_runs = noise_runs.and_then(|runs| u32::try_from(runs).ok());
    Compare { rules: rules.into_iter().map(|(_, rule)| rule).collect(), ids, noise_runs, state }
}

fn rule(fields: &Fields<'_>, kind: Option<RuleKind>, flows: &[Flow], problems: &mut Problems<'_>) -> Option<Rule> {
    let path = fields.get("path").and_then(|node| body_place(node, problems));
    let header = fields.get("header").and_then(|node| header_place(node, kind.as_ref(), problems));
    let reason = fields.get("reason").and_then(|node| text(node, problems));
    let (flow, step) = scope(fields.get("flow"), fields.get("step"), flows, problems);
    let place = path.or(header)?;
    Some(Rule { place, kind: kind?, reason: reason?.to_owned(), flow, step })
}

fn body_place(node: &Node, problems: &mut Problems<'_>) -> Option<RulePlace> {
    super::step::json_path(node, text(node, problems)?, problems).map(RulePlace::Body)
}

fn header_place(node: &Node, kind: Option<&RuleKind>, problems: &mut Problems<'_>) -> Option<RulePlace> {
    let only_in_bodies = match kind {
        Some(RuleKind::Keyed { .. }) => Some("keyed"),
        Some(RuleKind::Schema { .. }) => Some("schema"),
        _ => None,
    };
    if let Some(kind) = only_in_bodies {
        let hint = "for headers there are `datetime`, `uuid`, `number`, `unordered` and `matches`".to_owned();
        problems.value(node, format!("`{kind}` is for places in a body"), Some(hint));
    }
    super::step::header_name(node, text(node, problems)?, problems).map(RulePlace::Header)
}

/// A flow and a step that the plan has.
pub(super) fn scope(
    flow: Option<&Node>,
    step: Option<&Node>,
    flows: &[Flow],
    problems: &mut Problems<'_>,
) -> (Option<String>, Option<String>) {
    let names = flows.iter().map(|flow| &*flow.name);
    let flow_name = flow.and_then(|node| known(node, names, "flow", problems));
    let steps: Vec<&str> = flows
        .iter()
        .filter(|flow| flow_name.as_ref().is_none_or(|name| *name == flow.name))
        .flat_map(|flow| flow.steps.iter().map(|step| &*step.name))
        .collect();
    let step_name = step.and_then(|node| known(node, steps.iter().copied(), "step", problems));
    (flow_name, step_name)
}

fn known<'a>(
    node: &Node,
    names: impl Iterator<Item = &'a str> + Clone,
    what: &str,
    problems: &mut Problems<'_>,
) -> Option<String> {
    let name = text(node, problems)?;
    if names.clone().any(|known| known == name) {
        return Some(name.to_owned());
    }
    problems.value(node, format!("unknown {what} `{name}`"), did_you_mean(name, names));
    None
}
