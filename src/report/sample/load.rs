//! The load phase of the sample: six blocks in which the baseline queues more with every second.

use std::collections::BTreeMap;

use hdrhistogram::Histogram;

use super::{BLOCK_EVERY_MS, BLOCK_S, FIRST_BLOCK_MS, Noise, ORDER, STEPS};
use crate::record::histogram::{self, encode};
use crate::record::load::{
    Block, BlockStep, Generator, LagQuantiles, Load, Machine, MeanMax, Pool, Quantiles, Second, Sentinel, SideLoad,
    StepLoad, WaitQuantiles,
};
use crate::record::load_parity::{Held, Invariant, LoadParity, Mode, StepLoadParity};
use crate::record::parity::{Class, Difference, Kind};
use crate::record::reproduce::{Again, FailingCase, Reproduction};
use crate::role::{Pair, Role};

fn empty() -> Histogram<u64> {
    Histogram::new_with_bounds(1, 60_000_000, 2).expect("bounds are in order")
}

fn quantiles(values: &Histogram<u64>) -> Option<Quantiles> {
    histogram::quantiles(values, values.mean())
}

fn all(histograms: &[Histogram<u64>]) -> Histogram<u64> {
    let mut all = empty();
    for histogram in histograms {
        all.add(histogram).expect("same bounds");
    }
    all
}

/// A response time in µs: the baseline queues more with each second of a block.
fn time(noise: &mut Noise, role: Role, second: u64, step: usize) -> u64 {
    let weight = [1.6, 1.0, 1.3, 0.9][step];
    let typical = match role {
        Role::Baseline => 140_000.0 * (1.0 + 0.35 * second as f64),
        Role::Candidate => 52_000.0,
    };
    (typical * weight * (0.42 * noise.normal()).exp()) as u64
}

pub(super) fn load() -> Load {
    let mut noise = Noise(7);
    let mut measured = Pair::from_fn(|_| vec![empty(); STEPS.len()]);
    let blocks: Vec<Block> = ORDER
        .iter()
        .enumerate()
        .map(|(index, role)| block(&mut noise, index, *role, measured.get_mut(*role)))
        .collect();
    let sides = Pair::from_fn(|role| Some(side(role, measured.get(role), &blocks)));
    Load {
        arrivals: "200 flow iterations per second arrive at random".to_owned(),
        model: "open".to_owned(),
        rate: Some(200.0),
        users: 400,
        block_s: BLOCK_S as f64,
        settle_s: 1.0,
        pairs_planned: 3,
        sides,
        blocks,
        generator: Generator {
            offered: Some(200.0),
            achieved: Some(199.7),
            dispatch_lag_us: Some(LagQuantiles {
                count: 7_200,
                p50: 41,
                p99: 612,
                p99_at_least: Some(590),
                max: 3_904,
            }),
            unread_us: Some(LagQuantiles { count: 14_260, p50: 18, p99: 140, p99_at_least: Some(133), max: 2_104 }),
            cpu: Some(0.22),
            panics: 0,
            unsent: 0,
            failure: None,
        },
        parity: Some(parity()),
        stopped: None,
        shards: Vec::new(),
    }
}

fn block(noise: &mut Noise, index: usize, role: Role, totals: &mut [Histogram<u64>]) -> Block {
    let mut own = vec![empty(); STEPS.len()];
    let mut seconds = Vec::new();
    for second in 0..BLOCK_S {
        let mut one = empty();
        for (step, histogram) in own.iter_mut().enumerate() {
            for _ in 0..[144, 144, 36, 36][step] {
                let micros = time(noise, role, second, step);
                one.record(micros).expect("in range");
                if second > 0 {
                    histogram.record(micros).expect("in range");
                }
            }
        }
        let errors = if role == Role::Baseline && second >= 4 { 11 * (second - 3) + index as u64 } else { 0 };
        seconds.push(a_second(&one, errors));
    }
    for (total, own) in totals.iter_mut().zip(&own) {
        total.add(own).expect("same bounds");
    }
    let (requests, errors) = sums(&seconds[1..]);
    let steps = own.iter().enumerate();
    let steps = steps.map(|(step, own)| BlockStep {
        step,
        requests: own.len(),
        errors: 0,
        response_time_hdr: encode(own),
        service_time_hdr: String::new(),
    });
    Block {
        pair: index as u32 / 2,
        side: role,
        started_ms: FIRST_BLOCK_MS + index as u64 * BLOCK_EVERY_MS,
        arrivals: 200 * BLOCK_S,
        measured_s: (BLOCK_S - 1) as f64,
        requests,
        errors,
        response_time_us: quantiles(&all(&own)),
        service_time_us: quantiles(&all(&own)),
        cpu_ms: Some(if role == Role::Baseline { 3_900 } else { 1_650 }),
        machine: Machine {
            steal: Some(0.004),
            sentinel: Some(Sentinel { asked: 600, slow: 2, p50_us: 74, p99_us: 640, max_us: 31_200 }),
        },
        seconds,
        steps: steps.collect(),
    }
}

fn a_second(times: &Histogram<u64>, errors: u64) -> Second {
    let at = |quantile| times.value_at_quantile(quantile);
    Second { requests: times.len(), errors, p50_us: at(0.5), p95_us: at(0.95), p99_us: at(0.99), max_us: times.max() }
}

fn sums(seconds: &[Second]) -> (u64, u64) {
    (seconds.iter().map(|second| second.requests).sum(), seconds.iter().map(|second| second.errors).sum())
}

