//! Histograms as records hold them, merged without loss.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::{Deserializer, Serializer as _, V2DeflateSerializer};

use crate::record::load::Quantiles;

/// All values of some histograms, and the sum of those values.
#[derive(Debug, Default)]
pub(super) struct Merged {
    histogram: Option<Histogram<u64>>,
}

impl Merged {
    /// Adds the values of a histogram; an empty text has none.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        if text.is_empty() {
            return Ok(());
        }
        let bytes = STANDARD.decode(text).map_err(|error| error.to_string())?;
        let read: Histogram<u64> =
            Deserializer::new().deserialize(&mut bytes.as_slice()).map_err(|error| error.to_string())?;
        match &mut self.histogram {
            Some(histogram) => histogram.add(&read).map_err(|error| error.to_string()),
            none => {
                *none = Some(read);
                Ok(())
            }
        }
    }

    /// The usual quantiles, with a mean that is known better than buckets tell it; `None` without values.
    pub(super) fn quantiles(&self, mean: f64) -> Option<Quantiles> {
        let histogram = self.histogram.as_ref().filter(|histogram| !histogram.is_empty())?;
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
            mean,
        })
    }

    /// As records hold it; empty without values.
    pub(super) fn encode(&self) -> Result<String, String> {
        let Some(histogram) = self.histogram.as_ref().filter(|histogram| !histogram.is_empty()) else {
            return Ok(String::new());
        };
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(histogram, &mut bytes).map_err(|error| error.to_string())?;
        Ok(STANDARD.encode(bytes))
    }
}

/// The mean of several, from their own means and counts.
pub(super) fn mean<'q>(parts: impl Iterator<Item = Option<&'q Quantiles>>) -> f64 {
    let (sum, count) =
        parts.flatten().fold((0.0, 0), |(sum, count), part| (sum + part.mean * part.count as f64, count + part.count));
    if count == 0 { 0.0 } else { sum / count as f64 }
}
