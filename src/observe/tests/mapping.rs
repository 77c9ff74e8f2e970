//! Expositions as exporters write them, and what is read of them.

use proptest::prelude::*;

use crate::observe::mapping::{Bucket, Hold, Reading, candidates, read};
use crate::observe::mappings::TABLE;
use crate::observe::{Error, Observer, Target};
use crate::plan::Metrics;

pub(super) const OPENTELEMETRY: &str = r#"# HELP target_info Target metadata
# TYPE target_info gauge
target_info{service_name="students",telemetry_sdk_language="rust"} 1
# HELP db_client_connection_count The number of connections that are currently in state described by the state attribute
# TYPE db_client_connection_count gauge
db_client_connection_count{db_client_connection_pool_name="main",db_client_connection_state="used"} 4
db_client_connection_count{db_client_connection_pool_name="main",db_client_connection_state="idle"} 1
db_client_connection_count{db_client_connection_pool_name="reports",db_client_connection_state="used"} 2
db_client_connection_count{db_client_connection_pool_name="reports",db_client_connection_state="idle"} 0
# TYPE db_client_connection_max gauge
db_client_connection_max{db_client_connection_pool_name="main"} 15
db_client_connection_max{db_client_connection_pool_name="reports"} 5
# TYPE db_client_connection_pending_requests gauge
db_client_connection_pending_requests{db_client_connection_pool_name="main"} 3
# TYPE db_client_connection_timeouts_total counter
db_client_connection_timeouts_total{db_client_connection_pool_name="main"} 7
# TYPE db_client_connection_wait_time_seconds histogram
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="main",le="0.001"} 10
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="main",le="0.01"} 15
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="main",le="+Inf"} 16
db_client_connection_wait_time_seconds_sum{db_client_connection_pool_name="main"} 1.5
db_client_connection_wait_time_seconds_count{db_client_connection_pool_name="main"} 16
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="reports",le="0.001"} 1
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="reports",le="0.01"} 1
db_client_connection_wait_time_seconds_bucket{db_client_connection_pool_name="reports",le="+Inf"} 1
# TYPE db_client_connection_use_time_seconds histogram
db_client_connection_use_time_seconds_bucket{db_client_connection_pool_name="main",le="+Inf"} 16
db_client_connection_use_time_seconds_sum{db_client_connection_pool_name="main"} 0.4
db_client_connection_use_time_seconds_count{db_client_connection_pool_name="main"} 16
"#;

const OLDER_OPENTELEMETRY: &str = r#"# TYPE db_client_connections_usage gauge
db_client_connections_usage{otel_scope_name="io.opentelemetry.hikaricp-3.0",pool_name="HikariPool-1",state="idle"} 8.0
db_client_connections_usage{otel_scope_name="io.opentelemetry.hikaricp-3.0",pool_name="HikariPool-1",state="used"} 2.0
db_client_connections_max{pool_name="HikariPool-1"} 10.0
db_client_connections_pending_requests{pool_name="HikariPool-1"} 0.0
# TYPE db_client_connections_timeouts_total counter
db_client_connections_wait_time_milliseconds_bucket{pool_name="HikariPool-1",le="5.0"} 3
db_client_connections_wait_time_milliseconds_bucket{pool_name="HikariPool-1",le="+Inf"} 3
db_client_connections_use_time_milliseconds_sum{pool_name="HikariPool-1"} 90.0
db_client_connections_use_time_milliseconds_count{pool_name="HikariPool-1"} 3
"#;

const HIKARICP: &str = r#"# HELP hikaricp_connections_active Active connections
# TYPE hikaricp_connections_active gauge
hikaricp_connections_active{application="shop",pool="HikariPool-1",} 9.0
hikaricp_connections{application="shop",pool="HikariPool-1",} 10.0
hikaricp_connections_idle{application="shop",pool="HikariPool-1",} 1.0
hikaricp_connections_idle{application="shop",pool="closed",} NaN
hikaricp_connections_max{application="shop",pool="HikariPool-1",} 10.0
hikaricp_connections_min{application="shop",pool="HikariPool-1",} 10.0
hikaricp_connections_pending{application="shop",pool="HikariPool-1",} 4.0
# TYPE hikaricp_connections_timeout_total counter
hikaricp_connections_timeout_total{application="shop",pool="HikariPool-1",} 2.0
# TYPE hikaricp_connections_acquire_seconds summary
hikaricp_connections_acquire_seconds_count{application="shop",pool="HikariPool-1",} 120.0
hikaricp_connections_acquire_seconds_sum{application="shop",pool="HikariPool-1",} 0.25
hikaricp_connections_acquire_seconds_max{application="shop",pool="HikariPool-1",} 0.01
hikaricp_connections_usage_seconds_count{application="shop",pool="HikariPool-1",} 110.0
hikaricp_connections_usage_seconds_sum{application="shop",pool="HikariPool-1",} 2.2
"#;

