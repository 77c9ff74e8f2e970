//! What generated requests found.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::parity::{Class, Kind};
use super::reproduce::ShellSecret;
use crate::role::Pair;

/// What generated requests found. The differences themselves are among those of the replay, under the flow `explore`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exploration {
    /// Requests that were asked for.
    pub wanted: u64,
    /// Requests sent to each side, those that made findings smaller aside.
    pub requests: u64,
    /// Sequences that they made up.
    pub sequences: u64,
    /// Requests sent to each side to make findings smaller and to see them again.
    pub extra_requests: u64,
    /// Requests that neither side answered.
    pub unanswered: u64,
    /// Seed that gives the same sequences on sides that answer the same.
    pub seed: u64,
    /// What each operation was asked and answered.
    pub operations: Vec<ExploredOperation>,
    /// Places that differ between two answers of the baseline itself, such as counters.
    pub unsteady: Vec<String>,
    /// What the shell must know for the requests of the findings.
    #[serde(default)]
    pub secrets: Vec<ShellSecret>,
    /// What differs, each with the shortest sequence that was found.
    pub findings: Vec<ExploreFinding>,
}

/// What one operation was asked and answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploredOperation {
    /// `GET /students/{id}`.
    pub operation: String,
    /// Requests sent to each side.
    pub requests: u64,
    /// How often the baseline answered with which status.
    pub statuses: BTreeMap<u16, u64>,
}

/// What one request is answered differently, with the shortest sequence of requests that shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploreFinding {
    /// The operation whose answers differ.
    pub operation: String,
    /// What differs in the answers to the last request, what matters most first.
    pub differences: Vec<ExploredDifference>,
    /// Calls of the sequence in which it was found.
    pub found_in: u64,
    /// From which data the requests below show it.
    pub origin: Origin,
    /// The requests, the last of them the one whose answers differ.
    pub calls: Vec<ExploredCall>,
    /// The same for a shell that has the address of a side in `SIDE`; ids go from one line to the next.
    #[serde(default)]
    pub requests: Vec<String>,
}

/// From which data a sequence shows a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// From those that the sides began with: seen there.
    Start,
    /// Only from those that earlier requests of the exploration had left.
    Earlier,
    /// Seen more than once; whether it needs earlier requests is not known, for the sides cannot begin again.
    Unknown,
    /// Seen once; the same sequence did not show it again.
    Once,
    /// Seen once, when the run came to its end.
    Unfinished,
}

impl Origin {
    /// For people.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Start => "seen on the data that the sides began with",
            Self::Earlier => "seen only after earlier requests of this exploration",
            Self::Unknown => "seen again; the sides cannot begin from their first data",
            Self::Once => "seen once, and not when the same was sent again",
            Self::Unfinished => "seen once; the run ended before it was sent again",
        }
    }
}

/// One place where the answers differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploredDifference {
    /// How much it matters.
    pub class: Class,
    /// What kind it is.
    pub kind: Kind,
    /// Where.
    #[serde(rename = "where")]
    pub place: String,
    /// What the baseline has there, shortened.
    pub baseline: Option<String>,
    /// What the candidate has there, shortened.
    pub candidate: Option<String>,
}

/// One request as it was sent to each side in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExploredCall {
    /// HTTP method.
    pub method: String,
    /// Path and query on each side.
    pub target: Pair<String>,
    /// Headers besides those that every request has.
    pub headers: Vec<(String, String)>,
    /// What was sent, shortened.
    pub body: Option<String>,
    /// `plan`, `nobody` or `forged`.
    pub caller: String,
    /// What came back.
    pub status: Pair<Option<u16>>,
}

impl ExploredCall {
    /// `POST /students {"name":"Ada"}`, as it went to the baseline.
    pub fn in_words(&self) -> String {
        let mut words = vec![self.method.clone(), self.target.baseline.clone()];
        words.extend(self.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        words.extend(self.body.clone());
        words.join(" ")
    }
}
