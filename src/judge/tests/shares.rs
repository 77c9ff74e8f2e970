//! Failed requests, and a pool that is used up.

use super::*;
use crate::record::{GateResult, Observations, PoolSeries};

fn judged(record: &RunRecord, text: &str) -> GateResult {
    judge_one(record, Gate::parse(text).expect("a gate")).1
}

#[test]
fn an_error_rate_passes_only_if_its_upper_bound_does() {
    for (per_second, expected) in [
        ((100, 0), Verdict::Pass),
        ((10, 0), Verdict::Inconclusive),
        ((1_000, 8), Verdict::Pass),
        ((100, 2), Verdict::Fail),
    ] {
        let result = judged(&with_seconds(&[per_second; 24]), "candidate.error_rate <= 1%");
        assert_eq!(result.status, expected, "{per_second:?}: {}", result.reason);
        assert_eq!(result.estimate.expect("an estimate").method, "clopper-pearson");
    }
    let few = judged(&with_seconds(&[(10, 0); 24]), "candidate.error_rate <= 1%");
    // 368 without a failure show it, and there were 240 in eight blocks.
    assert!(few.reason.ends_with("not decided: about 16 pairs would settle it"), "{}", few.reason);
}

#[test]
fn failures_that_come_together_make_the_interval_wider() {
    let mut cluster = [(1_000, 0); 24];
    cluster[5].1 = 190;
    let spread = judged(&with_seconds(&[(1_000, 8); 24]), "candidate.error_rate <= 1%");
    let together = judged(&with_seconds(&cluster), "candidate.error_rate <= 1%");
    assert_eq!(spread.status, Verdict::Pass, "{}", spread.reason);
    assert_ne!(together.status, Verdict::Pass, "{}", together.reason);
    assert!(together.interval.expect("an interval")[1] > 2.0 * spread.interval.expect("an interval")[1]);
}

#[test]
fn an_outage_fails_however_long_the_run_was() {
    let mut outage = [(1_000, 0); 800];
    for second in &mut outage[400..406] {
        second.1 = 1_000;
    }
    let result = judged(&with_seconds(&outage), "candidate.error_rate <= 1%");
    assert_eq!(result.observed, Some(6.0 / 800.0), "the rate alone is within the limit");
    assert_eq!(result.status, Verdict::Fail, "{}", result.reason);
    assert!(result.reason.contains("after 405 s of load there was no doubt left"), "{}", result.reason);
}

#[test]
fn what_failed_while_the_machine_was_late_failed_all_the_same() {
    // 6 s of 800, in the fifth of eight pairs.
    let mut outage = [(1_000, 0); 800];
    outage[400..406].fill((1_000, 1_000));
    let mut record = with_seconds(&outage);
    let load = record.load.as_mut().expect("load");
    for block in load.blocks.iter_mut().filter(|block| block.pair == 4) {
        block.machine.steal = Some(0.2);
        block.errors = if block.side == Role::Candidate { 6_000 } else { 0 };
    }
    let gate = Gate::parse("candidate.error_rate <= 1%").expect("a gate");
    let (judgement, result) = judge_one(&record, gate);
    assert_eq!((result.status, judgement.verdict), (Verdict::Fail, Verdict::Fail), "{}", result.reason);
    let told = judgement.findings.iter().find(|finding| finding.code == "pairs-disturbed").expect("a finding");
    assert!(
        told.message.ends_with("gates over pairs; what failed in them counts all the same: 6\u{2009}000"),
        "{told:?}"
    );
}

#[test]
fn what_failed_while_the_service_settled_is_no_evidence() {
    let mut record = with_seconds(&[(100, 100), (100, 0), (100, 0)].repeat(8));
    let load = record.load.as_mut().expect("load");
    load.settle_s = 1.0;
    let side = side_mut(&mut record, Role::Candidate);
    (side.requests, side.errors, side.error_rate) = (1_600, 0, Some(0.0));
    let result = judged(&record, "candidate.error_rate <= 1%");
    assert_eq!(result.status, Verdict::Pass, "{}", result.reason);
}

#[test]
fn a_gate_on_the_failures_of_a_step_is_judged_by_its_blocks() {
    let mut record = record();
    let gate = "candidate.error_rate <= 1% for browse/list";
    assert_eq!(judged(&record, gate).status, Verdict::Pass);
    side_mut(&mut record, Role::Candidate).steps[0].errors = 200;
    assert_eq!(judged(&record, gate).status, Verdict::Fail);
    assert_eq!(judged(&record, "candidate.error_rate <= 1% for browse/get").status, Verdict::Pass);
}

#[test]
fn error_rates_of_the_sides_are_compared_by_their_difference() {
    let mut record = record();
    let gate = "candidate.error_rate <= baseline.error_rate";
    assert_eq!(judged(&record, gate).status, Verdict::Pass, "none failed on either side");
    let load = record.load.as_mut().expect("load");
    for (at, block) in load.blocks.iter_mut().filter(|block| block.side == Role::Candidate).enumerate() {
        block.errors = 10 + at as u64 % 3;
    }
    side_mut(&mut record, Role::Candidate).error_rate = Some(0.022);
    side_mut(&mut record, Role::Candidate).errors = 88;
    let result = judged(&record, gate);
    assert_eq!(result.status, Verdict::Fail, "{}", result.reason);
    assert!(result.reason.contains("difference 2.2"), "{}", result.reason);
    assert_eq!(judged(&record, "candidate.error_rate <= baseline.error_rate + 5%").status, Verdict::Pass);
}

