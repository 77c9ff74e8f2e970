//! How well the harness itself did, the same in every format: what it was to send and sent, how late it was, and what the
//! machine did meanwhile.

use super::text::{NONE, plain, quantity};
use crate::record::load::{Generator, LagQuantiles, Load, Sentinel};
use crate::units::{format_count, format_share, format_us, three_digits};

/// The generator in one sentence.
pub fn generator_in_words(generator: &Generator) -> String {
    let per_second = |rate: Option<f64>| rate.map_or_else(|| NONE.to_owned(), |rate| format!("{}/s", plain(rate)));
    let begun = match generator.offered {
        Some(_) => {
            format!("{} iterations of {} offered", per_second(generator.achieved), per_second(generator.offered))
        }
        None => format!("{} iterations", per_second(generator.achieved)),
    };
    let in_words = |what: &str, lag: Option<LagQuantiles>| {
        lag.map(|lag| format!("{what} P99 {}, max {}", format_us(lag.p99 as f64), format_us(lag.max as f64)))
    };
    let lag = in_words("dispatch lag", generator.dispatch_lag_us);
    let unread = in_words("answers unread", generator.unread_us);
    let cpu = generator.cpu.map(|cpu| format!("{} cores used", three_digits(cpu)));
    [Some(begun), lag, unread, cpu].into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The machine in one sentence.
pub fn machine_in_words(load: &Load) -> String {
    format!("steal {}; sentinel {}", quantity(worst_steal(load), "share"), sentinel_in_words(load))
}

/// The largest share of processor time that others had in a block.
pub(super) fn worst_steal(load: &Load) -> Option<f64> {
    load.blocks.iter().filter_map(|block| block.machine.steal).max_by(f64::total_cmp)
}

/// How late the sentinel was over all blocks.
pub(super) fn sentinel_in_words(load: &Load) -> String {
    let seen: Vec<Sentinel> = load.blocks.iter().filter_map(|block| block.machine.sentinel).collect();
    let sum = |of: fn(&Sentinel) -> u64| seen.iter().map(of).sum::<u64>();
    let most = |of: fn(&Sentinel) -> u64| seen.iter().map(of).max().unwrap_or_default();
    let (asked, slow) = (sum(|it| it.asked), sum(|it| it.slow));
    if asked == 0 {
        return NONE.to_owned();
    }
    format!(
        "asked {} times, slow {} ({}), worst P99 of a block {}, max {}",
        format_count(asked),
        format_count(slow),
        format_share(slow as f64 / asked as f64),
        format_us(most(|it| it.p99_us) as f64),
        format_us(most(|it| it.max_us) as f64)
    )
}
