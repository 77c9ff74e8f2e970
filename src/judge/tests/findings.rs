use super::*;
use crate::record::load::Shard;
use crate::record::parity::{RuleUse, StepParity};
use crate::record::{FaultEvidence, Severity};

/// The findings of a record that was changed, as `code: message`, and the verdict.
fn changed(change: impl FnOnce(&mut RunRecord)) -> (Vec<String>, Verdict) {
    let mut record = record();
    change(&mut record);
    let judgement = judge(&record, &[at_most(candidate(Quantity::Errors), 1e9)], &[]);
    let findings = judgement.findings.iter().map(|it| format!("{}: {}", it.code, it.message)).collect();
    (findings, judgement.verdict)
}

fn load_of(record: &mut RunRecord) -> &mut Load {
    record.load.as_mut().expect("load")
}

#[track_caller]
fn assert_invalid(expected: &str, change: impl FnOnce(&mut RunRecord)) {
    assert_eq!(changed(change), (vec![expected.to_owned()], Verdict::Invalid));
}

#[test]
fn a_fault_that_was_not_made_or_not_felt_is_never_passed_over() {
    let fault = |applied: Option<&str>, not_applied: Option<&str>| FaultEvidence {
        name: "database-slow".to_owned(),
        applied: applied.map(str::to_owned),
        not_applied: not_applied.map(str::to_owned),
        compared: 0,
        breaking: 0,
        answers: Vec::new(),
        aftermath: Pair::default(),
    };
    let faults =
        vec![fault(Some("done"), None), fault(None, Some("no hand on it")), fault(Some("done"), Some("no wait"))];
    let (findings, verdict) = changed(|record| record.faults = faults);
    let expected = [
        "fault-not-shown: fault `database-slow` was not made: no hand on it",
        "fault-not-shown: fault `database-slow` was made and shows nothing: no wait",
    ];
    assert_eq!((findings, verdict), (expected.map(str::to_owned).to_vec(), Verdict::Pass));
}

#[test]
fn a_run_that_is_not_complete_never_passes() {
    assert_invalid("unfinished: the run is not over yet", |record| record.ending = Ending::Running);
    assert_invalid("interrupted: the run was interrupted", |record| record.ending = Ending::Interrupted);
    assert_invalid("failed: the run broke off: side `candidate` died", |record| {
        record.ending = Ending::Failed("side `candidate` died\n  its last line".to_owned());
    });
}

#[test]
fn a_generator_that_panicked_is_not_believed() {
    assert_invalid("generator-panic: virtual users of the generator panicked: 1", |record| {
        load_of(record).generator.panics = 1;
    });
}

#[test]
fn a_generator_that_could_not_go_on_is_not_believed() {
    let words =
        "generator-failed: the generator could not go on in pair 2: no files; what was done before is on record";
    assert_invalid(words, |record| load_of(record).generator.failure = Some("in pair 2: no files".to_owned()));
}

#[test]
fn a_generator_that_is_late_is_not_believed() {
    assert_invalid(
        "dispatch-lag: the generator released arrivals late: P99 of the lag 1.20 ms, more than 1.00 ms, P95 of the response time 3.80 ms; 2\u{2009}000 arrivals",
        |record| load_of(record).generator.dispatch_lag_us = Some(lag(1_200)),
    );
    assert_eq!(changed(|record| load_of(record).generator.dispatch_lag_us = Some(lag(1_000))), (vec![], Verdict::Pass));
}

#[test]
fn lag_that_is_a_small_part_of_the_quicker_sides_times_is_a_warning() {
    for (p99, quicker_p95, severity) in [
        (1_000, 1, None),
        (1_001, 10_010, Some(Severity::Warning)),
        (1_002, 10_010, Some(Severity::Invalid)),
        (20_000, 200_000, Some(Severity::Warning)),
        (20_001, 200_000, Some(Severity::Invalid)),
    ] {
        for quicker in Role::BOTH {
            let mut record = record();
            load_of(&mut record).generator.dispatch_lag_us = Some(lag(p99));
            let p95 = |p95| Some(Quantiles { p95, ..times(4_000) });
            side_mut(&mut record, quicker).response_time_us = p95(quicker_p95);
            side_mut(&mut record, quicker.other()).response_time_us = p95(1_000_000);
            let judgement = judge(&record, &[], &[]);
            let found: Vec<Severity> = judgement.findings.iter().map(|finding| finding.severity).collect();
            assert_eq!(found, Vec::from_iter(severity), "{p99} {quicker_p95}");
            let is_invalid = severity == Some(Severity::Invalid);
            assert_eq!(judgement.verdict == Verdict::Invalid, is_invalid, "{p99} {quicker_p95}");
        }
    }
}

