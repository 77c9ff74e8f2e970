//! Arrivals, blocks and their order. Pure: made beforehand from a seed, the same for both sides of a pair.

use std::time::Duration;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use crate::plan::{Burst, Profile, Spacing};
use crate::role::Role;

/// One flow iteration that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Intended start, since the start of the block.
    pub at: Duration,
    /// Index of the flow in the plan.
    pub flow: usize,
    /// Its number within the block, the same on both sides of a pair and in every share.
    pub number: u64,
}

/// One share of a schedule that several processes make together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Which, from 1.
    pub index: u32,
    /// Of how many.
    pub of: u32,
}

impl Share {
    /// Whether an arrival is in this share: each is in exactly one, and those that follow each other are in different ones.
    pub const fn takes(self, number: u64) -> bool {
        number % self.of as u64 == self.index as u64 - 1
    }

    /// This share of a number of things, which all shares together have at least.
    pub const fn of_count(self, count: usize) -> usize {
        count.div_ceil(self.of as usize)
    }
}

/// What arrives, over all flows.
#[derive(Debug, Clone, PartialEq)]
pub struct Demand {
    /// Flow iterations per second over the block, bursts aside.
    pub rate: Profile,
    /// How they are spaced.
    pub spacing: Spacing,
    /// Many at one moment, besides.
    pub burst: Option<Burst>,
}

