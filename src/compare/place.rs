//! Places inside a JSON body and how they are written. Kept as steps from a parent, so that a place costs nothing until
//! somebody asks for its name.

use std::fmt::Write as _;

use super::json::Text;
use super::path::Child;
use super::routes::{Route, Routes};

/// One place, by its position in a [`Trail`].
pub(super) type Place = u32;

/// Places that a walk has come by.
pub(super) struct Trail<'d> {
    steps: Vec<Step<'d>>,
}

struct Step<'d> {
    parent: Place,
    route: Route,
    depth: u32,
    /// The place above that is [`SHOWN`] deep, or itself.
    top: Place,
    /// `None` at the root.
    child: Option<Child<'d>>,
}

/// Steps that a name shows at its start and at its end. A place may be a hundred thousand deep, and so may be each of a
/// hundred thousand differences.
const SHOWN: u32 = 50;

impl<'d> Trail<'d> {
    /// The place of the whole body.
    pub(super) const ROOT: Place = 0;

    /// A trail that knows the root.
    pub(super) fn new() -> Self {
        Self { steps: vec![Step { parent: 0, route: Routes::ROOT, depth: 0, top: 0, child: None }] }
    }

    /// The place one step below another.
    pub(super) fn below(&mut self, routes: &mut Routes<'_>, parent: Place, child: Child<'d>) -> Place {
        let above = &self.steps[parent as usize];
        let place = self.steps.len() as Place;
        let route = routes.below(above.route, child);
        let (depth, top) = (above.depth + 1, if above.depth < SHOWN { place } else { above.top });
        self.steps.push(Step { parent, route, depth, top, child: Some(child) });
        place
    }

    /// How many places there are.
    pub(super) const fn len(&self) -> usize {
        self.steps.len()
    }

    /// Forgets all places but the first ones.
    pub(super) fn truncate(&mut self, places: usize) {
        self.steps.truncate(places);
    }

    /// What the rules make of a place.
    pub(super) fn route(&self, place: Place) -> Route {
        self.steps[place as usize].route
    }

    /// The place as a `JSONPath`; one that is very deep without its middle.
    pub(super) fn name(&self, place: Place) -> String {
        let mut out = String::from("$");
        let step = &self.steps[place as usize];
        if step.depth > 2 * SHOWN {
            self.last_steps(step.top, SHOWN).iter().for_each(|child| write_child(&mut out, *child));
            let _ = write!(out, "…({} more)…", step.depth - 2 * SHOWN);
            self.last_steps(place, SHOWN).iter().for_each(|child| write_child(&mut out, *child));
        } else {
            self.last_steps(place, step.depth).iter().for_each(|child| write_child(&mut out, *child));
        }
        out
    }

    /// So many steps that lead to a place.
    fn last_steps(&self, place: Place, count: u32) -> Vec<Child<'d>> {
        let mut at = &self.steps[place as usize];
        let mut children = Vec::with_capacity(count as usize);
        while let Some(child) = at.child.filter(|_| children.len() < count as usize) {
            children.push(child);
            at = &self.steps[at.parent as usize];
        }
        children.reverse();
        children
    }
}

fn write_child(out: &mut String, child: Child<'_>) {
    match child {
        Child::Element { at, .. } => _ = write!(out, "[{at}]"),
        Child::Member(name) => write_member(out, name),
    }
}

fn write_member(out: &mut String, name: Text<'_>) {
    let name = name.to_str_lossy();
    let is_first = |c: char| c.is_alphabetic() || c == '_';
    if name.starts_with(is_first) && name.chars().all(|c| is_first(c) || c.is_ascii_digit()) {
        out.push('.');
        out.push_str(&name);
        return;
    }
    out.push_str("['");
    for c in name.chars() {
        match c {
            '\'' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => _ = write!(out, "\\u{:04x}", c as u32),
            c => out.push(c),
        }
    }
    out.push_str("']");
}
