//! Which places of an answer hold an id, and what the two of a place are to each other.

use std::cell::RefCell;
use std::collections::HashMap;

use super::places::Marked;
use super::text::{is_path, own_path, says_the_same};
use super::{Bijection, Namespace, Places, Verdict, target};
use crate::compare::json::{Text, Value};
use crate::compare::own_url::OwnUrl;
use crate::compare::path::Child;
use crate::compare::place::{Place, Trail};
use crate::compare::{Asked, is_uuid};
use crate::plan::Learn;
use crate::role::{Pair, Role};

/// Steps upwards that are looked at for a name.
const DEEPEST: usize = 50;
/// Names of members that hold things without saying of what kind.
const CONTAINERS: [&str; 20] = [
    "items",
    "data",
    "results",
    "result",
    "rows",
    "records",
    "content",
    "list",
    "elements",
    "entries",
    "nodes",
    "node",
    "edges",
    "values",
    "page",
    "payload",
    "response",
    "body",
    "_embedded",
    "attributes",
];
/// What ids have to say of two texts at a place.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::compare) enum Ruling {
    /// Nothing: they are compared like any others.
    AsItIs,
    /// They differ in nothing but ids that are one.
    Same,
    /// A path whose ids are one: the candidate's text with the baseline's ids in it, to be compared in its place.
    Translated(Vec<u8>),
    /// An id that is two, in words.
    Conflict(String),
}

/// The ids of one comparison.
pub(super) struct Active<'c> {
    pub(super) places: &'c Places,
    pub(super) marked: Vec<&'c Marked>,
    pub(super) resource: Option<&'c Namespace>,
    pub(super) known: &'c RefCell<Bijection>,
    /// Whether what the answers are about was made by the requests, so that its ids may be introduced.
    pub(super) creates: bool,
    /// Whether both sides have deleted what the requests named.
    pub(super) deletes: bool,
    pub(super) asked: Asked<'c>,
    pub(super) names: RefCell<HashMap<Vec<u8>, Named>>,
}

/// What the name of a member says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Named {
    Own,
    Reference(Namespace),
    Container,
    Other(Namespace),
}

/// An id place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    namespace: Namespace,
    /// Whether it is the id of what the answer is about, and not one of something that the answer refers to.
    is_own: bool,
}

