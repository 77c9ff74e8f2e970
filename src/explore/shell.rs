//! A finding's requests as lines for a shell, ids taken from one answer to the next.

use super::call::{Argument, Attempt, Call, Caller};
use crate::http::Origin;
use crate::plan::{Capture, CaptureFrom, JsonPath, Plan};
use crate::record::reproduce::ShellSecret;
use crate::reproduce::{self, Sent, placeholders};
use crate::role::{Pair, Role};
use crate::step::{PreparedStep, Session, login_as_sent, placeholder, sent};

/// Writes requests for a shell.
pub(super) struct Shell<'a> {
    plan: &'a Plan,
    origin: Origin,
    login: Option<Sent>,
    writer: reproduce::Shell,
}

impl<'a> Shell<'a> {
    pub(super) fn new(plan: &'a Plan, origin: &Origin) -> Self {
        let login = login_as_sent(plan, origin);
        Self { plan, origin: origin.clone(), login, writer: reproduce::Shell::new(&plan.filled) }
    }

    /// What the shell must know for all lines so far.
    pub(super) fn secrets(&self) -> Vec<ShellSecret> {
        self.writer.secrets()
    }

    /// The lines of one sequence; texts that must be new get the name of the attempt.
    pub(super) fn lines(&mut self, calls: &[Call], name: &str) -> Vec<String> {
        let known = self.plan.flows.first().map(|flow| flow.variables.clone()).unwrap_or_default();
        let first = known.len();
        let mut names = known;
        names.extend((1..=calls.len()).map(|number| format!("id{number}")));
        let mut session = Session::new(0, 'x', 0, &[], names.len());
        for (variable, _) in self.login.iter().flat_map(|login| &login.captures) {
            session.set(*variable, placeholder(*variable));
        }
        let ids: Vec<Option<String>> = (0..calls.len()).map(|call| Some(placeholders(first + call).0)).collect();
        let attempt = Attempt { name, ids: &Pair { baseline: ids.clone(), candidate: ids } };
        let mut requests: Vec<Sent> = Vec::new();
        for (at, call) in calls.iter().enumerate() {
            let mut step = call.step(Role::Baseline, &attempt);
            if calls[at + 1..].iter().any(|later| later.path.contains(&Argument::IdOf(at))) {
                step.capture.extend(id_at_the_top(first + at));
            }
            let auth = self.plan.auth.as_ref().filter(|_| call.caller == Caller::Plan).map(|auth| &auth.header);
            let Ok(prepared) = PreparedStep::new(&step, &names, auth) else { continue };
            requests.extend(sent(&prepared, format!("request {}", at + 1), &mut session, &self.origin));
        }
        let is_needed = calls.iter().any(|call| call.caller == Caller::Plan);
        let login = self.login.iter().filter(|_| is_needed);
        let requests: Vec<Sent> = login.chain(&requests).cloned().collect();
        self.writer.lines(&requests, &names)
    }
}

fn id_at_the_top(variable: usize) -> Option<Capture> {
    Some(Capture { variable, from: CaptureFrom::Body(JsonPath::parse("$.id").ok()?) })
}
