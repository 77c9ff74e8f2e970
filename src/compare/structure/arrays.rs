//! Two arrays: which elements belong together, and what is still to be compared of them.

use super::{Visit, Walk};
use crate::compare::align::{self, Aligned};
use crate::compare::findings::Mark;
use crate::compare::fingerprint::{self, Prints};
use crate::compare::json::{self, Type, Value};
use crate::compare::pairing;
use crate::compare::path::{Child, Matcher};
use crate::compare::place::Place;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;

/// Arrays of one length are mostly the same element by element, and then no fingerprints are needed to pair them. So
/// that is tried first, for an array with all that is below it, and taken back at the first breaking difference. It is
/// taken back as well where it taught that an id has another name on the other side: elements that were put beside each
/// other by their places alone would teach anything.
pub(super) struct Guess<'d> {
    array: Visit<'d>,
    /// What was ahead, which places were known, what was found and what was learned of ids before.
    ahead: usize,
    places: usize,
    found: Mark,
    learned: usize,
    has_failed: bool,
}

impl<'d> Walk<'_, 'd> {
    pub(super) fn arrays(&mut self, visit: Visit<'d>, baseline: Value<'d>, candidate: Value<'d>) {
        self.context.ids.begin_log();
        let left: Vec<_> = baseline.elements().collect();
        let right: Vec<_> = candidate.elements().collect();
        if self.guesses(visit, left.len() == right.len()) {
            let one_by_one = (0..left.len().min(right.len())).map(|at| Aligned::Both(at, at)).collect();
            return self.push_elements(visit.place, (&left, &right), one_by_one);
        }
        self.align(visit, &left, &right);
    }

    /// Arrays whose elements are paired by what they say.
    fn align(&mut self, visit: Visit<'d>, left: &[Value<'d>], right: &[Value<'d>]) {
        let (left_prints, right_prints) = self.prints_of(left, right);
        if align::is_reordered(&left_prints, &right_prints) {
            return self.report(visit, Class::Breaking, Kind::Order);
        }
        let mut aligned = align::align(&left_prints, &right_prints);
        if self.routes.is_free(self.trail.route(visit.place)) && !self.context.ids.is_on() {
            // What the same bytes say need not be walked.
            aligned.retain(|pair| match *pair {
                Aligned::Both(at, other) if left_prints[at] == right_prints[other] => {
                    let is_same = is_same_and_short(left[at], right[other]);
                    if is_same {
                        self.findings.visit_untouched(left[at].value_count());
                    }
                    !is_same
                }
                _ => true,
            });
        }
        self.push_elements(visit.place, (left, right), aligned);
    }

    /// Whether elements are taken to belong together one by one; if so, what follows is a guess.
    fn guesses(&mut self, array: Visit<'d>, is_same_length: bool) -> bool {
        if let Some(guess) = &mut self.guess {
            guess.has_failed |= !is_same_length;
            return true;
        }
        let may_guess = self.takes_shortcuts && is_same_length && self.prints.is_none();
        if may_guess {
            let (ahead, places, found) = (self.ahead.len(), self.trail.len(), self.findings.mark());
            let learned = self.context.ids.mark();
            self.guess = Some(Guess { array, ahead, places, found, learned, has_failed: false });
        }
        may_guess
    }

    /// Ends a guess that has held to the end of its array, and takes back one that has not.
    pub(super) fn settle(&mut self) {
        let Some(guess) = &self.guess else { return };
        let has_failed = guess.has_failed || self.findings.is_broken_since(&guess.found);
        if !has_failed && self.ahead.len() > guess.ahead {
            return;
        }
        let has_failed = has_failed || self.context.ids.has_renamed_since(guess.learned);
        let Some(Guess { array, ahead, places, found, learned, .. }) = self.guess.take().filter(|_| has_failed) else {
            return;
        };
        self.ahead.truncate(ahead);
        self.trail.truncate(places);
        self.findings.go_back(found);
        self.context.ids.go_back(learned);
        if let (Some(baseline), Some(candidate)) = array.values {
            let (left, right): (Vec<_>, Vec<_>) = (baseline.elements().collect(), candidate.elements().collect());
            self.align(array, &left, &right);
            self.ahead[ahead..].reverse();
        }
    }

    /// Arrays whose elements belong together by a key, or else by all that they say.
    pub(super) fn any_order(
        &mut self,
        visit: Visit<'d>,
        baseline: Value<'d>,
        candidate: Value<'d>,
        key: Option<&Matcher>,
    ) {
        if baseline.kind() != Type::Array || candidate.kind() != Type::Array {
            return self.compare_values(visit, baseline, candidate);
        }
        self.context.ids.begin_log();
        let left: Vec<_> = baseline.elements().collect();
        let right: Vec<_> = candidate.elements().collect();
        let (mut left_marks, mut right_marks) = self.prints_of(&left, &right);
        if let (Some(key), Some(prints)) = (key, &self.prints) {
            let urls = &self.context.urls;
            let mark = |marks: &mut Vec<u64>, values: &[Value<'_>], url, prints: &Prints| {
                for (mark, value) in marks.iter_mut().zip(values) {
                    if let Some(key) = json::select_below(*value, key) {
                        *mark = fingerprint::of_key(key, url, prints);
                    }
                }
            };
            mark(&mut left_marks, &left, urls.baseline, &prints.baseline);
            mark(&mut right_marks, &right, urls.candidate, &prints.candidate);
        }
        let mut paired = pairing::by_mark(&left_marks, &right_marks);
        if key.is_none() {
            pairing::join_last(&mut paired);
        }
        if pairing::is_reordered(&paired) {
            self.report(visit, Class::Breaking, Kind::Order);
        }
        self.push_elements(visit.place, (&left, &right), paired);
    }

    /// Fingerprints of some elements of either side.
    fn prints_of(&mut self, baseline: &[Value<'d>], candidate: &[Value<'d>]) -> (Vec<u64>, Vec<u64>) {
        let Self { context, documents, routes, prints, .. } = self;
        let prints = prints.get_or_insert_with(|| {
            // What earlier arrays have taught does not count: all are paired by the same knowledge.
            let ids =
                context.ids.as_it_began(|| Pair::from_fn(|role| context.ids.canonical(documents.get(role), role)));
            ids.map(|role, ids| {
                let (document, url) = (documents.get(role), *context.urls.get(role));
                fingerprint::of_document(document, &context.scope, routes, url, ids)
            })
        });
        let of = |values: &[Value<'_>], prints: &[u64]| -> Vec<u64> {
            values.iter().map(|value| prints[value.index() as usize]).collect()
        };
        (of(baseline, &prints.baseline.all), of(candidate, &prints.candidate.all))
    }

    fn push_elements(&mut self, parent: Place, (left, right): (&[Value<'d>], &[Value<'d>]), aligned: Vec<Aligned>) {
        let is_free = self.routes.is_free(self.trail.route(parent));
        for aligned in aligned {
            let (at, length, values) = match aligned {
                Aligned::Both(at, other) => (at, left.len(), (Some(left[at]), Some(right[other]))),
                Aligned::OnlyBaseline(at) => (at, left.len(), (Some(left[at]), None)),
                Aligned::OnlyCandidate(at) => (at, right.len(), (None, Some(right[at]))),
            };
            let child = Child::Element { at, length };
            if is_free && self.is_settled((parent, child), values) {
                self.findings.visit_untouched(1);
                continue;
            }
            let place = self.trail.below(&mut self.routes, parent, child);
            // An element that is null is still an element: without it the others move up.
            self.ahead.push(Visit { values, place, is_duplicate: true });
        }
    }
}

/// Whether two values are the same bytes. Long ones are not looked at: they may be nested, and each level would look.
fn is_same_and_short(baseline: Value<'_>, candidate: Value<'_>) -> bool {
    const MOST_BYTES: usize = 4_096;
    let (baseline, candidate) = (baseline.raw(), candidate.raw());
    baseline.len() <= MOST_BYTES && baseline == candidate
}
