//! What the load left behind on a side: connections that did not come back, memory and files that grow.
//!
//! That the candidate gives its connections back is a gate that stands unless it is given up in writing. Growth is told
//! as a warning; whoever wants it to decide writes a gate on `candidate.rss.slope` or `candidate.fds.slope`.

use super::metrics::{Figure, Lookup, no_data, plain};
use crate::plan::gate::Quantity;
use crate::record::load::{AfterLoad, Load, Trend};
use crate::record::{Finding, Severity, SideLoad};
use crate::role::Role;
use crate::units::{format_bytes, format_count, format_duration, three_digits};

/// How seldom points without a trend may rise as orderly as these. Blocks are not independent of each other, so this
/// alone proves nothing: growth must also be large enough to matter.
const MOST_CHANCE: f64 = 0.01;
/// Growth over the load, by the lower end of the slope's interval, from which on memory is worth a warning: the larger
/// of a share of the level and an absolute size. Allocators and caches wander by less.
const MEMORY_SHARE: f64 = 0.05;
const MEMORY_BYTES: f64 = (4_u64 << 20) as f64;
/// Load after warm-up below which growing memory is nothing unusual: a service of 50 MiB that leaks nothing was seen to
/// grow by 7 MiB in its first 12 s.
const MEMORY_HOURS: f64 = 30.0 / 3_600.0;
/// Likewise for open files; a pool may open its connections late.
const FILES: f64 = 16.0;

/// What a reader should know of what was left behind.
pub(super) fn findings(load: &Load) -> Vec<Finding> {
    let sides =
        Role::BOTH.into_iter().filter_map(|role| Some((role, load.sides.get(role).as_ref()?.after.as_deref()?)));
    sides
        .flat_map(|(role, after)| [connections(role, after), memory(role, after), files(role, after)])
        .flatten()
        .collect()
}

fn connections(role: Role, after: &AfterLoad) -> Option<Finding> {
    let leaked = after.leaked_connections.filter(|leaked| *leaked > 0)?;
    let waited = format_duration(std::time::Duration::from_millis(after.waited_ms / 100 * 100));
    let message = format!(
        "{} of the {role} did not come back within {waited} after the load{}",
        if leaked == 1 { "1 connection".to_owned() } else { format!("{} connections", format_count(leaked)) },
        after.at_rest.max.map(|max| format!(", of {max} that its pool opens")).unwrap_or_default(),
    );
    Some(warning("leaked-connections", message))
}

fn memory(role: Role, after: &AfterLoad) -> Option<Finding> {
    let trend = after.memory.filter(|trend| trend.hours >= MEMORY_HOURS);
    let trend = trend.filter(|trend| grows(trend, (trend.level * MEMORY_SHARE).max(MEMORY_BYTES)))?;
    Some(warning("memory-grows", in_words(role, "memory", &trend, format_bytes)))
}

fn files(role: Role, after: &AfterLoad) -> Option<Finding> {
    let trend = after.fds.filter(|trend| grows(trend, FILES))?;
    Some(warning("files-grow", in_words(role, "number of open files", &trend, three_digits)))
}

/// Whether a figure rises from block to block, in an order that chance seldom makes, and by so much at least.
fn grows(trend: &Trend, least: f64) -> bool {
    trend.points >= Trend::POINTS_NEEDED && trend.p_rising < MOST_CHANCE && trend.interval[0] * trend.hours >= least
}

fn in_words(role: Role, what: &str, trend: &Trend, format: fn(f64) -> String) -> String {
    format!(
        "the {what} of the {role} grows under load: {} per hour ({} to {}, 95 %), from {} blocks after warm-up, around {}",
        format(trend.per_hour),
        format(trend.interval[0]),
        format(trend.interval[1]),
        trend.points,
        format(trend.level),
    )
}

fn warning(code: &str, message: String) -> Finding {
    Finding { severity: Severity::Warning, code: code.to_owned(), message }
}

/// A figure of what was left behind.
pub(super) fn of_side(side: &SideLoad, quantity: Quantity) -> Lookup {
    let after = side.after.as_ref().ok_or_else(|| no_data("the side was not looked at after the load"))?;
    let trend = match quantity {
        Quantity::RssSlope => after.memory,
        Quantity::FdsSlope => after.fds,
        _ => {
            let leaked = after.leaked_connections;
            return leaked
                .map(|leaked| plain(leaked as f64, side.requests))
                .ok_or_else(|| no_data("nothing tells of the side's connections after the load"));
        }
    };
    let trend =
        trend.ok_or_else(|| no_data("no process is known, or too few blocks to see a trend: use `--pairs 12`"))?;
    Ok(Figure { value: trend.per_hour, samples: trend.points, needed: Trend::POINTS_NEEDED })
}
