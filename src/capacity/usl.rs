//! Gunther's Universal Scalability Law, fitted to what was seen: `X(N) = λ N ÷ (1 + σ (N − 1) + κ N (N − 1))`.
//!
//! N is how many requests are under way, X how many are answered per second. σ is contention: what can be done by one at a
//! time only. κ is coherence: what each has to settle with every other. A diagnostic, no proof: it knows nothing of pools
//! and time limits, and says little beyond the rates that were tried.

/// A fit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usl {
    /// Throughput of one request at a time, per second.
    pub lambda: f64,
    /// Contention, 0 or more.
    pub sigma: f64,
    /// Coherence, 0 or more.
    pub kappa: f64,
    /// Root mean square of the relative errors of X.
    pub error: f64,
    /// Points it rests on.
    pub points: usize,
}

/// Why there is no fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UslProblem {
    /// Three parameters need more points than that.
    #[error("fewer than five steps were answered in order")]
    TooFew,
    /// Without contrast the parameters trade off against each other.
    #[error("the numbers of requests under way lie too close together to tell contention from coherence")]
    NoSpread,
    /// Throughput grew faster than in proportion: noise, warming up, or another law.
    #[error("throughput per request under way did not fall, so nothing of a limit can be seen")]
    NoLimit,
    /// The law does not describe these points.
    #[error("the law misses the points by more than a tenth")]
    Poor,
}

/// Points that are needed.
const LEAST_POINTS: usize = 5;
/// Ratio of the largest N to the smallest.
const LEAST_SPREAD: f64 = 3.0;
/// Largest relative error at which a fit is worth showing.
const MOST_ERROR: f64 = 0.1;

impl Usl {
    /// Throughput at so many requests under way.
    pub fn throughput(&self, n: f64) -> f64 {
        self.lambda * n / (1.0 + self.sigma * (n - 1.0) + self.kappa * n * (n - 1.0))
    }

    /// Where throughput is highest: N and X. `None`: it only levels off.
    pub fn peak(&self) -> Option<(f64, f64)> {
        let n = (self.kappa > 1e-12 && self.sigma < 1.0).then(|| ((1.0 - self.sigma) / self.kappa).sqrt())?;
        Some((n, self.throughput(n)))
    }
}

/// Fits (N, X) by least squares. `N ÷ X` is linear in `1/λ`, `σ/λ` and `κ/λ`; each point counts by its relative error, and
/// where a coefficient came out negative, which none can be, the best fit without it is taken.
///
/// # Errors
/// See [`UslProblem`]: parameters that the points do not determine are not given.
pub fn fit(points: &[(f64, f64)]) -> Result<Usl, UslProblem> {
    let points: Vec<(f64, f64)> =
        points.iter().copied().filter(|(n, x)| n.is_finite() && x.is_finite() && *n > 0.0 && *x > 0.0).collect();
    if points.len() < LEAST_POINTS {
        return Err(UslProblem::TooFew);
    }
    let most = points.iter().map(|(n, _)| *n).fold(0.0, f64::max);
    let least = points.iter().map(|(n, _)| *n).fold(f64::INFINITY, f64::min);
    if most < LEAST_SPREAD * least {
        return Err(UslProblem::NoSpread);
    }
    let with = [[true, true, true], [true, true, false], [true, false, true], [true, false, false]];
    let fits = with.into_iter().filter_map(|columns| fit_with(&points, columns));
    let best = fits.min_by(|one, two| one.error.total_cmp(&two.error)).ok_or(UslProblem::NoSpread)?;
    if best.sigma <= 1e-9 && best.kappa <= 1e-9 {
        return Err(UslProblem::NoLimit);
    }
    if best.error > MOST_ERROR { Err(UslProblem::Poor) } else { Ok(best) }
}

/// Weighted least squares with some of the three columns 1, N − 1, N (N − 1); `None` if it cannot be solved or gives
/// something negative.
fn fit_with(points: &[(f64, f64)], columns: [bool; 3]) -> Option<Usl> {
    let rows = points.iter().map(|(n, x)| {
        let y = n / x;
        // Divided by y, so that errors are relative.
        ([1.0 / y, (n - 1.0) / y, n * (n - 1.0) / y], 1.0)
    });
    let mut normal = [[0.0; 4]; 3];
    for (row, y) in rows {
        for i in 0..3 {
            for j in 0..3 {
                normal[i][j] += row[i] * row[j];
            }
            normal[i][3] += row[i] * y;
        }
    }
    for (index, used) in columns.iter().enumerate() {
        if !used {
            for (other, row) in normal.iter_mut().enumerate() {
                row[index] = f64::from(u8::from(other == index));
            }
            normal[index] = [0.0; 4];
            normal[index][index] = 1.0;
        }
    }
    let [a, b, c] = solve(normal)?;
    if a <= 0.0 || b < 0.0 || c < 0.0 {
        return None;
    }
    let mut fit = Usl { lambda: 1.0 / a, sigma: b / a, kappa: c / a, error: 0.0, points: points.len() };
    let squares: f64 = points.iter().map(|(n, x)| (fit.throughput(*n) / x - 1.0).powi(2)).sum();
    fit.error = (squares / points.len() as f64).sqrt();
    Some(fit)
}

