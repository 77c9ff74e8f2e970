//! A histogram that many tasks record into without a lock: one atomic addition per value.
//!
//! The buckets are those of `HdrHistogram` with three significant digits (2,048 sub-buckets), so that turning it into
//! one loses nothing. One histogram serves all users of a step; its size does not depend on how much is recorded.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use hdrhistogram::Histogram;

use crate::record::load::Quantiles;

/// Half of the sub-buckets: the buckets per doubling.
const HALF: u64 = 1 << 10;
/// Largest value in µs, 2³⁰ − 1, about 18 minutes. Beyond it values count as this one.
pub(super) const MAX_US: u64 = (1 << 30) - 1;
const BUCKETS: usize = index(MAX_US) + 1;

/// Index of the bucket of a value.
const fn index(value: u64) -> usize {
    let magnitude = 64 - (value | (2 * HALF - 1)).leading_zeros() as u64 - 11;
    (magnitude * HALF + (value >> magnitude)) as usize
}

/// Smallest value of a bucket.
const fn lowest(index: u64) -> u64 {
    if index < 2 * HALF {
        return index;
    }
    let magnitude = index / HALF - 1;
    (index % HALF + HALF) << magnitude
}

/// Values in µs, recorded by many at once.
pub(super) struct SharedHistogram {
    counts: Box<[AtomicU32]>,
    sum: AtomicU64,
}

impl Default for SharedHistogram {
    fn default() -> Self {
        Self { counts: (0..BUCKETS).map(|_| AtomicU32::new(0)).collect(), sum: AtomicU64::new(0) }
    }
}

impl SharedHistogram {
    /// Records one value.
    pub(super) fn record(&self, micros: u64) {
        let micros = micros.min(MAX_US);
        self.counts[index(micros)].fetch_add(1, Relaxed);
        self.sum.fetch_add(micros, Relaxed);
    }

    /// What was recorded so far.
    pub(super) fn snapshot(&self) -> Recorded {
        let mut histogram = new_histogram();
        for (index, count) in self.counts.iter().enumerate() {
            let count = count.load(Relaxed);
            if count > 0 {
                histogram.saturating_record_n(lowest(index as u64), u64::from(count));
            }
        }
        Recorded { histogram, sum: self.sum.load(Relaxed) }
    }
}

/// Values that were recorded, with the exact sum beside the buckets.
#[derive(Debug, Clone)]
pub(super) struct Recorded {
    histogram: Histogram<u64>,
    sum: u64,
}

impl Default for Recorded {
    fn default() -> Self {
        Self { histogram: new_histogram(), sum: 0 }
    }
}

impl Recorded {
    /// Adds all values of another.
    pub(super) fn add(&mut self, other: &Self) {
        self.histogram += &other.histogram;
        self.sum += other.sum;
    }

    /// How many values.
    pub(super) fn count(&self) -> u64 {
        self.histogram.len()
    }

    /// The value at a quantile from 0 to 1, 0 without values.
    pub(super) fn quantile(&self, quantile: f64) -> u64 {
        if self.count() == 0 { 0 } else { self.histogram.value_at_quantile(quantile) }
    }

    /// Largest value, 0 without values.
    pub(super) fn max(&self) -> u64 {
        if self.count() == 0 { 0 } else { self.histogram.max() }
    }

    /// The usual quantiles; `None` without values.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        (self.count() > 0).then(|| Quantiles {
            count: self.count(),
            min: self.histogram.min(),
            p50: self.quantile(0.50),
            p75: self.quantile(0.75),
            p90: self.quantile(0.90),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            p999: self.quantile(0.999),
            max: self.max(),
            mean: self.sum as f64 / self.count() as f64,
        })
    }

    /// As `run.json` keeps it: base64 of the compressed V2 format; empty without values.
    pub(super) fn encode(&self) -> String {
        if self.count() == 0 { String::new() } else { wire::encode(&self.histogram) }
    }
}

fn new_histogram() -> Histogram<u64> {
    // The bounds are constants that the constructor accepts.
    Histogram::new_with_bounds(1, MAX_US + 1, 3).expect("valid bounds")
}

mod wire {
    //! The base64 that `HdrHistogram` tools read.

    use hdrhistogram::Histogram;
    use hdrhistogram::serialization::{Serializer as _, V2DeflateSerializer};

    pub(super) fn encode(histogram: &Histogram<u64>) -> String {
        let mut bytes = Vec::new();
        // Writing to a vector cannot fail, and 64-bit counts fit the format.
        V2DeflateSerializer::new().serialize(histogram, &mut bytes).expect("serialisable histogram");
        base64::Engine::encode(&base64::engine::general_purpose::STANDARD, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        assert_eq!(index(0), 0);
        for bucket in 1..BUCKETS as u64 {
            assert_eq!(index(lowest(bucket)), bucket as usize);
            assert_eq!(index(lowest(bucket) - 1), bucket as usize - 1);
        }
    }

    proptest! {
        #[test]
        fn the_snapshot_is_the_histogram_of_all_values(values in prop::collection::vec(0_u64..MAX_US, 1..300)) {
            let shared = SharedHistogram::default();
            let mut expected = new_histogram();
            for value in &values {
                shared.record(*value);
                expected.record(*value).unwrap();
            }
            let recorded = shared.snapshot();
            prop_assert_eq!(recorded.count(), values.len() as u64);
            for quantile in [0.0, 0.5, 0.9, 0.95, 0.99, 1.0] {
                prop_assert_eq!(recorded.quantile(quantile), expected.value_at_quantile(quantile));
            }
            let mean = values.iter().sum::<u64>() as f64 / values.len() as f64;
            prop_assert!((recorded.quantiles().unwrap().mean - mean).abs() < 1e-6);
        }

        #[test]
        fn merged_histograms_are_the_histogram_of_all(
            left in prop::collection::vec(0_u64..MAX_US, 0..200), right in prop::collection::vec(0_u64..MAX_US, 1..200),
        ) {
            let (a, b, all) = (SharedHistogram::default(), SharedHistogram::default(), SharedHistogram::default());
            for (part, values) in [(&a, &left), (&b, &right)] {
                for value in values {
                    part.record(*value);
                    all.record(*value);
                }
            }
            let mut merged = a.snapshot();
            merged.add(&b.snapshot());
            prop_assert_eq!(merged.quantiles(), all.snapshot().quantiles());
        }
    }
}
