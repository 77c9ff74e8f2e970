//! The phase of faults with everything around it: sides that are started for it, and a hand on their databases.

use super::state::{self, Databases};
use super::{Job, RunError, both, measure, origins, until};
use crate::contract::Contract;
use crate::noise::Known;
use crate::observe::{self, Glance};
use crate::parity::After;
use crate::parity::faults::{self, FaultError, Levers, Setup};
use crate::plan::Fault;
use crate::progress::Progress;
use crate::provision::{HeldLock, Sides};
use crate::record::RunRecord;
use crate::record::faults::Connections;
use crate::role::{Pair, Role};
use crate::stop::Stop;

/// Makes the faults of the plan on both sides, each on a fresh twin, and puts what was seen into the record.
pub(super) async fn make(
    Phase { job, contract, noise, progress, stop }: Phase<'_>,
    record: &mut RunRecord,
    sides: &mut Sides,
) -> Result<(), RunError> {
    if let Some(parity) = &record.parity {
        record.faults = faults::from_replay(&job.plan, parity);
    }
    if faults::to_be_made(&job.plan).is_empty() {
        return Ok(());
    }
    progress.phase("faults");
    match Role::BOTH.into_iter().find_map(|role| sides.has_hand_on_database(role).err()) {
        Some(reason) => record.faults.extend(faults::not_made(&job.plan, &reason)),
        None => on_sides(Phase { job, contract, noise, progress, stop }, record, sides).await?,
    }
    Ok(())
}

/// What the phase needs to know, and what it tells.
pub(super) struct Phase<'a> {
    pub(super) job: &'a Job,
    pub(super) contract: Option<&'a Contract>,
    pub(super) noise: &'a Known,
    pub(super) progress: &'a Progress,
    pub(super) stop: &'a Stop,
}

/// However it ends, what was found in the databases so far is kept.
async fn on_sides(phase: Phase<'_>, record: &mut RunRecord, sides: &mut Sides) -> Result<(), RunError> {
    let Phase { job, contract, noise, progress, stop } = phase;
    let note = |text: String| progress.note(text);
    until(stop, Box::pin(sides.reset_for_trouble(&note))).await??;
    let origins = both(origins(sides))?;
    let setup = Setup { plan: &job.plan, origins: &origins, seed: job.seed, contract, noise };
    let glances = glances(sides)?;
    let databases = Databases::connect(&job.plan, sides, "faults", record.state.take(), progress).await;
    let mut hands = Hands { sides, databases, glances };
    let parity = record.parity.get_or_insert_default();
    let made = until(stop, Box::pin(faults::run(setup, &mut hands, progress, parity, &mut record.faults))).await;
    state::keep(hands.databases, record);
    made?.map_err(|error| match error {
        FaultError::Levers(error) => error,
        FaultError::Parity(error) => error.into(),
    })
}

/// A hand on the sides, and an eye on their connections and databases.
struct Hands<'a> {
    sides: &'a mut Sides,
    databases: Databases<'a>,
    glances: Pair<Option<Glance>>,
}

fn glances(sides: &Sides) -> Result<Pair<Option<Glance>>, observe::Error> {
    let glance = |role| sides.get(role).map(|side| Glance::new(&measure::target(side))).transpose();
    Ok(Pair { baseline: glance(Role::Baseline)?, candidate: glance(Role::Candidate)? })
}

impl Levers for Hands<'_> {
    type Lock = HeldLock;
    type Error = RunError;

    fn refuses(&self, fault: Fault) -> Option<String> {
        let ways = || Role::BOTH.into_iter().find_map(|role| self.sides.has_hand_on_way(role).err());
        match fault {
            Fault::ConnectionsCut | Fault::DatabaseSlow | Fault::DatabaseHalfOpen => ways(),
            Fault::DatabaseStopped => self.sides.has_hand_on_server().err(),
            _ => None,
        }
    }

    async fn lock(&self, role: Role, table: &str) -> Result<HeldLock, String> {
        self.sides.lock(role, table).await
    }

    async fn release(&self, lock: HeldLock) {
        lock.release().await;
    }

    fn stall(&self, role: Role, stalled: bool) {
        self.sides.stall(role, stalled);
    }

    fn cut(&self, role: Role) {
        self.sides.cut(role);
    }

    async fn stop_server(&mut self) -> Result<(), RunError> {
        Ok(self.sides.stop_server().await?)
    }

    async fn start_server(&mut self) -> Result<(), RunError> {
        self.sides.start_server().await?;
        self.glances = glances(self.sides)?;
        self.databases.moved(self.sides);
        Ok(())
    }

    async fn look(&mut self) -> Pair<Connections> {
        let look = async |glance: &mut Option<Glance>| match glance {
            Some(glance) => glance.look().await,
            None => Connections::default(),
        };
        let (baseline, candidate) = tokio::join!(look(&mut self.glances.baseline), look(&mut self.glances.candidate));
        Pair { baseline, candidate }
    }

    async fn at_rest(&mut self, after: After<'_>) {
        self.databases.after(after).await;
    }
}
