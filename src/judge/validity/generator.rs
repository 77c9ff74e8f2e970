//! Whether the generator made the load that was asked for, and made it in time.

use super::invalid;
use crate::record::load::{Generator, Load};
use crate::record::{Finding, Severity};
use crate::role::Role;
use crate::units::{format_count, format_share, format_us};

/// Largest P99 of the dispatch lag: beyond it the generator, not the service, makes requests late.
const MOST_LAG_US: u64 = 1_000;
/// Part of the quicker side's P95 that the lag may be, where it is more than that.
const MOST_LAG_SHARE: f64 = 0.1;
/// Largest share of the arrivals that the generator may lose by itself.
pub(super) const MOST_LOST: f64 = 0.02;

pub(super) fn panics(generator: &Generator) -> Option<Finding> {
    let count = format_count(generator.panics);
    (generator.panics > 0)
        .then(|| invalid("generator-panic", format!("virtual users of the generator panicked: {count}")))
}

pub(super) fn failure(generator: &Generator) -> Option<Finding> {
    let why = generator.failure.as_ref()?;
    Some(invalid("generator-failed", format!("the generator could not go on {why}; what was done before is on record")))
}

/// The generators that made the load, with what each is called: one, or those of the shards. What is true of one machine
/// of many is not seen in what they did together.
pub(super) fn generators(load: &Load) -> Vec<(String, &Generator)> {
    let shards: Vec<_> = of_shards(load).collect();
    if shards.is_empty() { vec![together(load)] } else { shards }
}

fn together(load: &Load) -> (String, &Generator) {
    (String::new(), &load.generator)
}

fn of_shards(load: &Load) -> impl Iterator<Item = (String, &Generator)> {
    load.shards
        .iter()
        .filter_map(|shard| Some((format!("shard {} of {}: ", shard.index, shard.of), shard.generator.as_ref()?)))
}

/// What all of them did together, and what each shard did by itself where there are shards: every one once.
fn all_there_are(load: &Load) -> impl Iterator<Item = (String, &Generator)> {
    std::iter::once(together(load)).chain(of_shards(load))
}

/// Arrivals of each of the generators.
pub(super) fn arrivals_of_each(load: &Load) -> f64 {
    let all: u64 = load.blocks.iter().map(|block| block.arrivals).sum();
    all as f64 / generators(load).len() as f64
}

/// The lag is part of every response time, of both sides alike: it spoils the figures where it is a part of them that
/// counts, or where there are none to hold it against. Below that it is told, and so is a percentile that is too high by
/// accident, as of few arrivals it may be: it is then no more than one of them.
pub(super) fn dispatch_lag(load: &Load) -> Option<Finding> {
    let mut told: Vec<Finding> =
        all_there_are(load).filter_map(|(name, generator)| late(load, &name, generator)).collect();
    told.sort_by_key(|finding| finding.severity != Severity::Invalid);
    told.into_iter().next()
}

fn late(load: &Load, name: &str, generator: &Generator) -> Option<Finding> {
    let lag = generator.dispatch_lag_us.filter(|lag| lag.p99 > MOST_LAG_US)?;
    let p95 =
        Role::BOTH.iter().filter_map(|role| load.sides.get(*role).as_ref()?.response_time_us).map(|q| q.p95).min();
    let limit = p95.map_or(MOST_LAG_US as f64, |p95| (p95 as f64 * MOST_LAG_SHARE).max(MOST_LAG_US as f64));
    let tolerable = lag.p99_at_least.unwrap_or(lag.p99) as f64 <= limit;
    let beside = p95.map_or_else(
        || "no response times to hold it against".to_owned(),
        |p95| format!("P95 of the response time {}", format_us(p95 as f64)),
    );
    let message = format!(
        "{name}the generator released arrivals late: P99 of the lag {}, more than {}, {beside}; {} arrivals",
        format_us(lag.p99 as f64),
        format_us(MOST_LAG_US as f64),
        format_count(lag.count),
    );
    let severity = if tolerable { Severity::Warning } else { Severity::Invalid };
    Some(Finding { severity, code: "dispatch-lag".to_owned(), message })
}

/// Answers that were read late are no slower for it, but whoever waits for one, in the closed model or at the next step
/// of a flow, asks again later than it would.
pub(super) fn unread(load: &Load) -> Option<Finding> {
    let late = |(name, generator): (String, &Generator)| {
        Some((generator.unread_us.filter(|lag| lag.p99 > MOST_LAG_US)?, name))
    };
    let (lag, name) = all_there_are(load).filter_map(late).max_by_key(|(lag, _)| lag.p99)?;
    let message = format!(
        "{name}the generator read answers late: P99 {} after they came, more than {}; it is no part of their times, but of \
         when their callers went on; {} answers",
        format_us(lag.p99 as f64),
        format_us(MOST_LAG_US as f64),
        format_count(lag.count),
    );
    Some(Finding { severity: Severity::Warning, code: "answers-unread".to_owned(), message })
}

/// Arrivals that neither began nor were left waiting because the side kept all users busy. The latter, `unsent`, are
/// the side's errors and no fault of the generator.
pub(super) fn lost_arrivals(load: &Load) -> Option<Finding> {
    let arrivals = arrivals_of_each(load);
    let lost = generators(load).into_iter().filter_map(|(name, generator)| lost(&name, generator, arrivals));
    lost.into_iter().next()
}

fn lost(name: &str, generator: &Generator, arrivals: f64) -> Option<Finding> {
    let (offered, achieved) = (generator.offered?, generator.achieved?);
    if arrivals == 0.0 || offered <= 0.0 {
        return None;
    }
    let unsent = generator.unsent as f64 / arrivals;
    let lost = 1.0 - achieved / offered - unsent;
    (lost > MOST_LOST).then(|| {
        let lost = format_share(lost);
        invalid(
            "arrivals-lost",
            format!("{name}the generator offered {offered:.1} and began {achieved:.1} flow iterations per second; {lost} of the arrivals were lost through its own fault"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::load::Shard;

    #[test]
    fn every_generator_is_looked_at_once() {
        let names = |shards: Vec<Shard>| {
            let load = Load { shards, ..crate::judge::tests::load() };
            all_there_are(&load).map(|(name, _)| name).collect::<Vec<_>>()
        };
        let shard = |index, generator| Shard { index, of: 2, generator, ..Shard::default() };
        assert_eq!(names(Vec::new()), [""]);
        assert_eq!(names(vec![shard(1, None)]), [""], "a share that is not merged yet");
        let two = [1, 2].map(|index| shard(index, Some(Generator::default())));
        assert_eq!(names(two.to_vec()), ["", "shard 1 of 2: ", "shard 2 of 2: "]);
    }
}
