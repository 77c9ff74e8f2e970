use std::collections::BTreeMap;

use hdrhistogram::Histogram;
use proptest::prelude::*;

use super::{MergeError, Named, merge};
use crate::record::load::{
    AfterLoad, Block, BlockStep, Generator, Load, Machine, Second, Sentinel, Shard, SideLoad, StepLoad,
};
use crate::record::{Ending, Environment, RunInfo, RunRecord, SCHEMA_VERSION, Verdict};
use crate::role::{Pair, Role};

fn histogram(values: &[u64]) -> Histogram<u64> {
    let mut histogram = Histogram::new_with_bounds(1, 1 << 30, 3).unwrap();
    for value in values {
        histogram.record(*value).unwrap();
    }
    histogram
}

fn encoded(values: &[u64]) -> String {
    crate::record::histogram::encode(&histogram(values))
}

fn quantiles(values: &[u64]) -> Option<crate::record::load::Quantiles> {
    let mean = values.iter().sum::<u64>() as f64 / values.len().max(1) as f64;
    crate::record::histogram::quantiles(&histogram(values), mean)
}

/// A shard in which the candidate answered in these times, all in the first second of its one block.
fn shard(index: u32, of: u32, times: &[u64], began_ms: i64) -> Named {
    let count = times.len() as u64;
    let step = StepLoad {
        flow: "browse".to_owned(),
        step: "list".to_owned(),
        requests: count,
        errors: 1,
        statuses: BTreeMap::from([(200, count - 1), (503, 1)]),
        response_time_us: quantiles(times),
        service_time_us: quantiles(times),
        response_time_hdr: encoded(times),
        service_time_hdr: encoded(times),
    };
    let side = SideLoad {
        requests: count,
        errors: 1,
        errors_by_kind: BTreeMap::from([("status".to_owned(), 1)]),
        response_time_us: quantiles(times),
        service_time_us: quantiles(times),
        measured_s: 2.0,
        steps: vec![step],
        ..SideLoad::default()
    };
    let block = Block {
        pair: 0,
        side: Role::Candidate,
        started_ms: 1_000,
        arrivals: count,
        measured_s: 2.0,
        requests: count,
        errors: 1,
        response_time_us: quantiles(times),
        service_time_us: quantiles(times),
        cpu_ms: None,
        machine: Machine::default(),
        seconds: vec![Second { requests: count, errors: 1, max_us: 9, ..Second::default() }, Second::default()],
        steps: vec![BlockStep {
            step: 0,
            requests: count,
            errors: 1,
            response_time_hdr: encoded(times),
            service_time_hdr: encoded(times),
        }],
    };
    let load = Load {
        model: "open".to_owned(),
        arrivals: "at random".to_owned(),
        rate: Some(100.0),
        users: 8,
        block_s: 2.0,
        settle_s: 0.0,
        pairs_planned: 1,
        sides: Pair { baseline: None, candidate: Some(side) },
        blocks: vec![block],
        generator: Generator { offered: Some(50.0), achieved: Some(49.0), unsent: 2, ..Generator::default() },
        parity: None,
        stopped: None,
        shards: vec![Shard {
            index,
            of,
            plan: "plan".to_owned(),
            start_at: "2026-01-01T00:00:00Z".to_owned(),
            epoch_unix_ms: began_ms - 1_000,
            lag_hdr: encoded(&times.iter().map(|time| time / 10 + 1).collect::<Vec<_>>()),
            unread_hdr: encoded(&times.iter().map(|time| time / 20 + 1).collect::<Vec<_>>()),
            seconds_hdr: vec![vec![encoded(times), String::new()]],
            apart_ms: 0,
            generator: None,
        }],
    };
    Named { name: format!("s{index}"), record: record(load) }
}

