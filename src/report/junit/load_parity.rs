//! Answers under load as test cases: one per step, and one per invariant.

use quick_junit::{TestCase, TestCaseStatus, TestSuite};

use super::{case, shown, skipped, status, told};
use crate::record::load_parity::{Held, Invariant, LoadParity, StepLoadParity};
use crate::record::{Class, Difference, RunRecord, Verdict};
use crate::report::reproduce::Cases;
use crate::report::text::{counted, visible};

/// Nothing where answers were not compared under load.
pub(super) fn suite(record: &RunRecord) -> Option<TestSuite> {
    let parity = record.load.as_ref()?.parity.as_ref()?;
    let cases = Cases::of_load(record, parity);
    let mut suite = TestSuite::new("parity under load");
    suite.add_test_cases(parity.steps.iter().map(|of| step(cases, parity, of)));
    suite.add_test_cases(parity.invariants.iter().map(|of| invariant(cases, of)));
    Some(suite)
}

fn step(cases: Cases<'_>, parity: &LoadParity, step: &StepLoadParity) -> TestCase {
    let is_mine =
        |d: &&Difference| d.class == Class::Breaking && !d.is_accepted() && d.flow == step.flow && d.step == step.step;
    let breaking: Vec<&Difference> = parity.differences.iter().filter(is_mine).collect();
    let status = if !breaking.is_empty() {
        let message = counted(breaking.len() as u64, "breaking difference");
        status(Verdict::Fail, &message, &told(Some(cases), &breaking))
    } else if step.compared == 0 {
        skipped("no answers of this step were compared under load")
    } else {
        TestCaseStatus::success()
    };
    case(&format!("load.{}", step.flow), &step.step, status)
}

fn invariant(cases: Cases<'_>, invariant: &Invariant) -> TestCase {
    let status = match invariant.outcome {
        Held::Held => TestCaseStatus::success(),
        Held::Broken if invariant.is_accepted() => skipped("broken, and accepted"),
        Held::TooFew => skipped("too few answers of the baseline to tell it from chance"),
        Held::Broken => {
            let words = |words: &Option<String>| words.as_deref().map(visible).unwrap_or_default();
            let (baseline, candidate) = (words(&invariant.baseline), words(&invariant.candidate));
            let message = format!("broken {}", counted(invariant.broken, "time"));
            let case = invariant.case.and_then(|at| cases.cases.get(at)).map(|case| shown(cases, case));
            let seen_again = case.map(|case| format!("\n\n{case}")).unwrap_or_default();
            status(Verdict::Fail, &message, &format!("baseline: {baseline}\ncandidate: {candidate}{seen_again}"))
        }
    };
    case(&format!("load.{}", invariant.flow), &format!("{}: {}", invariant.step, invariant.rule), status)
}
