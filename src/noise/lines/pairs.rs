//! Which line of a text became which of another, whatever order they stand in.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher};

use super::words::{marks, words_of};

/// Of lines that are built alike so many on either side are held against one that is new.
const MOST_NEAR: usize = 50;

/// A line that became another.
pub(super) struct Turned<'t> {
    pub(super) before: &'t str,
    pub(super) now: &'t str,
    /// Its number now.
    pub(super) at: usize,
}

/// Lines of more words are not held against others without one of them, and by no more of them for likeness.
const MOST_WORDS: usize = 64;

/// A line, and a hash of it without each of its words.
struct Line<'t> {
    at: usize,
    text: &'t str,
    marks: String,
    without: Vec<u64>,
}

/// The lines of `now` with those of `before` that they were, in no order: first pairs that differ in one word (in a list of
/// figures the figure, so where most such pairs differ goes first), then those with the same marks and the fewest other
/// words, then those that stand in the same place. Lines that are left have nothing in common.
pub(super) fn pairs<'t>(before: &[(usize, &'t str)], now: &[(usize, &'t str)]) -> impl Iterator<Item = Turned<'t>> {
    let old: Vec<Line<'t>> = before.iter().map(Line::new).collect();
    let new: Vec<Line<'t>> = now.iter().map(Line::new).collect();
    let mut left = Left { is_old: vec![true; old.len()], of: vec![None; new.len()] };
    left.by_one_word(&old, &new);
    left.by_marks(&old, &new);
    left.by_place(&old, &new);
    let pairs = new.into_iter().zip(left.of);
    pairs.filter_map(move |(line, was)| Some(Turned { before: old[was?].text, now: line.text, at: line.at }))
}

impl<'t> Line<'t> {
    fn new((at, text): &(usize, &'t str)) -> Self {
        let hash = |word: &str| BuildHasherDefault::<DefaultHasher>::new().hash_one(word);
        // A polynomial in the hashes of its words, so that leaving out one costs a subtraction.
        let mut power = 1_u64;
        let is_short = words_of(text).nth(MOST_WORDS).is_none();
        let terms: Vec<u64> = words_of(text)
            .take_while(|_| is_short)
            .map(|word| {
                power = power.wrapping_mul(0x9e37_79b9_7f4a_7c15);
                power.wrapping_mul(hash(word))
            })
            .collect();
        let all = terms.iter().fold(terms.len() as u64, |sum, term| sum.wrapping_add(*term));
        let without = terms.into_iter().map(|term| all.wrapping_sub(term)).collect();
        Self { at: *at, text, marks: marks(text), without }
    }
}

/// What is not paired yet.
struct Left {
    is_old: Vec<bool>,
    of: Vec<Option<usize>>,
}

impl Left {
    fn pair(&mut self, new: usize, old: usize) {
        self.is_old[old] = false;
        self.of[new] = Some(old);
    }

    fn by_one_word(&mut self, old: &[Line<'_>], new: &[Line<'_>]) {
        let mut index: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
        // From the end: the first of those that are alike is taken first.
        for (number, line) in old.iter().enumerate().rev() {
            for (word, hash) in line.without.iter().enumerate() {
                index.entry((word, *hash)).or_default().push(number);
            }
        }
        let mut votes: HashMap<(&str, usize), usize> = HashMap::new();
        for line in new {
            for (word, hash) in line.without.iter().enumerate() {
                if index.contains_key(&(word, *hash)) {
                    *votes.entry((&line.marks, word)).or_default() += 1;
                }
            }
        }
        let mut by_votes: Vec<(usize, usize, usize)> = Vec::new();
        for (number, line) in new.iter().enumerate() {
            let choice = |word: usize| votes.get(&(line.marks.as_str(), word)).map(|count| (*count, number, word));
            by_votes.extend((0..line.without.len()).filter_map(choice));
        }
        by_votes.sort_by_key(|(count, ..)| std::cmp::Reverse(*count));
        for (_, number, word) in by_votes {
            let Some(same) = index.get_mut(&(word, new[number].without[word])) else { continue };
            while self.of[number].is_none()
                && let Some(old) = same.pop()
            {
                if self.is_old[old] {
                    self.pair(number, old);
                }
            }
        }
    }

    fn by_marks(&mut self, old: &[Line<'_>], new: &[Line<'_>]) {
        let mut of_marks: HashMap<&str, BTreeMap<usize, usize>> = HashMap::new();
        for (number, line) in old.iter().enumerate().filter(|(number, _)| self.is_old[*number]) {
            of_marks.entry(&line.marks).or_default().insert(line.at, number);
        }
        for (number, line) in new.iter().enumerate() {
            let Some(there) = of_marks.get_mut(line.marks.as_str()).filter(|_| self.of[number].is_none()) else {
                continue;
            };
            let near = there.range(..=line.at).rev().take(MOST_NEAR).chain(there.range(line.at + 1..).take(MOST_NEAR));
            let others = |text: &str| {
                words_of(text).zip(words_of(line.text)).take(MOST_WORDS).filter(|(one, other)| one != other).count()
            };
            let best = near.min_by_key(|(at, old_number)| (others(old[**old_number].text), at.abs_diff(line.at)));
            if let Some((at, old_number)) = best.map(|(at, number)| (*at, *number)) {
                there.remove(&at);
                self.pair(number, old_number);
            }
        }
    }

    fn by_place(&mut self, old: &[Line<'_>], new: &[Line<'_>]) {
        let at_place: HashMap<usize, usize> = old.iter().enumerate().map(|(number, line)| (line.at, number)).collect();
        for (number, line) in new.iter().enumerate() {
            if let Some(old) = at_place.get(&line.at).filter(|old| self.of[number].is_none() && self.is_old[**old]) {
                self.pair(number, *old);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paired(before: &[&str], now: &[&str]) -> Vec<String> {
        let (before, now): (Vec<_>, Vec<_>) =
            (before.iter().copied().enumerate().collect(), now.iter().copied().enumerate().collect());
        pairs(&before, &now).map(|pair| format!("{} -> {}", pair.before, pair.now)).collect()
    }

    #[test]
    fn a_figure_that_changed_is_found_whatever_stands_where_it_was() {
        // `b` has the figure now that `a` had, so it differs from either in one word.
        let before = ["f{n=\"a\"} 5", "f{n=\"b\"} 7", "f{n=\"c\"} 1"];
        let now = ["f{n=\"c\"} 9", "f{n=\"b\"} 5", "f{n=\"a\"} 6"];
        let mut found = paired(&before, &now);
        found.sort();
        assert_eq!(
            found,
            ["f{n=\"a\"} 5 -> f{n=\"a\"} 6", "f{n=\"b\"} 7 -> f{n=\"b\"} 5", "f{n=\"c\"} 1 -> f{n=\"c\"} 9"]
        );
    }

    #[test]
    fn rows_in_which_much_changed_are_those_with_the_fewest_other_words() {
        let before = ["1,Ada,10:20,x", "2,Eve,10:20,y", "total: 2"];
        let now = ["total: 3", "2,Eve,10:31,z", "1,Ada,10:31,w"];
        let mut found = paired(&before, &now);
        found.sort();
        assert_eq!(found, ["1,Ada,10:20,x -> 1,Ada,10:31,w", "2,Eve,10:20,y -> 2,Eve,10:31,z", "total: 2 -> total: 3"]);
    }

    #[test]
    fn what_is_left_is_paired_by_its_place() {
        assert_eq!(paired(&["ready", "a, b"], &["(ready)", "a - b"]), ["ready -> (ready)", "a, b -> a - b"]);
        assert_eq!(paired(&["x"], &["y", "z"]), ["x -> y"]);
    }
}
