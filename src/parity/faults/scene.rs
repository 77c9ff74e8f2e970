//! How each fault is made, what is asked meanwhile, and how it is taken back.
//!
//! Both sides get it at the same moment. What is compared depends on no moment: where the number of answers of one kind
//! does, only the kinds are.

use std::time::{Duration, Instant};

use super::aftermath::{Before, settle};
use super::answers::is_good;
use super::bench::{Bench, Books, Probed};
use super::levers::Levers;
use crate::plan::{Fault, Faults};
use crate::record::faults::{Connections, FaultAnswers, FaultEvidence};
use crate::role::{Pair, Role};

/// Between two looks at the connections.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(25);
/// Longest that is waited for requests to reach the database and be stuck there.
const STUCK: Duration = Duration::from_secs(3);
/// Without a pool's own figures: sessions that wait for a lock have stopped becoming more.
const STEADY: u32 = 12;
/// Requests that fill a pool of unknown size.
const UNKNOWN_POOL: u64 = 32;
/// Most requests that are sent to fill a pool.
const LARGEST_CROWD: u64 = 256;
/// Clients that go away.
const LEAVING: u64 = 3;
/// How long a slow database keeps everybody waiting: well below every limit.
const SLOW: Duration = Duration::from_millis(250);

/// One fault while it is made.
pub(super) struct Scene<'s, 'c, L> {
    pub(super) faults: &'s Faults,
    pub(super) bench: &'s Bench<'c>,
    pub(super) levers: &'s mut L,
    pub(super) books: Books<'s, 'c>,
    /// Most connections seen at a time.
    pub(super) during: Pair<Connections>,
}

#[derive(Default)]
struct Shown {
    done: String,
    answers: Vec<FaultAnswers>,
    /// Why it proves nothing; `None`: it was felt.
    unfelt: Option<String>,
}

/// Why a fault ended before its time.
enum Trouble<E> {
    /// It could not be made.
    NotMade(String),
    /// The database did not come back.
    Fatal(E),
}

impl<L: Levers> Scene<'_, '_, L> {
    /// Makes the fault, takes it back, and waits for both sides to be as before. Also tells whether they are.
    pub(super) async fn play(&mut self, before: &mut Before) -> Result<(FaultEvidence, bool), L::Error> {
        let mut evidence = FaultEvidence::of(self.books.fault);
        match self.make().await {
            Ok(Shown { done, answers, unfelt }) => {
                (evidence.applied, evidence.answers, evidence.not_applied) = (Some(done), answers, unfelt);
            }
            Err(Trouble::NotMade(reason)) => evidence.not_applied = Some(reason),
            Err(Trouble::Fatal(error)) => return Err(error),
        }
        let over = Instant::now();
        let well = settle(self, before, over, &mut evidence).await;
        Ok((evidence, well))
    }

    async fn make(&mut self) -> Result<Shown, Trouble<L::Error>> {
        match self.books.fault {
            Fault::StatementTimeout => self.statement_timeout().await,
            Fault::PoolExhausted => self.pool_exhausted().await,
            Fault::ClientGone => self.client_gone().await,
            Fault::ConnectionsCut => self.connections_cut().await,
            Fault::DatabaseSlow => Ok(self.database_slow().await),
            Fault::DatabaseHalfOpen => Ok(self.database_half_open().await),
            Fault::DatabaseStopped => self.database_stopped().await,
            Fault::UniqueViolation | Fault::StaleIfMatch => {
                Err(Trouble::NotMade("it is a step of the flows".to_owned()))
            }
        }
    }

    async fn statement_timeout(&mut self) -> Result<Shown, Trouble<L::Error>> {
        let (locks, what) = self.lock().await?;
        let probed = watched(&mut *self.levers, &mut self.during, self.bench.probe_at_once()).await;
        self.release(locks).await;
        let unfelt = unfelt(&probed[..1], "was answered as ever while the lock was held: it does not wait for it");
        Ok(Shown { done: format!("{what} was locked for as long as the answers took"), ..self.shown(&probed, unfelt) })
    }

