//! How much each side can bear, and what happened at each rate that was tried.

use serde::{Deserialize, Serialize};

use crate::role::Pair;
use crate::units::three_digits;

/// A search for the highest rate at which each side meets the gates.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The gates that a rate must meet, as written; on either side, whichever they name.
    pub gates: Vec<String>,
    /// Length of a step that counts.
    pub measured_s: f64,
    /// Ratio of the lowest rate missed to the highest met at which a search ends, less one.
    pub precision: f64,
    /// What was found; `null`: the plan has no such side.
    pub sides: Pair<Option<SideSearch>>,
}

impl Search {
    /// Whether each side's limit was found.
    pub fn is_found(&self) -> bool {
        self.sides.iter().all(|(_, side)| side.as_ref().is_none_or(|side| side.capacity.is_some()))
    }

    /// `baseline bears 96.2/s, candidate 412/s`.
    pub fn in_words(&self) -> String {
        let sides =
            self.sides.iter().filter_map(|(role, side)| Some(format!("the {role} {}", side.as_ref()?.in_words())));
        sides.collect::<Vec<_>>().join("; ")
    }
}

impl SideSearch {
    /// `bears 412 flow iterations/s (402 met, 421 missed)`.
    pub fn in_words(&self) -> String {
        let met = |bracket: &Bracket| {
            bracket.met.map_or_else(|| "none".to_owned(), |rate| format!("{}/s", three_digits(rate)))
        };
        match (self.capacity, self.searches.as_slice(), self.interval) {
            (Some(capacity), searches, Some([low, high])) => format!(
                "bears {} flow iterations/s ({} to {}, 95 %, {})",
                three_digits(capacity),
                three_digits(low),
                three_digits(high),
                counted(searches)
            ),
            (Some(capacity), [only], None) => format!(
                "bears {} flow iterations/s ({} met, {}/s missed)",
                three_digits(capacity),
                met(only),
                only.missed.map(three_digits).unwrap_or_default()
            ),
            (Some(capacity), searches, None) => {
                format!("bears {} flow iterations/s, median of {}", three_digits(capacity), counted(searches))
            }
            (None, [.., last], _) => match last.end {
                End::Most => format!("bears {}, the highest rate that was allowed", met(last)),
                End::Least => "meets the gates at no rate that was tried".to_owned(),
                End::Generator if last.met.is_none() => {
                    "was not measured: the generator did its part at no rate that was tried".to_owned()
                }
                End::Generator => format!("bears {} at least; more the generator could not do", met(last)),
                End::Found | End::Unfinished => format!("was not searched to the end; highest rate met: {}", met(last)),
            },
            (None, [], _) => "was not searched".to_owned(),
        }
    }
}

/// How many searches a figure rests on. Those that found no limit have none to give; that the figure is of the others makes it
/// too low where they ended at the top, and is told.
fn counted(searches: &[Bracket]) -> String {
    let found = searches.iter().filter(|bracket| bracket.estimate().is_some()).count();
    if found == searches.len() {
        return format!("{found} searches");
    }
    format!("{found} of {} searches: the others found no limit, and are in no figure", searches.len())
}

/// What was found on one side.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SideSearch {
    /// Every rate that was tried, in order.
    pub steps: Vec<SearchStep>,
    /// Where each search ended; more than one if searches were repeated.
    pub searches: Vec<Bracket>,
    /// Flow iterations per second that the side can bear: the middle of the bracket, in logarithms, or of all of them by
    /// Hodges and Lehmann; `null`: not found.
    pub capacity: Option<f64>,
    /// Interval of it at 95 % over repeated searches (signed rank); `null`: there were fewer than six.
    pub interval: Option<[f64; 2]>,
    /// Universal Scalability Law, as far as it can be fitted.
    pub scalability: Scalability,
    /// Connections that the highest rate met needs by Little's law, with room for chance.
    pub pool_size: Option<PoolSize>,
}

