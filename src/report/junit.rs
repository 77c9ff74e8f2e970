//! `junit.xml`: gates and the steps of the replay as test cases, for CI systems that show tests.
//!
//! A gate that failed is a failure; evidence that does not decide or cannot be believed is an error, because the test
//! itself did not work. A gate that has no part in the verdict is skipped. Whatever the verdict is, a case says so, unless
//! figures were asked for and no verdict.

mod coverage;
mod load_parity;

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::estimate;
use super::reproduce::Cases;
use super::text::{counted, not_run, quantity, run_seconds, visible, visible_lines};
use super::{File, View, reproduce};
use crate::record::parity::StepParity;
use crate::record::reproduce::FailingCase;
use crate::record::state::Look;
use crate::record::{Class, Difference, Ending, FaultEvidence, GateResult, Parity, RunRecord, State, Verdict};
use crate::role::Role;

/// The case that says what no gate says.
const WHOLE_RUN: &str = "the run as a whole";
/// Failing cases of one step that are shown at most.
const MOST_CASES: usize = 2;

pub(super) fn render(view: &View) -> Vec<File> {
    let record = view.record;
    let mut report = Report::new(format!("cutover {}", visible(&record.run.plan)));
    report.time = run_seconds(record).map(Duration::from_secs_f64);
    report.add_test_suites([gates(record), parity(record)]);
    report.add_test_suites(record.state.as_ref().map(|found| state(record, found)));
    report.add_test_suites(coverage::suite(record));
    report.add_test_suites(faults(record));
    report.add_test_suites(load_parity::suite(record));
    let bytes = report.to_string().unwrap_or_else(|error| format!("<!-- {error} -->\n")).into_bytes();
    vec![File { path: "junit.xml".to_owned(), bytes }]
}

fn gates(record: &RunRecord) -> TestSuite {
    let mut suite = TestSuite::new("gates");
    if let Ok(started) = record.run.started_at.parse::<jiff::Timestamp>() {
        suite.extra.insert("timestamp".into(), started.to_string().into());
    }
    suite.add_test_cases(record.gates.iter().map(gate));
    let explained = record.gates.iter().any(|gate| gate.decides && gate.status == record.verdict);
    if record.has_figures_only() {
        // They were asked for: no test that did not work, and none that did.
        suite.add_test_case(case("gates", WHOLE_RUN, skipped(&visible(&record.reason))));
        return suite;
    }
    let is_open = record.verdict != Verdict::Pass && !explained;
    if is_open || record.ending != Ending::Complete {
        suite.add_test_case(whole_run(record));
    }
    suite
}

fn gate(gate: &GateResult) -> TestCase {
    if !gate.decides {
        return case("gates", &gate.expr, skipped(&visible(&gate.reason)));
    }
    let observed = quantity(gate.observed, &gate.unit);
    let limit = quantity(gate.limit, &gate.unit);
    let mut description = format!("observed {observed}, limit {limit}, {}", counted(gate.samples, "sample"));
    if gate.estimate.is_some() {
        description.extend(["; 95 % interval of the estimate: ", &estimate::interval(gate)]);
    }
    for part in [estimate::basis(gate), estimate::settled_by(gate)].into_iter().flatten() {
        description.extend(["; ", &part]);
    }
    case("gates", &gate.expr, status(gate.status, &gate.reason, &description))
}

/// What no gate says: the run did not end as it should, or its figures cannot be believed.
fn whole_run(record: &RunRecord) -> TestCase {
    let ending = match &record.ending {
        Ending::Running => "the run was still under way".to_owned(),
        Ending::Complete => "every phase was done".to_owned(),
        Ending::Interrupted => "the run was interrupted".to_owned(),
        Ending::Failed(message) => visible_lines(message),
    };
    let verdict = if record.verdict == Verdict::Pass { Verdict::Invalid } else { record.verdict };
    case("gates", WHOLE_RUN, status(verdict, &record.reason, &ending))
}

fn parity(record: &RunRecord) -> TestSuite {
    let mut suite = TestSuite::new("parity");
    match &record.parity {
        None => suite.add_test_case(case("parity", "replay", skipped(not_run(record)))),
        Some(parity) => {
            let steps = parity.steps.iter().map(|of| step(record, parity, of));
            suite.add_test_cases(steps.chain(homeless(record, parity)))
        }
    };
    suite
}

/// A case for each fault; none without faults.
fn faults(record: &RunRecord) -> Option<TestSuite> {
    let mut suite = TestSuite::new("faults");
    suite.add_test_cases(record.faults.iter().map(|found| fault(record, found)));
    (!record.faults.is_empty()).then_some(suite)
}

fn fault(record: &RunRecord, fault: &FaultEvidence) -> TestCase {
    let found = record.parity.iter().flat_map(breaking).filter(|difference| is_of(fault, difference));
    let found: Vec<_> = found.collect();
    let status = match &fault.not_applied {
        _ if fault.breaking > 0 => status(
            Verdict::Fail,
            &counted(fault.breaking, "breaking difference"),
            &told(record.parity.as_ref().map(|parity| Cases::of_parity(record, parity)), &found),
        ),
        Some(reason) => skipped(&visible(reason)),
        None => TestCaseStatus::success(),
    };
    case("faults", &fault.name, status)
}

