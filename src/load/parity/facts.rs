//! What the plan says of each step, as far as it bears on what its answers must be like.

use crate::plan::template::Part;
use crate::plan::{Expect, Plan, Step, Template};

/// Query parameters that name the column of an order.
const ORDERS: [&str; 6] = ["sort", "sort_by", "order", "order_by", "orderby", "ordering"];
/// Query parameters that limit the length of a list.
const SIZES: [&str; 7] = ["page_size", "pagesize", "per_page", "limit", "size", "top", "first"];
/// Stands for a variable in a target whose query is read; no target has it.
const UNKNOWN: char = '\0';

/// One step of the plan.
#[derive(Debug, Clone)]
pub(super) struct StepFacts {
    pub(super) flow: String,
    pub(super) name: String,
    pub(super) method: String,
    /// The target, where it is the same in every iteration.
    pub(super) fixed_target: Option<String>,
    /// Whether it may change something.
    pub(super) changes: bool,
    pub(super) expect: Expect,
    /// The column that the request asks to be sorted by.
    pub(super) order: Option<Order>,
    /// Most elements that the request asks for.
    pub(super) page_size: Option<u64>,
}

/// An order that a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) column: String,
    pub(super) is_descending: bool,
}

/// The steps of all flows, in the plan's order.
pub(super) fn of_plan(plan: &Plan) -> Vec<StepFacts> {
    plan.flows.iter().flat_map(|flow| flow.steps.iter().map(|step| of_step(&flow.name, step))).collect()
}

/// Whether a request of this method may change something.
pub(in crate::load) fn may_change(method: &str) -> bool {
    !["GET", "HEAD", "OPTIONS", "TRACE"].contains(&method)
}

fn of_step(flow: &str, step: &Step) -> StepFacts {
    let target = in_words(&step.target);
    let query: Vec<(&str, &str)> = target
        .split_once('?')
        .map(|(_, query)| query.split('&').filter_map(|pair| pair.split_once('=')).collect())
        .unwrap_or_default();
    let value = |names: &[&str]| {
        let found = query.iter().find(|(name, value)| names.contains(name) && !value.contains(UNKNOWN));
        found.map(|(_, value)| *value)
    };
    StepFacts {
        flow: flow.to_owned(),
        name: step.name.clone(),
        method: step.method.clone(),
        fixed_target: (!target.contains(UNKNOWN)).then(|| target.clone()),
        changes: may_change(&step.method),
        expect: step.expect.clone(),
        order: value(&ORDERS).map(order),
        page_size: value(&SIZES).and_then(|value| value.parse().ok()),
    }
}

fn in_words(target: &Template) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        _ => UNKNOWN.to_string(),
    };
    target.parts.iter().map(part).collect()
}

/// `-credits`, `credits:desc` and `credits` as APIs write them.
fn order(value: &str) -> Order {
    let (column, is_descending) = match value.strip_prefix('-') {
        Some(column) => (column, true),
        None => (value.trim_start_matches('+'), false),
    };
    match column.split_once([':', '.']) {
        Some((column, direction)) => {
            Order { column: column.to_owned(), is_descending: direction.eq_ignore_ascii_case("desc") }
        }
        None => Order { column: column.to_owned(), is_descending },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_request_asks_for_is_read_from_its_query() {
        let plan = r#"
version: 1
name: facts
sides: { candidate: { url: "http://127.0.0.1:1" }, baseline: { url: "http://127.0.0.1:2" } }
flows:
  - name: all
    steps:
      - request: GET /things?sort=-credits&page_size=20
      - request: GET /things?page={{random:1..9}}&limit={{random:1..9}}&order_by=name:desc
      - request: PATCH /things/7
        json: { a: 1 }
"#;
        let plan = crate::plan::parse("facts.yaml", plan).unwrap();
        let facts = of_plan(&plan);
        let order = |column: &str, is_descending| Some(Order { column: column.to_owned(), is_descending });
        assert_eq!((&facts[0].order, facts[0].page_size), (&order("credits", true), Some(20)));
        assert_eq!((&facts[1].order, facts[1].page_size), (&order("name", true), None));
        assert_eq!(facts[1].fixed_target, None);
        assert_eq!((facts[2].fixed_target.as_deref(), facts[2].changes), (Some("/things/7"), true));
        assert!(!facts[0].changes);
    }
}