fn record(load: Load) -> RunRecord {
    RunRecord {
        schema_version: SCHEMA_VERSION,
        verdict: Verdict::Invalid,
        reason: String::new(),
        run: RunInfo {
            plan: "students".to_owned(),
            plan_file: None,
            target: None,
            command: "load".to_owned(),
            seed: 7,
            only: None,
            settings: Vec::new(),
            started_at: "2026-01-01T00:00:00Z".to_owned(),
            finished_at: None,
            sides: Pair::default(),
            protocols: Pair::default(),
            database: String::new(),
            flows: Vec::new(),
        },
        ending: Ending::Complete,
        gates: Vec::new(),
        targets: Vec::new(),
        findings: Vec::new(),
        parity: None,
        state: None,
        explore: None,
        faults: Vec::new(),
        load: Some(load),
        search: None,
        observations: Pair::default(),
        environment: Environment::default(),
    }
}

proptest! {
    #[test]
    fn what_is_merged_is_what_one_process_would_have_measured(
        parts in prop::collection::vec(prop::collection::vec(1_u64..2_000_000, 1..60), 1..5),
    ) {
        let of = parts.len() as u32;
        let mut shards: Vec<Named> = parts.iter().zip(1..).map(|(times, index)| shard(index, of, times, 5_000)).collect();
        shards.reverse();
        let merged = merge(shards).unwrap().load.unwrap();
        let all = parts.concat();
        let (expected, side) = (quantiles(&all).unwrap(), merged.sides.candidate.unwrap());
        for seen in [side.response_time_us, side.service_time_us, side.steps[0].response_time_us] {
            let seen = seen.unwrap();
            prop_assert!((seen.mean - expected.mean).abs() < 1e-6);
            prop_assert_eq!(crate::record::load::Quantiles { mean: expected.mean, ..seen }, expected);
        }
        prop_assert_eq!(&side.steps[0].response_time_hdr, &encoded(&all));
        prop_assert_eq!(&merged.blocks[0].steps[0].response_time_hdr, &encoded(&all));
        let count = all.len() as u64;
        prop_assert_eq!((side.requests, side.errors), (count, u64::from(of)));
        prop_assert_eq!((side.measured_s, side.throughput), (2.0, Some((count - u64::from(of)) as f64 / 2.0)));
        let block = &merged.blocks[0];
        let counts = [block.service_time_us, block.response_time_us].map(|times| times.map(|times| (times.count, times.p95)));
        prop_assert_eq!(counts, [Some((count, expected.p95)); 2]);
        prop_assert_eq!(&block.steps[0].service_time_hdr, &encoded(&all));
        prop_assert_eq!((merged.blocks[0].arrivals, merged.blocks[0].requests), (count, count));
        prop_assert_eq!((merged.blocks[0].seconds[0].requests, merged.blocks[0].seconds[0].p95_us), (count, expected.p95));
        prop_assert_eq!(merged.generator.offered, Some(50.0 * f64::from(of)));
        prop_assert_eq!(merged.generator.unsent, 2 * u64::from(of));
        let lags: Vec<u64> = all.iter().map(|time| time / 10 + 1).collect();
        prop_assert_eq!(merged.generator.dispatch_lag_us, crate::record::histogram::lag(&histogram(&lags)));
        let unread: Vec<u64> = all.iter().map(|time| time / 20 + 1).collect();
        prop_assert_eq!(merged.generator.unread_us, crate::record::histogram::lag(&histogram(&unread)));
        prop_assert_eq!(merged.users as u32, 8 * of);
        prop_assert_eq!(merged.shards.len() as u32, of);
        prop_assert_eq!(merged.shards.iter().map(|shard| shard.index).collect::<Vec<_>>(), (1..=of).collect::<Vec<_>>());
    }
}

