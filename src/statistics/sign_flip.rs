//! Whether several quantities, observed together, lie where they should: one test for all of them.

use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// Up to so many observations all patterns of signs are tried.
const EXACT_UP_TO: usize = 12;
/// Patterns that are drawn beyond that, besides the one that was observed.
const DRAWN: usize = 4_095;
/// Observations whose signs are looked up at once.
const CHUNK: usize = 8;

/// For each quantity, how often chance alone makes any of them lie as far from zero as it does.
///
/// Each quantity has one observation per unit; a unit's sign is flipped in all of them at once, so whatever ties them
/// together stays. What is compared is the largest `|mean| ÷ (s ÷ √n)`. Up to twelve units all 2ⁿ patterns are
/// tried, beyond that 4,095 drawn from the seed and the one that was observed, so that the probabilities are exact
/// in both cases. (Westfall and Young's single step; Hemerik and Goeman for drawing.)
///
/// All quantities must have the same number of observations.
pub fn max_t(quantities: &[Vec<f64>], seed: u64) -> Vec<f64> {
    let units = quantities.first().map_or(0, Vec::len);
    assert!(
        quantities.iter().all(|quantity| quantity.len() == units),
        "each unit has one observation of each quantity"
    );
    let flips: Vec<Flips> = quantities.iter().map(|quantity| Flips::new(quantity)).collect();
    let observed: Vec<f64> = flips.iter().map(|flips| flips.distance(&vec![0; units.div_ceil(CHUNK)])).collect();
    let mut as_far = vec![0_u32; quantities.len()];
    let mut patterns = 0_u32;
    for_each_pattern(units, seed, |signs| {
        let farthest = flips.iter().map(|flips| flips.distance(signs)).fold(0.0, f64::max);
        patterns += 1;
        for (count, observed) in as_far.iter_mut().zip(&observed) {
            // Sums in another order differ in their last digits.
            *count += u32::from(farthest >= observed * (1.0 - 1e-9));
        }
    });
    as_far.into_iter().map(|count| f64::from(count) / f64::from(patterns)).collect()
}

/// All patterns of signs, or as many as are drawn; one bit per unit.
fn for_each_pattern(units: usize, seed: u64, mut look: impl FnMut(&[u8])) {
    let mut signs = vec![0; units.div_ceil(CHUNK)];
    if units <= EXACT_UP_TO {
        for pattern in 0..1_u16 << units {
            for (chunk, part) in signs.iter_mut().zip(pattern.to_le_bytes()) {
                *chunk = part;
            }
            look(&signs);
        }
        return;
    }
    look(&signs);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    for _ in 0..DRAWN {
        for chunk in &mut signs {
            *chunk = random.random();
        }
        look(&signs);
    }
}

/// One quantity, with the sums of all patterns of eight observations at a time.
struct Flips {
    sums: Vec<[f64; 1 << CHUNK]>,
    squares: f64,
}

impl Flips {
    fn new(observations: &[f64]) -> Self {
        let sums = observations.chunks(CHUNK).map(|chunk| {
            std::array::from_fn(|signs| {
                let signed = chunk.iter().enumerate().map(|(at, it)| if signs >> at & 1 == 1 { -it } else { *it });
                signed.sum()
            })
        });
        Self { sums: sums.collect(), squares: observations.iter().map(|it| it * it).sum() }
    }

    /// (Σd)² ÷ Σd², which grows with |mean| ÷ (s ÷ √n), and in the same way for every quantity.
    fn distance(&self, signs: &[u8]) -> f64 {
        let sum: f64 = self.sums.iter().zip(signs).map(|(sums, signs)| sums[usize::from(*signs)]).sum();
        if self.squares > 0.0 { sum * sum / self.squares } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_quantity_that_is_always_on_one_side_is_as_rare_as_its_signs() {
        let steady = vec![vec![1.0, 1.1, 0.9, 1.2, 1.0, 0.8]];
        assert_eq!(max_t(&steady, 1), [2.0 / 64.0], "only all signs and none are as far");
        assert_eq!(max_t(&[vec![0.0; 6]], 1), [1.0]);
        assert_eq!(max_t(&[], 1), Vec::<f64>::new());
    }

    #[test]
    fn what_was_observed_counts_among_the_patterns_that_are_drawn() {
        // Of 2³⁰ patterns only all signs and none are as far: 4,095 that are drawn will hardly have one.
        assert_eq!(max_t(&[vec![1.0; 30]], 1), [1.0 / 4_096.0]);
    }

    #[test]
    fn the_statistic_is_students_in_another_dress() {
        // Brute force over all patterns with |mean| ÷ (s ÷ √n) itself.
        let quantities = [vec![0.3, -0.1, 0.5, 0.2, 0.4, -0.2, 0.3], vec![0.1, 0.9, 0.2, 0.4, -0.5, 0.3, 0.2]];
        let t = |values: &[f64]| {
            let mean = values.iter().sum::<f64>() / 7.0;
            mean.abs() / crate::statistics::deviation(values)
        };
        let flipped = |values: &[f64], signs: usize| -> Vec<f64> {
            values.iter().enumerate().map(|(at, it)| if signs >> at & 1 == 1 { -it } else { *it }).collect()
        };
        let expected: Vec<f64> = quantities
            .iter()
            .map(|quantity| {
                let farther = (0..128).filter(|signs| {
                    let farthest = quantities.iter().map(|other| t(&flipped(other, *signs))).fold(0.0, f64::max);
                    farthest >= t(quantity) - 1e-9
                });
                farther.count() as f64 / 128.0
            })
            .collect();
        assert_eq!(max_t(&quantities, 1), expected);
    }

    #[test]
    fn a_quantity_counts_for_less_among_many() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
        let mut noise = || (0..20).map(|_| random.random::<f64>() - 0.5).collect::<Vec<f64>>();
        let shifted: Vec<f64> = noise().iter().map(|it| it + 0.16).collect();
        let alone = max_t(std::slice::from_ref(&shifted), 3)[0];
        let mut among = vec![shifted];
        among.extend((0..9).map(|_| noise()));
        let adjusted = max_t(&among, 3);
        assert!(alone < adjusted[0] && adjusted[0] < 10.0 * alone + 0.05, "{alone} {adjusted:?}");
        assert_eq!(adjusted, max_t(&among, 3), "the seed decides what is drawn");
    }
}
