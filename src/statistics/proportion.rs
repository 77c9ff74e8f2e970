//! How large a share is, when what is counted does not come alone.

use statrs::function::beta::inv_beta_reg;

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
    let low = if hits > 0.0 { inv_beta_reg(hits, all - hits + 1.0, alpha / 2.0) } else { 0.0 };
    let high = if hits < all { inv_beta_reg(hits + 1.0, all - hits, 1.0 - alpha / 2.0) } else { 1.0 };
    Some([low, high])
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
