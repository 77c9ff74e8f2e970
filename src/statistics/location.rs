//! Where a quantity lies, and how far it may lie from there, from a few observations of it.

use statrs::distribution::{ContinuousCDF as _, StudentsT};

/// How an interval was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Hodges and Lehmann's estimate with the interval of Wilcoxon's signed-rank test. Asks for symmetry, not for any
    /// distribution; one observation that is far off moves it little.
    SignedRank,
    /// Mean and Student's t. Asks for a normal distribution; for samples that are too small for the other.
    Student,
}

/// An estimate with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The estimate.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Observations.
    pub observations: usize,
    /// How it was made.
    pub method: Method,
}

impl Method {
    /// As records and reports spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignedRank => "signed-rank",
            Self::Student => "t",
        }
    }
}

/// 97.5 % of the standard normal distribution lie below it.
pub const Z_95: f64 = 1.959_964;
/// 90 % of it lie below this.
const Z_80: f64 = 1.281_552;
/// From so many observations on, the signed-rank distribution is as good as normal.
const NORMAL_FROM: usize = 200;

/// The best interval that so many observations allow: signed-rank where it reaches the level, else Student's. `None` with
/// fewer than two observations, or if any is not a number.
pub fn location(values: &[f64], alpha: f64) -> Option<Estimate> {
    signed_rank(values, alpha).or_else(|| student(values, alpha))
}

/// Hodges and Lehmann's estimate: the median of all means of two (Walsh averages, each observation with itself too), with
/// the interval that is left when [`dropped`] of them are dropped at each end. `None` if there are too few observations
/// for the level: six at 5 %.
pub fn signed_rank(values: &[f64], alpha: f64) -> Option<Estimate> {
    let dropped = dropped(values.len(), alpha)?;
    if values.iter().any(|value| value.is_nan()) {
        return None;
    }
    let mut walsh = Vec::with_capacity(values.len() * (values.len() + 1) / 2);
    for (at, one) in values.iter().enumerate() {
        // Both infinite with opposite signs: the middle is as good as any.
        walsh.extend(
            values[at..].iter().map(|other| one / 2.0 + other / 2.0).map(|it| if it.is_nan() { 0.0 } else { it }),
        );
    }
    walsh.sort_unstable_by(f64::total_cmp);
    let last = walsh.len() - 1;
    let value = f64::midpoint(walsh[last / 2], walsh[walsh.len() / 2]);
    let (low, high) = (walsh[dropped], walsh[last - dropped]);
    Some(Estimate { value, low, high, observations: values.len(), method: Method::SignedRank })
}

/// The mean with Student's interval. `None` with fewer than two observations, or if any is not finite.
pub fn student(values: &[f64], alpha: f64) -> Option<Estimate> {
    if values.len() < 2 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mean = mean(values);
    let t = StudentsT::new(0.0, 1.0, values.len() as f64 - 1.0).ok()?.inverse_cdf(1.0 - alpha / 2.0);
    let half = t * deviation(values) / (values.len() as f64).sqrt();
    let (low, high) = (mean - half, mean + half);
    Some(Estimate { value: mean, low, high, observations: values.len(), method: Method::Student })
}

/// How often chance alone makes a mean lie so far from zero, by Student's t; 1 with fewer than two observations.
pub fn student_chance(values: &[f64]) -> f64 {
    let Some(distribution) = StudentsT::new(0.0, 1.0, values.len() as f64 - 1.0).ok().filter(|_| values.len() > 1)
    else {
        return 1.0;
    };
    let (mean, error) = (mean(values), deviation(values) / (values.len() as f64).sqrt());
    if mean == 0.0 {
        return 1.0;
    }
    2.0 * distribution.cdf(-(mean / error).abs())
}

