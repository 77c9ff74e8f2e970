//! Which rate is tried next: up by half until one is missed, then between the highest met and the lowest missed, in
//! equal ratios, until they are close.

use crate::record::search::{Bracket, End};

/// Step up, and down if the first is missed.
const STEP: f64 = 1.5;
/// A rate that the generator could not make is tried so often.
const TRIES: u32 = 2;

/// What a rate came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Every gate held.
    Met,
    /// A gate did not hold, but by so little that chance may have done it.
    Missed,
    /// A gate did not hold by far.
    FarMissed,
    /// The generator did not do what it should have: says nothing of the side.
    NoFigures,
}

/// One search on one side.
#[derive(Debug, Clone)]
pub struct Ladder {
    next: Option<f64>,
    met: Option<f64>,
    missed: Option<f64>,
    /// The lowest rate that the generator could not make.
    unmade: Option<f64>,
    /// The rate that was missed by a little once.
    doubted: Option<f64>,
    failures: u32,
    least: f64,
    most: f64,
    precision: f64,
    end: End,
}

impl Ladder {
    /// Begins at a rate; never tries one below `least` or above `most`. Ends when the lowest rate missed is at most
    /// `precision` above the highest met, 0.05 for 5 %.
    pub fn new(start: f64, least: f64, most: f64, precision: f64) -> Self {
        Self {
            next: Some(start.clamp(least, most)),
            met: None,
            missed: None,
            unmade: None,
            doubted: None,
            failures: 0,
            least,
            most,
            precision,
            end: End::Unfinished,
        }
    }

    /// The rate to try; `None`: it is over.
    pub const fn next(&self) -> Option<f64> {
        self.next
    }

    /// Takes in what became of the rate that was to be tried. One that was missed by a little is believed the second time:
    /// a hiccup of the machine would otherwise cap all that comes after.
    pub fn take(&mut self, tried: Tried) {
        let Some(rate) = self.next else { return };
        if tried == Tried::Missed && self.doubted != Some(rate) {
            self.doubted = Some(rate);
            return;
        }
        match tried {
            Tried::Met => self.met = Some(rate),
            Tried::Missed | Tried::FarMissed => self.missed = Some(rate),
            Tried::NoFigures => {
                self.failures += 1;
                if self.failures < TRIES {
                    return;
                }
                self.unmade = Some(rate);
            }
        }
        self.failures = 0;
        self.next = self.choose();
    }

    fn choose(&mut self) -> Option<f64> {
        let ceiling = [self.missed, self.unmade].into_iter().flatten().reduce(f64::min);
        match (self.met, ceiling) {
            (Some(met), None) if met >= self.most => self.over(End::Most),
            (Some(met), None) => Some((met * STEP).min(self.most)),
            (None, Some(ceiling)) if ceiling <= self.least => {
                self.over(if self.missed.is_some() { End::Least } else { End::Generator })
            }
            (None, Some(ceiling)) => Some((ceiling / STEP).max(self.least)),
            (Some(met), Some(ceiling)) if ceiling <= met * (1.0 + self.precision) => {
                let is_the_sides = self.missed.is_some_and(|missed| missed <= ceiling);
                self.over(if is_the_sides { End::Found } else { End::Generator })
            }
            (Some(met), Some(ceiling)) => Some((met * ceiling).sqrt()),
            (None, None) => self.over(End::Generator),
        }
    }

    const fn over(&mut self, end: End) -> Option<f64> {
        self.end = end;
        None
    }

