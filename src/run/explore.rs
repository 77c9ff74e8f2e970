//! Generated requests as a phase of a run.

use std::error::Error;

use super::{Job, RunError, contract, until};
use crate::compare::ids::Bijection;
use crate::explore;
use crate::http::Origin;
use crate::noise::Known;
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::RunRecord;
use crate::role::Pair;
use crate::stop::Stop;

/// Sends generated requests to both sides and adds what differs to the evidence of the replay.
pub(super) async fn explore(
    job: &Job,
    sides: &mut Sides,
    record: &mut RunRecord,
    (noise, ids): (&Known, &Bijection),
    progress: &Progress,
    stop: &Stop,
) -> Result<(), RunError> {
    let origins = super::both(super::origins(sides))?;
    let contract = until(stop, contract::to_explore(job, &origins)).await??;
    let setup = explore::Setup {
        plan: &job.plan,
        contract: &contract,
        origins: &origins,
        seed: job.seed,
        requests: job.explore,
        noise,
        ids,
        stop,
    };
    let explored = Box::pin(explore::run(&setup, Twins { sides, progress }, progress)).await?;
    record.explore = Some(explored.exploration);
    record.parity.get_or_insert_default().absorb(explored.parity);
    match explored.error {
        _ if stop.is_triggered() => Err(RunError::Interrupted),
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Sides that can be started again on fresh copies of the template.
struct Twins<'a> {
    sides: &'a mut Sides,
    progress: &'a Progress,
}

impl explore::Renew for Twins<'_> {
    async fn renew(&mut self) -> Result<Option<Pair<Origin>>, Box<dyn Error + Send + Sync>> {
        if !self.sides.can_be_reset() {
            return Ok(None);
        }
        // Where the sides are is of no interest thirty times.
        let note = |text: String| {
            if let Some(warning) = text.strip_prefix("warning: ") {
                self.progress.warn(warning);
            }
        };
        self.sides.reset(&note).await?;
        let origins = super::origins(self.sides);
        Ok(Some(super::both(origins)?))
    }
}
