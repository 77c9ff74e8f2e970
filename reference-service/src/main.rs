//! The reference service on its own: `reference-service --help` says how.

use std::io::{IsTerminal, stderr};
use std::process::ExitCode;

use clap::Parser;
use reference_service::{ServeArgs, ServeError, serve};
use tracing_subscriber::EnvFilter;

/// The service could not start, or died.
const NOT_STARTED: u8 = 3;

#[derive(Parser)]
#[command(version, about = "The students service that cutover is tried and tested on")]
struct Cli {
    #[command(flatten)]
    serve: ServeArgs,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    match run(cli.serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", error.explain());
            ExitCode::from(NOT_STARTED)
        }
    }
}

fn run(args: ServeArgs) -> Result<(), ServeError> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let doing = "start the runtime";
    let runtime = runtime.map_err(|source| ServeError::System { doing, source })?;
    let served = runtime.block_on(serve(args));
    // What is still running has had its time; worker threads that wait would panic if the runtime went first.
    std::mem::forget(runtime);
    served
}

fn log_to_stderr() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let colour = stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(colour).with_writer(stderr).init();
}
