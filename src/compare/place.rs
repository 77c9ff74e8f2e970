//! Places inside a JSON body: how they are written, and which rules fit them. Kept as steps from a parent, so that a
//! place costs nothing until somebody asks for its name.

use std::fmt::Write as _;

use super::json::Text;
use super::path::{Child, Matcher, State};
use super::rules::{BodyRule, Scope};

/// One place, by its position in a [`Trail`].
pub(super) type Place = u32;

/// Places that a walk has come by.
pub(super) struct Trail<'c, 'd> {
    scope: &'c Scope<'c>,
    steps: Vec<Step<'d>>,
    /// Per place, one state per rule.
    states: Vec<State>,
}

struct Step<'d> {
    parent: Place,
    /// `None` at the root.
    child: Option<Child<'d>>,
    /// The first of the rules that fit here, or that ignore something above, as an index into the scope.
    rule: Option<usize>,
}

impl<'c, 'd> Trail<'c, 'd> {
    /// The place of the whole body.
    pub(super) const ROOT: Place = 0;

    /// A trail that knows the root.
    pub(super) fn new(scope: &'c Scope<'c>) -> Self {
        let states: Vec<State> = scope.body.iter().map(|rule| rule.matcher.start()).collect();
        let rule = first_fitting(&scope.body, &states);
        Self { scope, steps: vec![Step { parent: 0, child: None, rule }], states }
    }

    /// The place one step below another.
    pub(super) fn below(&mut self, parent: Place, child: Child<'d>) -> Place {
        let from = self.states.len();
        for (at, rule) in self.scope.body.iter().enumerate() {
            let above = self.states[parent as usize * self.scope.body.len() + at];
            self.states.push(rule.matcher.step(above, child));
        }
        let own = first_fitting(&self.scope.body, &self.states[from..]);
        let inherited = self.steps[parent as usize].rule.filter(|rule| self.scope.body[*rule].is_ignore());
        let rule = own.into_iter().chain(inherited).min();
        self.steps.push(Step { parent, child: Some(child), rule });
        self.steps.len() as Place - 1
    }

    /// The rule that decides a place.
    pub(super) fn rule(&self, place: Place) -> Option<&'c BodyRule<'c>> {
        self.steps[place as usize].rule.map(|rule| &self.scope.body[rule])
    }

    /// Whether everything below a place is ignored along with it: no earlier rule may still fit there.
    pub(super) fn ignores_all(&self, place: Place) -> bool {
        let Some(rule) = self.steps[place as usize].rule else { return false };
        let from = place as usize * self.scope.body.len();
        self.scope.body[rule].is_ignore() && self.states[from..from + rule].iter().all(|state| *state == State::DEAD)
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

    /// Whether a path that is no rule names a place.
    pub(super) fn is_at(&self, place: Place, matcher: &Matcher) -> bool {
        let children: Vec<_> = self.upwards(place).collect();
        matcher.accepts(children.iter().rev().fold(matcher.start(), |state, child| matcher.step(state, *child)))
    }

    /// The place as a `JSONPath`.
    pub(super) fn name(&self, place: Place) -> String {
        let children: Vec<_> = self.upwards(place).collect();
        let mut out = String::from("$");
        children.iter().rev().for_each(|child| write_child(&mut out, *child));
        out
    }
}

fn first_fitting(rules: &[BodyRule<'_>], states: &[State]) -> Option<usize> {
    rules.iter().zip(states).position(|(rule, state)| rule.matcher.accepts(*state))
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
