//! Which rule decides a place, for all rules at once. From a place to one below it is one step of an automaton that is
//! made while it is walked: a step that was done once costs a comparison of names from then on, however many rules
//! there are and however deep the place is.

use std::collections::HashMap;

use super::path::{Child, State};
use super::rules::BodyRule;

/// Places that the rules cannot tell apart, by their position in [`Routes`].
pub(super) type Route = u32;

/// The automaton, as far as it has been walked.
pub(super) struct Routes<'c> {
    rules: &'c [BodyRule<'c>],
    stops: Vec<Stop<'c>>,
    known: HashMap<(Vec<State>, Option<usize>), Route>,
}

struct Stop<'c> {
    /// How far each rule's path has been walked.
    states: Vec<State>,
    /// The first rule above that decides everything below its place.
    covering: Option<usize>,
    /// The rule that decides here: the first of those that fit and of the one that covers it from above.
    decision: Option<Decision>,
    /// Whether no rule decides anything here or below.
    is_free: bool,
    /// Whether that rule decides everything below, too: no earlier rule may fit there.
    covers_all: bool,
    /// Names and indices that lead elsewhere than all others.
    names: Vec<(&'c str, Option<Route>)>,
    indices: Vec<i64>,
    other_member: Option<Route>,
    other_element: Option<Route>,
}

/// The rule that decides a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    /// Its index in the scope.
    pub(super) rule: usize,
    /// Whether it decided the place above and so everything below.
    pub(super) from_above: bool,
}

impl<'c> Routes<'c> {
    /// The route of the whole body.
    pub(super) const ROOT: Route = 0;

    pub(super) fn new(rules: &'c [BodyRule<'c>]) -> Self {
        let mut routes = Self { rules, stops: Vec::new(), known: HashMap::new() };
        routes.stop(rules.iter().map(|rule| rule.matcher.start()).collect(), None);
        routes
    }

    /// The rule that decides here.
    pub(super) fn decision(&self, route: Route) -> Option<Decision> {
        self.stops[route as usize].decision
    }

    /// Whether a rule decides this place with everything below it.
    pub(super) fn covers_all(&self, route: Route) -> bool {
        self.stops[route as usize].covers_all
    }

    /// Whether no rule decides anything here or below.
    pub(super) fn is_free(&self, route: Route) -> bool {
        self.stops[route as usize].is_free
    }

    /// Whether an index matters here, so that an array's length must be known.
    pub(super) fn has_indices(&self, route: Route) -> bool {
        !self.stops[route as usize].indices.is_empty()
    }

    /// One step down.
    pub(super) fn below(&mut self, route: Route, child: Child<'_>) -> Route {
        match child {
            Child::Member(name) => {
                let names = &self.stops[route as usize].names;
                match names.iter().position(|(wanted, _)| name == **wanted) {
                    Some(at) => self.by_name(route, at, child),
                    None => self.other_member(route, child),
                }
            }
            Child::Element { at, length } => {
                let (at, back) = (at as i128, at as i128 - length as i128);
                let names = |index: &i64| i128::from(*index) == at || i128::from(*index) == back;
                let is_special = self.stops[route as usize].indices.iter().any(names);
                if is_special { self.step(route, child) } else { self.other_element(route, child) }
            }
        }
    }

    fn by_name(&mut self, route: Route, at: usize, child: Child<'_>) -> Route {
        if let Some(known) = self.stops[route as usize].names[at].1 {
            return known;
        }
        let next = self.step(route, child);
        self.stops[route as usize].names[at].1 = Some(next);
        next
    }

    fn other_member(&mut self, route: Route, child: Child<'_>) -> Route {
        if let Some(known) = self.stops[route as usize].other_member {
            return known;
        }
        let next = self.step(route, child);
        self.stops[route as usize].other_member = Some(next);
        next
    }

    fn other_element(&mut self, route: Route, child: Child<'_>) -> Route {
        if let Some(known) = self.stops[route as usize].other_element {
            return known;
        }
        let next = self.step(route, child);
        self.stops[route as usize].other_element = Some(next);
        next
    }

    fn step(&mut self, route: Route, child: Child<'_>) -> Route {
        let stop = &self.stops[route as usize];
        let states =
            self.rules.iter().zip(&stop.states).map(|(rule, state)| rule.matcher.step(*state, child)).collect();
        let own = stop.decision.map(|decision| decision.rule).filter(|rule| self.rules[*rule].covers_below());
        let covering = own.into_iter().chain(stop.covering).min();
        self.stop(states, covering)
    }

    /// The stop with these states, made if it is new.
    fn stop(&mut self, states: Vec<State>, covering: Option<usize>) -> Route {
        let key = (states, covering);
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let route = self.stops.len() as Route;
        self.stops.push(Stop::new(self.rules, &key.0, covering));
        self.known.insert(key, route);
        route
    }
}

