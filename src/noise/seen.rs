//! What has been seen at a place, and what may come there by chance: a time that ends in zeros is written shorter, a token
//! drawn from letters and digits may have digits alone. What a generator like the one that was seen makes once in a
//! thousand values is no fault at once, and is one where it comes again and again.

use std::collections::{BTreeSet, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use super::shape::{Alphabet, Fraction, Offset, Shape};

/// Tokens of this length and more have it for a reason: two short numbers may have the same by chance.
const LONG_TOKEN: usize = 8;
/// So many texts of a place are counted.
const MOST_TEXTS: usize = 64;
/// The chance that a random token is one character shorter or longer than others, at most: where a zero in front is left
/// out, of hexadecimal digits.
const OTHER_LENGTH: f64 = 1.0 / 16.0;
/// Tokens of a wider alphabet would have looked like those seen with this chance: then nothing is known of it.
const NO_CHANCE: f64 = 1e-4;

/// Shapes that values of a place have had.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    shapes: BTreeSet<Shape>,
    /// Different tokens and times, by hash: they may be secrets.
    texts: HashSet<u64>,
    /// Characters of the tokens.
    characters: usize,
}

/// How a value fits to what was seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Fit {
    /// It is like those.
    Like,
    /// It is what such values are by chance, with this probability.
    ByChance(f64),
    /// It is something else.
    Unlike,
}

impl Seen {
    /// A value as it was on the wire.
    pub(super) fn see(&mut self, wire: &str) {
        self.insert(Shape::of(wire), wire);
    }

    /// A text as it is between quotes.
    pub(super) fn see_text(&mut self, text: &str) {
        self.insert(Shape::of_text(text), text);
    }

    fn insert(&mut self, shape: Shape, text: &str) {
        let mut is_new = || {
            self.texts.len() < MOST_TEXTS
                && self.texts.insert(BuildHasherDefault::<DefaultHasher>::new().hash_one(text))
        };
        match shape {
            Shape::Token { length, .. } if is_new() => self.characters += length,
            Shape::Datetime { .. } => {
                is_new();
            }
            _ => {}
        }
        self.shapes.insert(shape);
    }

    /// Both together.
    pub(super) fn merge(&mut self, other: Self) {
        self.shapes.extend(other.shapes);
        let new: Vec<u64> = other.texts.difference(&self.texts).copied().collect();
        if !other.texts.is_empty() {
            self.characters += other.characters * new.len() / other.texts.len();
        }
        self.texts.extend(new);
    }

    /// In words.
    pub(super) fn words(&self) -> String {
        let words: BTreeSet<String> = self.shapes.iter().map(ToString::to_string).collect();
        words.into_iter().collect::<Vec<_>>().join(" or ")
    }

    /// How another value fits.
    pub(super) fn fit(&self, shape: &Shape) -> Fit {
        if self.shapes.contains(shape) {
            return Fit::Like;
        }
        match shape {
            Shape::Token { alphabet, length, marks } => self.fit_of_token(*alphabet, *length, marks),
            Shape::Decimal { .. } if self.decimals().is_some() => Fit::Like,
            // Some programs write 12.0 as 12.
            Shape::Integer => self.decimals().map_or(Fit::Unlike, |digits| Fit::ByChance(zeros(digits.min(1)))),
            Shape::Datetime { offset, digits } => self.fit_of_time(*offset, *digits),
            _ => Fit::Unlike,
        }
    }

    /// Whether values were seen that are written shorter by chance.
    pub(super) fn can_be_short(&self) -> bool {
        let is_short = |shape: &Shape| match shape {
            Shape::Datetime { digits, .. } => *digits > 0,
            Shape::Token { length, .. } => *length >= LONG_TOKEN,
            Shape::Decimal { .. } => true,
            _ => false,
        };
        self.shapes.iter().any(is_short)
    }

    /// Most digits after the point of a number that was seen.
    fn decimals(&self) -> Option<usize> {
        let digits = |shape: &Shape| if let Shape::Decimal { digits } = shape { Some(*digits) } else { None };
        self.shapes.iter().filter_map(digits).max()
    }

