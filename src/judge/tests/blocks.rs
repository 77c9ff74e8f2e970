//! Gates on what is measured block by block.

use super::*;
use crate::judge::pairs_wanted;
use crate::record::{GateResult, Scale};

/// A record whose blocks have these P95s in µs; both sides have the same totals.
fn with_p95(pairs: u32, p95: impl Fn(u32, Role) -> f64) -> RunRecord {
    let mut record = record();
    let load = record.load.as_mut().expect("load");
    load.pairs_planned = pairs;
    load.blocks = (0..pairs).flat_map(|pair| Role::BOTH.map(|side| block(pair, side))).collect();
    for block in &mut load.blocks {
        let p95 = p95(block.pair, block.side).round() as u64;
        block.response_time_us = Some(Quantiles { p95, ..times(4_000) });
    }
    record
}

/// Noise that is the same each time, between -1 and 1.
fn noise(pair: u32) -> f64 {
    [0.3, -0.9, 0.5, -0.1, 0.8, -0.6, 0.1, -0.4, 0.9, -0.2, 0.6, -0.7][pair as usize % 12]
}

fn parsed(text: &str) -> Gate {
    Gate::parse(text).expect("a gate")
}

fn judged(record: &RunRecord, text: &str) -> GateResult {
    judge_one(record, parsed(text)).1
}

const AS_FAST: &str = "candidate.p95 <= baseline.p95 * 1.25";

/// The candidate's blocks are so many times as slow, give or take.
fn slower(pairs: u32, times: f64, spread: f64) -> RunRecord {
    with_p95(pairs, |pair, side| match side {
        Role::Baseline => 100_000.0,
        Role::Candidate => 100_000.0 * times * (spread * noise(pair)).exp(),
    })
}

#[test]
fn a_relative_gate_is_decided_by_pairs() {
    for (times, spread, expected) in [
        (1.0, 0.1, Verdict::Pass),
        (1.2, 0.02, Verdict::Pass),
        (1.5, 0.1, Verdict::Fail),
        // It is slower, that is sure, and more so than may be by the best guess.
        (1.32, 0.2, Verdict::Fail),
        (1.2, 0.4, Verdict::Inconclusive),
        (1.4, 0.9, Verdict::Inconclusive),
    ] {
        let result = judged(&slower(8, times, spread), AS_FAST);
        assert_eq!(result.status, expected, "{times} {spread}: {}", result.reason);
        let estimate = result.estimate.expect("an estimate");
        assert_eq!((estimate.scale, estimate.limit, estimate.observations), (Scale::Ratio, 1.25, 8));
        assert!(estimate.low < times && times < estimate.high, "{estimate:?}");
        assert_eq!(result.interval, Some([estimate.low, estimate.high]));
        assert_eq!(estimate.pairs_needed.is_some(), expected == Verdict::Inconclusive);
    }
}

#[test]
fn what_is_not_decided_says_how_many_pairs_would_settle_it() {
    let result = judged(&slower(8, 1.1, 0.4), AS_FAST);
    let needed = result.estimate.as_ref().and_then(|estimate| estimate.pairs_needed).expect("a number");
    assert!((12..400).contains(&needed), "{needed}");
    assert!(
        result.reason.ends_with(&format!("not decided: about {needed} pairs would settle it")),
        "{}",
        result.reason
    );
    // With as many, it is settled.
    let more = slower(u32::try_from(needed).expect("few"), 1.1, 0.4);
    assert_eq!(judged(&more, AS_FAST).status, Verdict::Pass);
}

#[test]
fn what_may_be_no_difference_at_all_fails_no_gate() {
    // A gate that allows for nothing: the estimate is past it, but so would noise be.
    let result = judged(&slower(8, 1.02, 0.2), "candidate.p95 <= baseline.p95");
    assert_eq!(result.status, Verdict::Inconclusive, "{}", result.reason);
    // A gate that asks for more speed is failed by a candidate that is as fast as the baseline.
    let result = judged(&slower(8, 1.0, 0.1), "candidate.p95 <= baseline.p95 * 0.5");
    assert_eq!(result.status, Verdict::Fail, "{}", result.reason);
}

#[test]
fn slack_is_part_of_the_limit() {
    let record = slower(8, 1.3, 0.02);
    assert_eq!(judged(&record, AS_FAST).status, Verdict::Fail);
    assert_eq!(judged(&record, "candidate.p95 <= baseline.p95 * 1.25 + 20ms").status, Verdict::Pass);
    assert_eq!(judged(&record, "candidate.p95 <= baseline.p95 * 1.25 - 20ms").status, Verdict::Fail);
}

