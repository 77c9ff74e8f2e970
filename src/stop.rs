//! One flag that asks everything to come to an end in an orderly way: set by a signal, or by a side that died.

use std::sync::Arc;

use tokio::sync::watch;

/// A flag that is set once and can be waited for. Clones share it.
#[derive(Debug, Clone)]
pub struct Stop(Arc<watch::Sender<bool>>);

impl Default for Stop {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(false)))
    }
}

impl Stop {
    /// Asks everything to end.
    pub fn trigger(&self) {
        self.0.send_replace(true);
    }

    /// Whether the end was asked for.
    pub fn is_triggered(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until the end is asked for.
    pub async fn triggered(&self) {
        let mut receiver = self.0.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = receiver.wait_for(|stop| *stop).await;
    }
}
