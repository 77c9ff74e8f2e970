//! What the service does wrong on purpose, so that a harness can show that it finds it.
//!
//! Every defect is off unless it is named on the command line. Each is consulted at one place.

use std::fs::File;
use std::str::FromStr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use thiserror::Error;

use crate::auth::Caller;

/// A defect that can be asked for: its name, what it does, and its value when none is given.
#[derive(Debug, Clone, Copy)]
pub struct DefectInfo {
    /// As written after `--defect`.
    pub name: &'static str,
    /// What a client sees, in one line.
    pub summary: &'static str,
    /// The value when only the name is given; `None` for defects that take no value.
    pub default: Option<u64>,
    defect: Defect,
}

/// The defects, by the hook that consults them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Defect {
    WrongStatus,
    ErrorCode,
    MissingField,
    NullForAbsent,
    FloatForInt,
    NaiveDatetime,
    TruncatedMicros,
    ArrayOrder,
    OffByOnePage,
    LostHeader,
    LostUpdate,
    DoubleClaim,
    LostWrite,
    PartialBatch,
    LateWrite,
    LeakConnection,
    LeakMemory,
    LeakFile,
    SlowTail,
    NPlusOne,
    BlockingCall,
    ErrorDetail,
    SessionBleed,
}

const fn info(defect: Defect, name: &'static str, default: Option<u64>, summary: &'static str) -> DefectInfo {
    DefectInfo { name, summary, default, defect }
}

/// Every defect there is.
pub const DEFECTS: [DefectInfo; 23] = [
    info(Defect::WrongStatus, "wrong-status", None, "what is not found answers 400 instead of 404"),
    info(Defect::ErrorCode, "error-code", None, "STUDENT_NOT_FOUND becomes NOT_FOUND in the body"),
    info(Defect::MissingField, "missing-field", None, "students come without `email`"),
    info(Defect::NullForAbsent, "null-for-absent", None, "a student without phone has `phone: null`, not no `phone`"),
    info(Defect::FloatForInt, "float-for-int", None, "`credits` is written as 12.0 instead of 12"),
    info(Defect::NaiveDatetime, "naive-datetime", None, "instants lose their offset `Z`"),
    info(Defect::TruncatedMicros, "truncated-micros", None, "instants lose their microseconds (milliseconds stay)"),
    info(
        Defect::ArrayOrder,
        "array-order",
        None,
        "lists sorted by a column with ties come in any order (no tie-breaker)",
    ),
    info(Defect::OffByOnePage, "off-by-one-page", None, "page 1 starts where page 2 should"),
    info(Defect::LostHeader, "lost-header", None, "`ETag` and `Location` are not sent"),
    info(
        Defect::LostUpdate,
        "lost-update",
        None,
        "PATCH reads, then writes every column without a lock (concurrency only)",
    ),
    info(Defect::DoubleClaim, "double-claim", None, "a review is chosen without a lock (concurrency only)"),
    info(Defect::LostWrite, "lost-write", None, "POST of a student answers 201 and rolls back"),
    info(Defect::PartialBatch, "partial-batch", None, "a refused batch keeps the rows before the refused one"),
    info(
        Defect::LateWrite,
        "late-write",
        None,
        "a PATCH that was answered 503, or whose client left, is done later all the same",
    ),
    info(Defect::LeakConnection, "leak-connection", Some(100), "1 in N sessions never gives its connection back"),
    info(Defect::LeakMemory, "leak-memory", Some(16), "every request leaves N KiB of memory behind"),
    info(Defect::LeakFile, "leak-file", Some(10), "1 in N requests leaves a file open"),
    info(Defect::SlowTail, "slow-tail", Some(50), "1 in N requests sleeps 400 ms"),
    info(Defect::NPlusOne, "n-plus-one", None, "a list reads each of its students again, one by one"),
    info(Defect::BlockingCall, "blocking-call", Some(20), "every handler blocks its thread for N ms"),
    info(Defect::ErrorDetail, "error-detail", None, "a duplicate answers 500 with the database's own text"),
    info(Defect::SessionBleed, "session-bleed", None, "a caller may act in the role of another one (concurrency only)"),
];

/// One `--defect NAME[=VALUE]`.
#[derive(Debug, Clone, Copy)]
pub struct DefectSetting {
    defect: Defect,
    value: u64,
}

