//! Whether the figures may be believed at all.

use crate::record::load::{Generator, Load};
use crate::record::{Ending, FaultEvidence, Finding, RunRecord, Severity};
use crate::role::Role;
use crate::units::{format_count, format_share, format_us, three_digits};

/// Largest P99 of the dispatch lag: beyond it the generator, not the service, makes requests late.
const MOST_LAG_US: u64 = 1_000;
/// Part of the quicker side's P95 that the lag may be, where it is more than that.
const MOST_LAG_SHARE: f64 = 0.1;
/// Largest share of the arrivals that the generator may lose by itself.
const MOST_LOST: f64 = 0.02;
/// Share of the machine's cores beyond which the generator has none to spare.
const BUSY: f64 = 0.85;
/// Largest share of the planned pairs that may be missing.
const MOST_PAIRS_MISSING: f64 = 0.25;
/// How far apart shards may begin a block before it is told.
const MOST_APART_MS: u64 = 100;
/// Part of a block from which on they did not make one load.
const MOST_APART_SHARE: f64 = 0.1;
/// Error rate of the baseline beyond which its times say little.
const COLLAPSED: f64 = 0.5;

/// What a reader of the figures must know.
pub(super) fn findings(evidence: &RunRecord) -> Vec<Finding> {
    let mut findings: Vec<Finding> = ending(&evidence.ending).into_iter().collect();
    findings.extend(nothing_compared(evidence));
    findings.extend(accepted(evidence));
    findings.extend(
        evidence.parity.iter().filter_map(|parity| parity.coverage.as_ref()).flat_map(super::coverage::findings),
    );
    findings.extend(super::rules::findings(evidence));
    findings.extend(evidence.faults.iter().filter_map(fault_not_shown));
    if let Some(load) = &evidence.load {
        findings.extend(Role::BOTH.into_iter().filter_map(|role| no_requests(evidence, load, role)));
        findings.extend(panics(&load.generator));
        findings.extend(failure(&load.generator));
        findings.extend(dispatch_lag(load));
        findings.extend(lost_arrivals(load));
        findings.extend(exhausted(load));
        findings.extend(missing_pairs(load));
        findings.extend(super::disturbed::finding(load));
        findings.extend(busy_generator(evidence, load));
        findings.extend(collapsed_baseline(load));
        findings.extend(super::leaks::findings(load));
        findings.extend(shards(load));
    }
    findings
}

fn invalid(code: &str, message: String) -> Finding {
    Finding { severity: Severity::Invalid, code: code.to_owned(), message }
}

fn ending(ending: &Ending) -> Option<Finding> {
    match ending {
        Ending::Complete => None,
        Ending::Running => Some(invalid("unfinished", "the run is not over yet".to_owned())),
        Ending::Interrupted => Some(invalid("interrupted", "the run was interrupted".to_owned())),
        Ending::Failed(message) => {
            let first = message.lines().next().unwrap_or_default();
            Some(invalid("failed", format!("the run broke off: {first}")))
        }
    }
}

fn nothing_compared(evidence: &RunRecord) -> Option<Finding> {
    // A replay that was broken off has an end that says so.
    let parity = evidence.parity.as_ref().filter(|parity| parity.compared == 0 && parity.flows_left == 0)?;
    let sent = format_count(parity.requests);
    Some(invalid("nothing-compared", format!("no answers were compared, though {sent} requests were sent")))
}

