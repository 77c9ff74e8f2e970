//! The plan's login: a step done once per side before the flows begin.

use std::time::Duration;

use super::{Captured, PreparedStep, Problem, RenderError, Session, perform};
use crate::http::{Connection, Keep, Limits, Origin};
use crate::plan::Plan;

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
pub async fn log_in(plan: &Plan, origin: &Origin, timeout: Duration) -> Result<Vec<Option<Captured>>, LoginError> {
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
