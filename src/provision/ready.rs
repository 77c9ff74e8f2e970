//! Waiting until a side answers.

use std::time::{Duration, Instant};

use super::error::{Cause, ProvisionError};
use super::process::{Process, describe};
use crate::role::Role;

/// One try takes no longer than this.
const TRY: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a side is not ready yet.
enum Refusal {
    NoAnswer,
    Answer(String),
}

/// Waiting for one side, with a deadline.
pub(super) struct Readiness<'a> {
    pub(super) role: Role,
    pub(super) http: &'a reqwest::Client,
    pub(super) begun: Instant,
    pub(super) timeout: Duration,
}

impl Readiness<'_> {
    /// Asks until the answer is 2xx; ends at once when the process has ended.
    pub(super) async fn wait_for(&self, url: &str, mut process: Option<&mut Process>) -> Result<(), ProvisionError> {
        let mut refused = Cause(format!("GET {url}: not tried"));
        loop {
            let patience = TRY.min(self.remaining()).max(PAUSE);
            match self.ask(url, patience).await {
                Ok(()) => return Ok(()),
                // The last try is cut short by the deadline, which says nothing; what the one before it said stands.
                Err(Refusal::NoAnswer) if patience < TRY => {}
                Err(Refusal::NoAnswer) => refused = Cause(format!("GET {url}: no answer within {}s", TRY.as_secs())),
                Err(Refusal::Answer(answer)) => refused = Cause(format!("GET {url}: {answer}")),
            }
            self.check(process.as_deref_mut(), || refused.clone())?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until the process has printed where it listens.
    pub(super) async fn wait_for_announcement(&self, process: &mut Process) -> Result<String, ProvisionError> {
        loop {
            if let Some(announced) = process.output().announced() {
                return Ok(announced);
            }
            self.check(Some(process), || Cause::from("it has not said where it listens"))?;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask(&self, url: &str, patience: Duration) -> Result<(), Refusal> {
        match self.http.get(url).timeout(patience).send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => Err(Refusal::Answer(format!("status {}", answer.status().as_u16()))),
            Err(error) if error.is_timeout() => Err(Refusal::NoAnswer),
            Err(error) => Err(Refusal::Answer(innermost(&error))),
        }
    }

    fn check(&self, process: Option<&mut Process>, refused: impl FnOnce() -> Cause) -> Result<(), ProvisionError> {
        let mut last_lines = Vec::new();
        if let Some(process) = process {
            if let Some(status) = process.exited() {
                let (status, last_lines) = (describe(status), process.output().final_lines());
                return Err(ProvisionError::SideExited { role: self.role, status, last_lines });
            }
            last_lines = process.output().last_lines();
        }
        if self.remaining().is_zero() {
            return Err(ProvisionError::NotReady {
                role: self.role,
                waited: self.timeout,
                source: refused(),
                last_lines,
            });
        }
        Ok(())
    }

    fn remaining(&self) -> Duration {
        self.timeout.saturating_sub(self.begun.elapsed())
    }
}

/// `Connection refused` instead of three sentences around it.
fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
