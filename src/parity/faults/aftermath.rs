//! What a fault leaves behind: whether both sides answer as before, and whether all connections came back.

use std::time::{Duration, Instant};

use super::bench::Books;
use super::levers::Levers;
use super::scene::{LOOK_EVERY, Scene};
use crate::record::faults::{Aftermath, Connections, FaultEvidence};
use crate::record::parity::Kind;
use crate::role::{Pair, Role};

/// Under which step of a fault its aftermath is told.
const AFTERWARDS: &str = "afterwards";

/// How long connections are waited for when some were lost before.
const ONCE_MORE: Duration = Duration::from_secs(1);
/// Turns where the size of a pool is not known.
const UNKNOWN_POOL: u64 = 8;
/// Most turns.
const MOST_TURNS: u64 = 32;

/// How the sides were before the next fault.
pub(super) struct Before {
    connections: Pair<Connections>,
    /// Connections that never came back, told of already.
    lost: Pair<Lost>,
}

impl Before {
    /// Nothing lost yet.
    pub(super) fn new(connections: Pair<Connections>) -> Self {
        Self { connections, lost: Pair::default() }
    }

    fn has_lost(&self) -> bool {
        self.lost.iter().any(|(_, lost)| *lost != Lost::default())
    }
}

/// Connections that should be at rest and are not.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Lost {
    /// Still taken out of the pool.
    used: u64,
    /// Still in a transaction.
    busy: u64,
    /// Sessions that the pool knows nothing of.
    strange: u64,
}

impl Lost {
    /// What is not at rest now. Figures that are not known count as good.
    fn of(side: &Connections) -> Self {
        let known = side.used.zip(side.idle).map(|(used, idle)| used + idle);
        let strange = side.sessions.zip(known).map(|(sessions, known)| sessions.saturating_sub(known));
        Self { used: side.used.unwrap_or(0), busy: side.busy.unwrap_or(0), strange: strange.unwrap_or(0) }
    }

    const fn is_more_than(self, other: Self) -> bool {
        self.used > other.used || self.busy > other.busy || self.strange > other.strange
    }

