//! The faults of a plan.

use std::time::Duration;

use super::super::fields::{Fields, choice, duration, elements, text};
use super::super::keys::FAULTS;
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Fault, Faults, Flow};
use super::flows::{Callers, Steps, refuse_think, steps};
use crate::diagnostic::did_you_mean;

/// Long enough for a server to start again.
const DEFAULT_RECOVERY: Duration = Duration::from_secs(10);
/// What the probes are called where a flow has its name.
const PROBE: &str = "probe";

pub(super) fn faults(
    node: Option<&Node>,
    flows: &[Flow],
    callers: &Callers,
    problems: &mut Problems<'_>,
) -> Option<Faults> {
    let fields = Fields::open(node?, &FAULTS, problems)?;
    let named = elements(fields.get("inject"), problems);
    let mut inject: Vec<Fault> =
        named.iter().filter_map(|node| choice(node, &Fault::NAMES, "fault", problems).and_then(Fault::parse)).collect();
    inject.sort_unstable();
    inject.dedup();
    let probe = probe(fields.get("probe"), callers, problems);
    let most = Duration::from_mins(5);
    let recovery = fields.get("recovery");
    let recovery = recovery.and_then(|node| duration(node, Duration::from_millis(100)..=most, problems));
    let faults = Faults {
        inject,
        probe,
        lock: fields.get("lock").and_then(|node| table(node, problems)),
        unique_violation: fields.get("unique_violation").and_then(|node| step_of(node, flows, problems)),
        stale_if_match: fields.get("stale_if_match").and_then(|node| step_of(node, flows, problems)),
        recovery: recovery.unwrap_or(DEFAULT_RECOVERY),
    };
    // What was given and is wrong has been told already.
    let is_given = |fault: &Fault| match fault {
        Fault::UniqueViolation => fields.get("unique_violation").is_some(),
        Fault::StaleIfMatch => fields.get("stale_if_match").is_some(),
        _ => fields.get("lock").is_some(),
    };
    for fault in faults.inject.iter().filter(|fault| !is_given(fault)) {
        if let Some(lack) = faults.lacks(*fault) {
            fields.report(problems, lack, None);
        }
    }
    Some(faults)
}

/// Requests that stand alone, for they are sent at the same moment.
fn probe(node: Option<&Node>, callers: &Callers, problems: &mut Problems<'_>) -> Flow {
    let nodes = elements(node, problems);
    refuse_think(nodes, problems);
    let Steps { all: steps, think, variables } = steps(nodes, callers, problems);
    for (step, node) in steps.iter().zip(nodes).filter(|(step, _)| !step.capture.is_empty()) {
        let hint = "probes are sent at the same moment, none can use what another captured".to_owned();
        problems.value(node.child("capture").unwrap_or(node), format!("`{}` captures a value", step.name), Some(hint));
    }
    if let Some(node) = node.filter(|_| !steps.is_empty() && !steps.iter().any(|step| step.method == "GET")) {
        let hint = "it is asked again and again after a fault until it is answered as expected".to_owned();
        problems.value(node, "one of the probes must be a `GET`", Some(hint));
    }
    Flow { name: PROBE.to_owned(), weight: 1, steps, think, variables }
}

/// `students` or `public.students`.
fn table(node: &Node, problems: &mut Problems<'_>) -> Option<String> {
    let name = text(node, problems)?;
    let is_name = |part: &str| !part.is_empty() && !part.contains(['"', '\0']) && !part.contains(char::is_whitespace);
    if name.split('.').count() > 2 || !name.split('.').all(is_name) {
        let hint = "write it like `students` or `public.students`".to_owned();
        problems.value(node, format!("`{name}` cannot be the name of a table"), Some(hint));
        return None;
    }
    Some(name.to_owned())
}

/// `FLOW/STEP`, which must be there.
fn step_of(node: &Node, flows: &[Flow], problems: &mut Problems<'_>) -> Option<(String, String)> {
    let written = text(node, problems)?;
    let all = || flows.iter().flat_map(|flow| flow.steps.iter().map(|step| (flow.name.clone(), step.name.clone())));
    let found = all().find(|(flow, step)| written == format!("{flow}/{step}"));
    if found.is_none() {
        let names: Vec<String> = all().map(|(flow, step)| format!("{flow}/{step}")).collect();
        let hint = did_you_mean(written, names.iter().map(String::as_str));
        problems.value(node, format!("there is no step `{written}`, written FLOW/STEP"), hint);
    }
    found
}
