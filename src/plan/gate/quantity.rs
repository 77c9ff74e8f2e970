//! Figures that gates can name, their units, and how both are spelled.

use crate::units::{format_bytes, format_count, format_share, format_us, parse_duration, three_digits};

/// Which figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Quantity {
    /// Quantile of the response time, 0 to 1: `p95`, `p99.9`.
    ResponseTime(f64),
    /// Largest response time: `max`.
    ResponseTimeMax,
    /// Mean response time: `mean`.
    ResponseTimeMean,
    /// Quantile of the service time: `service.p95`.
    ServiceTime(f64),
    /// Requests that were counted.
    Requests,
    /// Requests that failed, and arrivals that were never sent.
    Errors,
    /// Errors ÷ requests.
    ErrorRate,
    /// Successful requests per second of measured time.
    Throughput,
    /// Processor time ÷ wall time; 1 is one core.
    Cpu,
    /// Resident memory, largest.
    Rss,
    /// Connections in use, mean over samples.
    PoolUsedMean,
    /// Connections in use, largest sample.
    PoolUsedMax,
    /// Requests waiting for a connection, largest sample.
    PoolPendingMax,
    /// Waits for a connection that were given up.
    PoolTimeouts,
    /// Quantile of the wait for a connection.
    PoolWait(f64),
    /// Share of samples with every connection in use and a request waiting.
    PoolSaturatedShare,
    /// Connections that did not come back after the load.
    LeakConnections,
    /// Growth of the resident memory from block to block, per hour of load.
    RssSlope,
    /// Growth of the number of open file descriptors from block to block, per hour of load.
    FdsSlope,
    /// Requests replayed on both sides.
    ParityRequests,
    /// Answers compared.
    ParityCompared,
    /// Breaking differences.
    ParityBreaking,
    /// Representation differences.
    ParityRepresentation,
    /// Pairs of rows compared between the two databases.
    StateCompared,
    /// Breaking differences between the two databases.
    StateBreaking,
    /// Representation differences between the two databases.
    StateRepresentation,
    /// Promises of the contract that answers were compared for ÷ all of them.
    ParityCoverage,
    /// Breaking differences and broken invariants of the answers under load: `load.breaking`.
    ParityLoadBreaking,
}

/// The unit a quantity is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// µs
    Microseconds,
    /// A fraction of one, shown as a percentage
    Share,
    /// Things per second
    PerSecond,
    /// A number of things
    Count,
    /// Bytes
    Bytes,
    /// Bytes per hour
    BytesPerHour,
    /// Things per hour
    PerHour,
}

/// Quantities of a side that have one spelling.
pub(super) const SIDE_QUANTITIES: [(&str, Quantity); 16] = [
    ("max", Quantity::ResponseTimeMax),
    ("mean", Quantity::ResponseTimeMean),
    ("requests", Quantity::Requests),
    ("errors", Quantity::Errors),
    ("error_rate", Quantity::ErrorRate),
    ("throughput", Quantity::Throughput),
    ("cpu", Quantity::Cpu),
    ("rss", Quantity::Rss),
    ("pool.used.mean", Quantity::PoolUsedMean),
    ("pool.used.max", Quantity::PoolUsedMax),
    ("pool.pending.max", Quantity::PoolPendingMax),
    ("pool.timeouts", Quantity::PoolTimeouts),
    ("pool.saturated_share", Quantity::PoolSaturatedShare),
    ("leak.connections", Quantity::LeakConnections),
    ("rss.slope", Quantity::RssSlope),
    ("fds.slope", Quantity::FdsSlope),
];

/// Quantities of the parity phase.
pub(super) const PARITY_QUANTITIES: [(&str, Quantity); 6] = [
    ("requests", Quantity::ParityRequests),
    ("compared", Quantity::ParityCompared),
    ("breaking", Quantity::ParityBreaking),
    ("representation", Quantity::ParityRepresentation),
    ("coverage", Quantity::ParityCoverage),
    ("load.breaking", Quantity::ParityLoadBreaking),
];

/// Quantities of the two databases.
pub(super) const STATE_QUANTITIES: [(&str, Quantity); 3] = [
    ("compared", Quantity::StateCompared),
    ("breaking", Quantity::StateBreaking),
    ("representation", Quantity::StateRepresentation),
];

