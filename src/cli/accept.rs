//! The file of accepted differences: read for `--accept`, added to by `--accept-new`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::args::AcceptArgs;
use super::options::UsageError;
use super::terminal::Terminal;
use super::{Exit, save};
use crate::plan::gate::Quantity;
use crate::plan::{Accepted, AcceptedError};
use crate::record::Class;
use crate::run::{Job, Outcome};
use crate::tally;

/// Today in UTC, in which runs are dated.
fn today() -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date()
}

/// What is known of differences before a run, and what is to be added after it.
pub(super) fn of(args: &AcceptArgs) -> Result<(Option<Accepted>, Option<New>), UsageError> {
    match New::from_args(args)? {
        None => Ok((args.accept.as_deref().map(read).transpose()?, None)),
        Some(new) => {
            let known = Accepted { is_growing: true, ..new.known()?.unwrap_or_default() };
            Ok((Some(known), Some(new)))
        }
    }
}

/// Reads a file of accepted differences; entries whose last day is over no longer hold.
fn read(path: &Path) -> Result<Accepted, UsageError> {
    let mut accepted = Accepted::load(path).map_err(|error| match error {
        AcceptedError::Read { ref source, .. } => UsageError(format!(
            "error: {error}\n  Caused by: {source}\nhint: `--accept-new FILE --reason TEXT` begins one"
        )),
        AcceptedError::Invalid(diagnostics) => UsageError(diagnostics.to_string()),
    })?;
    accepted.expire(today());
    Ok(accepted)
}

/// What `--accept-new` is to write.
pub(super) struct New {
    path: PathBuf,
    reason: String,
    until: Option<Date>,
}

impl New {
    /// What the arguments ask for; `None`: nothing.
    fn from_args(args: &AcceptArgs) -> Result<Option<Self>, UsageError> {
        let (Some(path), Some(reason)) = (&args.accept_new, &args.reason) else { return Ok(None) };
        if reason.trim().is_empty() {
            return Err(UsageError("error: --reason: it must not be empty".to_owned()));
        }
        let until = args.until.as_deref().map(|text| day(text, today())).transpose()?;
        Ok(Some(Self { path: path.clone(), reason: reason.clone(), until }))
    }

    /// What stands in the file so far. That more can be added is found out before anything is started.
    fn known(&self) -> Result<Option<Accepted>, UsageError> {
        if !self.path.exists() {
            return Ok(None);
        }
        let known = read(&self.path)?;
        self.extended(&[]).map_err(UsageError)?;
        Ok(Some(known))
    }

    /// Writes what failed the run, if it came to its end.
    pub(super) fn conclude(&self, job: &Job, terminal: &Terminal, outcome: &Outcome, exit: Exit) -> Exit {
        let path = self.path.display();
        let until = self.until.map(|until| until.to_string());
        let entries = tally::new_entries(outcome.record.open(), classes(job), &self.reason, until.as_deref());
        let why_not = match &entries[..] {
            _ if outcome.error.is_some() => Some("the run did not come to its end"),
            [] => Some("there is nothing new to accept"),
            _ => None,
        };
        if let Some(why_not) = why_not {
            terminal.error(&format!("{path} stays as it was: {why_not}"));
            return exit;
        }
        let written = self.extended(&entries).and_then(|text| {
            save::replace(&self.path, &text).map_err(|error| format!("error: cannot write `{path}`: {error}"))
        });
        if let Err(message) = written {
            terminal.error(&message);
            return Exit::Environment;
        }
        let count = match entries.len() {
            1 => "1 difference".to_owned(),
            count => format!("{count} differences"),
        };
        terminal.error(&format!("{count} added to {path}; the next run with `--accept {path}` lets them pass"));
        exit
    }

    fn extended(&self, entries: &[Vec<String>]) -> Result<String, String> {
        let path = self.path.display();
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(format!("error: cannot read `{path}`: {error}")),
        };
        Accepted::extend(&path.to_string(), &text, entries).map_err(|diagnostics| diagnostics.to_string())
    }
}

/// Differences of representation fail only where a gate is about them.
fn classes(job: &Job) -> &'static [Class] {
    let is_about = |quantity| matches!(quantity, Quantity::ParityRepresentation | Quantity::StateRepresentation);
    let has_gate = job.plan.gates.iter().any(|gate| is_about(gate.metric.quantity));
    if has_gate { &[Class::Breaking, Class::Representation] } else { &[Class::Breaking] }
}

/// The last day of an acceptance, which is not over yet.
fn day(text: &str, today: Date) -> Result<Date, UsageError> {
    let date = text.parse::<Date>().ok().filter(|date| date.to_string() == text);
    let date =
        date.ok_or_else(|| UsageError(format!("error: --until: `{text}` is not a day, write it as `2027-01-31`")))?;
    if date < today {
        return Err(UsageError(format!(
            "error: --until: `{text}` is over, and what is accepted until then would fail the next run\nhint: today is \
             {today}, in UTC"
        )));
    }
    Ok(date)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_day_of_an_acceptance_is_today_or_later() {
        let today: Date = "2027-01-31".parse().unwrap();
        assert!(day("2027-01-31", today).is_ok() && day("2028-01-01", today).is_ok());
        for (text, part) in [("2027-01-30", "is over"), ("2027-1-31", "is not a day"), ("soon", "is not a day")] {
            let UsageError(message) = day(text, today).unwrap_err();
            assert!(message.starts_with("error: --until: ") && message.contains(part), "{message}");
        }
    }
}
