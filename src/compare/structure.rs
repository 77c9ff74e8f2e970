//! Two JSON bodies, place by place. The walk keeps its own stack, so nesting is no danger.

use super::Context;
use super::align::{self, Aligned};
use super::findings::{Contrast, Decider, Findings};
use super::fingerprint;
use super::ids::Ruling;
use super::json::{Document, Text, Type, Value};
use super::members::{self, Joined};
use super::path::Child;
use super::place::{Place, Trail};
use super::rules::Seen;
use super::scalar;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;

/// Compares two JSON texts.
pub(super) fn compare(context: &Context<'_>, findings: &mut Findings, documents: &Pair<Document<'_>>) {
    let trail = Trail::new(&context.scope);
    let mut walk = Walk { context, findings, documents, trail, ahead: Vec::new(), prints: None };
    let roots = (Some(documents.baseline.root()), Some(documents.candidate.root()));
    walk.ahead.push(Visit { values: roots, place: Trail::ROOT, is_duplicate: false });
    while let Some(visit) = walk.ahead.pop() {
        let from = walk.ahead.len();
        walk.visit(visit);
        // The first child is visited next.
        walk.ahead[from..].reverse();
    }
}

struct Walk<'c, 'd> {
    context: &'c Context<'c>,
    findings: &'c mut Findings,
    documents: &'d Pair<Document<'d>>,
    trail: Trail<'c, 'd>,
    ahead: Vec<Visit<'d>>,
    /// Fingerprints of all values, made when the first array needs them.
    prints: Option<Pair<Vec<u64>>>,
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
            (Some(baseline), Some(candidate)) if self.trail.ignores_all(visit.place) => {
                if !baseline.is_same_text(candidate) {
                    let kind = if baseline.kind() == candidate.kind() { Kind::Value } else { Kind::Type };
                    self.report(visit, Class::Breaking, kind);
                }
            }
            (Some(baseline), Some(candidate)) => self.compare_values(visit, baseline, candidate),
            (Some(only), None) => self.report(visit, class_of_absence(only, visit.is_duplicate), Kind::Missing),
            (None, Some(only)) => self.report(visit, class_of_absence(only, visit.is_duplicate), Kind::Extra),
            (None, None) => {}
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
            ruling if ruling == Ruling::AsItIs || self.trail.rule(visit.place).is_some() => {
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
        let mut right = candidate.members();
        let in_step = baseline.members().all(|(name, left)| match right.next() {
            Some((other, right)) if name == other => {
                self.push_member(visit.place, name, (Some(left), Some(right)), false);
                true
            }
            _ => false,
        });
        if !in_step || right.next().is_some() {
            self.ahead.truncate(from);
            self.members_by_name(visit, baseline, candidate);
        }
    }

    /// Members whose names do not simply agree.
    fn members_by_name(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        let joined = members::join(baseline, candidate);
        let partners = joined.iter().filter(|joined| joined.values.0.is_some()).filter_map(|joined| joined.values.1);
        let is_reordered = !partners.is_sorted_by_key(Value::index);
        for Joined { name, values, is_duplicate } in joined {
            self.push_member(visit.place, name, values, is_duplicate);
        }
        if is_reordered {
            self.report(visit, Class::Representation, Kind::Order);
        }
    }

    fn arrays(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        let left: Vec<_> = baseline.elements().collect();
        let right: Vec<_> = candidate.elements().collect();
        let prints = self.prints.get_or_insert_with(|| {
            Pair::from_fn(|role| {
                let (document, scope) = (self.documents.get(role), &self.context.scope);
                let ids = self.context.ids.canonical(document, scope, role);
                fingerprint::of_document(document, scope, *self.context.urls.get(role), &ids)
            })
        });
        let of = |values: &[Value<'_>], prints: &[u64]| -> Vec<u64> {
            values.iter().map(|value| prints[value.index() as usize]).collect()
        };
        let (left_prints, right_prints) = (of(&left, &prints.baseline), of(&right, &prints.candidate));
        if align::is_reordered(&left_prints, &right_prints) {
            return self.report(visit, Class::Breaking, Kind::Order);
        }
        for aligned in align::align(&left_prints, &right_prints) {
            let (at, length, values) = match aligned {
                Aligned::Both(at, other) => (at, left.len(), (Some(left[at]), Some(right[other]))),
                Aligned::OnlyBaseline(at) => (at, left.len(), (Some(left[at]), None)),
                Aligned::OnlyCandidate(at) => (at, right.len(), (None, Some(right[at]))),
            };
            let place = self.trail.below(visit.place, Child::Element { at, length });
            // An element that is null is still an element: without it the others move up.
            self.ahead.push(Visit { values, place, is_duplicate: true });
        }
    }

    fn push_member(
        &mut self,
        parent: Place,
        name: Text<'d>,
        values: (Option<Value<'d>>, Option<Value<'d>>),
        is_duplicate: bool,
    ) {
        let place = self.trail.below(parent, Child::Member(name));
        self.ahead.push(Visit { values, place, is_duplicate });
    }

    fn decider(&self, place: Place) -> Decider<'c> {
        self.trail.rule(place).map(|rule| (rule.index, rule.kind))
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
