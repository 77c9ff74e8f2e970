//! What a comparison of two answers knows about ids: which places hold one, and what the two of a place are to each other.

use std::cell::RefCell;
use std::collections::HashMap;

use super::spot::{Active, Ruling};
use super::text::without_ids;
use super::{Ids, Verdict, target};
use crate::compare::json::{Document, Type, Value};
use crate::compare::own_url::OwnUrl;
use crate::compare::path::Child;
use crate::compare::place::{Place, Trail};
use crate::compare::routes::Routes;
use crate::compare::{Answer, Asked};
use crate::plan::Learn;
use crate::record::Class;
use crate::role::{Pair, Role};

/// The ids of one comparison. Without any, everything is compared as it is.
pub(in crate::compare) struct Watch<'c>(Option<Active<'c>>);

impl<'c> Watch<'c> {
    /// Ids are values like any others.
    pub(in crate::compare) const fn off() -> Self {
        Self(None)
    }

    /// Begins with two answers.
    pub(in crate::compare) fn new(
        ids: &'c Ids,
        asked: &Asked<'c>,
        baseline: &Answer<'_>,
        candidate: &Answer<'_>,
    ) -> Self {
        let Ids { places, known } = ids;
        let all = |holds: fn(&Answer<'_>) -> bool| holds(baseline) && holds(candidate);
        let is_safe = matches!(asked.method, "GET" | "HEAD" | "OPTIONS" | "TRACE");
        let changed = !is_safe && all(|answer| (200..300).contains(&answer.status));
        let names_it = || all(|answer| answer.status == 201) || all(|answer| answer.headers.contains_key("location"));
        let creates = match places.learn {
            Learn::Never => false,
            Learn::Created => changed && names_it(),
            Learn::Changed => changed,
            Learn::Anywhere => true,
        };
        Self(Some(Active {
            marked: places.marked(asked.flow, asked.step),
            resource: places.resource(asked.flow, asked.step),
            places,
            known,
            creates,
            deletes: changed && asked.method == "DELETE",
            asked: *asked,
            names: RefCell::default(),
        }))
    }

    /// Whether answers must be looked through even where they are equal.
    pub(in crate::compare) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// The paths that the sides were asked for, and what in them is a conflict, in words.
    pub(in crate::compare) fn targets(&self) -> Option<((&'c str, &'c str), String)> {
        let active = self.0.as_ref()?;
        let targets = (active.asked.targets.baseline, active.asked.targets.candidate);
        let known = active.known.borrow();
        let conflict = target::joined(targets.0, targets.1)?.into_iter().find_map(|segment| {
            match known.check(&segment.namespace, segment.baseline, segment.candidate) {
                Verdict::Conflict(conflict) => Some(conflict.to_string()),
                _ => None,
            }
        });
        conflict.map(|words| (targets, words))
    }

    /// Once all is compared: what both sides have deleted may give its ids to something else.
    pub(in crate::compare) fn finish(&self) {
        let Some(active) = &self.0 else { return };
        active.known.borrow_mut().end_log();
        if !active.deletes {
            return;
        }
        let Pair { baseline, candidate } = active.asked.targets;
        let last = target::joined(baseline, candidate).and_then(|mut segments| segments.pop());
        if let Some(segment) = last.filter(|segment| segment.is_last) {
            active.known.borrow_mut().retire(&segment.namespace, segment.baseline, segment.candidate);
        }
    }

    /// Remembers from now on what is learned; a second time changes nothing.
    pub(in crate::compare) fn begin_log(&self) {
        if let Some(active) = self.0.as_ref().filter(|active| !active.known.borrow().has_log()) {
            active.known.borrow_mut().begin_log();
        }
    }

    /// How much was learned, to go back there.
    pub(in crate::compare) fn mark(&self) -> usize {
        self.0.as_ref().map_or(0, |active| active.known.borrow().log_length())
    }

    /// Whether an id got another name on the other side since.
    pub(in crate::compare) fn has_renamed_since(&self, mark: usize) -> bool {
        self.0.as_ref().is_some_and(|active| active.known.borrow().has_renamed_since(mark))
    }

    /// Forgets what was learned since.
    pub(in crate::compare) fn go_back(&self, mark: usize) {
        if let Some(active) = &self.0 {
            active.known.borrow_mut().take_back(mark);
        }
    }

    /// Looks at what was known when [`Self::begin_log`] was called.
    pub(in crate::compare) fn as_it_began<T>(&self, look: impl FnOnce() -> T) -> T {
        let Some(active) = &self.0 else { return look() };
        let taken = active.known.borrow_mut().take_back(0);
        let seen = look();
        active.known.borrow_mut().keep_again(taken);
        seen
    }

    /// Whether two equal values need not be shown to [`Self::scalars`]; see [`Active::is_indifferent`].
    pub(in crate::compare) fn is_indifferent(
        &self,
        trail: &Trail<'_>,
        step: (Place, Child<'_>),
        value: Value<'_>,
    ) -> bool {
        self.0.as_ref().is_none_or(|active| active.is_indifferent(trail, step, value))
    }

    /// Two strings or numbers of JSON bodies. `class`: how they differ as they are.
    pub(in crate::compare) fn scalars(
        &self,
        urls: &Pair<OwnUrl<'_>>,
        (trail, place): (&Trail<'_>, Place),
        (baseline, candidate): (Value<'_>, Value<'_>),
        class: Option<Class>,
    ) -> Ruling {
        let Some(active) = &self.0 else { return Ruling::AsItIs };
        let texts = || (baseline.scalar_text().text, candidate.scalar_text().text);
        if let Some(spot) = active.spot(trail, place, (baseline, candidate)) {
            let (one, other) = texts();
            // What is only written otherwise is the same id.
            let other = if class == Some(Class::Breaking) { &other } else { &one };
            return active.judge(&spot, &one, other, || trail.name(place));
        }
        if class != Some(Class::Breaking) || baseline.kind() != Type::String {
            return Ruling::AsItIs;
        }
        let (one, other) = texts();
        active.text(urls, &one, &other, || trail.name(place))
    }

    /// Two values of a header.
    pub(in crate::compare) fn header(
        &self,
        urls: &Pair<OwnUrl<'_>>,
        name: &str,
        baseline: &[u8],
        candidate: &[u8],
    ) -> Ruling {
        let Some(active) = &self.0 else { return Ruling::AsItIs };
        if let (Ok(baseline), Ok(candidate)) = (std::str::from_utf8(baseline), std::str::from_utf8(candidate))
            && (baseline != candidate || matches!(name, "location" | "content-location"))
        {
            return active.text(urls, baseline, candidate, || format!("header {name}"));
        }
        Ruling::AsItIs
    }

    /// Ids of a document as the baseline calls them, by the index of their value, for fingerprints. Empty text: nothing
    /// is known of it yet, and it tells no element from another.
    pub(in crate::compare) fn canonical(&self, document: &Document<'_>, role: Role) -> HashMap<u32, String> {
        let mut found = HashMap::new();
        let Some(active) = self.0.as_ref().filter(|active| active.creates || active.known.borrow().has_unequal())
        else {
            return found;
        };
        let (mut trail, mut routes) = (Trail::new(), Routes::new(&[]));
        let mut ahead = vec![(document.root(), Trail::ROOT)];
        while let Some((value, place)) = ahead.pop() {
            match value.kind() {
                Type::Object => {
                    ahead.extend(
                        value
                            .members()
                            .map(|(name, member)| (member, trail.below(&mut routes, place, Child::Member(name)))),
                    );
                }
                Type::Array => {
                    let length = value.elements().count();
                    let element =
                        |(at, element)| (element, trail.below(&mut routes, place, Child::Element { at, length }));
                    ahead.extend(value.elements().enumerate().map(element));
                }
                Type::Number | Type::String => {
                    let text = value.scalar_text().text;
                    if let Some(spot) = active.spot(&trail, place, (value, value)) {
                        found.insert(value.index(), active.canonical(&spot, role, &text));
                    } else if value.kind() == Type::String && text.contains('/') && active.known.borrow().has_unequal()
                    {
                        found.insert(value.index(), without_ids(&text));
                    }
                }
                Type::Null | Type::Bool => {}
            }
        }
        found
    }
}