#[test]
fn an_absolute_gate_is_decided_by_the_blocks_of_its_side() {
    let record = slower(8, 1.5, 0.1);
    for (gate, expected) in [
        ("candidate.p95 <= 200ms", Verdict::Pass),
        ("candidate.p95 <= 120ms", Verdict::Fail),
        ("candidate.p95 <= 151ms", Verdict::Inconclusive),
    ] {
        let result = judged(&record, gate);
        assert_eq!(result.status, expected, "{gate}: {}", result.reason);
        let estimate = result.estimate.expect("an estimate");
        assert_eq!((estimate.scale, &*estimate.of, estimate.chance), (Scale::Value, "blocks", None));
        assert!(estimate.low < 150_000.0 && 150_000.0 < estimate.high, "{estimate:?}");
    }
}

#[test]
fn less_is_worse_where_a_gate_asks_for_more() {
    let record = record();
    for (gate, expected) in [
        ("candidate.throughput >= 400/s", Verdict::Pass),
        ("candidate.throughput > 600/s", Verdict::Fail),
        ("candidate.throughput >= baseline.throughput", Verdict::Pass),
        ("candidate.throughput > baseline.throughput", Verdict::Inconclusive),
        ("candidate.throughput > baseline.throughput * 4", Verdict::Fail),
    ] {
        let result = judged(&record, gate);
        assert_eq!(result.status, expected, "{gate}: {}", result.reason);
    }
}

#[test]
fn nothing_passes_whose_requests_together_are_past_the_limit() {
    let mut record = slower(8, 1.0, 0.1);
    side_mut(&mut record, Role::Candidate).response_time_us = Some(Quantiles { p95: 300_000, ..times(4_000) });
    let result = judged(&record, "candidate.p95 <= 200ms");
    assert_eq!(result.status, Verdict::Inconclusive);
    assert!(result.reason.contains("all of them together are not"), "{}", result.reason);
}

#[test]
fn few_pairs_are_judged_by_students_t_and_one_is_not_judged() {
    let far = judged(&slower(3, 1.0, 0.05), "candidate.p95 <= 1s");
    assert_eq!(far.status, Verdict::Pass, "{}", far.reason);
    assert!(far.reason.contains("by Student's t"), "{}", far.reason);
    assert_eq!(judged(&slower(2, 1.1, 0.1), AS_FAST).status, Verdict::Inconclusive);
    assert_eq!(judged(&slower(4, 2.0, 0.05), AS_FAST).status, Verdict::Fail);
    let one = judged(&slower(1, 1.0, 0.0), "candidate.p95 <= 1s");
    assert_eq!(one.status, Verdict::Inconclusive);
    assert!(one.reason.contains("one block says nothing of how much they vary"), "{}", one.reason);
}

#[test]
fn pairs_that_are_too_small_are_put_together() {
    let mut record = record();
    for block in &mut record.load.as_mut().expect("load").blocks {
        block.requests = 40;
    }
    let result = judged(&record, "candidate.p95 <= 1s");
    let estimate = result.estimate.expect("an estimate");
    assert_eq!((result.status, estimate.observations, estimate.blocks), (Verdict::Pass, 4, 8), "{}", result.reason);
    assert!(result.reason.contains("8 blocks put together to 4"), "{}", result.reason);
    // 3.8 ms of histograms with three digits.
    assert!((estimate.value / 3_800.0 - 1.0).abs() < 0.002, "{estimate:?}");
    let result = judged(&record, "candidate.p99.9 <= 1s");
    assert_eq!(result.status, Verdict::Inconclusive);
    assert!(result.reason.contains("too few"), "{}", result.reason);
    // What is left over at the end belongs to the last.
    record.load.as_mut().expect("load").blocks.retain(|block| block.pair < 7);
    let estimate = judged(&record, "candidate.p95 <= 1s").estimate.expect("an estimate");
    assert_eq!((estimate.observations, estimate.blocks), (3, 7));
}

#[test]
fn pairs_that_were_put_together_are_wanted_as_often_as_they_were() {
    let mut record = record();
    let factor = |pair: u32| (0.4 * noise(pair / 2)).exp();
    for block in &mut record.load.as_mut().expect("load").blocks {
        let times = histogram((1..=40).map(|rank| (f64::from(rank) * 1_000.0 * factor(block.pair)) as u64));
        block.requests = 40;
        block.steps = vec![BlockStep { step: 0, requests: 40, response_time_hdr: times, ..BlockStep::default() }];
    }
    let result = judged(&record, "candidate.p95 <= 45ms");
    let estimate = result.estimate.unwrap_or_else(|| panic!("{}", result.reason));
    assert_eq!((estimate.observations, estimate.blocks), (4, 8));
    let over: Vec<f64> = (0..4).map(|at| (38_000.0 * factor(2 * at) / 45_000.0).ln()).collect();
    let distance = -over.iter().sum::<f64>() / 4.0;
    let alone = crate::statistics::needed(crate::statistics::deviation(&over), distance).expect("a number");
    let wanted = estimate.pairs_needed.unwrap_or_else(|| panic!("{}", result.reason));
    assert!(wanted.abs_diff(2 * alone) <= 4 && alone > 8, "{wanted} for {alone} observations of two pairs");
}

