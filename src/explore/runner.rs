//! Sends sequences to both sides.

use std::collections::HashSet;

use http::header::LOCATION;

use super::call::{Argument, Attempt, Call, Caller};
use super::targets::Operation;
use super::{FLOW, Setup};
use crate::compare::json::{self, Type};
use crate::compare::{Asked, Comparator, Comparison, Difference, Ids};
use crate::http::{Connection, Keep, Limits, Origin, Response};
use crate::noise::{Hearing, Known};
use crate::plan::Auth;
use crate::record::explore::{ExploredCall, ExploredDifference};
use crate::record::parity::{Class, Kind};
use crate::role::{Pair, Role};
use crate::step::{Captured, PreparedStep, RenderError, Session, answer, perform};
use crate::tally::{Tally, without_indices};

/// Longest part of a body that is kept to be shown.
const SHOWN: usize = 2_000;
/// Most places that are shown of one pair of answers.
const MOST_DIFFERENCES: usize = 20;
/// Keeps the unique texts of this phase apart from those of others.
const PHASE: char = 'x';

/// Sends sequences to both sides and compares what comes back.
pub(super) struct Runner<'a> {
    auth: Option<&'a Auth>,
    variables: Vec<String>,
    comparator: Comparator,
    /// Names of the operations.
    names: Vec<String>,
    /// Ids that the sides have made up, in the data that they have now.
    ids: Ids,
    noise: &'a Known,
    limits: Limits,
    connections: Pair<Connection>,
    logins: Pair<Vec<Option<Captured>>>,
    seed: u64,
    attempts: u64,
    unsteady: HashSet<(usize, String)>,
}

/// What came back for one call.
#[derive(Debug, Clone)]
pub(super) struct Answered {
    /// The answers; `None` where there was no whole one.
    pub(super) responses: Pair<Option<Response>>,
    /// What happened instead, in words.
    failures: Pair<Option<String>>,
    /// What comparing them came to, if both answered.
    pub(super) comparison: Option<Comparison>,
    sent: Sent,
}

/// What was sent, to be shown.
#[derive(Debug, Clone)]
struct Sent {
    target: Pair<String>,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl<'a> Runner<'a> {
    pub(super) fn new(setup: &Setup<'a>, operations: &[Operation<'_>], logins: Pair<Vec<Option<Captured>>>) -> Self {
        let Setup { plan, noise, origins, seed, ids: known, .. } = *setup;
        let limits = Limits::within(plan.timeout);
        let steps: Vec<_> = operations.iter().map(|operation| (operation.name.clone(), operation.target())).collect();
        let mut ids = Ids::with_steps(plan, FLOW, &steps);
        ids.known().clone_from(known);
        Self {
            auth: plan.auth.as_ref(),
            variables: plan.flows.first().map(|flow| flow.variables.clone()).unwrap_or_default(),
            comparator: Comparator::new(&plan.compare),
            names: steps.into_iter().map(|(name, _)| name).collect(),
            ids,
            noise,
            limits,
            connections: origins.clone().map(|_, origin| Connection::new(origin, limits)),
            logins,
            seed,
            attempts: 0,
            unsteady: HashSet::new(),
        }
    }

    /// What makes the texts of the present attempt unlike those of all others.
    pub(super) fn attempt_name(&self) -> String {
        Session::new(self.seed, PHASE, self.attempts, &[], 0).unique()
    }

    /// From now on the sides are there, with the data that they began with, and callers are these.
    pub(super) fn turn_to(&mut self, origins: &Pair<Origin>, logins: Pair<Vec<Option<Captured>>>) {
        self.connections = origins.clone().map(|_, origin| Connection::new(origin, self.limits));
        self.logins = logins;
        self.ids.forget();
    }

    /// Sends all calls of a sequence, one after the other, each to both sides at the same time.
    pub(super) async fn attempt(&mut self, calls: &[Call]) -> Vec<Answered> {
        self.attempts += 1;
        let name = self.attempt_name();
        let mut ids = Pair { baseline: Vec::new(), candidate: Vec::new() };
        let mut answers = Vec::with_capacity(calls.len());
        for call in calls {
            let answered = self.call(call, &Attempt { name: &name, ids: &ids }).await;
            for role in Role::BOTH {
                ids.get_mut(role).push(answered.responses.get(role).as_ref().and_then(id_of));
            }
            answers.push(answered);
        }
        answers
    }

