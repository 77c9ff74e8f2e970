//! Histograms of several shards, merged without loss.

use hdrhistogram::Histogram;

use crate::record::histogram;
use crate::record::load::{LagQuantiles, Quantiles};

/// All values of some histograms.
#[derive(Debug, Default)]
pub(super) struct Merged {
    histogram: Option<Histogram<u64>>,
}

impl Merged {
    /// Adds the values of a histogram; an empty text has none.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let Some(read) = histogram::decode(text)? else { return Ok(()) };
        match &mut self.histogram {
            Some(all) => all.add(&read).map_err(|error| error.to_string()),
            none => {
                *none = Some(read);
                Ok(())
            }
        }
    }

    /// See [`histogram::quantiles`].
    pub(super) fn quantiles(&self, mean: f64) -> Option<Quantiles> {
        histogram::quantiles(self.histogram.as_ref()?, mean)
    }

    /// See [`histogram::lag`].
    pub(super) fn lag(&self) -> Option<LagQuantiles> {
        histogram::lag(self.histogram.as_ref()?)
    }

    /// As records hold it; empty without values.
    pub(super) fn encode(&self) -> String {
        self.histogram.as_ref().map(histogram::encode).unwrap_or_default()
    }
}

/// The mean of several, from their own means and counts.
pub(super) fn mean<'q>(parts: impl Iterator<Item = Option<&'q Quantiles>>) -> f64 {
    let (sum, count) =
        parts.flatten().fold((0.0, 0), |(sum, count), part| (sum + part.mean * part.count as f64, count + part.count));
    if count == 0 { 0.0 } else { sum / count as f64 }
}
