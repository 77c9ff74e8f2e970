//! What is asked of noise about one pair of answers.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use super::each_value;
use super::seen::Luck;
use crate::record::parity::Kind;
use crate::role::Pair;

/// Two answers of the sides whose differences noise is asked about.
#[derive(Debug, Default)]
pub struct Hearing<'a> {
    pub(super) bodies: Option<Pair<&'a [u8]>>,
    /// How often something is there on one side only, by place and kind.
    pub(super) lacking: BTreeMap<(String, Kind), usize>,
    /// How often the baseline's body has each place, once that is asked.
    places: OnceCell<HashMap<String, usize>>,
    /// How many values were what such values are by chance, by place.
    pub(super) luck: BTreeMap<String, Luck>,
    /// And in those before.
    earlier: Luck,
}

impl<'a> Hearing<'a> {
    /// Of two answers with these bodies.
    pub fn of(bodies: Pair<&'a [u8]>) -> Self {
        Self { bodies: Some(bodies), ..Self::default() }
    }

    /// One that remembers what earlier answers of the run had by chance.
    #[must_use]
    pub const fn after(mut self, earlier: Remembered) -> Self {
        self.earlier = earlier.0;
        self
    }

    /// What the next one has to remember.
    pub fn remembered(&self) -> Remembered {
        Remembered(self.earlier.and(self.here()))
    }

    /// The luck of all places of these answers.
    fn here(&self) -> Luck {
        self.luck.values().fold(Luck::default(), |sum, luck| sum.and(*luck))
    }

    /// How often the baseline's body has a place.
    pub(super) fn count(&self, place: &str) -> usize {
        let places = self.places.get_or_init(|| {
            let mut places: HashMap<String, usize> = HashMap::new();
            let body = self.bodies.as_ref().map_or(&b""[..], |bodies| bodies.baseline);
            each_value(body, |place, _| *places.entry(place.to_owned()).or_default() += 1);
            places
        });
        places.get(place).copied().unwrap_or_default()
    }

    /// Whether what is rare at a place is there, in the answer or in the run more often than by chance.
    pub(super) fn is_no_chance(&self, place: &str) -> bool {
        let at = self.luck.get(place).copied().unwrap_or_default();
        let here = self.here();
        [at, here, self.earlier.and(here)].into_iter().any(Luck::is_none)
    }
}

/// How many values of a run were what such values are by chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remembered(Luck);
