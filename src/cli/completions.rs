//! `cutover completions`: completions for a shell.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::Exit;
use super::args::Cli;

pub(super) fn completions(shell: Shell) -> Exit {
    generate(shell, &mut Cli::command(), "cutover", &mut std::io::stdout());
    Exit::Pass
}
