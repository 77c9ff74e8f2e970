//! A limited pool of blocking threads, as AnyIO's `run_sync` with its capacity limiter.

use std::panic::resume_unwind;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tracing::Span;

use crate::db::Session;

/// At most so many jobs at a time, first come first served.
pub(crate) struct Workers {
    limit: Arc<Semaphore>,
}

impl Workers {
    /// A pool of `threads` workers.
    pub(super) fn new(threads: usize) -> Self {
        Self { limit: Arc::new(Semaphore::new(threads)) }
    }

    /// Waits for a worker, then blocks it until the job is done.
    pub(super) async fn run<T, J>(&self, session: Session, job: J) -> (Session, T)
    where
        J: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, T> + Send + 'static,
        T: Send + 'static,
    {
        let turn = Arc::clone(&self.limit).acquire_owned().await;
        let runtime = Handle::current();
        on_a_thread(move || {
            let mut session = session;
            let outcome = runtime.block_on(job(&mut session));
            drop(turn);
            (session, outcome)
        })
        .await
    }
}

/// Closes a session on a thread outside the limit. FastAPI does so since closing behind the limit was found
/// to deadlock: those who wait for a connection held every thread that could have given one back.
pub(super) async fn close(session: Session) {
    if !session.holds_connection() {
        return;
    }
    let runtime = Handle::current();
    on_a_thread(move || runtime.block_on(session.close())).await;
}

async fn on_a_thread<T: Send + 'static>(job: impl FnOnce() -> T + Send + 'static) -> T {
    let span = Span::current();
    match spawn_blocking(move || span.in_scope(job)).await {
        Ok(outcome) => outcome,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // Only a runtime that shuts down refuses a job, and it drops this task next.
        Err(_) => std::future::pending().await,
    }
}
