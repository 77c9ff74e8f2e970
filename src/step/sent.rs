//! A step as it would be sent, with placeholders where each side has captured values of its own: what a shell can send
//! again.

use super::{Captured, PreparedStep, Session};
use crate::http::Origin;
use crate::plan::Plan;
use crate::reproduce::{Sent, placeholders};

/// What stands for the value of a variable.
pub fn placeholder(variable: usize) -> Captured {
    let (text, json) = placeholders(variable);
    Captured { text, json }
}

/// Renders a step and puts placeholders into the session for what it captures. `None` where it cannot be rendered, and so
/// is not sent.
pub fn sent(step: &PreparedStep, title: String, session: &mut Session, origin: &Origin) -> Option<Sent> {
    let (head, body) = step.render(session, origin).ok()?.into_parts();
    for capture in &step.captures {
        session.set(capture.variable, placeholder(capture.variable));
    }
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let own = head.headers.iter().filter(|(name, _)| *name != http::header::HOST);
    Some(Sent {
        title,
        method: head.method.to_string(),
        target: head.uri.to_string(),
        headers: own.map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: body.to_vec(),
        captures: step.captures.iter().map(|capture| (capture.variable, capture.from.clone())).collect(),
    })
}

/// The plan's login; `None`: the plan has none.
pub fn login_as_sent(plan: &Plan, origin: &Origin) -> Option<Sent> {
    let variables = plan.flows.first().map(|flow| flow.variables.as_slice()).unwrap_or_default();
    let step = PreparedStep::new(&plan.auth.as_ref()?.login, variables, None).ok()?;
    let mut session = Session::new(0, 'a', 0, &[], variables.len());
    sent(&step, "log in".to_owned(), &mut session, origin)
}
