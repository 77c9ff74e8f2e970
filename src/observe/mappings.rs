//! What pool metrics are called where: data only. [`super::mapping`] reads figures with it.
//!
//! A figure has alternatives; the first whose terms all exist is taken. A term is the sum over all series of a name
//! (that is, over all pools), so arithmetic is written as terms with signs.

/// What the figures of one kind of exporter are called.
#[derive(Debug)]
pub(crate) struct Mapping {
    /// As plans spell it.
    pub(crate) name: &'static str,
    /// What every name below begins with.
    pub(crate) prefix: &'static str,
    /// Connections in use.
    pub(crate) used: &'static [Sum],
    /// Connections open but not in use.
    pub(crate) idle: &'static [Sum],
    /// Most connections that the pool opens.
    pub(crate) max: &'static [Sum],
    /// Requests waiting for a connection.
    pub(crate) pending: &'static [Sum],
    /// Waits given up: a counter, with or without `_total`.
    pub(crate) timeouts: &'static [Sum],
    /// Histogram of the wait for a connection.
    pub(crate) wait: &'static [Timer],
    /// Histogram or summary of the time a connection was held.
    pub(crate) hold: &'static [Timer],
}

/// Terms to be added up.
pub(crate) type Sum = &'static [Term];

/// One name, added or taken off.
#[derive(Debug)]
pub(crate) struct Term {
    /// `1` or `-1`.
    pub(crate) sign: f64,
    /// Name of the metric.
    pub(crate) name: &'static str,
    /// A label and its value that a series must have.
    pub(crate) label: Option<(&'static str, &'static str)>,
}

/// A metric with `_bucket`, `_sum` and `_count`.
#[derive(Debug)]
pub(crate) struct Timer {
    /// Name without suffix.
    pub(crate) name: &'static str,
    /// Its unit in µs.
    pub(crate) unit_us: f64,
}

const fn plus(name: &'static str) -> Term {
    Term { sign: 1.0, name, label: None }
}

const fn minus(name: &'static str) -> Term {
    Term { sign: -1.0, name, label: None }
}

const fn with(name: &'static str, label: &'static str, value: &'static str) -> Term {
    Term { sign: 1.0, name, label: Some((label, value)) }
}

const fn seconds(name: &'static str) -> Timer {
    Timer { name, unit_us: 1e6 }
}

const fn milliseconds(name: &'static str) -> Timer {
    Timer { name, unit_us: 1e3 }
}

/// Every mapping, in the order in which `auto` tries them.
pub(crate) static TABLE: [Mapping; 3] = [OPENTELEMETRY, HIKARICP, SQLALCHEMY];

/// OpenTelemetry's semantic conventions for database pools in Prometheus spelling; second each time the names before
/// version 1.26 (`db.client.connections.usage`, milliseconds).
const OPENTELEMETRY: Mapping = Mapping {
    name: "opentelemetry",
    prefix: "db_client_connection",
    used: &[
        &[with("db_client_connection_count", "db_client_connection_state", "used")],
        &[with("db_client_connection_count", "state", "used")],
        &[with("db_client_connections_usage", "state", "used")],
    ],
    idle: &[
        &[with("db_client_connection_count", "db_client_connection_state", "idle")],
        &[with("db_client_connection_count", "state", "idle")],
        &[with("db_client_connections_usage", "state", "idle")],
    ],
    max: &[&[plus("db_client_connection_max")], &[plus("db_client_connections_max")]],
    pending: &[&[plus("db_client_connection_pending_requests")], &[plus("db_client_connections_pending_requests")]],
    timeouts: &[&[plus("db_client_connection_timeouts")], &[plus("db_client_connections_timeouts")]],
    wait: &[
        seconds("db_client_connection_wait_time_seconds"),
        milliseconds("db_client_connection_wait_time_milliseconds"),
        milliseconds("db_client_connections_wait_time_milliseconds"),
        seconds("db_client_connections_wait_time_seconds"),
    ],
    hold: &[
        seconds("db_client_connection_use_time_seconds"),
        milliseconds("db_client_connection_use_time_milliseconds"),
        milliseconds("db_client_connections_use_time_milliseconds"),
        seconds("db_client_connections_use_time_seconds"),
    ],
};

/// `HikariCP` through Micrometer; second each time through its own Prometheus tracker.
const HIKARICP: Mapping = Mapping {
    name: "hikaricp",
    prefix: "hikaricp_",
    used: &[&[plus("hikaricp_connections_active")], &[plus("hikaricp_active_connections")]],
    idle: &[&[plus("hikaricp_connections_idle")], &[plus("hikaricp_idle_connections")]],
    max: &[&[plus("hikaricp_connections_max")], &[plus("hikaricp_max_connections")]],
    pending: &[&[plus("hikaricp_connections_pending")], &[plus("hikaricp_pending_threads")]],
    timeouts: &[&[plus("hikaricp_connections_timeout")], &[plus("hikaricp_connection_timeout")]],
    wait: &[
        seconds("hikaricp_connections_acquire_seconds"),
        Timer { name: "hikaricp_connection_acquired_nanos", unit_us: 1e-3 },
    ],
    hold: &[seconds("hikaricp_connections_usage_seconds"), milliseconds("hikaricp_connection_usage_millis")],
};

/// `SQLAlchemy`'s `QueuePool` as its own methods report it. `overflow()` counts up from −`pool_size`, so that
/// `pool_size + overflow` connections are open.
const SQLALCHEMY: Mapping = Mapping {
    name: "sqlalchemy",
    prefix: "sqlalchemy_pool_",
    used: &[&[plus("sqlalchemy_pool_checked_out")], &[plus("sqlalchemy_pool_checkedout")]],
    idle: &[
        &[plus("sqlalchemy_pool_checked_in")],
        &[plus("sqlalchemy_pool_checkedin")],
        &[plus("sqlalchemy_pool_size"), plus("sqlalchemy_pool_overflow"), minus("sqlalchemy_pool_checked_out")],
        &[plus("sqlalchemy_pool_size"), plus("sqlalchemy_pool_overflow"), minus("sqlalchemy_pool_checkedout")],
    ],
    max: &[&[plus("sqlalchemy_pool_size"), plus("sqlalchemy_pool_max_overflow")]],
    pending: &[&[plus("sqlalchemy_pool_pending")], &[plus("sqlalchemy_pool_waiting")]],
    timeouts: &[&[plus("sqlalchemy_pool_timeouts")], &[plus("sqlalchemy_pool_timeout")]],
    wait: &[seconds("sqlalchemy_pool_wait_seconds"), seconds("sqlalchemy_pool_checkout_wait_seconds")],
    hold: &[seconds("sqlalchemy_pool_hold_seconds"), seconds("sqlalchemy_pool_checkout_duration_seconds")],
};
