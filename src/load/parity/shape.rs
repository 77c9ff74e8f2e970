//! The form of answers: which members there are, of which type, and how texts are written.
//!
//! Compared over all answers of a step with one status, so that what only some rows have is known from either side. A
//! form is a difference where the candidate has it in most answers and the baseline in none, or the other way round.

use std::collections::{BTreeMap, HashMap};

use super::once::Arrival;
use super::places::Times;
use super::walk::{PlaceId, PlaceNames};
use crate::compare::is_uuid;
use crate::compare::json::{Document, Type, Value};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::{Pair, Role};

/// Answers of each side before their forms are compared.
const LEAST: u32 = 12;
/// Seconds of load in which they must have come.
const LEAST_TIMES: u32 = 3;
/// Most forms that are told apart per step.
const MOST_FORMS: usize = 2_000;

/// Forms of one step's answers, by status.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    by_status: BTreeMap<u16, OfStatus>,
    forms: usize,
    /// The arrival that is looked at.
    now: Option<Arrival>,
}

#[derive(Debug, Default)]
struct OfStatus {
    answers: Pair<u32>,
    times: Pair<Times>,
    forms: HashMap<(PlaceId, Form), Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: Pair<u32>,
    /// Number of the answer that was the last to have it.
    last: Pair<u32>,
    /// The first arrival whose answer had it.
    first: Option<Arrival>,
}

/// What a value is, without saying which one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    Null,
    Bool,
    Integer,
    Decimal,
    Text,
    /// A text of 36 characters as a UUID has them.
    Uuid,
    /// A time with its offset, and with so many digits of the second's fraction.
    Instant(u8),
    /// A time without an offset.
    Clock(u8),
    Array,
    Object,
}

/// A form that one side's answers have and the other's do not.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct OtherForm {
    pub(super) class: Class,
    pub(super) kind: Kind,
    pub(super) place: String,
    pub(super) baseline: Option<String>,
    pub(super) candidate: Option<String>,
    pub(super) count: u32,
    /// The first arrival with the form that the other side does not have.
    pub(super) first: Option<Arrival>,
}

impl Shapes {
    /// What is seen next is of this arrival.
    pub(super) const fn at(&mut self, arrival: Arrival) {
        self.now = Some(arrival);
    }

    /// An answer came. `second` is when, counted over the whole load.
    pub(super) fn see(&mut self, role: Role, status: u16, second: u64, body: &Document<'_>, names: &mut PlaceNames) {
        let of_status = self.by_status.entry(status).or_default();
        *of_status.answers.get_mut(role) += 1;
        of_status.times.get_mut(role).see(second);
        let number = *of_status.answers.get(role);
        let (forms, now) = (&mut self.forms, self.now);
        names.walk(body, |_, node| {
            let key = (node.place, form(node.value));
            if *forms >= MOST_FORMS && !of_status.forms.contains_key(&key) {
                return;
            }
            let seen = of_status.forms.entry(key).or_insert_with(|| {
                *forms += 1;
                Seen { first: now, ..Seen::default() }
            });
            // However many elements have it, it is one answer.
            if std::mem::replace(seen.last.get_mut(role), number) != number {
                *seen.answers.get_mut(role) += 1;
            }
        });
    }

    /// Where the forms differ.
    pub(super) fn found(&self, names: &PlaceNames) -> Vec<OtherForm> {
        self.by_status.values().flat_map(|of_status| of_status.found(names)).collect()
    }
}

impl OfStatus {
    fn found(&self, names: &PlaceNames) -> Vec<OtherForm> {
        let is_enough = |role| *self.answers.get(role) >= LEAST && self.times.get(role).count >= LEAST_TIMES;
        if !Role::BOTH.into_iter().all(is_enough) {
            return Vec::new();
        }
        let mut places: BTreeMap<PlaceId, Pair<Vec<(Form, u32)>>> = BTreeMap::new();
        for ((place, form), seen) in &self.forms {
            for role in Role::BOTH {
                let answers = *seen.answers.get(role);
                // In none of one side's answers, and in two of three of the other's.
                if answers * 3 >= *self.answers.get(role) * 2 && *seen.answers.get(role.other()) == 0 {
                    places.entry(*place).or_default().get_mut(role).push((*form, answers));
                }
            }
        }
        let parents_differ = |place: &str| {
            places.keys().any(|other| {
                let other = names.name(*other);
                place.len() > other.len() && place.starts_with(other) && place[other.len()..].starts_with(['.', '['])
            })
        };
        let outermost = places.iter().filter(|(place, _)| !parents_differ(names.name(**place)));
        let first = |place: &PlaceId, sides: &Pair<Vec<(Form, u32)>>| {
            let forms = sides.candidate.iter().chain(&sides.baseline);
            forms.map(|(form, _)| self.forms.get(&(*place, *form))).find_map(|seen| seen?.first)
        };
        let told = |(place, sides)| OtherForm { first: first(place, sides), ..other_form(names.name(*place), sides) };
        outermost.map(told).collect()
    }
}

fn other_form(place: &str, sides: &Pair<Vec<(Form, u32)>>) -> OtherForm {
    let words = |role: Role| {
        let mut forms: Vec<String> = sides.get(role).iter().map(|(form, _)| form.in_words()).collect();
        forms.sort_unstable();
        (!forms.is_empty()).then(|| forms.join(" or "))
    };
    let (baseline, candidate) = (words(Role::Baseline), words(Role::Candidate));
    let kind = match (&baseline, &candidate) {
        (Some(_), None) => Kind::Missing,
        (None, _) => Kind::Extra,
        _ => Kind::Type,
    };
    let count = sides.candidate.iter().chain(&sides.baseline).map(|(_, answers)| *answers).max().unwrap_or(0);
    OtherForm { class: class(sides), kind, place: place.to_owned(), baseline, candidate, count, first: None }
}

