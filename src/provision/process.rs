//! A process that the harness started: in a group of its own, guarded from its first moment, stopped with its children.

use std::io::PipeReader;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::guard::Guard;
use super::output::{Destination, Output};

/// How often a process is asked whether it has ended.
const POLL: Duration = Duration::from_millis(5);

/// What becomes of a process whose harness was killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Orphan {
    /// It holds a pipe from us and ends when that closes.
    EndsByItself,
    /// A guard kills its group.
    IsKilled,
    /// Somebody else sees to it.
    IsSeenToElsewhere,
}

/// A running process and its children. Dropping it kills them all and waits until the process is gone.
pub(super) struct Process {
    child: Child,
    group: Option<Pid>,
    output: Output,
    status: Option<ExitStatus>,
    /// Open as long as the process shall live, where it watches its standard input.
    _stdin: Option<ChildStdin>,
    _guard: Option<Guard>,
}

impl Process {
    /// Starts a command; standard output and error go to `destination` in the order written.
    pub(super) fn spawn(mut command: Command, orphan: Orphan, destination: Destination) -> std::io::Result<Self> {
        let output = redirect(&mut command)?;
        command.stdin(if orphan == Orphan::EndsByItself { Stdio::piped() } else { Stdio::null() });
        let mut child = command.process_group(0).spawn()?;
        // The command holds the writing end of the pipe; while it lives the output never ends.
        drop(command);
        let stdin = child.stdin.take();
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let guard = (orphan == Orphan::IsKilled).then(|| kill_group_guard(child.id())).transpose();
        let collected = Output::collect(output, destination);
        match (guard, collected) {
            (Ok(guard), Ok(output)) => Ok(Self { child, group, output, status: None, _stdin: stdin, _guard: guard }),
            (Err(error), _) | (_, Err(error)) => {
                signal(group, Signal::KILL);
                child.wait()?;
                Err(error)
            }
        }
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(super) const fn output(&self) -> &Output {
        &self.output
    }

    /// How it ended, if it has.
    pub(super) fn exited(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().ok().flatten();
        }
        self.status
    }

    /// Sends each signal in turn and waits so long for it to take effect; at last kills the whole group. Returns whether
    /// one of the signals sufficed.
    pub(super) async fn stop(mut self, steps: &[(Signal, Duration)]) -> bool {
        for (step, patience) in steps {
            if self.exited().is_none() {
                signal(self.group, *step);
            }
            if self.ended_within(*patience).await {
                return true;
            }
        }
        false
    }

    /// Sends a signal and waits for nothing.
    pub(super) fn ask(&self, step: Signal) {
        signal(self.group, step);
    }

    /// Waits for the end of the process.
    pub(super) async fn ended_within(&mut self, patience: Duration) -> bool {
        let deadline = Instant::now() + patience;
        while self.exited().is_none() {
            if Instant::now() >= deadline {
                return false;
            }
            tokio::time::sleep(POLL).await;
        }
        true
    }

    /// Gives the process a last chance to tidy up, for use in destructors.
    pub(super) fn signal_and_wait(&mut self, step: Signal, patience: Duration) {
        let deadline = Instant::now() + patience;
        signal(self.group, step);
        while self.exited().is_none() && Instant::now() < deadline {
            std::thread::sleep(POLL);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Also after an orderly end: its children may have stayed.
        signal(self.group, Signal::KILL);
        if self.status.is_none() {
            let _ = self.child.wait();
        }
    }
}

/// One pipe for both streams, so that lines keep their order.
fn redirect(command: &mut Command) -> std::io::Result<PipeReader> {
    let (reader, writer) = std::io::pipe()?;
    command.stdout(writer.try_clone()?).stderr(writer);
    Ok(reader)
}

fn kill_group_guard(pid: u32) -> std::io::Result<Guard> {
    Guard::new("kill -s KILL -- \"-$1\"", [pid.to_string()])
}

fn signal(group: Option<Pid>, signal: Signal) {
    if let Some(group) = group {
        // A group that is gone already cannot be signalled, and need not be.
        let _ = kill_process_group(group, signal);
    }
}

/// `status 101`, `signal 9`.
pub(super) fn describe(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("status {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "an unknown status".to_owned(),
    }
}
