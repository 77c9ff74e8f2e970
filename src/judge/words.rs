//! Quantities and figures in words. What quantities are called and measured in belongs to the plan's gates; this file
//! goes when they say it themselves.

use crate::plan::gate::{Comparison, Metric, Quantity, Scope, Subject, Unit};
use crate::units;

/// The unit a quantity is in.
pub(super) const fn unit(quantity: Quantity) -> Unit {
    match quantity {
        Quantity::ResponseTime(_)
        | Quantity::ResponseTimeMax
        | Quantity::ResponseTimeMean
        | Quantity::ServiceTime(_)
        | Quantity::PoolWait(_) => Unit::Microseconds,
        Quantity::ErrorRate | Quantity::Cpu | Quantity::PoolSaturatedShare => Unit::Share,
        Quantity::Throughput => Unit::PerSecond,
        Quantity::Rss => Unit::Bytes,
        _ => Unit::Count,
    }
}

/// A unit as the record spells it.
pub(super) const fn unit_code(unit: Unit) -> &'static str {
    match unit {
        Unit::Microseconds => "us",
        Unit::Share => "share",
        Unit::PerSecond => "per_second",
        Unit::Count => "count",
        Unit::Bytes => "bytes",
    }
}

/// A figure as people read it.
pub(super) fn figure(quantity: Quantity, value: f64) -> String {
    match unit(quantity) {
        Unit::Microseconds => units::format_us(value),
        Unit::Share => units::format_share(value),
        Unit::PerSecond => format!("{} /s", units::three_digits(value)),
        Unit::Bytes => units::format_bytes(value),
        Unit::Count if value >= 0.0 && value.fract() == 0.0 => units::format_count(value as u64),
        Unit::Count => units::three_digits(value),
    }
}

/// `candidate P95 of browse / list`
pub(super) fn metric(metric: &Metric) -> String {
    let name = name(metric.quantity);
    let name = match metric.subject {
        Subject::Side(role) => format!("{role} {name}"),
        Subject::Parity => name,
    };
    match &metric.scope {
        None => name,
        Some(Scope { flow, step: None }) => format!("{name} of {flow}"),
        Some(Scope { flow, step: Some(step) }) => format!("{name} of {flow} / {step}"),
    }
}

/// `P95`, `error rate`
fn name(quantity: Quantity) -> String {
    match quantity {
        Quantity::ResponseTime(share) => quantile(share),
        Quantity::ServiceTime(share) => format!("service time {}", quantile(share)),
        Quantity::PoolWait(share) => format!("pool wait {}", quantile(share)),
        other => plain_name(other).to_owned(),
    }
}

const fn plain_name(quantity: Quantity) -> &'static str {
    match quantity {
        Quantity::ResponseTime(_) => "response time",
        Quantity::ServiceTime(_) => "service time",
        Quantity::PoolWait(_) => "pool wait",
        Quantity::ResponseTimeMax => "largest response time",
        Quantity::ResponseTimeMean => "mean response time",
        Quantity::Requests => "requests",
        Quantity::Errors => "errors",
        Quantity::ErrorRate => "error rate",
        Quantity::Throughput => "throughput",
        Quantity::Cpu => "CPU",
        Quantity::Rss => "resident memory",
        Quantity::PoolUsedMean => "mean connections in use",
        Quantity::PoolUsedMax => "most connections in use",
        Quantity::PoolPendingMax => "most requests waiting for a connection",
        Quantity::PoolTimeouts => "pool timeouts",
        Quantity::PoolSaturatedShare => "share of time with the pool saturated",
        Quantity::ParityRequests => "requests replayed",
        Quantity::ParityCompared => "answers compared",
        Quantity::ParityBreaking => "breaking differences",
        Quantity::ParityRepresentation => "representation differences",
    }
}

/// `P99.9`
pub(super) fn quantile(share: f64) -> String {
    // Rounding takes back what the fraction could not hold exactly.
    format!("P{}", (share * 1e6).round() / 1e4)
}

/// `<=`
pub(super) const fn comparison(comparison: Comparison) -> &'static str {
    match comparison {
        Comparison::Less => "<",
        Comparison::LessOrEqual => "<=",
        Comparison::Greater => ">",
        Comparison::GreaterOrEqual => ">=",
        Comparison::Equal => "==",
    }
}
