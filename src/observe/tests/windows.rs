//! Figures of parts of a run, from samples made by hand.

use proptest::prelude::*;

use crate::observe::Record;
use crate::observe::mapping::{Bucket, Hold, Reading};
use crate::record::load::{MeanMax, WaitQuantiles};

/// A record whose pool was sampled every 100 ms, beginning at 100.
fn record<S: Clone + Into<Option<Reading>>>(samples: &[S]) -> Record {
    let mut record = Record::default();
    record.observations.pool_source = Some("by hand".to_owned());
    for (index, sample) in samples.iter().enumerate() {
        let at_ms = 100 * (index as u64 + 1);
        let sample: Option<Reading> = sample.clone().into();
        if let Some(reading) = &sample {
            record.counters.push(at_ms, reading);
        }
        let reading = sample.unwrap_or_default();
        let pool = &mut record.observations.pool;
        pool.at_ms.push(at_ms);
        pool.used.push(reading.used);
        pool.idle.push(reading.idle);
        pool.max.push(reading.max);
        pool.pending.push(reading.pending);
        pool.timeouts.push(reading.timeouts);
    }
    record
}

fn gauges(used: f64, pending: f64) -> Reading {
    let (used, idle, max, pending) = (Some(used), Some(10.0 - used), Some(10.0), Some(pending));
    Reading { used, idle, max, pending, ..Reading::default() }
}

/// A good sample with these counters; buckets end at 1 ms, 10 ms and nowhere.
fn counters(timeouts: f64, waits: [u64; 3]) -> Reading {
    let buckets = [1e3, 1e4, f64::INFINITY].into_iter().zip(waits);
    let count = waits.iter().sum();
    Reading {
        used: Some(1.0),
        timeouts: Some(timeouts),
        wait: Some(buckets.map(|(upper_us, count)| Bucket { upper_us, count }).collect()),
        hold: Some(Hold { sum_us: count as f64 * 500.0, count }),
        ..Reading::default()
    }
}

#[test]
fn gauges_are_of_the_samples_within_the_windows() {
    let good = |used, pending| Some(gauges(used, pending));
    let samples = [good(9.0, 9.0), good(10.0, 2.0), good(4.0, 0.0), None, good(10.0, 0.0), good(9.0, 9.0)];
    let pool = record(&samples).pool_summary(&[(200, 400), (400, 600)], (0, 700)).expect("a source");
    assert_eq!(pool.used, MeanMax { mean: Some(8.0), max: Some(10.0) });
    assert_eq!(pool.pending.max, Some(2.0));
    assert_eq!((pool.size, pool.max), (Some(10.0), Some(10.0)));
    assert_eq!((pool.samples, pool.samples_failed), (3, 1));
    assert!((pool.saturated_share.expect("samples") - 1.0 / 3.0).abs() < 1e-9);
    assert_eq!((pool.timeouts, pool.wait_us, pool.hold_us_mean), (None, None, None));
}

#[test]
fn without_a_good_sample_there_is_a_count_of_failures_and_no_figure() {
    let pool = record(&[None::<Reading>, None]).pool_summary(&[(0, 1000)], (0, 1000)).expect("a source");
    assert_eq!((pool.samples, pool.samples_failed), (0, 2));
    assert_eq!((pool.used, pool.saturated_share, pool.timeouts), (MeanMax::default(), None, None));
    assert!(Record::default().pool_summary(&[(0, 1000)], (0, 1000)).is_none());
}

#[test]
fn waits_are_differences_between_the_edges_of_the_windows() {
    let samples = [
        counters(0.0, [100, 0, 0]),
        counters(0.0, [110, 0, 0]),
        counters(0.0, [110, 10, 0]),
        counters(0.0, [900, 90, 9]),
        counters(0.0, [900, 90, 10]),
    ];
    let record = record(&samples);
    let pool = record.pool_summary(&[(100, 300)], (100, 300)).expect("a source");
    let expected = WaitQuantiles { count: 20, p50: 1e3, p95: 9_100.0, p99: 9_820.0, max: Some(1e4) };
    assert_eq!(pool.wait_us, Some(expected));
    assert_eq!(pool.hold_us_mean, Some(500.0));
    let both = record.pool_summary(&[(100, 300), (400, 500)], (100, 500)).and_then(|pool| pool.wait_us);
    let both = both.expect("a histogram");
    assert_eq!((both.count, both.max), (21, None));
    assert!((both.p99 - 1e4).abs() < 1e-9, "beyond the last bound its value is given: {both:?}");
}

#[test]
fn a_window_without_waits_has_a_histogram_of_nothing() {
    let record = record(&[counters(0.0, [5, 0, 0]), counters(0.0, [5, 0, 0])]);
    let wait = record.pool_summary(&[(100, 300)], (100, 300)).and_then(|pool| pool.wait_us).expect("a histogram");
    assert_eq!((wait.count, wait.max), (0, Some(0.0)));
}