/// Entries of the file of accepted differences that are about nothing any more: they rot, and may hide what comes next.
/// Nor may differences be passed over without a word.
fn accepted(evidence: &RunRecord) -> Vec<Finding> {
    let (acceptances, count) = (evidence.acceptances(), evidence.accepted());
    let stale = acceptances.iter().filter(|entry| entry.asked && entry.matched == 0).map(|entry| {
        let message =
            format!("the accepted difference of `{}`, {}, was not found: take it out", entry.place, entry.entry);
        Finding { severity: Severity::Warning, code: "stale-acceptance".to_owned(), message }
    });
    let passed = (count > 0).then(|| {
        let message = format!("{} accepted and not counted", plural(count, "difference was", "differences were"));
        Finding { severity: Severity::Note, code: "accepted".to_owned(), message }
    });
    let expired = acceptances.iter().filter(|entry| entry.acceptance.expired && entry.matched > 0).map(|entry| {
        let until = entry.acceptance.until.as_deref().unwrap_or_default();
        let message =
            format!("the difference of `{}`, {}, was accepted until {until}, expired", entry.place, entry.entry);
        Finding { severity: Severity::Warning, code: "expired-acceptance".to_owned(), message }
    });
    passed.into_iter().chain(expired).chain(stale).collect()
}

/// What was not done, or proved nothing, is never passed over.
fn fault_not_shown(fault: &FaultEvidence) -> Option<Finding> {
    let reason = fault.not_applied.as_ref()?;
    let (severity, what) = match fault.applied {
        Some(_) => (Severity::Warning, "was made and shows nothing"),
        None => (Severity::Note, "was not made"),
    };
    let message = format!("fault `{}` {what}: {reason}", fault.name);
    Some(Finding { severity, code: "fault-not-shown".to_owned(), message })
}

fn plural(count: u64, one: &str, more: &str) -> String {
    format!("{} {}", format_count(count), if count == 1 { one } else { more })
}

/// A side that the run had, but that got no load.
fn no_requests(evidence: &RunRecord, load: &Load, role: Role) -> Option<Finding> {
    let side = load.sides.get(role).as_ref();
    let is_missing = side.map_or(evidence.run.sides.get(role).is_some(), |side| side.requests == 0);
    // A load that the candidate ended may have ended before the baseline's turn; gates that need it say so.
    let was_not_its_turn = load.stopped.is_some() && role == Role::Baseline;
    (is_missing && !was_not_its_turn)
        .then(|| invalid("no-requests", format!("no requests were measured on the {role}")))
}

fn panics(generator: &Generator) -> Option<Finding> {
    let count = format_count(generator.panics);
    (generator.panics > 0)
        .then(|| invalid("generator-panic", format!("virtual users of the generator panicked: {count}")))
}

fn failure(generator: &Generator) -> Option<Finding> {
    let why = generator.failure.as_ref()?;
    Some(invalid("generator-failed", format!("the generator could not go on {why}; what was done before is on record")))
}

/// Where there was no port, no file or no buffer left for a connection, requests failed that never reached the side.
fn exhausted(load: &Load) -> Option<Finding> {
    let of = |role: Role| load.sides.get(role).as_ref()?.errors_by_kind.get("exhausted").copied();
    let count: u64 = Role::BOTH.into_iter().filter_map(of).sum();
    (count > 0).then(|| {
        let count = plural(count, "request", "requests");
        let message = format!(
            "this machine had no port, file or buffer left for {count}: the errors are the generator's; fewer users, a \
             side that keeps connections, or more ports (`net.ipv4.ip_local_port_range`) help"
        );
        invalid("generator-exhausted", message)
    })
}

/// The generators that made the load, with what each is called: one, or those of the shards. What is true of one machine
/// of many is not seen in what they did together.
fn generators(load: &Load) -> Vec<(String, &Generator)> {
    let shards: Vec<_> = load
        .shards
        .iter()
        .filter_map(|shard| Some((format!("shard {} of {}: ", shard.index, shard.of), shard.generator.as_ref()?)))
        .collect();
    if shards.is_empty() { vec![(String::new(), &load.generator)] } else { shards }
}

/// Arrivals of each of the generators.
fn arrivals_of_each(load: &Load) -> f64 {
    let all: u64 = load.blocks.iter().map(|block| block.arrivals).sum();
    all as f64 / generators(load).len() as f64
}

