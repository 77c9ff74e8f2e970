//! What was done to both sides on purpose, and how each took it.

use serde::{Deserialize, Serialize};

use crate::role::Pair;

/// One fault and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultEvidence {
    /// Its name, as in the plan.
    pub name: String,
    /// What was done, in words; `null`: it was not done.
    pub applied: Option<String>,
    /// Why it was not done, or why it showed nothing; `null`: it was done and was felt.
    pub not_applied: Option<String>,
    /// Pairs of answers compared, during the fault and after it.
    pub compared: u64,
    /// Breaking differences, counted singly; what they are stands among those of the replay.
    pub breaking: u64,
    /// What the sides answered while it lasted.
    pub answers: Vec<FaultAnswers>,
    /// How each side came out of it; `null`: nothing was measured.
    pub aftermath: Pair<Option<Aftermath>>,
}

/// What one probe was answered on either side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultAnswers {
    /// Name of the probe.
    pub step: String,
    /// Whether single answers were compared with each other, or which kinds of them there were.
    pub by: ComparedBy,
    /// The kinds of answers, such as `503 DATABASE_BUSY`, each with its number.
    pub sides: Pair<Vec<AnswerCount>>,
}

/// How answers were compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ComparedBy {
    /// One answer with one answer, in full.
    Answer,
    /// Which kinds there were, and one answer of each kind in full: how many there are of each depends on the moment.
    Kinds,
}

/// So many answers of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCount {
    /// Status and error code, such as `503 DATABASE_BUSY`, or why there was no answer.
    pub answer: String,
    /// How many.
    pub count: u64,
}

/// How a side came out of a fault.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    /// From the end of the fault until the side answered as expected; `null`: it did not in time.
    pub recovered_ms: Option<u64>,
    /// Connections before the fault.
    pub before: Connections,
    /// The most that were seen while it lasted.
    pub during: Connections,
    /// Connections once the side was at rest again.
    pub after: Connections,
}

/// Connections of a side to its database at one moment; `null`: not known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Connections {
    /// Taken out of the pool.
    pub used: Option<u64>,
    /// Open and at rest in the pool.
    pub idle: Option<u64>,
    /// Most that the pool opens.
    pub max: Option<u64>,
    /// Requests that wait for one.
    pub pending: Option<u64>,
    /// Waits given up since the side was started.
    pub timeouts: Option<u64>,
    /// Sessions that the database server has of this side.
    pub sessions: Option<u64>,
    /// Of these, in a transaction or running a statement.
    pub busy: Option<u64>,
    /// Of these, waiting for a lock.
    pub waiting: Option<u64>,
}

impl Connections {
    /// Connections that are not where they belong when nothing is going on: taken out of the pool, in a transaction, or
    /// sessions that the pool knows nothing of, whichever are most. `None`: nothing is known.
    pub fn astray(&self) -> Option<u64> {
        let known = self.used.zip(self.idle).map(|(used, idle)| used + idle);
        let strange = self.sessions.zip(known).map(|(sessions, known)| sessions.saturating_sub(known));
        [self.used, self.busy, strange].into_iter().flatten().max()
    }

    /// The larger of each figure.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        Self {
            used: self.used.max(other.used),
            idle: self.idle.max(other.idle),
            max: self.max.max(other.max),
            pending: self.pending.max(other.pending),
            timeouts: self.timeouts.max(other.timeouts),
            sessions: self.sessions.max(other.sessions),
            busy: self.busy.max(other.busy),
            waiting: self.waiting.max(other.waiting),
        }
    }
}
