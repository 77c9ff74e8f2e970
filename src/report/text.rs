//! How figures and texts of the record are shown, the same in every format.

use std::fmt::Write as _;

use crate::record::{Ending, RunRecord, Verdict};
use crate::units::{format_bytes, format_count, format_share, format_us, three_digits};

/// What stands where there is no value. Never 0.
pub(super) const NONE: &str = "–";

/// A value in the base unit that `unit` names, as people read it.
pub(super) fn quantity(value: Option<f64>, unit: &str) -> String {
    let Some(value) = value.filter(|value| value.is_finite()) else { return NONE.to_owned() };
    match unit {
        "us" => format_us(value),
        "share" => format_share(value),
        "per_second" => format!("{} /s", plain(value)),
        "bytes" => format_bytes(value),
        "bytes_per_hour" => format!("{} /h", format_bytes(value)),
        "per_hour" => format!("{} /h", plain(value)),
        "count" | "" => plain(value),
        other => format!("{} {}", plain(value), visible(other)),
    }
}

/// A number without a unit: whole ones whole, the others with three digits.
pub(super) fn plain(value: f64) -> String {
    if !value.is_finite() {
        NONE.to_owned()
    } else if (value.fract() == 0.0 || value >= 1000.0) && (0.0..1e15).contains(&value) {
        format_count(value.round() as u64)
    } else {
        three_digits(value)
    }
}

/// A time in µs.
pub(super) fn micros(value: Option<u64>) -> String {
    value.map_or_else(|| NONE.to_owned(), |value| format_us(value as f64))
}

/// A candidate's figure as a multiple of the baseline's, with an arrow for the direction, which is no judgement.
pub(super) fn ratio(baseline: Option<f64>, candidate: Option<f64>) -> String {
    let (Some(baseline), Some(candidate)) = (baseline, candidate) else { return NONE.to_owned() };
    let ratio = candidate / baseline;
    if baseline == 0.0 || !baseline.is_finite() || !ratio.is_finite() {
        return NONE.to_owned();
    }
    let arrow = match ratio {
        ratio if ratio < 0.995 => "↓",
        ratio if ratio > 1.005 => "↑",
        _ => "=",
    };
    format!("{arrow} {}×", three_digits(ratio))
}

/// Text from elsewhere on one line: control characters and those that steer the direction or the width of text are
/// spelled out, so that what is shown is what was sent.
pub fn visible(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() || steers(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// As [`visible`], line by line: for messages that are meant to have several lines.
pub fn visible_lines(text: &str) -> String {
    text.lines().map(visible).collect::<Vec<_>>().join("\n")
}

/// Characters that are not seen but change how their neighbours are, and those that XML does not have.
fn steers(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}'
    )
}

/// The symbol of a verdict; it never stands without the word.
pub(super) const fn symbol(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "✓",
        Verdict::Fail => "✗",
        Verdict::Inconclusive => "?",
        Verdict::Invalid => "!",
    }
}

/// The symbol beside the word that stands over a report.
pub(super) fn heading_symbol(record: &RunRecord) -> &'static str {
    if record.has_figures_only() { "–" } else { symbol(record.verdict) }
}

/// How a target came out, in a word.
pub(super) const fn reached(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "met",
        Verdict::Fail => "missed",
        Verdict::Inconclusive => "not decided",
        Verdict::Invalid => "not measured",
    }
}

/// Why a phase left nothing in the record.
pub(super) const fn not_run(record: &RunRecord) -> &'static str {
    match record.ending {
        Ending::Complete => "not run by this command",
        Ending::Running => "not run yet when this was written",
        Ending::Interrupted => "not run: the run was interrupted before",
        Ending::Failed(_) => "not run: the run ended early",
    }
}

/// Length of the run in seconds; nothing while it is under way or when the times cannot be read.
pub(super) fn run_seconds(record: &RunRecord) -> Option<f64> {
    let started: jiff::Timestamp = record.run.started_at.parse().ok()?;
    let finished: jiff::Timestamp = record.run.finished_at.as_deref()?.parse().ok()?;
    Some(finished.duration_since(started).as_secs_f64()).filter(|seconds| *seconds >= 0.0)
}

/// `1 request`, `2 requests`.
pub(super) fn counted(count: u64, one: &str) -> String {
    format!("{} {one}{}", format_count(count), if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        assert_eq!(visible("a\nb\0c\u{202e}d\u{7f}"), "a\\nb\\u{0}c\\u{202e}d\\u{7f}");
        assert_eq!(visible("emoji 👩‍💻 and עברית stay"), "emoji 👩‍💻 and עברית stay");
    }

    #[test]
    fn no_value_is_a_dash() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            assert_eq!(quantity(value, "us"), NONE);
            assert_eq!(ratio(value, Some(1.0)), NONE);
        }
        assert_eq!(ratio(Some(0.0), Some(1.0)), NONE);
        assert_eq!(ratio(Some(200.0), Some(50.0)), "↓ 0.25×");
    }

    #[test]
    fn units_are_shown() {
        assert_eq!(quantity(Some(12_432.0), "us"), "12.4 ms");
        assert_eq!(quantity(Some(812.4), "per_second"), "812 /s");
        assert_eq!(quantity(Some(3.0), "count"), "3");
        assert_eq!(quantity(Some(4.25), "count"), "4.25");
        assert_eq!(quantity(Some(0.012), "share"), "1.20 %");
    }
}
