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
    /// `None` at the root.
    child: Option<Child<'d>>,
}

impl<'d> Trail<'d> {
    /// The place of the whole body.
    pub(super) const ROOT: Place = 0;

    /// A trail that knows the root.
    pub(super) fn new() -> Self {
        Self { steps: vec![Step { parent: 0, route: Routes::ROOT, child: None }] }
    }

    /// The place one step below another.
    pub(super) fn below(&mut self, routes: &mut Routes<'_>, parent: Place, child: Child<'d>) -> Place {
        let route = routes.below(self.steps[parent as usize].route, child);
        self.steps.push(Step { parent, route, child: Some(child) });
        self.steps.len() as Place - 1
    }

    /// What the rules make of a place.
    pub(super) fn route(&self, place: Place) -> Route {
        self.steps[place as usize].route
    }

    /// The place as a `JSONPath`.
    pub(super) fn name(&self, place: Place) -> String {
        let mut children = Vec::new();
        let mut at = &self.steps[place as usize];
        while let Some(child) = at.child {
            children.push(child);
            at = &self.steps[at.parent as usize];
        }
        let mut out = String::from("$");
        children.iter().rev().for_each(|child| write_child(&mut out, *child));
        out
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
