//! One flow on both sides, step by step.

use super::noise::Noise;
use crate::compare::{Asked, Comparator, Comparison, Ids};
use crate::contract::{Compared, Coverage};
use crate::http::{Connection, Keep, Response};
use crate::record::parity::{Class, Kind};
use crate::reproduce::{ReadableDiff, diff};
use crate::role::{Pair, Role};
use crate::step::{
    Captured, Done, PreparedFlow, PreparedStep, Problem, RenderError, Reproducer, Session, Trace, answer, perform,
};
use crate::tally::Tally;

/// How often an answer that seems to differ is asked for again.
const LOOKS: usize = 4;

/// Everything that the replay needs from one flow to the next.
pub(super) struct Replay<'c> {
    pub(super) comparator: Comparator,
    pub(super) ids: Ids,
    pub(super) noise: Noise,
    pub(super) connections: Pair<Connection>,
    pub(super) logins: Pair<Vec<Option<Captured>>>,
    pub(super) seed: u64,
    pub(super) tally: Tally,
    pub(super) reproducer: Reproducer,
    /// The step that alone counts; `None`: every step.
    pub(super) counted: Option<String>,
    /// What of the contract was compared, if the plan names one.
    pub(super) coverage: Option<Coverage<'c>>,
}

/// What one side did with a step.
type Outcome = Result<Done, RenderError>;

impl Replay<'_> {
    /// Does a flow on both sides; gives back what was sent.
    pub(super) async fn flow(&mut self, number: u64, flow: &PreparedFlow) -> Trace {
        let mut sessions =
            Pair::from_fn(|role| Session::new(self.seed, 'p', number, self.logins.get(role), flow.variables));
        let mut trace = self.reproducer.begin('p', number, flow);
        let mut goes_on = true;
        for step in &flow.steps {
            if goes_on {
                self.reproducer.add(&mut trace, flow, step);
                goes_on = self.step(flow, step, &mut sessions, &trace).await;
            } else {
                self.tally.skipped(&flow.name, &step.name);
            }
        }
        trace
    }

    /// Does a step on both sides at the same time. Gives back whether the flow can go on.
    async fn step(
        &mut self,
        flow: &PreparedFlow,
        step: &PreparedStep,
        sessions: &mut Pair<Session>,
        trace: &Trace,
    ) -> bool {
        let requests = self.requests(step, sessions);
        let begun = step.is_get().then(|| sessions.clone());
        let Pair { baseline, candidate } = &mut self.connections;
        let (baseline, candidate) = tokio::join!(
            perform(baseline, step, &mut sessions.baseline, Keep::Body),
            perform(candidate, step, &mut sessions.candidate, Keep::Body),
        );
        let outcomes = Pair { baseline, candidate };
        self.tally.requested();
        match (response(&outcomes.baseline), response(&outcomes.candidate)) {
            (Some(baseline), Some(candidate)) => {
                // What is not asked for is compared all the same: that is how ids are learned.
                let mut comparison = self.compare(flow, step, &requests, baseline, candidate);
                if let Some(sessions) = begun {
                    self.look_again((flow, step), &requests, &sessions, &mut comparison, (baseline, candidate)).await;
                }
                if self.counts(step, &outcomes) {
                    self.tally.compared(&flow.name, &step.name, baseline.status, comparison);
                    self.cover(flow, step, &outcomes);
                }
            }
            _ => self.tally.difference(&flow.name, &step.name, Kind::Transport, "answer", in_words(&outcomes)),
        }
        let goes_on = self.expectations(flow, step, &outcomes);
        if self.tally.needs_case() {
            let diff = self.readable_diff(flow, step, &outcomes);
            let case = self.reproducer.case(trace, &flow.name, &step.name, diff);
            self.tally.give_case(Some(case));
        }
        goes_on
    }

    /// Whether a step is compared: one that only leads to another is where the flow ends with it.
    fn counts(&self, step: &PreparedStep, outcomes: &Pair<Outcome>) -> bool {
        let is_asked_for = self.counted.as_ref().is_none_or(|only| *only == step.name);
        is_asked_for || problem(&outcomes.baseline).is_some() || problem(&outcomes.candidate).is_some()
    }

    /// The two answers, if there are two.
    fn readable_diff(
        &self,
        flow: &PreparedFlow,
        step: &PreparedStep,
        outcomes: &Pair<Outcome>,
    ) -> Option<ReadableDiff> {
        let mask = |place: &str, value: &str| self.tally.mask(place, value);
        let is_reordered =
            self.tally.fresh().any(|found| found.kind == Kind::Order && found.class == Class::Representation);
        let lines = |outcome, connection: &Connection| {
            let answer = answer(response(outcome)?, &connection.origin().base_url);
            Some(self.comparator.lines(&flow.name, &step.name, &answer, is_reordered, &mask))
        };
        let baseline = lines(&outcomes.baseline, &self.connections.baseline)?;
        let candidate = lines(&outcomes.candidate, &self.connections.candidate)?;
        Some(diff(&baseline, &candidate))
    }

    /// Method and target that each side is about to be asked for; empty where the request cannot be made.
    fn requests(&self, step: &PreparedStep, sessions: &Pair<Session>) -> Pair<(String, String)> {
        sessions.clone().map(|role, mut session| {
            let request = step.render(&mut session, self.connections.get(role).origin());
            request.map_or_else(
                |_| Default::default(),
                |request| {
                    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
                    (request.method().to_string(), target.to_owned())
                },
            )
        })
    }

    fn compare(
        &mut self,
        flow: &PreparedFlow,
        step: &PreparedStep,
        requests: &Pair<(String, String)>,
        baseline: &Response,
        candidate: &Response,
    ) -> Comparison {
        let asked = asked(flow, step, requests);
        let mut comparison = self.comparator.compare_with_ids(
            &asked,
            &mut self.ids,
            &answer(baseline, &self.connections.baseline.origin().base_url),
            &answer(candidate, &self.connections.candidate.origin().base_url),
        );
        let base_url = |role| &*self.connections.get(role).origin().base_url;
        let answers =
            Pair { baseline: (baseline, base_url(Role::Baseline)), candidate: (candidate, base_url(Role::Candidate)) };
        self.noise.take_out(&self.comparator, &asked, &mut comparison, &answers);
        comparison
    }

    /// Asks again for what seems to be a difference, where that changes nothing: a place with few values was the same by chance
    /// in as many runs of the baseline as there were. Both are asked, so that neither has answered more than the other.
    async fn look_again(
        &mut self,
        (flow, step): (&PreparedFlow, &PreparedStep),
        requests: &Pair<(String, String)>,
        sessions: &Pair<Session>,
        comparison: &mut Comparison,
        (baseline, candidate): (&Response, &Response),
    ) {
        for _ in 0..LOOKS {
            if !self.noise.wants_another_look(comparison) {
                break;
            }
            let mut sessions = sessions.clone();
            let Pair { baseline: ours, candidate: theirs } = &mut self.connections;
            let (again, _) = tokio::join!(
                perform(ours, step, &mut sessions.baseline, Keep::Body),
                perform(theirs, step, &mut sessions.candidate, Keep::Body),
            );
            let Some(again) = response(&again) else { break };
            let base_url = |role| &*self.connections.get(role).origin().base_url;
            let (ours, theirs) = (base_url(Role::Baseline), base_url(Role::Candidate));
            let answers = Pair { baseline: (baseline, ours), candidate: (candidate, theirs) };
            let asked = asked(flow, step, requests);
            self.noise.look_again(&self.comparator, &asked, comparison, &answers, again);
        }
    }

    fn cover(&mut self, flow: &PreparedFlow, step: &PreparedStep, outcomes: &Pair<Outcome>) {
        let Some(coverage) = &mut self.coverage else { return };
        let request = outcomes.baseline.as_ref().ok().and_then(|done| done.request.as_ref());
        if let (Some(request), Some((baseline, candidate))) = (request, statuses(outcomes)) {
            let answered = Pair { baseline, candidate };
            coverage.compared(&Compared { flow: &flow.name, step: &step.name, request, answered });
        }
    }

    /// What the plan itself expects of the answers, whatever the other side says.
    fn expectations(&mut self, flow: &PreparedFlow, step: &PreparedStep, outcomes: &Pair<Outcome>) -> bool {
        let problems = Pair { baseline: problem(&outcomes.baseline), candidate: problem(&outcomes.candidate) };
        if problems.baseline.is_none() && problems.candidate.is_none() {
            return true;
        }
        // That the statuses differ has been told already.
        let differs = statuses(outcomes).is_some_and(|(baseline, candidate)| baseline != candidate);
        let found = kind(&outcomes.baseline).or_else(|| kind(&outcomes.candidate));
        if let Some(kind) = found.filter(|kind| !(differs && *kind == Kind::Expectation)) {
            self.tally.difference(&flow.name, &step.name, kind, "expectation", problems);
        }
        // What somebody has accepted hides nothing that follows, if nothing that follows needs a value of it.
        step.captures.is_empty() && self.tally.accepts_status(&flow.name, &step.name)
    }
}

