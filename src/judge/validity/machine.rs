//! Whether the machine of the generator had enough of everything.

use super::generator::{MOST_LOST, arrivals_of_each, generators};
use super::{invalid, plural};
use crate::record::load::Load;
use crate::record::{Finding, RunRecord, Severity};
use crate::role::Role;
use crate::units::{format_share, three_digits};

/// Share of the machine's cores beyond which the generator has none to spare.
const BUSY: f64 = 0.85;

/// Where there was no port, no file or no buffer left for a connection, requests failed that never reached the side.
pub(super) fn exhausted(load: &Load) -> Option<Finding> {
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

/// A generator that has all the processors it may use has no time left to be punctual.
/// Where it was so busy and left arrivals waiting as well, nobody knows whose fault that was: the side had no free user of
/// ours, or none of ours had the time to be free.
/// Of several that made one load, each has a machine of its own: the busiest is told.
pub(super) fn busy(evidence: &RunRecord, load: &Load) -> Option<Finding> {
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
