//! Which members of two objects belong together.

use super::json::{Text, Value};

/// Two members of one name, or one that has no partner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joined<'d> {
    pub(super) name: Text<'d>,
    pub(super) values: (Option<Value<'d>>, Option<Value<'d>>),
    /// Whether one of the objects has another member of this name.
    pub(super) is_duplicate: bool,
}

/// Pairs up the first of a name with the first of that name, the second with the second, and so on. In the order of
/// the baseline, then what only the candidate has.
pub(super) fn join<'d>(baseline: Value<'d>, candidate: Value<'d>) -> Vec<Joined<'d>> {
    let (left, right) = (by_name(baseline), by_name(candidate));
    let (mut left, mut right) = (left.as_slice(), right.as_slice());
    let mut joined = Vec::with_capacity(left.len().max(right.len()));
    while let Some(name) = left.first().into_iter().chain(right.first()).map(|(name, _)| *name).min() {
        let (one, two) = (take_run(&mut left, name), take_run(&mut right, name));
        let most = one.len().max(two.len());
        let value = |run: &[(Text<'d>, Value<'d>)], at: usize| run.get(at).map(|(_, value)| *value);
        joined.extend((0..most).map(|at| Joined {
            name,
            values: (value(one, at), value(two, at)),
            is_duplicate: most > 1,
        }));
    }
    joined.sort_by_key(|joined| match joined.values {
        (Some(baseline), _) => (false, baseline.index()),
        (None, candidate) => (true, candidate.map_or(0, Value::index)),
    });
    joined
}

/// Members sorted by name; those of one name stay in order.
fn by_name(object: Value<'_>) -> Vec<(Text<'_>, Value<'_>)> {
    let mut members: Vec<_> = object.members().collect();
    members.sort_by_key(|(name, _)| *name);
    members
}

/// Cuts off the members of one name at the start.
fn take_run<'s, 'd>(members: &mut &'s [(Text<'d>, Value<'d>)], name: Text<'_>) -> &'s [(Text<'d>, Value<'d>)] {
    let length = members.iter().take_while(|(other, _)| *other == name).count();
    let (run, rest) = members.split_at(length);
    *members = rest;
    run
}
