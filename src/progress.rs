//! What is going on, told to whoever shows it. The phases say it; the terminal decides how it looks.

use std::sync::Arc;
use std::time::Duration;

/// Something that a person who waits wants to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A phase begins, such as `parity`.
    Phase(String),
    /// One thing that was decided or done, such as which database was chosen.
    Note(String),
    /// Something that the figures suffer from.
    Warning(String),
    /// How far the phase is.
    Progress {
        /// Steps done.
        done: u64,
        /// Steps in all.
        total: u64,
        /// What is being done now.
        now: String,
        /// Time until the phase is over, where it can be told.
        left: Option<Duration>,
    },
}

/// Where events go.
#[derive(Clone)]
pub struct Progress(Arc<dyn Fn(Event) + Send + Sync>);

impl Progress {
    /// Events go to a function.
    pub fn new(sink: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(sink))
    }

    /// Events go nowhere.
    pub fn silent() -> Self {
        Self::new(|_| {})
    }

    /// A phase begins.
    pub fn phase(&self, name: &str) {
        (self.0)(Event::Phase(name.to_owned()));
    }

    /// One thing that was decided or done.
    pub fn note(&self, text: impl Into<String>) {
        (self.0)(Event::Note(text.into()));
    }

    /// Something that the figures suffer from.
    pub fn warn(&self, text: impl Into<String>) {
        (self.0)(Event::Warning(text.into()));
    }

    /// How far the phase is.
    pub fn step(&self, done: u64, total: u64, now: impl Into<String>, left: Option<Duration>) {
        (self.0)(Event::Progress { done, total, now: now.into(), left });
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Progress")
    }
}
