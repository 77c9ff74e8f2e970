//! Load of a plan.

use std::time::Duration;

use super::super::fields::{Fields, choice, duration, elements, switch, whole};
use super::super::keys::{BURST, LOAD, MAX_ARRIVALS, MAX_BURST, MAX_PAIRS, MAX_USERS, MODELS, SPACINGS, STAGE};
use super::super::problems::Problems;
use super::super::yaml::Node;
use super::super::{Arrivals, Burst, Flow, Load, Ramp, Spacing, Stage, Think};
use crate::units::{format_count, format_duration, parse_duration};

const MAX_RATE: f64 = 1_000_000.0;
const DEFAULT_RATE: f64 = 20.0;
const DEFAULT_USERS: usize = 256;
const LONGEST_BLOCK: Duration = Duration::from_hours(1);
const LONGEST_THINK: Duration = Duration::from_mins(10);

/// Reads `200/s`, `12000/m` or `200`: so many per second.
///
/// # Errors
/// A sentence that says what is wrong, for the end of an error message.
pub fn parse_rate(text: &str) -> Result<f64, String> {
    match parse_level(text)? {
        rate if rate > 0.0 => Ok(rate),
        _ => Err(format!("`{text}` must be above 0 and at most {MAX_RATE}/s")),
    }
}

/// As [`parse_rate`]; 0 is one too.
pub(super) fn parse_level(text: &str) -> Result<f64, String> {
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
    if !(0.0..=MAX_RATE).contains(&rate) {
        return Err(format!("`{text}` must be above 0 and at most {MAX_RATE}/s"));
    }
    Ok(rate)
}

/// Reads `1s` or `500ms..2s`.
///
/// # Errors
/// A sentence that says what is wrong.
fn parse_think(text: &str) -> Result<Think, String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let think = Think { least: parse_duration(least)?, most: parse_duration(most)? };
    if think.most < think.least {
        return Err(format!("`{text}` ends before it begins"));
    }
    if think.most > LONGEST_THINK {
        return Err(format!("a pause is at most {}", format_duration(LONGEST_THINK)));
    }
    Ok(think)
}

pub(super) fn think(node: &Node, problems: &mut Problems<'_>) -> Option<Think> {
    let hint = || Some("such as `think: 1s`, or `think: 500ms..2s` for any time between the two".to_owned());
    let text = super::text(node, problems)?;
    parse_think(text).map_err(|message| problems.value(node, message, hint())).ok()
}

/// What helps where too little of a block counts.
const LONGER: &str = "make `block` longer or `settle` shorter";

/// Whether arrivals fit into what is counted of a block, and into memory. What is wrong, and what helps.
pub(in crate::plan) fn check(load: &Load) -> Result<(), (String, &'static str)> {
    let (block, settle) = (load.block, load.settle);
    if block <= settle {
        let (block, settle) = (format_duration(block), format_duration(settle));
        return Err((format!("a block of {block} is over before it has settled for {settle}"), LONGER));
    }
    if !(1..=MAX_PAIRS).contains(&u64::from(load.pairs)) {
        return Err((format!("pairs must be from 1 to {MAX_PAIRS}"), "make `--duration` shorter, or blocks longer"));
    }
    let (users, rate) = match load.arrivals {
        Arrivals::Open { users, rate, .. } => (users, Some(rate)),
        Arrivals::Closed { users } => (users, None),
    };
    if !(1..=MAX_USERS as usize).contains(&users) {
        return Err((format!("users must be from 1 to {MAX_USERS}"), "change the number of users"));
    }
    if rate.is_some_and(|rate| !(rate > 0.0 && rate <= MAX_RATE)) {
        return Err((format!("the rate must be above 0 and at most {MAX_RATE}/s"), "change the rate"));
    }
    let Arrivals::Open { rate, burst, .. } = load.arrivals else { return Ok(()) };
    let profile = load.profile();
    if profile.area_from(settle) < 1.0 {
        let (counted, least) = (block.saturating_sub(settle), Duration::from_secs_f64((1.0 / rate).ceil()));
        let message = format!(
            "at {rate}/s nothing may arrive in the {} of a block that count; they take at least {}",
            format_duration(counted),
            format_duration(least)
        );
        return Err((message, LONGER));
    }
    let bursts =
        burst.map_or(0.0, |burst| (block.as_secs_f64() / burst.every.as_secs_f64()).ceil() * f64::from(burst.size));
    let arrivals = profile.area_from(Duration::ZERO) + bursts;
    if arrivals > MAX_ARRIVALS {
        let message = format!(
            "a block of {} has {} arrivals, and {} are the most that are kept in memory",
            format_duration(block),
            format_count(arrivals as u64),
            format_count(MAX_ARRIVALS as u64)
        );
        return Err((message, "make `block` shorter or the rate lower"));
    }
    Ok(())
}

