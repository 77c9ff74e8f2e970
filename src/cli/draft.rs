//! Recorded traffic as a plan file, and what people are told about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::args::DraftArgs;
use super::options::UsageError;
use super::{Refused, print, save};
use crate::import::{self, Dropped, Imported, Options, Sealed};
use crate::role::Pair;
use crate::units::parse_duration;

/// What was recorded.
pub(super) struct Recording<'a> {
    /// File or service that it comes from.
    pub(super) from: &'a str,
    /// Scheme, host and port that it is about.
    pub(super) origin: &'a str,
    /// Others that were seen, with how many requests.
    pub(super) others: &'a [(String, usize)],
    /// All sessions are of one caller.
    pub(super) one_caller: bool,
    /// The exchanges.
    pub(super) exchanges: Vec<Sealed>,
    /// What was left out before.
    pub(super) dropped: BTreeMap<Dropped, usize>,
}

/// Refuses arguments that make no sense before anything is read or recorded.
pub(super) fn check(args: &DraftArgs) -> Result<(), UsageError> {
    gap(args)?;
    match &args.out {
        Some(out) if out.exists() && !args.force => Err(UsageError(format!(
            "error: `{}` is there already\nhint: give another file, or `--force` to write over it",
            out.display()
        ))),
        _ => Ok(()),
    }
}

fn gap(args: &DraftArgs) -> Result<std::time::Duration, UsageError> {
    parse_duration(&args.gap).map_err(|error| UsageError(format!("error: --gap: {error}")))
}

/// Makes the plan, writes it and says what it is.
pub(super) fn write(args: &DraftArgs, recording: Recording<'_>) -> Result<(), Refused> {
    let url = recording.origin.to_owned();
    let mut comments = vec![format!("Made by `cutover` from {}: requests to {}.", recording.from, recording.origin)];
    comments
        .push("Values that requests create are sent as they were recorded: run it against fresh databases,".to_owned());
    comments.push("or let them be different each time with `--unique FIELD` when it is made.".to_owned());
    let options = Options {
        name: plan_name(args.out.as_deref(), recording.from),
        comments,
        sides: Pair { baseline: url.clone(), candidate: url },
        gap: gap(args)?,
        one_caller: recording.one_caller,
        max_steps: args.max_steps,
        unique: args.unique.clone(),
    };
    let imported = import::draft(recording.exchanges, &options);
    if imported.steps == 0 {
        return Err(UsageError("error: nothing was recorded that could become a step".to_owned()).into());
    }
    let text = imported.draft.to_yaml();
    save::plan(args.out.as_deref(), args.force, &text)?;
    print::note(&in_words(args.out.as_deref(), &imported, &recording.dropped, recording.others));
    Ok(())
}

fn plan_name(out: Option<&Path>, from: &str) -> String {
    let stem = out.unwrap_or(Path::new(from)).file_stem().and_then(|stem| stem.to_str()).unwrap_or("recorded");
    let stem = stem.trim_end_matches(".har");
    if stem == "-" { "recorded".to_owned() } else { stem.to_owned() }
}

/// What was made, what was left out and why, and what to do next.
fn in_words(
    out: Option<&Path>,
    imported: &Imported,
    dropped: &BTreeMap<Dropped, usize>,
    others: &[(String, usize)],
) -> String {
    let mut text = String::new();
    let flows = imported.draft.flows.len();
    // Writing to a string cannot fail.
    let _ = writeln!(
        text,
        "plan {}: {flows} flows, {} steps, {} captures",
        imported.draft.name, imported.steps, imported.captures
    );
    for flow in imported.draft.flows.iter().take(12) {
        let weight = if flow.weight > 1 { format!(", recorded {} times", flow.weight) } else { String::new() };
        let _ = writeln!(text, "  {:<24} {} steps{weight}", flow.name, flow.steps.len());
    }
    if flows > 12 {
        let _ = writeln!(text, "  … and {} more", flows - 12);
    }
    if imported.logins > 0 {
        let _ = writeln!(text, "{} requests log in; the plan's login does it once per side", imported.logins);
    }
    for (reason, count) in dropped.iter().chain(&imported.dropped) {
        let _ = writeln!(text, "left out: {count} {reason}");
    }
    for (origin, count) in others {
        let _ = writeln!(text, "  {origin} had {count}; `--host` takes it instead");
    }
    if !imported.environment.is_empty() {
        let _ = writeln!(text, "secrets are not in the plan; set before it is used:");
    }
    for (name, what) in &imported.environment {
        let _ = writeln!(text, "  {name}  {what}");
    }
    if let Some(out) = out {
        let _ = writeln!(text, "next: cutover verify {} --baseline URL --candidate URL", out.display());
    }
    text
}