    fn fit_of_time(&self, offset: Offset, digits: usize) -> Fit {
        let with_offset = self.shapes.iter().filter_map(|shape| match shape {
            Shape::Datetime { offset: known, digits } if *known == offset => Some(*digits),
            _ => None,
        });
        let Some(longest) = with_offset.max() else { return Fit::Unlike };
        if Fraction::of(digits) == Fraction::of(longest) {
            Fit::Like
        } else if digits < longest {
            Fit::ByChance(zeros(longest - Fraction::of(digits).digits()))
        } else {
            // More than ever: those that were seen all ended in zeros, if they are few.
            let texts = i32::try_from(self.texts.len()).unwrap_or(i32::MAX);
            if zeros(digits - longest).powi(texts) < NO_CHANCE { Fit::Unlike } else { Fit::Like }
        }
    }

    fn fit_of_token(&self, alphabet: Alphabet, length: usize, marks: &str) -> Fit {
        // Of several words one may be left.
        if self.shapes.contains(&Shape::Text) {
            return Fit::Like;
        }
        let tokens = || {
            self.shapes.iter().filter_map(|shape| match shape {
                Shape::Token { alphabet, length, marks } => Some((*alphabet, *length, &**marks)),
                _ => None,
            })
        };
        let Some(widest) = tokens().map(|(known, ..)| known).max() else { return Fit::Unlike };
        if alphabet > widest {
            let share = widest.share_of(alphabet);
            let characters = i32::try_from(self.characters).unwrap_or(i32::MAX);
            if share.is_none_or(|share| share.powi(characters) < NO_CHANCE) {
                return Fit::Unlike;
            }
        }
        let lengths: BTreeSet<usize> = tokens().map(|(_, length, _)| length).collect();
        let formats: BTreeSet<&str> = tokens().map(|(.., marks)| marks).collect();
        match widest {
            // A count has as many digits as it needs, and a measure with its unit too.
            Alphabet::Digits => Fit::Like,
            Alphabet::Any if formats.len() > 1 || formats.contains(marks) => Fit::Like,
            Alphabet::Any => Fit::Unlike,
            _ => match lengths.first() {
                Some(only) if lengths.len() == 1 && *only >= LONG_TOKEN && *only != length => {
                    let other = i32::try_from(only.abs_diff(length)).unwrap_or(i32::MAX);
                    Fit::ByChance(OTHER_LENGTH.powi(other))
                }
                _ => Fit::Like,
            },
        }
    }
}

/// The chance that a number ends in so many zeros.
fn zeros(digits: usize) -> f64 {
    10_f64.powi(-i32::try_from(digits).unwrap_or(i32::MAX))
}

/// Normal quantile of 1 %, one-sided.
const ONE_PERCENT: f64 = 2.326;

/// Where one count of rare events was `seen`, another of the same kind is larger than this in one of a hundred cases: the
/// solution of `(c - s) / √(c + s) = z`, the normal test of two Poisson counts (Przyborowski and Wilenski 1940).
pub(super) fn most_by_chance(seen: usize) -> usize {
    let (seen, z) = (seen as f64, ONE_PERCENT);
    let most = seen + z * z / 2.0 + z * (2.0 * seen + z * z / 4.0).sqrt();
    // A count of answers in memory.
    most as usize
}

/// Whether all of several may be missing by chance where of the baseline's at most so many were: if each is missing with the
/// share that is likely at most, (m + 2) / (n + 2) (Agresti and Coull 1998), all are in one of fifty cases.
pub(super) fn may_be_all(most: usize, all: usize) -> bool {
    let (most, all) = (most as f64, all as f64);
    ((most + 2.0) / (all + 2.0)).powf(all) > 0.02
}

/// How many values were there, and how many of them are what such values are by chance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Luck {
    values: u64,
    rare: u64,
    /// Natural logarithm of the product of their chances.
    ln_chance: f64,
}

/// By chance so seldom that it is none; in a run there are many places, and each is asked again with every answer.
const NO_LUCK: f64 = 1e-5;

impl Luck {
    /// One more value.
    pub(super) fn add(&mut self, fit: Fit) {
        self.values += 1;
        if let Fit::ByChance(chance) = fit {
            self.rare += 1;
            self.ln_chance += chance.ln();
        }
    }

    /// Both together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            values: self.values + other.values,
            rare: self.rare + other.rare,
            ln_chance: self.ln_chance + other.ln_chance,
        }
    }

    /// Whether so many of so many are no chance: their probability is at most that of one choice of them, times the number of
    /// choices (Boole's inequality).
    pub(super) fn is_none(self) -> bool {
        let choices = statrs::function::factorial::ln_binomial(self.values, self.rare);
        self.rare > 0 && choices + self.ln_chance <= NO_LUCK.ln() + 1e-9
    }
}

#[cfg(test)]
mod tests;
