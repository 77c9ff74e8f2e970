//! Whether a rule permits what two sides have at its place, and if not, what is wrong with it, in words.

use std::borrow::Cow;
use std::time::Duration;

use super::distance;
use super::json::{self, Type, Value};
use super::moment::Moment;
use super::rules::Decider;
use super::scalar::is_uuid;
use super::shown;
use crate::plan::{RuleKind, Tolerance};
use crate::record::parity::Kind;
use crate::units::format_duration;

/// What one side has at a place.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    Json(Value<'a>),
    Header(&'a [u8]),
    Body(&'a [u8]),
}

/// Both sides; `None`: nothing is there.
pub(super) type Both<'a> = (Option<Seen<'a>>, Option<Seen<'a>>);

/// What a rule says to two values that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// They may.
    Permitted,
    /// As values they may, but they are also written differently, which it says nothing of; in words.
    ButWritten(String),
    /// They may not; what breaks the rule, to be read after its name.
    Broken(String),
}

/// Asks a rule. New kinds of rules get their arm in [`permits`].
pub(super) fn ask(decider: &Decider<'_>, difference: Kind, both: Both<'_>) -> Answer {
    match permits(decider, difference, both) {
        Err(broken) => Answer::Broken(broken),
        Ok(()) => written_differently(decider, both).map_or(Answer::Permitted, Answer::ButWritten),
    }
}

/// Two times near each other of which one has lost its microseconds: that is no matter of when they were written.
fn written_differently(decider: &Decider<'_>, both: Both<'_>) -> Option<String> {
    let (RuleKind::Datetime { .. }, false, (Some(baseline), Some(candidate))) =
        (decider.kind, decider.from_above, both)
    else {
        return None;
    };
    let (baseline, candidate) = (baseline.text()?, candidate.text()?);
    let ((digits, offset), (other_digits, other_offset)) = (writing(&baseline), writing(&candidate));
    if digits != other_digits {
        return Some(format!("fractions of {digits} and of {other_digits} digits"));
    }
    let shown = String::from_utf8_lossy;
    (offset != other_offset).then(|| format!("offsets {} and {}", shown(offset), shown(other_offset)))
}

/// Digits behind the point of a time of RFC 3339, and its offset.
fn writing(text: &[u8]) -> (usize, &[u8]) {
    const WHOLE: usize = 19;
    let Some((_, rest)) = text.split_at_checked(WHOLE).filter(|(whole, _)| whole[0].is_ascii_digit()) else {
        return (0, b"");
    };
    let Some(behind) = rest.strip_prefix(b".") else { return (0, rest) };
    let digits = behind.iter().take_while(|byte| byte.is_ascii_digit()).count();
    (digits, &behind[digits..])
}

/// Whether a rule permits two values.
///
/// # Errors
/// What breaks the rule, to be read after its name.
pub(super) fn permits(decider: &Decider<'_>, difference: Kind, both: Both<'_>) -> Result<(), String> {
    if decider.from_above || matches!(decider.kind, RuleKind::Ignore) {
        // A place that may be anything may also be absent.
        return Ok(());
    }
    let (baseline, candidate) = present(both)?;
    match decider.kind {
        RuleKind::Ignore => Ok(()),
        RuleKind::Schema { schema } => {
            fits(schema, baseline).map_err(|error| format!("the baseline does not fit: {error}"))?;
            fits(schema, candidate).map_err(|error| format!("the candidate does not fit: {error}"))
        }
        RuleKind::Unordered | RuleKind::Keyed { .. } if difference == Kind::Order => Ok(()),
        RuleKind::Unordered if matches!(baseline, Seen::Header(_)) => Err("not the same values".to_owned()),
        RuleKind::Unordered | RuleKind::Keyed { .. } => array(baseline, candidate),
        kind => {
            if baseline.json_type() != candidate.json_type() {
                return Err("the types differ".to_owned());
            }
            scalars(kind, baseline, candidate)
        }
    }
}

/// What may have its elements in any order.
fn array(baseline: Seen<'_>, candidate: Seen<'_>) -> Result<(), String> {
    let is_array = |seen: Seen<'_>| seen.json_type() == Some(Type::Array);
    each(baseline, candidate, "array", is_array)
}

