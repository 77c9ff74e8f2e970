//! Load of a plan.

use std::time::Duration;

use super::super::fields::{Fields, choice, duration, switch, whole};
use super::super::keys::{BURST, LOAD, MAX_BURST, MAX_PAIRS, MAX_USERS, MODELS, SPACINGS};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Arrivals, Burst, Load, Spacing};
use crate::units::format_duration;

const MAX_RATE: f64 = 1_000_000.0;
const DEFAULT_RATE: f64 = 20.0;
const DEFAULT_USERS: usize = 256;

/// Reads `200/s`, `12000/m` or `200`: so many per second.
///
/// # Errors
/// A sentence that says what is wrong, for the end of an error message.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    let (number, unit) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
    let seconds = match unit.trim() {
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        other => return Err(format!("`/{other}` is not known, use `/s`, `/m` or `/h`")),
    };
    let number = number.trim();
    let is_plain = number.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let count: Option<f64> = number.parse().ok().filter(|_| is_plain);
    let rate = count.ok_or_else(|| format!("`{text}` is not a rate, write it like `200/s` or `12000/m`"))? / seconds;
    if !(rate > 0.0 && rate <= MAX_RATE) {
        return Err(format!("`{text}` must be above 0 and at most {MAX_RATE}/s"));
    }
    Ok(rate)
}

/// Whether arrivals fit into what is counted of a block.
pub(super) fn check(arrivals: &Arrivals, block: Duration, settle: Duration) -> Result<(), String> {
    if block <= settle {
        let (block, settle) = (format_duration(block), format_duration(settle));
        return Err(format!("a block of {block} is over before it has settled for {settle}"));
    }
    let counted = block.checked_sub(settle).unwrap();
    match arrivals {
        Arrivals::Open { rate, .. } if !(*rate > 0.0 && *rate <= MAX_RATE) => {
            Err(format!("the rate must be above 0 and at most {MAX_RATE}/s"))
        }
        Arrivals::Open { rate, .. } if counted.as_secs_f64() * rate < 1.0 => {
            Err(format!("at {rate}/s nothing may arrive in the {} of a block that count", format_duration(counted)))
        }
        Arrivals::Open { users, .. } | Arrivals::Closed { users } if !(1..=MAX_USERS as usize).contains(users) => {
            Err(format!("users must be from 1 to {MAX_USERS}"))
        }
        _ => Ok(()),
    }
}

pub(super) fn load(node: Option<&Node>, problems: &mut Problems<'_>) -> Load {
    let default = Load {
        arrivals: Arrivals::Open { rate: DEFAULT_RATE, spacing: Spacing::Poisson, burst: None, users: DEFAULT_USERS },
        pairs: 12,
        max_pairs: None,
        block: Duration::from_secs(5),
        settle: Duration::from_secs(1),
        parity: true,
    };
    let Some(fields) = node.and_then(|node| Fields::open(node, &LOAD, problems)) else { return default };
    let arrivals = arrivals(&fields, problems);
    let parity = fields.get("parity").and_then(|node| switch(node, problems));
    let pairs = fields.get("pairs").and_then(|node| whole(node, 1..=MAX_PAIRS, problems));
    let max_pairs = max_pairs(&fields, pairs.map_or(default.pairs, |pairs| pairs as u32), problems);
    let (block_node, settle_node) = (fields.get("block"), fields.get("settle"));
    let most = Duration::from_hours(1);
    let block =
        block_node.map_or(Some(default.block), |node| duration(node, Duration::from_millis(1)..=most, problems));
    let settle = settle_node.map_or(Some(default.settle), |node| duration(node, Duration::ZERO..=most, problems));
    // Arrivals that could not be read were told already.
    let known = arrivals.unwrap_or(Arrivals::Closed { users: 1 });
    if let (Some(block), Some(settle)) = (block, settle)
        && let Err(message) = check(&known, block, settle)
    {
        let hint = Some("make `block` longer or `settle` shorter".to_owned());
        match block_node.or(settle_node) {
            Some(node) => problems.value(node, message, hint),
            None => fields.report(problems, message, hint),
        }
    }
    Load {
        arrivals: arrivals.unwrap_or(default.arrivals),
        pairs: pairs.map_or(default.pairs, |pairs| pairs as u32),
        max_pairs,
        block: block.unwrap_or(default.block),
        settle: settle.unwrap_or(default.settle),
        parity: parity.unwrap_or(default.parity),
    }
}

fn max_pairs(fields: &Fields<'_>, pairs: u32, problems: &mut Problems<'_>) -> Option<u32> {
    let node = fields.get("max_pairs")?;
    let most = whole(node, 1..=MAX_PAIRS, problems)? as u32;
    if most < pairs {
        problems.value(node, format!("`max_pairs` is less than `pairs`, which is {pairs}"), None);
    }
    Some(most)
}

fn arrivals(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<Arrivals> {
    let model = fields.get("model").map_or(Some("open"), |node| choice(node, MODELS, "model", problems));
    let (rate_node, spacing_node, users_node) = (fields.get("rate"), fields.get("spacing"), fields.get("users"));
    let users = users_node.map(|node| whole(node, 1..=MAX_USERS, problems));
    let spacing = spacing_node.map(|node| choice(node, SPACINGS, "spacing", problems));
    let rate = rate_node.map(|node| rate(node, problems));
    let burst_node = fields.get("burst");
    let burst = burst_node.and_then(|node| burst(node, problems));
    if model? == "open" {
        if rate.is_none() {
            fields.report(problems, "key `rate` is missing".to_owned(), Some("such as `rate: 200/s`".to_owned()));
        }
        let spacing = if spacing.flatten() == Some("uniform") { Spacing::Uniform } else { Spacing::Poisson };
        let users = users.flatten().map_or(DEFAULT_USERS, |users| users as usize);
        return Some(Arrivals::Open { rate: rate??, spacing, burst, users });
    }
    for (key, node) in [("rate", rate_node), ("spacing", spacing_node), ("burst", burst_node)] {
        if let Some(node) = node {
            let hint = "in the closed model the users' waiting decides; remove it or write `model: open`".to_owned();
            problems.value(node, format!("`{key}` goes with the open model only"), Some(hint));
        }
    }
    if users.is_none() {
        fields.report(problems, "key `users` is missing".to_owned(), Some("such as `users: 32`".to_owned()));
    }
    Some(Arrivals::Closed { users: users?? as usize })
}

fn burst(node: &Node, problems: &mut Problems<'_>) -> Option<Burst> {
    let fields = Fields::open(node, &BURST, problems)?;
    let size = fields.get("size").and_then(|node| whole(node, 1..=MAX_BURST, problems));
    let bounds = Duration::from_millis(100)..=Duration::from_hours(1);
    let every = fields.get("every").and_then(|node| duration(node, bounds, problems));
    Some(Burst { size: size? as u32, every: every? })
}

fn rate(node: &Node, problems: &mut Problems<'_>) -> Option<f64> {
    let text = super::text(node, problems)?;
    parse_rate(text).map_err(|message| problems.value(node, message, None)).ok()
}
