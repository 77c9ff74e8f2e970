//! The plan's login: a step done once per side before the flows begin.

use std::time::Duration;

use super::{Captured, PreparedStep, Problem, RenderError, Session, perform};
use crate::http::{Connection, Keep, Limits, Origin};
use crate::plan::Plan;
use crate::role::{Pair, Role};

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    /// The request can never be sent.
    #[error("the login request cannot be made")]
    Unsendable(#[from] RenderError),
    /// It was sent, and did not come to what the plan expects.
    #[error("{0}")]
    Failed(Problem),
}

/// Logs in on a side; gives back the variables that every session on it begins with, none for a plan without login.
///
/// # Errors
/// See [`LoginError`].
pub async fn log_in(plan: &Plan, origin: &Origin, timeout: Duration) -> Result<Login, LoginError> {
    let Some(auth) = &plan.auth else { return Ok(Vec::new()) };
    // The variables of the login come first in every flow.
    let variables = plan.flows.first().map(|flow| flow.variables.as_slice()).unwrap_or_default();
    let step = PreparedStep::new(&auth.login, variables, None)?;
    let mut session = Session::new(0, 'a', 0, &[], variables.len());
    let mut connection = Connection::new(origin.clone(), Limits::within(timeout));
    match perform(&mut connection, &step, &mut session, Keep::Length).await?.problem {
        None => Ok(session.into_variables()),
        Some(problem) => Err(LoginError::Failed(problem)),
    }
}

/// Variables that every session on a side begins with.
pub type Login = Vec<Option<Captured>>;

/// Logs in on both sides, the baseline first; what became of each.
pub async fn log_in_both(plan: &Plan, origins: &Pair<Origin>) -> Pair<Result<Login, LoginError>> {
    Pair {
        baseline: log_in(plan, origins.get(Role::Baseline), plan.timeout).await,
        candidate: log_in(plan, origins.get(Role::Candidate), plan.timeout).await,
    }
}

/// What no evidence may show: what the logins captured, tokens most likely, and what came from the environment.
pub fn secrets(plan: &Plan, logins: &Pair<Login>) -> Vec<String> {
    let captured = logins.iter().flat_map(|(_, variables)| variables).flatten().map(|value| value.text.clone());
    captured.chain(plan.filled.iter().map(|filled| filled.value.clone())).collect()
}