#[test]
fn a_percentile_that_is_high_by_accident_is_told_and_no_more() {
    for (p99_at_least, verdict) in
        [(Some(1_000), Verdict::Pass), (Some(1_001), Verdict::Invalid), (None, Verdict::Invalid)]
    {
        let (findings, found) = changed(|record| {
            load_of(record).generator.dispatch_lag_us = Some(LagQuantiles { p99_at_least, ..lag(30_000) });
        });
        assert_eq!((findings.len(), found), (1, verdict), "{p99_at_least:?}");
    }
}

/// Blocks of so many pairs in which the machine was as told for each side.
fn machine(record: &mut RunRecord, pairs: u32, of: impl Fn(u32, Role) -> Machine) {
    let load = load_of(record);
    load.pairs_planned = pairs;
    let template = load.blocks[0].clone();
    load.blocks = (0..pairs)
        .flat_map(|pair| Role::BOTH.map(|side| (pair, side)))
        .map(|(pair, side)| Block { pair, side, machine: of(pair, side), ..template.clone() })
        .collect();
}

fn stall(slow: u64) -> Machine {
    Machine {
        steal: Some(0.01),
        sentinel: Some(Sentinel { asked: 500, slow, p50_us: 80, p99_us: 30_000, max_us: 90_000 }),
    }
}

#[test]
fn pairs_that_the_machine_disturbed_are_left_out_and_more_than_a_quarter_is_invalid() {
    for (disturbed, expected) in [
        (0, None),
        (3, Some(("3 of 12 block pairs", Severity::Warning))),
        (4, Some(("4 of 12 block pairs", Severity::Invalid))),
    ] {
        // In turn the one side and the other, so that no side is suspected.
        let mut record = record();
        machine(&mut record, 12, |pair, side| {
            stall(if pair < disturbed && (side == Role::Baseline) == (pair % 2 == 0) { 26 } else { 25 })
        });
        let judgement = judge(&record, &[], &[]);
        let found = judgement.findings.iter().find(|finding| finding.code == "pairs-disturbed");
        assert_eq!(found.map(|finding| finding.severity), expected.map(|(_, severity)| severity), "{disturbed}");
        if let (Some(found), Some((part, _))) = (found, expected) {
            assert!(
                found.message.contains(part) && found.message.contains("late 26 of 500 times"),
                "{}",
                found.message
            );
        }
        assert_eq!(judgement.verdict == Verdict::Invalid, disturbed > 3);
    }
}

#[test]
fn stolen_time_disturbs_too_and_what_is_not_known_or_too_little_does_not() {
    let steal = |steal| Machine { steal: Some(steal), sentinel: None };
    let few = Machine { steal: None, sentinel: Some(Sentinel { asked: 19, slow: 19, ..Sentinel::default() }) };
    for (seen, is_invalid) in [(steal(0.11), true), (steal(0.1), false), (Machine::default(), false), (few, false)] {
        let (findings, verdict) = changed(|record| machine(record, 2, |_, _| seen));
        assert_eq!((verdict == Verdict::Invalid, findings.len()), (is_invalid, usize::from(is_invalid)), "{seen:?}");
    }
}

#[test]
fn a_side_that_uses_the_machine_up_loses_no_pair_by_it() {
    for (pairs, role) in [(6, Role::Candidate), (6, Role::Baseline), (5, Role::Candidate)] {
        let mut record = record();
        machine(&mut record, pairs, |_, side| stall(if side == role { 400 } else { 0 }));
        let judgement = judge(&record, &[], &[]);
        // Five of five may be chance (1 in 16), six of six hardly (1 in 32).
        let code = if pairs == 6 { "machine-used-up" } else { "pairs-disturbed" };
        assert_eq!(judgement.findings.iter().map(|finding| &*finding.code).collect::<Vec<_>>(), [code]);
        assert_eq!(judgement.verdict == Verdict::Invalid, pairs == 5);
    }
}

#[test]
fn a_generator_that_uses_all_cores_is_told() {
    let (findings, verdict) = changed(|record| {
        record.environment.cores = 2;
        load_of(record).generator.cpu = Some(1.8);
    });
    assert_eq!((findings.len(), verdict), (1, Verdict::Pass));
    assert!(findings[0].contains("generator-busy"), "{findings:?}");
}