fn side(role: Role, histograms: &[Histogram<u64>], blocks: &[Block]) -> SideLoad {
    let own = || blocks.iter().filter(|block| block.side == role);
    let (requests, errors) = (own().map(|b| b.requests).sum::<u64>(), own().map(|b| b.errors).sum::<u64>());
    let measured_s: f64 = own().map(|block| block.measured_s).sum();
    let old = role == Role::Baseline;
    let times = quantiles(&all(histograms));
    let kinds: &[(&str, u64)] = if old { &[("status", errors - 21), ("timeout", 21)] } else { &[] };
    SideLoad {
        requests,
        errors,
        error_rate: Some(errors as f64 / requests as f64),
        errors_by_kind: kinds.iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
        reconnects: if old { 3 } else { 0 },
        resent: 0,
        throughput: Some((requests - errors) as f64 / measured_s),
        response_time_us: times,
        service_time_us: times.map(|times| Quantiles { p95: times.p95 * 4 / 5, p99: times.p99 * 4 / 5, ..times }),
        cpu: Some(if old { 0.78 } else { 0.33 }),
        rss_bytes: Some(if old { 96 << 20 } else { 41 << 20 }),
        pool: Some(pool(old)),
        measured_s,
        steps: histograms.iter().enumerate().map(|(index, histogram)| step(index, histogram, old)).collect(),
        after: None,
    }
}

fn step(index: usize, histogram: &Histogram<u64>, old: bool) -> StepLoad {
    let errors = if old && index == 0 { 60 } else { 0 };
    let ok = [200, 200, 201, 204][index];
    let mut statuses = BTreeMap::from([(ok, histogram.len() - errors)]);
    if errors > 0 {
        statuses.insert(503, errors);
    }
    StepLoad {
        flow: STEPS[index].0.to_owned(),
        step: STEPS[index].1.to_owned(),
        requests: histogram.len(),
        errors,
        statuses,
        response_time_us: quantiles(histogram),
        service_time_us: quantiles(histogram),
        response_time_hdr: encode(histogram),
        service_time_hdr: encode(histogram),
    }
}

fn pool(old: bool) -> Pool {
    let wait = WaitQuantiles { count: 5_400, p50: 61_000.0, p95: 480_000.0, p99: 790_000.0, max: Some(1e6) };
    let mean_max = |mean, max| MeanMax { mean: Some(mean), max: Some(max) };
    Pool {
        size: Some(if old { 15.0 } else { 9.0 }),
        max: Some(15.0),
        used: if old { mean_max(13.6, 15.0) } else { mean_max(6.1, 11.0) },
        pending: if old { mean_max(11.4, 38.0) } else { mean_max(0.1, 2.0) },
        timeouts: Some(if old { 21 } else { 0 }),
        wait_us: old.then_some(wait),
        hold_us_mean: Some(if old { 38_200.0 } else { 16_900.0 }),
        saturated_share: Some(if old { 0.63 } else { 0.0 }),
        samples: 180,
        samples_failed: u64::from(old),
    }
}

/// A list that was out of order once, and a review that was handed out twice.
fn parity() -> LoadParity {
    let (flow, name) = STEPS[0];
    LoadParity {
        accepted: 0,
        acceptances: Vec::new(),
        reproduction: Reproduction { cases: vec![case()], ..Reproduction::default() },
        answers: Pair { baseline: 6_400, candidate: 6_480 },
        kept: Pair { baseline: 3_100, candidate: 3_190 },
        left_out: Pair { baseline: 74, candidate: 0 },
        compared_exact: 2_210,
        compared_shape: 840,
        lessons: Pair { baseline: 1_020, candidate: 1_066 },
        broken_off: Pair { baseline: 3, candidate: 0 },
        values_until_pair: Some(2),
        breaking: 2,
        steps: vec![StepLoadParity {
            flow: flow.to_owned(),
            step: name.to_owned(),
            mode: Mode::Partly,
            compared: 2_210,
            lessons: 1_020,
            varying: vec!["$.total".to_owned()],
        }],
        differences: vec![Difference {
            class: Class::Breaking,
            kind: Kind::Status,
            flow: flow.to_owned(),
            step: name.to_owned(),
            place: "status".to_owned(),
            baseline: Some("200 (1550×)".to_owned()),
            candidate: Some("403 (2×): arrival 17 of pair 2, arrival 40 of pair 3".to_owned()),
            count: 2,
            rule: None,
            note: None,
            examples: Vec::new(),
            accepted: None,
            remedy: None,
            case: None,
        }],
        invariants: vec![Invariant {
            kind: "handed_out_once".to_owned(),
            flow: "claim".to_owned(),
            step: "claim".to_owned(),
            place: "$.id".to_owned(),
            rule: "`$.id` of `POST /reviews/claim` is handed out once".to_owned(),
            outcome: Held::Broken,
            observed: Pair { baseline: 180, candidate: 181 },
            accepted: None,
            remedy: None,
            case: None,
            broken: 1,
            baseline: Some("180 answers, no value twice".to_owned()),
            candidate: Some("31 was handed out to arrival 12 of pair 1 and again to arrival 13 of pair 1".to_owned()),
        }],
    }
}

/// The requests of an arrival, with what no report may take for its own.
fn case() -> FailingCase {
    FailingCase {
        flow: "claim".to_owned(),
        step: "claim".to_owned(),
        requests: vec!["# claim / claim\ncurl -sS -i --request POST \"$SIDE/reviews/claim\"".to_owned()],
        diff: String::new(),
        diff_left_out: 0,
        about: Some("one of 1 under load <b>at</b> once ]]>".to_owned()),
        queries: Pair::default(),
        again: Again::Load,
    }
}
