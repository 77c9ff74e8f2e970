//! Sends probes to both sides and compares what comes back.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;

use super::again::{Rehearsal, Sending};
use super::answers::{self, Outcome, is_good, kind, response};
use crate::compare::ids::Bijection;
use crate::compare::{Asked, Comparator, Comparison, Ids};
use crate::contract::{Compared, Coverage};
use crate::http::{Abandoned, Connection, Keep, Limits, Origin, send_only};
use crate::noise::{Hearing, Known};
use crate::plan::Fault;
use crate::record::faults::{ComparedBy, FaultAnswers};
use crate::record::parity::Kind;
use crate::role::{Pair, Role};
use crate::step::{Captured, PreparedFlow, PreparedStep, Session, answer, perform};
use crate::tally::Tally;

/// Everything that it takes to send probes.
pub(super) struct Bench<'a> {
    pub(super) comparator: Comparator,
    /// Ids that the probes have shown so far.
    pub(super) ids: Mutex<Ids>,
    pub(super) noise: ProbeNoise<'a>,
    pub(super) origins: &'a Pair<Origin>,
    pub(super) logins: Pair<Vec<Option<Captured>>>,
    pub(super) probe: PreparedFlow,
    /// How long a client waits; longer than any limit of a side that is to show.
    pub(super) patience: Duration,
    pub(super) seed: u64,
    /// Requests so far, from which the values follow that a probe draws.
    pub(super) sent: AtomicU64,
    pub(super) rehearsal: Rehearsal,
}

/// Where it is kept what comparing came to, for one fault.
pub(super) struct Books<'b, 'c> {
    pub(super) fault: Fault,
    /// `fault NAME`, under which it is told.
    pub(super) flow: String,
    pub(super) tally: &'b mut Tally,
    /// What of the contract was compared, if the plan names one.
    pub(super) coverage: Option<&'b mut Coverage<'c>>,
}

/// What the replay knows for noise in answers to the probes.
pub(super) struct ProbeNoise<'a> {
    pub(super) known: &'a Known,
    /// What each probe asks for, by its name.
    pub(super) requests: Vec<(String, String)>,
}

impl ProbeNoise<'_> {
    /// Crowds and turns have names of their own; what was asked is the probe that they consist of.
    fn excuse(&self, probe: &str, comparison: &mut Comparison, bodies: Pair<&[u8]>) {
        if let Some((_, request)) = self.requests.iter().find(|(name, _)| name == probe) {
            self.known.excuse(request, comparison, &mut Hearing::of(bodies));
        }
    }
}

/// Outcomes of one probe on both sides.
pub(super) struct Probed {
    pub(super) step: String,
    /// The number of the request.
    pub(super) number: u64,
    pub(super) outcomes: Pair<Outcome>,
}

