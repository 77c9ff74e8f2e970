//! What is known, for whoever holds it against something else: the rows of two databases.

use super::{Bijection, Namespace};
use crate::role::Role;

/// Two ids that are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KnownPair<'b> {
    /// What the baseline calls it.
    pub baseline: &'b str,
    /// What the candidate calls it.
    pub candidate: &'b str,
    /// Where the two were first seen together.
    pub place: &'b str,
}

impl Bijection {
    /// The pairs of a namespace whose thing nobody has said is gone, those that differ first, else in the order of the
    /// baseline's ids.
    pub fn pairs(&self, namespace: &Namespace) -> Vec<KnownPair<'_>> {
        let Some(space) = self.spaces.get(namespace) else { return Vec::new() };
        let known = space.partners.get(Role::Baseline).iter().filter(|(_, partner)| !partner.is_retired);
        let mut pairs: Vec<_> = known
            .map(|(id, partner)| KnownPair { baseline: id, candidate: &partner.id, place: &partner.place })
            .collect();
        pairs.sort_unstable_by_key(|pair| (pair.baseline == pair.candidate, pair.baseline));
        pairs
    }
}
