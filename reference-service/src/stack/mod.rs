//! The two ways in which the same services are driven. This is the only place where they differ.
//!
//! `async`: every job is awaited on the event loop, and the session is closed before the answer is
//! serialised. `blocking`: every job runs on one of the worker threads and holds that thread while it waits,
//! for a connection or for the database; the session is closed by a job outside that limit, after the answer
//! has been built. Knows nothing of students.

mod workers;

use clap::ValueEnum;
use futures_util::future::BoxFuture;

use crate::db::Session;
use workers::Workers;

/// Which stack drives the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum StackKind {
    /// Asynchronous from end to end
    Async,
    /// A worker pool of threads that block on the database
    Blocking,
}

/// A stack that is ready to drive.
pub(crate) enum Stack {
    /// Awaits.
    Async,
    /// Blocks worker threads.
    Blocking(Workers),
}

impl Stack {
    /// A stack; `threads` counts for the blocking one only.
    pub(crate) fn new(kind: StackKind, threads: usize) -> Self {
        match kind {
            StackKind::Async => Self::Async,
            StackKind::Blocking => Self::Blocking(Workers::new(threads)),
        }
    }

    /// Does one job on a session and hands the session back.
    pub(crate) async fn drive<T, J>(&self, mut session: Session, job: J) -> (Session, T)
    where
        J: for<'s> FnOnce(&'s mut Session) -> BoxFuture<'s, T> + Send + 'static,
        T: Send + 'static,
    {
        match self {
            Self::Async => {
                let outcome = job(&mut session).await;
                (session, outcome)
            }
            Self::Blocking(workers) => workers.run(session, job).await,
        }
    }

    /// Closes a session and builds the answer, in the order of this stack.
    pub(crate) async fn finish<T>(&self, session: Session, build: impl FnOnce() -> T) -> T {
        match self {
            Self::Async => {
                session.close().await;
                build()
            }
            Self::Blocking(_) => {
                let answer = build();
                workers::close(session).await;
                answer
            }
        }
    }
}
