//! Releases each arrival of a block when it is due.
//!
//! It runs on the threads of the users, and its timer is one of the things that such a thread waits for beside its
//! sockets: the thread that the timer wakes also does the user's request. Where a thread of its own released arrivals,
//! it had to be woken first, and then had to wake another.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::block::Block;
use crate::clock::{Timer, WAKING};
use crate::schedule::Arrival;

/// The pacing of one block; ends when the last arrival was released, or when it is dropped.
pub(super) struct Pacing(JoinHandle<io::Result<()>>);

impl Pacing {
    /// Begins to release the arrivals of a block, on the threads of a runtime.
    pub(super) fn start(runtime: &Handle, block: Arc<Block>, arrivals: Vec<Arrival>) -> Self {
        Self(runtime.spawn(async move { release_all(&block, &arrivals).await }))
    }

    /// Lets it come to its end within so much time, then releases nothing more. Blocks the thread.
    ///
    /// # Errors
    /// There was no timer to be had, so arrivals were not released.
    pub(super) fn end(mut self, runtime: &Handle, patience: Duration) -> io::Result<()> {
        match runtime.block_on(async { timeout(patience, &mut self.0).await }) {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(error)) => Err(io::Error::other(error)),
            Err(_) => Ok(()),
        }
    }
}

impl Drop for Pacing {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn release_all(block: &Block, arrivals: &[Arrival]) -> io::Result<()> {
    let mut timer = Timer::new()?;
    for arrival in arrivals {
        let due = block.info.start + arrival.at;
        if due > Instant::now() {
            // The timer wakes early; an arrival is never early.
            timer.until(due + WAKING).await?;
        }
        block.release(arrival.flow);
    }
    Ok(())
}
