//! One run of the baseline on its own, kept to compare the baseline with itself.

use std::collections::HashMap;

use crate::http::{Connection, Keep, Limits, Origin, Response};
use crate::parity::{ParityError, prepare};
use crate::plan::Plan;
use crate::role::Role;
use crate::step::{PreparedFlow, Session, log_in, perform};

/// The baseline's answers of one run on its own.
#[derive(Debug)]
pub struct Recording {
    pub(super) base_url: String,
    /// Whether the baseline began again from a fresh copy of its data afterwards.
    pub(super) is_fresh: bool,
    /// By flow and step.
    pub(super) answers: HashMap<(String, String), Recorded>,
}

/// What a step was answered.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Path and query.
    pub(super) target: String,
    pub(super) response: Response,
}

/// Replays every flow of the plan on the baseline alone. The requests are those of the replay; where the baseline keeps its
/// data (`is_fresh` is false) another `{{unique}}` is sent, and what comes back of it is put back in the recording.
///
/// # Errors
/// A step that can never be sent, or a login that fails.
pub async fn record(plan: &Plan, origin: &Origin, seed: u64, is_fresh: bool) -> Result<Recording, ParityError> {
    let flows = prepare(plan)?;
    let login = log_in(plan, origin, plan.timeout).await;
    let login = login.map_err(|source| ParityError::Login { role: Role::Baseline, source })?;
    let mut connection = Connection::new(origin.clone(), Limits::within(plan.timeout));
    let mut answers = HashMap::new();
    for (number, flow) in flows.iter().enumerate() {
        let session = |phase| Session::new(seed, phase, number as u64, &login, flow.variables);
        let (mut own, replay) = (session(if is_fresh { 'p' } else { 'n' }), session('p'));
        for (step, mut recorded) in record_flow(&mut connection, flow, &mut own).await {
            recorded.restore(&own.unique(), &replay.unique());
            answers.insert((flow.name.clone(), step), recorded);
        }
    }
    Ok(Recording { base_url: origin.base_url.clone(), is_fresh, answers })
}

/// The answers up to the step that did not do what the plan says.
async fn record_flow(
    connection: &mut Connection,
    flow: &PreparedFlow,
    session: &mut Session,
) -> Vec<(String, Recorded)> {
    let mut answers = Vec::new();
    for step in &flow.steps {
        let Ok(request) = step.render(&mut session.clone(), connection.origin()) else { break };
        let target = request.uri().path_and_query().map_or("", |target| target.as_str()).to_owned();
        let Ok(done) = perform(connection, step, session, Keep::Body).await else { break };
        if let Ok(response) = done.exchange.outcome {
            answers.push((step.name.clone(), Recorded { target, response }));
        }
        if done.problem.is_some() {
            break;
        }
    }
    answers
}

impl Recorded {
    /// Puts the text that the replay sends in the place of the one that was sent.
    fn restore(&mut self, own: &str, replay: &str) {
        if own == replay {
            return;
        }
        if let Ok(body) = std::str::from_utf8(&self.response.body)
            && body.contains(own)
        {
            self.response.body = body.replace(own, replay).into();
        }
        self.target = self.target.replace(own, replay);
    }
}
