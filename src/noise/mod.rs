//! What the baseline does not answer twice alike: which places, and what of their values is still compared.
//!
//! The replay learns it by comparing the baseline with itself; whatever else compares answers to the same requests asks
//! here before it calls a difference one. Noise is degraded, not dropped: a value must still have what it has always had
//! at its place, by type and format. Pure.

mod cookie;
mod hearing;
mod known;
mod lines;
mod seen;
mod shape;
mod walk;

use std::collections::BTreeSet;

pub use hearing::{Hearing, Remembered};
pub use known::{Known, request, request_of};
use lines::Lines;
use seen::{Fit, Seen};
use shape::Shape;
pub use shape::moment;
pub use walk::each_value;

use crate::compare::Difference;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::tally::without_indices;

/// What a place that differs between two runs of the baseline has been there.
#[derive(Debug, Clone, Default)]
pub struct Noisy {
    kinds: BTreeSet<Kind>,
    values: Seen,
    statuses: BTreeSet<String>,
    /// How often something was missing or too much in one answer, at most.
    most_lacking: usize,
    /// Two times of the baseline were at most so far apart, in nanoseconds.
    most_apart: Option<u128>,
    /// Of a body that is text.
    lines: Option<Lines>,
}

/// What noise says to a difference between the sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ruling {
    /// Nothing: a rule of the plan decides it, it is about ids, or it is allowed already.
    NotAsked,
    /// It is volatile now.
    Excused,
    /// It stays what it is, with a note that says why.
    Refused,
}

impl Noisy {
    /// The baseline differs from itself here.
    pub fn see(&mut self, found: &Difference) {
        self.kinds.insert(found.kind);
        if is_lack(found.kind) {
            // Which of the two runs came first is chance: what one lacks the other has too much.
            self.kinds.extend([Kind::Missing, Kind::Extra]);
            self.see_lacking(1);
        }
        let both = [&found.baseline, &found.candidate].into_iter().flatten();
        if found.kind == Kind::Status {
            self.statuses.extend(both.cloned());
        } else {
            both.for_each(|text| self.values.see(text));
            self.most_apart = self.most_apart.max(apart(found));
        }
    }

    /// So many were missing, or too much, in one answer of the baseline held against another.
    pub fn see_lacking(&mut self, count: usize) {
        self.most_lacking = count.max(self.most_lacking);
    }

    /// Two bodies of the baseline that differ. What is no text is compared no further.
    pub fn see_bodies(&mut self, before: &[u8], now: &[u8]) {
        if let (Ok(before), Ok(now)) = (std::str::from_utf8(before), std::str::from_utf8(now)) {
            self.lines.get_or_insert_default().see(before, now);
        }
    }

    /// The baseline has this value here, as it was on the wire.
    pub fn see_value(&mut self, wire: &str) {
        self.values.see(wire);
    }

    /// Whether this is noise of another request's answers too.
    pub fn is_shared(&self, found: &Difference) -> bool {
        let is_drawn = |text: &Option<String>| text.as_deref().is_some_and(|text| Shape::of(text).is_drawn());
        let is_value = found.kind == Kind::Value && self.kinds.contains(&Kind::Value);
        is_value && (found.place.starts_with("header ") || is_drawn(&found.baseline) && is_drawn(&found.candidate))
    }

    /// Counts a difference that is going to be judged; all of an answer are counted before the first is judged, as one time
    /// that ends in zeros is chance and ten are none.
    pub fn weigh(&self, found: &Difference, hearing: &mut Hearing<'_>) {
        if !is_asked(found) {
            return;
        }
        if is_lack(found.kind) {
            *hearing.lacking.entry((without_indices(&found.place), found.kind)).or_default() += 1;
        }
        if self.values.can_be_short()
            && let Some(fit) = self.fit(found)
        {
            hearing.luck.entry(without_indices(&found.place)).or_default().add(fit);
        }
    }

    /// Excuses a difference between the sides, or notes why not.
    pub fn judge(&self, found: &mut Difference, hearing: &Hearing<'_>) -> Ruling {
        if !is_asked(found) {
            return Ruling::NotAsked;
        }
        if let Some(objection) = self.objection(found, hearing) {
            found.note = Some(objection);
            return Ruling::Refused;
        }
        found.class = Class::Volatile;
        let compared = self.compared();
        found.note = Some(match self.fit(found) {
            Some(Fit::ByChance(chance)) => format!(
                "differs between two runs of the baseline; it has always been {compared}, of which one value in {:.0} is \
                 {} by chance",
                1.0 / chance,
                found.candidate.as_deref().map(Shape::of).map(|shape| shape.to_string()).unwrap_or_default()
            ),
            _ => format!("differs between two runs of the baseline; compared by {compared}"),
        });
        Ruling::Excused
    }

    /// What is still compared, in words.
    pub fn compared(&self) -> String {
        if !self.statuses.is_empty() {
            return format!("status {}", self.statuses.iter().cloned().collect::<Vec<_>>().join(" or "));
        }
        self.values.words()
    }

    /// How the candidate's value fits to what the baseline had; `None` where the difference is not in a value.
    fn fit(&self, found: &Difference) -> Option<Fit> {
        let text = found.candidate.as_deref().filter(|_| matches!(found.kind, Kind::Value | Kind::Type))?;
        let fit = self.values.fit(&Shape::of(text));
        // A header has no quotes, so a token of digits alone looks like a number: one of sixteen hexadecimal digits does
        // once in two thousand times.
        let is_text = fit == Fit::Unlike && found.place.starts_with("header ");
        Some(if is_text { self.values.fit(&Shape::of_text(text)) } else { fit })
    }