    async fn call(&mut self, call: &Call, attempt: &Attempt<'_>) -> Answered {
        let steps = Pair::from_fn(|role| self.prepared(call, role, attempt));
        let mut sessions = Pair::from_fn(|role| self.session(role));
        let Pair { baseline, candidate } = &mut self.connections;
        let (baseline, candidate) = tokio::join!(
            send(baseline, &steps.baseline, &mut sessions.baseline),
            send(candidate, &steps.candidate, &mut sessions.candidate),
        );
        let comparison = match (&baseline, &candidate) {
            (Ok(baseline), Ok(candidate)) => self.compare(call, attempt, baseline, candidate),
            _ => None,
        };
        let sent = Sent {
            target: Pair::from_fn(|role| call.target(role, attempt)),
            headers: call
                .headers
                .iter()
                .map(|(name, value): &(String, Argument)| (name.clone(), value.text(Role::Baseline, attempt)))
                .collect(),
            body: call.body_text(attempt).map(|text| shortened(&text)),
        };
        let (baseline, candidate) = (apart(baseline), apart(candidate));
        let mut answered = Answered {
            responses: Pair { baseline: baseline.0, candidate: candidate.0 },
            failures: Pair { baseline: baseline.1, candidate: candidate.1 },
            comparison,
            sent,
        };
        self.sort_out_the_unsteady(call, attempt, &mut answered).await;
        answered
    }

    /// `None`: the sides were asked for two things, because an id that was made up is another row's on the other side.
    fn compare(
        &mut self,
        call: &Call,
        attempt: &Attempt<'_>,
        baseline: &Response,
        candidate: &Response,
    ) -> Option<Comparison> {
        let of = |response, role| answer(response, &self.connections.get(role).origin().base_url);
        let (left, right) = (of(baseline, Role::Baseline), of(candidate, Role::Candidate));
        let targets = Pair::from_fn(|role| call.target(role, attempt));
        let asked = Asked {
            flow: FLOW,
            step: &self.names[call.operation],
            method: &call.method,
            targets: targets.as_ref().map(|_, target| &**target),
        };
        let mut comparison = self.comparator.compare_with_ids(&asked, &mut self.ids, &left, &right);
        let is_of_two = |found: &Difference| found.kind == Kind::Id && found.place == "request";
        if targets.baseline == targets.candidate && comparison.differences.iter().any(is_of_two) {
            return None;
        }
        let bodies = Pair { baseline: left.body, candidate: right.body };
        self.noise.excuse(&call.request(), &mut comparison, &mut Hearing::of(bodies));
        Some(comparison)
    }

    /// Where the baseline, asked again at once, differs from itself, a difference between the sides says nothing: from
    /// then on that place of that operation is volatile.
    async fn sort_out_the_unsteady(&mut self, call: &Call, attempt: &Attempt<'_>, answered: &mut Answered) {
        let Some(found) = &mut answered.comparison else { return };
        let place = |difference: &Difference| (call.operation, without_indices(&difference.place));
        let is_new = |difference: &Difference| {
            difference.class != Class::Volatile && !self.unsteady.contains(&place(difference))
        };
        if call.is_safe()
            && found.differences.iter().any(is_new)
            && let Some(before) = &answered.responses.baseline
        {
            let step = self.prepared(call, Role::Baseline, attempt);
            let mut session = self.session(Role::Baseline);
            if let Ok(again) = send(&mut self.connections.baseline, &step, &mut session).await {
                let of = |response| answer(response, &self.connections.baseline.origin().base_url);
                let own = self.comparator.compare(FLOW, "", &of(before), &of(&again));
                self.unsteady.extend(own.differences.iter().filter(|own| own.class != Class::Volatile).map(place));
            }
        }
        for difference in &mut found.differences {
            if self.unsteady.contains(&place(difference)) {
                difference.class = Class::Volatile;
            }
        }
    }

    fn prepared(&self, call: &Call, role: Role, attempt: &Attempt<'_>) -> Result<PreparedStep, RenderError> {
        let auth = self.auth.filter(|_| call.caller == Caller::Plan).map(|auth| &auth.header);
        PreparedStep::new(&call.step(role, attempt), &self.variables, auth)
    }

    fn session(&self, role: Role) -> Session {
        Session::new(self.seed, PHASE, self.attempts, self.logins.get(role), self.variables.len())
    }

    /// Places (indices left out) by operation where the baseline differs from itself.
    pub(super) const fn unsteady(&self) -> &HashSet<(usize, String)> {
        &self.unsteady
    }
}