#[test]
fn what_failed_is_no_throughput_and_service_times_are_not_response_times() {
    let mut record = record();
    for block in &mut record.load.as_mut().expect("load").blocks {
        (block.errors, block.service_time_us) = (100, Some(times(2_000)));
    }
    let value = |gate: &str| judged(&record, gate).estimate.expect("an estimate").value;
    assert!((value("candidate.throughput >= 1/s") - 400.0).abs() < 1e-6);
    assert!((value("candidate.service.p95 <= 1s") - 1_900.0).abs() < 1e-6);
    assert!((value("candidate.p95 <= 1s") - 3_800.0).abs() < 1e-6);
}

#[test]
fn pairs_that_the_machine_disturbed_decide_nothing() {
    let mut record = with_p95(12, |pair, side| if pair < 3 && side == Role::Candidate { 900_000.0 } else { 100_000.0 });
    let late = Sentinel { asked: 500, slow: 400, ..Sentinel::default() };
    for block in record.load.as_mut().expect("load").blocks.iter_mut().filter(|block| block.pair < 3) {
        block.machine.sentinel = Some(late);
    }
    let estimate = judged(&record, AS_FAST).estimate.expect("an estimate");
    assert_eq!(estimate.observations, 9);
    assert!((estimate.high - 1.0).abs() < 1e-9, "{estimate:?}");
}

#[test]
fn a_gate_for_a_flow_or_a_step_is_judged_by_its_own_blocks() {
    for (gate, expected) in [
        ("candidate.p90 <= 1s for browse/list", 1_800.0),
        ("candidate.p90 <= 1s for browse/get", 3_800.0),
        ("candidate.p90 <= 1s for browse", 3_600.0),
        ("candidate.service.p90 <= 1s for browse/list", 1_800.0),
        ("candidate.mean <= 1s for browse/list", 1_000.0),
        ("candidate.throughput >= 1/s for browse/list", 250.0),
    ] {
        let result = judged(&record(), gate);
        let estimate = result.estimate.unwrap_or_else(|| panic!("{gate}: {}", result.reason));
        assert!((estimate.value / expected - 1.0).abs() < 0.002, "{gate}: {estimate:?}");
        assert_eq!((result.status, estimate.observations), (Verdict::Pass, 8), "{gate}: {}", result.reason);
    }
}

/// 4,000 requests in 8 pairs; P99.99 needs 36,887 for each of six observations, which as many requests in a pair make in 443.
#[test]
fn too_few_samples_say_how_many_pairs_have_enough() {
    let gates = [parsed("candidate.p9999 <= 1s")];
    assert_eq!(pairs_wanted(&record(), &gates, 1_000), Some(449));
    assert_eq!(pairs_wanted(&record(), &gates, 24), Some(24));
    let result = judged(&record(), "candidate.p9999 <= 1s");
    assert!(result.reason.contains("are needed, and about 449 pairs of blocks have enough"), "{}", result.reason);
}

#[test]
fn blocks_that_are_not_on_record_pass_nothing() {
    let mut record = record();
    for block in &mut record.load.as_mut().expect("load").blocks {
        (block.response_time_us, block.steps) = (None, Vec::new());
    }
    let result = judged(&record, "candidate.p95 <= 1s");
    assert_eq!(result.status, Verdict::Inconclusive);
    assert!(result.reason.contains("not on record"), "{}", result.reason);
}

/// The candidate's other figures get noise and nothing else.
fn blur_all_but_p95(record: &mut RunRecord) {
    for block in record.load.as_mut().expect("load").blocks.iter_mut().filter(|block| block.side == Role::Candidate) {
        let times = block.response_time_us.as_mut().expect("times");
        let off = |by: u32| 1.0 + 0.5 * noise(block.pair * 5 + by);
        times.p50 = (times.p50 as f64 * off(1)) as u64;
        times.p75 = (times.p75 as f64 * off(2)) as u64;
        times.p90 = (times.p90 as f64 * off(3)) as u64;
        times.p99 = (times.p99 as f64 * off(4)) as u64;
    }
}

