//! A histogram that many tasks record into without a lock: one atomic addition per value.
//!
//! The buckets are those of `HdrHistogram` with three significant digits (2,048 sub-buckets), so that turning it into
//! one loses nothing. One histogram serves all users of a step; its size does not depend on how much is recorded.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use hdrhistogram::Histogram;

use crate::record::histogram;
use crate::record::load::{LagQuantiles, Quantiles};

/// Significant bits of three digits: half of the 2,048 sub-buckets, the buckets per doubling.
const THREE_DIGITS: u32 = 10;
/// Those of two digits.
pub(super) const TWO_DIGITS: u32 = 7;
/// Largest value in µs, 2³⁰ − 1, about 18 minutes. Beyond it values count as this one.
pub(super) const MAX_US: u64 = (1 << 30) - 1;

/// Index of the bucket of a value.
const fn index(value: u64, bits: u32) -> usize {
    let half = 1 << bits;
    let magnitude = 64 - (value | (2 * half - 1)).leading_zeros() as u64 - bits as u64 - 1;
    (magnitude * half + (value >> magnitude)) as usize
}

/// Smallest value of a bucket.
const fn lowest(index: u64, bits: u32) -> u64 {
    let half = 1 << bits;
    if index < 2 * half {
        return index;
    }
    let magnitude = index / half - 1;
    (index % half + half) << magnitude
}

/// Values in µs, recorded by many at once. With fewer bits it is smaller and coarser.
pub(super) struct SharedHistogram<const BITS: u32 = THREE_DIGITS> {
    counts: Box<[AtomicU32]>,
    sum: AtomicU64,
}

impl<const BITS: u32> Default for SharedHistogram<BITS> {
    fn default() -> Self {
        let buckets = index(MAX_US, BITS) + 1;
        Self { counts: (0..buckets).map(|_| AtomicU32::new(0)).collect(), sum: AtomicU64::new(0) }
    }
}

impl<const BITS: u32> SharedHistogram<BITS> {
    /// Records one value.
    pub(super) fn record(&self, micros: u64) {
        let micros = micros.min(MAX_US);
        self.counts[index(micros, BITS)].fetch_add(1, Relaxed);
        self.sum.fetch_add(micros, Relaxed);
    }

    /// What was recorded so far. The values of a coarse bucket are in its middle.
    pub(super) fn snapshot(&self) -> Recorded {
        let counts = self.counts.iter().map(|count| u64::from(count.load(Relaxed))).enumerate();
        let buckets = counts.filter(|(_, count)| *count > 0).map(|(bucket, count)| {
            let (first, next) = (lowest(bucket as u64, BITS), lowest(bucket as u64 + 1, BITS));
            let value = if BITS == THREE_DIGITS { first } else { u64::midpoint(first, next - 1) };
            (index(value, THREE_DIGITS) as u32, count)
        });
        Recorded::new(buckets, self.sum.load(Relaxed))
    }
}

/// Values that were recorded: the buckets that have any, in order, and the exact sum beside them. A run keeps one of
/// these for each step and block, so it is packed: per bucket the distance to the one before and its count, each in
/// groups of seven bits (LEB128), two or three bytes for most.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorded {
    packed: Box<[u8]>,
    sum: u64,
}

impl Recorded {
    /// Buckets in order.
    fn new(buckets: impl Iterator<Item = (u32, u64)>, sum: u64) -> Self {
        let mut packed = Vec::new();
        let mut before = 0;
        for (bucket, count) in buckets {
            push(&mut packed, u64::from(bucket - before));
            push(&mut packed, count);
            before = bucket;
        }
        Self { packed: packed.into_boxed_slice(), sum }
    }

    /// Buckets in order, each with how many values it has.
    fn buckets(&self) -> impl Iterator<Item = (u32, u64)> {
        let mut left = &*self.packed;
        let mut bucket = 0;
        std::iter::from_fn(move || {
            bucket += pull(&mut left)? as u32;
            Some((bucket, pull(&mut left)?))
        })
    }

    /// Adds all values of another.
    pub(super) fn add(&mut self, other: &Self) {
        *self = self.merged(other);
    }

