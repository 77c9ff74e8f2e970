//! Brings sides and databases up and down.
//!
//! Everything that is started has a guard from its first moment, which removes it at once and synchronously when the
//! guard is dropped: after an error, a panic, or when the future of [`start`] is dropped half-way. The orderly way is
//! [`Sides::stop`]. What would outlive even a killed harness is watched by a process of its own.
//!
//! This room knows nothing of requests, comparison or load.

mod context;
mod database;
mod error;
mod guard;
mod output;
mod process;
mod proxy;
mod ready;
mod secret;
mod side;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::PathBuf;

use context::{Context, Progress};
use database::Databases;
pub use database::{DatabaseInfo, HeldLock, SideDatabase};
pub use error::{Cause, ProvisionError};
pub use secret::Secret;
pub use side::RunningSide;
use side::{Started, is_started_by_us, needs_database};

use crate::plan::{Plan, Side};
use crate::role::{Pair, Role};

/// How sides are brought up, apart from what the plan says.
#[derive(Debug, Clone)]
pub struct Options {
    /// Side whose output is copied to standard error.
    pub show_output: Option<Role>,
    /// Directory of the run; output is kept in `logs/` there.
    pub work_dir: PathBuf,
    /// Our own program, which is started again as a bundled side.
    pub executable: PathBuf,
    /// Decides the seed data.
    pub seed: u64,
}

/// The sides that run, and their databases. Dropping it ends them at once; [`Self::stop`] ends them in order.
pub struct Sides {
    // Dropped in this order: no side outlives its database.
    running: Pair<Option<Started>>,
    databases: Option<Databases>,
    info: DatabaseInfo,
    described: Pair<Option<Side>>,
    /// Sides are started so that trouble can be made.
    troubled: bool,
    context: Context,
}

/// Brings up what the plan names: databases first, then both sides at a time. `progress` receives one-line messages.
pub async fn start(plan: &Plan, options: Options, progress: &dyn Fn(String)) -> Result<Sides, ProvisionError> {
    let context = Context::new(options, plan)?;
    let databases = if plan.sides.iter().any(|(_, side)| side.as_ref().is_some_and(needs_database)) {
        Some(Databases::provide(plan, &context, progress).await?)
    } else {
        None
    };
    let info = databases.as_ref().map_or_else(no_database, |databases| databases.info().clone());
    let described = plan.sides.clone();
    let mut sides = Sides { running: Pair::default(), databases, info, described, troubled: false, context };
    match sides.start_all(|_| true, progress).await {
        Ok(()) => Ok(sides),
        Err(error) => {
            sides.stop().await;
            Err(error)
        }
    }
}

impl Sides {
    /// A side, if the plan has it. Its address may change with [`Self::reset`].
    pub fn get(&self, role: Role) -> Option<&RunningSide> {
        self.running.get(role).as_ref().map(|started| &started.running)
    }

    /// What reports say about the databases.
    pub const fn database(&self) -> &DatabaseInfo {
        &self.info
    }

    /// Starts again every side that the harness had started, each on a fresh copy of the template. Returns whether that
    /// was so for all sides: a side that runs elsewhere stays as it is.
    pub async fn reset(&mut self, progress: &dyn Fn(String)) -> Result<bool, ProvisionError> {
        self.troubled = false;
        if let Some(databases) = &mut self.databases {
            databases.expect_trouble(false)?;
        }
        self.restart(progress).await
    }

    async fn restart(&mut self, progress: Progress<'_>) -> Result<bool, ProvisionError> {
        for role in Role::BOTH {
            self.take_down(role, progress).await?;
        }
        self.start_all(is_started_by_us, progress).await?;
        Ok(self.can_be_reset())
    }

    /// Whether [`Self::reset`] gives all sides the data that they began with.
    pub fn can_be_reset(&self) -> bool {
        self.described.iter().all(|(_, side)| side.as_ref().is_none_or(is_started_by_us))
    }

    /// An error if a side that was started, or the server behind it, has ended by itself.
    pub fn check_alive(&mut self) -> Result<(), ProvisionError> {
        if let Some(databases) = &mut self.databases {
            databases.check_alive(&self.context)?;
        }
        let Pair { baseline, candidate } = &mut self.running;
        baseline.iter_mut().chain(candidate).try_for_each(Started::check_alive)
    }

    /// Ends everything in order and waits for it. Returns what did not go as it should.
    pub async fn stop(self) -> Vec<String> {
        let Pair { baseline, candidate } = self.running.map(|_, started| stop_side(started));
        let (baseline, candidate) = tokio::join!(baseline, candidate);
        let mut warnings: Vec<String> = baseline.into_iter().chain(candidate).collect();
        if let Some(databases) = self.databases {
            warnings.extend(databases.stop().await);
        }
        warnings
    }

    /// Starts the sides that `choose` picks, both at a time.
    async fn start_all(&mut self, choose: fn(&Side) -> bool, progress: Progress<'_>) -> Result<(), ProvisionError> {
        let mut twins = Pair::from_fn(|_| None);
        for role in Role::BOTH {
            let needs = self.described.get(role).as_ref().is_some_and(|side| choose(side) && needs_database(side));
            if let (true, Some(databases)) = (needs, &mut self.databases) {
                *twins.get_mut(role) = Some(databases.create_twin(role).await?);
            }
        }
        let starts = twins.map(|role, twin| {
            let side = self.described.get(role).as_ref().filter(|side| choose(side));
            let side = side.map(|side| if self.troubled { trouble::with_short_limits(side) } else { side.clone() });
            let context = &self.context;
            async move {
                match side {
                    Some(side) => Started::start(role, &side, twin, context, progress).await.map(Some),
                    None => Ok(None),
                }
            }
        });
        let (baseline, candidate) = tokio::try_join!(starts.baseline, starts.candidate)?;
        for (role, started) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            if started.is_some() {
                *self.running.get_mut(role) = started;
            }
        }
        Ok(())
    }

    /// Stops a side that was started and drops its database.
    async fn take_down(&mut self, role: Role, progress: Progress<'_>) -> Result<(), ProvisionError> {
        let Some(side) = self.described.get(role).as_ref().filter(|side| is_started_by_us(side)) else { return Ok(()) };
        let needed = needs_database(side);
        if let Some(warning) = stop_side(self.running.get_mut(role).take()).await {
            progress(format!("warning: {warning}"));
        }
        match &mut self.databases {
            Some(databases) if needed => databases.drop_twin(role).await,
            _ => Ok(()),
        }
    }
}

async fn stop_side(started: Option<Started>) -> Option<String> {
    started?.stop().await
}

fn no_database() -> DatabaseInfo {
    DatabaseInfo { words: "none: no side has a database of the harness".to_owned(), version: None, provider: "none" }
}
