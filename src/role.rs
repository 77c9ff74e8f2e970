//! The two sides of a migration by name. Everything that exists once per side is a [`Pair`].

use serde::{Deserialize, Serialize};

/// Which of the two systems: the old one or the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The system that runs today.
    Baseline,
    /// The system that is meant to take over.
    Candidate,
}

impl Role {
    /// Both, in the order in which reports name them.
    pub const BOTH: [Self; 2] = [Self::Baseline, Self::Candidate];

    /// The name as plans, files and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "baseline",
            Self::Candidate => "candidate",
        }
    }

    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Baseline => Self::Candidate,
            Self::Candidate => Self::Baseline,
        }
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// One value per side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pair<T> {
    /// The old system's.
    pub baseline: T,
    /// The new system's.
    pub candidate: T,
}

impl<T> Pair<T> {
    /// Makes both values with one function, the baseline's first.
    pub fn from_fn(mut make: impl FnMut(Role) -> T) -> Self {
        Self { baseline: make(Role::Baseline), candidate: make(Role::Candidate) }
    }

    /// The value of one side.
    pub const fn get(&self, role: Role) -> &T {
        match role {
            Role::Baseline => &self.baseline,
            Role::Candidate => &self.candidate,
        }
    }

    /// The value of one side, to change it.
    pub const fn get_mut(&mut self, role: Role) -> &mut T {
        match role {
            Role::Baseline => &mut self.baseline,
            Role::Candidate => &mut self.candidate,
        }
    }

    /// Both values, borrowed.
    pub const fn as_ref(&self) -> Pair<&T> {
        Pair { baseline: &self.baseline, candidate: &self.candidate }
    }

    /// Both values with their names, the baseline's first.
    pub fn iter(&self) -> impl Iterator<Item = (Role, &T)> {
        [(Role::Baseline, &self.baseline), (Role::Candidate, &self.candidate)].into_iter()
    }

    /// A new pair made from each value.
    pub fn map<U>(self, mut change: impl FnMut(Role, T) -> U) -> Pair<U> {
        Pair { baseline: change(Role::Baseline, self.baseline), candidate: change(Role::Candidate, self.candidate) }
    }
}