/// Where a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bracket {
    /// Highest rate that met the gates, in flow iterations per second.
    pub met: Option<f64>,
    /// Lowest rate that missed them.
    pub missed: Option<f64>,
    /// Why it ended.
    pub end: End,
}

impl Bracket {
    /// The middle in logarithms; `None` unless the limit was found.
    pub fn estimate(&self) -> Option<f64> {
        let (met, missed) = (self.met?, self.missed?);
        (self.end == End::Found).then(|| (met * missed).sqrt())
    }
}

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum End {
    /// The bracket is as narrow as was asked for.
    Found,
    /// The highest rate allowed was met.
    Most,
    /// The lowest rate allowed was missed.
    Least,
    /// The generator, not the side, could do no more.
    Generator,
    /// It was interrupted.
    Unfinished,
}

/// One rate that was tried.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchStep {
    /// Which search it belongs to, from 0.
    pub search: u32,
    /// Flow iterations per second that were to arrive.
    pub rate: f64,
    /// Since the start of the run.
    pub at_ms: u64,
    /// `met`, `missed`, or `invalid`: the generator did not do its part.
    pub outcome: String,
    /// The gate that was missed, or why it is invalid, in words; empty if met.
    pub reason: String,
    /// Requests that were due.
    pub requests: u64,
    /// Answered as expected, per second.
    pub throughput: Option<f64>,
    /// Failed ÷ all.
    pub error_rate: Option<f64>,
    /// Response times in µs: median.
    pub p50_us: Option<u64>,
    /// 95 %.
    pub p95_us: Option<u64>,
    /// 99 %.
    pub p99_us: Option<u64>,
    /// Mean.
    pub mean_us: Option<f64>,
    /// Connections in use, mean.
    pub pool_used: Option<f64>,
    /// Connections in use, most.
    pub pool_used_max: Option<f64>,
    /// Most that the pool opens.
    pub pool_max: Option<f64>,
    /// Share of samples with all in use and somebody waiting.
    pub pool_saturated: Option<f64>,
    /// Time a connection was held, mean, in µs.
    pub hold_us: Option<f64>,
    /// Processor time of the side ÷ measured time.
    pub cpu: Option<f64>,
}

/// The Universal Scalability Law, or why it cannot be fitted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Scalability {
    /// Throughput of one request at a time, per second.
    pub lambda: Option<f64>,
    /// Contention.
    pub sigma: Option<f64>,
    /// Coherence.
    pub kappa: Option<f64>,
    /// Root mean square of the relative errors.
    pub error: Option<f64>,
    /// Where throughput would be highest: requests under way, and requests per second.
    pub peak: Option<[f64; 2]>,
    /// Why there is no fit.
    pub problem: Option<String>,
}

/// Connections by Little's law.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct PoolSize {
    /// The rate it is for.
    pub rate: f64,
    /// Connections in use there, mean.
    pub used: f64,
    /// Connections that suffice, with room for chance.
    pub connections: u64,
    /// Most that the pool opens now.
    pub present: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn searches_that_found_no_limit_are_told() {
        let found = Bracket { met: Some(100.0), missed: Some(104.0), end: End::Found };
        let most = Bracket { met: Some(200.0), missed: None, end: End::Most };
        let words = |searches: Vec<Bracket>, interval| {
            SideSearch { capacity: Some(102.0), interval, searches, ..SideSearch::default() }.in_words()
        };
        assert_eq!(words(vec![found; 3], None), "bears 102 flow iterations/s, median of 3 searches");
        let some = words(vec![found, most, found], None);
        assert!(some.ends_with("median of 2 of 3 searches: the others found no limit, and are in no figure"), "{some}");
        let sure = words([vec![found; 6], vec![most]].concat(), Some([100.0, 103.0]));
        assert!(sure.ends_with("(100 to 103, 95 %, 6 of 7 searches: the others found no limit, and are in no figure)"));
    }
}
