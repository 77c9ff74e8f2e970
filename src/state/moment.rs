//! After what the databases are compared, and what that means for whoever reads of it. Pure.

use std::time::Duration;

use crate::record::reproduce::Again;

/// One moment at which the databases are compared.
#[derive(Debug, Clone)]
pub(super) struct Moment {
    /// `parity`, `faults` or `load`.
    pub(super) phase: &'static str,
    /// The flow that was done before, or what else was.
    pub(super) after: String,
    /// What has to be done besides requests to see a difference again.
    pub(super) about: Option<String>,
    /// What has to be run for it.
    pub(super) again: Again,
    /// Whether the schemas are compared too.
    pub(super) whole: bool,
    /// How long to wait first until nothing moves in the databases any more; `None`: nothing does.
    pub(super) patience: Option<Duration>,
}

impl Moment {
    const fn new(phase: &'static str, after: String, again: Again) -> Self {
        Self { phase, after, about: None, again, whole: true, patience: None }
    }

    /// Between two flows of the replay, or before the first, after the login.
    pub(super) fn of_replay(after: &str, whole: bool) -> Self {
        let again = if after == "login" { Again::Verify } else { Again::Flow };
        Self { whole, ..Self::new("parity", after.to_owned(), again) }
    }

    /// On fresh databases, before a phase does anything to them.
    pub(super) fn before(phase: &'static str) -> Self {
        Self::new(phase, format!("before the {phase}"), Again::Verify)
    }

    /// After a fault, under the name that its answers are told under.
    pub(super) fn after_fault(name: &str, about: String, patience: Duration) -> Self {
        let moment = Self::new("faults", name.to_owned(), Again::Verify);
        Self { about: Some(about), patience: Some(patience), ..moment }
    }

    /// After the load.
    pub(super) fn after_load(patience: Duration) -> Self {
        let about = "the load, after which the databases were compared".to_owned();
        Self { about: Some(about), patience: Some(patience), ..Self::new("load", "load".to_owned(), Again::Load) }
    }
}

impl Default for Moment {
    fn default() -> Self {
        Self::of_replay("", false)
    }
}
