//! `cutover merge`: the shards of one load, judged as one.

use super::args::MergeArgs;
use super::options::{UsageError, output_directory};
use super::rerender::{gates, refuse};
use super::terminal::Terminal;
use super::{Exit, summary};
use crate::merge::Named;
use crate::plan::Gate;
use crate::{report, run};

pub(super) fn merge(args: &MergeArgs) -> Exit {
    let terminal = Terminal::new(&args.output);
    let mut shards = Vec::new();
    for path in &args.shards {
        let file = if path.is_dir() { path.join("run.json") } else { path.clone() };
        match report::read_record(&file) {
            Ok(record) => shards.push(Named { name: path.display().to_string(), record }),
            Err(error) => return refuse(&terminal, error),
        }
    }
    let mut record = match crate::merge::merge(shards) {
        Ok(record) => record,
        Err(error) => {
            terminal.failure(&error.to_string(), None);
            return Exit::Usage;
        }
    };
    let gates = match gates(&record, &args.gates) {
        Ok(gates) => gates,
        Err(UsageError(message)) => {
            terminal.error(&message);
            return Exit::Usage;
        }
    };
    let targets: Vec<Gate> = record.targets.iter().filter_map(|target| Gate::parse(&target.expr).ok()).collect();
    run::apply_judgement(&mut record, &gates, &targets);
    let out = output_directory(args.output.out.as_ref(), &format!("{}-merged", record.run.plan));
    let written = report::write_record(&out, &record).and_then(|_| report::write(&out, &record));
    if let Err(error) = written {
        return refuse(&terminal, error);
    }
    summary::print(&record, Some(&out), &args.output);
    Exit::from(&record)
}
