//! Ids that the sides generated: learned as pairs, and checked to be a bijection.
//!
//! Each side runs on a database of its own, so what the baseline calls student 501 may be student 521 of the candidate.
//! That is no difference as long as 501 is 521 everywhere and 521 is nothing else. Knows nothing of answers or rows: who
//! compares them says where an id stands, to which [`Namespace`] it belongs, and whether it was made just now. For answers
//! that is [`Places`] and, while two of them are compared, `Watch`.
//!
//! Two ids that differ are believed to be one only once they were *introduced* by [`Bijection::learn`], which is for
//! places where both sides have just made something. Anywhere else, ids are equal or introduced before; otherwise a list
//! that answers other rows would teach its own excuse.

mod keep;
mod known;
mod namespace;
mod places;
mod spot;
mod target;
mod text;
mod watch;

use std::cell::RefCell;
use std::collections::HashMap;

use keep::Change;
pub use known::KnownPair;
pub use namespace::Namespace;
pub use places::Places;
pub(super) use spot::Ruling;
pub use target::is_id_shaped;
pub(super) use watch::Watch;

use crate::plan::{Plan, Template};
use crate::role::{Pair, Role};

/// Pairs of ids, at most one partner for each id of a namespace on each side.
///
/// ```
/// use cutover::compare::ids::{Bijection, Namespace, Verdict};
///
/// let mut ids = Bijection::default();
/// let student = Namespace::resource("students");
/// assert_eq!(ids.check(&student, "501", "521"), Verdict::Unknown);
/// assert_eq!(ids.learn(&student, "501", "521", || "POST /students at $.id".to_owned()), Verdict::Mapped);
/// assert_eq!(ids.check(&student, "501", "521"), Verdict::Mapped);
/// assert!(matches!(ids.check(&student, "501", "501"), Verdict::Conflict(_)));
/// assert_eq!(ids.check(&Namespace::resource("classes"), "501", "501"), Verdict::Same);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Bijection {
    spaces: HashMap<Namespace, Space>,
    /// Pairs of unequal ids, whatever their namespace, with how many namespaces have them.
    unequal: HashMap<(String, String), usize>,
    /// What has changed, while somebody may want to take it back.
    log: Option<Vec<Change>>,
}

/// The pairs of one namespace, by the id of either side.
#[derive(Debug, Clone, Default)]
struct Space {
    partners: Pair<HashMap<String, Partner>>,
}

/// What an id is on the other side.
#[derive(Debug, Clone)]
struct Partner {
    id: String,
    /// Where the two were first seen together.
    place: String,
    /// Whether what it named is gone, so that the id may be given to something else.
    is_retired: bool,
}

/// What two ids are to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Equal, and nothing that is known speaks against it.
    Same,
    /// They differ and are one: both sides made them for the same thing.
    Mapped,
    /// They differ, and nothing is known of either: another value like any other.
    Unknown,
    /// One of them is known to be another id on the other side.
    Conflict(Conflict),
}

/// One id that is two on the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// What kind of thing it names.
    pub namespace: Namespace,
    /// The side on which it is one id.
    pub role: Role,
    /// The id.
    pub id: String,
    /// What it was on the other side before.
    pub before: String,
    /// Where that was first seen.
    pub place: String,
    /// What it would be on the other side now.
    pub now: String,
}

impl std::fmt::Display for Conflict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { namespace, role, id, before, place, now } = self;
        write!(f, "{namespace} {id} of the {role} was {before} of the {} at {place}, and is {now} here", role.other())
    }
}

impl Bijection {
    /// Introduces a pair, equal or not: both sides have just made what these ids name. `place` says where, for whoever
    /// has to understand a conflict; it is asked only if the pair is new. Gives [`Verdict::Same`] or
    /// [`Verdict::Mapped`], or the conflict, which leaves what was known before as it was.
    pub fn learn(
        &mut self,
        namespace: &Namespace,
        baseline: &str,
        candidate: &str,
        place: impl FnOnce() -> String,
    ) -> Verdict {
        if let Some(conflict) = self.conflict(namespace, baseline, candidate, true) {
            return Verdict::Conflict(conflict);
        }
        self.insert(namespace, baseline, candidate, place);
        if baseline == candidate { Verdict::Same } else { Verdict::Mapped }
    }

    /// As [`Self::check`], and keeps equal ids as a pair, so that neither can become something else later.
    pub fn see(
        &mut self,
        namespace: &Namespace,
        baseline: &str,
        candidate: &str,
        place: impl FnOnce() -> String,
    ) -> Verdict {
        let verdict = self.check(namespace, baseline, candidate);
        if verdict == Verdict::Same {
            self.insert(namespace, baseline, candidate, place);
        }
        verdict
    }

