use super::*;

#[test]
fn gates_that_hold_pass() {
    let judgement = judge(&record(), &[at_most(candidate(Quantity::ResponseTime(0.95)), 10_000.0)], &[]);
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.reason, "all 3 gates hold");
    assert_eq!(judgement.findings, []);
}

#[test]
fn each_comparison_fails_past_its_limit() {
    let cases = [
        (Comparison::Less, 4_000.0, false),
        (Comparison::Less, 4_001.0, true),
        (Comparison::LessOrEqual, 4_000.0, true),
        (Comparison::LessOrEqual, 3_999.0, false),
        (Comparison::Greater, 4_000.0, false),
        (Comparison::Greater, 3_999.0, true),
        (Comparison::GreaterOrEqual, 4_000.0, true),
        (Comparison::GreaterOrEqual, 4_001.0, false),
        (Comparison::Equal, 4_000.0, true),
        (Comparison::Equal, 4_001.0, false),
    ];
    for (comparison, limit, holds) in cases {
        let (judgement, result) = judge_one(&record(), gate("g", candidate(Quantity::Requests), comparison, limit));
        let expected = if holds { Verdict::Pass } else { Verdict::Fail };
        assert_eq!((result.status, judgement.verdict), (expected, expected), "{comparison:?} {limit}");
    }
}

#[test]
fn the_reason_has_the_figures_as_people_read_them() {
    let (judgement, result) = judge_one(
        &record(),
        gate("candidate.p95 <= 1ms", candidate(Quantity::ResponseTime(0.95)), Comparison::LessOrEqual, 1_000.0),
    );
    assert_eq!(
        result.reason,
        "candidate.p95 3.80 ms, limit <= 1.00 ms; typical block 3.80 ms (95 %: 3.80 ms to 3.80 ms), 8 blocks; 4\u{2009}000 samples"
    );
    assert_eq!(judgement.reason, format!("`candidate.p95 <= 1ms`: {}", result.reason));
    assert_eq!((result.observed, result.limit, result.samples), (Some(3_800.0), Some(1_000.0), 4_000));
    assert_eq!(result.unit, "us");
}

#[test]
fn relative_limits_follow_the_other_side() {
    let relative = |factor, slack| Gate {
        source: "relative".to_owned(),
        metric: candidate(Quantity::ResponseTime(0.95)),
        comparison: Comparison::LessOrEqual,
        limit: Limit::Relative { metric: baseline(Quantity::ResponseTime(0.95)), factor, slack },
    };
    let (_, result) = judge_one(&record(), relative(1.25, 0.0));
    assert_eq!((result.status, result.limit), (Verdict::Pass, Some(4_750.0)));
    let (_, result) = judge_one(&record(), relative(0.5, 1_000.0));
    assert_eq!((result.status, result.limit), (Verdict::Fail, Some(2_900.0)));
    assert_eq!(
        result.reason,
        "candidate.p95 3.80 ms, limit <= 2.90 ms (baseline.p95 3.80 ms × 0.5 + 1.00 ms); ratio 0.655 (95 %: 0.655 to 0.655), 8 pairs; 4\u{2009}000 samples"
    );
    let (_, result) = judge_one(&record(), relative(1.25, -500.0));
    assert_eq!(
        result.reason,
        "candidate.p95 3.80 ms, limit <= 4.25 ms (baseline.p95 3.80 ms × 1.25 - 500 µs); ratio 1.12 (95 %: 1.12 to 1.12), 8 pairs; 4\u{2009}000 samples"
    );
}

#[test]
fn a_reason_names_the_scope_as_gates_do() {
    let metric = of(candidate(Quantity::Requests), "browse", Some("get"));
    let limit = Limit::Relative { metric: of(baseline(Quantity::Requests), "browse", None), factor: 1.0, slack: 0.0 };
    let (_, result) = judge_one(&record(), Gate { limit, ..at_most(metric, 0.0) });
    assert_eq!(
        result.reason,
        "candidate.requests for browse/get 2\u{2009}000, limit <= 4\u{2009}000 (baseline.requests for browse 4\u{2009}000 × 1); 2\u{2009}000 and 4\u{2009}000 requests"
    );
}