    async fn pool_exhausted(&mut self) -> Result<Shown, Trouble<L::Error>> {
        let size = self.levers.look().await;
        let largest = size.iter().filter_map(|(_, side)| side.max).max();
        let count = largest.unwrap_or(UNKNOWN_POOL).min(LARGEST_CROWD);
        let (locks, what) = self.lock().await?;
        let before = self.levers.look().await;
        let (full, crowd, probed) = {
            let (bench, levers, during) = (self.bench, &mut *self.levers, &mut self.during);
            let mut crowd = Box::pin(bench.crowd(count));
            let mut early = None;
            let full = tokio::select! {
                full = wait_until(&mut *levers, &mut *during, is_full()) => full,
                over = &mut crowd => { early = Some(over); false }
            };
            let crowd = async {
                match early {
                    Some(over) => over,
                    None => crowd.await,
                }
            };
            let both = async { tokio::join!(crowd, bench.crowd(1)) };
            let (crowd, probed) = watched(levers, during, both).await;
            (full, crowd, probed)
        };
        self.release(locks).await;
        let crowded = self.bench.compare_kinds("requests that hold connections", &crowd, &mut self.books);
        let mut shown = self.shown(&probed, None);
        shown.answers.insert(0, crowded);
        shown.done = format!("{what} was locked and {count} requests took all connections; one more was sent");
        let after = self.levers.look().await;
        let gave_up = |role: Role| {
            after.get(role).timeouts.zip(before.get(role).timeouts).is_none_or(|(after, before)| after > before)
        };
        if !full || !Role::BOTH.into_iter().all(gave_up) {
            shown.unfelt = Some("the pools were not seen full with a request that waits in vain".to_owned());
        }
        Ok(shown)
    }

    async fn client_gone(&mut self) -> Result<Shown, Trouble<L::Error>> {
        let (locks, what) = self.lock().await?;
        let rest = self.levers.look().await;
        let clients = self.bench.abandon(LEAVING).await;
        let stuck = wait_until(&mut *self.levers, &mut self.during, have_more(rest, LEAVING)).await;
        drop(clients);
        // The lock stays until the side has given up by itself: what it wrote would depend on the moment.
        let patience = self.bench.patience;
        let given_up =
            tokio::time::timeout(patience, wait_until(&mut *self.levers, &mut self.during, no_more_than(rest)));
        let gave_up = given_up.await.unwrap_or(false);
        self.release(locks).await;
        let until = if gave_up { "until the requests had come to their end" } else { "long enough" };
        let done =
            format!("{LEAVING} clients left while their requests waited for {what}, which stayed locked {until}");
        let unfelt = (!stuck).then(|| "the requests were not seen to wait for the lock".to_owned());
        Ok(Shown { done, answers: Vec::new(), unfelt })
    }

    async fn connections_cut(&mut self) -> Result<Shown, Trouble<L::Error>> {
        self.cut();
        let idle = self.bench.probe_in_order().await;
        let (locks, what) = self.lock().await?;
        let rest = self.levers.look().await;
        let (probed, stuck) = {
            let (levers, during) = (&mut *self.levers, &mut self.during);
            let cutting = async {
                let stuck = wait_until(&mut *levers, during, have_more(rest, 1)).await;
                for role in Role::BOTH {
                    levers.cut(role);
                }
                stuck
            };
            tokio::join!(self.bench.crowd(1), cutting)
        };
        self.release(locks).await;
        let mut shown = self.shown(&idle, None);
        for answers in &mut shown.answers {
            answers.step.push_str(" (idle connections cut)");
        }
        shown.answers.extend(self.bench.compare(&probed, &mut self.books));
        shown.done = format!("all connections were reset, and once more while a request waited for {what}");
        shown.unfelt = if stuck {
            unfelt(&probed, "was answered as ever although its connection was cut")
        } else {
            Some("no request was seen to wait for the lock".to_owned())
        };
        Ok(shown)
    }

    async fn database_slow(&mut self) -> Shown {
        self.stall(true);
        let probing = self.bench.probe_in_order();
        let levers = &*self.levers;
        let going_on = async {
            tokio::time::sleep(SLOW).await;
            for role in Role::BOTH {
                levers.stall(role, false);
            }
        };
        let (probed, ()) = tokio::join!(probing, going_on);
        let done = format!("nothing came through to the databases for {}ms", SLOW.as_millis());
        Shown { done, ..self.shown(&probed, None) }
    }

    async fn database_half_open(&mut self) -> Shown {
        self.stall(true);
        let probed = watched(&mut *self.levers, &mut self.during, self.bench.probe_at_once()).await;
        self.stall(false);
        let unfelt = unfelt(&probed[..1], "was answered as ever without a database");
        let done = "nothing came through to the databases for as long as the answers took".to_owned();
        Shown { done, ..self.shown(&probed, unfelt) }
    }

    async fn database_stopped(&mut self) -> Result<Shown, Trouble<L::Error>> {
        self.levers.stop_server().await.map_err(Trouble::Fatal)?;
        let probed = self.bench.probe_at_once().await;
        self.levers.start_server().await.map_err(Trouble::Fatal)?;
        let unfelt = unfelt(&probed[..1], "was answered as ever without a database");
        Ok(Shown { done: "the server was stopped and started again".to_owned(), ..self.shown(&probed, unfelt) })
    }