impl Quantity {
    /// As gates spell it, without the subject: `p95`, `service.p99.9`, `pool.used.mean`.
    pub fn name(self) -> String {
        match self {
            Self::ResponseTime(quantile) => quantile_name("", quantile),
            Self::ServiceTime(quantile) => quantile_name("service.", quantile),
            Self::PoolWait(quantile) => quantile_name("pool.wait.", quantile),
            fixed => SIDE_QUANTITIES
                .iter()
                .chain(&PARITY_QUANTITIES)
                .chain(&STATE_QUANTITIES)
                .find(|(_, quantity)| *quantity == fixed)
                .map_or_else(String::new, |(name, _)| (*name).to_owned()),
        }
    }

    /// The unit of its values.
    pub const fn unit(self) -> Unit {
        match self {
            Self::ResponseTime(_)
            | Self::ResponseTimeMax
            | Self::ResponseTimeMean
            | Self::ServiceTime(_)
            | Self::PoolWait(_) => Unit::Microseconds,
            Self::ErrorRate | Self::Cpu | Self::PoolSaturatedShare | Self::ParityCoverage => Unit::Share,
            Self::Throughput => Unit::PerSecond,
            Self::Rss => Unit::Bytes,
            Self::RssSlope => Unit::BytesPerHour,
            Self::FdsSlope => Unit::PerHour,
            Self::Requests
            | Self::Errors
            | Self::PoolUsedMean
            | Self::PoolUsedMax
            | Self::PoolPendingMax
            | Self::PoolTimeouts
            | Self::LeakConnections
            | Self::ParityRequests
            | Self::ParityCompared
            | Self::ParityBreaking
            | Self::ParityRepresentation
            | Self::StateCompared
            | Self::StateBreaking
            | Self::StateRepresentation
            | Self::ParityLoadBreaking => Unit::Count,
        }
    }

    /// Whether it is a figure of the connection pool.
    pub const fn is_pool(self) -> bool {
        matches!(
            self,
            Self::PoolUsedMean
                | Self::PoolUsedMax
                | Self::PoolPendingMax
                | Self::PoolTimeouts
                | Self::PoolWait(_)
                | Self::PoolSaturatedShare
                | Self::LeakConnections
        )
    }

    /// Whether it is a figure of the side's process.
    pub const fn is_process(self) -> bool {
        matches!(self, Self::Cpu | Self::Rss | Self::RssSlope | Self::FdsSlope)
    }

    /// Whether it is measured for each step, so that a gate may be for a flow or a step.
    pub const fn is_per_step(self) -> bool {
        matches!(
            self,
            Self::ResponseTime(_)
                | Self::ResponseTimeMax
                | Self::ResponseTimeMean
                | Self::ServiceTime(_)
                | Self::Requests
                | Self::Errors
                | Self::ErrorRate
                | Self::Throughput
        )
    }
}

fn quantile_name(prefix: &str, quantile: f64) -> String {
    format!("{prefix}p{}", (quantile * 1e8).round() / 1e6)
}

impl Unit {
    /// As the run record spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::Share => "share",
            Self::PerSecond => "per_second",
            Self::Count => "count",
            Self::Bytes => "bytes",
            Self::BytesPerHour => "bytes_per_hour",
            Self::PerHour => "per_hour",
        }
    }

    /// A value as people read it: `12.4 ms`, `0.35 %`, `812/s`, `1 204`, `18.2 MiB`.
    pub fn format(self, value: f64) -> String {
        match self {
            Self::Microseconds => format_us(value),
            Self::Share => format_share(value),
            Self::PerSecond => format!("{}/s", three_digits(value)),
            Self::Count if value >= 0.0 && value.fract() == 0.0 => format_count(value as u64),
            Self::Count => three_digits(value),
            Self::Bytes => format_bytes(value),
            Self::BytesPerHour => format!("{}/h", format_bytes(value)),
            Self::PerHour => format!("{}/h", three_digits(value)),
        }
    }
}

/// `95` → 0.95, `99.9` → 0.999, `999` → 0.999.
pub(super) fn quantile(name: &str) -> Option<f64> {
    let digits = name.strip_prefix('p').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit() || b == b'.'))?;
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (whole, fraction) = match whole.len() {
        0 => return None,
        1 | 2 => (whole, fraction.to_owned()),
        _ if fraction.is_empty() && whole.starts_with('9') => (&whole[..2], whole[2..].to_owned()),
        _ => return None,
    };
    let value: f64 = format!("0.{whole:0>2}{fraction}").parse().ok()?;
    (!digits.ends_with('.') && digits.len() <= 8 && value > 0.0 && value < 1.0).then_some(value)
}