    /// What two ids are to each other by what was learned so far. Where the namespace knows neither of two unequal ids, a
    /// pair of exactly these two in another namespace counts: `owner_id` may be the id of a student.
    pub fn check(&self, namespace: &Namespace, baseline: &str, candidate: &str) -> Verdict {
        if let Some(conflict) = self.conflict(namespace, baseline, candidate, false) {
            return Verdict::Conflict(conflict);
        }
        if baseline == candidate {
            return Verdict::Same;
        }
        let is_pair = self.partner(namespace, Role::Baseline, baseline) == Some(candidate)
            || self.is_unequal_pair(baseline, candidate);
        if is_pair { Verdict::Mapped } else { Verdict::Unknown }
    }

    /// Whether exactly these two are a pair of the namespace, and nobody has said that what they name is gone: then there
    /// is nothing to learn of them, and no conflict.
    fn is_settled(&self, namespace: &Namespace, baseline: &str, candidate: &str) -> bool {
        let partner = self.spaces.get(namespace).and_then(|space| space.partners.baseline.get(baseline));
        partner.is_some_and(|partner| partner.id == candidate && !partner.is_retired)
    }

    /// Whether exactly these two different ids are a pair of any namespace.
    pub fn is_unequal_pair(&self, baseline: &str, candidate: &str) -> bool {
        self.has_unequal() && self.unequal.contains_key(&(baseline.to_owned(), candidate.to_owned()))
    }

    /// Whether anything was learned of a namespace.
    pub fn knows(&self, namespace: &Namespace) -> bool {
        self.spaces.contains_key(namespace)
    }

    /// What an id of one side is on the other, if that is known.
    pub fn partner(&self, namespace: &Namespace, role: Role, id: &str) -> Option<&str> {
        let partner = self.spaces.get(namespace)?.partners.get(role).get(id)?;
        Some(&partner.id)
    }

    /// Says that what a pair names is gone on both sides: a database may give either id to something else. Until then the
    /// pair stays what it is.
    pub fn retire(&mut self, namespace: &Namespace, baseline: &str, candidate: &str) {
        if self.partner(namespace, Role::Baseline, baseline) != Some(candidate) {
            return;
        }
        let Some(space) = self.spaces.get_mut(namespace) else { return };
        for (role, id) in [(Role::Baseline, baseline), (Role::Candidate, candidate)] {
            if let Some(partner) = space.partners.get_mut(role).get_mut(id) {
                partner.is_retired = true;
            }
        }
    }

    /// Whether any pair has two different ids. As long as there is none, equal answers hold no conflict.
    pub fn has_unequal(&self) -> bool {
        !self.unequal.is_empty()
    }

    /// How many pairs are known, and how many of them have two different ids.
    pub fn count(&self) -> (u64, u64) {
        let pairs = |space: &Space| space.partners.baseline.len();
        let unequal = |space: &Space| space.partners.baseline.iter().filter(|(id, partner)| **id != partner.id).count();
        let sum = |of: fn(&Space) -> usize| self.spaces.values().map(of).sum::<usize>() as u64;
        (sum(pairs), sum(unequal))
    }

    /// The first known pair that two ids cannot be one beside. One that is retired gives way to a new one.
    fn conflict(&self, namespace: &Namespace, baseline: &str, candidate: &str, gives_way: bool) -> Option<Conflict> {
        let space = self.spaces.get(namespace)?;
        [(Role::Baseline, baseline, candidate), (Role::Candidate, candidate, baseline)].into_iter().find_map(
            |(role, id, now)| {
                let known = space.partners.get(role).get(id)?;
                let stands = known.id != now && !(gives_way && known.is_retired);
                stands.then(|| Conflict {
                    namespace: namespace.clone(),
                    role,
                    id: id.to_owned(),
                    before: known.id.clone(),
                    place: known.place.clone(),
                    now: now.to_owned(),
                })
            },
        )
    }
}

/// The known pairs, and where in answers ids are.
#[derive(Debug, Clone)]
pub struct Ids {
    places: Places,
    /// Learned by whoever sees two ids at a place; borrowed for one look at a time.
    known: RefCell<Bijection>,
}

impl Ids {
    /// Nothing known yet.
    pub fn new(plan: &Plan) -> Self {
        Self { places: Places::new(plan), known: RefCell::default() }
    }

    /// The same with steps of a flow that the plan does not have, by name and by what they ask for.
    pub fn with_steps(plan: &Plan, flow: &str, steps: &[(String, Template)]) -> Self {
        let mut ids = Self::new(plan);
        ids.places.add(flow, steps);
        ids
    }

    /// Nothing is known any more.
    pub fn forget(&mut self) {
        *self.known.get_mut() = Bijection::default();
    }

    /// What is known, to look at and to learn more.
    pub fn known(&mut self) -> &mut Bijection {
        self.known.get_mut()
    }
}

#[cfg(test)]
mod tests;
