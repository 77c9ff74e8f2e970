//! What `/metrics` tells, in the OpenTelemetry names as Prometheus spells them.
//!
//! Figures are kept as they happen; a scrape reads them and touches neither the pool nor the database.

use std::fmt::Write as _;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// The content type of what [`Metrics::render`] writes.
pub(crate) const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

const POOL: (&str, &str) = ("db_client_connection_pool_name", "students");

/// Upper bounds in seconds: three per power of two around a millisecond, coarser towards the pool timeout.
const SECONDS: [f64; 32] = [
    0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0065, 0.008, 0.01, 0.0125, 0.016, 0.02, 0.025, 0.032,
    0.04, 0.05, 0.065, 0.08, 0.1, 0.15, 0.25, 0.4, 0.65, 1.0, 1.6, 2.5, 5.0, 10.0, 20.0, 30.0,
];

type Labels = Vec<(&'static str, String)>;

/// Every figure of one service.
pub(crate) struct Metrics {
    registry: Registry,
    pool: PoolMetrics,
    requests: Family<Labels, Counter>,
}

/// The figures of the connection pool.
#[derive(Clone)]
pub(crate) struct PoolMetrics {
    used: Gauge,
    idle: Gauge,
    max: Gauge,
    pending: Gauge,
    timeouts: Counter,
    wait_time: Histogram,
    use_time: Histogram,
}

impl Metrics {
    /// All figures at zero; the process starts now.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::default();
        let pool = PoolMetrics::register(&mut registry);
        let requests = Family::default();
        registry.register("http_server_requests", "Answers by route and status", requests.clone());
        let start = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        start.set(seconds_since_epoch());
        registry.register("process_start_time_seconds", "Unix time of the service's start", start);
        Self { registry, pool, requests }
    }

    /// The figures of the pool.
    pub(crate) fn pool(&self) -> PoolMetrics {
        self.pool.clone()
    }

    /// One answer was given.
    pub(crate) fn count_request(&self, method: &str, route: &str, status: u16) {
        let labels = vec![("method", method.to_owned()), ("route", route.to_owned()), ("status", status.to_string())];
        self.requests.get_or_create(&labels).inc();
    }

    /// All figures as text.
    pub(crate) fn render(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        if let Err(error) = encode(&mut text, &self.registry) {
            let _ = writeln!(text, "# {error}");
        }
        text
    }
}

impl PoolMetrics {
    fn register(registry: &mut Registry) -> Self {
        let count = Family::<Labels, Gauge>::default();
        let of_state = |state: &str| {
            let labels = vec![(POOL.0, POOL.1.to_owned()), ("db_client_connection_state", state.to_owned())];
            count.get_or_create_owned(&labels)
        };
        let (used, idle) = (of_state("used"), of_state("idle"));
        registry.register("db_client_connection_count", "Open connections by state", count);
        Self {
            used,
            idle,
            max: gauge(registry, "db_client_connection_max", "Connections that may be open"),
            pending: gauge(
                registry,
                "db_client_connection_pending_requests",
                "Sessions that wait because every connection is in use",
            ),
            timeouts: timeouts(registry),
            wait_time: histogram(
                registry,
                "db_client_connection_wait_time_seconds",
                "Time to obtain an open connection, its test or opening included",
            ),
            use_time: histogram(
                registry,
                "db_client_connection_use_time_seconds",
                "Time from obtaining a connection to giving it back",
            ),
        }
    }

    /// How many connections may be open.
    pub(crate) fn set_max(&self, max: u32) {
        self.max.set(i64::from(max));
    }

    /// How many connections are idle.
    pub(crate) fn set_idle(&self, idle: usize) {
        self.idle.set(i64::try_from(idle).unwrap_or(i64::MAX));
    }

    /// A session gave up waiting.
    pub(crate) fn count_timeout(&self) {
        self.timeouts.inc();
    }

    /// A session waited so long.
    pub(crate) fn observe_wait(&self, waited: Duration) {
        self.wait_time.observe(waited.as_secs_f64());
    }
}

/// A connection counts as used as long as this lives.
pub(crate) struct Use {
    metrics: PoolMetrics,
    since: Instant,
}

impl Use {
    /// From now on.
    pub(crate) fn start(metrics: &PoolMetrics) -> Self {
        metrics.used.inc();
        Self { metrics: metrics.clone(), since: Instant::now() }
    }
}

impl Drop for Use {
    fn drop(&mut self) {
        self.metrics.used.dec();
        self.metrics.use_time.observe(self.since.elapsed().as_secs_f64());
    }
}

/// A session counts as waiting as long as this lives.
pub(crate) struct Pending(Gauge);

impl Pending {
    /// From now on.
    pub(crate) fn start(metrics: &PoolMetrics) -> Self {
        metrics.pending.inc();
        Self(metrics.pending.clone())
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.0.dec();
    }
}

fn pool_labels() -> Labels {
    vec![(POOL.0, POOL.1.to_owned())]
}

fn gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge {
    let family = Family::<Labels, Gauge>::default();
    registry.register(name, help, family.clone());
    family.get_or_create_owned(&pool_labels())
}

fn timeouts(registry: &mut Registry) -> Counter {
    let family = Family::<Labels, Counter>::default();
    // `_total` is appended by the encoder.
    let help = "Sessions that got no connection within the pool timeout";
    registry.register("db_client_connection_timeouts", help, family.clone());
    family.get_or_create_owned(&pool_labels())
}

fn histogram(registry: &mut Registry, name: &str, help: &str) -> Histogram {
    let family = Family::<Labels, Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
    registry.register(name, help, family.clone());
    family.get_or_create_owned(&pool_labels())
}

fn seconds_since_epoch() -> f64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.unwrap_or_default().as_secs_f64()
}
