//! Runs whose truth is known, judged by the code that judges real ones.
//!
//! The machine is a shared one with two cores: the logarithm of every response time moves with an AR(1) process
//! (standard deviation 0.15, 0.9 from one second to the next), bursts of two seconds on average make everything 2.5
//! times as slow, and over the run the machine becomes 15 % slower. Requests of one second have all that in common, which is
//! why they are not independent. Blocks are 5 s long, the first second not counted, 50 requests per second and endpoint.

use rand::{Rng, RngExt, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

use super::paired::{Call, Comparing, Excess, decide};
use crate::record::Verdict;
use crate::statistics::{self, ALPHA, Evidence};

const RUNS: u32 = 2_000;
/// Endpoints that have a gate each.
const ENDPOINTS: usize = 3;
const PER_SECOND: usize = 50;
const BLOCK_S: usize = 5;
const SETTLE_S: usize = 1;
const SPREAD: f64 = 0.6;
const P95: f64 = 0.95;
const TIMES: Comparing = Comparing { as_ratio: true, more_is_worse: true, is_strict: false };

/// Standard normal values, so that drawing one is looking one up.
struct Normals(Vec<f64>);

impl Normals {
    fn new() -> Self {
        use statrs::distribution::ContinuousCDF as _;
        let normal = statrs::distribution::Normal::standard();
        Self((0..4_096).map(|at| normal.inverse_cdf((f64::from(at) + 0.5) / 4_096.0)).collect())
    }

    fn at(&self, bits: u64) -> f64 {
        self.0[(bits & 4_095) as usize]
    }
}

/// A machine as time goes by.
struct Machine {
    random: Xoshiro256PlusPlus,
    /// What is left of the last number that was drawn: twelve bits make a value.
    bits: u64,
    values: u32,
    noise: f64,
    in_burst: bool,
    second: usize,
    seconds: usize,
}

impl Machine {
    fn new(seed: u64, seconds: usize, normals: &Normals) -> Self {
        let random = Xoshiro256PlusPlus::seed_from_u64(seed);
        let mut machine = Self { random, bits: 0, values: 0, noise: 0.0, in_burst: false, second: 0, seconds };
        machine.noise = 0.15 * machine.normal(normals);
        machine
    }

    fn normal(&mut self, normals: &Normals) -> f64 {
        if self.values == 0 {
            (self.bits, self.values) = (self.random.next_u64(), 5);
        }
        let value = normals.at(self.bits);
        (self.bits, self.values) = (self.bits >> 12, self.values - 1);
        value
    }

    /// How much slower everything is in the next second, as a logarithm.
    fn tick(&mut self, normals: &Normals) -> f64 {
        self.noise = 0.9 * self.noise + 0.15 * (1.0_f64 - 0.81).sqrt() * self.normal(normals);
        let change = if self.in_burst { 0.5 } else { 1.0 / 30.0 };
        if self.random.random::<f64>() < change {
            self.in_burst = !self.in_burst;
        }
        let drift = 0.15 * self.second as f64 / self.seconds as f64;
        self.second += 1;
        self.noise + if self.in_burst { 2.5_f64.ln() } else { 0.0 } + drift
    }

    /// Logarithms of the response times of one block, per endpoint; `slower` is added to all of them.
    fn block(&mut self, slower: f64, normals: &Normals) -> [Vec<f64>; ENDPOINTS] {
        let mut times = [const { Vec::new() }; ENDPOINTS];
        for second in 0..BLOCK_S {
            let level = self.tick(normals) + slower;
            if second >= SETTLE_S {
                for endpoint in &mut times {
                    endpoint.extend((0..PER_SECOND).map(|_| level + SPREAD * self.normal(normals)));
                }
            }
        }
        times
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Order {
    /// Pairs in the order of a coin.
    Coin,
    /// All of one side, then all of the other.
    OneAfterTheOther,
}

/// The response times of a run: per pair, per side (baseline first) and endpoint.
type Run = Vec<[[Vec<f64>; ENDPOINTS]; 2]>;

fn run(seed: u64, pairs: usize, slower: f64, order: Order, normals: &Normals) -> Run {
    let mut machine = Machine::new(seed, pairs * 2 * BLOCK_S, normals);
    let mut coin = Xoshiro256PlusPlus::seed_from_u64(seed ^ 0xC0_1D);
    let mut blocks: Vec<[[Vec<f64>; ENDPOINTS]; 2]> = vec![[const { [const { Vec::new() }; ENDPOINTS] }; 2]; pairs];
    let places: Vec<(usize, usize)> = match order {
        Order::Coin => (0..pairs)
            .flat_map(|pair| if coin.random() { [(pair, 0), (pair, 1)] } else { [(pair, 1), (pair, 0)] })
            .collect(),
        Order::OneAfterTheOther => (0..2).flat_map(|side| (0..pairs).map(move |pair| (pair, side))).collect(),
    };
    for (pair, side) in places {
        blocks[pair][side] = machine.block(if side == 1 { slower } else { 0.0 }, normals);
    }
    blocks
}

fn quantile(times: &[f64], share: f64) -> f64 {
    let mut times = times.to_vec();
    let rank = (share * times.len() as f64).ceil() as usize - 1;
    *times.select_nth_unstable_by(rank, f64::total_cmp).1
}

/// The P95 of each block: per endpoint and side (baseline first), one per pair.
type Quantiles = [[Vec<f64>; 2]; ENDPOINTS];

fn p95s(run: &Run) -> Quantiles {
    let of = |endpoint: usize, side: usize| run.iter().map(|pair| quantile(&pair[side][endpoint], P95).exp()).collect();
    std::array::from_fn(|endpoint| [of(endpoint, 0), of(endpoint, 1)])
}

/// What a gate on P95 of one endpoint sees, the candidate's allowed to be so many times the baseline's.
fn excess(p95s: &Quantiles, endpoint: usize, factor: f64) -> Excess {
    let [baseline, candidate] = &p95s[endpoint];
    Excess::over_relative(candidate, baseline, (factor, 0.0), true, TIMES)
}

fn judged(excesses: &[Excess], seed: u64) -> Vec<Call> {
    let harms: Vec<Vec<f64>> = excesses.iter().map(|excess| excess.harm.clone()).collect();
    let chances = super::family::together(&harms, seed);
    excesses.iter().zip(chances).map(|(excess, chance)| decide(excess, Some(chance), true, false)).collect()
}

/// How often what was looked for was found.
fn rate(runs: u32, mut found: impl FnMut(u64) -> bool) -> f64 {
    f64::from((0..runs).filter(|number| found(u64::from(*number) * 7_919 + 1)).count() as u32) / f64::from(runs)
}

/// Most false alarms that so many runs may have at the level alpha, with three standard deviations.
fn most(alpha: f64, runs: u32) -> f64 {
    alpha + 3.0 * (alpha * (1.0 - alpha) / f64::from(runs)).sqrt()
}

/// False alarms of one service against itself.
struct Alarms {
    /// The interval of the first endpoint's ratio leaves out 1, on either side.
    interval: f64,
    /// The test over all endpoints finds a difference in any.
    family: f64,
    /// A gate of 1.1 × on any endpoint fails.
    gate: f64,
}

fn alarms(runs: u32, pairs: usize, order: Order) -> Alarms {
    let normals = Normals::new();
    let mut counts = [0_u32; 3];
    for number in 0..runs {
        let seed = u64::from(number) * 7_919 + 1;
        let run = p95s(&run(seed, pairs, 0.0, order, &normals));
        let excesses: Vec<Excess> = (0..ENDPOINTS).map(|endpoint| excess(&run, endpoint, 1.0)).collect();
        let first = statistics::location(&excesses[0].over, ALPHA).expect("pairs enough");
        let harms: Vec<Vec<f64>> = excesses.iter().map(|excess| excess.harm.clone()).collect();
        let generous: Vec<Excess> = (0..ENDPOINTS).map(|endpoint| excess(&run, endpoint, 1.1)).collect();
        let fails = judged(&generous, seed).iter().any(|call| call.status == Verdict::Fail);
        let in_family = super::family::together(&harms, seed).iter().any(|chance| *chance <= ALPHA);
        for (count, found) in counts.iter_mut().zip([first.low > 0.0 || first.high < 0.0, in_family, fails]) {
            *count += u32::from(found);
        }
    }
    let [interval, family, gate] = counts.map(|count| f64::from(count) / f64::from(runs));
    Alarms { interval, family, gate }
}

/// The wrong method: all requests of a side as if each were a sample of its own. Two quantiles with their usual standard
/// errors (√(p (1 − p) ÷ n) ÷ density) differ by more than 1.96 of them.
fn pooled_alarms(runs: u32, pairs: usize) -> f64 {
    let normals = Normals::new();
    rate(runs, |seed| {
        let run = run(seed, pairs, 0.0, Order::Coin, &normals);
        let side = |side: usize| -> (f64, f64) {
            let all: Vec<f64> = run.iter().flat_map(|pair| pair[side][0].iter().copied()).collect();
            let density = 0.02 / (quantile(&all, P95 + 0.01) - quantile(&all, P95 - 0.01));
            (quantile(&all, P95), (P95 * (1.0 - P95) / all.len() as f64).sqrt() / density)
        };
        let ((old, old_error), (new, new_error)) = (side(0), side(1));
        (new - old).abs() > statistics::Z_95 * old_error.hypot(new_error)
    })
}

/// What a gate says of a candidate that is so many times as slow: fails and passes.
fn outcomes(runs: u32, pairs: usize, times_as_slow: f64, factor: f64) -> (f64, f64) {
    let normals = Normals::new();
    let mut counts = [0_u32; 2];
    for number in 0..runs {
        let seed = u64::from(number) * 7_919 + 1;
        let run = p95s(&run(seed, pairs, times_as_slow.ln(), Order::Coin, &normals));
        let status = judged(&[excess(&run, 0, factor)], seed)[0].status;
        counts[0] += u32::from(status == Verdict::Fail);
        counts[1] += u32::from(status == Verdict::Pass);
    }
    (f64::from(counts[0]) / f64::from(runs), f64::from(counts[1]) / f64::from(runs))
}

/// `--max-pairs`: what is open after the first pairs is looked at once more, after as many as seemed to be needed. False
/// alarms of a gate that allows for nothing, on any endpoint.
fn second_look_alarms(runs: u32, pairs: usize, most_pairs: usize) -> f64 {
    let normals = Normals::new();
    rate(runs, |seed| {
        let whole = p95s(&run(seed, most_pairs, 0.0, Order::Coin, &normals));
        let look = |pairs: usize| {
            let part = whole.each_ref().map(|sides| sides.each_ref().map(|p95s| p95s[..pairs].to_vec()));
            judged(&(0..ENDPOINTS).map(|endpoint| excess(&part, endpoint, 1.0)).collect::<Vec<_>>(), seed)
        };
        let first = look(pairs);
        let fails = |calls: &[Call]| calls.iter().any(|call| call.status == Verdict::Fail);
        let open = first.iter().filter(|call| call.status == Verdict::Inconclusive);
        let wanted = open.filter_map(|call| call.needed).max().unwrap_or(0) as usize;
        fails(&first) || wanted > pairs && fails(&look(wanted.min(most_pairs)))
    })
}

const REQUESTS: u64 = 200;

/// Failures among the requests of a window.
fn failures(random: &mut impl Rng, share: f64) -> f64 {
    (0..REQUESTS).filter(|_| random.random::<f64>() < share).count() as f64 / REQUESTS as f64
}

/// After how many windows of a second the load is stopped; the limit is 1 %.
fn stopped_after(seed: u64, share: f64, windows: usize) -> Option<usize> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut evidence = Evidence::new(0.01);
    (1..=windows).find(|_| {
        evidence.observe(failures(&mut random, share));
        evidence.is_enough()
    })
}

/// The time that half of the runs take to be stopped, in seconds.
fn median_stop(share: f64) -> usize {
    let mut stops: Vec<usize> = (0..99).map(|seed| stopped_after(seed, share, 200).unwrap_or(usize::MAX)).collect();
    stops.sort_unstable();
    stops[49]
}

/// The wrong method: stop once more than 1 % of all requests have failed, ten seconds being over.
fn is_stopped_by_sum(seed: u64, share: f64, windows: usize) -> bool {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
    let mut failed = 0.0;
    (1..=windows).any(|window| {
        failed += failures(&mut random, share);
        window >= 10 && failed / window as f64 > 0.01
    })
}

#[test]
fn a_service_against_itself_raises_no_more_false_alarms_than_promised() {
    let found = alarms(RUNS, 12, Order::Coin);
    let most = most(ALPHA, RUNS);
    assert!(
        found.interval <= most && found.family <= most && found.gate <= most,
        "{} {} {}",
        found.interval,
        found.family,
        found.gate
    );
    assert!(found.interval > 0.02, "a test that never rejects proves nothing: {}", found.interval);
}

#[test]
fn what_is_wrong_with_pooled_requests_and_with_one_side_after_the_other_is_seen() {
    let most = most(ALPHA, 300);
    let (pooled, blocked) = (pooled_alarms(300, 12), alarms(300, 12, Order::OneAfterTheOther).interval);
    assert!(pooled > 3.0 * most, "pooled requests: {pooled}");
    assert!(blocked > most, "one side after the other: {blocked}");
}

#[test]
fn a_quarter_slower_is_found_with_24_pairs() {
    let (fails, passes) = outcomes(300, 24, 1.25, 1.1);
    assert!(fails >= 0.8, "found in {fails}");
    assert!(passes <= 0.025, "passed in {passes}");
    let (_, passes) = outcomes(300, 24, 1.25, 1.25);
    assert!(passes <= most(ALPHA / 2.0, 300), "on the limit, passed in {passes}");
}

#[test]
fn looking_a_second_time_does_not_cry_wolf() {
    let found = second_look_alarms(600, 6, 24);
    assert!(found <= most(ALPHA, 600), "{found}");
}

#[test]
fn a_load_is_stopped_soon_when_much_fails_and_hardly_ever_when_it_is_within_the_limit() {
    let stops = rate(1_000, |seed| stopped_after(seed, 0.01, 120).is_some());
    assert!(stops <= most(0.002, 1_000), "{stops}");
    let by_sum = rate(200, |seed| is_stopped_by_sum(seed, 0.01, 120));
    assert!(by_sum > 0.5, "{by_sum}");
    for (share, most) in [(1.0, 2), (0.2, 4), (0.05, 8), (0.02, 22)] {
        assert!(median_stop(share) <= most, "{share}: {} s", median_stop(share));
    }
}

#[test]
fn sides_that_change_their_names_change_the_sign_and_other_units_change_nothing() {
    let normals = Normals::new();
    let (there, back) = (run(5, 12, 0.1, Order::Coin, &normals), {
        let mut back = run(5, 12, 0.1, Order::Coin, &normals);
        for pair in &mut back {
            pair.swap(0, 1);
        }
        back
    });
    let (one, other) = (excess(&p95s(&there), 0, 1.0), excess(&p95s(&back), 0, 1.0));
    assert!(one.over.iter().zip(&other.over).all(|(one, other)| (one + other).abs() < 1e-12));
    let scaled: Run = there
        .iter()
        .map(|pair| pair.each_ref().map(|side| side.each_ref().map(|times| times.iter().map(|it| it + 3.0).collect())))
        .collect();
    let (plain, scaled) = (judged(&[one], 5), judged(&[excess(&p95s(&scaled), 0, 1.0)], 5));
    let [plain, scaled] = [plain, scaled].map(|calls| calls[0].estimate.expect("pairs enough"));
    for (one, other) in [(plain.low, scaled.low), (plain.value, scaled.value), (plain.high, scaled.high)] {
        assert!((one - other).abs() < 1e-9, "{one} {other}");
    }
}

/// The table that the documentation quotes: `benches/simulation.sh`.
#[test]
#[ignore = "prints a table, and takes a minute"]
fn table() {
    let share = |value: f64| format!("{:.1} %", value * 100.0);
    println!("false alarms, a service against itself, {RUNS} runs, level 5 %");
    println!(
        "| pairs | interval leaves out 1 | any of {ENDPOINTS} endpoints, one test | any of {ENDPOINTS} gates of 1.1 × fails |"
    );
    for pairs in [2, 3, 4, 5, 6, 8, 12, 24] {
        let found = alarms(RUNS, pairs, Order::Coin);
        println!("| {pairs} | {} | {} | {} |", share(found.interval), share(found.family), share(found.gate));
    }
    println!("| 12, all requests as if independent | {} | | |", share(pooled_alarms(RUNS, 12)));
    println!("| 24, all requests as if independent | {} | | |", share(pooled_alarms(RUNS, 24)));
    for pairs in [12, 24] {
        let blocked = alarms(RUNS, pairs, Order::OneAfterTheOther).interval;
        println!("| {pairs}, one side after the other | {} | | |", share(blocked));
    }
    println!(
        "| 6, then up to 24 (`--max-pairs`), any of {ENDPOINTS} gates of 1 × fails | {} | | |",
        share(second_look_alarms(RUNS, 6, 24))
    );
    println!("\na gate of 1.1 × and one of 1.25 ×, 1000 runs: fails, passes");
    println!("| truth | pairs | 1.1 × fails | passes | 1.25 × fails | passes |");
    for (truth, pairs) in
        [(1.0, 6), (1.0, 12), (1.0, 24), (1.25, 6), (1.25, 12), (1.25, 24), (1.5, 6), (1.5, 12), (1.5, 24)]
    {
        let (strict, generous) = (outcomes(1_000, pairs, truth, 1.1), outcomes(1_000, pairs, truth, 1.25));
        let [a, b, c, d] = [strict.0, strict.1, generous.0, generous.1].map(share);
        println!("| {truth} | {pairs} | {a} | {b} | {c} | {d} |");
    }
    println!("\nstopping a load, limit 1 %, {REQUESTS} requests/s");
    let stops = rate(20_000, |seed| stopped_after(seed, 0.01, 120).is_some());
    println!("stopped at exactly 1 % within 120 s: {:.3} % of 20000 runs", stops * 100.0);
    println!("by the sum after 10 s: {}", share(rate(2_000, |seed| is_stopped_by_sum(seed, 0.01, 120))));
    for failing in [1.0, 0.2, 0.05, 0.02] {
        println!("{} fail: {} s", share(failing), median_stop(failing));
    }
}