#[test]
fn a_limit_that_follows_nothing_is_invalid() {
    let mut record = record();
    side_mut(&mut record, Role::Baseline).pool = None;
    let limit = Limit::Relative { metric: baseline(Quantity::PoolUsedMax), factor: 1.0, slack: 0.0 };
    let gate = Gate { limit, ..at_most(candidate(Quantity::PoolUsedMax), 0.0) };
    let (judgement, result) = judge_one(&record, gate);
    assert_eq!((judgement.verdict, result.status), (Verdict::Invalid, Verdict::Invalid));
    assert!(result.reason.contains("baseline's pool"), "{}", result.reason);
}

#[test]
fn too_few_samples_are_inconclusive() {
    // 4,000 in all blocks together.
    for (share, is_enough) in [(0.95, true), (0.99, true), (0.9999, false)] {
        let (judgement, result) = judge_one(&record(), at_most(candidate(Quantity::ResponseTime(share)), 1e6));
        let expected = if is_enough { Verdict::Pass } else { Verdict::Inconclusive };
        assert_eq!((judgement.verdict, result.status), (expected, expected), "{share}");
        assert_eq!(result.reason.contains("too few: 36\u{2009}887 are needed"), !is_enough, "{}", result.reason);
    }
    // What is counted by the service itself has no blocks.
    for (count, expected) in [(71, Verdict::Inconclusive), (72, Verdict::Pass)] {
        let mut record = record();
        let pool = side_mut(&mut record, Role::Candidate).pool.as_mut().expect("a pool");
        pool.wait_us.as_mut().expect("a histogram").count = count;
        let (_, result) = judge_one(&record, at_most(candidate(Quantity::PoolWait(0.95)), 1e6));
        assert_eq!(result.status, expected, "{}", result.reason);
    }
}

#[test]
fn the_contract_stands_unless_a_gate_says_otherwise() {
    let mut record = record();
    record.parity.as_mut().expect("parity").breaking = 2;
    let judgement = judge(&record, &[], &[]);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert_eq!(judgement.reason, "`parity.breaking == 0`: parity.breaking 2, limit == 0; 20 answers compared");
    let (judgement, _) = judge_one(&record, at_most(parity(Quantity::ParityBreaking), 3.0));
    assert_eq!((judgement.verdict, judgement.gates.len()), (Verdict::Pass, 2));
}

#[test]
fn a_wait_for_a_connection_that_was_given_up_fails_without_being_asked_for() {
    let mut record = record();
    let pool = |record: &mut RunRecord, timeouts| {
        let side = record.load.as_mut().and_then(|load| load.sides.candidate.as_mut()).expect("a side");
        side.pool.as_mut().expect("a pool").timeouts = timeouts;
    };
    pool(&mut record, Some(1));
    assert_eq!(judge(&record, &[], &[]).verdict, Verdict::Fail);
    let written = at_most(candidate(Quantity::PoolTimeouts), 5.0);
    assert_eq!(judge(&record, &[written], &[]).verdict, Verdict::Pass);
    pool(&mut record, None);
    assert_eq!(judge(&record, &[], &[]).verdict, Verdict::Pass, "nothing counts them");
}

#[test]
fn a_command_is_not_asked_for_what_it_does_not_measure() {
    let slow = || at_most(candidate(Quantity::ResponseTime(0.95)), 1.0);
    let mut verify = record();
    verify.run.command = "verify".to_owned();
    verify.load = None;
    let (judgement, result) = judge_one(&verify, slow());
    assert_eq!((judgement.verdict, result.status), (Verdict::Pass, Verdict::Inconclusive));
    assert_eq!(result.reason, "not judged: `verify` runs no load");

    let mut load = record();
    load.run.command = "load".to_owned();
    load.parity = None;
    let judgement = judge(&load, &[at_most(parity(Quantity::ParityBreaking), 0.0), slow()], &[]);
    assert_eq!(judgement.verdict, Verdict::Fail);
    assert_eq!(judgement.gates[1].reason, "not judged: `load` compares no answers");
}

