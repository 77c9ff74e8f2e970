//! Two JSON bodies, place by place. The walk keeps its own stack, so nesting is no danger.

mod arrays;

use super::Context;
use super::findings::{Contrast, Findings};
use super::fingerprint::Prints;
use super::ids::Ruling;
use super::json::{Document, Text, Type, Value};
use super::members::{self, Joined};
use super::path::{Child, Matcher};
use super::permit::{self, Seen};
use super::place::{Place, Trail};
use super::routes::{Decision, Routes};
use super::rules::Decider;
use super::scalar;
use crate::plan::RuleKind;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;
use arrays::Guess;

/// Compares two JSON texts; the same document twice stands for two of the same bytes.
pub(super) fn compare(context: &Context<'_>, findings: &mut Findings, documents: Pair<&Document<'_>>) {
    walk(context, findings, documents, true);
}

/// The same without what makes it quick: arrays are always paired by fingerprints, and every place is looked at.
#[cfg(test)]
pub(super) fn compare_thoroughly(context: &Context<'_>, findings: &mut Findings, documents: Pair<&Document<'_>>) {
    walk(context, findings, documents, false);
}

fn walk(context: &Context<'_>, findings: &mut Findings, documents: Pair<&Document<'_>>, takes_shortcuts: bool) {
    let routes = Routes::new(&context.scope.body);
    let trail = Trail::with_room(documents.baseline.node_count());
    let (ahead, joined) = (Vec::new(), Vec::new());
    let (prints, guess) = (None, None);
    let mut walk = Walk { context, findings, documents, routes, trail, ahead, joined, prints, guess, takes_shortcuts };
    let roots = (Some(documents.baseline.root()), Some(documents.candidate.root()));
    walk.ahead.push(Visit { values: roots, place: Trail::ROOT, is_duplicate: false });
    while let Some(visit) = walk.ahead.pop() {
        let from = walk.ahead.len();
        walk.visit(visit);
        // The first child is visited next.
        walk.ahead[from..].reverse();
        walk.settle();
    }
}

/// Counts the places of a JSON text that both sides sent alike, for the rules that decide them too.
pub(super) fn visit_all(context: &Context<'_>, findings: &mut Findings, document: &Document<'_>) {
    let mut routes = Routes::new(&context.scope.body);
    let mut ahead = vec![(document.root(), Routes::ROOT)];
    while let Some((value, route)) = ahead.pop() {
        findings.visit(decider(context, routes.decision(route)));
        if routes.covers_all(route) {
            continue;
        }
        ahead.extend(value.members().map(|(name, member)| (member, routes.below(route, Child::Member(name)))));
        let length = if routes.has_indices(route) { value.elements().count() } else { 0 };
        let elements = value.elements().enumerate();
        ahead.extend(elements.map(|(at, element)| (element, routes.below(route, Child::Element { at, length }))));
    }
}

fn decider<'c>(context: &'c Context<'c>, decision: Option<Decision>) -> Option<Decider<'c>> {
    let Decision { rule, from_above } = decision?;
    let rule = &context.scope.body[rule];
    Some(Decider { index: rule.index, kind: rule.kind, from_above })
}

struct Walk<'c, 'd> {
    context: &'c Context<'c>,
    findings: &'c mut Findings,
    documents: Pair<&'d Document<'d>>,
    routes: Routes<'c>,
    trail: Trail<'d>,
    ahead: Vec<Visit<'d>>,
    /// Room for the members of one object.
    joined: Vec<Joined<'d>>,
    /// Fingerprints of all values, made when the first array needs them.
    prints: Option<Pair<Prints>>,
    guess: Option<Guess<'d>>,
    takes_shortcuts: bool,
}

/// One place that is still to be compared.
#[derive(Clone, Copy)]
struct Visit<'d> {
    values: (Option<Value<'d>>, Option<Value<'d>>),
    place: Place,
    /// Whether its object has another member of the same name.
    is_duplicate: bool,
}

impl<'c, 'd> Walk<'c, 'd> {
    fn visit(&mut self, visit: Visit<'d>) {
        let decider = self.decider(visit.place);
        self.findings.visit(decider);
        match visit.values {
            (Some(baseline), Some(candidate)) => match decider.map(|decider| (decider.kind, decider.from_above)) {
                Some((RuleKind::Ignore | RuleKind::Schema { .. }, _)) => self.covered(visit, baseline, candidate),
                Some((RuleKind::Unordered, false)) => self.any_order(visit, baseline, candidate, None),
                Some((RuleKind::Keyed { .. }, false)) => {
                    let key = self.key(visit.place);
                    self.any_order(visit, baseline, candidate, key);
                }
                _ => self.compare_values(visit, baseline, candidate),
            },
            (Some(only), None) => self.report(visit, class_of_absence(only, visit.is_duplicate), Kind::Missing),
            (None, Some(only)) => self.report(visit, class_of_absence(only, visit.is_duplicate), Kind::Extra),
            (None, None) => {}
        }
    }

    /// A place that a rule decides with everything below it, as one place unless an earlier rule may decide some of it.
    fn covered(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        let is_whole = self.routes.covers_all(self.trail.route(visit.place));
        let both = (Some(Seen::Json(baseline)), Some(Seen::Json(candidate)));
        let is_permitted =
            || self.decider(visit.place).is_none_or(|decider| permit::permits(&decider, Kind::Value, both).is_ok());
        if !is_whole && is_permitted() {
            return self.compare_values(visit, baseline, candidate);
        }
        if !baseline.is_same_text(candidate) {
            let kind = if baseline.kind() == candidate.kind() { Kind::Value } else { Kind::Type };
            self.report(visit, Class::Breaking, kind);
        }
    }