async fn send(
    connection: &mut Connection,
    step: &Result<PreparedStep, RenderError>,
    session: &mut Session,
) -> Result<Response, String> {
    let step = step.as_ref().map_err(ToString::to_string)?;
    let done = perform(connection, step, session, Keep::Body).await.map_err(|error| error.to_string())?;
    done.exchange.outcome.map_err(|failure| failure.to_string())
}

fn apart(outcome: Result<Response, String>) -> (Option<Response>, Option<String>) {
    match outcome {
        Ok(response) => (Some(response), None),
        Err(words) => (None, Some(words)),
    }
}

/// The id of what a request made: `id` at the top of the body, or the end of `Location`.
fn id_of(response: &Response) -> Option<String> {
    let document = json::parse(&response.body).ok();
    let member = document
        .as_ref()
        .and_then(|document| document.root().members().find(|(name, _)| *name == *"id").map(|(_, value)| value));
    if let Some(id) = member.filter(|value| matches!(value.kind(), Type::Number | Type::String)) {
        return Some(id.scalar_text().text.into_owned());
    }
    let location = response.headers.get(LOCATION)?.to_str().ok()?;
    location.split('?').next()?.rsplit('/').find(|segment| !segment.is_empty()).map(str::to_owned)
}

impl Answered {
    /// Class, kind and place (indices left out) of all that differs.
    pub(super) fn differences(&self) -> Vec<(Class, Kind, String)> {
        match &self.comparison {
            Some(found) => found
                .differences
                .iter()
                .map(|difference| (difference.class, difference.kind, without_indices(&difference.place)))
                .collect(),
            None if self.one_answered() => vec![(Class::Breaking, Kind::Transport, "answer".to_owned())],
            None => Vec::new(),
        }
    }

    /// What differs, what matters most first, for people.
    pub(super) fn explained(&self) -> Vec<ExploredDifference> {
        let Some(found) = &self.comparison else {
            let (baseline, candidate) = (self.in_words(Role::Baseline), self.in_words(Role::Candidate));
            let (class, kind, place) = (Class::Breaking, Kind::Transport, "answer".to_owned());
            return vec![ExploredDifference { class, kind, place, baseline, candidate }];
        };
        let mut differences: Vec<ExploredDifference> = found
            .differences
            .iter()
            .filter(|difference| difference.class != Class::Volatile)
            .map(|difference| ExploredDifference {
                class: difference.class,
                kind: difference.kind,
                place: difference.place.clone(),
                baseline: difference.baseline.clone(),
                candidate: difference.candidate.clone(),
            })
            .collect();
        // That members come in another order says least.
        differences.sort_by_key(|difference| (difference.class, difference.kind == Kind::Order));
        differences.truncate(MOST_DIFFERENCES);
        differences
    }

    fn in_words(&self, role: Role) -> Option<String> {
        let answered = self.responses.get(role).as_ref().map(|response| format!("answered {}", response.status));
        answered.or_else(|| self.failures.get(role).clone())
    }

    fn one_answered(&self) -> bool {
        self.responses.baseline.is_some() != self.responses.candidate.is_some()
    }

    /// Whether neither side gave a whole answer.
    pub(super) const fn is_unanswered(&self) -> bool {
        self.responses.baseline.is_none() && self.responses.candidate.is_none()
    }

    /// Adds it to the evidence.
    pub(super) fn count(&self, tally: &mut Tally, operation: &str) {
        tally.requested();
        match (&self.comparison, &self.responses.baseline) {
            (Some(found), Some(baseline)) => tally.compared(FLOW, operation, baseline.status, found.clone()),
            _ if self.one_answered() => {
                tally.difference(FLOW, operation, Kind::Transport, "answer", Pair::from_fn(|role| self.in_words(role)));
            }
            _ => {}
        }
    }
}

/// A sequence with what came back, for people.
pub(super) fn explained(calls: &[Call], answers: &[Answered]) -> Vec<ExploredCall> {
    let explain = |(call, answer): (&Call, &Answered)| ExploredCall {
        method: call.method.clone(),
        target: answer.sent.target.clone(),
        headers: answer.sent.headers.clone(),
        body: answer.sent.body.clone(),
        caller: match call.caller {
            Caller::Plan => "plan",
            Caller::Nobody => "nobody",
            Caller::Forged => "forged",
        }
        .to_owned(),
        status: Pair::from_fn(|role| answer.responses.get(role).as_ref().map(|response| response.status)),
    };
    calls.iter().zip(answers).map(explain).collect()
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
