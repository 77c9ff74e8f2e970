//! Rules for the databases.

use super::super::fields::{Fields, elements, text, whole};
use super::super::keys::{MAX_CHUNK, STATE, STATE_IGNORE, STATE_RULE, STATE_SUM};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{RuleKind, StateCompare, StateRule, StateSum};

pub(super) fn state(node: Option<&Node>, problems: &mut Problems<'_>) -> StateCompare {
    let Some(fields) = node.and_then(|node| Fields::open(node, &STATE, problems)) else {
        return StateCompare::default();
    };
    let mut rules: Vec<(usize, StateRule)> = Vec::new();
    for node in elements(fields.get("ignore"), problems) {
        rules.extend(ignore(node, problems).map(|rule| (node.span.start, rule)));
    }
    for node in elements(fields.get("rules"), problems) {
        rules.extend(rule(node, problems).map(|rule| (node.span.start, rule)));
    }
    rules.sort_by_key(|(start, _)| *start);
    let sums = elements(fields.get("sums"), problems).iter().filter_map(|node| sum(node, problems)).collect();
    let chunk = fields.get("chunk").and_then(|node| whole(node, 1..=MAX_CHUNK, problems));
    StateCompare {
        rules: rules.into_iter().map(|(_, rule)| rule).collect(),
        sums,
        chunk: chunk.unwrap_or(StateCompare::CHUNK),
    }
}

fn ignore(node: &Node, problems: &mut Problems<'_>) -> Option<StateRule> {
    let fields = Fields::open(node, &STATE_IGNORE, problems)?;
    let table = name(&fields, "table", problems);
    let column = name(&fields, "column", problems);
    let reason = name(&fields, "reason", problems);
    if table.is_none() && column.is_none() {
        let hint = "such as `table: tokens` or `column: updated_at`".to_owned();
        fields.report(problems, "neither `table` nor `column` is there".to_owned(), Some(hint));
        return None;
    }
    Some(StateRule { table, column, kind: RuleKind::Ignore, reason: reason? })
}

fn rule(node: &Node, problems: &mut Problems<'_>) -> Option<StateRule> {
    let fields = Fields::open(node, &STATE_RULE, problems)?;
    let table = name(&fields, "table", problems);
    let column = name(&fields, "column", problems);
    let kind = super::rule_kind::kind(&fields, problems);
    if let Some(RuleKind::Unordered | RuleKind::Keyed { .. }) = kind {
        let hint = "for columns there are `datetime`, `uuid`, `number`, `matches` and `schema`".to_owned();
        fields.report(problems, "a column has no order of its own".to_owned(), Some(hint));
        return None;
    }
    let reason = name(&fields, "reason", problems);
    Some(StateRule { table, column: Some(column?), kind: kind?, reason: reason? })
}

fn sum(node: &Node, problems: &mut Problems<'_>) -> Option<StateSum> {
    let fields = Fields::open(node, &STATE_SUM, problems)?;
    let table = name(&fields, "table", problems);
    let column = name(&fields, "column", problems);
    let reason = name(&fields, "reason", problems);
    Some(StateSum { table: table?, column: column?, reason: reason? })
}

fn name(fields: &Fields<'_>, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
    fields.get(key).and_then(|node| text(node, problems)).map(str::to_owned)
}
