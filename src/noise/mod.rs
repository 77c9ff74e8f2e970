//! What the baseline does not answer twice alike: which places, and what of their values is still compared.
//!
//! The replay learns it by comparing the baseline with itself; whatever else compares answers to the same requests asks
//! here before it calls a difference one. Noise is degraded, not dropped: a value must still have what it has always had
//! at its place, by type and format. Pure.

mod lines;
mod seen;
mod shape;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use lines::Lines;
use seen::{Fit, Luck, Seen};
use shape::Shape;
pub use shape::moment;

use crate::compare::ids::is_id_shaped;
use crate::compare::json::{self, Type, Value};
use crate::compare::{Comparison, Difference, member_place};
use crate::plan::Step;
use crate::plan::template::Part;
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;
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

/// Two answers of the sides whose differences noise is asked about.
#[derive(Debug, Default)]
pub struct Hearing<'a> {
    bodies: Option<Pair<&'a [u8]>>,
    /// How often something is there on one side only, by place and kind.
    lacking: BTreeMap<(String, Kind), usize>,
    /// How often the baseline's body has each place, once that is asked.
    places: OnceCell<HashMap<String, usize>>,
    /// How many values were what such values are by chance, by place.
    luck: BTreeMap<String, Luck>,
    /// And in those before.
    earlier: Luck,
}

impl<'a> Hearing<'a> {
    /// Of two answers with these bodies.
    pub fn of(bodies: Pair<&'a [u8]>) -> Self {
        Self { bodies: Some(bodies), ..Self::default() }
    }

    /// One that remembers what earlier answers of the run had by chance.
    #[must_use]
    pub const fn after(mut self, earlier: Remembered) -> Self {
        self.earlier = earlier.0;
        self
    }

    /// What the next one has to remember.
    pub fn remembered(&self) -> Remembered {
        Remembered(self.luck.values().fold(self.earlier, |sum, luck| sum.and(*luck)))
    }

    /// How often the baseline's body has a place.
    fn count(&self, place: &str) -> usize {
        let places = self.places.get_or_init(|| {
            let mut places: HashMap<String, usize> = HashMap::new();
            let body = self.bodies.as_ref().map_or(&b""[..], |bodies| bodies.baseline);
            each_value(body, |place, _| *places.entry(place.to_owned()).or_default() += 1);
            places
        });
        places.get(place).copied().unwrap_or_default()
    }

    /// Whether what is rare at a place is there, in the answer or in the run more often than by chance.
    fn is_no_chance(&self, place: &str) -> bool {
        let at = self.luck.get(place).copied().unwrap_or_default();
        let here = self.luck.values().fold(Luck::NONE, |sum, luck| sum.and(*luck));
        [at, here, self.earlier.and(here)].into_iter().any(Luck::is_none)
    }
}

/// How many values of a run were what such values are by chance.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remembered(Luck);

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
fn is_asked(found: &Difference) -> bool {
    found.class != Class::Volatile && found.rule.is_none() && found.kind != Kind::Id
}

/// Values that lie deeper are not looked at.
const DEEPEST: usize = 100;
/// Nor are those whose place has a longer name, in bytes: each value is named.
const LONGEST_PLACE: usize = 1_000;

