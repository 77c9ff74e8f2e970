//! Why a request got no answer: few kinds, so that they can be counted, each with what was seen.

use std::error::Error as _;
use std::fmt;

use rustix::io::Errno;

/// Kind of failure, as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FailureKind {
    /// No connection could be made.
    Connect,
    /// The whole answer had not come in time.
    Timeout,
    /// The connection was closed or reset before the whole answer had come.
    Reset,
    /// What came is not HTTP.
    Malformed,
    /// The body is larger than the limit.
    TooLarge,
    /// This machine had no more ports, files or buffers for a connection: no fault of the side.
    Exhausted,
}

impl FailureKind {
    /// As `run.json` spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::Exhausted => "exhausted",
        }
    }
}

/// A request that got no whole answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// How it is counted.
    pub kind: FailureKind,
    /// What was seen, in words.
    pub detail: String,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    pub(super) fn connect(error: &std::io::Error) -> Self {
        let ours = [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM];
        let is_ours = error.raw_os_error().is_some_and(|code| ours.iter().any(|errno| errno.raw_os_error() == code));
        Self::new(if is_ours { FailureKind::Exhausted } else { FailureKind::Connect }, error.to_string())
    }

    /// The connection broke.
    pub(super) fn broken(error: &std::io::Error) -> Self {
        Self::new(FailureKind::Reset, error.to_string())
    }

    pub(super) fn closed() -> Self {
        Self::new(FailureKind::Reset, "connection closed before the whole answer had come")
    }

    /// A connection that broke, or a side that does not keep to HTTP/2.
    pub(super) fn http2(error: &h2::Error) -> Self {
        // What the other end says is an end; what we say of it is a complaint.
        let is_an_end = error.is_io() || error.is_remote();
        Self::new(if is_an_end { FailureKind::Reset } else { FailureKind::Malformed }, with_causes(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

/// An error with its causes on one line.
fn with_causes(error: &h2::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_lacks_is_no_failure_of_the_side() {
        let kind = |errno: Errno| Failure::connect(&std::io::Error::from_raw_os_error(errno.raw_os_error())).kind;
        for errno in [Errno::MFILE, Errno::NFILE, Errno::ADDRNOTAVAIL, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(kind(errno), FailureKind::Exhausted, "{errno}");
        }
        for errno in [Errno::CONNREFUSED, Errno::TIMEDOUT, Errno::HOSTUNREACH] {
            assert_eq!(kind(errno), FailureKind::Connect, "{errno}");
        }
    }
}