impl<'c> Stop<'c> {
    fn new(rules: &'c [BodyRule<'c>], states: &[State], covering: Option<usize>) -> Self {
        let own = rules.iter().zip(states).position(|(rule, state)| rule.matcher.accepts(*state));
        let decision = match (own, covering) {
            (Some(own), Some(above)) if above < own => Some(Decision { rule: above, from_above: true }),
            (Some(own), _) => Some(Decision { rule: own, from_above: false }),
            (None, above) => above.map(|rule| Decision { rule, from_above: true }),
        };
        let covers_all = decision.is_some_and(|decision| {
            rules[decision.rule].covers_below() && states[..decision.rule].iter().all(|state| *state == State::DEAD)
        });
        let mut stop = Self {
            states: states.to_vec(),
            covering,
            decision,
            is_free: decision.is_none() && states.iter().all(|state| *state == State::DEAD),
            covers_all,
            names: Vec::new(),
            indices: Vec::new(),
            other_member: None,
            other_element: None,
        };
        for (rule, state) in rules.iter().zip(states) {
            rule.matcher.special_names(*state, |name| {
                if !stop.names.iter().any(|(known, _)| *known == name) {
                    stop.names.push((name, None));
                }
            });
            rule.matcher.special_indices(*state, |index| stop.indices.push(index));
        }
        stop
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::rules::Rules;
    use crate::plan::{Compare, JsonPath, Rule, RuleKind, RulePlace};

    /// Whatever the body holds, there are only as many stops as the rules can tell apart: places cost steps, not stops.
    #[test]
    fn the_automaton_does_not_grow_with_the_body() {
        let rule = |path: &str| Rule {
            place: RulePlace::Body(JsonPath::parse(path).unwrap()),
            kind: RuleKind::Ignore,
            reason: "x".to_owned(),
            flow: None,
            step: None,
        };
        let paths = ["$..created_at", "$..updated_at", "$.items[*].id", "$.items[-1].name", "$.query_id"];
        let rules = Rules::new(&Compare { rules: paths.map(rule).to_vec() });
        let scope = rules.scope("browse", "list");
        let count = |items: usize| {
            let text = vec![r#"{"id":1,"a":{"created_at":1},"updated_at":[2],"name":3}"#; items].join(",");
            let text = format!("{{\"items\":[{text}],\"query_id\":1}}");
            let document = crate::compare::json::parse(text.as_bytes()).unwrap();
            let mut routes = Routes::new(&scope.body);
            let mut ahead = vec![(document.root(), Routes::ROOT)];
            while let Some((value, route)) = ahead.pop() {
                ahead.extend(value.members().map(|(name, it)| (it, routes.below(route, Child::Member(name)))));
                let length = value.elements().count();
                let elements = value.elements().enumerate();
                ahead.extend(elements.map(|(at, it)| (it, routes.below(route, Child::Element { at, length }))));
            }
            routes.stops.len()
        };
        assert_eq!(count(3), count(1_000));
        assert!(count(1_000) <= 12, "{} stops", count(1_000));
    }
}