/// Every value of a JSON text with its place, indices left out; nothing where it is no JSON.
pub fn each_value(body: &[u8], mut visit: impl FnMut(&str, Value<'_>)) {
    let Ok(document) = json::parse(body) else { return };
    let mut ahead = vec![(Rc::<str>::from("$"), None, document.root(), 0)];
    while let Some((above, name, value, depth)) = ahead.pop() {
        // Only now: whoever waits holds no more than its parent's place.
        let place = name.map_or_else(|| Rc::clone(&above), |name| Rc::from(member_place(&above, name)));
        if place.len() > LONGEST_PLACE {
            continue;
        }
        visit(&place, value);
        if depth < DEEPEST {
            let elements: Rc<str> =
                if value.kind() == Type::Array { format!("{place}[]").into() } else { Rc::from("") };
            ahead.extend(value.members().map(|(name, member)| (Rc::clone(&place), Some(name), member, depth + 1)));
            ahead.extend(value.elements().map(|element| (Rc::clone(&elements), None, element, depth + 1)));
        }
    }
}

/// All noise that is known, by request and place.
#[derive(Debug, Clone, Default)]
pub struct Known {
    by_request: BTreeMap<String, BTreeMap<String, Noisy>>,
    /// What is noise at a place in the answers to some request.
    by_place: BTreeMap<String, Noisy>,
}

impl Known {
    /// Keeps what was learned of a place (indices left out) in the answers to a [`request`].
    pub fn add(&mut self, request: String, place: String, noisy: Noisy) {
        self.by_place.entry(place.clone()).or_default().merge(noisy.clone());
        self.by_request.entry(request).or_default().entry(place).or_default().merge(noisy);
    }

    /// Excuses what is noise among the differences of two answers to a [`request`].
    pub fn excuse(&self, request: &str, comparison: &mut Comparison, hearing: &mut Hearing<'_>) {
        for found in &comparison.differences {
            if let Some(noisy) = self.of(request, found) {
                noisy.weigh(found, hearing);
            }
        }
        for found in &mut comparison.differences {
            if let Some(noisy) = self.of(request, found) {
                noisy.judge(found, hearing);
            }
        }
    }

    /// What is known of the place of a difference in the answers to a request. A header means the same in all answers, and so
    /// does a time or a token of the same name: `timestamp` in the refusals of one request is noise in those of another.
    fn of(&self, request: &str, found: &Difference) -> Option<&Noisy> {
        let place = without_indices(&found.place);
        let of_request = self.by_request.get(request).and_then(|places| places.get(&place));
        of_request.or_else(|| self.by_place.get(&place).filter(|noisy| noisy.is_shared(found)))
    }
}

/// What requests have in common that differ in what they fill in: `GET /students/*` for `/students/7`,
/// `/students/{id}` and `/students/{{id}}`, whatever the query.
pub fn request(method: &str, target: &str) -> String {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let is_filled = |segment: &str| segment.contains(['{', '}']) || is_id_shaped(segment);
    let segments: Vec<&str> = path.split('/').map(|segment| if is_filled(segment) { "*" } else { segment }).collect();
    format!("{method} {}", segments.join("/"))
}

/// The [`request`] of a step.
pub fn request_of(step: &Step) -> String {
    let text = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        _ => "{}".to_owned(),
    };
    request(&step.method, &step.target.parts.iter().map(text).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(kind: Kind, place: &str, candidate: &str) -> Difference {
        Difference {
            class: Class::Breaking,
            kind,
            place: place.to_owned(),
            baseline: Some("\"2026-03-14T09:26:55.123456Z\"".to_owned()),
            candidate: Some(candidate.to_owned()),
            rule: None,
            note: None,
        }
    }

    #[test]
    fn requests_that_differ_in_what_they_fill_in_are_one() {
        for target in ["/a/7/b", "/a/{id}/b?x=1", "/a/{}/b", "/a/6f1e2a34-0000-4000-8000-00000000000a/b#c"] {
            assert_eq!(request("GET", target), "GET /a/*/b", "{target}");
        }
        assert_eq!(request("POST", "/a/batch"), "POST /a/batch");
        assert_ne!(request("GET", "/a/7"), request("PUT", "/a/7"));
    }

    #[test]
    fn a_status_is_noise_only_as_one_that_the_baseline_had() {
        let status = |baseline: &str, candidate: &str| Difference {
            baseline: Some(baseline.to_owned()),
            ..difference(Kind::Status, "status", candidate)
        };
        let mut noisy = Noisy::default();
        noisy.see(&status("200", "503"));
        assert_eq!(noisy.judge(&mut status("200", "503"), &Hearing::default()), Ruling::Excused);
        let mut other = status("200", "500");
        assert_eq!(noisy.judge(&mut other, &Hearing::default()), Ruling::Refused);
        assert!(other.note.is_some_and(|note| note.ends_with("but never this status")));
    }

    #[test]
    fn no_more_is_missing_or_too_much_than_chance_has_it() {
        let lack = |kind: Kind, at: usize| difference(kind, &format!("$.items[{at}]"), "");
        let mut noisy = Noisy::default();
        noisy.see(&lack(Kind::Missing, 4));
        noisy.see_lacking(2);
        let refused = |kind: Kind, count: usize, baseline: &[u8]| {
            let mut hearing = Hearing::of(Pair { baseline, candidate: b"{}" });
            let mut found: Vec<Difference> = (0..count).map(|at| lack(kind, at)).collect();
            for found in &found {
                noisy.weigh(found, &mut hearing);
            }
            found.iter_mut().filter_map(|found| (noisy.judge(found, &hearing) == Ruling::Refused).then_some(())).count()
        };
        let list = |length: usize| format!("{{\"items\":[{}]}}", vec!["1"; length].join(",")).into_bytes();
        for kind in [Kind::Missing, Kind::Extra] {
            assert_eq!([1, 2, 10, 11].map(|count| refused(kind, count, &list(100))), [0, 0, 0, 11], "{kind:?}");
        }
        assert_eq!([1, 4, 8].map(|count| refused(Kind::Missing, count, &list(count))), [0, 0, 8], "all of them");
        let mut noisy = Noisy::default();
        noisy.see(&difference(Kind::Value, "$.items[3]", "1"));
        assert_eq!(noisy.judge(&mut lack(Kind::Missing, 3), &Hearing::default()), Ruling::Refused);
    }

    #[test]
    fn a_time_of_now_is_the_same_on_both_sides() {
        let at = |baseline: &str, candidate: &str| Difference {
            baseline: Some(format!("\"{baseline}\"")),
            ..difference(Kind::Value, "$.at", &format!("\"{candidate}\""))
        };
        let ruling = |seen: &str, candidate: &str| {
            let mut noisy = Noisy::default();
            noisy.see(&at("2026-03-14T09:26:55.1Z", seen));
            let mut found = at("2026-03-14T09:26:55.1Z", candidate);
            (noisy.judge(&mut found, &Hearing::default()), found.note.unwrap_or_default())
        };
        let soon = "2026-03-14T09:27:40.6Z";
        for (seen, candidate, expected) in [
            (soon, "2026-03-14T09:26:55.3Z", Ruling::Excused),
            (soon, "2026-03-14T09:39:01.3Z", Ruling::Excused),
            (soon, "2026-03-14T11:26:55.3Z", Ruling::Refused),
            (soon, "2026-03-14T03:56:54.9Z", Ruling::Refused),
            (soon, "0001-01-01T00:00:00.0Z", Ruling::Refused),
            // The baseline itself has been as far off.
            ("2026-03-14T08:26:55.1Z", "2026-03-14T11:26:55.3Z", Ruling::Excused),
            ("2025-01-01T00:00:00.1Z", "2027-03-14T11:26:50.0Z", Ruling::Excused),
        ] {
            let (ruling, note) = ruling(seen, candidate);
            assert_eq!(ruling, expected, "{candidate}: {note}");
        }
    }

    #[test]
    fn another_body_is_no_noise_for_one_line_that_is() {
        let body = |baseline: &str, candidate: &str| Difference {
            baseline: Some(baseline.to_owned()),
            ..difference(Kind::Body, "body", candidate)
        };
        let mut noisy = Noisy::default();
        noisy.see(&body("line 1: at 10", "line 1: at 11"));
        noisy.see_bodies(b"at 10\na,b\n", b"at 11\na,b\n");
        let mut known = Known::default();
        known.add(request("GET", "/a"), "body".to_owned(), noisy.clone());
        let of =
            |candidate: &'static str| Hearing::of(Pair { baseline: b"at 11\na,b\n", candidate: candidate.as_bytes() });
        for (candidate, expected) in [
            ("at 12\na,b\n", Ruling::Excused),
            ("at 12\na,c\n", Ruling::Refused),
            ("<html>an error</html>", Ruling::Refused),
        ] {
            let mut found = body("line 1: at 11", "line 1: at 12");
            assert_eq!(noisy.judge(&mut found, &of(candidate)), expected, "{candidate}: {found:?}");
        }
        // Where only the first line that differs is known.
        for (shown, expected) in [
            (["line 1: at 11", "line 1: at 12"], Class::Volatile),
            (["line 1: at 11", "line 1: an error"], Class::Breaking),
            (["line 2: a,b", "line 2: a,c"], Class::Breaking),
        ] {
            let mut comparison =
                Comparison { places: 1, differences: vec![body(shown[0], shown[1])], rule_matches: Vec::new() };
            known.excuse("GET /a", &mut comparison, &mut Hearing::default());
            assert_eq!(comparison.differences[0].class, expected, "{shown:?}");
        }
    }

    #[test]
    fn a_token_in_a_header_may_have_digits_alone_and_one_in_a_body_is_no_number() {
        let class = |place: &str, seen: [&str; 2], candidate: &str| {
            let mut noisy = Noisy::default();
            for value in seen {
                noisy.see_value(value);
            }
            let mut found = difference(Kind::Value, place, candidate);
            let mut hearing = Hearing::default();
            noisy.weigh(&found, &mut hearing);
            noisy.judge(&mut found, &hearing);
            found.class
        };
        let (bare, quoted) =
            (["6ce0ab2297c0eae7", "0b7d93f1a2c4e586"], ["\"6ce0ab2297c0eae7\"", "\"0b7d93f1a2c4e586\""]);
        for digits in ["9032326271826626", "1234e56789012345"] {
            assert_eq!(class("header x-request-id", bare, digits), Class::Volatile, "{digits}");
        }
        assert_eq!(class("header x-request-id", bare, "9032326271"), Class::Breaking, "too short");
        assert_eq!(class("header x-request-id", bare, "z03232627182662a"), Class::Breaking, "other letters");
        assert_eq!(class("$.id", quoted, "\"9032326271826626\""), Class::Volatile);
        assert_eq!(class("$.id", quoted, "9032326271826626"), Class::Breaking, "a number where text was");
    }

    #[test]
    fn one_time_that_ends_in_zeros_is_chance_and_several_are_none() {
        let time = |at: usize, fraction: &str| {
            difference(Kind::Value, &format!("$.items[{at}].at"), &format!("\"2026-03-14T09:27:00.{fraction}Z\""))
        };
        let mut noisy = Noisy::default();
        noisy.see(&time(0, "654321"));
        let mut known = Known::default();
        known.add(request("GET", "/a"), "$.items[].at".to_owned(), noisy);
        let judged = |short: usize, of: usize, hearing: &mut Hearing<'_>| {
            let differences = (0..of).map(|at| time(at, if at < short { "123" } else { "123456" })).collect();
            let mut comparison = Comparison { places: 1, differences, rule_matches: Vec::new() };
            known.excuse("GET /a", &mut comparison, hearing);
            comparison.differences.iter().filter(|found| found.class == Class::Breaking).count()
        };
        for (short, of, breaking) in [(0, 3, 0), (1, 1, 0), (1, 40, 0), (2, 2, 2), (3, 3, 3), (40, 40, 40)] {
            assert_eq!(judged(short, of, &mut Hearing::default()), breaking, "{short} of {of}");
        }
        // In one answer after the other.
        let mut remembered = Remembered::default();
        let told: Vec<usize> = (0..3)
            .map(|_| {
                let mut hearing = Hearing::default().after(remembered);
                let breaking = judged(1, 1, &mut hearing);
                remembered = hearing.remembered();
                breaking
            })
            .collect();
        assert_eq!(told, [0, 1, 1]);
    }

    #[test]
    fn another_type_is_excused_only_where_the_baseline_had_it() {
        let mut noisy = Noisy::default();
        let found = |candidate: &str| difference(Kind::Type, "$.at", candidate);
        noisy.see(&found("null"));
        assert_eq!(noisy.judge(&mut found("null"), &Hearing::default()), Ruling::Excused);
        assert_eq!(noisy.judge(&mut found("17"), &Hearing::default()), Ruling::Refused);
    }

    #[test]
    fn a_header_a_time_or_a_token_is_noise_in_the_answers_to_other_requests_too() {
        let mut known = Known::default();
        let mut learn = |place: &str, before: &str, now: &str| {
            let mut noisy = Noisy::default();
            let found = difference(Kind::Value, place, now);
            noisy.see(&Difference { baseline: Some(before.to_owned()), ..found });
            known.add(request("GET", "/a"), place.to_owned(), noisy);
        };
        learn("header x-cache", "hit", "miss");
        learn("$.timestamp", "\"2026-03-14T09:26:55.123456Z\"", "\"2026-03-14T09:26:57.654321Z\"");
        learn("$.role", "\"admin\"", "\"guest\"");
        let class = |place: &str, baseline: &str, candidate: &str| {
            let found = difference(Kind::Value, place, candidate);
            let found = Difference { baseline: Some(baseline.to_owned()), ..found };
            let mut comparison = Comparison { places: 1, differences: vec![found], rule_matches: Vec::new() };
            known.excuse(&request("POST", "/b"), &mut comparison, &mut Hearing::default());
            comparison.differences.remove(0).class
        };
        assert_eq!(class("header x-cache", "miss", "hit"), Class::Volatile);
        let time = "\"2026-03-14T09:26:59.123456Z\"";
        assert_eq!(class("$.timestamp", time, "\"2026-03-14T09:26:58.923456Z\""), Class::Volatile);
        assert_eq!(class("$.timestamp", time, "\"2026-03-14T09:26:58.923456\""), Class::Breaking);
        assert_eq!(class("$.timestamp", time, "null"), Class::Breaking);
        assert_eq!(class("$.role", "\"admin\"", "\"guest\""), Class::Breaking, "a word means what it says");
    }

    #[test]
    fn what_is_known_of_a_request_excuses_the_same_form_there_and_no_other() {
        let time = |second: u32| format!("\"2026-03-14T09:27:{second:02}.654321Z\"");
        let mut noisy = Noisy::default();
        noisy.see(&difference(Kind::Value, "$.items[3].at", &time(1)));
        let mut known = Known::default();
        known.add(request("GET", "/a/7"), "$.items[].at".to_owned(), noisy);
        let class = |asked: &str, found: Difference| {
            let mut comparison = Comparison { places: 1, differences: vec![found], rule_matches: Vec::new() };
            known.excuse(&request("GET", asked), &mut comparison, &mut Hearing::default());
            comparison.differences.remove(0).class
        };
        let at = |place: &str, candidate: &str| difference(Kind::Value, place, candidate);
        assert_eq!(class("/a/8", at("$.items[0].at", &time(2))), Class::Volatile);
        assert_eq!(class("/a/8", at("$.items[0].at", "\"2026-03-14T09:27:02Z\"")), Class::Breaking, "another form");
        assert_eq!(class("/a/8", at("$.items[0].on", &time(2))), Class::Breaking, "another place");
        assert_eq!(class("/a/8", difference(Kind::Missing, "$.items[0].at", "")), Class::Breaking);
        let ruled = Difference { rule: Some(0), ..at("$.items[0].at", &time(2)) };
        assert_eq!(class("/a/8", ruled), Class::Breaking, "a rule of the plan goes first");
    }
}
