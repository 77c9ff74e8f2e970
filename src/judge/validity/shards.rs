//! Whether shards are one load.

use crate::record::load::Load;
use crate::record::{Finding, Severity};

/// How far apart shards may begin a block before it is told.
const MOST_APART_MS: u64 = 100;
/// Part of a block from which on they did not make one load.
const MOST_APART_SHARE: f64 = 0.1;

/// A share says little alone; shares that were not made at the same time are not one load.
pub(super) fn finding(load: &Load) -> Option<Finding> {
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