#[test]
fn shards_that_use_a_core_each_are_not_told_for_what_all_of_them_use() {
    let findings = |cpu: f64| {
        changed(|record| {
            record.environment.cores = 2;
            let load = load_of(record);
            load.generator.cpu = Some(4.0 * cpu);
            let generator = Generator { cpu: Some(cpu), ..Generator::default() };
            load.shards = (1..=4)
                .map(|index| Shard { index, of: 4, generator: Some(generator.clone()), ..Shard::default() })
                .collect();
        })
        .0
    };
    assert!(findings(1.0).is_empty(), "{:?}", findings(1.0));
    assert!(findings(1.8)[0].contains("generator-busy"));
}

#[test]
fn answers_that_were_read_late_are_told_and_no_slower() {
    let words = "answers-unread: the generator read answers late: P99 1.00 ms after they came, more than 1.00 ms; it is no part of \
                 their times, but of when their callers went on; 2\u{2009}000 answers";
    let unread = |p99| changed(|record| load_of(record).generator.unread_us = Some(lag(p99)));
    assert_eq!(unread(1_001), (vec![words.to_owned()], Verdict::Pass));
    assert_eq!(unread(1_000), (vec![], Verdict::Pass));
}

#[test]
fn a_late_generator_without_any_response_time_is_not_believed() {
    assert_invalid(
        "dispatch-lag: the generator released arrivals late: P99 of the lag 1.00 ms, more than 1.00 ms, no response times to hold it against; 2\u{2009}000 arrivals",
        |record| {
            load_of(record).generator.dispatch_lag_us = Some(lag(1_001));
            for role in Role::BOTH {
                side_mut(record, role).response_time_us = None;
            }
        },
    );
}

fn lag(p99: u64) -> LagQuantiles {
    LagQuantiles { count: 2_000, p50: 100, p99, p99_at_least: Some(p99), max: 90_000 }
}

#[test]
fn arrivals_that_the_generator_lost_make_the_run_invalid() {
    assert_invalid(
        "arrivals-lost: the generator offered 100.0 and began 97.0 flow iterations per second; 3.00 % of the arrivals were lost through its own fault",
        |record| load_of(record).generator.achieved = Some(97.0),
    );
}

#[test]
fn arrivals_that_a_slow_side_left_waiting_do_not() {
    let (findings, verdict) = changed(|record| {
        load_of(record).generator.achieved = Some(60.0);
        load_of(record).generator.unsent = 800;
    });
    assert_eq!((findings, verdict), (vec![], Verdict::Pass));
}

#[test]
fn a_side_without_requests_makes_the_run_invalid() {
    assert_invalid("no-requests: no requests were measured on the baseline", |record| {
        side_mut(record, Role::Baseline).requests = 0;
    });
    assert_invalid("no-requests: no requests were measured on the baseline", |record| {
        load_of(record).sides.baseline = None;
    });
    let alone = changed(|record| {
        load_of(record).sides.baseline = None;
        record.run.sides.baseline = None;
    });
    assert_eq!(alone, (vec![], Verdict::Pass));
}

#[test]
fn nothing_compared_makes_the_run_invalid() {
    assert_invalid("nothing-compared: no answers were compared, though 40 requests were sent", |record| {
        record.parity.as_mut().expect("parity").compared = 0;
    });
}

#[test]
fn missing_pairs_make_the_run_invalid() {
    assert_invalid("pairs-missing: 5 of 8 block pairs are complete", |record| load_of(record).blocks.truncate(11));
}

#[test]
fn a_baseline_that_collapsed_is_a_warning() {
    let mut record = record();
    side_mut(&mut record, Role::Baseline).error_rate = Some(0.6);
    let judgement = judge(&record, &[], &[]);
    assert_eq!(judgement.verdict, Verdict::Pass);
    assert_eq!(judgement.findings[0].severity, Severity::Warning);
    assert_eq!(judgement.findings[0].code, "baseline-collapsed");
    assert!(judgement.findings[0].message.starts_with("60.0 % of the baseline's requests failed"));
}

#[test]
fn no_gate_outweighs_an_invalid_finding() {
    let mut record = record();
    record.ending = Ending::Interrupted;
    record.parity.as_mut().expect("parity").breaking = 1;
    let judgement = judge(&record, &[], &[]);
    assert_eq!(judgement.verdict, Verdict::Invalid);
    assert_eq!(judgement.reason, "the run was interrupted");
    assert_eq!(judgement.gates[0].status, Verdict::Fail);
}

