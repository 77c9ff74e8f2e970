//! The flags of the service, the same for its own binary and for the harness that starts it.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Args;

use crate::db::PoolOptions;
use crate::defects::DefectSetting;
use crate::prepare::Seed;
use crate::stack::StackKind;

/// Serve the students service.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// How requests are worked: `async` awaits the database, `blocking` holds a worker thread meanwhile
    #[arg(long, value_name = "STACK", default_value = "async")]
    pub stack: StackKind,

    /// Where to listen; port 0 takes a free one, which the line on standard output names
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,

    /// `postgres://user:password@host/database` or `sqlite://path`; without it a fresh SQLite file in a
    /// temporary directory, migrated and seeded, that is gone afterwards
    #[arg(long, value_name = "URL", env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// Connections that stay open when idle
    #[arg(long, value_name = "COUNT", default_value_t = 5)]
    pub pool_size: u32,

    /// Connections that may be open besides when in use; they are closed when given back
    #[arg(long, value_name = "COUNT", default_value_t = 10)]
    pub max_overflow: u32,

    /// How long a request waits for a free connection before it answers 503 `DATABASE_BUSY`
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = duration)]
    pub pool_timeout: Duration,

    /// Do not test idle connections before use; saves a round trip per request
    #[arg(long)]
    pub no_pre_ping: bool,

    /// Age at which a connection is replaced before use
    #[arg(long, value_name = "DURATION", default_value = "30m", value_parser = duration)]
    pub pool_recycle: Duration,

    /// Worker threads of the blocking stack; the async stack has none
    #[arg(long, value_name = "COUNT", default_value_t = 40, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,

    /// How long PostgreSQL lets one statement run (SQLite has no such limit)
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub statement_timeout: Duration,

    /// How long the service waits for one exchange with the database
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = duration)]
    pub operation_timeout: Duration,

    /// Statements that take longer are logged, without their values
    #[arg(long, value_name = "DURATION", default_value = "500ms", value_parser = duration)]
    pub slow_statement: Duration,

    /// Make the schema and fill it before serving; a database that is filled already stays as it is
    #[arg(long)]
    pub migrate: bool,

    /// How many students to fill an empty database with
    #[arg(long, value_name = "COUNT", default_value_t = 5000, value_parser = clap::value_parser!(u64).range(..=1_000_000))]
    pub seed_students: u64,

    /// Which data: the same number gives the same rows
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub seed: u64,

    /// Do something wrong on purpose, for example `slow-tail=50`; repeatable
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub defect: Vec<DefectSetting>,

    /// Stop when standard input ends, so that the service does not outlive who started it
    #[arg(long)]
    pub exit_with_stdin: bool,
}

impl ServeArgs {
    /// The data that `--migrate` fills a database with.
    pub fn seed(&self) -> Seed {
        Seed { number: self.seed, students: self.seed_students }
    }

    /// The pool's settings.
    pub(crate) fn pool_options(&self) -> PoolOptions {
        PoolOptions {
            pool_size: self.pool_size,
            max_overflow: self.max_overflow,
            pool_timeout: self.pool_timeout,
            pre_ping: !self.no_pre_ping,
            recycle: self.pool_recycle,
            operation_timeout: self.operation_timeout,
            slow_statement: self.slow_statement,
        }
    }
}

/// `500ms`, `30s`, `5m`, `1h`.
fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let wrong = || format!("`{text}` is not a duration; write `500ms`, `30s`, `5m` or `1h`");
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let milliseconds = match unit {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    milliseconds.map(Duration::from_millis).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("30m"), Ok(Duration::from_mins(30)));
        for wrong in ["", "30", "s", "-1s", "1.5s", "99999999999999999999s", "9999999999999999h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
