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
mod moment;
mod moments;
mod pairing;
mod postgres;
mod postgres_catalogue;
mod reader;
mod schema;
mod sqlite;
mod sqlite_catalogue;
mod sqlite_checks;
mod teller;
mod waiting;

use std::collections::HashMap;
use std::time::Duration;

pub use error::StateError;
pub use moments::{AfterFault, Undone};

use crate::compare::ids::Bijection;
use crate::compare::rows::RowRules;
use crate::plan::{Accepted, StateCompare};
use crate::record::State;
use crate::record::state::LeftOut;
use crate::role::{Pair, Role};
use crate::tally::Secrets;
use again::{Client, Evidence};
use catalogue::Catalogue;
use ids::Ids;
use joined::{Joined, is_migrations};
use ledger::Ledger;
use reader::{Fingerprint, Reader};
use teller::Grounds;

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
            grounds: Grounds { rules: RowRules::new(compare, Duration::ZERO), counts: true, before: None, undone: 0 },
            tables: Vec::new(),
            last: HashMap::new(),
            ids: Ids::default(),
        })
    }

    /// From now on the databases are at these addresses, whenever a connection has to be made again.
    pub fn move_to(&mut self, urls: Pair<String>) {
        self.urls = urls;
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

    /// The evidence.
    pub fn into_state(self) -> State {
        self.ledger.into_state()
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
        for found in schema::compare(&catalogues.baseline, &catalogues.candidate, self.grounds.counts) {
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
