//! Which members of two objects belong together.

use super::json::{Text, Value};

/// Two members of one name, or one that has no partner.
#[derive(Debug, Clone, Copy)]
pub(super) struct Joined<'d> {
    pub(super) name: Text<'d>,
    pub(super) values: (Option<Value<'d>>, Option<Value<'d>>),
    /// Of one that has no partner: whether one of the objects has another member of this name.
    pub(super) is_duplicate: bool,
}

/// Members up to which looking for a name among all costs less than sorting.
const FEW: usize = 32;

/// Pairs up the first of a name with the first of that name, the second with the second, and so on. In the order of
/// the baseline, then what only the candidate has. Whatever `joined` held is gone.
pub(super) fn join<'d>(baseline: Value<'d>, candidate: Value<'d>, joined: &mut Vec<Joined<'d>>) {
    joined.clear();
    let is_large = |object: Value<'_>| object.members().nth(FEW).is_some();
    if is_large(baseline) || is_large(candidate) {
        by_sorting(baseline, candidate, joined);
    } else {
        by_looking(baseline, candidate, joined);
    }
}

/// Joins at most [`FEW`] members of either side.
fn by_looking<'d>(baseline: Value<'d>, candidate: Value<'d>, joined: &mut Vec<Joined<'d>>) {
    let mut members = candidate.members();
    let mut left_over: [_; FEW] = std::array::from_fn(|_| members.next());
    for (name, value) in baseline.members() {
        let mut others = left_over.iter_mut();
        let partner = others.find(|other| other.is_some_and(|(other, _)| other == name)).and_then(Option::take);
        let values = (Some(value), partner.map(|(_, value)| value));
        joined.push(Joined { name, values, is_duplicate: false });
    }
    let only_candidate = left_over.into_iter().flatten();
    joined.extend(only_candidate.map(|(name, value)| Joined {
        name,
        values: (None, Some(value)),
        is_duplicate: false,
    }));
    for at in 0..joined.len() {
        if matches!(joined[at].values, (None, _) | (_, None)) {
            let name = joined[at].name;
            joined[at].is_duplicate = joined.iter().filter(|joined| joined.name == name).nth(1).is_some();
        }
    }
}

/// Joins any number of members.
fn by_sorting<'d>(baseline: Value<'d>, candidate: Value<'d>, joined: &mut Vec<Joined<'d>>) {
    let (left, right) = (by_name(baseline), by_name(candidate));
    let (mut left, mut right) = (left.as_slice(), right.as_slice());
    while let Some(name) = left.first().into_iter().chain(right.first()).map(|(name, _)| *name).min() {
        let (one, two) = (take_run(&mut left, name), take_run(&mut right, name));
        let most = one.len().max(two.len());
        let value = |run: &[(Text<'d>, Value<'d>)], at: usize| run.get(at).map(|(_, value)| *value);
        joined.extend((0..most).map(|at| {
            let values = (value(one, at), value(two, at));
            let is_alone = values.0.is_none() || values.1.is_none();
            Joined { name, values, is_duplicate: is_alone && most > 1 }
        }));
    }
    joined.sort_by_key(|joined| match joined.values {
        (Some(baseline), _) => (false, baseline.index()),
        (None, candidate) => (true, candidate.map_or(0, Value::index)),
    });
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::json::parse;

    /// Names with duplicates, one of them written in two ways.
    fn object() -> impl Strategy<Value = String> {
        let name = prop_oneof![Just("a"), Just("\\u0061"), Just("b"), Just("c"), Just("cc"), Just("")];
        prop::collection::vec(name, 0..8).prop_map(|names| {
            let members: Vec<String> = names.iter().enumerate().map(|(at, name)| format!("\"{name}\":{at}")).collect();
            format!("{{{}}}", members.join(","))
        })
    }

    proptest! {
        #[test]
        fn looking_and_sorting_join_alike(one in object(), two in object()) {
            let (one, two) = (parse(one.as_bytes()).unwrap(), parse(two.as_bytes()).unwrap());
            let shown = |join: for<'d> fn(Value<'d>, Value<'d>, &mut Vec<Joined<'d>>)| {
                let mut joined = Vec::new();
                join(one.root(), two.root(), &mut joined);
                let text = |value: Option<Value<'_>>| value.map(Value::to_text);
                let shown = |joined: &Joined<'_>| (text(joined.values.0), text(joined.values.1), joined.is_duplicate);
                joined.iter().map(shown).collect::<Vec<_>>()
            };
            prop_assert_eq!(shown(by_looking), shown(by_sorting));
        }
    }
}
