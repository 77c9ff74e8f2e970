//! The command line: arguments, options, one file per command, and how things look on a terminal.

mod accept;
mod args;
mod check;
mod completions;
mod draft;
mod exit;
mod import;
mod interrupt;
mod meaning;
mod merge;
mod openapi;
mod options;
mod print;
mod record;
mod request;
mod rerender;
mod run;
mod save;
mod schema;
mod search;
mod serve;
mod shard;
mod summary;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use args::{Cli, Command};
pub use exit::Exit;
use exit::Refused;

/// What clap says; where an option is one of another command, that is said.
fn refuse(error: &clap::Error) -> ! {
    let unknown = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) if error.kind() == ErrorKind::UnknownArgument => argument.as_str(),
        _ => "",
    };
    if ["--shard", "--start-at"].iter().any(|option| unknown.starts_with(option)) {
        print::note(&format!(
            "error: {unknown}: only `cutover load` is made by several processes\nhint: answers are compared once, by one \
             process (`cutover verify`); the load is shared with `cutover load PLAN --shard I/N --start-at TIME`"
        ));
        std::process::exit(i32::from(Exit::Usage.code()));
    }
    error.exit()
}

/// Parses the arguments of this process, does what they ask for, and says how it went.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => refuse(&error),
    };
    let exit = match cli.command {
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
