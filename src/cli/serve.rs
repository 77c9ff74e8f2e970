//! `cutover serve`: a thin door to the reference service.

use std::io::{IsTerminal as _, stderr};

use reference_service::ServeArgs;
use tracing_subscriber::EnvFilter;

use super::{Exit, print};

pub(super) fn serve(args: ServeArgs) -> Exit {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(stderr().is_terminal())
        .with_writer(stderr)
        .log_internal_errors(false)
        .init();
    match reference_service::run(args) {
        Ok(()) => Exit::Pass,
        Err(error) => {
            print::note(&error.explain());
            Exit::Environment
        }
    }
}