/// Two values of one type.
fn scalars(kind: &RuleKind, baseline: Seen<'_>, candidate: Seen<'_>) -> Result<(), String> {
    match kind {
        RuleKind::Uuid => each(baseline, candidate, "UUID", |seen| seen.text().is_some_and(|text| is_uuid(&text))),
        RuleKind::Datetime { within } => datetime(baseline, candidate, *within),
        RuleKind::Number { within } => number(baseline, candidate, within),
        RuleKind::Matches { pattern } => {
            let matches = |seen: Seen<'_>| seen.scalar_text().is_some_and(|text| pattern.is_match(&text));
            each(baseline, candidate, "match", matches)
        }
        _ => Ok(()),
    }
}

fn present(both: Both<'_>) -> Result<(Seen<'_>, Seen<'_>), String> {
    match both {
        (Some(baseline), Some(candidate)) => Ok((baseline, candidate)),
        (None, _) => Err("nothing on the baseline".to_owned()),
        (_, None) => Err("nothing on the candidate".to_owned()),
    }
}

/// Both sides must be something.
fn each(baseline: Seen<'_>, candidate: Seen<'_>, what: &str, is_it: impl Fn(Seen<'_>) -> bool) -> Result<(), String> {
    let found = |seen| is_it(seen).then_some(());
    both(what, (found(baseline), found(candidate))).map(|_| ())
}

/// Both sides must have something.
fn both<T>(what: &str, found: (Option<T>, Option<T>)) -> Result<(T, T), String> {
    match found {
        (Some(baseline), Some(candidate)) => Ok((baseline, candidate)),
        (Some(_), None) => Err(format!("no {what} on the candidate")),
        (None, Some(_)) => Err(format!("no {what} on the baseline")),
        (None, None) => Err(format!("no {what} on either side")),
    }
}

fn datetime(baseline: Seen<'_>, candidate: Seen<'_>, within: Duration) -> Result<(), String> {
    let (baseline, candidate) = (baseline.text(), candidate.text());
    let moments = (baseline.as_deref().and_then(Moment::parse), candidate.as_deref().and_then(Moment::parse));
    match both("point in time", moments)? {
        (one, two) if !one.has_form_of(&two) => Err("written in different forms".to_owned()),
        (one, two) if one.is_near(&two, within) => Ok(()),
        _ => Err(format!("more than {} apart", format_duration(within))),
    }
}

fn number(baseline: Seen<'_>, candidate: Seen<'_>, within: &Tolerance) -> Result<(), String> {
    let is_number = |seen: Seen<'_>| seen.scalar_text().is_some_and(|text| is_number(&text));
    each(baseline, candidate, "number", is_number)?;
    let text = |seen: Seen<'_>| seen.scalar_text().map(Cow::into_owned).unwrap_or_default();
    let is_near = distance::is_within(text(baseline).trim_ascii(), text(candidate).trim_ascii(), within);
    if is_near { Ok(()) } else { Err(format!("more than {within} apart")) }
}

fn is_number(text: &[u8]) -> bool {
    json::parse(text).is_ok_and(|document| document.root().kind() == Type::Number)
}

fn fits(schema: &jsonschema::Validator, seen: Seen<'_>) -> Result<(), String> {
    let text = match seen {
        Seen::Json(value) => value.raw(),
        Seen::Header(bytes) | Seen::Body(bytes) => bytes,
    };
    // What this reader cannot represent (nested too deep, a lone surrogate) fits no schema.
    let value: serde_json::Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    // Without the value itself, which may be a secret.
    schema.validate(&value).map_err(|error| match error.instance_path().as_str() {
        "" => shown::text(&error.masked().to_string()),
        path => shown::text(&format!("{} at `{path}`", error.masked())),
    })
}

impl<'a> Seen<'a> {
    /// Its text, if it is one.
    fn text(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Json(value) => value.text().map(json::Text::decode),
            Self::Header(bytes) | Self::Body(bytes) => Some(Cow::Borrowed(bytes)),
        }
    }

    /// Its text, or what a number or a truth value is written like.
    fn scalar_text(self) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Json(value) if matches!(value.kind(), Type::Number | Type::Bool) => Some(Cow::Borrowed(value.raw())),
            other => other.text(),
        }
    }

    fn json_type(self) -> Option<Type> {
        match self {
            Self::Json(value) => Some(value.kind()),
            Self::Header(_) | Self::Body(_) => None,
        }
    }
}