    /// Names of the figures, as differences tell them.
    const fn figures(self) -> [(&'static str, u64); 3] {
        [
            ("connections in use at rest", self.used),
            ("sessions in a transaction at rest", self.busy),
            ("sessions that the pool has lost", self.strange),
        ]
    }
}

/// Waits for both sides to be as before, asks all probes once more, and tells what is not as it was. Gives back whether
/// both answer.
pub(super) async fn settle<L: Levers>(
    scene: &mut Scene<'_, '_, L>,
    before: &mut Before,
    over: Instant,
    evidence: &mut FaultEvidence,
) -> bool {
    let limit = scene.faults.recovery;
    scene.books.tally.asked(&scene.books.flow, AFTERWARDS);
    let recovered = {
        let bench = scene.bench;
        let recovery = |role| recovery(over, limit, async move || bench.is_well(role).await);
        let (baseline, candidate) = tokio::join!(recovery(Role::Baseline), recovery(Role::Candidate));
        Pair { baseline, candidate }
    };
    let is_well = recovered.iter().all(|(_, recovered)| recovered.is_ok());
    if is_well {
        let probed = scene.bench.probe_in_order().await;
        scene.bench.compare(&probed, &mut scene.books);
        scene.bench.expect(&probed, &mut scene.books);
        let pool = before.connections.iter().filter_map(|(_, side)| side.max).max().unwrap_or(UNKNOWN_POOL);
        let turns = scene.bench.take_turns(pool.min(MOST_TURNS)).await;
        scene.bench.compare_kinds("each connection in turn", &turns, &mut scene.books);
    } else {
        let words = recovered.clone().map(|_, recovered| Some(in_words(recovered, limit)));
        afterwards(scene, "recovery", words);
    }
    // Who waited for a lost connection in vain once need not do so after each fault.
    let limit = if before.has_lost() { limit.min(ONCE_MORE) } else { limit };
    let after = rest(scene, before, limit).await;
    evidence.aftermath = Pair::from_fn(|role| {
        Some(Aftermath {
            recovered_ms: recovered.get(role).as_ref().ok().map(|time| time.as_millis() as u64),
            before: *before.connections.get(role),
            during: scene.during.get(role).most(*before.connections.get(role)),
            after: *after.get(role),
        })
    });
    before.connections = after;
    is_well
}

/// Asks until the answer is good; the time that took, or the last bad answer.
async fn recovery(
    over: Instant,
    limit: Duration,
    is_well: impl AsyncFn() -> Result<(), String>,
) -> Result<Duration, String> {
    loop {
        match is_well().await {
            Ok(()) => return Ok(over.elapsed()),
            Err(answer) if over.elapsed() >= limit => return Err(answer),
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

fn in_words(recovered: Result<Duration, String>, limit: Duration) -> String {
    match recovered {
        Ok(_) => "answers as before".to_owned(),
        Err(answer) => format!("no good answer within {}: {answer}", crate::units::format_duration(limit)),
    }
}

/// Waits until every connection has come back, and tells of those that have not.
async fn rest<L: Levers>(scene: &mut Scene<'_, '_, L>, before: &mut Before, limit: Duration) -> Pair<Connections> {
    let deadline = Instant::now() + limit;
    loop {
        let now = scene.levers.look().await;
        let lost = Pair::from_fn(|role| Lost::of(now.get(role)));
        let is_more = lost.iter().any(|(role, lost)| lost.is_more_than(*before.lost.get(role)));
        if is_more && Instant::now() < deadline {
            tokio::time::sleep(LOOK_EVERY).await;
            continue;
        }
        if is_more {
            tell(scene, before.lost, lost);
        }
        before.lost = lost;
        return now;
    }
}

fn tell<L: Levers>(scene: &mut Scene<'_, '_, L>, before: Pair<Lost>, now: Pair<Lost>) {
    let figures = |lost: Pair<Lost>| Pair::from_fn(|role| lost.get(role).figures());
    let (before, now) = (figures(before), figures(now));
    for index in 0..now.baseline.len() {
        let place = now.baseline[index].0;
        let of = |figures: &Pair<[(&str, u64); 3]>, role: Role| figures.get(role)[index].1;
        if Role::BOTH.into_iter().any(|role| of(&now, role) > of(&before, role)) {
            let values = Pair::from_fn(|role| Some(of(&now, role).to_string()));
            afterwards(scene, place, values);
        }
    }
}

/// Something is not as it was before the fault.
fn afterwards<L: Levers>(scene: &mut Scene<'_, '_, L>, place: &str, values: Pair<Option<String>>) {
    let Books { fault, flow, tally, .. } = &mut scene.books;
    tally.difference(flow, AFTERWARDS, Kind::Aftermath, place, values);
    scene.bench.rehearsal.give_without_request(*fault, AFTERWARDS, tally);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_lost_when_it_is_in_use_at_rest_or_the_pool_does_not_know_it() {
        let rest =
            Connections { used: Some(0), idle: Some(5), sessions: Some(5), busy: Some(0), ..Connections::default() };
        assert_eq!(Lost::of(&rest), Lost::default());
        assert_eq!(Lost::of(&Connections { used: Some(2), ..rest }).used, 2);
        assert_eq!(Lost::of(&Connections { sessions: Some(7), ..rest }).strange, 2);
        assert_eq!(Lost::of(&Connections { busy: Some(1), ..rest }).busy, 1);
        // Nothing is known of a side that tells nothing.
        assert_eq!(Lost::of(&Connections::default()), Lost::default());
        assert_eq!(Lost::of(&Connections { sessions: Some(9), ..Connections::default() }).strange, 0);
    }
}
