//! Exit codes. CI acts on them; a code never changes its meaning.

use std::process::ExitCode;

use super::options::UsageError;
use crate::record::{RunRecord, Verdict};

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: verdict pass, or the command did what it was asked.
    Pass,
    /// 1: verdict fail, roll back.
    Fail,
    /// 2: the arguments or the plan are invalid; nothing was started.
    Usage,
    /// 3: a side or its environment could not be started, or died; or a file could not be written.
    Environment,
    /// 4: the evidence is inconclusive or invalid, or nothing was checked.
    Undecided,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// The number that the shell sees.
    pub const fn code(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Fail => 1,
            Self::Usage => 2,
            Self::Environment => 3,
            Self::Undecided => 4,
            Self::Interrupted => 130,
        }
    }
}

/// Why a command did not do what it was asked: what to print, and how the program ends.
#[derive(Debug)]
pub(super) struct Refused(pub(super) String, pub(super) Exit);

impl From<UsageError> for Refused {
    fn from(UsageError(message): UsageError) -> Self {
        Self(message, Exit::Usage)
    }
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Pass => Self::Pass,
            Verdict::Fail => Self::Fail,
            Verdict::Inconclusive | Verdict::Invalid => Self::Undecided,
        }
    }
}

/// The same for all commands that come to a record: whoever asked for figures and has them got what was asked for.
impl From<&RunRecord> for Exit {
    fn from(record: &RunRecord) -> Self {
        if record.has_figures_only() { Self::Pass } else { Self::from(record.verdict) }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
