//! The observer against endpoints that behave and endpoints that do not.

use std::time::{Duration, Instant};

use super::endpoint::{Endpoint, Manner};
use super::mapping::OPENTELEMETRY;
use crate::observe::{Observer, Record, Target};

const INTERVAL: Duration = Duration::from_millis(50);

fn target(url: &str) -> Target {
    Target { metrics: Some((url.to_owned(), "auto".to_owned())), ..Target::default() }
}

fn start(target: &Target) -> Observer {
    Observer::start(target, Instant::now(), INTERVAL).expect("an observer")
}

/// Ends an observer; a minute is for ever here.
async fn stop(observer: Observer) -> Record {
    tokio::time::timeout(Duration::from_mins(1), observer.stop()).await.expect("an observer that ends")
}

/// Watches an endpoint for some time.
async fn watch(manner: Manner) -> Record {
    let endpoint = Endpoint::start(manner).await;
    let observer = start(&target(&endpoint.url));
    tokio::time::sleep(INTERVAL * 20).await;
    stop(observer).await
}

/// Good rows and failed rows.
fn rows(record: &Record) -> (usize, usize) {
    let used = &record.observations.pool.used;
    let good = used.iter().filter(|used| used.is_some()).count();
    (good, used.len() - good)
}

/// No two samples are of one mark; the last one is taken at the end, between marks.
fn assert_on_the_grid(record: &Record) {
    let at_ms = &record.observations.pool.at_ms;
    let marks: Vec<u64> = at_ms[..at_ms.len() - 1].iter().map(|at| at / INTERVAL.as_millis() as u64).collect();
    assert!(marks.windows(2).all(|pair| pair[0] < pair[1]), "{at_ms:?}");
}

#[tokio::test]
async fn an_endpoint_is_sampled_over_one_connection() {
    let endpoint = Endpoint::start(Manner::Says(OPENTELEMETRY.to_owned())).await;
    let observer = start(&target(&endpoint.url));
    tokio::time::sleep(INTERVAL * 20).await;
    let record = stop(observer).await;
    let (good, failed) = rows(&record);
    assert!(good > 3 && failed < good, "{good} good, {failed} failed");
    assert!(endpoint.connections() <= 2 + failed as u64, "{} connections", endpoint.connections());
    assert_on_the_grid(&record);
    assert_eq!(record.observations.pool_source.as_deref(), Some("metrics endpoint, names of opentelemetry"));
    let pool = record.pool_summary(&[(0, u64::MAX)], (0, u64::MAX)).expect("a source");
    assert_eq!((pool.used.mean, pool.max, pool.timeouts), (Some(6.0), Some(20.0), Some(0)));
}

#[tokio::test]
async fn a_slow_endpoint_costs_marks_but_nothing_is_bunched() {
    let record = watch(Manner::Slow(OPENTELEMETRY.to_owned(), INTERVAL * 2)).await;
    let (good, failed) = rows(&record);
    assert!(good > 0, "{good} good, {failed} failed");
    assert_on_the_grid(&record);
}

#[tokio::test]
async fn endpoints_that_fail_leave_rows_of_nothing_and_a_reason() {
    for (manner, reason) in [
        (Manner::Hangs, "no answer in time"),
        (Manner::Huge, ""),
        (Manner::Garbage, ""),
        (Manner::Redirects, "status 302"),
        (Manner::Says("<html>\u{0}{{{\"not metrics\n".to_owned()), "no pool metrics"),
    ] {
        let name = format!("{manner:?}");
        let record = watch(manner).await;
        let (good, failed) = rows(&record);
        assert!(good == 0 && failed > 3, "{name}: {good} good, {failed} failed");
        assert!(record.problems.iter().any(|problem| problem.contains(reason)), "{name}: {:?}", record.problems);
        assert_on_the_grid(&record);
    }
}

#[tokio::test]
async fn a_failed_attempt_costs_every_mark_that_it_took() {
    let record = watch(Manner::Hangs).await;
    let at_ms = &record.observations.pool.at_ms;
    let step = |pair: &[u64]| pair[1] / INTERVAL.as_millis() as u64 - pair[0] / INTERVAL.as_millis() as u64;
    let whole = at_ms.windows(2).filter(|pair| step(pair) <= 1).count();
    assert!(whole * 2 > at_ms.len(), "{at_ms:?}");
}

#[tokio::test]
async fn an_endpoint_that_goes_away_ends_the_good_rows() {
    let endpoint = Endpoint::start(Manner::Says(OPENTELEMETRY.to_owned())).await;
    let observer = start(&target(&endpoint.url));
    tokio::time::sleep(INTERVAL * 20).await;
    drop(endpoint);
    tokio::time::sleep(INTERVAL * 20).await;
    let record = stop(observer).await;
    let used = &record.observations.pool.used;
    assert!(used.iter().any(Option::is_some) && used.last() == Some(&None), "{used:?}");
    assert!(!record.problems.is_empty());
}

#[tokio::test]
async fn problems_do_not_show_the_address() {
    let record = {
        let observer = start(&target("http://user:hunter2@127.0.0.1:1/metrics?key=hunter2"));
        tokio::time::sleep(INTERVAL * 5).await;
        stop(observer).await
    };
    assert!(!record.problems.is_empty());
    assert!(!format!("{record:?}").contains("hunter2"), "{record:?}");
}

#[tokio::test]
async fn our_own_process_is_sampled() {
    let observer = start(&Target { pid: Some(std::process::id()), ..Target::default() });
    tokio::time::sleep(INTERVAL * 20).await;
    let record = stop(observer).await;
    let process = &record.observations.process;
    let (first, last) = (process.at_ms[0], *process.at_ms.last().expect("rows"));
    assert!(record.cpu_ms(first, last).is_some() && record.cpu_ms(first, last + 1).is_none());
    assert!(record.rss_max(&[(first, last)]).is_some_and(|rss| rss > 1 << 20));
    assert!(record.observations.pool_source.is_none());
}

#[tokio::test]
async fn an_observer_without_anything_to_watch_ends_with_nothing() {
    let record = stop(start(&Target::default())).await;
    assert!(record.observations.pool.at_ms.is_empty() && record.problems.is_empty());
}

#[tokio::test]
async fn a_dropped_observer_leaves_the_endpoint_alone() {
    let endpoint = Endpoint::start(Manner::Hangs).await;
    drop(start(&target(&endpoint.url)));
    tokio::time::sleep(INTERVAL * 20).await;
    assert!(endpoint.connections() <= 1, "{} connections", endpoint.connections());
}
