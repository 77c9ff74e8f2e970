//! What everything that is started in one run has in common.

use std::fmt::Write;
use std::io::Read;
use std::path::PathBuf;

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
        Ok(Self { options, run: random_hex::<4>()?, password: random_hex::<16>()?, redactions })
    }

    /// Where the output of `name` is kept.
    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.options.work_dir.join("logs").join(format!("{name}.log"))
    }
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