/// As where values are compared: `1` and `1.0`, `null` and absent, and two ways to write an instant mean the same.
fn class(sides: &Pair<Vec<(Form, u32)>>) -> Class {
    let all = |is_kind: fn(&Form) -> bool| sides.baseline.iter().chain(&sides.candidate).all(|(form, _)| is_kind(form));
    let is_same = all(|form| matches!(form, Form::Integer | Form::Decimal))
        || all(|form| matches!(form, Form::Instant(_)))
        || all(|form| *form == Form::Null);
    if is_same { Class::Representation } else { Class::Breaking }
}

fn form(value: Value<'_>) -> Form {
    match value.kind() {
        Type::Null => Form::Null,
        Type::Bool => Form::Bool,
        Type::Number if value.raw().iter().any(|byte| matches!(byte, b'.' | b'e' | b'E')) => Form::Decimal,
        Type::Number => Form::Integer,
        Type::String => of_text(value.raw()),
        Type::Array => Form::Array,
        Type::Object => Form::Object,
    }
}

/// `raw` has its quotes still.
fn of_text(raw: &[u8]) -> Form {
    let text = raw.get(1..raw.len().saturating_sub(1)).unwrap_or_default();
    if is_uuid(text) { Form::Uuid } else { of_time(text).unwrap_or(Form::Text) }
}

/// `2026-01-31T08:00:00.5Z` and the like.
fn of_time(text: &[u8]) -> Option<Form> {
    let (clock, rest) = text.split_at_checked(19)?;
    let is_clock = clock.iter().enumerate().all(|(at, byte)| match at {
        4 | 7 => *byte == b'-',
        10 => matches!(byte, b'T' | b't' | b' '),
        13 | 16 => *byte == b':',
        _ => byte.is_ascii_digit(),
    });
    let fraction = rest.strip_prefix(b".").unwrap_or_default();
    let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let offset = if rest.first() == Some(&b'.') { &fraction[digits..] } else { rest };
    let digits = digits.min(9) as u8;
    match offset {
        _ if !is_clock => None,
        [] => Some(Form::Clock(digits)),
        [b'Z' | b'z'] | [b'+' | b'-', _, _, b':', _, _] => Some(Form::Instant(digits)),
        _ => None,
    }
}

impl Form {
    fn in_words(self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool => "a boolean".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Decimal => "a decimal number".to_owned(),
            Self::Text => "a text".to_owned(),
            Self::Uuid => "a UUID".to_owned(),
            Self::Instant(digits) => format!("a time with an offset and {digits} digits of the second"),
            Self::Clock(digits) => format!("a time without an offset, with {digits} digits of the second"),
            Self::Array => "an array".to_owned(),
            Self::Object => "an object".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::json::parse;

    fn shapes(baseline: impl Fn(u32) -> String, candidate: impl Fn(u32) -> String) -> Vec<OtherForm> {
        let (mut shapes, mut names) = (Shapes::default(), PlaceNames::default());
        for number in 0..30 {
            for (role, text) in [(Role::Baseline, baseline(number)), (Role::Candidate, candidate(number))] {
                shapes.see(role, 200, u64::from(number / 5), &parse(text.as_bytes()).unwrap(), &mut names);
            }
        }
        shapes.found(&names)
    }

    #[test]
    fn another_type_a_missing_member_and_a_lost_offset_are_differences_of_form() {
        let right = |_| r#"{"items":[{"id":1,"at":"2026-01-01T00:00:00.5Z"}],"email":"a","deep":{"x":1}}"#.to_owned();
        let wrong = |_| r#"{"items":[{"id":"1","at":"2026-01-01T00:00:00.5"}]}"#.to_owned();
        let found = shapes(right, wrong);
        let told: Vec<_> = found.iter().map(|form| (form.place.as_str(), form.kind, form.count)).collect();
        let expected = [
            ("$.items[].id", Kind::Type, 30),
            ("$.items[].at", Kind::Type, 30),
            ("$.email", Kind::Missing, 30),
            // Not what is below it as well.
            ("$.deep", Kind::Missing, 30),
        ];
        assert_eq!(told.len(), expected.len(), "{told:?}");
        assert!(expected.iter().all(|form| told.contains(form)), "{told:?}");
        assert!(shapes(right, right).is_empty());
    }

    #[test]
    fn what_only_some_answers_have_is_no_difference_of_form() {
        let some = |number: u32| if number.is_multiple_of(2) { r#"{"a":null}"# } else { r#"{"a":1,"b":2}"# }.to_owned();
        let others =
            |number: u32| if number.is_multiple_of(5) { r#"{"a":1}"# } else { r#"{"a":null,"b":2}"# }.to_owned();
        assert_eq!(shapes(some, others), []);
        let rare = |number: u32| if number == 7 { r#"{"a":"x"}"# } else { r#"{"a":1,"b":2}"# }.to_owned();
        assert_eq!(shapes(some, rare), []);
    }

    #[test]
    fn forms_of_texts() {
        for (text, form) in [
            ("\"2026-01-31T08:00:00Z\"", Form::Instant(0)),
            ("\"2026-01-31T08:00:00.123456+02:00\"", Form::Instant(6)),
            ("\"2026-01-31 08:00:00.123\"", Form::Clock(3)),
            ("\"2026-01-31T08:00:00 and so on\"", Form::Text),
            ("\"6f1e2a34-0000-4000-8000-00000000000a\"", Form::Uuid),
            ("\"\"", Form::Text),
        ] {
            assert_eq!(of_text(text.as_bytes()), form, "{text}");
        }
    }
}
