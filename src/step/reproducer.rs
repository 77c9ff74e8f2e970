//! Keeps what a flow has sent so far in a form that a shell can send again: rendered once more, in the same order and
//! with the same draws, but with placeholders where each side has captured values of its own.

use super::{PreparedFlow, PreparedStep, Session, login_as_sent, placeholder, sent};
use crate::http::Origin;
use crate::plan::{Plan, Side, SideKind};
use crate::record::reproduce::{Again, FailingCase, Reproduction, SideAgain};
use crate::reproduce::{ReadableDiff, Sent, Shell, placeholders};
use crate::role::{Pair, Role};

/// Ports for sides that a person starts again.
const PORTS: Pair<u16> = Pair { baseline: 8081, candidate: 8082 };

/// Writes failing cases for the differences of one phase.
pub struct Reproducer {
    shell: Shell,
    origin: Origin,
    /// The login with what it captures; `None`: the plan has none.
    login: Option<Sent>,
    sides: Pair<Option<SideAgain>>,
    seed: u64,
}

/// What one flow has sent so far.
pub struct Trace {
    session: Session,
    names: Vec<String>,
    sent: Vec<Sent>,
}

impl Reproducer {
    /// Requests are written as they go to `origin`.
    pub fn new(plan: &Plan, origin: &Origin, seed: u64) -> Self {
        let login = login_as_sent(plan, origin);
        let sides = Pair::from_fn(|role| plan.sides.get(role).as_ref().map(|side| again(role, side, plan, seed)));
        Self { shell: Shell::new(&plan.filled), origin: origin.clone(), login, sides, seed }
    }

    /// Begins with a flow, as the sessions of both sides do.
    pub fn begin(&self, phase: char, number: u64, flow: &PreparedFlow) -> Trace {
        self.begin_as(phase, number, number, flow)
    }

    /// The same for an iteration that draws the values of another.
    pub fn begin_as(&self, phase: char, number: u64, draws: u64, flow: &PreparedFlow) -> Trace {
        let mut session = Session::new(self.seed, phase, number, &[], flow.variables);
        session.begin_again(number, draws, &[]);
        for (variable, _) in self.login.iter().flat_map(|login| &login.captures) {
            session.set(*variable, placeholder(*variable));
        }
        Trace { session, names: flow.variable_names.clone(), sent: Vec::new() }
    }

    /// Adds a step that is about to be sent. A step that cannot be rendered is left out here as it is there.
    pub fn add(&self, trace: &mut Trace, flow: &PreparedFlow, step: &PreparedStep) {
        let title = format!("{} / {}", flow.name, step.name);
        trace.sent.extend(sent(step, title, &mut trace.session, &self.origin));
    }

    /// The failing case of what the last step that was added came to.
    pub fn case(&mut self, trace: &Trace, flow: &str, step: &str, diff: Option<ReadableDiff>) -> FailingCase {
        let diff = diff.unwrap_or(ReadableDiff { text: String::new(), left_out: 0 });
        FailingCase {
            flow: flow.to_owned(),
            step: step.to_owned(),
            requests: self.lines(trace),
            diff: diff.text,
            diff_left_out: diff.left_out,
            about: None,
            queries: Pair::default(),
            again: Again::Step,
        }
    }

    /// What was sent so far, for a shell.
    pub fn lines(&mut self, trace: &Trace) -> Vec<String> {
        let is_needed = |login: &&Sent| {
            let marks = login.captures.iter().flat_map(|(variable, _)| <[String; 2]>::from(placeholders(*variable)));
            marks.into_iter().any(|mark| trace.sent.iter().any(|sent| sent.mentions(&mark)))
        };
        let requests: Vec<Sent> = self.login.iter().filter(is_needed).chain(&trace.sent).cloned().collect();
        self.shell.lines(&requests, &trace.names)
    }

    /// What else a person needs.
    pub fn finish(self, reproduction: &mut Reproduction) {
        for secret in self.shell.secrets() {
            if !reproduction.secrets.contains(&secret) {
                reproduction.secrets.push(secret);
            }
        }
        reproduction.sides = self.sides;
    }
}

/// How such a side is reached again.
fn again(role: Role, side: &Side, plan: &Plan, seed: u64) -> SideAgain {
    let port = PORTS.get(role);
    match &side.kind {
        SideKind::Url { url } => SideAgain { url: Some(url.clone()), start: None },
        SideKind::Command { .. } => SideAgain { url: None, start: None },
        SideKind::Bundled { stack, defects, args } => {
            let mut words = vec!["cutover serve --stack".to_owned(), stack.name().to_owned()];
            words.extend(
                defects.iter().flat_map(|defect| ["--defect".to_owned(), crate::reproduce::shell_word(defect)]),
            );
            words.extend(args.iter().map(|word| crate::reproduce::shell_word(word)));
            words.push(format!("--seed-students {} --seed {seed} --listen 127.0.0.1:{port}", plan.database.students));
            SideAgain { url: Some(format!("http://127.0.0.1:{port}")), start: Some(words.join(" ")) }
        }
    }
}