impl Bench<'_> {
    /// All probes in their order on both sides: what one changes, the next one sees.
    pub(super) async fn probe_in_order(&self) -> Vec<Probed> {
        let mut probed = Vec::new();
        for step in &self.probe.steps {
            probed.push(self.on_both(step, self.next(1)).await);
        }
        probed
    }

    /// All probes at the same moment on both sides, where each is held up and none can change anything.
    pub(super) async fn probe_at_once(&self) -> Vec<Probed> {
        let first = self.next(self.probe.steps.len() as u64);
        join_all(self.probe.steps.iter().zip(first..).map(|(step, number)| self.on_both(step, number))).await
    }

    /// The first `GET` so many times, one after the other, so that each connection of a pool has its turn.
    pub(super) async fn take_turns(&self, count: u64) -> Vec<Probed> {
        let mut probed = Vec::new();
        for step in self.probe.steps.iter().filter(|step| step.is_get()).take(1) {
            for _ in 0..count {
                probed.push(self.on_both(step, self.next(1)).await);
            }
        }
        probed
    }

    /// The first probe, which has to wait for the lock, so many times at the same moment on both sides.
    pub(super) async fn crowd(&self, count: u64) -> Vec<Probed> {
        let first = self.next(count);
        let all = self.probe.steps.iter().take(1).flat_map(|step| (first..first + count).map(move |n| (step, n)));
        join_all(all.map(|(step, number)| self.on_both(step, number))).await
    }

    /// Sends the first probe so many times to both sides, for nobody to wait for the answers.
    pub(super) async fn abandon(&self, count: u64) -> Vec<Abandoned> {
        let first = self.next(count);
        let mut sent = Vec::new();
        for (number, role) in (first..first + count).flat_map(|number| Role::BOTH.map(|role| (number, role))) {
            let Some(step) = self.probe.steps.first() else { break };
            // A side that cannot be reached any more is told of when it does not recover.
            if let Ok(request) = step.render(&mut self.session(role, number), self.origins.get(role))
                && let Ok(abandoned) = send_only(self.origins.get(role), &request).await
            {
                sent.push(abandoned);
            }
        }
        sent
    }

    /// Whether a side answers every `GET` probe as expected; else the first that it does not.
    pub(super) async fn is_well(&self, role: Role) -> Result<(), String> {
        for step in self.probe.steps.iter().filter(|step| step.is_get()) {
            let outcome = self.on(role, step, 0).await;
            if !is_good(&outcome) {
                return Err(format!("{}: {}", step.name, kind(&outcome)));
            }
        }
        Ok(())
    }

    /// Compares each answer with the other side's.
    pub(super) fn compare(&self, probed: &[Probed], books: &mut Books<'_, '_>) -> Vec<FaultAnswers> {
        let evidence = probed.iter().map(|probed| {
            let Pair { baseline, candidate } = &probed.outcomes;
            self.compare_pair((&probed.step, probed), Pair { baseline, candidate }, true, books);
            FaultAnswers {
                step: probed.step.clone(),
                by: ComparedBy::Answer,
                sides: Pair::from_fn(|role| answers::count([probed.outcomes.get(role)])),
            }
        });
        evidence.collect()
    }

    /// Compares which kinds of answers there were, and one answer of each kind.
    pub(super) fn compare_kinds(&self, step: &str, probed: &[Probed], books: &mut Books<'_, '_>) -> FaultAnswers {
        let sides = Pair::from_fn(|role| answers::count(probed.iter().map(|probed| probed.outcomes.get(role))));
        let kinds = Pair::from_fn(|role| answers::kinds(sides.get(role)));
        if kinds.baseline != kinds.candidate {
            let values = Pair { baseline: Some(kinds.baseline), candidate: Some(kinds.candidate) };
            books.tally.difference(&books.flow, step, Kind::Status, "kinds of answers", values);
            if let Some(first) = probed.first() {
                self.rehearse(first, first.outcomes.as_ref(), books);
            }
        }
        for count in &sides.baseline {
            let of_kind = |role: Role| probed.iter().find(|probed| kind(probed.outcomes.get(role)) == count.answer);
            if let (Some(one), Some(other)) = (of_kind(Role::Baseline), of_kind(Role::Candidate)) {
                let outcomes = Pair { baseline: &one.outcomes.baseline, candidate: &other.outcomes.candidate };
                self.compare_pair((step, one), outcomes, false, books);
            }
        }
        FaultAnswers { step: step.to_owned(), by: ComparedBy::Kinds, sides }
    }

    /// Compares two answers to a probe, and tells what they come to under a step. `is_same`: to the same request, so that
    /// both sides have made the same thing.
    fn compare_pair(
        &self,
        (step, probed): (&str, &Probed),
        outcomes: Pair<&Outcome>,
        is_same: bool,
        books: &mut Books<'_, '_>,
    ) {
        let (flow, tally) = (&books.flow, &mut *books.tally);
        tally.requested();
        tally.asked(flow, step);
        if let (Some(baseline), Some(candidate)) = (response(outcomes.baseline), response(outcomes.candidate)) {
            let answer = |role: Role, response| answer(response, &self.origins.get(role).base_url);
            let (left, right) = (answer(Role::Baseline, baseline), answer(Role::Candidate, candidate));
            let requests = outcomes.as_ref().map(|_, outcome| outcome.as_ref().ok()?.request.as_ref());
            let mut comparison = match (requests.baseline, requests.candidate, self.ids.lock()) {
                (Some(one), Some(other), Ok(mut ids)) if is_same => {
                    let targets = Pair { baseline: target(one), candidate: target(other) };
                    let asked = Asked { flow, step, method: one.method().as_str(), targets };
                    self.comparator.compare_with_ids(&asked, &mut ids, &left, &right)
                }
                _ => self.comparator.compare(flow, step, &left, &right),
            };
            let bodies = Pair { baseline: &baseline.body[..], candidate: &candidate.body };
            self.noise.excuse(&probed.step, &mut comparison, bodies);
            tally.compared(flow, step, baseline.status, comparison);
            let request = requests.baseline;
            if let (Some(coverage), Some(request)) = (&mut books.coverage, request) {
                let answered = Pair { baseline: baseline.status, candidate: candidate.status };
                coverage.compared(&Compared { flow, step, request, answered });
            }
        } else {
            let words = outcomes.map(|_, outcome| kind(outcome));
            if words.baseline != words.candidate {
                tally.difference(flow, step, Kind::Transport, "answer", words.map(|_, words| Some(words)));
            }
        }
        self.rehearse(probed, outcomes, books);
    }

    /// What the plan expects of the probes once a fault is over, whatever the other side says.
    pub(super) fn expect(&self, probed: &[Probed], books: &mut Books<'_, '_>) {
        for one in probed {
            let problem = |role: Role| (!is_good(one.outcomes.get(role))).then(|| kind(one.outcomes.get(role)));
            let problems = Pair::from_fn(problem);
            // That the kinds differ has been told already.
            if problems.baseline.is_some() && problems.baseline == problems.candidate {
                books.tally.difference(&books.flow, &one.step, Kind::Expectation, "expectation", problems);
                self.rehearse(one, one.outcomes.as_ref(), books);
            }
        }
    }

    /// The failing case of what was found last.
    fn rehearse(&self, probed: &Probed, outcomes: Pair<&Outcome>, books: &mut Books<'_, '_>) {
        let Some(step) = self.probe.steps.iter().find(|step| step.name == probed.step) else { return };
        let sending = Sending { step, number: probed.number, outcomes };
        let answers = (&self.comparator, self.origins);
        self.rehearsal.give(books.fault, (&self.probe, &sending), answers, books.tally);
    }

    /// What the answers so far have shown of ids.
    pub(super) fn known_ids(&self) -> Bijection {
        self.ids.lock().map(|mut ids| ids.known().clone()).unwrap_or_default()
    }

    async fn on_both(&self, step: &PreparedStep, number: u64) -> Probed {
        let (baseline, candidate) =
            tokio::join!(self.on(Role::Baseline, step, number), self.on(Role::Candidate, step, number));
        Probed { step: step.name.clone(), number, outcomes: Pair { baseline, candidate } }
    }

    async fn on(&self, role: Role, step: &PreparedStep, number: u64) -> Outcome {
        let mut connection = Connection::new(self.origins.get(role).clone(), Limits::within(self.patience));
        perform(&mut connection, step, &mut self.session(role, number), Keep::Body).await
    }

    fn session(&self, role: Role, number: u64) -> Session {
        Session::new(self.seed, 'f', number, self.logins.get(role), self.probe.variables)
    }

    fn next(&self, count: u64) -> u64 {
        self.sent.fetch_add(count, Ordering::Relaxed)
    }
}

/// Path and query.
fn target<B>(request: &http::Request<B>) -> &str {
    request.uri().path_and_query().map_or("", |target| target.as_str())
}
