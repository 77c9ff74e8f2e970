//! What makes a process a shard: which share, from when, and of which plan.

use std::time::SystemTime;

use crate::load::Sharding;
use crate::plan::Plan;
use crate::schedule::Share;

/// A share of the load of a plan, from an instant on that all shards know.
pub fn sharding(plan: &Plan, share: Share, start_at: SystemTime, start_in_words: String) -> Sharding {
    Sharding { share, start_at, start_in_words, plan: digest(plan) }
}

/// A digest of what decides which requests are sent, and when. Values that came from the environment are left out: each
/// machine may have its own, and nothing of a secret belongs on disk.
fn digest(plan: &Plan) -> String {
    let mut text = format!("{:?}", (&plan.flows, &plan.load, plan.timeout));
    for filled in plan.filled.iter().filter(|filled| !filled.value.is_empty()) {
        text = text.replace(&filled.value, &filled.name);
    }
    // FNV-1a: told apart, not protected.
    let hash = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{hash:016x}")
}
