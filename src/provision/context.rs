//! What everything that is started in one run has in common.

use std::fmt::Write;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::Options;
use super::error::ProvisionError;
use super::secret::Redactions;
use crate::plan::Plan;

/// Receives one-line messages for the terminal.
pub(super) type Progress<'a> = &'a dyn Fn(String);

/// The run that things are started for.
pub(super) struct Context {
    pub(super) options: Options,
    /// Tells what this run made from what parallel runs made.
    pub(super) run: String,
    /// Of the databases' superuser, for servers that are ours.
    pub(super) password: String,
    /// What came from the environment: nothing that is started may show it.
    pub(super) redactions: Redactions,
}

impl Context {
    pub(super) fn new(options: Options, plan: &Plan) -> Result<Self, ProvisionError> {
        let mut redactions = Redactions::default();
        for filled in &plan.filled {
            redactions.hide_value(&filled.value);
        }
        forget_logs(&options.work_dir.join(LOGS))?;
        Ok(Self { options, run: random_hex::<4>()?, password: random_hex::<16>()?, redactions })
    }

    /// Where the output of `name` is kept.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        debug_assert!(NAMES.contains(&name), "the log of `{name}` would outlive its run");
        self.options.work_dir.join(LOGS).join(format!("{name}.log"))
    }
}

/// Directory of the logs in that of the run.
const LOGS: &str = "logs";
/// What has a log.
const NAMES: [&str; 4] = ["baseline", "candidate", "database", "setup"];

/// Within a run logs are written on, whenever something is started again; those of an earlier run are none of its.
fn forget_logs(dir: &Path) -> Result<(), ProvisionError> {
    for name in NAMES {
        let path = dir.join(format!("{name}.log"));
        match std::fs::remove_file(&path) {
            Err(source) if source.kind() != ErrorKind::NotFound => {
                return Err(ProvisionError::Files { doing: "cannot remove", path, source });
            }
            _ => {}
        }
    }
    Ok(())
}

/// From the kernel: a password must not follow from the run's seed.
fn random_hex<const BYTES: usize>() -> Result<String, ProvisionError> {
    let mut bytes = [0; BYTES];
    std::fs::File::open(RANDOM)
        .and_then(|mut file| file.read_exact(&mut bytes))
        .map_err(|error| unavailable(RANDOM, error))?;
    let mut text = String::with_capacity(BYTES * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

const RANDOM: &str = "/dev/urandom";

fn unavailable(what: &str, source: std::io::Error) -> ProvisionError {
    ProvisionError::Files { doing: "cannot use", path: what.into(), source }
}
