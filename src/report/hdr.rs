//! Response times per side and step for `HdrHistogram`'s own tools: `.hlog` (interval log, one interval per block) and
//! `.hgrm` (percentile distribution in ms, for its plotter).

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use hdrhistogram::serialization::interval_log::{IntervalLogWriterBuilder, IntervalLogWriterError};
use hdrhistogram::serialization::{V2DeflateSerializeError, V2DeflateSerializer};

use super::histograms::StepHistogram;
use super::text::visible;
use super::{File, View};
use crate::record::RunRecord;
use crate::role::Role;

/// Steps of the percentile distribution per halving of the distance to 100 %, as `HdrHistogram`'s tools use it.
const TICKS: u32 = 5;
/// File names stay below what file systems allow, whatever the flows are called.
const LONGEST_NAME: usize = 100;

pub(super) fn render(view: &View) -> Vec<File> {
    let mut names = Names::default();
    let mut files = Vec::new();
    for (role, steps) in view.histograms.sides.iter() {
        for step in steps {
            let name = names.unique(role, &step.flow, &step.step);
            let Some(total) = &step.total else { continue };
            files.push(File { path: format!("hdr/{name}.hlog"), bytes: hlog(view.record, role, step, total) });
            files.push(File { path: format!("hdr/{name}.hgrm"), bytes: hgrm(total).into_bytes() });
        }
    }
    files
}

fn hlog(record: &RunRecord, role: Role, step: &StepHistogram, total: &Histogram<u64>) -> Vec<u8> {
    let mut log = Vec::new();
    match write_log(&mut log, record, role, step, total) {
        Ok(()) => log,
        Err(error) => format!("#{error}\n").into_bytes(),
    }
}

fn write_log(
    log: &mut Vec<u8>,
    record: &RunRecord,
    role: Role,
    step: &StepHistogram,
    total: &Histogram<u64>,
) -> Result<(), IntervalLogWriterError<V2DeflateSerializeError>> {
    let mut serializer = V2DeflateSerializer::new();
    let mut builder = IntervalLogWriterBuilder::new();
    builder.add_comment("[Histogram log format version 1.3]");
    builder.add_comment(&visible(&format!("[response times in us: {role} {} / {}]", step.flow, step.step)));
    if let Ok(started) = record.run.started_at.parse::<jiff::Timestamp>() {
        builder.with_start_time(started.into()).with_base_time(started.into());
    }
    let mut writer = builder.begin_log_with(log, &mut serializer)?;
    for interval in &step.intervals {
        writer.write_histogram(&interval.histogram, seconds(interval.start_s), seconds(interval.length_s), None)?;
    }
    if step.intervals.is_empty() {
        let measured = record.load.as_ref().and_then(|load| load.sides.get(role).as_ref());
        writer.write_comment("[no intervals: the whole run as one]")?;
        writer.write_histogram(total, Duration::ZERO, seconds(measured.map_or(0.0, |side| side.measured_s)), None)?;
    }
    Ok(())
}

fn seconds(value: f64) -> Duration {
    Duration::try_from_secs_f64(value).unwrap_or_default()
}

/// The layout of `outputPercentileDistribution` in `HdrHistogram` for Java, which its plotter reads.
fn hgrm(histogram: &Histogram<u64>) -> String {
    let mut out = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let mut total = 0_u64;
    for value in histogram.iter_quantiles(TICKS) {
        total = total.saturating_add(value.count_since_last_iteration());
        let (millis, quantile) = (value.value_iterated_to() as f64 / 1e3, value.quantile_iterated_to());
        let _ = write!(out, "{millis:12.3} {quantile:2.12} {total:10}");
        let _ = if quantile < 1.0 { writeln!(out, " {:14.2}", 1.0 / (1.0 - quantile)) } else { writeln!(out) };
    }
    let _ = writeln!(
        out,
        "#[Mean    = {:12.3}, StdDeviation   = {:12.3}]\n#[Max     = {:12.3}, Total count    = {:12}]\n\
         #[Buckets = {:12}, SubBuckets     = {:12}]",
        histogram.mean() / 1e3,
        histogram.stdev() / 1e3,
        histogram.max() as f64 / 1e3,
        histogram.len(),
        histogram.buckets(),
        histogram.distinct_values(),
    );
    out
}

/// File names that were given out.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    /// A name of lower-case letters, digits and `-` that was not given out before.
    fn unique(&mut self, role: Role, flow: &str, step: &str) -> String {
        let base = slug(&format!("{role}-{flow}-{step}"));
        let numbered = (2_u32..).map(|number| format!("{base}-{number}"));
        let name = std::iter::once(base.clone()).chain(numbered).find(|name| !self.0.contains(name));
        let name = name.unwrap_or(base);
        self.0.insert(name.clone());
        name
    }
}

fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars().map(|c| c.to_ascii_lowercase()) {
        if c.is_ascii_alphanumeric() {
            out.push(c);
        } else if !out.ends_with('-') {
            out.push('-');
        }
        if out.len() == LONGEST_NAME {
            break;
        }
    }
    out.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_unique() {
        let mut names = Names::default();
        let mut name = |flow, step| names.unique(Role::Baseline, flow, step);
        assert_eq!(name("browse", "GET /students/{id}"), "baseline-browse-get-students-id");
        assert_eq!(name("browse", "GET /students/id"), "baseline-browse-get-students-id-2");
        assert_eq!(name("../../etc", "pass\0wd\\"), "baseline-etc-pass-wd");
        assert_eq!(name("ünïcode", "🦀"), "baseline-n-code");
        assert!(name(&"x".repeat(5_000), "y").len() <= LONGEST_NAME);
    }

    #[test]
    fn a_distribution_ends_with_all_values_at_its_largest() {
        let mut histogram = Histogram::<u64>::new(3).expect("3 digits");
        for value in 1..=1000 {
            histogram.record(value * 100).expect("in range");
        }
        let text = hgrm(&histogram);
        let last = text.lines().rfind(|line| !line.starts_with('#')).expect("a line");
        assert_eq!(last.split_whitespace().collect::<Vec<_>>(), ["100.031", "1.000000000000", "1000"]);
        assert!(text.contains("Total count    =         1000]"));
    }
}