    /// Locks the table on both sides; both or none.
    async fn lock(&mut self) -> Result<(Pair<L::Lock>, String), Trouble<L::Error>> {
        let table = self.faults.lock.clone().unwrap_or_default();
        let levers = &*self.levers;
        let (baseline, candidate) =
            tokio::join!(levers.lock(Role::Baseline, &table), levers.lock(Role::Candidate, &table));
        match (baseline, candidate) {
            (Ok(baseline), Ok(candidate)) => Ok((Pair { baseline, candidate }, format!("table `{table}`"))),
            (Err(reason), _) | (_, Err(reason)) => {
                Err(Trouble::NotMade(format!("table `{table}` could not be locked: {reason}")))
            }
        }
    }

    async fn release(&self, locks: Pair<L::Lock>) {
        tokio::join!(self.levers.release(locks.baseline), self.levers.release(locks.candidate));
    }

    fn stall(&self, stalled: bool) {
        for role in Role::BOTH {
            self.levers.stall(role, stalled);
        }
    }

    fn cut(&self) {
        for role in Role::BOTH {
            self.levers.cut(role);
        }
    }

    fn shown(&mut self, probed: &[Probed], unfelt: Option<String>) -> Shown {
        let answers = self.bench.compare(probed, &mut self.books);
        Shown { done: String::new(), answers, unfelt }
    }
}

impl FaultEvidence {
    /// Nothing done yet.
    pub(super) fn of(fault: Fault) -> Self {
        Self {
            name: fault.name().to_owned(),
            applied: None,
            not_applied: None,
            compared: 0,
            breaking: 0,
            answers: Vec::new(),
            aftermath: Pair::default(),
        }
    }
}

/// A probe that should have felt a fault and did not, on either side.
fn unfelt(probed: &[Probed], words: &str) -> Option<String> {
    let is_unfelt = |probed: &&Probed| is_good(&probed.outcomes.baseline) && is_good(&probed.outcomes.candidate);
    let all = probed.iter().all(|probed| is_unfelt(&probed));
    probed.first().filter(|_| all).map(|probed| format!("`{}` {words}", probed.step))
}

/// Does something while the connections are counted.
async fn watched<L: Levers, T>(levers: &mut L, most: &mut Pair<Connections>, work: impl Future<Output = T>) -> T {
    let looking = async {
        loop {
            *most = at_most(*most, levers.look().await);
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    tokio::select! {
        done = work => done,
        () = looking => unreachable!("nothing ends the looking"),
    }
}

/// Looks until both sides are as wanted. The condition also gets the number of looks for which nothing changed.
async fn wait_until<L: Levers>(
    levers: &mut L,
    most: &mut Pair<Connections>,
    wanted: impl Fn(Role, &Connections, u32) -> bool,
) -> bool {
    let deadline = Instant::now() + STUCK;
    let (mut last, mut steady) = (Pair::default(), 0);
    loop {
        let now = levers.look().await;
        *most = at_most(*most, now);
        steady = if now == last { steady + 1 } else { 0 };
        last = now;
        if now.iter().all(|(role, side)| wanted(role, side, steady)) {
            return true;
        }
        if Instant::now() >= deadline {
            return false;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn at_most(left: Pair<Connections>, right: Pair<Connections>) -> Pair<Connections> {
    Pair::from_fn(|role| left.get(role).most(*right.get(role)))
}

/// No connection is left in the pool; where that is not told, no more sessions come to wait.
fn is_full() -> impl Fn(Role, &Connections, u32) -> bool {
    |_, side, steady| match (side.used, side.max, side.waiting) {
        (Some(used), Some(max), _) => used >= max,
        (_, _, Some(waiting)) => waiting > 0 && steady >= STEADY,
        _ => false,
    }
}

/// So many requests more than before are at the database, and wait there as far as that can be told.
fn have_more(before: Pair<Connections>, count: u64) -> impl Fn(Role, &Connections, u32) -> bool {
    move |role, side, _| match (side.waiting, before.get(role).used, side.used) {
        (Some(waiting), ..) => waiting >= count,
        (None, Some(before), Some(now)) => now >= before + count,
        _ => false,
    }
}

/// No more connections are in use than before.
fn no_more_than(before: Pair<Connections>) -> impl Fn(Role, &Connections, u32) -> bool {
    move |role, side, _| {
        let before = before.get(role);
        side.used.unwrap_or(0) <= before.used.unwrap_or(0) && side.waiting.unwrap_or(0) == 0
    }
}
