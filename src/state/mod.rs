//! Compares the two sides' databases, table by table and row by row: the same answers with a lost row are a failure.
//!
//! A look at the databases takes one frozen view of each, the checksum of every table, and of those that differ the
//! checksums of their chunks; only rows of chunks that differ are read, both sides in the order of the key, and joined
//! without keeping more than one of each. What a look finds that an earlier one found is not told again.
//!
//! This room knows nothing of requests, flows or load: whoever has it look says after what. It writes nothing into a
//! database, and no part of an address gets into an error.

mod again;
mod answers;
mod before;
mod catalogue;
mod error;
mod ids;
mod joined;
mod ledger;
mod look;
mod merge;
mod pairing;
mod postgres;
mod postgres_catalogue;
mod reader;
mod schema;
mod sqlite;
mod sqlite_catalogue;
mod sqlite_checks;
mod teller;

use std::collections::HashMap;
use std::time::Duration;

pub use error::StateError;

use crate::compare::ids::Bijection;
use crate::compare::rows::RowRules;
use crate::plan::{Accepted, StateCompare};
use crate::record::State;
use crate::record::state::{LeftOut, Look};
use crate::role::{Pair, Role};
use crate::tally::Secrets;
use again::{Client, Evidence};
use catalogue::Catalogue;
use ids::Ids;
use joined::{Joined, is_migrations};
use ledger::Ledger;
use reader::{Fingerprint, Reader};
use teller::Grounds;

/// Between two looks at whether a database has come to rest.
const REST_EVERY: Duration = Duration::from_millis(200);

/// What the load left undone, so that the databases may differ without anybody's fault.
#[derive(Debug, Clone, Copy, Default)]
pub struct Undone {
    /// Arrivals that failed, were cut off, went out twice, or were answered otherwise on the two sides.
    pub arrivals: u64,
    /// How far apart the two sides were loaded: times that both wrote may differ by as much.
    pub apart: Duration,
}

/// The two databases, and what was found in them so far.
pub struct Comparison {
    compare: StateCompare,
    urls: Pair<String>,
    readers: Pair<Reader>,
    ledger: Ledger,
    grounds: Grounds,
    tables: Vec<Joined>,
    /// Of each table, what its rows were on both sides at the last look.
    last: HashMap<String, Pair<Fingerprint>>,
    ids: Ids,
}

impl Comparison {
    /// Connects to both databases. `before` is what was found in databases that the sides had before.
    ///
    /// # Errors
    /// If one cannot be reached or read.
    pub async fn connect(
        compare: &StateCompare,
        urls: Pair<String>,
        before: Option<State>,
    ) -> Result<Self, StateError> {
        let readers = connect(&urls).await?;
        let client = match readers.baseline {
            Reader::Postgres(_) => Client::Psql,
            Reader::Sqlite(_) => Client::Sqlite3,
        };
        Ok(Self {
            compare: compare.clone(),
            urls,
            readers,
            ledger: Ledger::new(compare, before, client),
            grounds: Grounds { rules: RowRules::new(compare, Duration::ZERO), before: None, undone: 0 },
            tables: Vec::new(),
            last: HashMap::new(),
            ids: Ids::default(),
        })
    }

    /// From now on these do not get into the evidence.
    pub fn keep_secret(&mut self, secrets: Secrets) {
        self.ledger.keep_secret(secrets);
    }

    /// What somebody has accepted does not count.
    pub fn accept(&mut self, accepted: Option<&Accepted>) {
        self.ledger.accept(accepted);
    }

    /// Whether what the last look found wants the requests that led to it.
    pub const fn needs_requests(&self) -> bool {
        self.ledger.needs_requests()
    }

    /// The requests that led to what the last look found, for a shell.
    pub fn give_requests(&mut self, lines: &[String]) {
        self.ledger.give_requests(lines);
    }

    /// From now on this is what answers have shown of ids.
    pub fn hear(&mut self, known: &Bijection) {
        self.ids.hear(known);
    }

    /// Looks at the databases after a flow of the replay. With `whole`, at their schemas too.
    pub async fn look(&mut self, after: &str, whole: bool) {
        self.look_in(("parity", after), whole).await;
    }

    /// Looks at the databases before the load, and keeps what tells afterwards which side changed a row.
    pub async fn before_load(&mut self) {
        self.look_in(("load", "before the load"), true).await;
        let baseline = &mut self.readers.baseline;
        match before::read(baseline, &self.tables).await.map_err(StateError::of(Role::Baseline)) {
            Ok(before) => self.grounds.before = Some(before),
            Err(error) => self.fail("before the load", &error),
        }
    }

    /// Looks at the databases after the load, once nothing moves in them any more or `patience` is over.
    pub async fn after_load(&mut self, undone: Undone, patience: Duration) {
        if let Err(error) = self.rest(patience).await {
            self.fail("load", &error);
        }
        self.grounds.undone = undone.arrivals;
        self.grounds.rules = RowRules::new(&self.compare, undone.apart);
        self.look_in(("load", "load"), true).await;
    }

    /// The evidence.
    pub fn into_state(self) -> State {
        self.ledger.into_state()
    }

    /// One look. A connection that was lost is made again once.
    async fn look_in(&mut self, at: (&str, &str), whole: bool) {
        let (phase, after) = at;
        self.ledger.after(after);
        phase.clone_into(&mut self.ledger.state.after);
        let breaking = self.ledger.state.breaking;
        let mut outcome = self.view(whole).await;
        if matches!(&outcome, Err(StateError::Side { .. })) {
            outcome = match connect(&self.urls).await {
                Ok(readers) => {
                    self.readers = readers;
                    self.view(whole).await
                }
                Err(error) => Err(error),
            };
        }
        match outcome {
            Ok(seen) => self.seen(at, seen, breaking),
            Err(error) => self.fail(after, &error),
        }
    }

