//! What a quantile is at least, from few values.

/// The how-manieth largest of so many values is at most the value that one in a hundred exceeds, with a confidence of
/// 95 %: more than so many above a limit, and it is no accident that the 99th percentile was. (The number of values above
/// the true percentile is binomial.)
pub fn rank_of_p99(count: u64) -> u64 {
    const SHARE: f64 = 0.01;
    const CONFIDENCE: f64 = 0.95;
    let mut below = 0.0;
    // Of none, in logarithms: of many values it is too small to be written down.
    let mut log_probability = count as f64 * (1.0 - SHARE).ln();
    for exceeding in 0..count {
        below += log_probability.exp();
        if below >= CONFIDENCE {
            return exceeding + 1;
        }
        let next = (count - exceeding) as f64 / (exceeding + 1) as f64 * SHARE / (1.0 - SHARE);
        log_probability += next.ln();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_late_arrival_of_few_says_nothing_of_one_in_a_hundred() {
        // Upper 5 % points of the binomial distribution with p = 0.01 (R: qbinom(0.95, n, 0.01) + 1).
        for (count, rank) in [(1, 1), (5, 1), (6, 2), (80, 3), (100, 4), (500, 10), (1_000, 16), (100_000, 1_053)] {
            assert_eq!(rank_of_p99(count), rank, "{count}");
        }
        assert_eq!(rank_of_p99(0), 0);
    }
}
