//! A time limit for one piece of work after the other.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Instant;

use tokio::time::Sleep;

/// One timer for all requests of a connection. It stays as it is while requests end in time, so that the timer wheel of the
/// runtime, which has a lock, is asked once per time limit and not once per request. Limits are set in the order in which
/// they end.
#[derive(Debug, Default)]
pub(super) struct Deadline {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Deadline {
    /// Does the work; `None`: it was not done by then.
    pub(super) async fn run<F: Future>(&mut self, until: Instant, work: F) -> Option<F::Output> {
        let mut work = pin!(work);
        poll_fn(|context| {
            if let Poll::Ready(output) = work.as_mut().poll(context) {
                return Poll::Ready(Some(output));
            }
            let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until.into())));
            while timer.as_mut().poll(context).is_ready() {
                if tokio::time::Instant::now().into_std() >= until {
                    return Poll::Ready(None);
                }
                timer.as_mut().reset(until.into());
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_that_is_late_is_given_up_however_often_the_timer_was_used() {
        let limit = Duration::from_secs(2);
        let mut deadline = Deadline::default();
        // The timer is set for the first; its time comes in the middle of the second.
        for _ in 0..2 {
            let work = tokio::time::sleep(Duration::from_millis(1_200));
            assert!(deadline.run(Instant::now() + limit, work).await.is_some());
        }
        let begun = Instant::now();
        assert!(deadline.run(begun + limit, std::future::pending::<()>()).await.is_none());
        assert!(begun.elapsed() >= limit);
    }
}
