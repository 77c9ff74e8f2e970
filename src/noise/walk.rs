//! All values of a JSON text.

use std::rc::Rc;

use crate::compare::json::{self, Type, Value};
use crate::compare::member_place;

/// Values that lie deeper are not looked at.
const DEEPEST: usize = 100;
/// Nor are those whose place has a longer name, in bytes: each value is named.
const LONGEST_PLACE: usize = 1_000;

/// Every value of a JSON text with its place, indices left out; nothing where it is no JSON.
pub fn each_value(body: &[u8], mut visit: impl FnMut(&str, Value<'_>)) {
    let Ok(document) = json::parse(body) else { return };
    let mut ahead = vec![(Rc::<str>::from("$"), None, document.root(), 0)];
    while let Some((above, name, value, depth)) = ahead.pop() {
        // Only now: whoever waits holds no more than its parent's place.
        let place = name.map_or_else(|| Rc::clone(&above), |name| Rc::from(member_place(&above, name)));
        if place.len() > LONGEST_PLACE {
            continue;
        }
        visit(&place, value);
        if depth < DEEPEST {
            let elements: Rc<str> =
                if value.kind() == Type::Array { format!("{place}[]").into() } else { Rc::from("") };
            ahead.extend(value.members().map(|(name, member)| (Rc::clone(&place), Some(name), member, depth + 1)));
            ahead.extend(value.elements().map(|element| (Rc::clone(&elements), None, element, depth + 1)));
        }
    }
}
