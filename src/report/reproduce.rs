//! How a difference is seen again, as text: what makes a shell ready, the requests of one side, and the command that does
//! one step again.

use super::text::visible;
use crate::record::RunRecord;
use crate::record::parity::{Difference, Parity, RemedyTarget};
use crate::record::reproduce::{FailingCase, Reproduction};
use crate::role::Role;

/// The case of a difference.
pub fn case<'p>(parity: &'p Parity, difference: &Difference) -> Option<&'p FailingCase> {
    parity.reproduction.cases.get(difference.case?)
}

/// Lines that start the sides again, each in a terminal of its own; `None`: they need not be started, or not by us.
pub fn start(reproduction: &Reproduction) -> Option<String> {
    let line = |role| reproduction.sides.get(role).as_ref()?.start.clone();
    let lines: Vec<String> = Role::BOTH.into_iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// Lines that make a shell ready for the requests: addresses and secrets.
pub fn setup(reproduction: &Reproduction) -> String {
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

/// The requests of a failing case for one side.
pub fn script(case: &FailingCase, role: Role) -> String {
    format!("SIDE=${{{}:?}}\n{}", variable(role), case.requests.join("\n"))
}

/// The command that does one step again, and what leads to it.
pub fn again(record: &RunRecord, flow: &str, step: &str) -> String {
    let run = &record.run;
    // A plan that comes with the program has no file and is known by its name.
    let plan = word(run.plan_file.as_deref().unwrap_or(&run.plan));
    let mut words = vec!["cutover".to_owned(), "verify".to_owned(), plan];
    words.extend(run.settings.iter().map(|setting| word(setting)));
    words.extend(["--only".to_owned(), word(&format!("{flow}/{step}")), "--seed".to_owned(), run.seed.to_string()]);
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
