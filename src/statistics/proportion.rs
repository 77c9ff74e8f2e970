//! How large a share is, when what is counted does not come alone.

use statrs::distribution::{ContinuousCDF as _, Normal};
use statrs::function::beta::beta_reg;

/// What was counted in a stretch of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Window {
    /// All.
    pub all: u64,
    /// Of these, those that count.
    pub hits: u64,
}

/// Clopper and Pearson's interval for a share, of a sample that is smaller by a factor: failures come in clusters, and a
/// cluster is one event rather than many (see [`overdispersion`]). `None` if nothing was counted.
pub fn proportion_interval(counted: Window, factor: f64, alpha: f64) -> Option<[f64; 2]> {
    if counted.all == 0 {
        return None;
    }
    let (all, hits) = (counted.all as f64 / factor, counted.hits as f64 / factor);
    if hits.min(all - hits) > MANY {
        return Some(score_interval(all, hits, alpha));
    }
    let low = if hits > 0.0 { beta_quantile(hits, all - hits + 1.0, alpha / 2.0) } else { 0.0 };
    let high = if hits < all { beta_quantile(hits + 1.0, all - hits, 1.0 - alpha / 2.0) } else { 1.0 };
    Some([low, high])
}

/// So many of either kind that the score interval differs from the exact one by less than a two-thousandth of its width.
const MANY: f64 = 100_000.0;

/// Wilson's score interval with continuity correction (Newcombe, *Two-sided confidence intervals for the single
/// proportion*, Statistics in Medicine 17, 1998, method 4).
fn score_interval(all: f64, hits: f64, alpha: f64) -> [f64; 2] {
    let z = Normal::standard().inverse_cdf(1.0 - alpha / 2.0);
    let (share, square) = (hits / all, z * z);
    let bound = |sign: f64| {
        let root = square + sign * 2.0 - 1.0 / all + 4.0 * share * (all * (1.0 - share) - sign);
        (2.0 * hits + square + sign * (1.0 + z * root.sqrt())) / (2.0 * (all + square))
    };
    [bound(-1.0), bound(1.0)]
}

/// By halving, on the regularised incomplete beta function, which is exact to six digits for 10⁸ trials as for ten, up to [`MANY`].
/// `statrs` looks for the quantile by Newton's method, and that does not come to its end from some seven million trials on.
fn beta_quantile(a: f64, b: f64, probability: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    // Each step halves what is left: after 90 all digits of a share of one in 10¹⁰ are there.
    for _ in 0..90 {
        let middle = f64::midpoint(low, high);
        if beta_reg(a, b, middle) < probability { low = middle } else { high = middle }
    }
    high
}

/// How much more the shares of the windows differ than chance makes independent events differ (Pearson's χ² ÷ its
/// degrees of freedom), at least one.
pub fn overdispersion(windows: &[Window]) -> f64 {
    let (all, hits) = windows.iter().fold((0, 0), |sum, window| (sum.0 + window.all, sum.1 + window.hits));
    let share = hits as f64 / all.max(1) as f64;
    let variance = share * (1.0 - share);
    let counted: Vec<&Window> = windows.iter().filter(|window| window.all > 0).collect();
    if counted.len() < 2 || variance <= 0.0 {
        return 1.0;
    }
    let squares: f64 = counted
        .iter()
        .map(|window| (window.hits as f64 - window.all as f64 * share).powi(2) / (window.all as f64 * variance))
        .sum();
    (squares / (counted.len() as f64 - 1.0)).max(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval(all: u64, hits: u64, factor: f64) -> [f64; 2] {
        proportion_interval(Window { all, hits }, factor, 0.05).unwrap()
    }

    #[test]
    fn the_interval_is_clopper_and_pearsons() {
        for (all, hits, low, high) in [
            (10, 0, 0.0, 0.308_497),
            (10, 1, 0.002_529, 0.445_016),
            (100, 5, 0.016_432, 0.112_835),
            (10, 10, 0.691_503, 1.0),
        ] {
            let [found_low, found_high] = interval(all, hits, 1.0);
            assert!((found_low - low).abs() < 1e-5 && (found_high - high).abs() < 1e-5, "{found_low} {found_high}");
        }
        // Nothing among 368 shows that the share is at most 1 %, nothing among 367 does not.
        assert!(interval(368, 0, 1.0)[1] <= 0.01);
        assert!(interval(366, 0, 1.0)[1] > 0.01);
        assert_eq!(proportion_interval(Window::default(), 1.0, 0.05), None);
    }

    /// By `scipy.stats.beta.ppf`.
    #[test]
    fn the_interval_of_very_many_requests_is_found_too() {
        for (all, hits, low, high) in [
            (100_000_000, 0, 0.0, 3.688_879_39e-8),
            (100_000_000, 10, 4.795_388_8e-8, 1.839_035_53e-7),
            (10_000_000, 5_000, 4.862_392_41e-4, 5.140_512_82e-4),
            (100_000_000, 1_000_000, 9.980_507_79e-3, 1.001_952_06e-2),
            (100_000_000, 50_000_000, 0.499_901_997, 0.500_098_003),
        ] {
            let [found_low, found_high] = interval(all, hits, 1.0);
            let off = if hits > 100_000 { (high - low) / 2_000.0 } else { 1e-6 * high };
            assert!((found_low - low).abs() <= off, "{found_low} {low}");
            assert!((found_high - high).abs() <= off, "{found_high} {high}");
        }
        assert!(interval(100_000_000, 100_000_000, 1.0)[0] > 0.999_999_9);
    }

    #[test]
    fn failures_that_come_in_a_cluster_say_less() {
        let spread = [Window { all: 100, hits: 1 }; 20];
        let mut cluster = [Window { all: 100, hits: 0 }; 20];
        cluster[7].hits = 20;
        assert!((overdispersion(&spread) - 1.0).abs() < 1e-9);
        assert!((overdispersion(&cluster) - 20.2).abs() < 0.1, "{}", overdispersion(&cluster));
        let high = |windows: &[Window]| interval(2_000, 20, overdispersion(windows))[1];
        assert!(high(&cluster) > 2.0 * high(&spread), "{} {}", high(&cluster), high(&spread));
    }
}
