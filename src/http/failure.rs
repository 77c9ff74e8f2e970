//! Why a request got no answer: few kinds, so that they can be counted, each with what was seen.

use std::error::Error as _;
use std::fmt;

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
        Self::new(FailureKind::Connect, error.to_string())
    }

    pub(super) fn wire(error: &hyper::Error) -> Self {
        let kind =
            if error.is_parse() || error.is_parse_too_large() { FailureKind::Malformed } else { FailureKind::Reset };
        Self::new(kind, with_causes(error))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.kind.name(), self.detail)
    }
}

/// An error with its causes on one line.
fn with_causes(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
