//! Whether a place is one that a `JSONPath` names, found out on the way down: each step from a place to a child costs
//! the same however deep the place is. The only file that knows what path segments mean.

use super::json::Text;
use crate::plan::JsonPath;
use crate::plan::path::Segment;

/// A step from a value to one below it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Child<'a> {
    /// To a member of an object.
    Member(Text<'a>),
    /// To an element of an array.
    Element {
        /// Its index.
        at: usize,
        /// How many elements the array has.
        length: usize,
    },
}

impl<'a> Child<'a> {
    /// The member's name, if it is one.
    pub(super) const fn name(self) -> Option<Text<'a>> {
        match self {
            Self::Member(name) => Some(name),
            Self::Element { .. } => None,
        }
    }
}

/// How much of a path has been walked: a bit per number of segments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct State(u128);

impl State {
    /// Neither this place nor any below it can match.
    pub(super) const DEAD: Self = Self(0);
}

/// A path, ready to be walked along.
#[derive(Debug, Clone)]
pub(super) struct Matcher {
    segments: Vec<Segment>,
}

impl Matcher {
    /// A path longer than a [`State`] has bits, which no plan has, names nothing.
    pub(super) fn new(path: &JsonPath) -> Self {
        Self { segments: path.segments.clone() }
    }

    /// Whether the path may end with this step, wherever that begins.
    pub(super) fn may_end_with(&self, child: Child<'_>) -> bool {
        self.segments.last().is_some_and(|last| *last == Segment::Descendant || fits(last, child))
    }

    /// The state at the root.
    pub(super) fn start(&self) -> State {
        if self.segments.len() < u128::BITS as usize { State(self.closure(1)) } else { State::DEAD }
    }

    /// Whether the path ends here.
    pub(super) fn accepts(&self, state: State) -> bool {
        state != State::DEAD && state.0 >> self.segments.len() & 1 == 1
    }

    /// The state one step further down.
    pub(super) fn step(&self, state: State, child: Child<'_>) -> State {
        let mut next = 0;
        let mut left = state.0;
        while left != 0 {
            let at = left.trailing_zeros() as usize;
            left &= left - 1;
            match self.segments.get(at) {
                Some(Segment::Descendant) => next |= 1 << at,
                Some(segment) if fits(segment, child) => next |= 1 << (at + 1),
                _ => {}
            }
        }
        State(self.closure(next))
    }

    /// Names of members that lead from this state elsewhere than other names do.
    pub(super) fn special_names<'m>(&'m self, state: State, mut tell: impl FnMut(&'m str)) {
        self.live(state).for_each(|segment| {
            if let Segment::Member(name) = segment {
                tell(name);
            }
        });
    }

    /// Indices that lead from this state elsewhere than other indices do.
    pub(super) fn special_indices(&self, state: State, mut tell: impl FnMut(i64)) {
        self.live(state).for_each(|segment| {
            if let Segment::Index(index) = segment {
                tell(*index);
            }
        });
    }

    /// The segments that may be walked next.
    fn live(&self, state: State) -> impl Iterator<Item = &Segment> {
        self.segments.iter().enumerate().filter(move |(at, _)| state.0 >> at & 1 == 1).map(|(_, segment)| segment)
    }

    /// `..` also stands for no step at all.
    fn closure(&self, mut bits: u128) -> u128 {
        for (at, segment) in self.segments.iter().enumerate() {
            if *segment == Segment::Descendant && bits >> at & 1 == 1 {
                bits |= 1 << (at + 1);
            }
        }
        bits
    }
}

fn fits(segment: &Segment, child: Child<'_>) -> bool {
    match (segment, child) {
        (Segment::Wildcard, _) => true,
        (Segment::Member(wanted), Child::Member(name)) => name == *wanted.as_str(),
        (Segment::Index(wanted), Child::Element { at, length }) => {
            let (wanted, at) = (i128::from(*wanted), at as i128);
            wanted == at || wanted == at - length as i128
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::compare::json::parse;

    /// A step down: to the first, second or third of the members `a`, `b` and `c`, or to an element of three.
    #[derive(Debug, Clone, Copy)]
    enum Down {
        Member(usize),
        Element(u8),
    }

    fn some_segment() -> impl Strategy<Value = Segment> {
        prop_oneof![
            "[a-c]".prop_map(Segment::Member),
            (-4_i64..4).prop_map(Segment::Index),
            Just(Segment::Wildcard),
            Just(Segment::Descendant),
        ]
    }

    fn some_place() -> impl Strategy<Value = Vec<Down>> {
        prop::collection::vec(prop_oneof![(0_usize..3).prop_map(Down::Member), (0_u8..3).prop_map(Down::Element)], 0..6)
    }

    /// What a path means, written as slowly as it is defined.
    fn oracle(segments: &[Segment], place: &[Down]) -> bool {
        match (segments.split_first(), place.split_first()) {
            (None, None) => true,
            (Some((Segment::Descendant, rest)), first) => {
                oracle(rest, place) || first.is_some_and(|(_, below)| oracle(segments, below))
            }
            (Some((segment, rest)), Some((first, below))) => {
                let fits = match (segment, first) {
                    (Segment::Wildcard, _) => true,
                    (Segment::Member(name), Down::Member(at)) => *name == ["a", "b", "c"][*at],
                    (Segment::Index(index), Down::Element(at)) => [i64::from(*at), i64::from(*at) - 3].contains(index),
                    _ => false,
                };
                fits && oracle(rest, below)
            }
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn walking_down_is_what_the_definition_says(
            segments in prop::collection::vec(some_segment(), 0..6),
            place in some_place(),
        ) {
            let document = parse(br#"{"a":0,"b":0,"c":0}"#).unwrap();
            let names: Vec<Text<'_>> = document.root().members().map(|(name, _)| name).collect();
            let matcher = Matcher { segments };
            let end = place.iter().fold(matcher.start(), |state, down| match down {
                Down::Member(at) => matcher.step(state, Child::Member(names[*at])),
                Down::Element(at) => matcher.step(state, Child::Element { at: usize::from(*at), length: 3 }),
            });
            prop_assert_eq!(matcher.accepts(end), oracle(&matcher.segments, &place));
        }
    }
}
