//! `cutover judge` and `cutover report`: from stored evidence, without a network.

use std::path::Path;

use super::args::{JudgeArgs, ReportArgs};
use super::options::{UsageError, parse_gate};
use super::terminal::Terminal;
use super::{Exit, print, summary};
use crate::plan::Gate;
use crate::record::RunRecord;
use crate::{report, run};

pub(super) fn judge(args: &JudgeArgs) -> Exit {
    let terminal = Terminal::new(&args.output);
    let mut record = match report::read_record(&args.record) {
        Ok(record) => record,
        Err(error) => return refuse(&terminal, error),
    };
    let gates = match gates(&record, &args.gates) {
        Ok(gates) => gates,
        Err(UsageError(message)) => {
            terminal.error(&message);
            return Exit::Usage;
        }
    };
    if record.search.is_some() && !args.gates.is_empty() {
        terminal.error(
            "error: --gate: each step of a search was held against its gates while it was run, and stored are the outcomes \
             alone\nhint: search again with other gates",
        );
        return Exit::Usage;
    }
    let targets: Vec<Gate> = record.targets.iter().filter_map(|target| Gate::parse(&target.expr).ok()).collect();
    // What else was found, judging finds again; what went wrong with the samplers nothing else on record shows.
    record.findings.retain(|finding| finding.code == "sampler");
    run::apply_judgement(&mut record, &gates, &targets);
    let out = args.output.out.as_deref();
    if let Some(out) = out {
        let written = report::write_record(out, &record).and_then(|_| report::write(out, &record));
        if let Err(error) = written {
            return refuse(&terminal, error);
        }
    }
    summary::print(&record, out, &args.output);
    Exit::from(&record)
}

/// The gates of the command line, or the stored ones if there are none.
pub(super) fn gates(record: &RunRecord, given: &[String]) -> Result<Vec<Gate>, UsageError> {
    if given.is_empty() {
        return record.gates.iter().map(|gate| parse_gate(&gate.expr)).collect();
    }
    given.iter().map(|gate| parse_gate(gate)).collect()
}

pub(super) fn report(args: &ReportArgs) -> Exit {
    let written = report::read_record(&args.record).and_then(|record| {
        let beside = args.record.parent().unwrap_or_else(|| Path::new("."));
        report::write(args.out.as_deref().unwrap_or(beside), &record)
    });
    match written {
        Ok(paths) => {
            for path in paths {
                print::out(&format!("{}\n", path.display()));
            }
            Exit::Pass
        }
        Err(error) => {
            let exit = exit_of(&error);
            print::note(&format!("error: {}", run::RunError::from(error).in_full()));
            exit
        }
    }
}

pub(super) fn refuse(terminal: &Terminal, error: report::ReportError) -> Exit {
    let exit = exit_of(&error);
    terminal.failure(&run::RunError::from(error).in_full(), None);
    exit
}

/// A record that cannot be used is a wrong argument; a file that cannot be written is the machine's.
const fn exit_of(error: &report::ReportError) -> Exit {
    match error {
        report::ReportError::Directory { .. } | report::ReportError::Write { .. } => Exit::Environment,
        _ => Exit::Usage,
    }
}