/// How many Walsh averages to drop at each end for an interval of level 1 − alpha: the largest c with
/// P(W ≤ c) ≤ alpha / 2, W being the signed-rank statistic of so many observations. `None`: not even c = 0 reaches it.
pub fn dropped(observations: usize, alpha: f64) -> Option<usize> {
    let most = alpha / 2.0;
    let n = observations as f64;
    if observations > NORMAL_FROM {
        let deviation = (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt();
        let z = statrs::distribution::Normal::standard().inverse_cdf(1.0 - most);
        return Some((n * (n + 1.0) / 4.0 - 0.5 - z * deviation).max(0.0) as usize);
    }
    let distribution = signed_rank_distribution(observations);
    let mut below = 0.0;
    let within = distribution.iter().take_while(|probability| {
        below += **probability;
        below <= most
    });
    within.count().checked_sub(1)
}

/// P(W = w) for all w: each rank is in the sum with probability one half.
fn signed_rank_distribution(observations: usize) -> Vec<f64> {
    let mut probabilities = vec![0.0; observations * (observations + 1) / 2 + 1];
    probabilities[0] = 1.0;
    let mut largest = 0;
    for rank in 1..=observations {
        largest += rank;
        for sum in (0..=largest).rev() {
            let with = if sum >= rank { probabilities[sum - rank] } else { 0.0 };
            probabilities[sum] = f64::midpoint(probabilities[sum], with);
        }
    }
    probabilities
}

/// How many observations with this standard deviation show, nine times in ten, that something is not where it is not, if
/// it lies `distance` away: (1.96 + 1.28)² (s ÷ distance)², at least six. `None`: no number that is worth telling.
pub fn needed(deviation: f64, distance: f64) -> Option<u64> {
    let count = ((Z_95 + Z_80) * deviation / distance).powi(2).ceil();
    (count.is_finite() && count < 1e6).then_some((count as u64).max(6))
}

/// Standard deviation of a sample.
pub fn deviation(values: &[f64]) -> f64 {
    let mean = mean(values);
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / (values.len() as f64 - 1.0).max(1.0)).sqrt()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_dropped_is_as_in_the_tables_of_the_signed_rank_test() {
        let known =
            [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (12, 13), (15, 25), (20, 52), (24, 81), (25, 89), (50, 434)];
        for (observations, expected) in known {
            assert_eq!(dropped(observations, 0.05), Some(expected), "{observations}");
        }
        for observations in 0..6 {
            assert_eq!(dropped(observations, 0.05), None, "{observations}");
        }
        assert_eq!((dropped(5, 0.1), dropped(10, 0.01)), (Some(0), Some(3)));
    }

    #[test]
    fn beyond_the_exact_distribution_the_normal_one_goes_on_where_it_ended() {
        let exact = dropped(NORMAL_FROM, 0.05).unwrap();
        let n = NORMAL_FROM as f64;
        let next = dropped(NORMAL_FROM + 1, 0.05).unwrap();
        assert!(next > exact && (next - exact) as f64 <= n / 2.0, "{exact} {next}");
    }

    #[test]
    fn the_estimate_is_that_of_the_textbook() {
        // Hollander and Wolfe, depression scores of nine patients: estimate −0.46, 96 % interval −0.786 to −0.010.
        let scores = [-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010];
        let found = signed_rank(&scores, 0.05).unwrap();
        assert!((found.value + 0.46).abs() < 1e-9, "{found:?}");
        assert!((found.low + 0.786).abs() < 1e-9 && (found.high + 0.010).abs() < 1e-9, "{found:?}");
    }

    #[test]
    fn one_wild_value_moves_it_little() {
        let found = signed_rank(&[10.0, 10.2, 9.9, 10.1, 9.8, 10.0, 10.3, 99.0], 0.05).unwrap();
        assert!((found.value - 10.1).abs() < 0.15 && found.low > 9.8 && found.high < 55.0, "{found:?}");
    }

    #[test]
    fn few_observations_get_students_interval_and_one_gets_none() {
        // t(0.975; 3) = 3.182
        let found = location(&[1.0, 2.0, 3.0, 4.0], 0.05).unwrap();
        assert_eq!(found.method, Method::Student);
        assert!((found.high - 2.5 - 3.182_446 * 1.290_994 / 2.0).abs() < 1e-4, "{found:?}");
        assert_eq!(location(&[1.0; 6], 0.05).unwrap().method, Method::SignedRank);
        assert_eq!((location(&[1.0], 0.05), location(&[], 0.05)), (None, None));
        assert_eq!(location(&[f64::NAN; 8], 0.05), None);
    }

    #[test]
    fn chance_and_interval_agree() {
        let values = [0.1, 0.4, 0.2, 0.5];
        let at = |shift: f64| values.map(|value| value + shift);
        let low = student(&values, 0.05).unwrap().low;
        assert!((student_chance(&at(-low)) - 0.05).abs() < 1e-6);
        assert_eq!((student_chance(&[0.3]), student_chance(&[0.0, 0.0]), student_chance(&[1.0, 1.0])), (1.0, 1.0, 0.0));
    }

    #[test]
    fn the_number_needed_follows_from_noise_and_distance() {
        assert_eq!(needed(0.15, 1.25_f64.ln()), Some(6));
        assert_eq!(needed(0.3, 1.25_f64.ln()), Some(19));
        assert_eq!((needed(0.3, 0.0), needed(0.0, 1.0)), (None, Some(6)));
    }

    proptest! {
        #[test]
        fn intervals_move_and_turn_with_what_was_observed(
            values in prop::collection::vec(-3.0_f64..3.0, 2..30), by in -5.0_f64..5.0,
        ) {
            let found = location(&values, 0.05).unwrap();
            prop_assert!(found.low <= found.value && found.value <= found.high);
            let moved = location(&values.iter().map(|value| value + by).collect::<Vec<_>>(), 0.05).unwrap();
            let turned = location(&values.iter().map(|value| -value).collect::<Vec<_>>(), 0.05).unwrap();
            for (one, other) in [
                (found.low + by, moved.low), (found.value + by, moved.value), (found.high + by, moved.high),
                (-found.high, turned.low), (-found.value, turned.value), (-found.low, turned.high),
            ] {
                prop_assert!((one - other).abs() < 1e-9, "{} {}", one, other);
            }
        }
    }
}
