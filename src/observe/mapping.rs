//! From an exposition to the figures of a pool, by a table of names.

use std::collections::{HashMap, HashSet};

use super::exposition::{self, Line, Sample};
use super::mappings::{Mapping, Sum, TABLE, Term, Timer};

/// One look at a pool.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Reading {
    /// Connections in use.
    pub(crate) used: Option<f64>,
    /// Connections open but not in use.
    pub(crate) idle: Option<f64>,
    /// Most connections that the pool opens.
    pub(crate) max: Option<f64>,
    /// Requests waiting for a connection.
    pub(crate) pending: Option<f64>,
    /// Waits given up since the process started.
    pub(crate) timeouts: Option<f64>,
    /// Waits since the process started.
    pub(crate) wait: Option<Vec<Bucket>>,
    /// Times held since the process started.
    pub(crate) hold: Option<Hold>,
}

/// One bucket of a histogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bucket {
    /// Upper bound in µs; may be infinite.
    pub(crate) upper_us: f64,
    /// Values in this bucket alone.
    pub(crate) count: u64,
}

/// Sum and count of the times that connections were held.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Hold {
    /// All of them in µs.
    pub(crate) sum_us: f64,
    /// How many.
    pub(crate) count: u64,
}

/// Which mappings may be used: one, or all for `auto`; `None`: no mapping has this name.
pub(crate) fn candidates(name: &str) -> Option<&'static [Mapping]> {
    if name == "auto" {
        return Some(&TABLE);
    }
    let index = TABLE.iter().position(|mapping| mapping.name == name)?;
    Some(&TABLE[index..=index])
}

/// The figures by the first of these mappings that finds any.
pub(crate) fn read(text: &str, mappings: &'static [Mapping]) -> Option<(usize, Reading)> {
    let scrape = Scrape::new(text, mappings);
    mappings.iter().enumerate().find_map(|(index, mapping)| Some((index, scrape.reading(mapping)?)))
}

/// What one exposition says under the names of some mappings.
struct Scrape<'a> {
    samples: HashMap<&'a str, Vec<Sample<'a>>>,
    declared: HashSet<&'a str>,
}

impl<'a> Scrape<'a> {
    fn new(text: &'a str, mappings: &[Mapping]) -> Self {
        let mut scrape = Self { samples: HashMap::new(), declared: HashSet::new() };
        for line in exposition::lines(text, |name| mappings.iter().any(|mapping| name.starts_with(mapping.prefix))) {
            match line {
                Line::Declared(name) => drop(scrape.declared.insert(name)),
                Line::Sample(sample) => scrape.samples.entry(sample.name).or_default().push(sample),
            }
        }
        scrape
    }

    /// `None` where no gauge of the pool is there.
    fn reading(&self, mapping: &Mapping) -> Option<Reading> {
        let reading = Reading {
            used: self.figure(mapping.used),
            idle: self.figure(mapping.idle),
            max: self.figure(mapping.max),
            pending: self.figure(mapping.pending),
            timeouts: self.figure(mapping.timeouts).or_else(|| self.none_yet(mapping.timeouts)),
            wait: mapping.wait.iter().find_map(|timer| self.buckets(timer)),
            hold: mapping.hold.iter().find_map(|timer| self.hold(timer)),
        };
        let known = [reading.used, reading.idle, reading.max, reading.pending].iter().any(Option::is_some);
        known.then_some(reading)
    }

    fn figure(&self, alternatives: &[Sum]) -> Option<f64> {
        alternatives.iter().find_map(|terms| terms.iter().map(|term| Some(term.sign * self.total(term)?)).sum())
    }

    /// A counter that is declared but has no series has not counted yet.
    fn none_yet(&self, alternatives: &[Sum]) -> Option<f64> {
        let declared = |term: &Term| self.declared.contains(term.name) || self.declared.contains(&*counter(term.name));
        alternatives.iter().any(|terms| terms.iter().all(declared)).then_some(0.0)
    }

    /// Sum over the series of a name; those without a finite value do not count.
    fn total(&self, term: &Term) -> Option<f64> {
        let samples = self.samples.get(term.name).or_else(|| self.samples.get(&*counter(term.name)))?;
        let values = samples.iter().filter(|sample| has_label(sample, term.label) && sample.value.is_finite());
        values.map(|sample| sample.value).fold(None, |sum, value| Some(sum.unwrap_or(0.0) + value))
    }

    /// Buckets summed over all series; `None` without a bound that is finite.
    fn buckets(&self, timer: &Timer) -> Option<Vec<Bucket>> {
        let samples = self.samples.get(&*format!("{}_bucket", timer.name))?;
        let mut buckets: Vec<Bucket> = Vec::new();
        let mut before = (f64::INFINITY, 0.0);
        for sample in samples {
            let Some(bound) = bound(sample) else { continue };
            let lower = if bound > before.0 { before.1 } else { 0.0 };
            before = (bound, sample.value);
            add(&mut buckets, bound * timer.unit_us, (sample.value - lower).max(0.0) as u64);
        }
        buckets.iter().any(|bucket| bucket.upper_us.is_finite()).then_some(buckets)
    }

    fn hold(&self, timer: &Timer) -> Option<Hold> {
        let sum = |suffix: &str| {
            let samples = self.samples.get(&*format!("{}{suffix}", timer.name))?;
            Some(samples.iter().map(|sample| sample.value).filter(|value| value.is_finite()).sum::<f64>())
        };
        Some(Hold { sum_us: sum("_sum")? * timer.unit_us, count: sum("_count")? as u64 })
    }
}

fn counter(name: &str) -> String {
    format!("{name}_total")
}

fn has_label(sample: &Sample<'_>, label: Option<(&str, &str)>) -> bool {
    label.is_none_or(|(name, value)| sample.label(name).is_some_and(|found| found == value))
}

fn bound(sample: &Sample<'_>) -> Option<f64> {
    sample.label("le")?.parse().ok().filter(|bound: &f64| !bound.is_nan())
}

fn add(buckets: &mut Vec<Bucket>, upper_us: f64, count: u64) {
    match buckets.iter_mut().find(|bucket| bucket.upper_us.total_cmp(&upper_us).is_eq()) {
        Some(bucket) => bucket.count = bucket.count.saturating_add(count),
        None => buckets.push(Bucket { upper_us, count }),
    }
}
