//! Whether a side comes to rest after the load: looks at its connections before it and after it.
//!
//! A framework may give a connection back only after the answer has been sent, and what the harness gave up may still
//! be worked at. So the side is looked at until nothing is astray, and given up on only when nothing has moved for a
//! while.

use std::time::{Duration, Instant};

use super::measure::target;
use super::{RunError, until};
use crate::observe::Glance;
use crate::progress::Progress;
use crate::provision::Sides;
use crate::record::Connections;
use crate::record::load::AfterLoad;
use crate::role::{Pair, Role};
use crate::stop::Stop;

/// Time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Time without a change after which what is astray is taken to stay so.
const STEADY: Duration = Duration::from_secs(5);
/// Longest wait, however much still moves.
const LIMIT: Duration = Duration::from_secs(30);

/// The sides as they were before the load.
pub(super) struct Before(Pair<Option<Watched>>);

struct Watched {
    glance: Glance,
    before: Connections,
}

impl Before {
    /// Looks at each of these sides once.
    pub(super) async fn look(sides: &Sides, roles: &[Role]) -> Result<Self, RunError> {
        let mut watched = Pair::default();
        for role in roles.iter().copied() {
            let Some(side) = sides.get(role) else { continue };
            let mut glance = Glance::new(&target(side))?;
            let before = glance.look().await;
            *watched.get_mut(role) = Some(Watched { glance, before });
        }
        Ok(Self(watched))
    }

    /// Waits until both sides are at rest, or seem to be as much so as they will ever be.
    pub(super) async fn until_rest(
        self,
        progress: &Progress,
        stop: &Stop,
    ) -> Result<Pair<Option<Box<AfterLoad>>>, RunError> {
        let Pair { baseline, candidate } = self.0.map(|role, watched| rest(role, watched, progress));
        until(stop, Box::pin(async { tokio::join!(baseline, candidate) }))
            .await
            .map(|(baseline, candidate)| Pair { baseline, candidate })
    }
}

async fn rest(role: Role, watched: Option<Watched>, progress: &Progress) -> Option<Box<AfterLoad>> {
    let Watched { mut glance, before } = watched?;
    let normal = before.astray().unwrap_or(0);
    let begun = Instant::now();
    let mut last = glance.look().await;
    let mut leaked = astray(&last, normal);
    let mut moved = Instant::now();
    let mut is_told = false;
    while leaked.is_some_and(|count| count > 0) && moved.elapsed() < STEADY && begun.elapsed() < LIMIT {
        if !is_told && begun.elapsed() > LOOK_EVERY * 5 {
            progress.note(format!("{role}: waiting for its connections to come to rest"));
            is_told = true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let now = glance.look().await;
        if now != last {
            moved = Instant::now();
        }
        // With other callers about, a side is never quite at rest: the fewest that were seen astray at once count. A look
        // that failed says nothing.
        leaked = astray(&now, normal).map_or(leaked, |count| leaked.map(|fewest| fewest.min(count)));
        last = now;
    }
    let waited_ms = begun.elapsed().as_millis() as u64;
    let leaked_connections = leaked;
    Some(Box::new(AfterLoad { waited_ms, before, at_rest: last, leaked_connections, ..AfterLoad::default() }))
}

fn astray(now: &Connections, normal: u64) -> Option<u64> {
    now.astray().map(|count| count.saturating_sub(normal))
}
