//! Tables of good and bad plans.

mod bad;
mod bad_rules;
mod good;
mod hostile;
mod schema;

use super::Plan;
use super::read::parse_with;
use crate::diagnostic::Diagnostics;

const EVERYTHING: &str = include_str!("../../../tests/fixtures/plans/everything.yaml");
const STUDENTS: &str = include_str!("../../../scenarios/students.yaml");
const SMOKE: &str = include_str!("../../../scenarios/students-smoke.yaml");

/// The environment of the tests.
fn environment(name: &str) -> Option<String> {
    match name {
        "PLAN_USER" => Some("admin".to_owned()),
        "PLAN_PASSWORD" => Some("hunter2".to_owned()),
        "PLAN_PAIRS" => Some("3".to_owned()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Plan, Diagnostics> {
    parse_with("plan.yaml", text, &environment)
}

/// A small good plan with some lines instead of others or at its end.
fn plan_with(lines: &str) -> String {
    let mut text = String::from("version: 1\nname: small\n");
    for (key, default) in [
        ("sides", "sides: { baseline: { bundled: { stack: blocking } }, candidate: { bundled: { stack: async } } }\n"),
        ("flows", "flows: [ { name: browse, steps: [ { request: GET /students } ] } ]\n"),
    ] {
        if !lines.contains(&format!("{key}:")) {
            text += default;
        }
    }
    text + lines + "\n"
}

/// A small plan with one flow of these steps, each a flow mapping.
fn plan_with_steps(steps: &str) -> String {
    plan_with(&format!("flows: [ {{ name: browse, steps: [ {steps} ] }} ]"))
}