/// Whether every step of an iteration can come up within a block, whatever its pauses.
pub(in crate::plan) fn check_think(flow: &Flow, block: Duration) -> Result<(), String> {
    let between = flow.think.len().saturating_sub(1);
    let pauses: Duration = flow.think.iter().take(between).flatten().map(|think| think.least).sum();
    if pauses < block {
        return Ok(());
    }
    let (name, pauses, block) = (&flow.name, format_duration(pauses), format_duration(block));
    Err(format!(
        "flow `{name}` pauses for {pauses} between its steps, and a block takes {block}: its last steps would never be measured"
    ))
}

/// Tells of pauses that are too long for the blocks.
pub(super) fn check_thinks(node: Option<&Node>, flows: &[Flow], load: &Load, problems: &mut Problems<'_>) {
    let nodes = elements(node, problems);
    for (flow, node) in flows.iter().zip(nodes).filter(|_| flows.len() == nodes.len()) {
        if let Err(message) = check_think(flow, load.block) {
            let hint = Some("make `load.block` longer or `think` shorter".to_owned());
            problems.at(&super::step::first_key(node), message, hint);
        }
    }
}

pub(super) fn load(node: Option<&Node>, problems: &mut Problems<'_>) -> Load {
    let mut load = Load {
        arrivals: Arrivals::Open { rate: DEFAULT_RATE, spacing: Spacing::Poisson, burst: None, users: DEFAULT_USERS },
        ramp: None,
        pairs: 12,
        max_pairs: None,
        block: Duration::from_secs(5),
        settle: Duration::from_secs(1),
        parity: true,
        stop_early: true,
    };
    let Some(fields) = node.and_then(|node| Fields::open(node, &LOAD, problems)) else { return load };
    let stages_node = fields.get("stages");
    let arrivals = arrivals(&fields, problems);
    let parity = fields.get("parity").and_then(|node| switch(node, problems));
    let stop_early = fields.get("stop_early").and_then(|node| switch(node, problems));
    let pairs = fields.get("pairs").and_then(|node| whole(node, 1..=MAX_PAIRS, problems));
    load.pairs = pairs.map_or(load.pairs, |pairs| pairs as u32);
    load.max_pairs = max_pairs(&fields, load.pairs, problems);
    let (block_node, settle_node) = (fields.get("block"), fields.get("settle"));
    let least = Duration::from_millis(1);
    let stages_length = arrivals.as_ref().and_then(|(_, ramp)| ramp.as_ref()).map(Ramp::length);
    let block = match (block_node, stages_node) {
        (Some(node), None) => duration(node, least..=LONGEST_BLOCK, problems),
        (Some(node), Some(_)) => {
            let hint = Some("remove it".to_owned());
            problems.value(node, "a block goes through all `stages` and is as long as they are", hint);
            None
        }
        (None, Some(_)) => stages_length,
        (None, None) => Some(load.block),
    };
    let settle = settle_node.map_or(Some(load.settle), |node| duration(node, Duration::ZERO..=LONGEST_BLOCK, problems));
    load.parity = parity.unwrap_or(load.parity);
    load.stop_early = stop_early.unwrap_or(load.stop_early);
    let is_read = arrivals.is_some();
    // What could not be read was told already, and its place is taken by something that fits any block.
    let (arrivals, ramp) = arrivals.unwrap_or((Arrivals::Closed { users: 1 }, None));
    let (Some(block), Some(settle)) = (block, settle) else { return load };
    let known = Load { arrivals, ramp, block, settle, ..load.clone() };
    if let Err((message, hint)) = check(&known) {
        let hint = Some(hint.to_owned());
        match stages_node.or(block_node).or(settle_node) {
            Some(node) => problems.value(node, message, hint),
            None => fields.report(problems, message, hint),
        }
    }
    if is_read { known } else { load }
}

