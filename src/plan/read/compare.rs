//! Compare rules of a plan.

use std::time::Duration;

use super::super::fields::{Fields, choice, duration, elements, text};
use super::super::keys::{COMPARE, IGNORE, LATER_KINDS, RULE, RULE_KINDS};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Compare, Flow, Rule, RuleKind, RulePlace};
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
        let kind = kind(&fields, problems);
        rules.extend(rule(&fields, kind, flows, problems).map(|rule| (node.span.start, rule)));
    }
    rules.sort_by_key(|(start, _)| *start);
    let ids = fields.get("ids").map(|node| super::ids::ids(node, flows, problems)).unwrap_or_default();
    Compare { rules: rules.into_iter().map(|(_, rule)| rule).collect(), ids }
}

fn kind(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<RuleKind> {
    let (kind, within) = (fields.get("as"), fields.get("within"));
    let most = Duration::from_hours(8784);
    let within = within.map(|node| duration(node, Duration::ZERO..=most, problems));
    let word = text(kind?, problems)?;
    let first = word.split_whitespace().next().unwrap_or("");
    if LATER_KINDS.contains(&first) {
        let hint = "of the kinds of rules only `datetime` is there yet, and `ignore` as a list of its own".to_owned();
        problems.value(kind?, format!("`as: {first}` is not supported yet"), Some(hint));
        return None;
    }
    if first == "ignore" {
        problems.value(kind?, "a place that is ignored is no rule", Some("put it under `ignore:`".to_owned()));
        return None;
    }
    choice(kind?, RULE_KINDS, "kind of rule", problems)?;
    if within.is_none() {
        fields.report(problems, "key `within` is missing".to_owned(), Some("such as `within: 5s`".to_owned()));
    }
    Some(RuleKind::Datetime { within: within?? })
}

fn rule(fields: &Fields<'_>, kind: Option<RuleKind>, flows: &[Flow], problems: &mut Problems<'_>) -> Option<Rule> {
    let path = fields.get("path").and_then(|node| body_place(node, problems));
    let header = fields.get("header").and_then(|node| header_place(node, problems));
    let reason = fields.get("reason").and_then(|node| text(node, problems));
    let (flow, step) = scope(fields.get("flow"), fields.get("step"), flows, problems);
    let place = path.or(header)?;
    Some(Rule { place, kind: kind?, reason: reason?.to_owned(), flow, step })
}

fn body_place(node: &Node, problems: &mut Problems<'_>) -> Option<RulePlace> {
    super::step::json_path(node, text(node, problems)?, problems).map(RulePlace::Body)
}

fn header_place(node: &Node, problems: &mut Problems<'_>) -> Option<RulePlace> {
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
