//! What the server does with each request, and what a client that sends on schedule must therefore see.
//!
//! Everything follows from the script, its seed and the times of the requests, so the expected percentiles need no server.

use std::time::Duration;

use cutover::schedule;
use rand::RngExt;

/// How answers are delayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Script {
    /// Each by the same time.
    Fixed(Duration),
    /// Each by `median · exp(sigma · z)`, with z drawn from a standard normal distribution.
    LogNormal {
        /// Half of the delays are below.
        median: Duration,
        /// Standard deviation of the logarithm.
        sigma: f64,
    },
    /// Some long, all others short.
    Bimodal {
        /// The short delay.
        fast: Duration,
        /// The long one.
        slow: Duration,
        /// Share of long ones.
        share: f64,
    },
    /// One queue, in order, that stands still at the end of each period.
    Stall {
        /// What each answer takes.
        service: Duration,
        /// A period; the first begins with the first request.
        every: Duration,
        /// How long nothing is answered at the end of each.
        length: Duration,
    },
}

impl std::str::FromStr for Script {
    type Err = String;

    /// `fixed:20ms`, `log-normal:5ms,0.8`, `bimodal:5ms,50ms,0.1`, `stall:50us,10s,1s`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            let examples = "`fixed:20ms`, `log-normal:5ms,0.8`, `bimodal:5ms,50ms,0.1` or `stall:50us,10s,1s`";
            format!("`{text}` is no script; write {examples}")
        };
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let parts: Vec<&str> = rest.split(',').collect();
        let number = |part: &str| part.parse::<f64>().map_err(|_| wrong());
        match (kind, parts.as_slice()) {
            ("fixed", [delay]) => duration(delay).map(Self::Fixed),
            ("log-normal", [median, sigma]) => {
                Some(Self::LogNormal { median: duration(median).ok_or_else(wrong)?, sigma: number(sigma)? })
            }
            ("bimodal", [fast, slow, share]) => Some(Self::Bimodal {
                fast: duration(fast).ok_or_else(wrong)?,
                slow: duration(slow).ok_or_else(wrong)?,
                share: number(share)?,
            }),
            ("stall", [service, every, length]) => Some(Self::Stall {
                service: duration(service).ok_or_else(wrong)?,
                every: duration(every).filter(|every| !every.is_zero()).ok_or_else(wrong)?,
                length: duration(length).ok_or_else(wrong)?,
            }),
            _ => None,
        }
        .ok_or_else(wrong)
    }
}

fn duration(text: &str) -> Option<Duration> {
    let units = [("us", 1.0), ("ms", 1e3), ("s", 1e6)];
    let (number, micros) = units.iter().find_map(|(unit, micros)| Some((text.strip_suffix(unit)?, micros)))?;
    Some(Duration::from_nanos((number.parse::<f64>().ok()? * micros * 1e3) as u64))
}

/// A script under way: says of each request when its answer is due. Times count from the first request.
#[derive(Debug)]
pub(crate) struct Play {
    script: Script,
    seed: u64,
    number: u64,
    /// When the queue is through with all requests so far.
    busy_until: Duration,
}

impl Play {
    /// Nothing was asked yet.
    pub(crate) fn new(script: Script, seed: u64) -> Self {
        Self { script, seed, number: 0, busy_until: Duration::ZERO }
    }

    /// When the answer to the next request is due, which came at `now`.
    pub(crate) fn due(&mut self, now: Duration) -> Duration {
        let mut random = schedule::generator(self.seed, "delay", self.number);
        self.number += 1;
        match self.script {
            Script::Fixed(delay) => now + delay,
            Script::LogNormal { median, sigma } => {
                // Box and Muller: two uniform draws make one normal one.
                let (radius, angle): (f64, f64) = (1.0 - random.random::<f64>(), random.random());
                let normal = (-2.0 * radius.ln()).sqrt() * (std::f64::consts::TAU * angle).cos();
                now + median.mul_f64((sigma * normal).exp())
            }
            Script::Bimodal { fast, slow, share } => now + if random.random::<f64>() < share { slow } else { fast },
            Script::Stall { service, every, length } => {
                self.busy_until = after_stall(now.max(self.busy_until), every, length) + service;
                self.busy_until
            }
        }
    }
}

/// The first moment from `at` on that is not within a stall.
fn after_stall(at: Duration, every: Duration, length: Duration) -> Duration {
    let end = every.mul_f64((at.as_secs_f64() / every.as_secs_f64()).floor() + 1.0);
    if at + length >= end { end } else { at }
}

/// What `count` requests, the first at 0 and the others evenly spaced at `rate` per second, wait from their intended start to
/// their answer: sorted, in µs.
pub(crate) fn expected(script: Script, seed: u64, rate: f64, count: u64) -> Vec<f64> {
    let mut play = Play::new(script, seed);
    let mut all: Vec<f64> = (0..count)
        .map(|number| {
            let intended = Duration::from_secs_f64(number as f64 / rate);
            play.due(intended).saturating_sub(intended).as_secs_f64() * 1e6
        })
        .collect();
    all.sort_by(f64::total_cmp);
    all
}

/// The quantile of sorted values: the smallest that at least this share does not exceed.
pub(crate) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let rank = (share * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
