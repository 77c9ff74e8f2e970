//! The contract as a test suite: one case for each operation. What was never compared is skipped, not failed: whether
//! that fails the run is for a gate to say.

use quick_junit::{TestCase, TestCaseStatus, TestSuite};

use super::super::text::visible;
use super::{case, skipped};
use crate::record::RunRecord;
use crate::record::coverage::OperationCoverage;

/// Nothing if the plan names no contract, or there is none.
pub(super) fn suite(record: &RunRecord) -> Option<TestSuite> {
    let coverage = record.parity.as_ref()?.coverage.as_ref()?;
    let mut suite = TestSuite::new("contract");
    suite.add_test_cases(coverage.operations.iter().map(operation));
    (!coverage.operations.is_empty()).then_some(suite)
}

fn operation(operation: &OperationCoverage) -> TestCase {
    let missing: Vec<String> = operation.missing().map(|promise| visible(&promise.name)).collect();
    let status = if missing.is_empty() {
        TestCaseStatus::success()
    } else {
        skipped(&format!("never compared: {}", missing.join(", ")))
    };
    case("contract", &operation.operation, status)
}