/// A generator for one purpose: the same seed, purpose and number give the same draws, other ones unrelated draws.
pub fn generator(seed: u64, purpose: &str, number: u64) -> Xoshiro256PlusPlus {
    // FNV-1a over the purpose, so that each purpose has a stream of its own.
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in purpose.bytes().chain(number.to_le_bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    Xoshiro256PlusPlus::seed_from_u64(seed ^ hash)
}

/// Which side of a pair is loaded first: a coin per pair.
pub fn order(seed: u64, pair: u32) -> [Role; 2] {
    if generator(seed, "order", u64::from(pair)).random() {
        [Role::Baseline, Role::Candidate]
    } else {
        [Role::Candidate, Role::Baseline]
    }
}

/// The arrivals of one block, in order of time. Both blocks of a pair have the same.
///
/// Flows come at the shares of their `weights`, drawn from
/// a shuffled deck, so that shares are exact over each pass of the deck and the order is not predictable.
pub fn arrivals(seed: u64, pair: u32, demand: &Demand, weights: &[u32], length: Duration) -> Vec<Arrival> {
    let mut random = generator(seed, "arrivals", u64::from(pair));
    let mut moments = steady(&mut random, demand, length);
    if let Some(burst) = demand.burst {
        moments.extend(bursts(&mut generator(seed, "bursts", u64::from(pair)), burst, length));
        moments.sort_unstable();
    }
    let mut deck = Deck::new(weights);
    let numbered = moments.into_iter().zip(0..);
    numbered.map(|(at, number)| Arrival { at, flow: deck.draw(&mut random), number }).collect()
}

/// Arrivals at a rate that may change: they come at even distances, or at random, where time runs as fast as the rate is
/// high. (A Poisson process with a changing rate is one of rate 1 on the scale of what was to come until then: Çinlar,
/// *Introduction to Stochastic Processes*, 1975, chapter 4.)
fn steady(random: &mut Xoshiro256PlusPlus, demand: &Demand, length: Duration) -> Vec<Duration> {
    let mut step = || match demand.spacing {
        Spacing::Uniform => 1.0,
        Spacing::Poisson => gap(random),
    };
    let expected = demand.rate.area_from(Duration::ZERO);
    let mut moments = Vec::with_capacity((expected * 1.1) as usize + 16);
    let mut next = if demand.spacing == Spacing::Uniform { 0.0 } else { step() };
    let mut before = 0.0;
    for line in demand.rate.lines() {
        let area = line.area();
        while next < before + area {
            moments.push(Duration::from_secs_f64(line.time_of(next - before)));
            next += step();
        }
        before += area;
    }
    moments.retain(|at| *at < length);
    moments
}

/// One burst in each stretch, at a moment of its own.
fn bursts(random: &mut Xoshiro256PlusPlus, burst: Burst, length: Duration) -> Vec<Duration> {
    let mut moments = Vec::new();
    let mut stretch = Duration::ZERO;
    while stretch < length {
        let at = stretch + burst.every.mul_f64(random.random::<f64>());
        if at < length {
            moments.extend(std::iter::repeat_n(at, burst.size as usize));
        }
        stretch += burst.every;
    }
    moments
}

/// Distance to the next of arrivals that are independent of each other: exponential with mean 1.
fn gap(random: &mut Xoshiro256PlusPlus) -> f64 {
    let uniform: f64 = random.random();
    -(1.0 - uniform).ln()
}

/// Flows at their weights: all cards are dealt before the deck is shuffled again.
struct Deck {
    cards: Vec<usize>,
    next: usize,
}

impl Deck {
    fn new(weights: &[u32]) -> Self {
        let divisor = weights.iter().copied().fold(0, gcd).max(1);
        let cards: Vec<usize> = weights
            .iter()
            .enumerate()
            .flat_map(|(flow, weight)| std::iter::repeat_n(flow, (weight / divisor) as usize))
            .collect();
        let next = cards.len();
        Self { cards, next }
    }

    fn draw(&mut self, random: &mut Xoshiro256PlusPlus) -> usize {
        if self.next >= self.cards.len() {
            self.cards.shuffle(random);
            self.next = 0;
        }
        self.next += 1;
        self.cards[self.next - 1]
    }
}

fn gcd(a: u32, b: u32) -> u32 {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Shares of `total` proportional to `weights`, each at least 1, by largest remainder.
pub fn shares(weights: &[u32], total: usize) -> Vec<usize> {
    let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
    let ideal: Vec<f64> = weights.iter().map(|weight| f64::from(*weight) / sum * total as f64).collect();
    let mut shares: Vec<usize> = ideal.iter().map(|share| (*share as usize).max(1)).collect();
    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    by_remainder.sort_by(|a, b| ideal[*b].fract().total_cmp(&ideal[*a].fract()));
    let missing = total.saturating_sub(shares.iter().sum());
    for flow in by_remainder.into_iter().cycle().take(missing) {
        shares[flow] += 1;
    }
    shares
}

/// The order in which users begin where they begin one after the other: per flow, the rank of each of its users. The
/// first begins at the level ½, the next at 1½. The users of each flow are spread over the whole, so that flows grow
/// together.
pub fn ranks(users: &[usize]) -> Vec<Vec<f64>> {
    let place = |flow: usize, user: usize| (user as f64 + 0.5) / users[flow] as f64;
    let mut order: Vec<(usize, usize)> =
        users.iter().enumerate().flat_map(|(flow, users)| (0..*users).map(move |user| (flow, user))).collect();
    order.sort_by(|a, b| place(a.0, a.1).total_cmp(&place(b.0, b.1)));
    let mut ranks = vec![Vec::new(); users.len()];
    for (rank, (flow, _)) in order.into_iter().enumerate() {
        ranks[flow].push(rank as f64 + 0.5);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_same_seed_gives_the_same_schedule_and_another_pair_another() {
        let demand = Demand {
            rate: Profile::constant(200.0, Duration::from_secs(5)),
            spacing: Spacing::Poisson,
            burst: Some(Burst { size: 20, every: Duration::from_secs(2) }),
        };
        let make = |seed, pair| arrivals(seed, pair, &demand, &[8, 2], Duration::from_secs(5));
        assert_eq!(make(1, 0), make(1, 0));
        assert_ne!(make(1, 0), make(1, 1));
        assert_ne!(make(1, 0), make(2, 0));
    }

    #[test]
    fn each_user_has_a_rank_of_its_own_and_flows_grow_together() {
        let ranks = ranks(&[6, 2]);
        assert_eq!(ranks, [vec![0.5, 1.5, 3.5, 4.5, 5.5, 7.5], vec![2.5, 6.5]]);
    }

    #[test]
    fn both_orders_of_a_pair_come_up() {
        let first: Vec<Role> = (0..64).map(|pair| order(7, pair)[0]).collect();
        let baseline = first.iter().filter(|role| **role == Role::Baseline).count();
        assert!((16..=48).contains(&baseline), "{baseline} of 64 pairs begin with the baseline");
    }

    #[test]
    fn poisson_arrivals_come_at_their_rate_with_the_spread_of_strangers() {
        let rate = Profile::constant(1_000.0, Duration::from_secs(100));
        let demand = Demand { rate, spacing: Spacing::Poisson, burst: None };
        let all = arrivals(3, 0, &demand, &[1], Duration::from_secs(100));
        // 100,000 expected; the standard deviation of a Poisson count is its root, 316.
        assert!((98_700..=101_300).contains(&all.len()), "{}", all.len());
        let gaps: Vec<f64> = all.windows(2).map(|pair| pair[1].at.as_secs_f64() - pair[0].at.as_secs_f64()).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        // An exponential distribution's standard deviation is its mean.
        assert!((variance.sqrt() / mean - 1.0).abs() < 0.02, "{}", variance.sqrt() / mean);
    }

    #[test]
    fn arrivals_follow_a_ramp_with_both_spacings() {
        let seconds = Duration::from_secs;
        // 0 to 1,000/s in 10 s, 1,000/s for 10 s, down to 200/s at once for 10 s: 5,000, 10,000 and 2,000 arrivals.
        let rate =
            Profile::ramp(0.0, [(seconds(10), 1e3), (seconds(10), 1e3), (Duration::ZERO, 200.0), (seconds(10), 200.0)]);
        for (spacing, roots) in [(Spacing::Uniform, 0.02), (Spacing::Poisson, 4.0)] {
            let demand = Demand { rate: rate.clone(), spacing, burst: None };
            let all = arrivals(5, 0, &demand, &[1], seconds(30));
            let count = |from: u64, to: u64| {
                all.iter().filter(|arrival| arrival.at >= seconds(from) && arrival.at < seconds(to)).count() as f64
            };
            for (from, to, expected) in
                [(0, 5, 1_250.0_f64), (5, 10, 3_750.0), (0, 10, 5_000.0), (10, 20, 10_000.0), (20, 30, 2_000.0)]
            {
                let off = (count(from, to) - expected).abs();
                assert!(off <= roots * expected.sqrt() + 1.0, "{spacing:?}: {} from {from} to {to}", count(from, to));
            }
        }
    }

    #[test]
    fn a_burst_is_so_many_at_one_moment_in_each_stretch() {
        let burst = Burst { size: 30, every: Duration::from_secs(2) };
        let rate = Profile::constant(0.001, Duration::from_secs(6));
        let demand = Demand { rate, spacing: Spacing::Uniform, burst: Some(burst) };
        let all = arrivals(9, 0, &demand, &[1], Duration::from_secs(6));
        assert_eq!(all.len(), 91, "three bursts, and the first of the steady arrivals");
        for stretch in 0..3 {
            let within: Vec<Duration> = all[1..].iter().map(|arrival| arrival.at).skip(stretch * 30).take(30).collect();
            assert!(within.iter().all(|at| *at == within[0]));
            assert_eq!(within[0].as_secs() / 2, stretch as u64);
        }
    }

    proptest! {
        #[test]
        fn each_arrival_is_in_exactly_one_share(seed: u64, of in 1_u32..9, rate in 1.0..500.0_f64) {
            let burst = Some(Burst { size: 7, every: Duration::from_millis(700) });
            let rate = Profile::constant(rate, Duration::from_secs(2));
            let demand = Demand { rate, spacing: Spacing::Poisson, burst };
            let all = arrivals(seed, 0, &demand, &[3, 1], Duration::from_secs(2));
            let share = |index| all.iter().filter(move |arrival| Share { index, of }.takes(arrival.number)).copied();
            let mut joined: Vec<Arrival> = (1..=of).flat_map(share).collect();
            joined.sort_by_key(|arrival| arrival.number);
            prop_assert_eq!(&joined, &all);
            for index in 1..=of {
                prop_assert!(share(index).count().abs_diff(all.len() / of as usize) <= 1);
            }
        }

        #[test]
        fn arrivals_are_in_order_within_the_block_and_at_their_weights(
            seed: u64, rate in 0.0..5_000.0_f64, to in 1.0..5_000.0_f64, weights in prop::collection::vec(1_u32..20, 1..8),
            uniform: bool, burst: Option<u8>,
        ) {
            let spacing = if uniform { Spacing::Uniform } else { Spacing::Poisson };
            let length = Duration::from_secs(2);
            let burst = burst.map(|size| Burst { size: u32::from(size) + 1, every: Duration::from_millis(700) });
            let rate = Profile::ramp(rate, [(length / 2, to), (length / 2, to)]);
            let all = arrivals(seed, 0, &Demand { rate, spacing, burst }, &weights, length);
            prop_assert!(all.windows(2).all(|pair| pair[0].at <= pair[1].at));
            prop_assert!(all.iter().all(|arrival| arrival.at < length));
            let sum: u32 = weights.iter().sum();
            for (flow, weight) in weights.iter().enumerate() {
                let count = all.iter().filter(|arrival| arrival.flow == flow).count() as f64;
                let expected = all.len() as f64 * f64::from(*weight) / f64::from(sum);
                prop_assert!((count - expected).abs() <= f64::from(*weight), "flow {}: {} for {}", flow, count, expected);
            }
        }

        #[test]
        fn shares_add_up_and_leave_nobody_out(weights in prop::collection::vec(1_u32..50, 1..12), extra in 0_usize..300) {
            let total = weights.len() + extra;
            let shares = shares(&weights, total);
            prop_assert!(shares.iter().all(|share| *share >= 1));
            prop_assert!(shares.iter().sum::<usize>() >= total);
            prop_assert!(shares.iter().sum::<usize>() <= total + weights.len());
        }
    }
}