    fn merged(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (self.buckets().peekable(), other.buckets().peekable());
        let merged = std::iter::from_fn(|| match (mine.peek().copied(), theirs.peek().copied()) {
            (Some((a, m)), Some((b, t))) if a == b => {
                let _ = (mine.next(), theirs.next());
                Some((a, m + t))
            }
            (Some((a, _)), Some((b, _))) if b < a => theirs.next(),
            (Some(_), _) => mine.next(),
            (None, _) => theirs.next(),
        });
        Self::new(merged, self.sum + other.sum)
    }

    /// How many values.
    #[cfg(test)]
    pub(super) fn count(&self) -> u64 {
        self.buckets().map(|(_, count)| count).sum()
    }

    /// The usual quantiles; `None` without values.
    pub(super) fn quantiles(&self) -> Option<Quantiles> {
        let histogram = self.histogram()?;
        histogram::quantiles(&histogram, self.sum as f64 / histogram.len() as f64)
    }

    /// The same of a lag of the generator.
    pub(super) fn lag(&self) -> Option<LagQuantiles> {
        histogram::lag(&self.histogram()?)
    }

    /// As `run.json` keeps it: base64 of the compressed V2 format; empty without values.
    pub(super) fn encode(&self) -> String {
        self.histogram().map(|histogram| histogram::encode(&histogram)).unwrap_or_default()
    }

    /// `None` without values.
    fn histogram(&self) -> Option<Histogram<u64>> {
        let mut histogram = new_histogram();
        for (bucket, count) in self.buckets() {
            histogram.saturating_record_n(lowest(u64::from(bucket), THREE_DIGITS), count);
        }
        (!histogram.is_empty()).then_some(histogram)
    }
}

fn push(packed: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        packed.push(number as u8 | 0x80);
        number >>= 7;
    }
    packed.push(number as u8);
}

fn pull(packed: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    let mut shift = 0;
    loop {
        let (byte, rest) = packed.split_first()?;
        *packed = rest;
        number |= u64::from(byte & 0x7f) << shift;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
}

fn new_histogram() -> Histogram<u64> {
    // The bounds are constants that the constructor accepts.
    Histogram::new_with_bounds(1, MAX_US + 1, 3).expect("valid bounds")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_bucket_begins_where_the_one_before_ends() {
        for bits in [THREE_DIGITS, TWO_DIGITS] {
            assert_eq!(index(0, bits), 0);
            for bucket in 1..=index(MAX_US, bits) as u64 {
                assert_eq!(index(lowest(bucket, bits), bits), bucket as usize);
                assert_eq!(index(lowest(bucket, bits) - 1, bits), bucket as usize - 1);
            }
        }
    }

    #[test]
    fn two_digits_are_an_eighth_of_three_and_within_one_percent() {
        let (coarse, fine) = (SharedHistogram::<TWO_DIGITS>::default(), SharedHistogram::<THREE_DIGITS>::default());
        assert!(coarse.counts.len() * 6 < fine.counts.len(), "{} of {}", coarse.counts.len(), fine.counts.len());
        for value in [1, 99, 300, 1_234, 99_999, 7_654_321] {
            let alone = SharedHistogram::<TWO_DIGITS>::default();
            alone.record(value);
            let found = alone.snapshot().quantiles().unwrap().p50;
            assert!(found.abs_diff(value) * 100 <= value, "{found} for {value}");
        }
    }

    #[test]
    fn what_is_kept_of_a_block_is_a_few_bytes_for_each_bucket_that_has_values() {
        let shared = SharedHistogram::<THREE_DIGITS>::default();
        let values = (0..1_000_000_u64).map(|n| 200 + (n * 7_919) % 3_000);
        values.for_each(|value| shared.record(value));
        let recorded = shared.snapshot();
        let buckets = recorded.buckets().count();
        assert!(buckets > 1_500 && recorded.packed.len() <= buckets * 4, "{} for {buckets}", recorded.packed.len());
    }

    proptest! {
        #[test]
        fn the_snapshot_is_the_histogram_of_all_values(values in prop::collection::vec(0_u64..MAX_US, 1..300)) {
            let shared = SharedHistogram::<THREE_DIGITS>::default();
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
            let new = SharedHistogram::<THREE_DIGITS>::default;
            let (a, b, all) = (new(), new(), new());
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