    /// Why noise does not excuse a difference.
    fn objection(&self, found: &Difference, hearing: &Hearing<'_>) -> Option<String> {
        let like_itself = || self.kinds.contains(&found.kind);
        let refuse = |words: &str| Some(format!("the value differs between two runs of the baseline, but {words}"));
        match found.kind {
            Kind::Value if found.place == "header set-cookie" => {
                let (baseline, candidate) = (found.baseline.as_deref()?, found.candidate.as_deref()?);
                cookie::objection(baseline, candidate).and_then(|words| refuse(&words))
            }
            Kind::Value | Kind::Type => match self.fit(found)? {
                Fit::Like => self.time_objection(found).and_then(|words| refuse(&words)),
                Fit::ByChance(_) if !hearing.is_no_chance(&without_indices(&found.place)) => {
                    self.time_objection(found).and_then(|words| refuse(&words))
                }
                _ => {
                    let shape = Shape::of(found.candidate.as_deref()?);
                    refuse(&format!("it has always been {}, and is {shape} here", self.compared()))
                }
            },
            Kind::Status => {
                let fits = found.candidate.as_ref().is_some_and(|status| self.statuses.contains(status));
                if fits { None } else { refuse("never this status") }
            }
            Kind::Body if like_itself() => self.body_objection(found, hearing).and_then(|words| refuse(&words)),
            Kind::Missing | Kind::Extra if like_itself() => {
                let place = without_indices(&found.place);
                let count = hearing.lacking.get(&(place.clone(), found.kind)).copied().unwrap_or(1);
                let is_all = || found.kind == Kind::Missing && count == hearing.count(&place);
                if !seen::may_be_all(self.most_lacking, count) && is_all() {
                    refuse("never all of them")
                } else if count > seen::most_by_chance(self.most_lacking) {
                    refuse("never so often in one answer")
                } else {
                    None
                }
            }
            _ if like_itself() => None,
            _ => refuse("never in this way"),
        }
    }

    /// The sides were asked at the same moment, so a time of now is the same on both: one that is whole quarters of an hour
    /// off has another time zone, and one that is days off is none of now.
    fn time_objection(&self, found: &Difference) -> Option<String> {
        let (apart, known) = (apart(found)?, self.most_apart?);
        let quarters = (apart + CLOCKS) / QUARTER;
        let is_zone = quarters > 0 && apart.abs_diff(quarters * QUARTER) <= CLOCKS && known + CLOCKS < QUARTER;
        let words = |what: &str| {
            let seconds = |nanoseconds: u128| nanoseconds / 1_000_000_000;
            Some(format!(
                "never {what}: {} s from the other side's, and at most {} s from its own",
                seconds(apart),
                seconds(known)
            ))
        };
        if is_zone {
            words("whole quarters of an hour off, as another time zone is")
        } else if apart > DAY.max(known.saturating_mul(100)) {
            words("so far off")
        } else {
            None
        }
    }

    fn body_objection(&self, found: &Difference, hearing: &Hearing<'_>) -> Option<String> {
        let lines = self.lines.as_ref()?;
        let text = |body: &'_ [u8]| std::str::from_utf8(body).ok().map(str::to_owned);
        let Some(bodies) = &hearing.bodies else {
            // Nobody knows more of the bodies than the first line that differs.
            return lines.objection_to_shown(found.baseline.as_deref()?, found.candidate.as_deref()?);
        };
        match (text(bodies.baseline), text(bodies.candidate)) {
            (Some(baseline), Some(candidate)) => lines.objection(&baseline, &candidate),
            _ => Some("it was always text".to_owned()),
        }
    }

    /// Both together.
    pub fn merge(&mut self, other: Self) {
        self.see_lacking(other.most_lacking);
        self.most_apart = self.most_apart.max(other.most_apart);
        match (&mut self.lines, other.lines) {
            (Some(lines), Some(more)) => lines.merge(more),
            (lines, more) => *lines = lines.take().or(more),
        }
        self.kinds.extend(other.kinds);
        self.values.merge(other.values);
        self.statuses.extend(other.statuses);
    }
}

/// So far apart are two times that mean the same moment, at most, in nanoseconds.
const CLOCKS: u128 = 2_000_000_000;
/// Time zones differ by whole ones of these.
const QUARTER: u128 = 15 * 60 * 1_000_000_000;
const DAY: u128 = 24 * 60 * 60 * 1_000_000_000;

/// How far apart two times are, in nanoseconds; `None` where they are not both times of one kind.
fn apart(found: &Difference) -> Option<u128> {
    let time = |text: &Option<String>| moment(text.as_deref()?.trim_matches('"'));
    let ((one_offset, one), (other_offset, other)) = (time(&found.baseline)?, time(&found.candidate)?);
    (one_offset == other_offset).then(|| one.abs_diff(other))
}

/// Whether something is there on one side only.
pub const fn is_lack(kind: Kind) -> bool {
    matches!(kind, Kind::Missing | Kind::Extra)
}

/// Whether noise is asked about a difference: an explicit rule of the plan goes first, and ids are no noise.
pub fn is_asked(found: &Difference) -> bool {
    found.class != Class::Volatile && found.rule.is_none() && found.kind != Kind::Id
}

#[cfg(test)]
mod tests;
