//! The first value at a path.

use super::{Document, Type, Value};
use crate::compare::path::{Child, Matcher, State};
use crate::plan::JsonPath;

/// The first value that a path names, in document order.
pub fn select<'v>(document: &'v Document<'_>, path: &JsonPath) -> Option<Value<'v>> {
    select_below(document.root(), &Matcher::new(path))
}

/// The first value that a path names from another value.
pub(in crate::compare) fn select_below<'v>(root: Value<'v>, matcher: &Matcher) -> Option<Value<'v>> {
    let mut ahead = vec![(root, matcher.start())];
    while let Some((value, state)) = ahead.pop() {
        if matcher.accepts(state) {
            return Some(value);
        }
        let from = ahead.len();
        push_children(matcher, value, state, &mut ahead);
        ahead[from..].reverse();
    }
    None
}

/// Adds the children below which something may still match.
fn push_children<'v>(matcher: &Matcher, value: Value<'v>, state: State, ahead: &mut Vec<(Value<'v>, State)>) {
    let mut push = |child: Child<'_>, value| {
        let state = matcher.step(state, child);
        if state != State::DEAD {
            ahead.push((value, state));
        }
    };
    match value.kind() {
        Type::Object => value.members().for_each(|(name, member)| push(Child::Member(name), member)),
        Type::Array => {
            let length = value.elements().count();
            value.elements().enumerate().for_each(|(at, element)| push(Child::Element { at, length }, element));
        }
        _ => {}
    }
}