    /// What is known so far.
    pub const fn bracket(&self) -> Bracket {
        Bracket { met: self.met, missed: self.missed, end: self.end }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::{RngExt, SeedableRng};
    use rand_xoshiro::Xoshiro256PlusPlus;

    use super::*;

    fn run(mut ladder: Ladder, mut side: impl FnMut(f64) -> Tried) -> (Bracket, Vec<f64>) {
        let mut tried = Vec::new();
        while let Some(rate) = ladder.next() {
            tried.push(rate);
            assert!(tried.len() < 200, "it does not end: {tried:?}");
            ladder.take(side(rate));
        }
        (ladder.bracket(), tried)
    }

    fn limit(at: f64) -> impl FnMut(f64) -> Tried {
        move |rate| if rate <= at { Tried::Met } else { Tried::FarMissed }
    }

    #[test]
    fn a_generator_that_can_do_nothing_says_nothing_of_the_side() {
        let (bracket, _) = run(Ladder::new(10.0, 1.0, 100.0, 0.05), |_| Tried::NoFigures);
        assert_eq!((bracket.met, bracket.missed, bracket.end), (None, None, End::Generator));
        let (bracket, _) = run(Ladder::new(10.0, 1.0, 100.0, 0.05), limit(0.5));
        assert_eq!(bracket.end, End::Least);
    }

    #[test]
    fn it_goes_up_by_half_and_then_between() {
        let (bracket, tried) = run(Ladder::new(100.0, 1.0, 1e6, 0.05), limit(400.0));
        assert_eq!(tried[..5], [100.0, 150.0, 225.0, 337.5, 506.25]);
        assert!((tried[5] - (337.5_f64 * 506.25).sqrt()).abs() < 1e-9);
        let (met, missed) = (bracket.met.unwrap(), bracket.missed.unwrap());
        assert!(met <= 400.0 && 400.0 < missed && missed <= met * 1.05, "{bracket:?}");
        assert_eq!(bracket.end, End::Found);
    }

    #[test]
    fn it_goes_down_where_the_first_is_missed_and_says_where_it_ends() {
        let (bracket, tried) = run(Ladder::new(100.0, 10.0, 1e6, 0.05), limit(12.0));
        assert!(tried[1] < tried[0] && bracket.met.unwrap() <= 12.0 && bracket.end == End::Found);
        let (bracket, _) = run(Ladder::new(100.0, 10.0, 1e6, 0.05), limit(1.0));
        assert_eq!((bracket.met, bracket.missed, bracket.end), (None, Some(10.0), End::Least));
        let (bracket, _) = run(Ladder::new(100.0, 10.0, 300.0, 0.05), limit(1e9));
        assert_eq!((bracket.met, bracket.missed, bracket.end), (Some(300.0), None, End::Most));
    }

    #[test]
    fn one_hiccup_is_forgiven_and_a_generator_that_fails_is_no_limit_of_the_side() {
        let mut hiccups = 0;
        let (bracket, _) = run(Ladder::new(100.0, 1.0, 1e6, 0.05), |rate| {
            let here = (rate - 150.0).abs() < 1e-9;
            hiccups += u32::from(here);
            if here && hiccups == 1 { Tried::Missed } else { limit(400.0)(rate) }
        });
        assert!(bracket.met.unwrap() > 380.0, "{bracket:?}");
        let (bracket, tried) =
            run(Ladder::new(100.0, 1.0, 1e6, 0.05), |rate| if rate > 200.0 { Tried::NoFigures } else { Tried::Met });
        assert_eq!((bracket.end, bracket.missed), (End::Generator, None));
        assert!((190.0..=200.0).contains(&bracket.met.unwrap()), "{bracket:?}");
        assert_eq!(tried.iter().filter(|rate| (**rate - 225.0).abs() < 1e-9).count(), 2, "it was tried twice");
        let (bracket, _) = run(Ladder::new(100.0, 10.0, 1e6, 0.05), |_| Tried::NoFigures);
        assert_eq!((bracket.met, bracket.missed, bracket.end), (None, None, End::Generator));
    }

    /// Waiting times of a server with one worker, Lindley's recursion; P95 of the response against a limit.
    fn mm1(random: &mut Xoshiro256PlusPlus, rate: f64, mu: f64, seconds: f64, limit: f64) -> Tried {
        let mut exponential = |rate: f64| -(1.0 - random.random::<f64>()).ln() / rate;
        let (mut wait, mut times) = (0.0_f64, Vec::new());
        for _ in 0..(rate * seconds) as usize {
            let service = exponential(mu);
            times.push(wait + service);
            wait = (wait + service - exponential(rate)).max(0.0);
        }
        times.sort_by(f64::total_cmp);
        match times[(times.len() as f64 * 0.95) as usize] / limit {
            ratio if ratio <= 1.0 => Tried::Met,
            ratio if ratio <= 2.0 => Tried::Missed,
            _ => Tried::FarMissed,
        }
    }

    /// λ* = μ − ln 20 ÷ limit, for P95 of an M/M/1 server's response time is ln 20 ÷ (μ − λ).
    #[test]
    fn the_limit_of_a_queue_is_found_though_every_step_is_noisy() {
        let (mu, limit): (f64, f64) = (1_000.0, 0.020);
        let truth = mu - 20_f64.ln() / limit;
        let mut random = Xoshiro256PlusPlus::seed_from_u64(11);
        let mut errors: Vec<f64> = (0..200)
            .map(|_| {
                let start = Ladder::new(200.0, 1.0, 1e5, 0.05);
                let (bracket, _) = run(start, |rate| mm1(&mut random, rate, mu, 10.0, limit));
                bracket.estimate().unwrap() / truth - 1.0
            })
            .collect();
        errors.sort_by(f64::total_cmp);
        let within = errors.iter().filter(|error| error.abs() <= 0.07).count();
        assert!(within >= 190, "{within} of 200 within 7 %; {:?}", (errors[10], errors[100], errors[189]));
        assert!(errors[100].abs() < 0.03, "median {}", errors[100]);
    }

    proptest! {
        #[test]
        fn a_sharp_limit_is_always_within_the_bracket(at in 2.0..90_000.0_f64, start in 1.0..100_000.0_f64) {
            let (bracket, tried) = run(Ladder::new(start, 1.0, 1e5, 0.05), limit(at));
            let (met, missed) = (bracket.met.unwrap(), bracket.missed.unwrap());
            prop_assert!(met <= at && at < missed && missed <= met * 1.05 + 1e-9, "{:?}", bracket);
            prop_assert!(tried.len() <= 40, "{}", tried.len());
        }
    }
}