fn max_pairs(fields: &Fields<'_>, pairs: u32, problems: &mut Problems<'_>) -> Option<u32> {
    let node = fields.get("max_pairs")?;
    let most = whole(node, 1..=MAX_PAIRS, problems)? as u32;
    if most < pairs {
        problems.value(node, format!("`max_pairs` is less than `pairs`, which is {pairs}"), None);
    }
    Some(most)
}

/// Who decides when an iteration begins, and how that changes within a block.
fn arrivals(fields: &Fields<'_>, problems: &mut Problems<'_>) -> Option<(Arrivals, Option<Ramp>)> {
    let model = fields.get("model").map_or(Some("open"), |node| choice(node, MODELS, "model", problems));
    let (rate_node, spacing_node, users_node) = (fields.get("rate"), fields.get("spacing"), fields.get("users"));
    let users = users_node.map(|node| whole(node, 1..=MAX_USERS, problems));
    let spacing = spacing_node.map(|node| choice(node, SPACINGS, "spacing", problems));
    let rate = rate_node.map(|node| rate(node, problems));
    let burst_node = fields.get("burst");
    let burst = burst_node.and_then(|node| burst(node, problems));
    let is_open = model? == "open";
    let stages = match fields.get("stages") {
        Some(node) => Some(stages(node, is_open, problems)?),
        None => None,
    };
    if is_open {
        if rate.is_none() && stages.is_none() {
            fields.report(problems, "key `rate` is missing".to_owned(), Some("such as `rate: 200/s`".to_owned()));
        }
        let spacing = if spacing.flatten() == Some("uniform") { Spacing::Uniform } else { Spacing::Poisson };
        let users = users.flatten().map_or(DEFAULT_USERS, |users| users as usize);
        let start = match (rate, &stages) {
            (None, Some(_)) => 0.0,
            (rate, _) => rate??,
        };
        let ramp = stages.map(|stages| Ramp { start, stages });
        let rate = ramp.as_ref().map_or(start, Ramp::highest);
        return Some((Arrivals::Open { rate, spacing, burst, users }, ramp));
    }
    for (key, node) in [("rate", rate_node), ("spacing", spacing_node), ("burst", burst_node)] {
        if let Some(node) = node {
            let hint = "in the closed model the users' waiting decides; remove it or write `model: open`".to_owned();
            problems.value(node, format!("`{key}` goes with the open model only"), Some(hint));
        }
    }
    if users.is_none() && stages.is_none() {
        fields.report(problems, "key `users` is missing".to_owned(), Some("such as `users: 32`".to_owned()));
    }
    let start = match (users, &stages) {
        (None, Some(_)) => 0,
        (users, _) => users??,
    };
    let ramp = stages.map(|stages| Ramp { start: start as f64, stages });
    let users = ramp.as_ref().map_or(start as usize, |ramp| ramp.highest() as usize);
    Some((Arrivals::Closed { users }, ramp))
}

/// `None`: something in them is wrong, and was told.
fn stages(node: &Node, is_open: bool, problems: &mut Problems<'_>) -> Option<Vec<Stage>> {
    let nodes = elements(Some(node), problems);
    let stages: Vec<Stage> = nodes.iter().filter_map(|node| stage(node, is_open, problems)).collect();
    if stages.len() < nodes.len() {
        return None;
    }
    let length: Duration = stages.iter().map(|stage| stage.duration).sum();
    if length.is_zero() || length > LONGEST_BLOCK {
        let most = format_duration(LONGEST_BLOCK);
        problems.value(node, format!("`stages` must take some time, and at most {most} together"), None);
        return None;
    }
    if stages.iter().all(|stage| stage.target <= 0.0) {
        problems.value(node, "one of the `stages` needs a target above 0", None);
        return None;
    }
    Some(stages)
}

fn stage(node: &Node, is_open: bool, problems: &mut Problems<'_>) -> Option<Stage> {
    let fields = Fields::open(node, &STAGE, problems)?;
    let length = fields.get("duration").and_then(|node| duration(node, Duration::ZERO..=LONGEST_BLOCK, problems));
    let target = fields.get("target").and_then(|node| {
        if is_open {
            let text = super::text(node, problems)?;
            parse_level(text).map_err(|message| problems.value(node, message, None)).ok()
        } else {
            whole(node, 0..=MAX_USERS, problems).map(|users| users as f64)
        }
    });
    Some(Stage { duration: length?, target: target? })
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
