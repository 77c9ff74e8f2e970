//! How a difference is seen again, as text: what makes a shell ready, the requests of one side, and the command that does
//! one step again.

use super::text::visible;
use crate::record::load_parity::LoadParity;
use crate::record::parity::{Difference, Parity, RemedyTarget};
use crate::record::reproduce::{Again, FailingCase, Reproduction};
use crate::record::{RunRecord, State};
use crate::role::Role;

/// The failing cases of one part of a record, and what a shell needs for them.
#[derive(Debug, Clone, Copy)]
pub struct Cases<'r> {
    /// The record.
    pub record: &'r RunRecord,
    /// What differences point into.
    pub cases: &'r [FailingCase],
    /// Cases that were left out.
    pub left_out: u64,
    /// Where the sides are; `None`: nothing is known.
    pub reproduction: Option<&'r Reproduction>,
}

impl<'r> Cases<'r> {
    /// Those of answers.
    pub fn of_parity(record: &'r RunRecord, parity: &'r Parity) -> Self {
        let reproduction = &parity.reproduction;
        Self { record, cases: &reproduction.cases, left_out: reproduction.left_out, reproduction: Some(reproduction) }
    }

    /// Those of databases; their requests are those of the replay.
    pub fn of_state(record: &'r RunRecord, state: &'r State) -> Self {
        let reproduction = record.parity.as_ref().map(|parity| &parity.reproduction);
        Self { record, cases: &state.cases, left_out: state.cases_left_out, reproduction }
    }

    /// Those of answers under load.
    pub fn of_load(record: &'r RunRecord, parity: &'r LoadParity) -> Self {
        let reproduction = &parity.reproduction;
        Self { record, cases: &reproduction.cases, left_out: reproduction.left_out, reproduction: Some(reproduction) }
    }

    /// The case of a difference.
    pub fn of(&self, difference: &Difference) -> Option<&'r FailingCase> {
        self.cases.get(difference.case?)
    }

    /// Lines that make a shell ready; empty: nothing is known.
    pub fn setup(&self) -> String {
        let mut lines: Vec<String> = self.reproduction.map(setup).into_iter().collect();
        let is_asked = |role| self.cases.iter().any(|case| case.queries.get(role).is_some());
        let databases = Role::BOTH.into_iter().filter(|role| is_asked(*role));
        lines.extend(databases.map(|role| {
            format!("export {}_DATABASE=…   # the {role}'s database: its address, or its file", variable(role))
        }));
        lines.join("\n")
    }
}

/// Lines that start the sides again, each in a terminal of its own; `None`: they need not be started, or not by us.
pub fn start(reproduction: &Reproduction) -> Option<String> {
    let line = |role| reproduction.sides.get(role).as_ref()?.start.clone();
    let lines: Vec<String> = Role::BOTH.into_iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Lines that make a shell ready for the requests: addresses and secrets.
fn setup(reproduction: &Reproduction) -> String {
    let mut lines = Vec::new();
    for role in Role::BOTH {
        let url = reproduction.sides.get(role).as_ref().and_then(|side| side.url.as_deref());
        let name = variable(role);
        lines.push(url.map_or_else(
            || format!("export {name}=http://127.0.0.1:PORT   # start the {role} as the plan says"),
            |url| format!("export {name}={url}"),
        ));
    }
    for secret in &reproduction.secrets {
        lines.push(format!("export {}=…   # {}", secret.name, secret.about));
    }
    lines.join("\n")
}

const fn variable(role: Role) -> &'static str {
    match role {
        Role::Baseline => "BASELINE",
        Role::Candidate => "CANDIDATE",
    }
}

/// The requests of a failing case for one side, and what shows the row in its database.
pub fn script(case: &FailingCase, role: Role) -> String {
    let mut lines = Vec::new();
    lines.extend(case.about.as_ref().map(|about| format!("# {}", visible(about))));
    if !case.requests.is_empty() {
        lines.push(format!("SIDE=${{{}:?}}", variable(role)));
        lines.extend(case.requests.iter().cloned());
    }
    if let Some(query) = case.queries.get(role) {
        lines.push(format!("DATABASE=${{{}_DATABASE:?}}", variable(role)));
        lines.push(query.clone());
    }
    lines.join("\n")
}

/// Settings that have no meaning for a command, and are left out where another than the recorded one is given.
fn foreign(command: &str) -> &'static [&'static str] {
    match command {
        "verify" => &["--rate", "--users", "--duration", "--pairs", "--max-pairs", "--explore"],
        "load" => &["--noise-runs", "--contract", "--faults", "--explore"],
        _ => &[],
    }
}

/// The command that does it again, and what leads to it.
pub fn again(record: &RunRecord, case: &FailingCase) -> String {
    let command = if case.again == Again::Load { "load" } else { "verify" };
    let mut left_out = foreign(command).to_vec();
    // Faults are not made where one flow alone is asked for.
    if case.again != Again::Verify {
        left_out.push("--faults");
    }
    let only = match case.again {
        Again::Step => Some(format!("{}/{}", case.flow, case.step)),
        Again::Flow => Some(case.flow.clone()),
        Again::Verify | Again::Load => None,
    };
    words(record, command, &left_out, only.as_deref())
}

/// The command of a run as it was given, as far as the record knows it.
pub fn command(record: &RunRecord) -> String {
    words(record, &record.run.command, &[], record.run.only.as_deref())
}

fn words(record: &RunRecord, command: &str, left_out: &[&str], only: Option<&str>) -> String {
    let run = &record.run;
    // A plan that comes with the program has no file and is known by its name.
    let plan = run.target.as_deref().or(run.plan_file.as_deref()).unwrap_or(&run.plan);
    let mut words = vec!["cutover".to_owned(), word(command), word(plan)];
    let is_left_out = |at: usize| run.settings.get(at).is_some_and(|it| left_out.contains(&it.as_str()));
    // Each name has its value behind it.
    let settings = run.settings.iter().enumerate();
    let kept = settings.filter(|(at, _)| !is_left_out(*at) && !at.checked_sub(1).is_some_and(is_left_out));
    words.extend(kept.map(|(_, setting)| word(setting)));
    words.extend(only.into_iter().flat_map(|only| ["--only".to_owned(), word(only)]));
    words.extend(["--seed".to_owned(), run.seed.to_string()]);
    words.join(" ")
}

/// Where the lines that would accept a difference belong.
pub const fn target(target: RemedyTarget) -> &'static str {
    match target {
        RemedyTarget::Plan => "the plan",
        RemedyTarget::AcceptedDifferences => "the file of accepted differences (`--accept FILE`)",
    }
}

fn word(text: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || "_@%+:,./-".contains(c);
    let text = visible(text);
    if text.chars().all(is_bare) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