/// Whether a difference was found while a fault was made or after it.
fn is_of(fault: &FaultEvidence, difference: &Difference) -> bool {
    difference.flow.strip_prefix("fault ").is_some_and(|name| name == fault.name)
}

fn step(record: &RunRecord, parity: &Parity, step: &StepParity) -> TestCase {
    let breaking: Vec<_> = breaking(parity).filter(|d| d.flow == step.flow && d.step == step.step).collect();
    let status = if step.breaking > 0 || !breaking.is_empty() {
        let message = counted(step.breaking.max(breaking.len() as u64), "breaking difference");
        status(Verdict::Fail, &message, &told(Some(Cases::of_parity(record, parity)), &breaking))
    } else if step.compared == 0 {
        skipped(if record.run.only.is_some() { "not asked for" } else { "no answers of this step were compared" })
    } else {
        TestCaseStatus::success()
    };
    case(&format!("parity.{}", step.flow), &step.step, status)
}

/// The two databases: a test case for each time at which they were compared.
fn state(record: &RunRecord, state: &State) -> TestSuite {
    let mut suite = TestSuite::new("state");
    let look = |look: &Look| {
        let is_breaking =
            |found: &&Difference| found.class == Class::Breaking && found.flow == look.after && !found.is_accepted();
        let breaking: Vec<_> = state.differences.iter().filter(is_breaking).collect();
        let message = counted(look.breaking, "breaking difference");
        let verdict = if look.breaking > 0 { Verdict::Fail } else { Verdict::Pass };
        case(
            &format!("state.{}", look.phase),
            &look.after,
            status(verdict, &message, &told(Some(Cases::of_state(record, state)), &breaking)),
        )
    };
    suite.add_test_cases(state.looks.iter().map(look));
    if let Some(why) = &state.failure {
        suite.add_test_case(case("state", "every look", status(Verdict::Invalid, why, why)));
    }
    if let Some(why) = &state.skipped {
        suite.add_test_case(case("state", "databases", skipped(&visible(why))));
    }
    suite
}

/// Breaking differences of steps that the record does not list.
fn homeless(record: &RunRecord, parity: &Parity) -> Option<TestCase> {
    let listed = |d: &Difference| parity.steps.iter().any(|step| step.flow == d.flow && step.step == d.step);
    let of_a_fault = |d: &Difference| record.faults.iter().any(|fault| is_of(fault, d));
    let others: Vec<_> = breaking(parity).filter(|d| !listed(d) && !of_a_fault(d)).collect();
    let message = counted(others.len() as u64, "breaking difference");
    let description = || told(Some(Cases::of_parity(record, parity)), &others);
    (!others.is_empty()).then(|| case("parity", "other steps", status(Verdict::Fail, &message, &description())))
}

fn breaking(parity: &Parity) -> impl Iterator<Item = &Difference> {
    parity.differences.iter().filter(|difference| difference.class == Class::Breaking && !difference.is_accepted())
}

fn told(seen: Option<Cases<'_>>, differences: &[&Difference]) -> String {
    let value = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), visible);
    let line = |d: &&Difference| {
        let (place, times) = (visible(&d.place), counted(d.count, "time"));
        let expired = d.accepted.as_ref().filter(|accepted| accepted.expired).and_then(|it| it.until.as_deref());
        let expired = expired.map(|until| format!("; accepted until {until}, expired")).unwrap_or_default();
        let broken = match (&d.rule, &d.note) {
            (Some(rule), Some(note)) => format!(", breaks {}: {}", visible(rule), visible(note)),
            (None, Some(note)) => format!(": {}", visible(note)),
            _ => String::new(),
        };
        format!(
            "{place}: baseline {}, candidate {} ({times}){broken}{expired}",
            value(&d.baseline),
            value(&d.candidate)
        )
    };
    let mut parts = vec![differences.iter().map(line).collect::<Vec<_>>().join("\n")];
    let mut cases: Vec<usize> = differences.iter().filter_map(|difference| difference.case).collect();
    cases.dedup();
    if let Some(seen) = seen {
        let cases = cases.iter().filter_map(|at| seen.cases.get(*at));
        parts.extend(cases.take(MOST_CASES).map(|case| shown(seen, case)));
    }
    parts.join("\n\n")
}

/// What each side has, and what leads to it.
fn shown(seen: Cases<'_>, case: &FailingCase) -> String {
    let mut parts = vec![visible_lines(&case.diff)];
    if case.diff_left_out > 0 {
        parts.push(format!("… {}", counted(case.diff_left_out, "more line")));
    }
    parts.push(visible_lines(&seen.setup()));
    parts.extend(Role::BOTH.map(|role| visible_lines(&reproduce::script(case, role))));
    parts.retain(|part| !part.is_empty());
    parts.join("\n\n")
}

fn case(class: &str, name: &str, status: TestCaseStatus) -> TestCase {
    let mut case = TestCase::new(visible(name), status);
    case.set_classname(visible(class));
    case
}

fn status(verdict: Verdict, message: &str, description: &str) -> TestCaseStatus {
    let kind = match verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => NonSuccessKind::Failure,
        Verdict::Inconclusive | Verdict::Invalid => NonSuccessKind::Error,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(verdict.name()).set_message(visible(message)).set_description(description);
    status
}

fn skipped(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::skipped();
    status.set_message(message);
    status
}
