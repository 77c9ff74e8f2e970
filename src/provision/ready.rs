//! Waiting until a side answers.

use std::time::{Duration, Instant};

use super::error::{Cause, ProvisionError};
use super::process::{Process, describe};
use crate::http::{Connection, Failure, FailureKind, Keep, Limits, Origin, OriginError};
use crate::plan::Transport;
use crate::role::Role;

/// One try takes no longer than this.
const TRY: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a side is not ready yet.
enum Refusal {
    NoAnswer,
    Answer(String),
    /// No waiting will help.
    Never(OriginError),
}

/// Waiting for one side, with a deadline.
pub(super) struct Readiness<'a> {
    pub(super) role: Role,
    pub(super) transport: &'a Transport,
    /// Whether any answer will do.
    pub(super) by_any: bool,
    pub(super) begun: Instant,
    pub(super) timeout: Duration,
}

impl Readiness<'_> {
    /// Asks until the answer is 2xx, or any where that will do; ends at once when the process has ended. Gives back how the side is spoken to.
    pub(super) async fn wait_for(
        &self,
        base_url: &str,
        path: &str,
        mut process: Option<&mut Process>,
    ) -> Result<Origin, ProvisionError> {
        let url = format!("{base_url}{path}");
        let mut refused = Cause(format!("GET {url}: not tried"));
        loop {
            let patience = TRY.min(self.remaining()).max(PAUSE);
            match self.ask(base_url, path, patience).await {
                Ok(origin) => return Ok(origin),
                // The last try is cut short by the deadline, which says nothing; what the one before it said stands.
                Err(Refusal::NoAnswer) if patience < TRY => {}
                Err(Refusal::NoAnswer) => refused = Cause(format!("GET {url}: no answer within {}s", TRY.as_secs())),
                Err(Refusal::Answer(answer)) => refused = Cause(format!("GET {url}: {answer}")),
                Err(Refusal::Never(source)) => return Err(ProvisionError::Unreachable { role: self.role, source }),
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

    async fn ask(&self, base_url: &str, path: &str, patience: Duration) -> Result<Origin, Refusal> {
        let resolved = tokio::time::timeout(patience, Origin::resolve_over(base_url, self.transport)).await;
        let origin = resolved
            .map_err(|_| Refusal::NoAnswer)?
            .map_err(|error| if error.may_pass() { Refusal::Answer(error.in_full()) } else { Refusal::Never(error) })?;
        let request = origin.get(path).map_err(|error| Refusal::Answer(error.to_string()))?;
        let mut connection = Connection::new(origin, Limits::within(patience));
        match connection.exchange(&request, Keep::Length).await.outcome {
            Ok(answer) if self.by_any || (200..300).contains(&answer.status) => Ok(connection.origin().clone()),
            Ok(answer) => Err(Refusal::Answer(format!("status {}", answer.status))),
            Err(Failure { kind: FailureKind::Timeout, .. }) => Err(Refusal::NoAnswer),
            Err(failure) => Err(Refusal::Answer(failure.detail)),
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