#[test]
fn a_phase_that_should_have_been_run_is_missed() {
    let mut record = record();
    record.load = None;
    let (judgement, result) = judge_one(&record, at_most(candidate(Quantity::ErrorRate), 0.01));
    assert_eq!((judgement.verdict, result.status), (Verdict::Invalid, Verdict::Invalid));
    assert!(judgement.reason.contains("the load phase did not take place"), "{}", judgement.reason);
}

#[test]
fn without_gates_there_are_figures_and_no_verdict() {
    let mut record = record();
    record.run.command = "load".to_owned();
    record.parity = None;
    record.load.as_mut().and_then(|load| load.sides.candidate.as_mut()).expect("a side").pool = None;
    let judgement = judge(&record, &[], &[]);
    assert_eq!(judgement.verdict, Verdict::Inconclusive);
    assert_eq!(judgement.reason, "nothing was to be judged: there are no gates");
}

#[test]
fn the_baseline_alone_decides_nothing() {
    let mut record = record();
    record.parity = None;
    let slow = at_most(baseline(Quantity::ResponseTime(0.95)), 1.0);
    let fine = at_most(candidate(Quantity::ErrorRate), 0.01);
    let judgement = judge(&record, &[slow, fine], &[]);
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.gates[1].status, Verdict::Fail);
    assert!(judgement.gates[1].reason.ends_with("the baseline alone decides nothing"));
}

#[test]
fn gates_are_about_the_side_that_is_judged_and_stay_as_they_are_spelled() {
    let judged = |requests| {
        let mut record = record();
        (record.parity, record.run.sides.candidate) = (None, None);
        let load = record.load.as_mut().expect("load");
        load.sides.candidate = None;
        load.blocks.retain(|block| block.side == Role::Baseline);
        let side = side_mut(&mut record, Role::Baseline);
        (side.requests, side.error_rate) = (requests, Some(0.5));
        side.pool.as_mut().expect("a pool").timeouts = Some(1);
        judge_side(&record, &[at_most(candidate(Quantity::Errors), 3.0)], Role::Baseline)
    };
    let judgement = judged(4_000);
    let told: Vec<_> = judgement.gates.iter().map(|gate| (gate.expr.as_str(), gate.observed, gate.decides)).collect();
    let expected = [("candidate.pool.timeouts == 0", 1.0), ("candidate.error_rate <= 5%", 0.001), ("at most", 4.0)];
    assert_eq!(told, expected.map(|(expr, observed)| (expr, Some(observed), true)));
    assert!(judgement.gates[2].reason.starts_with("baseline.errors 4, limit <= 3"), "{}", judgement.gates[2].reason);
    assert_eq!(judged(0).reason, "no requests were measured on the baseline");

    let record = record();
    let other = at_most(baseline(Quantity::Errors), 0.0);
    let judgement = judge_side(&record, &[other], Role::Baseline);
    let last = judgement.gates.last().expect("a result per gate");
    assert!(!last.decides && last.reason.ends_with("the candidate alone decides nothing"), "{}", last.reason);
}

#[test]
fn targets_have_no_part_in_the_verdict() {
    let judgement = judge(&record(), &[], &[at_most(candidate(Quantity::Cpu), 0.1)]);
    assert_eq!((judgement.verdict, judgement.targets[0].status), (Verdict::Pass, Verdict::Fail));
}

