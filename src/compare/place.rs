//! Places inside a JSON body and how they are written. Kept as steps from a parent, so that a place costs nothing until
//! somebody asks for its name.

use std::fmt::Write as _;

use super::json::Text;
use super::path::{Child, Matcher};
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
        Self::with_room(1)
    }

    /// The same with room for so many places, within reason.
    pub(super) fn with_room(places: usize) -> Self {
        const MOST: usize = 4_096;
        let mut steps = Vec::with_capacity(places.min(MOST));
        steps.push(Step { parent: 0, route: Routes::ROOT, depth: 0, top: 0, child: None });
        Self { steps }
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

    /// The steps that lead to a place, the last first.
    pub(super) fn upwards(&self, place: Place) -> impl Iterator<Item = Child<'d>> {
        let mut at = &self.steps[place as usize];
        std::iter::from_fn(move || {
            let child = at.child?;
            at = &self.steps[at.parent as usize];
            Some(child)
        })
    }

    /// Whether a path that is no rule names a place. A place that is very deep is none that anybody names.
    pub(super) fn is_at(&self, place: Place, matcher: &Matcher) -> bool {
        let depth = self.steps[place as usize].depth;
        let children = self.last_steps(place, depth.min(2 * SHOWN));
        let state = children.fold(matcher.start(), |state, child| matcher.step(state, child));
        depth <= 2 * SHOWN && matcher.accepts(state)
    }

    /// The place as a `JSONPath`; one that is very deep without its middle.
    pub(super) fn name(&self, place: Place) -> String {
        let mut out = String::with_capacity(40);
        out.push('$');
        let step = &self.steps[place as usize];
        if step.depth > 2 * SHOWN {
            self.last_steps(step.top, SHOWN).for_each(|child| write_child(&mut out, child));
            let _ = write!(out, "…({} more)…", step.depth - 2 * SHOWN);
            self.last_steps(place, SHOWN).for_each(|child| write_child(&mut out, child));
        } else {
            self.last_steps(place, step.depth).for_each(|child| write_child(&mut out, child));
        }
        out
    }

    /// So many steps that lead to a place, at most twice [`SHOWN`].
    fn last_steps(&self, place: Place, count: u32) -> impl Iterator<Item = Child<'d>> {
        const MOST: usize = 2 * SHOWN as usize;
        let mut places = [Self::ROOT; MOST];
        let from = MOST - count as usize;
        let mut at = place;
        for place in places[from..].iter_mut().rev() {
            *place = at;
            at = self.steps[at as usize].parent;
        }
        places.into_iter().skip(from).filter_map(|place| self.steps[place as usize].child)
    }
}

/// The place of a member, as every difference names it.
pub fn member_place(parent: &str, name: Text<'_>) -> String {
    let mut place = parent.to_owned();
    write_member(&mut place, name);
    place
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
