//! `cutover completions`: completions for a shell.

use clap::CommandFactory as _;
use clap_complete::{Shell, generate};

use super::args::Cli;
use super::{Exit, print};

pub(super) fn completions(shell: Shell) -> Exit {
    let mut script = Vec::new();
    generate(shell, &mut Cli::command(), "cutover", &mut script);
    print::out(&String::from_utf8_lossy(&script));
    Exit::Pass
}
