//! Renderings of a run record: one small file per format.
//!
//! Knows the record and nothing else: no live side, no clock, no plan. The same record gives the same bytes, so stored
//! evidence can be rendered again at any time. Everything in a record may come from the systems under test, so each
//! format escapes all of it.

mod audit;
mod capacity;
mod charts;
mod estimate;
mod figures;
mod files;
mod hdr;
mod histograms;
mod html;
mod junit;
pub mod reproduce;
mod state;
mod summary;
mod text;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

pub use audit::{generator_in_words, machine_in_words};
pub use capacity::capacity_in_words;
pub use files::{ReportError, read_record, write_atomically, write_record};
pub use state::state_in_words;
pub use text::{visible, visible_lines};

use crate::record::RunRecord;

/// One file of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where it belongs, relative to the directory of the run, parts separated by `/`.
    pub path: String,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// The record together with what several formats need of it: histograms decoded and charts drawn once.
struct View<'a> {
    record: &'a RunRecord,
    histograms: histograms::Histograms,
    charts: Vec<charts::Drawn>,
}

/// A format turns the view into files.
type Format = fn(&View) -> Vec<File>;

const FORMATS: [Format; 5] = [html::render, junit::render, summary::render, hdr::render, charts::render];

/// Renders every format.
pub fn render(record: &RunRecord) -> Vec<File> {
    let histograms = histograms::Histograms::decode(record);
    let charts = charts::draw(record, &histograms);
    let view = View { record, histograms, charts };
    FORMATS.iter().flat_map(|format| format(&view)).collect()
}

/// Renders every format into `dir` and returns the paths written. Each file is either the old one or the new one, never
/// half of it; `run.json` is left alone. What an earlier run has left there, and this one has not, goes.
///
/// # Errors
/// Which file could not be written.
pub fn write(dir: &Path, record: &RunRecord) -> Result<Vec<PathBuf>, ReportError> {
    let rendered = render(record);
    let written: Result<Vec<PathBuf>, _> =
        rendered.iter().map(|file| files::write_atomically(&dir.join(&file.path), &file.bytes)).collect();
    let written = written?;
    files::remove_left(dir, &written);
    Ok(written)
}

/// Removes the reports that an earlier run has left in `dir`: they are not of the run that begins.
pub fn clear(dir: &Path) {
    files::remove_left(dir, &[]);
}