/// The lag is part of every response time, of both sides alike: it spoils the figures where it is a part of them that
/// counts, or where there are none to hold it against. Below that it is told, and so is a percentile that is too high by
/// accident, as of few arrivals it may be: it is then no more than one of them.
fn dispatch_lag(load: &Load) -> Option<Finding> {
    let all = std::iter::once((String::new(), &load.generator)).chain(generators(load));
    let mut told: Vec<Finding> = all.filter_map(|(name, generator)| late(load, &name, generator)).collect();
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

/// A generator that has all the processors it may use has no time left to be punctual.
/// Where it was so busy and left arrivals waiting as well, nobody knows whose fault that was: the side had no free user of
/// ours, or none of ours had the time to be free.
/// Of several that made one load, each has a machine of its own: the busiest is told.
fn busy_generator(evidence: &RunRecord, load: &Load) -> Option<Finding> {
    let busiest = generators(load).into_iter().filter_map(|(name, generator)| Some((generator.cpu?, name, generator)));
    let (cpu, name, generator) = busiest.max_by(|(one, ..), (other, ..)| one.total_cmp(other))?;
    let cores = evidence.environment.cores as f64;
    if cores <= 0.0 || cpu <= cores * BUSY {
        return None;
    }
    let unsent = generator.unsent as f64 / arrivals_of_each(load).max(1.0);
    let is_invalid = generator.offered.is_some() && unsent > MOST_LOST;
    let consequence = if is_invalid {
        format!("and {} of the arrivals found no free user: the rate is more than it can make", format_share(unsent))
    } else {
        "what it measures may be its own limit".to_owned()
    };
    let sign = if is_invalid { "," } else { ":" };
    let message = format!("{name}the generator used {} of {cores} cores itself{sign} {consequence}", three_digits(cpu));
    let severity = if is_invalid { Severity::Invalid } else { Severity::Warning };
    Some(Finding { severity, code: "generator-busy".to_owned(), message })
}

/// Arrivals that neither began nor were left waiting because the side kept all users busy. The latter, `unsent`, are
/// the side's errors and no fault of the generator.
fn lost_arrivals(load: &Load) -> Option<Finding> {
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

fn missing_pairs(load: &Load) -> Option<Finding> {
    if load.stopped.is_some() {
        // What that means is told where the gates are known.
        return None;
    }
    let sides = load.sides.iter().filter(|(_, side)| side.is_some()).count();
    let blocks_of = |pair: u32| load.blocks.iter().filter(|block| block.pair == pair && block.measured_s > 0.0).count();
    let complete = (0..load.pairs_planned).filter(|pair| blocks_of(*pair) >= sides).count();
    let missing = 1.0 - complete as f64 / f64::from(load.pairs_planned);
    (missing > MOST_PAIRS_MISSING)
        .then(|| invalid("pairs-missing", format!("{complete} of {} block pairs are complete", load.pairs_planned)))
}

/// A share says little alone; shares that were not made at the same time are not one load.
fn shards(load: &Load) -> Option<Finding> {
    if let [only] = load.shards.as_slice()
        && only.generator.is_none()
        && only.of > 1
    {
        let message =
            format!("this is shard {} of {}: `cutover merge` judges all of them as one load", only.index, only.of);
        return Some(Finding { severity: Severity::Note, code: "shard".to_owned(), message });
    }
    let apart = load.shards.iter().map(|shard| shard.apart_ms).max().filter(|apart| *apart > MOST_APART_MS)?;
    let message = format!("blocks of the {} shards began {apart} ms apart", load.shards.len());
    let severity =
        if apart as f64 > load.block_s * 1e3 * MOST_APART_SHARE { Severity::Invalid } else { Severity::Warning };
    Some(Finding { severity, code: "shards-apart".to_owned(), message })
}

fn collapsed_baseline(load: &Load) -> Option<Finding> {
    let rate = load.sides.baseline.as_ref()?.error_rate.filter(|rate| *rate > COLLAPSED)?;
    let message = format!(
        "{} of the baseline's requests failed: it collapsed under this load, and limits that follow it say little",
        format_share(rate)
    );
    Some(Finding { severity: Severity::Warning, code: "baseline-collapsed".to_owned(), message })
}
