//! Why the blocking stack is slower under load: threads that wait for a connection keep those who have one
//! from going on. No sleep does it; the same arrivals leave the asynchronous stack alone.

use reqwest::Method;
use tokio::task::JoinHandle;

use crate::pool::Lock;
use crate::support::{Database, PENDING, Service, TIMEOUTS, USED, within};

/// More than 40 threads and 15 connections.
const BURST: usize = 100;

#[tokio::test(flavor = "multi_thread")]
async fn a_burst_locks_the_blocking_stack_up() {
    let Some(database) = Database::postgres().await else { return };
    let service = Service::start(
        &database.url,
        &["--stack", "blocking", "--pool-timeout", "6s", "--statement-timeout", "1m", "--operation-timeout", "1m"],
    )
    .await;
    let burst = held_up(&service, &database, 40 - 15).await;
    // The lock is gone, yet nobody goes on: 15 hold a connection and need a thread, 40 threads wait for one.
    service.until(PENDING, |pending| pending == 40).await;
    assert_eq!(service.metric(USED).await, 15);
    let statuses = statuses(burst).await;
    assert!(service.metric(TIMEOUTS).await >= 25, "the pool timed out before anyone could go on");
    assert!(statuses.contains(&503), "{statuses:?}");
    service.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_burst_leaves_the_async_stack_alone() {
    let Some(database) = Database::postgres().await else { return };
    let service = Service::start(
        &database.url,
        &["--stack", "async", "--pool-timeout", "6s", "--statement-timeout", "1m", "--operation-timeout", "1m"],
    )
    .await;
    let burst = held_up(&service, &database, 100 - 15).await;
    let statuses = statuses(burst).await;
    assert_eq!(service.metric(TIMEOUTS).await, 0);
    assert_eq!(statuses, [200; BURST]);
    service.stop().await;
}

/// A burst whose first requests were held up by a lock until all the others had arrived.
async fn held_up(service: &Service, database: &Database, waiting: i64) -> Vec<JoinHandle<u16>> {
    let token = service.token("viewer").await;
    let lock = Lock::take(&database.url, "users").await;
    let request = || service.request(Method::GET, "/api/v1/students/1").bearer_auth(&token);
    let send =
        |request: reqwest::RequestBuilder| async move { request.send().await.expect("answer").status().as_u16() };
    let burst = (0..BURST).map(|_| tokio::spawn(send(request()))).collect();
    service.until(USED, |used| used == 15).await;
    service.until(PENDING, |pending| pending == waiting).await;
    lock.release().await;
    burst
}

async fn statuses(burst: Vec<JoinHandle<u16>>) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(burst.len());
    for request in burst {
        statuses.push(within(request).await.expect("joined"));
    }
    statuses
}
