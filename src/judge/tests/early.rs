//! Gates that are past saving before the load is over.

use super::*;
use crate::judge::{Outlook, PoolLook};
use crate::record::Severity;
use crate::record::load::{Cause, EarlyStop};
use crate::statistics::Window;

fn outlook(gates: &[&str], pool_samples: f64) -> Outlook {
    let gates: Vec<Gate> = gates.iter().map(|text| Gate::parse(text).expect("a gate")).collect();
    Outlook::new(&gates, pool_samples)
}

fn causes(outlook: &Outlook) -> Vec<(Cause, String)> {
    outlook.past_saving(0).map(|stop| (stop.cause, stop.gate)).collect()
}

/// Ten looks a second at a pool of five that is used up in the first `used_up` of them.
fn second(outlook: &mut Outlook, start_ms: u64, used_up: u64) {
    for number in 0..10 {
        let (used, pending) = if number < used_up { (5.0, 1.0) } else { (3.0, 0.0) };
        let at_ms = start_ms + number * 100;
        outlook.pool(PoolLook { at_ms, used: Some(used), max: Some(5.0), pending: Some(pending), timeouts: 0 });
    }
}

#[test]
fn only_what_the_candidate_is_asked_for_by_itself_can_be_past_saving() {
    let mut outlook = outlook(
        &[
            "baseline.error_rate <= 0.1%",
            "candidate.error_rate <= 5%",
            "candidate.error_rate < 2%",
            "candidate.error_rate <= 1% for browse",
            "candidate.error_rate <= baseline.error_rate",
            "candidate.error_rate > 0.5%",
            "candidate.p95 <= 1s",
        ],
        0.0,
    );
    (0..20).for_each(|_| outlook.requests(Window { all: 100, hits: 100 }));
    let of_failures = ["candidate.error_rate <= 5%", "candidate.error_rate < 2%"];
    assert_eq!(causes(&outlook), of_failures.map(|gate| (Cause::Failures, gate.to_owned())));
}

#[test]
fn one_wait_given_up_is_past_saving_unless_the_plan_admits_it() {
    let look = |at_ms| PoolLook { at_ms, timeouts: 1, ..PoolLook::default() };
    let found = |gates: &[&str]| {
        let mut outlook = outlook(gates, 0.0);
        outlook.pool(look(900));
        outlook.block(1_000, 4_000);
        outlook.pool(look(1_000));
        assert_eq!(causes(&outlook), [], "before the measured load");
        outlook.pool(look(2_000));
        causes(&outlook).into_iter().map(|(_, gate)| gate).collect::<Vec<_>>()
    };
    assert_eq!(found(&[]), ["candidate.pool.timeouts == 0"]);
    assert_eq!(found(&["candidate.pool.timeouts < 1"]), ["candidate.pool.timeouts < 1"]);
    assert_eq!((found(&["candidate.pool.timeouts <= 1"]), found(&["candidate.pool.timeouts >= 1"])), (vec![], vec![]));
}

#[test]
fn a_pool_is_past_saving_once_what_is_left_cannot_bring_its_share_back() {
    let gate = "candidate.pool.saturated_share <= 5%";
    // Blocks of ten seconds; the pool is used up in every sample. 5 % of 1,200 samples are 60.
    let until = |samples: f64, used_up: u64| {
        let mut outlook = outlook(&[gate], samples);
        (0..60_u64).find(|number| {
            if number % 10 == 0 {
                outlook.block(1_000 + number / 10 * 30_000, 10_000);
            }
            second(&mut outlook, 1_000 + number / 10 * 30_000 + number % 10 * 1_000, used_up);
            !causes(&outlook).is_empty()
        })
    };
    assert_eq!(until(1_200.0, 10), Some(7), "seven seconds are more than 60 samples; the eighth closes the seventh");
    assert_eq!(until(10.0, 10), Some(3), "three seconds that are used up are no chance");
    assert_eq!(until(100_000.0, 10), None, "all of this is less than 5 % of what is to come");
    assert_eq!(until(10.0, 0), None);
}

