//! Whether something grows steadily: a slope that a few wild points do not move, and a test that asks only for order.
//! Pure.
//!
//! Theil (1950) and Sen (1968): the slope is the median of the slopes between all pairs of points, and its interval
//! comes from the distribution of Kendall's S. Mann (1945) and Kendall: S is the number of pairs that rise less those
//! that fall. S is taken as normal, with its variance corrected for ties, which is close from eight points on.

use crate::record::load::Trend;

/// Two-sided 95 % of the normal distribution.
const Z_95: f64 = 1.959_964;

/// The trend of points (x in hours, y in any unit); `None` with fewer than three, or all at one x.
pub fn trend(points: &[(f64, f64)]) -> Option<Trend> {
    if points.len() < 3 || points.iter().any(|(x, y)| !x.is_finite() || !y.is_finite()) {
        return None;
    }
    let mut slopes = Vec::new();
    let mut s = 0_i64;
    for (index, (x0, y0)) in points.iter().enumerate() {
        for (x1, y1) in &points[index + 1..] {
            if x1 > x0 {
                slopes.push((y1 - y0) / (x1 - x0));
                s += i64::from(y1 > y0) - i64::from(y1 < y0);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let sd = variance(points).sqrt();
    let margin = Z_95 * sd;
    let count = slopes.len() as f64;
    // Sen: the slopes of rank (N − C) / 2 and (N + C) / 2 + 1, counted from 1.
    let low = ((count - margin) / 2.0).floor().max(1.0) as usize - 1;
    let high = (f64::midpoint(count, margin).ceil() as usize).min(slopes.len().checked_sub(1)?);
    let (first, last) = (points.first()?.0, points.last()?.0);
    Some(Trend {
        points: points.len() as u64,
        level: median(points.iter().map(|(_, y)| *y))?,
        per_hour: median(slopes.iter().copied())?,
        interval: [slopes[low], slopes[high]],
        p_rising: p_rising(s, sd),
        hours: last - first,
    })
}

/// Of S for points in any order, with ties of y: n (n − 1) (2n + 5) − Σ t (t − 1) (2t + 5), over 18.
fn variance(points: &[(f64, f64)]) -> f64 {
    let term = |n: f64| n * (n - 1.0) * (2.0 * n + 5.0);
    let mut values: Vec<f64> = points.iter().map(|(_, y)| *y).collect();
    values.sort_by(f64::total_cmp);
    let ties: f64 = values.chunk_by(|a, b| a.total_cmp(b).is_eq()).map(|tied| term(tied.len() as f64)).sum();
    (term(values.len() as f64) - ties) / 18.0
}

/// How often points without a trend have an S as large as this; one-sided, with the correction for whole numbers.
fn p_rising(s: i64, sd: f64) -> f64 {
    if sd <= 0.0 {
        return 1.0;
    }
    let z = (s as f64 - s.signum() as f64) / sd;
    0.5 * erfc(z / std::f64::consts::SQRT_2)
}

/// Complementary error function, Abramowitz and Stegun 7.1.26: within 1.5e-7.
fn erfc(x: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.327_591_1 * x.abs());
    let polynomial =
        t * (0.254_829_592 + t * (-0.284_496_736 + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = polynomial * (-x * x).exp();
    if x >= 0.0 { tail } else { 2.0 - tail }
}

/// The median; `None` without values.
pub fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => None,
        even if even.is_multiple_of(2) => Some(f64::midpoint(values[middle - 1], values[middle])),
        _ => Some(values[middle]),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn points(values: &[f64]) -> Vec<(f64, f64)> {
        values.iter().enumerate().map(|(index, y)| (index as f64, *y)).collect()
    }

    #[test]
    fn a_line_is_its_slope_however_wild_one_point_is() {
        let mut values: Vec<f64> = (0..12).map(|index| 100.0 + 3.0 * f64::from(index)).collect();
        let exact = trend(&points(&values)).unwrap();
        assert_eq!((exact.per_hour, exact.interval, exact.points), (3.0, [3.0, 3.0], 12));
        assert!(exact.p_rising < 1e-4, "{exact:?}");
        values[5] = 9_000.0;
        let wild = trend(&points(&values)).unwrap();
        assert!((wild.per_hour - 3.0).abs() < 0.5 && wild.p_rising < 0.001, "{wild:?}");
    }

    #[test]
    fn what_is_level_or_falls_does_not_rise() {
        let level = trend(&points(&[7.0; 12])).unwrap();
        assert_eq!((level.per_hour, level.p_rising), (0.0, 1.0));
        let falls: Vec<f64> = (0..12).map(|index| f64::from(-index)).collect();
        assert!(trend(&points(&falls)).unwrap().p_rising > 0.999);
        assert_eq!(trend(&points(&[1.0, 2.0])), None);
        assert_eq!(trend(&[(1.0, 1.0), (1.0, 2.0), (1.0, 3.0)]), None);
    }

    /// Kendall's table for n = 8 without ties: S ≥ 16 has probability .031, S ≥ 20 .0071.
    #[test]
    fn probabilities_are_those_of_kendalls_table() {
        for (s, expected) in [(16, 0.031), (20, 0.0071)] {
            let p = p_rising(s, variance(&points(&(0..8).map(f64::from).collect::<Vec<_>>())).sqrt());
            assert!((p - expected).abs() < 0.003, "{s}: {p}");
        }
    }

    #[test]
    fn noise_is_called_rising_as_seldom_as_it_says() {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
        let rising = (0..4_000).filter(|_| {
            let values: Vec<f64> = (0..12).map(|_| random.random::<f64>()).collect();
            trend(&points(&values)).unwrap().p_rising < 0.01
        });
        // 40 expected; three standard deviations are 19.
        let rising = rising.count();
        assert!((15..=60).contains(&rising), "{rising} of 4,000");
    }

    proptest! {
        #[test]
        fn adding_a_line_adds_its_slope(
            values in prop::collection::vec(-100.0..100.0_f64, 3..20), slope in -50.0..50.0_f64,
        ) {
            let without = trend(&points(&values)).unwrap();
            let tilted: Vec<f64> = values.iter().enumerate().map(|(x, y)| y + slope * x as f64).collect();
            let with = trend(&points(&tilted)).unwrap();
            prop_assert!((with.per_hour - without.per_hour - slope).abs() < 1e-6);
            prop_assert!(with.interval[0] <= with.per_hour && with.per_hour <= with.interval[1]);
        }
    }
}
