//! Requests that the contract suggests, valid and invalid, sent to both sides.
//!
//! The plan says what its author thought of. This sends what nobody thought of: values at the limits, wrong types, what
//! was left out, what was made already. Each sequence comes from its own stream of chance, so that a seed tells which
//! ones were sent. Where answers differ, the sequence is made smaller for as long as they still do.

mod call;
mod generate;
mod pattern;
mod runner;
mod seen;
mod shrink;
mod spoil;
mod targets;
mod text;
mod values;

use std::collections::{BTreeMap, HashSet};

use crate::compare::Comparator;
use crate::contract::Contract;
use crate::http::Origin;
use crate::plan::Plan;
use crate::progress::Progress;
use crate::record::explore::{ExploreFinding, Exploration, ExploredOperation};
use crate::record::parity::{Class, Kind, Parity};
use crate::role::{Pair, Role};
use crate::schedule;
use crate::step::{LoginError, log_in};
use crate::tally::{Secrets, Tally, without_indices};
use call::Call;
use generate::Generator;
use runner::{Answered, Runner};
use seen::Seen;

/// Name of the flow under which differences are listed.
pub const FLOW: &str = "explore";
/// Most attempts to make one finding smaller.
const MOST_ATTEMPTS: u32 = 150;
/// Most findings; what differs everywhere need not be found everywhere.
const MOST_FINDINGS: usize = 50;
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
}

/// What was found so far.
struct Exploring<'a> {
    contract: &'a Contract,
    operations: Vec<targets::Operation<'a>>,
    runner: Runner<'a>,
    seen: Seen,
    tally: Tally,
    known: HashSet<Key>,
    unsteady: HashSet<(usize, String)>,
    unanswered_in_a_row: u32,
    told: Exploration,
}

/// What makes two differences one finding.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    operation: usize,
    class: Class,
    kind: Kind,
    place: String,
}

/// Sends generated requests to both sides. Gives back what came of it, and the differences as evidence of parity.
///
/// # Errors
/// See [`ExploreError`]; sides that answer nothing are a result, not an error.
pub async fn run(setup: &Setup<'_>, progress: &Progress) -> Result<(Exploration, Parity), ExploreError> {
    let operations = targets::of_contract(setup.contract);
    if operations.is_empty() {
        return Err(ExploreError::Empty);
    }
    let mut logins = Pair::default();
    for (role, origin) in setup.origins.iter() {
        let login = log_in(setup.plan, origin, setup.plan.timeout).await;
        *logins.get_mut(role) = login.map_err(|source| ExploreError::Login { role, source })?;
    }
    let mut tally = Tally::new(setup.plan);
    let captured = logins.iter().flat_map(|(_, variables)| variables).flatten();
    tally.keep_secret(Secrets::new(captured.map(|value| value.text.clone())));
    let mut exploring = Exploring {
        contract: setup.contract,
        told: Exploration { wanted: setup.requests, seed: setup.seed, ..begin(&operations) },
        operations,
        runner: Runner::new(setup.plan, Comparator::new(&setup.plan.compare), setup.origins, logins, setup.seed),
        seen: Seen::default(),
        tally,
        known: HashSet::new(),
        unsteady: HashSet::new(),
        unanswered_in_a_row: 0,
    };
    while exploring.told.requests < setup.requests {
        if exploring.unanswered_in_a_row >= MOST_UNANSWERED {
            return Err(ExploreError::Silent { requests: exploring.unanswered_in_a_row });
        }
        progress.step(exploring.told.requests, setup.requests, exploring.in_words(), None);
        exploring.sequence().await;
    }
    progress.step(setup.requests, setup.requests, exploring.in_words(), None);
    Ok((exploring.told, exploring.tally.into_parity()))
}

fn begin(operations: &[targets::Operation<'_>]) -> Exploration {
    let operation = |operation: &targets::Operation<'_>| ExploredOperation {
        operation: operation.name.clone(),
        requests: 0,
        statuses: BTreeMap::new(),
    };
    Exploration { operations: operations.iter().map(operation).collect(), ..Exploration::default() }
}