#[test]
fn differences_count_only_against_a_gate_on_them() {
    let found = |gates: &[&str]| {
        let mut outlook = outlook(gates, 0.0);
        outlook.differences(3, &["f/s: $.id".to_owned(), "f/s: status".to_owned()]);
        outlook.past_saving(7).collect::<Vec<_>>()
    };
    let [stop] = &found(&[])[..] else { panic!("one gate") };
    assert_eq!((stop.cause, stop.observed, stop.against, stop.at_ms), (Cause::LoadParity, 3, 2, 7));
    let words = "2 breaking differences were shown again and again in 3 pairs of blocks (f/s: $.id; f/s: status)";
    assert_eq!(stop.in_words(), words);
    assert_eq!(found(&["parity.load.breaking <= 2"]), []);
    assert_eq!(found(&["parity.load.breaking <= 1"]).len(), 1);
}

fn stopped(gate: &str, limit: f64) -> EarlyStop {
    let (observed, against) = (200, 200);
    EarlyStop { gate: gate.to_owned(), limit, seconds: 2, observed, against, at_ms: 12_300, ..EarlyStop::default() }
}

#[test]
fn a_load_that_ended_early_fails_by_the_gate_that_ended_it_and_says_nothing_else() {
    let mut record = with_seconds(&[(100, 100); 8]);
    let load = record.load.as_mut().expect("load");
    load.pairs_planned = 100;
    load.stopped = Some(stopped("candidate.error_rate <= 1%", 0.01));
    let (judgement, result) = judge_one(&record, Gate::parse("candidate.error_rate <= 1%").expect("a gate"));
    assert_eq!((judgement.verdict, result.status), (Verdict::Fail, Verdict::Fail), "{}", judgement.reason);
    let told = judgement.findings.iter().find(|finding| finding.code == "stopped-early").expect("a finding");
    assert_eq!(told.severity, Severity::Note);
    assert!(told.message.contains("12.3 s into the run: 200 of 200 requests failed in 2 s"), "{}", told.message);
    // Whoever gives errors up in writing is told that there is too little for the rest.
    let gates = ["candidate.p95 <= 1s", "candidate.error_rate <= 100%"].map(|text| Gate::parse(text).expect("a gate"));
    let judgement = judge(&record, &gates, &[]);
    assert_eq!(judgement.verdict, Verdict::Invalid, "{}", judgement.reason);
}

/// What ended the load is evidence by itself: seconds on record are cut otherwise than those that it was seen in.
#[test]
fn what_ended_the_load_fails_the_same_gate_and_stricter_ones_whatever_else_is_on_record() {
    let mut record = with_seconds(&[(100, 0); 8]);
    let status = |record: &RunRecord, gate: &str| judge_one(record, Gate::parse(gate).expect("a gate")).1.status;
    assert_eq!(status(&record, "candidate.error_rate <= 1%"), Verdict::Pass);
    record.load.as_mut().expect("load").stopped = Some(stopped("candidate.error_rate <= 1%", 0.01));
    for (gate, expected) in [
        ("candidate.error_rate <= 1%", Verdict::Fail),
        ("candidate.error_rate < 0.5%", Verdict::Fail),
        ("candidate.error_rate <= 2%", Verdict::Pass),
        ("candidate.error_rate >= 0", Verdict::Pass),
    ] {
        assert_eq!(status(&record, gate), expected, "{gate}");
    }
}

#[test]
fn a_load_that_the_candidate_ended_before_the_baselines_turn_has_failed() {
    let mut record = with_seconds(&[(100, 100); 8]);
    side_mut(&mut record, Role::Baseline).requests = 0;
    let gate = || Gate::parse("candidate.error_rate <= 1%").expect("a gate");
    assert_eq!(judge_one(&record, gate()).0.verdict, Verdict::Invalid, "no requests on the baseline");
    record.load.as_mut().expect("load").stopped = Some(stopped("candidate.error_rate <= 1%", 0.01));
    let (judgement, _) = judge_one(&record, gate());
    assert_eq!(judgement.verdict, Verdict::Fail, "{}", judgement.reason);
    side_mut(&mut record, Role::Candidate).requests = 0;
    assert_eq!(judge_one(&record, gate()).0.verdict, Verdict::Invalid, "whoever got no request has ended nothing");
}