#[test]
fn with_many_relative_gates_each_must_be_clearer() {
    let mut record = slower(8, 1.4, 0.5);
    blur_all_but_p95(&mut record);
    let chance = |gates: &[&str]| {
        let gates: Vec<Gate> = gates.iter().map(|gate| parsed(gate)).collect();
        let estimate = judge(&record, &gates, &[]).gates.pop().and_then(|gate| gate.estimate);
        estimate.and_then(|estimate| estimate.chance).expect("a chance")
    };
    let others = ["p50", "p75", "p90", "p99"].map(|p| format!("candidate.{p} <= baseline.{p} * 1.25"));
    let all: Vec<&str> = others.iter().map(String::as_str).chain([AS_FAST]).collect();
    let (alone, among) = (chance(&[AS_FAST]), chance(&all));
    assert!(alone < among && among < 5.0 * alone + 0.05, "{alone} {among}");
    // Whose pairs are put together otherwise is tested apart, and each of two tests must be twice as clear.
    assert!((chance(&["candidate.p99.9 <= baseline.p99.9 * 1.25", AS_FAST]) - 2.0 * alone).abs() < 1e-12);
}

#[test]
fn what_is_clear_alone_and_may_be_chance_among_many_fails_nothing() {
    let mut record = slower(8, 1.3, 0.42);
    let alone = judged(&record, AS_FAST);
    blur_all_but_p95(&mut record);
    let others = ["p50", "p75", "p90", "p99"].map(|p| format!("candidate.{p} <= baseline.{p} * 1.25"));
    let gates: Vec<Gate> = others.iter().map(String::as_str).chain([AS_FAST]).map(parsed).collect();
    let among = judge(&record, &gates, &[]).gates.pop().expect("a gate");
    assert_eq!(
        (alone.status, among.status),
        (Verdict::Fail, Verdict::Inconclusive),
        "{} {}",
        alone.reason,
        among.reason
    );
}

#[test]
fn few_pairs_are_tested_for_each_gate_and_each_must_be_clearer() {
    let record = slower(4, 1.5, 0.3);
    let chance = |gates: &[&str]| {
        let gates: Vec<Gate> = gates.iter().map(|gate| parsed(gate)).collect();
        judge(&record, &gates, &[]).gates.pop().and_then(|gate| gate.estimate?.chance).expect("a chance")
    };
    let (alone, among) = (chance(&[AS_FAST]), chance(&["candidate.p50 <= baseline.p50 * 1.25", AS_FAST]));
    assert!((among - 2.0 * alone).abs() < 1e-12, "{alone} {among}");
}

#[test]
fn sides_that_change_their_names_turn_the_ratio_and_slower_clocks_leave_it() {
    let ratio = |record: &RunRecord| judged(record, AS_FAST).estimate.expect("an estimate");
    let there = ratio(&slower(8, 1.3, 0.2));
    let back = ratio(&with_p95(8, |pair, side| match side {
        Role::Candidate => 100_000.0,
        Role::Baseline => 130_000.0 * (0.2 * noise(pair)).exp(),
    }));
    let slow = ratio(&with_p95(8, |pair, side| match side {
        Role::Baseline => 1e8,
        Role::Candidate => 1.3e8 * (0.2 * noise(pair)).exp(),
    }));
    for (one, other) in [
        (there.low, 1.0 / back.high),
        (there.value, 1.0 / back.value),
        (there.high, 1.0 / back.low),
        (there.low, slow.low),
        (there.high, slow.high),
    ] {
        assert!((one / other - 1.0).abs() < 1e-4, "{one} {other}");
    }
}

#[test]
fn more_pairs_are_wanted_where_they_would_help_and_only_there() {
    let gates = [parsed(AS_FAST), parsed("candidate.error_rate <= 1%")];
    assert_eq!(pairs_wanted(&slower(8, 1.1, 0.4), &gates, 9), Some(9), "no more than there may be");
    let wanted = pairs_wanted(&slower(8, 1.1, 0.4), &gates, 10_000).expect("more");
    assert!((12..400).contains(&wanted), "{wanted}");
    assert_eq!(pairs_wanted(&slower(8, 1.0, 0.05), &gates, 100), None, "all is decided");
    assert_eq!(pairs_wanted(&slower(8, 2.0, 0.05), &gates, 100), None, "it failed");
    let mut failed = slower(8, 1.1, 0.4);
    failed.parity.as_mut().expect("parity").breaking = 1;
    assert_eq!(pairs_wanted(&failed, &gates, 100), None, "another gate failed");
}
