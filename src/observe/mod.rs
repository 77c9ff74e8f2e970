//! Samplers: the metrics endpoint, PostgreSQL's activity, the side's process.
//!
//! An [`Observer`] watches one side on a thread of its own, so that a busy load generator does not hold up the
//! samplers, nor a large exposition the generator. It never uses the side's pool or the harness's connections to the
//! side, and it knows nothing of blocks: which parts of the run count is said afterwards, to the [`Record`].

mod counters;
mod database;
mod exposition;
mod glance;
mod grid;
mod mapping;
mod mappings;
mod metrics;
mod process;
mod record;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use tokio::sync::oneshot;

pub use glance::Glance;
pub use record::{DatabaseTotals, Record};

use crate::judge::PoolLook;
use crate::plan::Transport;
use grid::Grid;

/// What there is to watch of one side. Not printable, because addresses may hold passwords.
#[derive(Clone, Default)]
pub struct Target {
    /// Address of the Prometheus endpoint and name of the mapping, one of [`crate::plan::Metrics::NAMES`].
    pub metrics: Option<(String, String)>,
    /// How that is spoken to.
    pub transport: Transport,
    /// The side's process; everything that it started is watched with it.
    pub pid: Option<u32>,
    /// The side's database, if it is PostgreSQL.
    pub database: Option<DatabaseTarget>,
}

/// A PostgreSQL database that a side uses.
#[derive(Clone)]
pub struct DatabaseTarget {
    /// Secret; straight to the server, not through a proxy, as a user who may see other users' activity.
    pub url: String,
    /// Name of the side's database, which need not be the one of the address. Whoever else is connected to it than we
    /// ourselves is the side, whatever it calls its connections.
    pub name: String,
}

/// Told of every good sample of a side's metrics endpoint as it is taken, on the samplers' thread.
pub type PoolListener = Box<dyn FnMut(PoolLook) + Send>;

/// Why a side cannot be watched at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The plan names no mapping that exists.
    #[error("metrics mapping `{name}` is not known, known are: {known}")]
    UnknownMapping {
        /// As the plan has it.
        name: String,
        /// All there are.
        known: String,
    },
    /// Not shown, because it may hold a password.
    #[error("the address of the metrics endpoint is not a URL")]
    MetricsUrl,
    /// Not shown, because it holds a password.
    #[error("the address of the database is not a PostgreSQL URL")]
    DatabaseUrl,
    /// The system refused a thread or a runtime.
    #[error("the samplers could not be started")]
    Start(#[from] std::io::Error),
}

/// Samplers of one side under way. Dropped without [`Observer::stop`], they end and what they saw is lost.
#[must_use = "samplers end when their observer is dropped"]
pub struct Observer {
    stop: oneshot::Sender<()>,
    record: oneshot::Receiver<Record>,
}

impl Observer {
    /// Starts the samplers. They sample at whole multiples of `interval` after `epoch`, the start of the run; a slow or
    /// dead target costs samples (rows of `None`), never more than four intervals each, and marks that were missed are
    /// not made up for.
    pub fn start(target: &Target, epoch: Instant, interval: Duration) -> Result<Self, Error> {
        Self::start_telling(target, epoch, interval, None)
    }

    /// As [`Observer::start`]; `listener` is told of the pool meanwhile.
    pub fn start_telling(
        target: &Target,
        epoch: Instant,
        interval: Duration,
        listener: Option<PoolListener>,
    ) -> Result<Self, Error> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut samplers = Samplers::new(target, Grid::new(epoch, interval))?;
        if let Some(metrics) = &mut samplers.metrics {
            metrics.listener = listener;
        }
        let (stop, stopped) = oneshot::channel();
        let (finished, record) = oneshot::channel();
        std::thread::Builder::new().name("observer".to_owned()).spawn(move || {
            // Whoever waits has gone if this fails.
            let _ = finished.send(runtime.block_on(samplers.run(stopped)));
        })?;
        Ok(Self { stop, record })
    }

    /// Takes a last sample and ends. The side should still be up, so that nothing it counted is missed.
    pub async fn stop(self) -> Record {
        // A thread that is gone needs no signal.
        let _ = self.stop.send(());
        self.record.await.unwrap_or_else(|_| Record {
            problems: vec!["the samplers ended with a panic".to_owned()],
            ..Record::default()
        })
    }
}

/// One sampler for each thing that there is to watch.
struct Samplers {
    grid: Grid,
    metrics: Option<metrics::Sampler>,
    database: Option<database::Sampler>,
    process: Option<process::Sampler>,
}

impl Samplers {
    fn new(target: &Target, grid: Grid) -> Result<Self, Error> {
        let metrics =
            target.metrics.as_ref().map(|(url, names)| metrics::Sampler::new(url, names, &target.transport, grid));
        let database = target.database.as_ref().map(|target| database::Sampler::new(target, grid));
        Ok(Self {
            grid,
            metrics: metrics.transpose()?,
            database: database.transpose()?,
            process: target.pid.map(|pid| process::Sampler::new(pid, grid)),
        })
    }

    async fn run(mut self, stopped: oneshot::Receiver<()>) -> Record {
        tokio::select! {
            biased;
            asked = stopped => if asked.is_err() { return Record::default() },
            () = self.sample() => {}
        }
        self.finish().await
    }

    /// Samples for ever, or until there is nothing left to sample.
    async fn sample(&mut self) {
        let metrics = async {
            if let Some(sampler) = &mut self.metrics {
                sampler.run().await;
            }
        };
        let database = async {
            if let Some(sampler) = &mut self.database {
                sampler.run().await;
            }
        };
        let process = async {
            if let Some(sampler) = &mut self.process {
                sampler.run().await;
            }
        };
        tokio::join!(metrics, database, process);
    }

    /// The last samples, and everything together.
    async fn finish(mut self) -> Record {
        let at_ms = self.grid.now_ms();
        if let Some(sampler) = &mut self.process {
            sampler.sample(at_ms);
        }
        if let Some(sampler) = &mut self.metrics {
            sampler.last_sample(at_ms).await;
        }
        let mut record = Record::default();
        if let Some(sampler) = &mut self.database {
            record.database_totals = sampler.totals().await;
        }
        self.hand_over(&mut record);
        record
    }

    fn hand_over(self, record: &mut Record) {
        if let Some(sampler) = self.process {
            record.observations.process = sampler.series;
        }
        let observed_itself = self.metrics.is_some();
        if let Some(sampler) = self.metrics {
            record.problems.extend(sampler.failure.as_ref().map(|failure| format!("metrics endpoint: {failure}")));
            record.observations.pool_source = Some(sampler.source());
            record.observations.pool = sampler.series;
            record.counters = sampler.counters;
        }
        if let Some(sampler) = self.database {
            record.problems.extend(sampler.failure.as_ref().map(|failure| format!("pg_stat_activity: {failure}")));
            record.observations.database = sampler.series;
        }
        if !observed_itself {
            record.pool_from_database();
        }
    }
}
