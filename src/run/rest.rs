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
    let begun = Instant::now();
    let mut waiting = Waiting::new(&before, glance.look().await);
    let mut is_told = false;
    while waiting.goes_on(begun.elapsed()) {
        if !is_told && begun.elapsed() > LOOK_EVERY * 5 {
            progress.note(format!("{role}: waiting for its connections to come to rest"));
            is_told = true;
        }
        tokio::time::sleep(LOOK_EVERY).await;
        let now = glance.look().await;
        waiting.see(now, begun.elapsed());
    }
    let waited_ms = begun.elapsed().as_millis() as u64;
    let Waiting { last, leaked, .. } = waiting;
    Some(Box::new(AfterLoad { waited_ms, before, at_rest: last, leaked_connections: leaked, ..AfterLoad::default() }))
}

/// What the looks at one side say together.
struct Waiting {
    /// Connections that were astray before the load.
    normal: u64,
    last: Connections,
    /// The fewest that were seen astray at once; `None`: nothing tells.
    leaked: Option<u64>,
    /// When something had changed last, since the end of the load.
    moved: Duration,
}

impl Waiting {
    fn new(before: &Connections, first: Connections) -> Self {
        let normal = before.astray().unwrap_or(0);
        Self { normal, leaked: astray(&first, normal), last: first, moved: Duration::ZERO }
    }

    fn goes_on(&self, at: Duration) -> bool {
        self.leaked.is_some_and(|count| count > 0) && at.saturating_sub(self.moved) < STEADY && at < LIMIT
    }

    /// With other callers about, a side is never quite at rest: the fewest that were seen astray at once count. A look that
    /// failed says nothing.
    fn see(&mut self, now: Connections, at: Duration) {
        if now != self.last {
            self.moved = at;
        }
        if let (Some(count), Some(fewest)) = (astray(&now, self.normal), &mut self.leaked) {
            *fewest = count.min(*fewest);
        }
        self.last = now;
    }
}

fn astray(now: &Connections, normal: u64) -> Option<u64> {
    now.astray().map(|count| count.saturating_sub(normal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(count: u64) -> Connections {
        Connections { used: Some(count), ..Connections::default() }
    }

    /// Looks twice a second, until it is over: how long that took, and what is lost.
    fn waited(before: u64, looks: impl Fn(u64) -> Connections) -> (Duration, Option<u64>) {
        let mut waiting = Waiting::new(&used(before), looks(0));
        let mut at = Duration::ZERO;
        for number in 1.. {
            if !waiting.goes_on(at) {
                break;
            }
            at = Duration::from_millis(500 * number);
            waiting.see(looks(number), at);
        }
        (at, waiting.leaked)
    }

    #[test]
    fn what_comes_back_is_waited_for_and_what_does_not_is_given_up() {
        let seconds = Duration::from_secs;
        assert_eq!(waited(0, |_| used(0)), (seconds(0), Some(0)));
        assert_eq!(waited(2, |_| used(2)), (seconds(0), Some(0)), "as it was before the load");
        assert_eq!(waited(0, |look| used(8_u64.saturating_sub(look))), (seconds(4), Some(0)));
        assert_eq!(waited(1, |_| used(4)), (STEADY, Some(3)));
        // Others come and go: at one moment two were astray, and one look had failed.
        let others =
            |look| if look == 5 { Connections::default() } else { used(if look == 7 { 2 } else { 3 + look % 2 }) };
        assert_eq!(waited(0, others), (LIMIT, Some(2)));
        assert_eq!(waited(0, |_| Connections::default()), (seconds(0), None), "nothing tells");
    }
}