/// Why a `--defect` is not one.
#[derive(Debug, Error)]
pub enum DefectError {
    /// No defect of that name.
    #[error("there is no defect `{0}`{1}")]
    Unknown(String, String),
    /// A value where none belongs.
    #[error("`{0}` takes no value")]
    NoValue(&'static str),
    /// A value that is not a whole number from 1.
    #[error("`{0}` takes a whole number from 1, not `{1}`")]
    BadValue(&'static str, String),
}

impl FromStr for DefectSetting {
    type Err = DefectError;

    fn from_str(text: &str) -> Result<Self, DefectError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let info = DEFECTS
            .iter()
            .find(|info| info.name == name)
            .ok_or_else(|| DefectError::Unknown(name.to_owned(), suggestion(name)))?;
        let value = match (value, info.default) {
            (None, default) => default.unwrap_or(1),
            (Some(_), None) => return Err(DefectError::NoValue(info.name)),
            (Some(text), Some(_)) => parse_value(info.name, text)?,
        };
        Ok(Self { defect: info.defect, value })
    }
}

fn parse_value(name: &'static str, text: &str) -> Result<u64, DefectError> {
    match text.parse() {
        Ok(value) if value >= 1 => Ok(value),
        _ => Err(DefectError::BadValue(name, text.to_owned())),
    }
}

fn suggestion(name: &str) -> String {
    let nearest = DEFECTS
        .iter()
        .map(|info| (strsim::jaro_winkler(name, info.name), info.name))
        .max_by(|left, right| left.0.total_cmp(&right.0));
    match nearest {
        Some((likeness, nearest)) if likeness > 0.7 => format!("; did you mean `{nearest}`?"),
        _ => format!("; there are {}", DEFECTS.map(|info| info.name).join(", ")),
    }
}

/// The defects that are on.
#[derive(Debug, Default)]
pub(crate) struct Defects {
    on: Vec<Active>,
    bled: Mutex<Option<Caller>>,
    left: Mutex<Vec<Left>>,
}

/// What a request left behind.
#[derive(Debug)]
enum Left {
    Memory(#[expect(dead_code, reason = "held")] Box<[u8]>),
    File(#[expect(dead_code, reason = "held")] File),
}

#[derive(Debug)]
struct Active {
    setting: DefectSetting,
    calls: AtomicU64,
}

impl Defects {
    /// The defects that were asked for.
    pub(crate) fn new(settings: &[DefectSetting]) -> Self {
        let active = |setting: &DefectSetting| Active { setting: *setting, calls: AtomicU64::new(0) };
        Self { on: settings.iter().map(active).collect(), bled: Mutex::default(), left: Mutex::default() }
    }

    /// Whether a defect changes what bodies hold.
    pub(crate) fn spoil_bodies(&self) -> bool {
        const SPOILERS: [Defect; 5] = [
            Defect::MissingField,
            Defect::NullForAbsent,
            Defect::FloatForInt,
            Defect::NaiveDatetime,
            Defect::TruncatedMicros,
        ];
        self.on.iter().any(|active| SPOILERS.contains(&active.setting.defect))
    }

    /// Whether a defect is on.
    pub(crate) fn has(&self, defect: Defect) -> bool {
        self.value(defect).is_some()
    }

    /// The value of a defect that is on.
    pub(crate) fn value(&self, defect: Defect) -> Option<u64> {
        self.active(defect).map(|active| active.setting.value)
    }

    /// Whether a defect of the kind "1 in N" strikes this time: the Nth, 2Nth, … call.
    pub(crate) fn strikes(&self, defect: Defect) -> bool {
        self.active(defect).is_some_and(|active| {
            let call = active.calls.fetch_add(1, Ordering::Relaxed) + 1;
            call.is_multiple_of(active.setting.value)
        })
    }

    /// `leak-memory` and `leak-file`: a request leaves something behind for good.
    pub(crate) fn leave_behind(&self) {
        let memory = self.value(Defect::LeakMemory).map(|kib| vec![1; kib as usize * 1024].into_boxed_slice());
        let file = self.strikes(Defect::LeakFile).then(|| File::open("/dev/null").ok()).flatten();
        if let Ok(mut left) = self.left.lock() {
            left.extend(memory.map(Left::Memory).into_iter().chain(file.map(Left::File)));
        }
    }

    /// `session-bleed`: the caller is remembered where everyone's is, and read again later.
    pub(crate) async fn bleed(&self, caller: Caller) -> Caller {
        if !self.has(Defect::SessionBleed) {
            return caller;
        }
        self.remember(caller.clone());
        tokio::task::yield_now().await;
        self.recall().unwrap_or(caller)
    }

    fn remember(&self, caller: Caller) {
        if let Ok(mut slot) = self.bled.lock() {
            *slot = Some(caller);
        }
    }

    fn recall(&self) -> Option<Caller> {
        self.bled.lock().ok()?.clone()
    }

    fn active(&self, defect: Defect) -> Option<&Active> {
        self.on.iter().find(|active| active.setting.defect == defect)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_checked() {
        let wrong = |text: &str| text.parse::<DefectSetting>().expect_err(text).to_string();
        assert_eq!(wrong("slow-tali"), "there is no defect `slow-tali`; did you mean `slow-tail`?");
        assert_eq!(wrong("slow-tail=0"), "`slow-tail` takes a whole number from 1, not `0`");
        assert_eq!(wrong("wrong-status=1"), "`wrong-status` takes no value");
        assert!(wrong("zzz").contains("there are wrong-status, "));
    }

    #[test]
    fn one_in_n_strikes_every_nth_time() {
        let defects = Defects::new(&["slow-tail=3".parse().expect("a defect")]);
        let strikes: Vec<bool> = (0..6).map(|_| defects.strikes(Defect::SlowTail)).collect();
        assert_eq!(strikes, [false, false, true, false, false, true]);
        assert!(!defects.strikes(Defect::LeakConnection));
    }

    #[test]
    fn the_readme_lists_every_defect() {
        let readme = include_str!("../README.md");
        for info in DEFECTS {
            let value = info.default.map(|value| value.to_string()).unwrap_or_default();
            let line = format!("| `{}` | {value} | {} |", info.name, info.summary);
            assert!(readme.contains(&line), "{line}");
        }
    }
}
