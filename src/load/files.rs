//! Open files: each virtual user has a connection to each side, and each connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::{LoadError, users_per_flow};
use crate::plan::Plan;

/// What the rest of the harness may open meanwhile: samplers, databases, files of the run.
const SPARE: u64 = 128;

/// Makes sure that every virtual user of a plan can have its connections, before anything is started: raises the limit of
/// open files of this process as far as it needs and may. Gives back the old and the new limit if it was raised.
///
/// # Errors
/// The limit cannot be raised so far.
pub fn make_room(plan: &Plan) -> Result<Option<(u64, u64)>, LoadError> {
    let needed = connections(plan)? + open_now() + SPARE;
    let limit = getrlimit(Resource::Nofile);
    let Some(raised) = raised(needed, limit.current, limit.maximum)? else { return Ok(None) };
    let refused = |_| LoadError::Files { needed, limit: limit.current.unwrap_or(u64::MAX) };
    setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum: limit.maximum }).map_err(refused)?;
    Ok(limit.current.map(|current| (current, raised)))
}

/// What the limit must become; `None`: it is enough. A limit that is `None` is none.
/// One for each virtual user on each side.
fn connections(plan: &Plan) -> Result<u64, LoadError> {
    let users: usize = users_per_flow(plan, None)?.iter().sum();
    Ok(users as u64 * plan.roles().len() as u64)
}

fn raised(needed: u64, current: Option<u64>, maximum: Option<u64>) -> Result<Option<u64>, LoadError> {
    match (current, maximum) {
        (Some(current), _) if current < needed => match maximum {
            Some(maximum) if maximum < needed => Err(LoadError::Files { needed, limit: maximum }),
            _ => Ok(Some(needed)),
        },
        _ => Ok(None),
    }
}

fn open_now() -> u64 {
    std::fs::read_dir("/proc/self/fd").map_or(16, |entries| entries.count() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_user_has_a_connection_to_each_side() {
        let text = "version: 1\nname: files\nsides: { baseline: { url: 'http://a' }, candidate: { url: 'http://b' } }\n\
            flows: [ { name: f, steps: [ { request: GET /a } ] } ]\nload: { model: closed, users: 40 }\n";
        let plan = crate::plan::parse("plan.yaml", text).unwrap_or_else(|told| panic!("{told}"));
        assert_eq!(connections(&plan).unwrap(), 80);
        assert!(open_now() > 2, "the standard streams at least");
    }

    #[test]
    fn the_limit_is_raised_as_far_as_needed_and_no_farther_than_allowed() {
        let enough = |current, maximum| raised(500, current, maximum).map_err(|error| error.to_string());
        assert_eq!(enough(Some(500), Some(500)), Ok(None));
        assert_eq!(enough(None, None), Ok(None));
        assert_eq!(enough(Some(499), Some(4_096)), Ok(Some(500)));
        assert_eq!(enough(Some(20), None), Ok(Some(500)));
        let refused = enough(Some(20), Some(499)).unwrap_err();
        assert_eq!(refused, "the load needs 500 open files, and this process may have 499");
    }
}
