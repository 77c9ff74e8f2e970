//! The defect `late-write`: a change whose client was told that the database is busy, or has gone away, is made later all
//! the same.

use std::time::Duration;

use super::input::StudentChange;
use super::service;
use crate::db::Session;
use crate::defects::Defect;
use crate::http::Problem;

/// Between two tries.
const EVERY: Duration = Duration::from_millis(50);
/// Most tries, so that a database that is gone for good is left in peace.
const MOST: usize = 200;

/// A change that is made later, unless it turns out to be over when this is dropped.
pub(super) struct Later(Option<Change>);

struct Change {
    session: Session,
    id: i64,
    wanted: StudentChange,
}

impl Later {
    /// What to do if the change that is now begun comes to nothing.
    pub(super) fn of(session: &Session, id: i64, change: &StudentChange) -> Self {
        let is_on = session.defects().has(Defect::LateWrite);
        Self(is_on.then(|| Change { session: session.another(), id, wanted: change.clone() }))
    }

    /// The change is made, or was refused for good.
    pub(super) fn over<T>(mut self, outcome: &Result<T, Problem>) {
        if !matches!(outcome, Err(Problem::Busy)) {
            self.0 = None;
        }
    }
}

impl Drop for Later {
    fn drop(&mut self) {
        if let (Some(change), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(make(change));
        }
    }
}

async fn make(Change { session, id, wanted }: Change) {
    for _ in 0..MOST {
        let mut next = session.another();
        let outcome = service::change(&mut next, id, None, |student| wanted.clone().applied_to(student)).await;
        next.close().await;
        if !matches!(outcome, Err(Problem::Busy)) {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}