#[test]
fn the_worst_gate_decides() {
    let mut record = record();
    side_mut(&mut record, Role::Candidate).pool = None;
    let few = || at_most(candidate(Quantity::ResponseTime(0.9999)), 1e9);
    let missing = || at_most(candidate(Quantity::PoolUsedMax), 1e9);
    let failing = || at_most(candidate(Quantity::Errors), 0.0);
    assert_eq!(judge(&record, &[few()], &[]).verdict, Verdict::Inconclusive);
    assert_eq!(judge(&record, &[few(), missing()], &[]).verdict, Verdict::Invalid);
    assert_eq!(judge(&record, &[few(), missing(), failing()], &[]).verdict, Verdict::Fail);
}

#[test]
fn a_breaking_difference_of_the_databases_fails_unless_somebody_gives_that_up_in_writing() {
    let look = |breaking| crate::record::state::Look {
        phase: "parity".to_owned(),
        after: "enrol".to_owned(),
        tables: 1,
        rows: 5,
        compared_by_row: 5,
        breaking,
        explained_by: 0,
    };
    let state = |breaking| crate::record::State {
        tables: 1,
        rows: 5,
        compared: 5,
        breaking,
        looks: vec![look(breaking)],
        ..crate::record::State::default()
    };
    let status = |state: crate::record::State| {
        let judgement = judge(&RunRecord { state: Some(state), ..record() }, &[], &[]);
        let gate = judgement.gates.into_iter().find(|gate| gate.expr == "state.breaking == 0");
        gate.map(|gate| gate.status)
    };
    assert_eq!(status(state(0)), Some(Verdict::Pass));
    assert_eq!(status(state(1)), Some(Verdict::Fail));
    // What could not be compared never passes, and what nobody can compare is no gate.
    assert_eq!(status(crate::record::State { failure: Some("gone".to_owned()), ..state(0) }), Some(Verdict::Invalid));
    assert_eq!(status(crate::record::State { skipped: Some("a URL".to_owned()), ..state(0) }), None);
}

const FAST: &str = "candidate.p95 <= 1s";

#[test]
fn a_candidate_that_fails_at_once_is_not_fast() {
    let judged = |errors: u64, gates: &[&str]| {
        let mut record = record();
        let side = side_mut(&mut record, Role::Candidate);
        (side.errors, side.error_rate) = (errors, Some(errors as f64 / 4_000.0));
        let gates: Vec<Gate> = gates.iter().map(|text| Gate::parse(text).expect("a gate")).collect();
        judge(&record, &gates, &[])
    };
    assert_eq!(judged(200, &[FAST]).verdict, Verdict::Pass, "one in twenty, and nobody asked");
    let failed = judged(400, &[FAST]);
    assert_eq!(failed.verdict, Verdict::Fail);
    assert!(failed.reason.contains("candidate.error_rate <= 5%"), "{}", failed.reason);
    assert_eq!(judged(400, &[FAST, "candidate.error_rate <= 20%"]).verdict, Verdict::Pass, "given up in writing");
    assert_eq!(judged(400, &[]).gates.iter().filter(|gate| gate.expr.contains("error_rate")).count(), 0);
}

#[test]
fn a_pool_that_was_not_seen_when_it_mattered_does_not_pass() {
    let judged = |failed: u64, text: &str| {
        let mut record = record();
        let side = side_mut(&mut record, Role::Candidate);
        side.pool = Some(Pool { samples_failed: failed, ..pool() });
        judge_one(&record, Gate::parse(text).expect("a gate")).1
    };
    for text in
        ["candidate.pool.saturated_share <= 5%", "candidate.pool.used.max <= 15", "candidate.pool.pending.max <= 3"]
    {
        assert_eq!(judged(4, text).status, Verdict::Pass, "{text}");
        let blind = judged(5, text);
        assert_eq!(blind.status, Verdict::Inconclusive, "{text}");
        assert!(blind.reason.contains("5 of 85 samples of the pool failed"), "{}", blind.reason);
    }
    assert_eq!(judged(40, "candidate.pool.timeouts == 0").status, Verdict::Pass, "a counter misses nothing");
    assert_eq!(judged(40, "candidate.pool.used.max <= 10").status, Verdict::Fail, "what was seen was seen");
}
