//! One step done once: rendered, sent, captured, expected.
//!
//! The replay and the load phase both do steps with this and nothing else, so that what is compared and what is
//! measured are the same requests.

mod login;
mod prepared;
mod reproducer;
mod sent;
mod session;

pub use login::{Login, LoginError, log_in, log_in_both, secrets};
pub use prepared::{PreparedFlow, PreparedStep, RenderError};
pub use reproducer::{Reproducer, Trace};
pub use sent::{login_as_sent, placeholder, sent};
pub use session::{Captured, Session, unique_text};

use bytes::Bytes;
use http::Request;

use crate::compare::{Answer, json};
use crate::http::{Connection, Exchange, Failure, Keep, Response};
use crate::plan::{CaptureFrom, Expect};

/// What became of one step.
#[derive(Debug)]
pub struct Done {
    /// The request as it went out; kept with [`Keep::Body`] only, for whoever looks closer at an answer.
    pub request: Option<Request<Bytes>>,
    /// What was on the wire.
    pub exchange: Exchange,
    /// Why the flow cannot go on, if it cannot.
    pub problem: Option<Problem>,
}

/// Why a step did not do what the plan says it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// There was no whole answer.
    Transport(Failure),
    /// The answer's status is not one that the plan expects.
    Status {
        /// What came.
        status: u16,
        /// What was expected, in words.
        expected: String,
    },
    /// A value to capture was not there.
    Capture {
        /// The variable that was to be set.
        variable: String,
        /// Where it was looked for, in words.
        from: String,
    },
}

impl Problem {
    /// As errors are counted in `run.json`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Transport(failure) => failure.kind.name(),
            Self::Status { .. } => "status",
            Self::Capture { .. } => "capture",
        }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Transport(failure) => write!(f, "{failure}"),
            Self::Status { status, expected } => write!(f, "status {status}, expected {expected}"),
            Self::Capture { variable, from } => write!(f, "nothing at {from} for `{variable}`"),
        }
    }
}

/// Does one step: renders it with the session's variables, sends it, checks what the plan expects and keeps what the
/// plan captures.
///
/// # Errors
/// [`RenderError`] if the values at hand make no valid request; nothing was sent then.
pub async fn perform(
    connection: &mut Connection,
    step: &PreparedStep,
    session: &mut Session,
    keep: Keep,
) -> Result<Done, RenderError> {
    let wanted = match keep {
        Keep::Body => Keep::Body,
        _ if step.captures_body() => Keep::Body,
        _ if step.captures_headers() => Keep::Headers,
        other => other,
    };
    let (request, exchange) = if keep == Keep::Body || !connection.takes_text() {
        let request = step.render(session, connection.origin())?;
        let exchange = connection.exchange(&request, wanted).await;
        (Some(request).filter(|_| keep == Keep::Body), exchange)
    } else {
        connection.write(|authority, out| step.write(session, authority, out))?;
        (None, connection.exchange_written(wanted).await)
    };
    let problem = match &exchange.outcome {
        Err(failure) => Some(Problem::Transport(failure.clone())),
        Ok(response) => check(step, response, session),
    };
    Ok(Done { request, exchange, problem })
}

/// A whole answer as comparing takes it; `base_url` is that of the side.
pub fn answer<'a>(response: &'a Response, base_url: &'a str) -> Answer<'a> {
    Answer { status: response.status, headers: &response.headers, body: &response.body, base_url }
}

fn check(step: &PreparedStep, response: &Response, session: &mut Session) -> Option<Problem> {
    if !step.expect.admits(response.status) {
        return Some(Problem::Status { status: response.status, expected: in_words(&step.expect) });
    }
    capture(step, response, session)
}

fn in_words(expect: &Expect) -> String {
    if expect.status.is_empty() {
        return "any below 400".to_owned();
    }
    expect.status.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}

fn capture(step: &PreparedStep, response: &Response, session: &mut Session) -> Option<Problem> {
    if step.captures.is_empty() {
        return None;
    }
    let body = if step.captures_body() { json::parse(&response.body).ok() } else { None };
    for wanted in &step.captures {
        let (value, from) = match &wanted.from {
            CaptureFrom::Header(name) => {
                let value = response.headers.get(name.as_str()).and_then(|value| value.to_str().ok());
                (value.map(Captured::text), format!("header {name}"))
            }
            CaptureFrom::HeaderPart(name, pattern) => {
                let mut values = response.headers.get_all(name.as_str()).iter().filter_map(|value| value.to_str().ok());
                let part = values.find_map(|value| Some(pattern.captures(value)?.get(1)?.as_str()));
                (part.map(Captured::text), format!("header {name} matching {pattern}"))
            }
            CaptureFrom::Body(path) => {
                let found = body.as_ref().and_then(|body| json::select(body, path));
                (found.map(Captured::from_json), path.to_string())
            }
        };
        match value {
            Some(value) => session.set(wanted.variable, value),
            None => return Some(Problem::Capture { variable: wanted.name.clone(), from }),
        }
    }
    None
}
