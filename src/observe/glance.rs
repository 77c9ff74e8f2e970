//! Single looks at the connections of one side, for whoever needs to know how many there are now.

use std::time::{Duration, Instant};

use super::grid::Grid;
use super::{Error, Target, database, metrics};
use crate::record::faults::Connections;

/// A quarter of the time that one look may take.
const BEAT: Duration = Duration::from_millis(250);

/// Looks at one side's pool metrics and at its sessions in PostgreSQL, whichever there are.
pub struct Glance {
    metrics: Option<metrics::Sampler>,
    database: Option<database::Sampler>,
}

impl Glance {
    /// Nothing is sent or connected yet.
    ///
    /// # Errors
    /// A target that can never be looked at.
    pub fn new(target: &Target) -> Result<Self, Error> {
        let grid = Grid::new(Instant::now(), BEAT);
        let metrics =
            target.metrics.as_ref().map(|(url, names)| metrics::Sampler::new(url, names, &target.transport, grid));
        let database = target.database.as_ref().map(|target| database::Sampler::new(target, grid));
        Ok(Self { metrics: metrics.transpose()?, database: database.transpose()? })
    }

    /// How many connections there are now; what cannot be told is `None`.
    pub async fn look(&mut self) -> Connections {
        let metrics = async {
            match &mut self.metrics {
                Some(sampler) => sampler.scrape().await.ok(),
                None => None,
            }
        };
        let database = async {
            match &mut self.database {
                Some(sampler) => sampler.activity().await,
                None => None,
            }
        };
        let (pool, activity) = tokio::join!(metrics, database);
        let pool = pool.unwrap_or_default();
        let whole = |figure: Option<f64>| figure.map(|figure| figure.max(0.0).round() as u64);
        let count = |figure: i64| u64::try_from(figure).unwrap_or(0);
        Connections {
            used: whole(pool.used),
            idle: whole(pool.idle),
            max: whole(pool.max),
            pending: whole(pool.pending),
            timeouts: whole(pool.timeouts),
            sessions: activity.map(|(sessions, ..)| count(sessions)),
            busy: activity.map(|(_, active, in_transaction, _)| count(active) + count(in_transaction)),
            waiting: activity.map(|(.., waiting)| count(waiting)),
        }
    }
}
