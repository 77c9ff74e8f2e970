//! Evidence that a share is above a limit, looked at again and again while it comes in.

/// Bets, from careful to bold: the careful ones find a small excess, the bold ones an outage.
const BETS: [f64; 4] = [2.0, 10.0, 30.0, 60.0];
/// Part of the largest bet that cannot lose everything.
const MOST_OF_ALL: f64 = 0.95;

/// Two e-processes: gamblers who bet, window after window, that the share is above the limit.
///
/// The first bets from the beginning: `E = ¼ Σ_λ Π_k (1 + λ (Y_k − p0))`. As long as the share expected of each window is at
/// most `p0`, the stake is not expected to grow, however often one looks at it, and reaches 1,000 at most once in a
/// thousand runs (Ville's inequality); shares need not be independent, nor windows of one size. But a gambler loses in
/// every calm window, and after some minutes has nothing left to bet on an outage. The second puts a part of the stake,
/// 1 ÷ (k (k + 1)), aside for each window k and begins with it there, for which the same holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    limit: f64,
    windows: f64,
    /// Natural logarithms of the four products since the beginning.
    since_the_beginning: [f64; BETS.len()],
    /// The four sums of the products since each window.
    since_any: [f64; BETS.len()],
}

impl Evidence {
    /// What a stake must grow to before it is believed.
    pub const ENOUGH: f64 = 1_000.0;

    /// Gamblers with a stake of one each.
    pub const fn new(limit: f64) -> Self {
        Self { limit, windows: 0.0, since_the_beginning: [0.0; BETS.len()], since_any: [0.0; BETS.len()] }
    }

    /// The share of one more window, 0 to 1.
    pub fn observe(&mut self, share: f64) {
        self.windows += 1.0;
        let fresh = 1.0 / (self.windows * (self.windows + 1.0));
        for (at, bet) in BETS.into_iter().enumerate() {
            let bet = if self.limit > 0.0 { bet.min(MOST_OF_ALL / self.limit) } else { bet };
            let gain = bet * (share - self.limit);
            self.since_the_beginning[at] += gain.ln_1p();
            self.since_any[at] = (self.since_any[at] + fresh) * (1.0 + gain);
        }
    }

    /// The larger of the two stakes.
    pub fn value(&self) -> f64 {
        let bets = BETS.len() as f64;
        let beginning = self.since_the_beginning.iter().map(|product| product.exp()).sum::<f64>() / bets;
        let untouched = 1.0 / (self.windows + 1.0);
        beginning.max(self.since_any.iter().sum::<f64>() / bets + untouched)
    }

    /// Whether the share is above the limit, as far as one can know: at most two runs of a thousand come so far by chance.
    pub fn is_enough(&self) -> bool {
        self.value() >= Self::ENOUGH
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Windows of a steady share until it is enough.
    fn windows(limit: f64, share: f64) -> Option<usize> {
        let mut evidence = Evidence::new(limit);
        (1..=10_000).find(|_| {
            evidence.observe(share);
            evidence.is_enough()
        })
    }

    #[test]
    fn the_more_fails_the_sooner_it_is_known() {
        let found = [1.0, 0.2, 0.05, 0.02].map(|share| windows(0.01, share));
        assert_eq!(found, [Some(2), Some(4), Some(7), Some(18)]);
        assert_eq!((windows(0.01, 0.01), windows(0.01, 0.005)), (None, None));
    }

    #[test]
    fn an_outage_is_found_whenever_it_comes() {
        for calm in [0, 10, 100, 1_000] {
            let mut evidence = Evidence::new(0.01);
            (0..calm).for_each(|_| evidence.observe(0.0));
            assert!(!evidence.is_enough());
            let found = (1..100).find(|_| {
                evidence.observe(1.0);
                evidence.is_enough()
            });
            assert!(found.is_some_and(|seconds| seconds <= 6), "after {calm}: {found:?}");
        }
    }

    #[test]
    fn no_limit_makes_a_stake_negative() {
        for limit in [0.0, 0.01, 0.05, 0.5, 0.99, 1.0] {
            let mut evidence = Evidence::new(limit);
            for share in [0.0, 0.0, 1.0, 0.0, 0.5] {
                evidence.observe(share);
                assert!(evidence.value() >= 0.0 && evidence.value().is_finite(), "{limit} {evidence:?}");
            }
        }
        assert_eq!((windows(0.05, 1.0), windows(0.05, 0.04)), (Some(3), None));
    }
}