fn asked<'a>(flow: &'a PreparedFlow, step: &'a PreparedStep, requests: &'a Pair<(String, String)>) -> Asked<'a> {
    Asked {
        flow: &flow.name,
        step: &step.name,
        method: &requests.baseline.0,
        targets: Pair { baseline: &requests.baseline.1, candidate: &requests.candidate.1 },
    }
}

fn statuses(outcomes: &Pair<Outcome>) -> Option<(u16, u16)> {
    Some((response(&outcomes.baseline)?.status, response(&outcomes.candidate)?.status))
}

/// The kind of a problem that is told as a difference of its own; that there was no answer is told elsewhere.
fn kind(outcome: &Outcome) -> Option<Kind> {
    match outcome.as_ref().ok()?.problem.as_ref()? {
        Problem::Transport(_) => None,
        Problem::Capture { .. } => Some(Kind::Capture),
        Problem::Status { .. } => Some(Kind::Expectation),
    }
}

fn response(outcome: &Outcome) -> Option<&Response> {
    outcome.as_ref().ok().and_then(|done| done.exchange.outcome.as_ref().ok())
}

fn problem(outcome: &Outcome) -> Option<String> {
    match outcome {
        Ok(done) => done.problem.as_ref().map(ToString::to_string),
        Err(error) => Some(error.to_string()),
    }
}

/// What each side did, for a difference in which at least one did not answer.
fn in_words(outcomes: &Pair<Outcome>) -> Pair<Option<String>> {
    let words =
        |outcome: &Outcome| {
            Some(response(outcome).map_or_else(
                || problem(outcome).unwrap_or_default(),
                |response| format!("answered {}", response.status),
            ))
        };
    Pair { baseline: words(&outcomes.baseline), candidate: words(&outcomes.candidate) }
}
