//! The command line: arguments, options, one file per command, and how things look on a terminal.

mod accept;
mod args;
mod check;
mod completions;
mod draft;
mod exit;
mod import;
mod interrupt;
mod merge;
mod openapi;
mod options;
mod record;
mod rerender;
mod run;
mod schema;
mod search;
mod serve;
mod shard;
mod summary;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use args::{Cli, Command};
pub use exit::Exit;

/// Parses the arguments of this process, does what they ask for, and says how it went.
pub fn main() -> ExitCode {
    let exit = match Cli::parse().command {
        Command::Run(args) => run::run(&args),
        Command::Verify(args) => run::verify(&args),
        Command::Load(args) => run::load(&args),
        Command::Search(args) => search::search(&args),
        Command::Judge(args) => rerender::judge(&args),
        Command::Merge(args) => merge::merge(&args),
        Command::Report(args) => rerender::report(&args),
        Command::Record(args) => record::record(args),
        Command::Import(command) => import::import(&command),
        Command::Serve(args) => serve::serve(*args),
        Command::Check(args) => check::check(&args),
        Command::Schema => schema::schema(),
        Command::Completions { shell } => completions::completions(shell),
    };
    exit.into()
}
