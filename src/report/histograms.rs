//! The histograms of the record, decoded. A text that cannot be decoded becomes a problem that the report shows.

use hdrhistogram::Histogram;

use crate::record::RunRecord;
use crate::record::histogram;
use crate::record::load::{Block, Load, SideLoad, StepLoad};
use crate::role::{Pair, Role};

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
    let total = histogram::decode(&step.response_time_hdr).unwrap_or_else(|reason| {
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
    let histogram = histogram::decode(&step.response_time_hdr)?;
    let start_s = block.started_ms as f64 / 1e3 + settle_s;
    Ok(histogram.map(|histogram| Interval { start_s, length_s: block.measured_s, histogram }))
}
