//! The samplers' part of the sample: a pool that fills up and a process that is busy in its own blocks.

use super::{BLOCK_EVERY_MS, BLOCK_S, FIRST_BLOCK_MS, Noise, ORDER};
use crate::record::{Observations, PoolSeries, ProcessSeries};
use crate::role::Role;

pub(super) fn observations(role: Role) -> Observations {
    let mut noise = Noise(11 + role as u64);
    let mut pool = PoolSeries::default();
    let mut process = ProcessSeries::default();
    let mut cpu = 0.0;
    for sample in 0..430_u64 {
        let at = sample * 100;
        let busy = second_of_block(role, at);
        pool.at_ms.push(at);
        add_pool_sample(&mut pool, role, busy, &mut noise, sample);
        cpu += busy.map_or(0.3, |_| if role == Role::Baseline { 78.0 } else { 33.0 } * (1.0 + 0.2 * noise.normal()));
        if sample % 5 == 0 {
            process.at_ms.push(at);
            process.cpu_ms.push(cpu as u64);
            process.rss_bytes.push(40 << 20);
            process.threads.push(if role == Role::Baseline { 44 } else { 5 });
            process.fds.push(31);
        }
    }
    let pool_source = Some("metrics endpoint of the side, OpenTelemetry names".to_owned());
    Observations { pool_source, pool, process, ..Observations::default() }
}

/// Seconds since the start of the side's block that is under way.
fn second_of_block(role: Role, at: u64) -> Option<f64> {
    let since = at.checked_sub(FIRST_BLOCK_MS)?;
    let (index, within) = (since / BLOCK_EVERY_MS, since % BLOCK_EVERY_MS);
    let own = ORDER.get(index as usize) == Some(&role) && within < BLOCK_S * 1000;
    own.then_some(within as f64 / 1e3)
}

fn add_pool_sample(pool: &mut PoolSeries, role: Role, busy: Option<f64>, noise: &mut Noise, sample: u64) {
    let wobble = noise.normal();
    let (used, pending) = match (role, busy) {
        (_, None) => (0.0, 0.0),
        (Role::Baseline, Some(second)) => {
            ((8.0 + 7.0 * second + wobble).clamp(0.0, 15.0), (8.0 * (second - 1.6) + 3.0 * wobble).max(0.0))
        }
        (Role::Candidate, Some(_)) => ((6.0 + 1.6 * wobble).clamp(0.0, 11.0), if wobble > 2.2 { 1.0 } else { 0.0 }),
    };
    let failed = role == Role::Baseline && sample == 140;
    let value = |value: f64| (!failed).then_some(value.round());
    pool.used.push(value(used));
    pool.idle.push(value(15.0 - used));
    pool.max.push(value(15.0));
    pool.pending.push(value(pending));
    pool.timeouts.push(value(0.0));
}
