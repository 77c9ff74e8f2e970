//! Which elements of two arrays belong together where their order says nothing.

use super::align::Aligned;

/// Pairs up elements of equal marks: the first of a mark with the first, and so on. In the order of the baseline, then
/// what only the candidate has.
pub(super) fn by_mark(baseline: &[u64], candidate: &[u64]) -> Vec<Aligned> {
    let (left, right) = (sorted(baseline), sorted(candidate));
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    let mut paired = Vec::with_capacity(baseline.len().max(candidate.len()));
    loop {
        let next = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(one), Some(two)) if one.0 == two.0 => Aligned::Both(one.1, two.1),
            (Some(one), two) if two.is_none_or(|two| one.0 < two.0) => Aligned::OnlyBaseline(one.1),
            (_, Some(two)) => Aligned::OnlyCandidate(two.1),
            (Some(one), None) => Aligned::OnlyBaseline(one.1),
        };
        if !matches!(next, Aligned::OnlyCandidate(_)) {
            left.next();
        }
        if !matches!(next, Aligned::OnlyBaseline(_)) {
            right.next();
        }
        paired.push(next);
    }
    paired.sort_by_key(|pair| match pair {
        Aligned::Both(at, _) | Aligned::OnlyBaseline(at) => (false, *at),
        Aligned::OnlyCandidate(at) => (true, *at),
    });
    paired
}

/// Where one element is left over on either side, they are taken for the same element, changed. Of several it cannot be
/// told which became which.
pub(super) fn join_last(paired: &mut Vec<Aligned>) {
    let alone = |side: fn(&Aligned) -> Option<usize>| {
        let mut all = paired.iter().enumerate().filter_map(move |(index, pair)| Some((index, side(pair)?)));
        all.next().filter(|_| all.next().is_none())
    };
    let left = alone(|pair| if let Aligned::OnlyBaseline(at) = pair { Some(*at) } else { None });
    let right = alone(|pair| if let Aligned::OnlyCandidate(at) = pair { Some(*at) } else { None });
    if let (Some((index, one)), Some((extra, two))) = (left, right) {
        paired[index] = Aligned::Both(one, two);
        paired.remove(extra);
    }
}

/// Whether partners do not stand in the same order.
pub(super) fn is_reordered(paired: &[Aligned]) -> bool {
    let partner = |pair: &Aligned| if let Aligned::Both(_, at) = pair { Some(*at) } else { None };
    !paired.iter().filter_map(partner).is_sorted()
}

/// Marks with their positions, sorted.
fn sorted(marks: &[u64]) -> Vec<(u64, usize)> {
    let mut sorted: Vec<_> = marks.iter().enumerate().map(|(at, mark)| (*mark, at)).collect();
    sorted.sort_unstable();
    sorted
}