    fn compare_values(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        if baseline.kind() != candidate.kind() {
            return self.report(visit, Class::Breaking, Kind::Type);
        }
        let class = match (baseline.kind(), baseline.text(), candidate.text()) {
            (Type::Object, ..) => return self.objects(visit, baseline, candidate),
            (Type::Array, ..) => return self.arrays(visit, baseline, candidate),
            (Type::Number, ..) => scalar::numbers(baseline.raw(), candidate.raw()),
            (_, Some(baseline), Some(candidate)) => scalar::strings(&self.context.urls, baseline, candidate),
            _ => (baseline.raw() != candidate.raw()).then_some(Class::Breaking),
        };
        match self.context.ids.scalars(&self.context.urls, (&self.trail, visit.place), (baseline, candidate), class) {
            // A rule of the plan goes first.
            ruling if ruling == Ruling::AsItIs || self.decider(visit.place).is_some() => {
                if let Some(class) = class {
                    self.report(visit, class, Kind::Value);
                }
            }
            ruling => self.ids(visit, ruling),
        }
    }

    /// What is to be said of two texts that differ in their ids.
    fn ids(&mut self, visit: Visit<'d>, ruling: Ruling) {
        let baseline = visit.values.0.and_then(Value::text).map(|text| text.decode().into_owned());
        match (ruling, baseline) {
            (Ruling::Conflict(words), _) => {
                self.report(visit, Class::Breaking, Kind::Id);
                self.findings.note(words);
            }
            (Ruling::Translated(translated), Some(baseline)) => {
                match scalar::texts(&self.context.urls, &baseline, &translated) {
                    Some(class) => self.report(visit, class, Kind::Value),
                    None => self.report(visit, Class::Volatile, Kind::Id),
                }
            }
            _ => self.report(visit, Class::Volatile, Kind::Id),
        }
    }

    fn objects(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        let from = self.ahead.len();
        let is_free = self.routes.is_free(self.trail.route(visit.place));
        let mut settled = 0;
        let mut right = candidate.members();
        let in_step = baseline.members().all(|(name, left)| match right.next() {
            Some((other, right)) if name == other => {
                let values = (Some(left), Some(right));
                if is_free && self.is_settled((visit.place, Child::Member(name)), values) {
                    settled += 1;
                } else {
                    self.push_member(visit.place, name, values, false);
                }
                true
            }
            _ => false,
        });
        if in_step && right.next().is_none() {
            self.findings.visit_untouched(settled);
        } else {
            self.ahead.truncate(from);
            self.members_by_name(visit, baseline, candidate);
        }
    }

    /// Whether nothing is to be found or learned one step below a place where no rule decides: two scalars that are the
    /// same bytes, and no ids.
    fn is_settled(&self, step: (Place, Child<'d>), values: (Option<Value<'d>>, Option<Value<'d>>)) -> bool {
        let (Some(left), Some(right)) = values else { return false };
        let is_same = !matches!(left.kind(), Type::Array | Type::Object) && left.raw() == right.raw();
        self.takes_shortcuts && is_same && self.context.ids.is_indifferent(&self.trail, step, left)
    }

    /// Members whose names do not simply agree.
    fn members_by_name(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        let mut joined = std::mem::take(&mut self.joined);
        members::join(baseline, candidate, &mut joined);
        let partners = joined.iter().filter(|joined| joined.values.0.is_some()).filter_map(|joined| joined.values.1);
        let is_reordered = !partners.is_sorted_by_key(Value::index);
        let is_free = self.routes.is_free(self.trail.route(visit.place));
        for Joined { name, values, is_duplicate } in &joined {
            if is_free && self.is_settled((visit.place, Child::Member(*name)), *values) {
                self.findings.visit_untouched(1);
                continue;
            }
            self.push_member(visit.place, *name, *values, *is_duplicate);
        }
        self.joined = joined;
        if is_reordered {
            self.report(visit, Class::Representation, Kind::Order);
        }
    }

    fn push_member(
        &mut self,
        parent: Place,
        name: Text<'d>,
        values: (Option<Value<'d>>, Option<Value<'d>>),
        is_duplicate: bool,
    ) {
        let place = self.trail.below(&mut self.routes, parent, Child::Member(name));
        self.ahead.push(Visit { values, place, is_duplicate });
    }

    fn decider(&self, place: Place) -> Option<Decider<'c>> {
        decider(self.context, self.routes.decision(self.trail.route(place)))
    }

    /// The path to what makes elements of an array the same one, where a rule names one.
    fn key(&self, place: Place) -> Option<&'c Matcher> {
        self.context.scope.body[self.routes.decision(self.trail.route(place))?.rule].key
    }

    fn report(&mut self, visit: Visit<'d>, class: Class, kind: Kind) {
        let (baseline, candidate) = visit.values;
        let shown = (baseline.map(Value::to_text), candidate.map(Value::to_text));
        let (baseline, candidate) = (baseline.map(Seen::Json), candidate.map(Seen::Json));
        let contrast = Contrast { class, kind, baseline, candidate, shown };
        self.findings.report(self.decider(visit.place), self.trail.name(visit.place), contrast);
    }
}

/// `null` and an absent member say the same, unless another member of that name says something else.
fn class_of_absence(only: Value<'_>, is_duplicate: bool) -> Class {
    scalar::representation_if(only.kind() == Type::Null && !is_duplicate)
}
