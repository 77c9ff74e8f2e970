//! Histograms as records hold them: base64 of the `HdrHistogram` V2 compressed format, in µs, and what is read off them.

use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};

use super::load::{LagQuantiles, Quantiles};
use crate::statistics::rank_of_p99;

/// First word of the format, compressed and plain.
const COMPRESSED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
const PLAIN: [u8; 4] = 0x1c84_9313_u32.to_be_bytes();
/// No histogram of times inflates to more than this.
const LARGEST: usize = 16 << 20;

/// As records hold it; empty without values.
pub fn encode(histogram: &Histogram<u64>) -> String {
    if histogram.is_empty() {
        return String::new();
    }
    let mut bytes = Vec::new();
    // Writing to a vector cannot fail, and 64-bit counts fit the format.
    V2DeflateSerializer::new().serialize(histogram, &mut bytes).expect("serialisable histogram");
    STANDARD.encode(bytes)
}

/// What a text holds; an empty one has no values.
///
/// # Errors
/// Why it cannot be read, in words.
pub fn decode(text: &str) -> Result<Option<Histogram<u64>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
    let plain = inflate(&bytes)?;
    let histogram = Deserializer::new().deserialize(&mut &plain[..]);
    histogram.map(Some).map_err(|error| format!("not an HdrHistogram: {error}"))
}

/// The usual quantiles, with a mean that is known better than buckets tell it; `None` without values.
pub fn quantiles(histogram: &Histogram<u64>, mean: f64) -> Option<Quantiles> {
    let at = |quantile| histogram.value_at_quantile(quantile);
    (!histogram.is_empty()).then(|| Quantiles {
        count: histogram.len(),
        min: histogram.min(),
        p50: at(0.50),
        p75: at(0.75),
        p90: at(0.90),
        p95: at(0.95),
        p99: at(0.99),
        p999: at(0.999),
        max: histogram.max(),
        mean,
    })
}

/// What is told of a lag of the generator; `None` without values.
pub fn lag(histogram: &Histogram<u64>) -> Option<LagQuantiles> {
    let lag = quantiles(histogram, 0.0)?;
    let p99_at_least = Some(largest_but(histogram, rank_of_p99(lag.count).saturating_sub(1)));
    Some(LagQuantiles { count: lag.count, p50: lag.p50, p99: lag.p99, p99_at_least, max: lag.max })
}

/// The largest value but for so many that are larger.
fn largest_but(histogram: &Histogram<u64>, larger: u64) -> u64 {
    let count = histogram.len();
    histogram.value_at_quantile(count.saturating_sub(larger) as f64 / count.max(1) as f64)
}

/// Inflates under a bound and checks the length that the format states, because the decoder would allocate whatever
/// a damaged text asks for.
fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let compressed = bytes
        .strip_prefix(&COMPRESSED)
        .and_then(|rest| rest.get(4..))
        .ok_or("not an HdrHistogram in the V2 compressed format")?;
    let mut plain = Vec::new();
    ZlibDecoder::new(compressed)
        .take(LARGEST as u64)
        .read_to_end(&mut plain)
        .map_err(|error| format!("not compressed data: {error}"))?;
    let stated = plain.get(4..8).map_or(usize::MAX, |word| word.iter().fold(0, |n, byte| n << 8 | usize::from(*byte)));
    if !plain.starts_with(&PLAIN) || stated > plain.len() {
        return Err("an HdrHistogram cut short".to_owned());
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: impl Iterator<Item = u64>) -> Histogram<u64> {
        let mut histogram = Histogram::new_with_bounds(1, 1 << 30, 3).unwrap();
        values.for_each(|value| histogram.record(value).unwrap());
        histogram
    }

    #[test]
    fn each_quantile_is_the_one_that_its_name_says() {
        let found = quantiles(&of(1..=1_000), 7.0).unwrap();
        let expected = Quantiles {
            count: 1_000,
            min: 1,
            p50: 500,
            p75: 750,
            p90: 900,
            p95: 950,
            p99: 990,
            p999: 999,
            max: 1_000,
            mean: 7.0,
        };
        assert_eq!(found, expected);
        assert_eq!(quantiles(&of(0..0), 7.0), None);
    }

    #[test]
    fn the_lag_says_what_p99_is_at_least() {
        let found = lag(&of(1..=1_000)).unwrap();
        // The sixteenth from the top of a thousand.
        assert_eq!(
            (found.count, found.p50, found.p99, found.p99_at_least, found.max),
            (1_000, 500, 990, Some(985), 1_000)
        );
        assert_eq!(lag(&of([40, 900].into_iter())).unwrap().p99_at_least, Some(900), "of two nothing can be left out");
    }

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_an_error() {
        let histogram = of([3, 70, 70, 900_000].into_iter());
        let text = encode(&histogram);
        assert_eq!(decode(&text).unwrap().unwrap(), histogram);
        assert_eq!((encode(&of(0..0)), decode("").unwrap()), (String::new(), None));
        for damaged in ["zz", "AAAA", &text[..text.len() / 2 / 4 * 4], &text[4..]] {
            assert!(decode(damaged).is_err(), "{damaged}");
        }
    }
}
