//! A histogram that many tasks record into without a lock: one atomic addition per value.
//!
//! The buckets are those of `HdrHistogram` with three significant digits (2,048 sub-buckets), so that turning it into
//! one loses nothing. One histogram serves all users of a step; its size does not depend on how much is recorded.

use std::collections::BTreeMap;
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
        let counts = self.counts.iter().enumerate();
        let counts = counts.map(|(index, count)| (index as u32, u64::from(count.load(Relaxed))));
        Recorded { buckets: counts.filter(|(_, count)| *count > 0).collect(), sum: self.sum.load(Relaxed) }
    }
}

/// Values that were recorded: the buckets that have any, in order, and the exact sum beside them. A run keeps one of
/// these for each step and block, so it holds nothing for the many buckets that are empty.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    buckets: Vec<(u32, u64)>,
    sum: u64,
}

impl Recorded {
    /// Adds all values of another.
    pub(super) fn add(&mut self, other: &Self) {
        let mut merged: BTreeMap<u32, u64> = self.buckets.drain(..).collect();
        for (bucket, count) in &other.buckets {
            *merged.entry(*bucket).or_default() += count;
        }
        self.buckets.extend(merged);
        self.sum += other.sum;
    }

    /// How many values.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().map(|(_, count)| count).sum()
    }

    /// The usual quantiles; `None` without values.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let histogram = self.histogram()?;
        let at = |quantile| histogram.value_at_quantile(quantile);
        Some(Quantiles {
            count: histogram.len(),
            min: histogram.min(),
            p50: at(0.50),
            p75: at(0.75),
            p90: at(0.90),
            p95: at(0.95),
            p99: at(0.99),
            p999: at(0.999),
            max: histogram.max(),
            mean: self.sum as f64 / histogram.len() as f64,
        })
    }

    /// The largest value but for so many that are larger; `None` without values.
    pub(super) fn largest_but(&self, larger: u64) -> Option<u64> {
        let histogram = self.histogram()?;
        let count = histogram.len();
        Some(histogram.value_at_quantile(count.saturating_sub(larger) as f64 / count as f64))
    }

    /// As `run.json` keeps it: base64 of the compressed V2 format; empty without values.
    pub(super) fn encode(&self) -> String {
        self.histogram().map(|histogram| wire::encode(&histogram)).unwrap_or_default()
    }

    /// `None` without values.
    fn histogram(&self) -> Option<Histogram<u64>> {
        let mut histogram = new_histogram();
        for (bucket, count) in &self.buckets {
            histogram.saturating_record_n(lowest(u64::from(*bucket)), *count);
        }
        (!histogram.is_empty()).then_some(histogram)
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
            let found = recorded.quantiles().unwrap();
            let pairs = [(found.p50, 0.5), (found.p90, 0.9), (found.p95, 0.95), (found.p99, 0.99), (found.max, 1.0)];
            for (value, quantile) in pairs {
                prop_assert_eq!(value, expected.value_at_quantile(quantile));
            }
            let mean = values.iter().sum::<u64>() as f64 / values.len() as f64;
            prop_assert!((found.mean - mean).abs() < 1e-6);
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
