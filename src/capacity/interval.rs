//! Where repeated searches put the limit: Hodges and Lehmann's estimate with the interval of Wilcoxon's signed-rank test.

/// An estimate with its interval at 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The median of all means of two.
    pub value: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

/// Two-sided.
const ALPHA: f64 = 0.05;
/// Beyond so many the distribution need not be counted out.
const MOST: usize = 60;

/// The interval over some values; `None` with fewer than six, which no interval of this kind reaches 95 % with, or more
/// than sixty.
pub fn signed_rank(values: &[f64]) -> Option<Interval> {
    if values.len() > MOST || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let dropped = dropped(values.len())?;
    let mut means = Vec::new();
    for (index, one) in values.iter().enumerate() {
        means.extend(values[index..].iter().map(|other| f64::midpoint(*one, *other)));
    }
    means.sort_by(f64::total_cmp);
    let last = means.len() - 1;
    Some(Interval {
        value: f64::midpoint(means[last / 2], means[means.len() / 2]),
        low: means[dropped],
        high: means[last - dropped],
    })
}

/// How many of the means may be left out at each end: the largest c with P(W ≤ c) at most half of α, where W is the sum of
/// a random half of the ranks 1 to n.
fn dropped(n: usize) -> Option<usize> {
    let most = n * (n + 1) / 2;
    let mut ways = vec![0.0_f64; most + 1];
    ways[0] = 1.0;
    for rank in 1..=n {
        for sum in (rank..=most).rev() {
            ways[sum] += ways[sum - rank];
        }
    }
    let all: f64 = ways.iter().sum();
    let mut below = 0.0;
    let within = ways.iter().take_while(|ways| {
        below += **ways;
        below / all <= ALPHA / 2.0
    });
    within.count().checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Tables of the signed-rank test give W ≤ 0, 3, 8, 13 and 52 at 5 %, two-sided.
    #[test]
    fn what_is_dropped_is_what_tables_say() {
        for (n, expected) in [(5, None), (6, Some(0)), (8, Some(3)), (10, Some(8)), (12, Some(13)), (20, Some(52))] {
            assert_eq!(dropped(n), expected, "{n}");
        }
    }

    #[test]
    fn one_wild_value_moves_it_little() {
        let found = signed_rank(&[10.0, 10.2, 9.9, 10.1, 9.8, 10.0, 10.3, 99.0]).unwrap();
        assert!((found.value - 10.1).abs() < 0.15 && found.low > 9.8 && found.high < 55.0, "{found:?}");
        assert_eq!(signed_rank(&[1.0; 5]), None);
    }
}