#[test]
fn rules_that_nothing_met_are_told_and_those_without_a_chance_otherwise() {
    let rule = |rule: &str, flow: Option<&str>, step: Option<&str>, matched| RuleUse {
        rule: rule.to_owned(),
        reason: "because".to_owned(),
        flow: flow.map(str::to_owned),
        step: step.map(str::to_owned),
        matched,
        allowed: 0,
    };
    let step = |flow: &str, step: &str, compared| StepParity {
        flow: flow.to_owned(),
        step: step.to_owned(),
        compared,
        skipped: 0,
        breaking: 0,
        statuses: Vec::new(),
    };
    let found = |rules: Vec<RuleUse>| {
        changed(|record| {
            let parity = record.parity.as_mut().expect("parity");
            parity.steps = vec![step("browse", "list", 2), step("browse", "get", 1), step("enrol", "create", 0)];
            parity.rules = rules;
        })
    };
    let (nothing, verdict) = found(vec![rule("uuid $.id", None, None, 1)]);
    assert_eq!((nothing, verdict), (Vec::new(), Verdict::Pass));
    let (findings, verdict) = found(vec![
        rule("uuid $.a", Some("browse"), None, 0),
        rule("uuid $.b", None, None, 0),
        rule("uuid $.c", Some("browse"), Some("get"), 0),
        rule("uuid $.d", None, Some("create"), 0),
    ]);
    let expected = [
        "rules-unused: 2 compare rules matched nothing in any answer, and may be out of date: `uuid $.a`, `uuid $.c`",
        "rules-untried: 2 compare rules matched nothing, but not every step in question was compared: `uuid $.b`, `uuid $.d`",
    ];
    assert_eq!((findings, verdict), (expected.map(str::to_owned).to_vec(), Verdict::Pass));
    let (findings, _) = found((0..7).map(|at| rule(&format!("r{at}"), Some("browse"), None, 0)).collect());
    assert!(findings[0].ends_with("`r0`, `r1`, `r2`, `r3`, `r4`, 2 more"), "{findings:?}");
}

#[test]
fn a_generator_at_its_own_limit_that_left_arrivals_waiting_is_not_believed() {
    let findings = |cpu: f64, unsent: u64| {
        changed(|record| {
            record.environment.cores = 2;
            let load = load_of(record);
            (load.generator.cpu, load.generator.unsent) = (Some(cpu), unsent);
            load.generator.achieved = Some(100.0 - unsent as f64 / 20.0);
        })
    };
    // Of 2,000 arrivals.
    let (told, verdict) = findings(1.9, 100);
    assert_eq!(verdict, Verdict::Invalid);
    assert_eq!(
        told,
        [
            "generator-busy: the generator used 1.90 of 2 cores itself, and 5.00 % of the arrivals found no free user: the rate is more than it can make"
        ]
    );
    assert_ne!(findings(1.9, 20).1, Verdict::Invalid, "one in a hundred");
    assert_ne!(findings(1.0, 100).1, Verdict::Invalid, "it had time");
}

#[test]
fn a_machine_that_had_no_port_left_is_not_believed() {
    assert_invalid(
        "generator-exhausted: this machine had no port, file or buffer left for 3 requests: the errors are the generator's; \
         fewer users, a side that keeps connections, or more ports (`net.ipv4.ip_local_port_range`) help",
        |record| {
            side_mut(record, Role::Candidate).errors_by_kind.insert("exhausted".to_owned(), 3);
        },
    );
}

#[test]
fn what_one_shard_of_many_did_not_do_is_not_lost_among_the_others() {
    let findings = |one: Generator| {
        changed(|record| {
            let load = load_of(record);
            let good = Generator { offered: Some(10.0), achieved: Some(10.0), ..Generator::default() };
            let generator = |index| if index == 7 { one.clone() } else { good.clone() };
            load.shards = (1..=100)
                .map(|index| Shard { index, of: 100, generator: Some(generator(index)), ..Shard::default() })
                .collect();
        })
    };
    let (told, verdict) = findings(Generator { offered: Some(10.0), achieved: Some(1.0), ..Generator::default() });
    assert!(told[0].starts_with("arrivals-lost: shard 7 of 100: ") && verdict == Verdict::Invalid, "{told:?}");
    let (told, verdict) = findings(Generator { dispatch_lag_us: Some(lag(90_000)), ..Generator::default() });
    assert!(told[0].starts_with("dispatch-lag: shard 7 of 100: ") && verdict == Verdict::Invalid, "{told:?}");
}