#[test]
fn timeouts_of_the_drain_are_not_lost() {
    let timeouts = [3.0, 3.0, 4.0, 5.0, 5.0].map(|timeouts| counters(timeouts, [0, 0, 0]));
    let count = |windows: &[(u64, u64)], overall| record(&timeouts).pool_summary(windows, overall)?.timeouts;
    assert_eq!(count(&[(100, 200)], (100, 400)), Some(2));
    assert_eq!(count(&[(100, 200)], (100, 350)), Some(2), "the next good sample decides");
    assert_eq!(count(&[(100, 200)], (100, 200)), Some(0));
}

#[test]
fn a_timeout_while_the_endpoint_is_silent_is_counted_by_the_next_good_sample() {
    let samples = [Some(counters(0.0, [0, 0, 0])), None, None, Some(counters(2.0, [0, 0, 0]))];
    assert_eq!(record(&samples).pool_summary(&[(100, 200)], (100, 250)).and_then(|pool| pool.timeouts), Some(2));
}

#[test]
fn a_counter_that_appears_late_has_grown_from_zero() {
    let record = record(&[gauges(1.0, 0.0), counters(2.0, [0, 3, 0])]);
    let pool = record.pool_summary(&[(100, 300)], (100, 300)).expect("a source");
    assert_eq!((pool.timeouts, pool.wait_us.map(|wait| wait.count)), (Some(2), Some(3)));
}

#[test]
fn after_a_restart_counters_begin_again() {
    let samples = [counters(5.0, [100, 50, 0]), counters(6.0, [110, 50, 0]), counters(1.0, [3, 4, 0])];
    let record = record(&samples);
    let pool = record.pool_summary(&[(100, 300)], (100, 300)).expect("a source");
    assert_eq!((pool.timeouts, pool.wait_us.map(|wait| wait.count)), (Some(2), Some(17)));
    assert_eq!(pool.hold_us_mean, Some(500.0));
    assert_eq!(record.pool_restarts(), 1);
}

#[test]
fn processor_time_is_interpolated_and_never_guessed() {
    let mut record = Record::default();
    record.observations.process.at_ms = vec![100, 200, 400];
    record.observations.process.cpu_ms = vec![10, 30, 130];
    record.observations.process.rss_bytes = vec![7, 9, 8];
    assert_eq!(record.cpu_ms(100, 400), Some(120));
    assert_eq!(record.cpu_ms(150, 300), Some(60));
    assert_eq!(record.cpu_ms(50, 300), None);
    assert_eq!(record.cpu_ms(100, 401), None);
    assert_eq!(record.rss_max(&[(100, 200), (300, 500)]), Some(8));
    assert_eq!(record.rss_max(&[(500, 600)]), None);
}

#[test]
fn without_an_endpoint_the_database_says_how_many_connections_are_in_use() {
    let mut record = Record::default();
    record.observations.database.at_ms = vec![100, 200];
    record.observations.database.connections = vec![5, 5];
    record.observations.database.active = vec![2, 3];
    record.observations.database.idle_in_transaction = vec![1, 0];
    record.pool_from_database();
    let pool = record.pool_summary(&[(100, 300)], (100, 300)).expect("a source");
    assert_eq!((pool.size, pool.used.mean, pool.max, pool.timeouts), (Some(5.0), Some(3.0), None, None));
    assert_eq!(record.observations.pool.timeouts.len(), 2);
}

proptest! {
    /// Windows that touch see every wait once, wherever they are cut.
    #[test]
    fn windows_add_up(steps in prop::collection::vec([0..5_u64, 0..5_u64, 0..5_u64], 2..40), cut in 100..4000_u64) {
        let mut sums = [0; 3];
        let samples: Vec<_> = steps.iter().map(|step| {
            sums = [sums[0] + step[0], sums[1] + step[1], sums[2] + step[2]];
            counters(sums[0] as f64, sums)
        }).collect();
        let record = record(&samples);
        let count = |windows: &[(u64, u64)]| record.counters.wait(windows).map(|wait| wait.count);
        let grown: u64 = steps[1..].iter().flatten().sum();
        prop_assert_eq!(count(&[(0, 5000)]), Some(grown));
        prop_assert_eq!(count(&[(0, cut), (cut, 5000)]), Some(grown));
    }

    /// Quantiles rise with their share and stay below the largest.
    #[test]
    fn quantiles_are_in_order(waits in [0..50_u64, 0..50_u64, 0..50_u64]) {
        let wait = record(&[counters(0.0, [0; 3]), counters(0.0, waits)]).counters.wait(&[(0, 500)]).unwrap();
        prop_assert!(wait.p50 <= wait.p95 && wait.p95 <= wait.p99);
        prop_assert!(wait.max.is_none_or(|max| wait.p99 <= max));
    }
}