    fn seen(&mut self, (phase, after): (&str, &str), seen: look::Seen, breaking: u64) {
        let state = &mut self.ledger.state;
        (state.tables, state.rows) = (seen.tables, seen.rows);
        state.compared += seen.compared;
        state.compared_by_row += seen.by_row;
        state.looks.push(Look {
            phase: phase.to_owned(),
            after: after.to_owned(),
            tables: seen.tables,
            rows: seen.rows,
            compared_by_row: seen.by_row,
            breaking: state.breaking - breaking,
            explained_by: self.grounds.undone,
        });
    }

    fn fail(&mut self, after: &str, error: &StateError) {
        let mut text = format!("after {after}: {error}");
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.ledger.state.failure.get_or_insert(text);
    }

    /// Both databases as they are at one moment.
    async fn view(&mut self, whole: bool) -> Result<look::Seen, StateError> {
        let Pair { baseline, candidate } = &mut self.readers;
        each(baseline.begin(), candidate.begin()).await?;
        let seen = self.view_frozen(whole).await;
        let Pair { baseline, candidate } = &mut self.readers;
        let ended = each(baseline.end(), candidate.end()).await;
        seen.and_then(|seen| ended.map(|_| seen))
    }

    async fn view_frozen(&mut self, whole: bool) -> Result<look::Seen, StateError> {
        if whole || self.tables.is_empty() {
            let Pair { baseline, candidate } = &mut self.readers;
            let (baseline, candidate) = each(baseline.catalogue(), candidate.catalogue()).await?;
            self.catalogues(&Pair { baseline, candidate })?;
        }
        self.rows().await
    }

    fn catalogues(&mut self, catalogues: &Pair<Catalogue>) -> Result<(), StateError> {
        // Where sequences stand after a load says how often something was refused, and in which order.
        let counters = self.grounds.before.is_none();
        for found in schema::compare(&catalogues.baseline, &catalogues.candidate, counters) {
            let text = |text: &Option<String>| text.iter().flat_map(|text| text.lines().map(str::to_owned)).collect();
            let lines = Pair { baseline: text(&found.baseline), candidate: text(&found.candidate) };
            self.ledger.add(found, |_, _| Evidence { lines, ..Evidence::default() });
        }
        self.tables = Joined::all(&catalogues.baseline, &catalogues.candidate, &self.grounds.rules);
        // A rule that has a table or column to be about is in use, also while nothing differs there.
        let of_tables = catalogues.baseline.tables.iter().map(|table| self.grounds.rules.of_table(&table.name));
        for rule in of_tables.chain(self.tables.iter().flat_map(|table| table.rules.iter().copied())) {
            self.ledger.asked(rule, 1);
        }
        self.ids.name(&self.tables);
        self.left_out(&catalogues.baseline);
        self.check_sums()
    }

    fn left_out(&mut self, baseline: &Catalogue) {
        let reason = |table: &str| match self.grounds.rules.of_table(table) {
            Some(rule) => Some(self.compare.rules[rule].reason.clone()),
            None => {
                is_migrations(table).then(|| "a tool keeps its migrations in it; the schema is compared".to_owned())
            }
        };
        let left_out = |name: &String| Some(LeftOut { table: name.clone(), reason: reason(name)? });
        self.ledger.state.left_out = baseline.tables.iter().filter_map(|table| left_out(&table.name)).collect();
    }

    fn check_sums(&self) -> Result<(), StateError> {
        let is_there = |table: &str, column: &str| {
            self.tables.iter().any(|it| it.name == table && it.columns.iter().any(|it| it.name == column))
        };
        match self.compare.sums.iter().find(|sum| !is_there(&sum.table, &sum.column)) {
            Some(sum) => Err(StateError::Plan(format!(
                "`compare.state.sums` names column `{}` of table `{}`, and no such column is compared",
                sum.column, sum.table
            ))),
            None => Ok(()),
        }
    }

    /// Waits until two looks in a row see neither a session that does something nor a change.
    async fn rest(&mut self, patience: Duration) -> Result<(), StateError> {
        let wait = async {
            let mut last = None;
            loop {
                let Pair { baseline, candidate } = &mut self.readers;
                let (baseline, candidate) = each(baseline.activity(), candidate.activity()).await?;
                let is_idle = baseline.0 == 0 && candidate.0 == 0;
                let now = is_idle.then_some((baseline.1, candidate.1));
                if now.is_some() && now == last {
                    return Ok(());
                }
                last = now;
                tokio::time::sleep(REST_EVERY).await;
            }
        };
        // What does not come to rest is compared as it is.
        tokio::time::timeout(patience, wait).await.unwrap_or(Ok(()))
    }
}

async fn connect(urls: &Pair<String>) -> Result<Pair<Reader>, StateError> {
    let (baseline, candidate) = each(Reader::connect(&urls.baseline), Reader::connect(&urls.candidate)).await?;
    Ok(Pair { baseline, candidate })
}

/// The same on both sides at a time.
async fn each<T>(
    baseline: impl Future<Output = Result<T, StateError>>,
    candidate: impl Future<Output = Result<T, StateError>>,
) -> Result<(T, T), StateError> {
    let (baseline, candidate) = tokio::join!(baseline, candidate);
    Ok((baseline.map_err(StateError::of(Role::Baseline))?, candidate.map_err(StateError::of(Role::Candidate))?))
}