/// A record with ten pool samples a second; `saturated` says which of the seconds are.
fn with_pool(saturated: impl Fn(usize) -> bool, used: f64) -> RunRecord {
    let mut record = record();
    let load = record.load.as_mut().expect("load");
    (load.block_s, load.settle_s) = (5.0, 0.0);
    for block in &mut load.blocks {
        let second_of_pair = if block.side == Role::Candidate { 5 } else { 0 };
        (block.started_ms, block.measured_s) = (u64::from(block.pair) * 10_000 + second_of_pair * 1_000, 5.0);
    }
    let mut pool = PoolSeries::default();
    for at in 0..usize::try_from(PAIRS).expect("few") * 100 {
        let full = saturated(at / 10);
        pool.at_ms.push(at as u64 * 100);
        pool.used.push(Some(if full { 15.0 } else { used }));
        pool.max.push(Some(15.0));
        pool.pending.push(Some(if full { 2.0 } else { 0.0 }));
    }
    record.observations.candidate = Some(Observations { pool, ..Observations::default() });
    record
}

#[test]
fn a_pool_fails_softly_only_when_chance_has_no_part_in_it() {
    let gate = "candidate.pool.saturated_share <= 5%";
    for (share, saturated, expected) in [
        (0.02, 0..0, Verdict::Pass),
        // One second of forty is past the limit of the share on record, and may be chance.
        (0.06, 5..6, Verdict::Inconclusive),
        (0.3, 5..9, Verdict::Fail),
    ] {
        let mut record = with_pool(|second| saturated.contains(&second), 4.0);
        side_mut(&mut record, Role::Candidate).pool.as_mut().expect("a pool").saturated_share = Some(share);
        let result = judged(&record, gate);
        assert_eq!(result.status, expected, "{share}: {}", result.reason);
    }
}

#[test]
fn a_pool_that_nobody_waits_for_or_that_settles_is_not_used_up() {
    let gate = "candidate.pool.saturated_share <= 5%";
    let status = |mut record: RunRecord| {
        side_mut(&mut record, Role::Candidate).pool.as_mut().expect("a pool").saturated_share = Some(0.3);
        judged(&record, gate).status
    };
    let full = || with_pool(|second| (5..9).contains(&second), 4.0);
    assert_eq!(status(full()), Verdict::Fail);
    let mut waited_for = full();
    let pool = &mut waited_for.observations.candidate.as_mut().expect("samples").pool;
    pool.pending.fill(Some(0.0));
    assert_eq!(status(waited_for), Verdict::Inconclusive, "all in use, and nobody waits");
    // The candidate's blocks begin at 5, 15, … seconds.
    let mut settles = with_pool(|second| (5..8).contains(&(second % 10)), 4.0);
    let load = settles.load.as_mut().expect("load");
    load.settle_s = 3.0;
    load.blocks.iter_mut().for_each(|block| block.measured_s = 2.0);
    assert_eq!(status(settles), Verdict::Inconclusive, "used up in what is not counted");
}

#[test]
fn pool_figures_of_the_time_that_is_not_counted_are_held_against_nothing() {
    let mut record = with_pool(|_| false, 10.0);
    let load = record.load.as_mut().expect("load");
    load.settle_s = 1.0;
    load.blocks.iter_mut().for_each(|block| block.measured_s = 4.0);
    let pool = &mut record.observations.candidate.as_mut().expect("samples").pool;
    for (used, at_ms) in pool.used.iter_mut().zip(&pool.at_ms).filter(|(_, at_ms)| *at_ms / 1_000 % 10 == 5) {
        *used = Some(15.0 + (*at_ms % 2) as f64);
    }
    let side = side_mut(&mut record, Role::Candidate);
    let pool = side.pool.as_mut().expect("a pool");
    (pool.hold_us_mean, pool.used.mean) = (Some(20_000.0), Some(11.5));
    let findings = judge(&record, &[], &[]).findings;
    assert!(!findings.iter().any(|finding| finding.code == "pool-disagrees"), "{findings:?}");
}

#[test]
fn pool_figures_that_do_not_agree_are_told() {
    let found = |used: f64| {
        let mut record = with_pool(|_| false, used);
        let side = side_mut(&mut record, Role::Candidate);
        // 4,000 taken in 8 s and held 20 ms each: ten in use on average.
        let pool = side.pool.as_mut().expect("a pool");
        (pool.hold_us_mean, pool.used.mean) = (Some(20_000.0), Some(used));
        let findings = judge(&record, &[], &[]).findings;
        findings.into_iter().find(|finding| finding.code == "pool-disagrees").map(|finding| finding.message)
    };
    assert_eq!((found(10.0), found(9.2), found(10.9)), (None, None, None));
    let message = found(12.5).expect("a finding");
    assert!(message.contains("12.5 connections in use") && message.contains("Little's law"), "{message}");
    assert!(found(7.0).is_some());
}