impl Active<'_> {
    /// What a place is the id of, if it is one. UUIDs are one namespace, whatever is known of their place.
    pub(super) fn spot(&self, trail: &Trail<'_>, place: Place, values: (Value<'_>, Value<'_>)) -> Option<Spot> {
        let are_uuids =
            || [values.0, values.1].into_iter().all(|value| value.text().is_some_and(|text| is_uuid(&text.decode())));
        let or_uuid = |namespace: Namespace| if are_uuids() { Namespace::uuid() } else { namespace };
        let last = trail.upwards(place).next();
        let may_be = |marked: &Marked| last.is_none_or(|child| marked.matcher.may_end_with(child));
        let mut marked = self.marked.iter().filter(|marked| may_be(marked));
        if let Some(marked) = marked.find(|marked| trail.is_at(place, &marked.matcher)) {
            return Some(Spot { namespace: or_uuid(marked.namespace.clone()?), is_own: true });
        }
        let of = self.by_name(trail, place);
        let is_own = of.is_some() && of.as_ref() == self.resource;
        match of {
            Some(namespace) => Some(Spot { namespace: or_uuid(self.resolve(namespace)), is_own }),
            None => are_uuids().then(|| Spot { namespace: Namespace::uuid(), is_own: false }),
        }
    }

    /// Whether two equal values teach nothing and contradict nothing, as nobody takes what is one step below a place for
    /// an id. Never wrong about a yes.
    pub(super) fn is_indifferent(
        &self,
        trail: &Trail<'_>,
        (parent, child): (Place, Child<'_>),
        value: Value<'_>,
    ) -> bool {
        let mut names = std::iter::once(child).chain(trail.upwards(parent)).take(DEEPEST).filter_map(Child::name);
        !names.next().is_some_and(|name| Namespace::may_say_id(&name.decode()))
            && !value.text().is_some_and(|text| is_uuid(&text.decode()))
            && !self.marked.iter().any(|marked| marked.matcher.may_end_with(child))
    }

    /// What the names of members on the way to a place say that it is the id of.
    fn by_name(&self, trail: &Trail<'_>, place: Place) -> Option<Namespace> {
        let mut names = trail.upwards(place).take(DEEPEST).filter_map(Child::name).map(Text::decode);
        let nearest = names.next().filter(|name| Namespace::may_say_id(name))?;
        let mut names = names.map(|name| self.named(&name));
        match self.named(&nearest) {
            Named::Own => match names.find(|named| *named != Named::Container) {
                // What it stands in has a name, and so is something of its own.
                Some(Named::Other(around) | Named::Reference(around)) => Some(around),
                _ => self.resource.cloned(),
            },
            Named::Reference(to) => Some(to),
            Named::Container | Named::Other(_) => None,
        }
    }

    fn named(&self, name: &[u8]) -> Named {
        if let Some(known) = self.names.borrow().get(name) {
            return known.clone();
        }
        let text = String::from_utf8_lossy(name);
        let named = if Namespace::is_own(&text) {
            Named::Own
        } else if CONTAINERS.contains(&&*text) {
            Named::Container
        } else {
            Namespace::reference(&text).map_or_else(|| Named::Other(Namespace::resource(&text)), Named::Reference)
        };
        self.names.borrow_mut().insert(name.to_vec(), named.clone());
        named
    }

    /// A `home_class` is a class, if nothing else is known of it.
    fn resolve(&self, namespace: Namespace) -> Namespace {
        if self.is_known(&namespace) {
            return namespace;
        }
        namespace.last_word().filter(|last| self.is_known(last)).unwrap_or(namespace)
    }

    /// Whether a word is known to mean one kind of thing. Equal ids of other words are not kept: `owner_id` may be the id
    /// of a student here and of a class there.
    fn is_known(&self, namespace: &Namespace) -> bool {
        self.places.is_collection(namespace) || namespace.is_uuid() || self.known.borrow().knows(namespace)
    }

    pub(super) fn judge(&self, spot: &Spot, baseline: &str, candidate: &str, place: impl Fn() -> String) -> Ruling {
        let Spot { namespace, is_own } = spot;
        let lower = namespace.is_uuid().then(|| (baseline.to_ascii_lowercase(), candidate.to_ascii_lowercase()));
        let (baseline, candidate) = lower.as_ref().map_or((baseline, candidate), |(one, other)| (one, other));
        if self.known.borrow().is_settled(namespace, baseline, candidate) {
            return if baseline == candidate { Ruling::AsItIs } else { Ruling::Same };
        }
        let place = || format!("{} / {} at {}", self.asked.flow, self.asked.step, place());
        let introduces = self.creates && (*is_own || self.places.learn == Learn::Anywhere);
        let is_known = self.is_known(namespace);
        let mut known = self.known.borrow_mut();
        let verdict = if introduces {
            known.learn(namespace, baseline, candidate, place)
        } else if is_known {
            known.see(namespace, baseline, candidate, place)
        } else {
            known.check(namespace, baseline, candidate)
        };
        match verdict {
            Verdict::Same | Verdict::Unknown => Ruling::AsItIs,
            Verdict::Mapped => Ruling::Same,
            Verdict::Conflict(conflict) => Ruling::Conflict(conflict.to_string()),
        }
    }

    /// Text that is a path whose ids may differ, or running text in which exactly known pairs do.
    pub(super) fn text(
        &self,
        urls: &Pair<OwnUrl<'_>>,
        baseline: &str,
        candidate: &str,
        place: impl Fn() -> String,
    ) -> Ruling {
        if is_path(baseline) && is_path(candidate) {
            let ruling = self.url(own_path(&urls.baseline, baseline), own_path(&urls.candidate, candidate), place);
            return match ruling {
                Ruling::Translated(path) => {
                    let base = candidate.len() - own_path(&urls.candidate, candidate).len();
                    Ruling::Translated([&candidate.as_bytes()[..base], &path].concat())
                }
                ruling => ruling,
            };
        }
        let known = self.known.borrow();
        let (one, other) = (urls.baseline.scrub(baseline.as_bytes()), urls.candidate.scrub(candidate.as_bytes()));
        if known.has_unequal() && one != other && says_the_same(&known, &one, &other) {
            Ruling::Same
        } else {
            Ruling::AsItIs
        }
    }

    /// A path that names something, as in `Location`.
    fn url(&self, baseline: &str, candidate: &str, place: impl Fn() -> String) -> Ruling {
        let Some(segments) = target::joined(baseline, candidate) else { return Ruling::AsItIs };
        let mut translated = candidate.to_owned();
        for segment in segments.iter().rev() {
            let is_own = segment.is_last && (self.resource == Some(&segment.namespace) || segment.namespace.is_uuid());
            let spot = Spot { namespace: segment.namespace.clone(), is_own };
            match self.judge(&spot, segment.baseline, segment.candidate, &place) {
                Ruling::Same => {
                    let end = segment.start + segment.candidate.len();
                    translated.replace_range(segment.start..end, segment.baseline);
                }
                conflict @ Ruling::Conflict(_) => return conflict,
                Ruling::AsItIs | Ruling::Translated(_) => {}
            }
        }
        if translated == candidate { Ruling::AsItIs } else { Ruling::Translated(translated.into_bytes()) }
    }

    pub(super) fn canonical(&self, Spot { namespace, is_own }: &Spot, role: Role, text: &str) -> String {
        let known = self.known.borrow();
        match (role, known.partner(namespace, role, text)) {
            (Role::Candidate, Some(baseline)) => baseline.to_owned(),
            (_, None) if self.creates && *is_own || known.has_unequal() && !known.knows(namespace) => String::new(),
            // The baseline's of that name is another.
            (Role::Candidate, None) if known.partner(namespace, Role::Baseline, text).is_some() => {
                format!("not {text}")
            }
            _ => text.to_owned(),
        }
    }
}
