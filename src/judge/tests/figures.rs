use super::*;
use crate::record::Coverage;

fn observed(record: &RunRecord, metric: Metric) -> Option<f64> {
    judge_one(record, at_most(metric, f64::MAX)).1.observed
}

#[track_caller]
fn assert_near(observed: Option<f64>, expected: f64) {
    let observed = observed.expect("a figure");
    assert!((observed - expected).abs() <= expected * 0.001, "{observed}, not {expected}");
}

#[test]
fn every_figure_of_a_side_is_found() {
    let cases = [
        (Quantity::ResponseTime(0.95), 3_800.0),
        (Quantity::ResponseTimeMax, 4_000.0),
        (Quantity::ResponseTimeMean, 2_000.0),
        (Quantity::ServiceTime(0.99), 3_960.0),
        (Quantity::Requests, 4_000.0),
        (Quantity::Errors, 4.0),
        (Quantity::ErrorRate, 0.001),
        (Quantity::Throughput, 499.5),
        (Quantity::Cpu, 0.25),
        (Quantity::Rss, 52_428_800.0),
        (Quantity::PoolUsedMean, 12.4),
        (Quantity::PoolUsedMax, 15.0),
        (Quantity::PoolPendingMax, 3.0),
        (Quantity::PoolTimeouts, 0.0),
        (Quantity::PoolWait(0.95), 900.0),
        (Quantity::PoolSaturatedShare, 0.01),
    ];
    for (quantity, expected) in cases {
        assert_near(observed(&record(), candidate(quantity)), expected);
    }
    assert_near(observed(&record(), parity(Quantity::ParityRequests)), 40.0);
    assert_near(observed(&record(), parity(Quantity::ParityCompared)), 20.0);
    assert_near(observed(&record(), parity(Quantity::ParityRepresentation)), 0.0);
}

#[test]
fn coverage_without_a_contract_is_never_passed() {
    let gate = || gate("parity.coverage >= 0%", parity(Quantity::ParityCoverage), Comparison::GreaterOrEqual, 0.0);
    let covered = |coverage: Option<Coverage>| {
        let mut record = record();
        record.parity.as_mut().expect("a replay").coverage = coverage;
        let (judgement, result) = judge_one(&record, gate());
        (judgement.verdict, result.observed, result.reason)
    };
    let unread = Coverage { problem: Some("not JSON".to_owned()), share: Some(1.0), ..Coverage::default() };
    for (coverage, expected) in [
        (None, "the plan names no contract"),
        (Some(Coverage::default()), "promises nothing"),
        (Some(unread), "the contract could not be read: not JSON"),
    ] {
        let (verdict, observed, reason) = covered(coverage);
        assert_eq!((verdict, observed), (Verdict::Invalid, None), "{reason}");
        assert!(reason.contains(expected), "{reason}");
    }
    let (verdict, observed, _) = covered(Some(Coverage { share: Some(0.5), ..Coverage::default() }));
    assert_eq!((verdict, observed), (Verdict::Pass, Some(0.5)));
}

#[test]
fn quantiles_that_are_not_on_record_come_from_the_histograms() {
    assert_near(observed(&record(), candidate(Quantity::ResponseTime(0.97))), 3_880.0);
    assert_near(observed(&record(), candidate(Quantity::ServiceTime(0.6))), 2_400.0);
}

#[test]
fn a_flow_is_its_steps_together() {
    let p90 = || candidate(Quantity::ResponseTime(0.9));
    assert_near(observed(&record(), of(p90(), "browse", None)), 3_600.0);
    // The quantiles on record of one step are taken as they are.
    assert_near(observed(&record(), of(p90(), "browse", Some("get"))), 1_800.0);
    assert_near(observed(&record(), of(candidate(Quantity::Requests), "browse", Some("get"))), 2_000.0);
    assert_near(observed(&record(), of(candidate(Quantity::Throughput), "browse", Some("get"))), 249.75);
    assert_near(observed(&record(), of(candidate(Quantity::ResponseTimeMax), "browse", None)), 2_000.0);
}

#[test]
fn figures_that_are_missing_are_invalid_and_say_why() {
    let mut bare = record();
    let side = side_mut(&mut bare, Role::Candidate);
    (side.cpu, side.rss_bytes, side.pool, side.response_time_us) = (None, None, None, None);
    side.steps.iter_mut().for_each(|step| step.service_time_hdr = "not base64!".to_owned());
    let cases = [
        (candidate(Quantity::Cpu), "no process is known for the candidate"),
        (candidate(Quantity::Rss), "no process is known for the candidate"),
        (candidate(Quantity::ResponseTime(0.95)), "no times were measured there"),
        (candidate(Quantity::PoolTimeouts), "`metrics:`"),
        (candidate(Quantity::ServiceTime(0.97)), "the histogram of `browse / list` cannot be read"),
        (of(candidate(Quantity::Requests), "browse", Some("other")), "no requests were measured there"),
    ];
    for (metric, expected) in cases {
        let (judgement, result) = judge_one(&bare, at_most(metric, 1e9));
        assert_eq!((judgement.verdict, result.status), (Verdict::Invalid, Verdict::Invalid));
        assert!(result.reason.contains(expected), "{}", result.reason);
    }
}

#[test]
fn pool_figures_that_the_source_lacks_are_invalid() {
    type Change = fn(&mut Pool);

    let cases: [(Change, Quantity, &str); 4] = [
        (|pool| pool.timeouts = None, Quantity::PoolTimeouts, "the source of the pool figures has none"),
        (|pool| pool.samples = 0, Quantity::PoolUsedMax, "no sample of the candidate's pool succeeded"),
        (|pool| pool.wait_us = None, Quantity::PoolWait(0.95), "no histogram of the wait"),
        (|_| {}, Quantity::PoolWait(0.97), "not `pool.wait.p97`"),
    ];
    for (change, quantity, expected) in cases {
        let mut record = record();
        change(side_mut(&mut record, Role::Candidate).pool.as_mut().expect("a pool"));
        let (_, result) = judge_one(&record, at_most(candidate(quantity), 1e9));
        assert_eq!(result.status, Verdict::Invalid);
        assert!(result.reason.contains(expected), "{}", result.reason);
    }
}

#[test]
fn a_pool_timeout_fails_its_gate() {
    let mut record = record();
    side_mut(&mut record, Role::Candidate).pool.as_mut().expect("a pool").timeouts = Some(1);
    let gate = gate("candidate.pool.timeouts == 0", candidate(Quantity::PoolTimeouts), Comparison::Equal, 0.0);
    assert_eq!(judge_one(&record, gate).0.verdict, Verdict::Fail);
}