/// Gauss with the largest pivot first; `None` where there is hardly any.
fn solve(mut matrix: [[f64; 4]; 3]) -> Option<[f64; 3]> {
    // Columns may differ by orders of magnitude.
    let scale = [0, 1, 2].map(|column| matrix.iter().map(|row| row[column].abs()).fold(0.0, f64::max));
    for row in &mut matrix {
        for column in 0..3 {
            row[column] /= scale[column];
        }
    }
    for column in 0..3 {
        let pivot = (column..3).max_by(|one, two| matrix[*one][column].abs().total_cmp(&matrix[*two][column].abs()))?;
        matrix.swap(column, pivot);
        let largest = matrix[column][column];
        if largest.abs() < 1e-12 || !largest.is_finite() {
            return None;
        }
        let pivot_row = matrix[column];
        for (index, row) in matrix.iter_mut().enumerate() {
            if index != column {
                let factor = row[column] / largest;
                for (cell, pivot) in row.iter_mut().zip(pivot_row) {
                    *cell -= factor * pivot;
                }
            }
        }
    }
    let solution = [0, 1, 2].map(|index| matrix[index][3] / matrix[index][index] / scale[index]);
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn points(law: &Usl, ns: &[f64]) -> Vec<(f64, f64)> {
        ns.iter().map(|n| (*n, law.throughput(*n))).collect()
    }

    const NS: [f64; 8] = [1.0, 2.0, 4.0, 8.0, 12.0, 16.0, 24.0, 32.0];

    #[test]
    fn a_law_is_found_again_and_its_peak_with_it() {
        let law = Usl { lambda: 100.0, sigma: 0.05, kappa: 0.002, error: 0.0, points: 8 };
        let found = fit(&points(&law, &NS)).unwrap();
        let near = |one: f64, other: f64| (one / other - 1.0).abs() < 1e-6;
        assert!(near(found.lambda, 100.0) && near(found.sigma, 0.05) && near(found.kappa, 0.002), "{found:?}");
        let (n, x) = found.peak().unwrap();
        assert!((n - 21.8).abs() < 0.1 && found.throughput(n * 0.9) < x && found.throughput(n * 1.1) < x);
    }

    #[test]
    fn what_the_points_do_not_determine_is_not_given() {
        let law = Usl { lambda: 100.0, sigma: 0.1, kappa: 0.0, error: 0.0, points: 0 };
        assert_eq!(fit(&points(&law, &NS[..4])), Err(UslProblem::TooFew));
        assert_eq!(fit(&points(&law, &[8.0, 9.0, 10.0, 11.0, 12.0])), Err(UslProblem::NoSpread));
        let linear = Usl { sigma: 0.0, ..law };
        assert_eq!(fit(&points(&linear, &NS)), Err(UslProblem::NoLimit));
        let wild: Vec<(f64, f64)> =
            NS.iter().map(|n| (*n, if (*n as u64).is_multiple_of(8) { 50.0 } else { 400.0 * n })).collect();
        assert!(matches!(fit(&wild), Err(UslProblem::Poor)), "{:?}", fit(&wild));
        assert_eq!(fit(&points(&law, &NS)).unwrap().peak(), None, "it levels off");
    }

    proptest! {
        #[test]
        fn nothing_comes_out_negative(
            lambda in 1.0..1e4_f64, sigma in 0.01..0.9_f64, kappa in 0.0..0.05_f64,
            noise in prop::collection::vec(0.97..1.03_f64, 8),
        ) {
            let law = Usl { lambda, sigma, kappa, error: 0.0, points: 8 };
            let noisy: Vec<(f64, f64)> = points(&law, &NS).iter().zip(&noise).map(|((n, x), e)| (*n, x * e)).collect();
            if let Ok(found) = fit(&noisy) {
                prop_assert!(found.lambda > 0.0 && found.sigma >= 0.0 && found.kappa >= 0.0);
                prop_assert!(found.error < 0.06, "{:?}", found);
            }
        }
    }
}
