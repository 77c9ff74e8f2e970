//! Requests that the contract suggests, valid and invalid, sent to both sides.
//!
//! The plan says what its author thought of. This sends what nobody thought of: values at the limits, wrong types, what
//! was left out, what was made already. Each sequence comes from its own stream of chance, so that a seed tells which
//! ones were sent. Where answers differ, the sequence is made smaller for as long as they still do.

mod call;
mod exploring;
mod finding;
mod generate;
mod pattern;
mod runner;
mod seen;
mod shell;
mod shrink;
mod spoil;
mod targets;
mod text;
mod values;

use std::collections::{BTreeMap, HashSet};
use std::error::Error;

use crate::compare::ids::Bijection;
use crate::contract::Contract;
use crate::http::Origin;
use crate::noise::Known;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::record::explore::{Exploration, ExploreFinding, ExploredOperation};
use crate::record::parity::{Class, Kind, Parity};
use crate::role::{Pair, Role};
use crate::step::{self, Login, LoginError, log_in_both};
use crate::stop::Stop;
use crate::tally::{Secrets, Tally};
use runner::Runner;
use seen::Seen;

/// Name of the flow under which differences are listed.
pub const FLOW: &str = "explore";
/// After so many requests in a row that neither side answered, both are taken to be gone.
const MOST_UNANSWERED: u32 = 20;

/// Why nothing was explored.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// The login failed.
    #[error("login on side `{role}` failed")]
    Login {
        /// Which side.
        role: Role,
        /// What happened.
        source: LoginError,
    },
    /// Nobody is there any more.
    #[error("neither side answered any of the last {requests} requests")]
    Silent {
        /// How many.
        requests: u32,
    },
    /// The sides could not be started again.
    #[error("the sides could not be started again")]
    Renew(#[source] Box<dyn Error + Send + Sync>),
    /// There is nothing to ask for.
    #[error("the contract has no operation")]
    Empty,
}

/// What to explore.
#[derive(Debug)]
pub struct Setup<'a> {
    /// Who may ask, what may differ, how long a request may take.
    pub plan: &'a Plan,
    /// What can be asked for.
    pub contract: &'a Contract,
    /// The sides.
    pub origins: &'a Pair<Origin>,
    /// Seed of everything drawn.
    pub seed: u64,
    /// How many requests to send to each side.
    pub requests: u64,
    /// What the replay knows for noise.
    pub noise: &'a Known,
    /// What the replay has learned of ids.
    pub ids: &'a Bijection,
    /// Asks for the end.
    pub stop: &'a Stop,
}

/// What came of it, however it ended.
#[derive(Debug)]
pub struct Explored {
    /// What was asked, and what was found.
    pub exploration: Exploration,
    /// The differences as evidence of parity.
    pub parity: Parity,
    /// Why not all that was wanted was sent; `None` also if the end was asked for.
    pub error: Option<ExploreError>,
}

/// Whoever can give both sides the data that they began with.
pub trait Renew {
    /// Where the sides are after that; `None` if it cannot be done, as with a service that somebody else runs.
    fn renew(&mut self) -> impl Future<Output = Result<Option<Pair<Origin>>, Box<dyn Error + Send + Sync>>>;
}

/// What was found so far.
struct Exploring<'a, R> {
    plan: &'a Plan,
    twins: R,
    renewals: u32,
    contract: &'a Contract,
    operations: Vec<targets::Operation<'a>>,
    runner: Runner<'a>,
    seen: Seen,
    tally: Tally,
    secrets: Secrets,
    shell: shell::Shell<'a>,
    known: HashSet<Key>,
    unanswered_in_a_row: u32,
    told: Exploration,
    /// What was found and is being made smaller.
    under_way: Option<ExploreFinding>,
}

/// What makes two differences one finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    operation: usize,
    class: Class,
    kind: Kind,
    place: String,
}

/// Sends generated requests to both sides. Whatever ends it, what was found until then is given back.
///
/// # Errors
/// If nothing could be sent at all: there is no operation, or the login failed.
pub async fn run(setup: &Setup<'_>, twins: impl Renew, progress: &Progress) -> Result<Explored, ExploreError> {
    let operations = targets::of_contract(setup.contract);
    if operations.is_empty() {
        return Err(ExploreError::Empty);
    }
    let logins = logins(setup.plan, setup.origins).await?;
    let secrets = Secrets::new(step::secrets(setup.plan, &logins));
    let mut tally = Tally::new(setup.plan);
    tally.keep_secret(secrets.clone());
    let mut exploring = Exploring {
        plan: setup.plan,
        twins,
        renewals: 0,
        contract: setup.contract,
        told: Exploration { wanted: setup.requests, seed: setup.seed, ..begin(&operations) },
        runner: Runner::new(setup, &operations, logins),
        operations,
        seen: Seen::default(),
        tally,
        secrets,
        shell: shell::Shell::new(setup.plan, &setup.origins.baseline),
        known: HashSet::new(),
        unanswered_in_a_row: 0,
        under_way: None,
    };
    let ended = tokio::select! {
        biased;
        () = setup.stop.triggered() => Ok(()),
        ended = exploring.all(progress) => ended,
    };
    Ok(exploring.into_explored(ended.err()))
}

impl<R: Renew> Exploring<'_, R> {
    /// Sends as many requests as are wanted.
    async fn all(&mut self, progress: &Progress) -> Result<(), ExploreError> {
        let wanted = self.told.wanted;
        while self.told.requests < wanted {
            if self.unanswered_in_a_row >= MOST_UNANSWERED {
                return Err(ExploreError::Silent { requests: self.unanswered_in_a_row });
            }
            progress.step(self.told.requests, wanted, self.in_words(), None);
            self.sequence().await?;
        }
        progress.step(wanted, wanted, self.in_words(), None);
        Ok(())
    }

    fn into_explored(mut self, error: Option<ExploreError>) -> Explored {
        let name = |(operation, place): &(usize, String)| format!("{place} of {}", self.operations[*operation].name);
        self.told.unsteady = self.runner.unsteady().iter().map(name).collect();
        self.told.unsteady.sort();
        self.told.secrets = self.shell.secrets();
        self.told.findings.extend(self.under_way);
        // What shows on the first data comes before what may only follow from it.
        self.told.findings.sort_by_key(|finding| finding.origin);
        Explored { exploration: self.told, parity: self.tally.into_parity(), error }
    }
}

async fn logins(plan: &Plan, origins: &Pair<Origin>) -> Result<Pair<Login>, ExploreError> {
    let Pair { baseline, candidate } = log_in_both(plan, origins).await;
    let told = |role: Role| move |source| ExploreError::Login { role, source };
    Ok(Pair { baseline: baseline.map_err(told(Role::Baseline))?, candidate: candidate.map_err(told(Role::Candidate))? })
}

fn begin(operations: &[targets::Operation<'_>]) -> Exploration {
    let operation = |operation: &targets::Operation<'_>| ExploredOperation {
        operation: operation.name.clone(),
        requests: 0,
        statuses: BTreeMap::new(),
    };
    Exploration { operations: operations.iter().map(operation).collect(), ..Exploration::default() }
}
