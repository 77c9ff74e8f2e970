//! Ctrl-C and SIGTERM: the first asks for an orderly end, the third one ends at once.
//!
//! It must be installed before the load generator's own handler, which would end the process without cleaning up.

use std::sync::atomic::{AtomicU32, Ordering};

use super::Exit;
use super::terminal::Terminal;
use crate::stop::Stop;

pub(super) fn install(stop: &Stop, terminal: &Terminal) {
    let signals = AtomicU32::new(0);
    let (stop, terminal) = (stop.clone(), terminal.clone());
    let handler = move || match signals.fetch_add(1, Ordering::SeqCst) {
        0 => {
            stop.trigger();
            terminal.note("stopping: what was measured is written, what was started is ended");
        }
        1 => terminal.note("still stopping; once more ends at once and may leave things behind"),
        _ => std::process::exit(i32::from(Exit::Interrupted.code())),
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "signals end this process without cleaning up");
    }
}