const SQLALCHEMY: &str = "# TYPE sqlalchemy_pool_size gauge
sqlalchemy_pool_size 5.0
sqlalchemy_pool_checkedout 2.0
sqlalchemy_pool_overflow -1.0
sqlalchemy_pool_max_overflow 10.0
";

fn reading(text: &str, names: &str) -> Option<Reading> {
    Some(read(text, candidates(names)?)?.1)
}

fn bucket(upper_us: f64, count: u64) -> Bucket {
    Bucket { upper_us, count }
}

#[test]
fn opentelemetry_is_summed_over_pools() {
    let expected = Reading {
        used: Some(6.0),
        idle: Some(1.0),
        max: Some(20.0),
        pending: Some(3.0),
        timeouts: Some(7.0),
        wait: Some(vec![bucket(1e3, 11), bucket(1e4, 5), bucket(f64::INFINITY, 1)]),
        hold: Some(Hold { sum_us: 4e5, count: 16 }),
    };
    assert_eq!(reading(OPENTELEMETRY, "opentelemetry"), Some(expected));
}

#[test]
fn the_older_names_count_in_milliseconds_and_a_declared_counter_is_zero() {
    let expected = Reading {
        used: Some(2.0),
        idle: Some(8.0),
        max: Some(10.0),
        pending: Some(0.0),
        timeouts: Some(0.0),
        wait: Some(vec![bucket(5e3, 3), bucket(f64::INFINITY, 0)]),
        hold: Some(Hold { sum_us: 9e4, count: 3 }),
    };
    assert_eq!(reading(OLDER_OPENTELEMETRY, "opentelemetry"), Some(expected));
}

#[test]
fn a_summary_has_no_wait_histogram_and_a_closed_pool_does_not_count() {
    let expected = Reading {
        used: Some(9.0),
        idle: Some(1.0),
        max: Some(10.0),
        pending: Some(4.0),
        timeouts: Some(2.0),
        wait: None,
        hold: Some(Hold { sum_us: 2.2e6, count: 110 }),
    };
    assert_eq!(reading(HIKARICP, "hikaricp"), Some(expected));
}

#[test]
fn raw_overflow_counts_up_from_the_pool_size() {
    let read = reading(SQLALCHEMY, "sqlalchemy").expect("figures");
    assert_eq!((read.used, read.idle, read.max), (Some(2.0), Some(2.0), Some(15.0)));
    assert_eq!((read.pending, read.timeouts, read.wait), (None, None, None));
}

#[test]
fn auto_takes_the_first_whose_names_are_there() {
    let found = |text| read(text, candidates("auto")?).map(|(index, _)| TABLE[index].name);
    assert_eq!(found(OPENTELEMETRY), Some("opentelemetry"));
    assert_eq!(found(OLDER_OPENTELEMETRY), Some("opentelemetry"));
    assert_eq!(found(HIKARICP), Some("hikaricp"));
    assert_eq!(found(SQLALCHEMY), Some("sqlalchemy"));
    assert_eq!(found("process_cpu_seconds_total 3\n"), None);
    assert_eq!(reading(HIKARICP, "sqlalchemy"), None);
}

#[test]
fn an_unknown_mapping_is_an_error_that_names_the_known() {
    let metrics = Some(("http://127.0.0.1:1/metrics".to_owned(), "hikari".to_owned()));
    let target = Target { metrics, ..Target::default() };
    let started = Observer::start(&target, std::time::Instant::now(), std::time::Duration::from_millis(100));
    let Err(error @ Error::UnknownMapping { .. }) = started else { panic!("an error was expected") };
    assert_eq!(
        error.to_string(),
        "metrics mapping `hikari` is not known, known are: auto, opentelemetry, hikaricp, sqlalchemy"
    );
}

#[test]
fn the_names_that_plans_may_give_and_the_table_agree() {
    let table = TABLE.iter().map(|mapping| mapping.name);
    assert!(Metrics::NAMES.into_iter().eq(std::iter::once("auto").chain(table)));
    assert!(Metrics::NAMES.iter().all(|name| candidates(name).is_some()));
    assert!(TABLE.iter().any(|mapping| mapping.name == Metrics::DEFAULT_NAMES));
}

#[test]
fn every_name_begins_with_its_mappings_prefix() {
    for mapping in &TABLE {
        let figures = [mapping.used, mapping.idle, mapping.max, mapping.pending, mapping.timeouts];
        let terms = figures.into_iter().flatten().copied().flatten().map(|term| term.name);
        for name in terms.chain(mapping.wait.iter().chain(mapping.hold).map(|timer| timer.name)) {
            assert!(name.starts_with(mapping.prefix), "{name}");
        }
    }
}

proptest! {
    #[test]
    fn damaged_expositions_never_panic(cut in 0..OPENTELEMETRY.len(), len in 0..60_usize, with in ".{0,20}") {
        let end = (cut + len).min(OPENTELEMETRY.len());
        let text = format!("{}{with}{}", &OPENTELEMETRY[..cut], &OPENTELEMETRY[end..]);
        let _ = reading(&text, "auto");
    }
}
