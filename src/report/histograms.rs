//! The histograms of the record, decoded. A text that cannot be decoded becomes a problem that the report shows.

use std::io::Read;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::ZlibDecoder;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;

use crate::record::RunRecord;
use crate::record::load::{Block, Load, SideLoad, StepLoad};
use crate::role::{Pair, Role};

/// First word of the `HdrHistogram` V2 format, compressed and plain.
const COMPRESSED: [u8; 4] = 0x1c84_9314_u32.to_be_bytes();
const PLAIN: [u8; 4] = 0x1c84_9313_u32.to_be_bytes();
/// No histogram of response times inflates to more than this.
const LARGEST: usize = 16 << 20;

/// Every step's response times on both sides, and what could not be decoded.
#[derive(Default)]
pub(super) struct Histograms {
    pub(super) sides: Pair<Vec<StepHistogram>>,
    pub(super) problems: Vec<String>,
}

/// One step's response times on one side, in µs.
pub(super) struct StepHistogram {
    pub(super) flow: String,
    pub(super) step: String,
    /// Over all blocks; `None`: there is none, or it could not be decoded.
    pub(super) total: Option<Histogram<u64>>,
    /// Block by block, where every block's could be decoded.
    pub(super) intervals: Vec<Interval>,
}

/// One block's part of a step.
pub(super) struct Interval {
    /// Since the start of the run.
    pub(super) start_s: f64,
    pub(super) length_s: f64,
    pub(super) histogram: Histogram<u64>,
}

impl Histograms {
    pub(super) fn decode(record: &RunRecord) -> Self {
        let mut problems = Vec::new();
        let sides = record.load.as_ref().map(|load| {
            Pair::from_fn(|role| {
                let steps = load.sides.get(role).as_ref().map_or(&[][..], |side: &SideLoad| &side.steps);
                steps.iter().enumerate().map(|at| decode_step(load, role, at, &mut problems)).collect()
            })
        });
        Self { sides: sides.unwrap_or_default(), problems }
    }

    /// All steps of a side together.
    pub(super) fn merged(&self, role: Role) -> Option<Histogram<u64>> {
        let mut all: Option<Histogram<u64>> = None;
        for step in self.sides.get(role).iter().filter_map(|step| step.total.as_ref()) {
            match &mut all {
                None => {
                    let mut first = step.clone();
                    first.auto(true);
                    all = Some(first);
                }
                Some(all) => all.add(step).ok()?,
            }
        }
        all.filter(|all| !all.is_empty())
    }
}

fn decode_step(
    load: &Load,
    role: Role,
    (index, step): (usize, &StepLoad),
    problems: &mut Vec<String>,
) -> StepHistogram {
    let mut note = |what: &str, reason: String| {
        problems.push(format!("{what} of {role} {} / {}: {reason}", step.flow, step.step));
    };
    let total = decode_text(&step.response_time_hdr).unwrap_or_else(|reason| {
        note("response times", reason);
        None
    });
    let intervals = decode_blocks(load, role, index).unwrap_or_else(|reason| {
        note("response times by block", reason);
        Vec::new()
    });
    StepHistogram { flow: step.flow.clone(), step: step.step.clone(), total, intervals }
}

fn decode_blocks(load: &Load, role: Role, index: usize) -> Result<Vec<Interval>, String> {
    let blocks = load.blocks.iter().filter(|block| block.side == role);
    blocks.filter_map(|block| decode_block(block, load.settle_s, index).transpose()).collect()
}

fn decode_block(block: &Block, settle_s: f64, index: usize) -> Result<Option<Interval>, String> {
    let Some(step) = block.steps.iter().find(|step| step.step == index) else { return Ok(None) };
    let histogram = decode_text(&step.response_time_hdr)?;
    let start_s = block.started_ms as f64 / 1e3 + settle_s;
    Ok(histogram.map(|histogram| Interval { start_s, length_s: block.measured_s, histogram }))
}

/// Decodes base64 of the V2 compressed format. An empty text is no histogram.
fn decode_text(text: &str) -> Result<Option<Histogram<u64>>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let bytes = STANDARD.decode(text).map_err(|error| format!("not base64: {error}"))?;
    let plain = inflate(&bytes)?;
    let histogram = Deserializer::new().deserialize(&mut &plain[..]);
    histogram.map(Some).map_err(|error| format!("not an HdrHistogram: {error}"))
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
