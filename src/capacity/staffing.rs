//! How many connections a rate needs, by Little's law.

/// Standard deviations of room above the mean. Numbers in use that come about by independent requests are spread like a
/// Poisson count: with three, one in about a thousand finds none free.
const ROOM: f64 = 3.0;

/// Connections for a mean number in use: `L = λ W`, and room for chance (`L + 3 √L`, square-root staffing). Holds where
/// requests arrive independently of each other; bursts need their own size besides.
pub fn connections_for(mean_used: f64) -> Option<u64> {
    (mean_used.is_finite() && mean_used >= 0.0).then(|| (mean_used + ROOM * mean_used.sqrt()).ceil().max(1.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_of_ten_needs_twenty_and_nothing_is_never_sized() {
        // Poisson with mean 10: P(N > 20) = 0.0016.
        assert_eq!(connections_for(10.0), Some(20));
        assert_eq!(connections_for(0.0), Some(1));
        assert_eq!(connections_for(f64::NAN), None);
    }
}
