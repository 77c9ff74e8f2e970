use super::*;
use crate::record::Connections;
use crate::record::Severity;
use crate::record::load::{AfterLoad, Trend};

/// Twelve blocks of 5 s, the first quarter left out.
fn rising(level: f64, per_hour: f64) -> Trend {
    Trend {
        points: 9,
        level,
        per_hour,
        interval: [per_hour * 0.9, per_hour * 1.1],
        p_rising: 0.000_1,
        hours: 40.0 / 3_600.0,
    }
}

#[allow(clippy::large_types_passed_by_value)] // a record of its own each time
fn left(after: AfterLoad) -> (Verdict, Vec<(String, Severity)>, RunRecord) {
    let mut record = record();
    side_mut(&mut record, Role::Candidate).after = Some(Box::new(after));
    let judgement = judge(&record, &[at_most(candidate(Quantity::ErrorRate), 0.01)], &[]);
    let codes = judgement.findings.into_iter().map(|finding| (finding.code, finding.severity)).collect();
    (judgement.verdict, codes, record)
}

const MIB: f64 = 1_048_576.0;

#[test]
fn a_connection_that_did_not_come_back_fails_without_a_gate_for_it() {
    let at_rest = Connections { used: Some(2), idle: Some(3), ..Connections::default() };
    let leaked = |count| AfterLoad { at_rest, leaked_connections: count, ..AfterLoad::default() };
    let (verdict, codes, _) = left(leaked(Some(2)));
    assert_eq!((verdict, codes), (Verdict::Fail, vec![("leaked-connections".to_owned(), Severity::Warning)]));
    assert_eq!(left(leaked(Some(0))).0, Verdict::Pass);
    // What is not known is no gate, and one that is written has no figure.
    let (verdict, codes, record) = left(leaked(None));
    assert_eq!((verdict, codes), (Verdict::Pass, Vec::new()));
    let (judgement, _) = judge_one(&record, at_most(candidate(Quantity::LeakConnections), 0.0));
    assert_eq!(judgement.verdict, Verdict::Invalid);
}

#[test]
fn growth_is_told_where_it_is_orderly_large_and_long_enough() {
    let codes = |after: AfterLoad| left(after).1.into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    let memory = |trend| codes(AfterLoad { memory: Some(trend), ..AfterLoad::default() });
    // 100 MiB that grow by 10 MiB in 40 s.
    let grows = rising(100.0 * MIB, 900.0 * MIB);
    assert_eq!(memory(grows), ["memory-grows"]);
    assert!(memory(Trend { per_hour: 90.0 * MIB, interval: [80.0 * MIB, 100.0 * MIB], ..grows }).is_empty(), "1 MiB");
    assert!(memory(Trend { interval: [90.0 * MIB, 9_000.0 * MIB], ..grows }).is_empty(), "it may be 1 MiB");
    assert!(memory(Trend { p_rising: 0.05, ..grows }).is_empty(), "not in order");
    assert!(memory(Trend { points: 7, ..grows }).is_empty(), "too few blocks");
    assert!(memory(Trend { hours: 0.005, per_hour: 9e9, interval: [8e9, 1e10], ..grows }).is_empty(), "too short");
    let files = |per_hour| codes(AfterLoad { fds: Some(rising(50.0, per_hour)), ..AfterLoad::default() });
    assert_eq!(files(3_600.0), ["files-grow"]);
    assert!(files(900.0).is_empty(), "a pool that opens ten connections late");
}

#[test]
fn a_gate_on_growth_needs_eight_blocks() {
    let (_, _, record) = left(AfterLoad { fds: Some(rising(50.0, 3_600.0)), ..AfterLoad::default() });
    let gate = || at_most(candidate(Quantity::FdsSlope), 1_000.0);
    assert_eq!(judge_one(&record, gate()).1.status, Verdict::Fail);
    let few = Trend { points: 5, ..rising(50.0, 0.0) };
    let (_, _, record) = left(AfterLoad { fds: Some(few), ..AfterLoad::default() });
    assert_eq!(judge_one(&record, gate()).1.status, Verdict::Inconclusive);
}
