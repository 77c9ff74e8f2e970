//! Keeping pairs, and taking back what was kept since some moment: what a wrong guess has taught.

use super::{Bijection, Namespace, Partner, Space};
use crate::role::{Pair, Role};

/// A pair as it is kept.
#[derive(Debug, Clone)]
struct Kept {
    ids: Pair<String>,
    place: String,
    is_retired: bool,
}

/// A pair that was kept, and what it has changed.
#[derive(Debug, Clone)]
pub(super) struct Change {
    namespace: Namespace,
    ids: Pair<String>,
    /// Whether it is the first that is known of its namespace.
    is_first: bool,
    /// Pairs that gave way to it.
    gone: Vec<Kept>,
}

/// Pairs that were taken back, in the order in which they had been kept.
pub(super) struct TakenBack(Vec<(Namespace, Kept)>);

impl Bijection {
    /// Remembers from now on what changes, so that it can be taken back.
    pub(super) fn begin_log(&mut self) {
        self.log = Some(Vec::new());
    }

    /// Forgets what has changed, and stays as it is.
    pub(super) fn end_log(&mut self) {
        self.log = None;
    }

    /// Whether changes are remembered.
    pub(super) const fn has_log(&self) -> bool {
        self.log.is_some()
    }

    /// How many changes are remembered.
    pub(super) fn log_length(&self) -> usize {
        self.log.as_ref().map_or(0, Vec::len)
    }

    /// Whether one of the changes after the first ones gave an id another name on the other side than its own, or than
    /// it had.
    pub(super) fn has_renamed_since(&self, log_length: usize) -> bool {
        let changes = self.log.iter().flatten().skip(log_length);
        changes.into_iter().any(|change| change.ids.baseline != change.ids.candidate || !change.gone.is_empty())
    }

    /// Takes back all changes but the first ones.
    pub(super) fn take_back(&mut self, log_length: usize) -> TakenBack {
        let mut taken = Vec::new();
        while self.log_length() > log_length {
            let Some(Change { namespace, ids, is_first, gone }) = self.log.as_mut().and_then(Vec::pop) else { break };
            let Some(space) = self.spaces.get_mut(&namespace) else { continue };
            let kept = space.remove(Role::Baseline, &ids.baseline);
            for gone in &gone {
                space.put(gone);
            }
            if is_first {
                self.spaces.remove(&namespace);
            }
            self.forget_unequal(&ids);
            for gone in &gone {
                self.count_unequal(&gone.ids);
            }
            taken.extend(kept.map(|kept| (namespace, kept)));
        }
        taken.reverse();
        TakenBack(taken)
    }

    /// Keeps again what was taken back.
    pub(super) fn keep_again(&mut self, TakenBack(taken): TakenBack) {
        for (namespace, Kept { ids, place, .. }) in taken {
            self.insert(&namespace, &ids.baseline, &ids.candidate, || place);
        }
    }

    /// Keeps a pair without conflict; whatever retired pair stands in its way goes.
    pub(super) fn insert(
        &mut self,
        namespace: &Namespace,
        baseline: &str,
        candidate: &str,
        place: impl FnOnce() -> String,
    ) {
        if self.is_settled(namespace, baseline, candidate) {
            return;
        }
        let is_first = !self.spaces.contains_key(namespace);
        let space = self.spaces.entry(namespace.clone()).or_default();
        let mut gone: Vec<_> = space.remove(Role::Baseline, baseline).into_iter().collect();
        gone.extend(space.remove(Role::Candidate, candidate));
        let ids = Pair { baseline: baseline.to_owned(), candidate: candidate.to_owned() };
        let kept = Kept { ids, place: place(), is_retired: false };
        space.put(&kept);
        for gone in &gone {
            self.forget_unequal(&gone.ids);
        }
        self.count_unequal(&kept.ids);
        if let Some(log) = &mut self.log {
            log.push(Change { namespace: namespace.clone(), ids: kept.ids, is_first, gone });
        }
    }

    fn count_unequal(&mut self, ids: &Pair<String>) {
        if ids.baseline != ids.candidate {
            *self.unequal.entry((ids.baseline.clone(), ids.candidate.clone())).or_default() += 1;
        }
    }

    fn forget_unequal(&mut self, ids: &Pair<String>) {
        let pair = (ids.baseline.clone(), ids.candidate.clone());
        if let Some(count) = self.unequal.get_mut(&pair) {
            *count -= 1;
            if *count == 0 {
                self.unequal.remove(&pair);
            }
        }
    }
}

impl Space {
    fn put(&mut self, Kept { ids, place, is_retired }: &Kept) {
        for role in Role::BOTH {
            let partner = Partner { id: ids.get(role.other()).clone(), place: place.clone(), is_retired: *is_retired };
            self.partners.get_mut(role).insert(ids.get(role).clone(), partner);
        }
    }

    /// Takes out the pair of an id, from both sides.
    fn remove(&mut self, role: Role, id: &str) -> Option<Kept> {
        let Partner { id: other, place, is_retired } = self.partners.get_mut(role).remove(id)?;
        self.partners.get_mut(role.other()).remove(&other);
        let ids = match role {
            Role::Baseline => Pair { baseline: id.to_owned(), candidate: other },
            Role::Candidate => Pair { baseline: other, candidate: id.to_owned() },
        };
        Some(Kept { ids, place, is_retired })
    }
}