pub(super) fn side_quantity(name: &str) -> Option<Quantity> {
    let fixed = SIDE_QUANTITIES.iter().find(|(fixed, _)| *fixed == name).map(|(_, quantity)| *quantity);
    fixed
        .or_else(|| quantile(name).map(Quantity::ResponseTime))
        .or_else(|| quantile(name.strip_prefix("service.")?).map(Quantity::ServiceTime))
        .or_else(|| quantile(name.strip_prefix("pool.wait.")?).map(Quantity::PoolWait))
}

pub(super) fn parity_quantity(name: &str) -> Option<Quantity> {
    PARITY_QUANTITIES.iter().find(|(fixed, _)| *fixed == name).map(|(_, quantity)| *quantity)
}

pub(super) fn state_quantity(name: &str) -> Option<Quantity> {
    STATE_QUANTITIES.iter().find(|(fixed, _)| *fixed == name).map(|(_, quantity)| *quantity)
}

/// In words, for "`p95` is a time".
pub(super) const fn describe(unit: Unit) -> &'static str {
    match unit {
        Unit::Microseconds => "a time",
        Unit::Share => "a share",
        Unit::PerSecond => "a rate per second",
        Unit::Count => "a number of things",
        Unit::Bytes => "a size",
        Unit::BytesPerHour => "a growth in bytes per hour",
        Unit::PerHour => "a growth per hour",
    }
}

/// A number with a unit in base units, or a message and a hint.
pub(super) fn convert(quantity: Quantity, value: f64, unit: &str) -> Result<f64, (String, String)> {
    let name = quantity.name();
    let factor = match quantity.unit() {
        Unit::Microseconds if unit.is_empty() => {
            return Err((
                format!("`{name}` is a time, and `{value}` has no unit"),
                format!("write `{value}ms` or `{value}s`"),
            ));
        }
        Unit::Microseconds => parse_duration(&format!("1{unit}")).ok().map(|one| one.as_secs_f64() * 1e6),
        Unit::Share => share_factor(quantity, value, unit)?,
        Unit::PerSecond => [("", 1.0), ("/s", 1.0), ("/m", 1.0 / 60.0), ("/h", 1.0 / 3600.0)].known(unit),
        Unit::Count => [("", 1.0)].known(unit),
        Unit::Bytes => SIZES.known(unit),
        Unit::BytesPerHour => SIZES.known(unit.strip_suffix("/h").unwrap_or(unit)),
        Unit::PerHour => [("", 1.0), ("/h", 1.0)].known(unit),
    };
    factor.map(|factor| value * factor).ok_or_else(|| {
        let hint = match quantity.unit() {
            Unit::Microseconds => "write it like `200ms` or `1s`",
            Unit::Share => "write it like `1%`",
            Unit::PerSecond => "write it like `800/s`",
            Unit::Count => "write a plain number",
            Unit::Bytes => "write it like `64MiB`",
            Unit::BytesPerHour => "write it like `64MiB/h`",
            Unit::PerHour => "write it like `10/h`",
        };
        (format!("`{name}` is {}, `{unit}` does not fit it", describe(quantity.unit())), hint.to_owned())
    })
}

/// A processor's share may be above one; of the others `1` would be all, where most likely `1%` was meant.
fn share_factor(quantity: Quantity, value: f64, unit: &str) -> Result<Option<f64>, (String, String)> {
    let factor = [("", 1.0), ("%", 0.01)].known(unit);
    let share = value * factor.unwrap_or(0.0);
    let is_vague = unit.is_empty() && value >= 1.0;
    if quantity != Quantity::Cpu && (share > 1.0 || is_vague) {
        let hint = if value <= 100.0 { format!("did you mean `{value}%`?") } else { "write it like `1%`".to_owned() };
        return Err((format!("`{}` is a share, a fraction of one", quantity.name()), hint));
    }
    Ok(factor)
}

const SIZES: [(&str, f64); 8] = [
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
];

trait Known {
    fn known(&self, unit: &str) -> Option<f64>;
}

impl Known for [(&str, f64)] {
    fn known(&self, unit: &str) -> Option<f64> {
        self.iter().find(|(name, _)| *name == unit).map(|(_, factor)| *factor)
    }
}