impl Exploring<'_> {
    fn in_words(&self) -> String {
        match self.told.findings.len() {
            0 => "nothing differs yet".to_owned(),
            1 => "1 finding".to_owned(),
            findings => format!("{findings} findings"),
        }
    }

    /// Makes a sequence, sends it, and follows up what differs.
    async fn sequence(&mut self) {
        let mut generator = Generator {
            operations: &self.operations,
            contract: self.contract,
            seen: &self.seen,
            random: schedule::generator(self.told.seed, "explore", self.told.sequences),
            fresh: 0,
        };
        let calls = generator.sequence();
        self.told.sequences += 1;
        let mut answered = self.runner.attempt(&calls).await;
        for (at, answer) in answered.iter_mut().enumerate() {
            self.tell(&calls[at], answer);
            self.sort_out_the_unsteady(&calls[at], answer).await;
        }
        for (at, answer) in answered.iter().enumerate() {
            answer.count(&mut self.tally, &self.operations[calls[at].operation].name);
            for key in self.keys(calls[at].operation, answer) {
                if self.told.findings.len() < MOST_FINDINGS && self.known.insert(key.clone()) {
                    self.finding(key, &calls[..=at], &answered[..=at]).await;
                }
            }
        }
    }

    /// Counts an answer and learns from it.
    fn tell(&mut self, call: &Call, answer: &Answered) {
        self.told.requests += 1;
        let told = &mut self.told.operations[call.operation];
        told.requests += 1;
        if answer.is_unanswered() {
            self.told.unanswered += 1;
            self.unanswered_in_a_row += 1;
        } else {
            self.unanswered_in_a_row = 0;
        }
        if let Some(baseline) = &answer.responses.baseline {
            *told.statuses.entry(baseline.status).or_default() += 1;
        }
        if let Pair { baseline: Some(baseline), candidate: Some(candidate) } = &answer.responses {
            self.seen.learn(&self.operations[call.operation].resource, &baseline.body, &candidate.body);
            let tag = |response: &crate::http::Response| {
                response.headers.get("etag").and_then(|tag| tag.to_str().ok()).map(str::to_owned)
            };
            if let (Some(baseline), Some(candidate)) = (tag(baseline), tag(candidate)) {
                self.seen.learn_text("etag", Pair { baseline, candidate });
            }
        }
    }

    /// Where the baseline, asked again, differs from itself, a difference between the sides says nothing.
    async fn sort_out_the_unsteady(&mut self, call: &Call, answer: &mut Answered) {
        let matters = answer.comparison.as_ref().is_some_and(|found| {
            found.differences.iter().any(|difference| difference.class != Class::Volatile)
        });
        if matters
            && call.is_safe()
            && let Some(places) = self.runner.unsteady_places(call, answer).await
        {
            self.told.extra_requests += 1;
            self.unsteady.extend(places.into_iter().map(|place| (call.operation, place)));
        }
        for difference in answer.comparison.iter_mut().flat_map(|found| &mut found.differences) {
            let place = (call.operation, without_indices(&difference.place));
            if self.unsteady.contains(&place) {
                difference.class = Class::Volatile;
                let told = format!("{} at {}", self.operations[place.0].name, place.1);
                if !self.told.unsteady.contains(&told) {
                    self.told.unsteady.push(told);
                }
            }
        }
    }

    /// What differs in an answer, as keys; volatile differences are none.
    fn keys(&self, operation: usize, answer: &Answered) -> Vec<Key> {
        let mut keys: Vec<Key> = Vec::new();
        for (class, kind, place) in answer.differences() {
            let key = Key { operation, class, kind, place };
            let is_unsteady = self.unsteady.contains(&(operation, key.place.clone()));
            if class != Class::Volatile && !is_unsteady && !keys.contains(&key) {
                keys.push(key);
            }
        }
        keys
    }

    /// Makes the sequence of a difference smaller for as long as it shows it.
    async fn finding(&mut self, key: Key, calls: &[Call], answers: &[Answered]) {
        let (mut best, mut attempts) = (calls.to_vec(), 0);
        let mut shown = self.shows(&best, &key).await;
        let repeats = shown.is_some();
        while repeats && attempts < MOST_ATTEMPTS {
            let mut got_smaller = false;
            for smaller in shrink::smaller(&best) {
                attempts += 1;
                if let Some(answers) = self.shows(&smaller, &key).await {
                    (best, shown, got_smaller) = (smaller, Some(answers), true);
                    break;
                }
                if attempts >= MOST_ATTEMPTS {
                    break;
                }
            }
            if !got_smaller {
                break;
            }
        }
        self.told.findings.push(ExploreFinding {
            operation: self.operations[key.operation].name.clone(),
            class: key.class,
            kind: key.kind,
            place: key.place,
            found_in: calls.len() as u64,
            repeats,
            calls: runner::explained(&best, shown.as_deref().unwrap_or(answers)),
        });
    }

    /// Sends a sequence again; the answers if the last of them show the difference.
    async fn shows(&mut self, calls: &[Call], key: &Key) -> Option<Vec<Answered>> {
        self.told.extra_requests += calls.len() as u64;
        let answers = self.runner.attempt(calls).await;
        let last = answers.last()?;
        self.keys(key.operation, last).contains(key).then_some(answers)
    }
}
