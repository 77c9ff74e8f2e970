//! `--shard I/N --start-at TIME`: what they mean together with a plan.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;

use super::args::LoadArgs;
use super::options::UsageError;
use crate::load::Sharding;
use crate::plan::{Arrivals, Plan, SideKind};
use crate::role::Role;
use crate::run::sharding;
use crate::schedule::Share;

/// Most processes that make one load.
const MOST_SHARDS: u32 = 1_000;
/// Starts that lie farther ahead are most likely typing errors.
const FARTHEST: Duration = Duration::from_hours(24);

/// The share that the arguments ask for, if they do. Answers are not compared then: each shard sees a part of them.
pub(super) fn of(args: &LoadArgs, plan: &mut Plan) -> Result<Option<Sharding>, UsageError> {
    let (Some(which), Some(start)) = (&args.shard, &args.start_at) else { return Ok(None) };
    if args.overrides.load.max_pairs.is_some() {
        let message = "has no meaning for shards: they keep to a schedule that all know before\nhint: give `--pairs`";
        return Err(UsageError(format!("error: --max-pairs {message}")));
    }
    let share = share(which).map_err(|message| error("--shard", &message))?;
    let (start_at, words) = start_at(start).map_err(|message| error("--start-at", &message))?;
    if matches!(plan.load.arrivals, Arrivals::Closed { .. }) {
        let message = "shards share a schedule, and the closed model has none\nhint: give a rate: `--rate 500`";
        return Err(error("--shard", message));
    }
    let is_shared =
        |role: Role| matches!(plan.sides.get(role).as_ref().map(|side| &side.kind), Some(SideKind::Url { .. }));
    if let Some(own) = plan.roles().into_iter().find(|role| !is_shared(*role)) {
        let message = format!(
            "each process would start a {own} of its own, and shards must load the same one\nhint: start it once, and give \
             `--{own} URL`"
        );
        return Err(error("--shard", &message));
    }
    if plan.seed.is_none() {
        return Err(error("--shard", "all shards need the same seed\nhint: give each `--seed 7`"));
    }
    plan.load.parity = false;
    Ok(Some(sharding(plan, share, start_at, words)))
}

fn error(option: &str, message: &str) -> UsageError {
    UsageError(format!("error: {option}: {message}"))
}

fn share(text: &str) -> Result<Share, String> {
    let numbers =
        text.split_once('/').and_then(|(index, of)| Some((index.trim().parse().ok()?, of.trim().parse().ok()?)));
    match numbers {
        Some((index, of)) if (1..=of).contains(&index) && of <= MOST_SHARDS => Ok(Share { index, of }),
        _ => Err(format!("`{text}` is no share, write `2/4` for the second of four")),
    }
}

fn start_at(text: &str) -> Result<(SystemTime, String), String> {
    let hint = "write it like `2027-01-31T09:30:00Z`";
    let start: Timestamp = text.parse().map_err(|_| format!("`{text}` is no instant, {hint}"))?;
    let instant = SystemTime::from(start);
    match instant.duration_since(SystemTime::now()) {
        Err(_) => Err(format!("`{text}` has passed\nhint: leave every shard some seconds to get ready")),
        Ok(left) if left > FARTHEST => Err(format!("`{text}` is more than a day away")),
        Ok(_) => Ok((instant, start.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_read_and_nonsense_is_not() {
        assert_eq!(share("2/4"), Ok(Share { index: 2, of: 4 }));
        assert_eq!(share("1/1"), Ok(Share { index: 1, of: 1 }));
        for text in ["", "2", "0/4", "5/4", "1/0", "a/b", "-1/4", "1/2000", "1/4/4"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_start_must_lie_ahead_and_not_too_far() {
        let at =
            |seconds: i64| Timestamp::from_second(Timestamp::now().as_second() + seconds).expect("a time").to_string();
        assert!(start_at(&at(60)).is_ok());
        assert!(start_at(&at(-60)).unwrap_err().contains("has passed"));
        assert!(start_at(&at(200_000)).unwrap_err().contains("more than a day"));
        assert!(start_at("soon").unwrap_err().contains("is no instant"));
    }
}
