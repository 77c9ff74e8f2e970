//! The phase of faults with everything around it: sides that are started for it, and a hand on their databases.

use super::{Job, RunError, both, measure, origins};
use crate::contract::Contract;
use crate::noise::Known;
use crate::observe::{self, Glance};
use crate::parity::faults::{self, FaultError, Levers, Setup};
use crate::plan::Fault;
use crate::progress::Progress;
use crate::provision::{HeldLock, Sides};
use crate::record::faults::Connections;
use crate::record::{Finding, RunRecord, Severity};
use crate::role::{Pair, Role};

/// Makes the faults of the plan on both sides, each on a fresh twin, and puts what was seen into the record.
pub(super) async fn make(
    job: &Job,
    contract: Option<&Contract>,
    record: &mut RunRecord,
    sides: &mut Sides,
    noise: &Known,
    progress: &Progress,
) -> Result<(), RunError> {
    if let Some(parity) = &record.parity {
        record.faults = faults::from_replay(&job.plan, parity);
    }
    if !faults::to_be_made(&job.plan).is_empty() {
        progress.phase("faults");
        let nowhere = Role::BOTH.into_iter().find_map(|role| sides.has_hand_on_database(role).err());
        let made = match nowhere {
            Some(reason) => {
                record.faults.extend(faults::not_made(&job.plan, &reason));
                Ok(())
            }
            None => on_sides(job, contract, record, sides, noise, progress).await,
        };
        tell(record);
        return made;
    }
    tell(record);
    Ok(())
}

async fn on_sides(
    job: &Job,
    contract: Option<&Contract>,
    record: &mut RunRecord,
    sides: &mut Sides,
    noise: &Known,
    progress: &Progress,
) -> Result<(), RunError> {
    let note = |text: String| progress.note(text);
    sides.reset_for_trouble(&note).await?;
    let origins = both(origins(sides))?;
    let setup = Setup { plan: &job.plan, origins: &origins, seed: job.seed, contract, noise };
    let mut hands = Hands { glances: glances(sides)?, sides };
    let parity = record.parity.get_or_insert_default();
    let made = faults::run(setup, &mut hands, progress, parity, &mut record.faults).await;
    made.map_err(|error| match error {
        FaultError::Levers(error) => error,
        FaultError::Parity(error) => error.into(),
    })
}

/// What was not done, or proved nothing, is never passed over.
fn tell(record: &mut RunRecord) {
    for fault in &record.faults {
        let Some(reason) = &fault.not_applied else { continue };
        let (severity, what) = match fault.applied {
            Some(_) => (Severity::Warning, "was made and shows nothing"),
            None => (Severity::Note, "was not made"),
        };
        let message = format!("fault `{}` {what}: {reason}", fault.name);
        record.findings.push(Finding { severity, code: "fault-not-shown".to_owned(), message });
    }
}

/// A hand on the sides, and an eye on their connections.
struct Hands<'a> {
    sides: &'a mut Sides,
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
}
