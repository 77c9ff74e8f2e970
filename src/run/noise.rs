//! Runs of the baseline on its own, before the replay: what differs between two of them is noise.

use super::{Job, RunError, alive, origins, until};
use crate::parity::{Recording, record};
use crate::progress::Progress;
use crate::provision::Sides;
use crate::stop::Stop;

/// Records as many runs as the plan asks for. The sides begin again after each, where that can be.
pub(super) async fn record_all(
    job: &Job,
    sides: &mut Sides,
    progress: &Progress,
    stop: &Stop,
) -> Result<Vec<Recording>, RunError> {
    let (runs, is_fresh) = (job.plan.noise_runs(), job.plan.is_baseline_fresh());
    let mut recordings = Vec::new();
    for run in 1..=runs {
        progress.note(format!("noise run {run} of {runs}: the baseline on its own"));
        let Some(origin) = origins(sides).baseline else { break };
        let recording = alive(sides, Ok(until(stop, record(&job.plan, &origin, job.seed, is_fresh)).await?))?;
        match recording {
            Ok(recording) => recordings.push(recording),
            // The replay will say the same with both sides in view.
            Err(error) => {
                progress.warn(format!("no noise run: {error}"));
                break;
            }
        }
        if is_fresh {
            until(stop, sides.reset(&|text| progress.note(text))).await??;
        }
    }
    Ok(recordings)
}