#[test]
fn seconds_are_put_together_by_the_clock_and_how_far_shards_were_apart_is_kept() {
    let merged = merge(vec![shard(1, 2, &[10, 20], 5_000), shard(2, 2, &[30], 6_020)]).unwrap().load.unwrap();
    let requests: Vec<u64> = merged.blocks[0].seconds.iter().map(|second| second.requests).collect();
    assert_eq!(requests, [2, 1, 0]);
    assert_eq!(merged.shards.iter().map(|shard| shard.apart_ms).collect::<Vec<_>>(), [0, 1_020]);
}

/// What one shard's machine disturbed is disturbed, and whoever saw the side most at rest is right.
#[test]
fn the_worst_machine_and_the_last_look_at_rest_count() {
    let seen = |index: u32, steal: f64, slow: u64, leaked: Option<u64>| {
        let mut shard = shard(index, 3, &[10], 0);
        let load = shard.record.load.as_mut().unwrap();
        load.blocks[0].machine =
            Machine { steal: Some(steal), sentinel: Some(Sentinel { asked: 100, slow, ..Sentinel::default() }) };
        let after = AfterLoad { leaked_connections: leaked, ..AfterLoad::default() };
        load.sides.candidate.as_mut().unwrap().after = Some(Box::new(after));
        shard
    };
    let shards = vec![seen(1, 0.1, 2, Some(4)), seen(2, 0.3, 1, Some(0)), seen(3, 0.2, 9, None)];
    let merged = merge(shards).unwrap().load.unwrap();
    let machine = merged.blocks[0].machine;
    assert_eq!((machine.steal, machine.sentinel.map(|sentinel| sentinel.slow)), (Some(0.3), Some(9)));
    assert_eq!(merged.sides.candidate.unwrap().after.unwrap().leaked_connections, Some(0));
}

#[test]
fn what_does_not_belong_together_is_refused_with_both_names() {
    let two = || [shard(1, 2, &[10], 0), shard(2, 2, &[20], 0)];
    assert!(merge(two().into()).is_ok());
    assert!(matches!(merge(Vec::new()), Err(MergeError::Nothing)));
    let changed = |change: fn(&mut RunRecord)| {
        let [one, mut other] = two();
        change(&mut other.record);
        merge(vec![one, other]).unwrap_err().to_string()
    };
    for (message, expected) in [
        (changed(|record| record.run.seed = 8), "`s1` and `s2` do not belong together: the seed differs, 7 and 8"),
        (
            changed(|record| record.run.plan = "other".to_owned()),
            "`s1` and `s2` do not belong together: the plan differs, students and other",
        ),
        (
            changed(|record| record.load.as_mut().unwrap().shards[0].of = 3),
            "`s1` and `s2` do not belong together: the number of shards differs, 2 and 3",
        ),
        (changed(|record| record.load.as_mut().unwrap().shards[0].index = 1), "`s1` and `s2` are both shard 1"),
        (
            changed(|record| record.load.as_mut().unwrap().shards.clear()),
            "`s2` is no shard: it was not made with `cutover load --shard`, or ended before there were figures",
        ),
    ] {
        assert_eq!(message, expected);
    }
    let message = changed(|record| record.load.as_mut().unwrap().shards[0].plan = "x".to_owned());
    assert!(message.contains("what the plan asks for differs"), "{message}");
    let missing = merge(vec![shard(2, 4, &[10], 0), shard(3, 4, &[20], 0)]).unwrap_err().to_string();
    assert_eq!(missing, "of 4 shards, these are missing: 1, 4");
    let broken = changed(|record| record.load.as_mut().unwrap().blocks[0].steps[0].response_time_hdr = "zz".to_owned());
    assert!(broken.starts_with("`s2` has a histogram that cannot be read"), "{broken}");
}

#[test]
fn a_shard_that_broke_off_makes_the_whole_broken_off() {
    let mut other = shard(2, 2, &[20], 0);
    other.record.ending = Ending::Interrupted;
    assert_eq!(merge(vec![shard(1, 2, &[10], 0), other]).unwrap().ending, Ending::Interrupted);
}
