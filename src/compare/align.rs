//! Which elements of two arrays belong together. Takes time in proportion to the arrays, whatever they contain.

use std::collections::HashMap;

/// Elements that belong together, or one that has no partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aligned {
    Both(usize, usize),
    OnlyBaseline(usize),
    OnlyCandidate(usize),
}

/// Whether both have the same elements, but in another order.
pub(super) fn is_reordered(baseline: &[u64], candidate: &[u64]) -> bool {
    if baseline.len() != candidate.len() || baseline == candidate {
        return false;
    }
    let sorted = |elements: &[u64]| {
        let mut elements = elements.to_vec();
        elements.sort_unstable();
        elements
    };
    sorted(baseline) == sorted(candidate)
}

/// Pairs up elements by their fingerprints, so that an insertion is one element without a partner. Elements that occur
/// once on each side hold the arrays together (patience); what lies between them is paired in order.
pub(super) fn align(baseline: &[u64], candidate: &[u64]) -> Vec<Aligned> {
    // One of the two directions is computed and the other mirrored, so that swapping the sides swaps the answer.
    if (baseline.len(), baseline) > (candidate.len(), candidate) {
        return align(candidate, baseline).into_iter().map(Aligned::mirrored).collect();
    }
    let mut aligned = Vec::with_capacity(candidate.len());
    let mut from = (0, 0);
    let anchors = longest_rising(&unique_pairs(baseline, candidate, unequal_part(baseline, candidate)));
    for to in anchors.into_iter().chain([(baseline.len(), candidate.len())]) {
        gap(baseline, candidate, from, to, &mut aligned);
        if to.0 < baseline.len() {
            aligned.push(Aligned::Both(to.0, to.1));
        }
        from = (to.0 + 1, to.1 + 1);
    }
    aligned
}

impl Aligned {
    const fn mirrored(self) -> Self {
        match self {
            Self::Both(baseline, candidate) => Self::Both(candidate, baseline),
            Self::OnlyBaseline(at) => Self::OnlyCandidate(at),
            Self::OnlyCandidate(at) => Self::OnlyBaseline(at),
        }
    }
}

/// Pairs up what lies between two anchors: equal elements at either end first, then the rest in order.
fn gap(baseline: &[u64], candidate: &[u64], from: (usize, usize), to: (usize, usize), out: &mut Vec<Aligned>) {
    let (left, right) = (&baseline[from.0..to.0], &candidate[from.1..to.1]);
    let (_, tail) = unequal_part(left, right);
    let paired = left.len().min(right.len()) - tail;
    out.extend((0..paired).map(|at| Aligned::Both(from.0 + at, from.1 + at)));
    out.extend((from.0 + paired..to.0 - tail).map(Aligned::OnlyBaseline));
    out.extend((from.1 + paired..to.1 - tail).map(Aligned::OnlyCandidate));
    out.extend((0..tail).rev().map(|back| Aligned::Both(to.0 - 1 - back, to.1 - 1 - back)));
}

/// How many elements are equal at the start, and at the end of what is left.
fn unequal_part(baseline: &[u64], candidate: &[u64]) -> (usize, usize) {
    let head = baseline.iter().zip(candidate).take_while(|(left, right)| left == right).count();
    let (left, right) = (&baseline[head..], &candidate[head..]);
    (head, left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count())
}

/// Positions of the elements between head and tail that occur exactly once there on each side, in the order of the
/// baseline.
fn unique_pairs(baseline: &[u64], candidate: &[u64], (head, tail): (usize, usize)) -> Vec<(usize, usize)> {
    let (left, right) = (&baseline[head..baseline.len() - tail], &candidate[head..candidate.len() - tail]);
    if left.is_empty() || right.is_empty() {
        return Vec::new();
    }
    let once = |elements: &[u64]| {
        let mut seen: HashMap<u64, Option<usize>> = HashMap::with_capacity(elements.len());
        for (at, element) in elements.iter().enumerate() {
            seen.entry(*element).and_modify(|first| *first = None).or_insert(Some(at));
        }
        seen
    };
    let (on_left, on_right) = (once(left), once(right));
    let partner = |(at, element)| {
        (*on_left.get(element)?)?;
        Some((head + at, head + (*on_right.get(element)?)?))
    };
    left.iter().enumerate().filter_map(partner).collect()
}

/// A longest selection in which the second positions rise as the first do.
fn longest_rising(pairs: &[(usize, usize)]) -> Vec<(usize, usize)> {
    // Ends of the best selections of each length so far, and what comes before each pair in its selection.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = vec![usize::MAX; pairs.len()];
    for (at, pair) in pairs.iter().enumerate() {
        let length = ends.partition_point(|end| pairs[*end].1 < pair.1);
        if length > 0 {
            before[at] = ends[length - 1];
        }
        if length == ends.len() { ends.push(at) } else { ends[length] = at }
    }
    let mut rising: Vec<_> =
        std::iter::successors(ends.last().copied(), |at| Some(before[*at]).filter(|at| *at != usize::MAX))
            .map(|at| pairs[at])
            .collect();
    rising.reverse();
    rising
}
