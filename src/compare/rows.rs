//! Cells of two databases: how they are ordered, and what a difference between two of them means. Pure; knows nothing
//! of how rows are read.

use std::cmp::Ordering;
use std::time::Duration;

use super::ids::Watch;
use super::json::{self, Document};
use super::number::Decimal;
use super::own_url::OwnUrl;
use super::permit::{self, Answer, Seen};
use super::rules::{Decider, Rules};
use super::{Context, Findings, scalar, shown, structure};
use crate::plan::{Compare, RuleKind, StateCompare};
use crate::record::Class;
use crate::record::parity::Kind;
use crate::role::Pair;

/// One value of a row, without loss.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Cell {
    /// What it is.
    pub form: Form,
    /// Its text; bytes as hexadecimal digits.
    pub text: Box<[u8]>,
}

/// What a value is to its database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// Nothing.
    Null,
    /// A whole number.
    Integer,
    /// A number with a fraction, exact or not.
    Real,
    /// Text, and whatever is written as text: times, arrays, enums.
    Text,
    /// A JSON document.
    Json,
    /// Bytes.
    Bytes,
}

impl Cell {
    /// No value.
    pub fn null() -> Self {
        Self { form: Form::Null, text: Box::default() }
    }

    /// A value.
    pub fn new(form: Form, text: impl Into<Box<[u8]>>) -> Self {
        Self { form, text: text.into() }
    }

    /// Whether it is nothing.
    pub const fn is_null(&self) -> bool {
        matches!(self.form, Form::Null)
    }

    /// As a report shows it, shortened: `NULL`, `12`, `'text'`, `x'6869'`.
    pub fn shown(&self) -> String {
        let text = shown::bytes(&self.text);
        match self.form {
            Form::Null => "NULL".to_owned(),
            Form::Integer | Form::Real => text,
            Form::Text | Form::Json => format!("'{text}'"),
            Form::Bytes => format!("x'{text}'"),
        }
    }

    /// Which comes first where a database orders by the value itself: nothing, numbers, text, bytes.
    pub fn order(&self, other: &Self) -> Ordering {
        let rank = |form| match form {
            Form::Null => 0,
            Form::Integer | Form::Real => 1,
            Form::Text | Form::Json => 2,
            Form::Bytes => 3,
        };
        let ranks = (rank(self.form), rank(other.form));
        match ranks {
            (1, 1) => self.number().order(&other.number()),
            _ => ranks.0.cmp(&ranks.1).then_with(|| self.text.cmp(&other.text)),
        }
    }

    /// Which comes first where a database orders by the text, byte for byte, nothing first.
    pub fn order_as_text(&self, other: &Self) -> Ordering {
        (!self.is_null()).cmp(&!other.is_null()).then_with(|| self.text.cmp(&other.text))
    }

    fn number(&self) -> Number {
        let text = std::str::from_utf8(&self.text).unwrap_or_default();
        text.parse().map_or_else(|_| Number::Real(text.parse().unwrap_or(f64::NAN)), Number::Whole)
    }
}

/// A number that a database orders by its value.
#[derive(Clone, Copy)]
enum Number {
    Whole(i64),
    Real(f64),
}

impl Number {
    fn order(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (Self::Whole(one), Self::Whole(other)) => one.cmp(&other),
            (Self::Real(one), Self::Real(other)) => one.total_cmp(&other),
            (Self::Whole(whole), Self::Real(real)) => order_whole(whole, real),
            (Self::Real(real), Self::Whole(whole)) => order_whole(whole, real).reverse(),
        }
    }
}

/// Exact also where `whole as f64` is not.
fn order_whole(whole: i64, real: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if real >= BEYOND {
        Ordering::Less
    } else if real < -BEYOND {
        Ordering::Greater
    } else {
        whole.cmp(&(real.trunc() as i64)).then_with(|| 0.0.partial_cmp(&real.fract()).unwrap_or(Ordering::Equal))
    }
}

/// A plan's rules for the databases.
#[derive(Debug, Clone)]
pub struct RowRules {
    rules: Vec<(Option<String>, Option<String>, RuleKind)>,
    nothing: std::sync::Arc<Rules>,
}

/// What comparing two cells came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellVerdict {
    /// How much it matters.
    pub class: Class,
    /// Index of the rule that permits it, for class `volatile`; else of the one that it breaks.
    pub rule: Option<usize>,
    /// How it breaks the rule.
    pub note: Option<String>,
}

impl RowRules {
    /// Makes the rules ready. After a load, `apart` is how far apart the two sides were loaded: two times that were
    /// written then may lie so much further apart than a rule says.
    pub fn new(state: &StateCompare, apart: Duration) -> Self {
        let widen = |kind: &RuleKind| match kind {
            RuleKind::Datetime { within } => RuleKind::Datetime { within: within.saturating_add(apart) },
            other => other.clone(),
        };
        let rules = state.rules.iter().map(|rule| (rule.table.clone(), rule.column.clone(), widen(&rule.kind)));
        Self { rules: rules.collect(), nothing: std::sync::Arc::new(Rules::new(&Compare::default())) }
    }

    /// The rule that leaves out the rows of a table altogether.
    pub fn of_table(&self, table: &str) -> Option<usize> {
        self.find(table, None).filter(|rule| self.is_ignore(*rule))
    }

    /// The rule that decides a column.
    pub fn of_column(&self, table: &str, column: &str) -> Option<usize> {
        self.find(table, Some(column))
    }

    /// Whether a rule permits anything.
    pub fn is_ignore(&self, rule: usize) -> bool {
        matches!(self.rules.get(rule), Some((_, _, RuleKind::Ignore)))
    }

    fn find(&self, table: &str, column: Option<&str>) -> Option<usize> {
        self.rules.iter().position(|(of_table, of_column, _)| {
            of_table.as_deref().is_none_or(|name| name == table) && of_column.as_deref() == column
        })
    }

    /// Compares two cells of one column; `None`: no difference.
    pub fn compare(&self, rule: Option<usize>, baseline: &Cell, candidate: &Cell) -> Option<CellVerdict> {
        if baseline == candidate {
            return None;
        }
        let class = self.class(baseline, candidate)?;
        let Some(rule) = rule else { return Some(CellVerdict { class, rule: None, note: None }) };
        let (class, note) = match self.ask(rule, baseline, candidate) {
            Answer::Permitted => (Class::Volatile, None),
            Answer::ButWritten(how) => (Class::Representation, Some(how)),
            Answer::Broken(why) => (class, Some(why)),
        };
        Some(CellVerdict { class, rule: Some(rule), note })
    }

    fn ask(&self, rule: usize, baseline: &Cell, candidate: &Cell) -> Answer {
        let Some((_, _, kind)) = self.rules.get(rule) else {
            return Answer::Broken("there is no such rule".to_owned());
        };
        let texts = (instant(baseline), instant(candidate));
        let decider = Decider { index: rule, kind, from_above: false };
        permit::ask(&decider, Kind::Value, (texts.0.as_deref().map(Seen::Body), texts.1.as_deref().map(Seen::Body)))
    }

    fn class(&self, baseline: &Cell, candidate: &Cell) -> Option<Class> {
        match (baseline.form, candidate.form) {
            (Form::Integer | Form::Real, Form::Integer | Form::Real) => {
                let alike = || {
                    is_decimal(&baseline.text)
                        && is_decimal(&candidate.text)
                        && Decimal::new(&baseline.text) == Decimal::new(&candidate.text)
                };
                Some(scalar::representation_if(baseline.text == candidate.text || alike()))
            }
            (Form::Text, Form::Text) => scalar::texts(&no_urls(), &baseline.text, &candidate.text),
            (Form::Json, Form::Json) => match (json::parse(&baseline.text), json::parse(&candidate.text)) {
                (Ok(baseline), Ok(candidate)) => Some(self.documents(&Pair { baseline, candidate })),
                _ => Some(Class::Breaking),
            },
            _ => Some(Class::Breaking),
        }
    }

    /// The gravest difference of two documents that are not the same text.
    fn documents(&self, documents: &Pair<Document<'_>>) -> Class {
        let context = Context { scope: self.nothing.scope("", ""), urls: no_urls(), ids: Watch::off(), is_head: false };
        let mut findings = Findings::new(0);
        structure::compare(&context, &mut findings, documents.as_ref());
        let differences = findings.into_comparison().differences;
        differences.into_iter().map(|difference| difference.class).min().unwrap_or(Class::Representation)
    }
}

fn no_urls() -> Pair<OwnUrl<'static>> {
    Pair { baseline: OwnUrl::new(""), candidate: OwnUrl::new("") }
}

/// Whether a database's number is written as JSON would: `NaN` and `Infinity` are not.
fn is_decimal(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    digits.first().is_some_and(u8::is_ascii_digit)
        && digits.iter().all(|byte| byte.is_ascii_digit() || b".eE+-".contains(byte))
}

/// Digits of a second's fraction that databases keep; they leave zeros at the end out when they write it.
const FRACTION: usize = 6;

/// A cell's text, times as RFC 3339 has them: databases write a blank for the `T`, and `+00` for `Z`.
fn instant(cell: &Cell) -> Option<Vec<u8>> {
    if cell.is_null() {
        return None;
    }
    let text = &cell.text;
    let is_time = text.len() >= 19 && text[4] == b'-' && text[10] == b' ' && text[13] == b':';
    if !is_time {
        return Some(text.to_vec());
    }
    let (whole, rest) = text.split_at(19);
    let digits = rest.strip_prefix(b".").map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
    let (fraction, offset) = if digits > 0 { rest.split_at(digits + 1) } else { (&b"."[..], rest) };
    let mut written = whole.to_vec();
    written[10] = b'T';
    written.extend(fraction);
    written.extend(std::iter::repeat_n(b'0', FRACTION.saturating_sub(digits)));
    match offset {
        b"+00" => written.push(b'Z'),
        [b'+' | b'-', _, _] => written.extend([offset, b":00"].concat()),
        other => written.extend(other),
    }
    Some(written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::StateRule;

    fn text(text: &str) -> Cell {
        Cell::new(Form::Text, text.as_bytes())
    }

    fn rules(kind: RuleKind) -> RowRules {
        let rule = StateRule { table: None, column: Some("at".to_owned()), kind, reason: "for a test".to_owned() };
        RowRules::new(&StateCompare { rules: vec![rule], ..StateCompare::default() }, Duration::ZERO)
    }

    fn class(baseline: &Cell, candidate: &Cell) -> Option<Class> {
        rules(RuleKind::Ignore).compare(None, baseline, candidate).map(|verdict| verdict.class)
    }

    #[test]
    fn what_a_reader_of_the_column_would_take_for_another_value_is_breaking() {
        use Class::{Breaking, Representation};
        let cell = |form, text: &str| Cell::new(form, text.as_bytes());
        for (baseline, candidate, expected) in [
            (Cell::null(), text(""), Some(Breaking)),
            (text("a"), text("a"), None),
            (text("a"), text("A"), Some(Breaking)),
            (cell(Form::Integer, "9007199254740993"), cell(Form::Integer, "9007199254740992"), Some(Breaking)),
            (cell(Form::Integer, "1"), text("1"), Some(Breaking)),
            (cell(Form::Integer, "1"), cell(Form::Real, "1.0"), Some(Representation)),
            (cell(Form::Real, "1.10"), cell(Form::Real, "1.1"), Some(Representation)),
            (cell(Form::Real, "NaN"), cell(Form::Real, "1"), Some(Breaking)),
            (cell(Form::Real, "NaN"), cell(Form::Real, "NaN"), None),
            (cell(Form::Json, r#"{"a":1,"b":2}"#), cell(Form::Json, r#"{"b": 2, "a": 1}"#), Some(Representation)),
            (cell(Form::Json, r#"{"a":1}"#), cell(Form::Json, r#"{"a":2}"#), Some(Breaking)),
            (cell(Form::Bytes, "00ff"), cell(Form::Bytes, "00fe"), Some(Breaking)),
            (text("2024-01-01T00:00:00Z"), text("2024-01-01T00:00:00+00:00"), Some(Representation)),
        ] {
            assert_eq!(class(&baseline, &candidate), expected, "{baseline:?} {candidate:?}");
        }
    }

    #[test]
    fn times_are_near_in_every_way_that_a_database_writes_them() {
        let rules = rules(RuleKind::Datetime { within: Duration::from_secs(5) });
        for (baseline, candidate, is_allowed) in [
            ("2024-01-01 10:00:00.123456+00", "2024-01-01 10:00:04+00", true),
            ("2024-01-01 10:00:00+00", "2024-01-01 10:00:06+00", false),
            ("2024-01-01 10:00:00.12+05", "2024-01-01 10:00:04.123456+05", true),
            ("2024-01-01 10:00:00", "2024-01-01 10:00:01", true),
            ("2024-01-01 10:00:00", "2024-01-01 10:00:01+00", false),
            ("2024-01-01T10:00:00Z", "2024-01-01T10:00:01Z", true),
            ("infinity", "2024-01-01 10:00:01+00", false),
        ] {
            let found = rules.compare(Some(0), &text(baseline), &text(candidate)).expect("they differ");
            assert_eq!(found.class == Class::Volatile, is_allowed, "{baseline} {candidate}");
        }
        assert_eq!(
            rules.compare(Some(0), &Cell::null(), &text("2024-01-01 10:00:00")).map(|it| it.class),
            Some(Class::Breaking)
        );
    }

    #[test]
    fn a_load_lets_times_lie_further_apart() {
        let state = StateCompare {
            rules: vec![StateRule {
                table: Some("t".to_owned()),
                column: Some("at".to_owned()),
                kind: RuleKind::Datetime { within: Duration::from_secs(5) },
                reason: "for a test".to_owned(),
            }],
            ..StateCompare::default()
        };
        let (near, far) = (text("2024-01-01 10:00:00"), text("2024-01-01 10:00:20"));
        let found = |apart| RowRules::new(&state, apart).compare(Some(0), &near, &far).map(|it| it.class);
        assert_eq!(found(Duration::ZERO), Some(Class::Breaking));
        assert_eq!(found(Duration::from_secs(20)), Some(Class::Volatile));
    }

    #[test]
    fn cells_are_ordered_as_a_database_orders_them() {
        let cells = [
            Cell::null(),
            Cell::new(Form::Real, "-1.0e+30".as_bytes()),
            Cell::new(Form::Integer, "-5".as_bytes()),
            Cell::new(Form::Real, "2.5".as_bytes()),
            Cell::new(Form::Integer, "9007199254740992".as_bytes()),
            Cell::new(Form::Integer, "9007199254740993".as_bytes()),
            Cell::new(Form::Real, "9.3e18".as_bytes()),
            text(""),
            text("a"),
            text("b"),
            Cell::new(Form::Bytes, "00".as_bytes()),
        ];
        for (at, one) in cells.iter().enumerate() {
            for (other_at, other) in cells.iter().enumerate() {
                assert_eq!(one.order(other), at.cmp(&other_at), "{one:?} {other:?}");
            }
        }
        assert!(Cell::null().order_as_text(&text("")).is_lt());
    }

    #[test]
    fn the_first_rule_that_fits_decides() {
        let rule = |table: Option<&str>, column: Option<&str>, kind| StateRule {
            table: table.map(str::to_owned),
            column: column.map(str::to_owned),
            kind,
            reason: "for a test".to_owned(),
        };
        let state = StateCompare {
            rules: vec![
                rule(Some("tokens"), None, RuleKind::Ignore),
                rule(Some("t"), Some("at"), RuleKind::Ignore),
                rule(None, Some("at"), RuleKind::Datetime { within: Duration::ZERO }),
            ],
            ..StateCompare::default()
        };
        let rules = RowRules::new(&state, Duration::ZERO);
        assert_eq!((rules.of_table("tokens"), rules.of_table("t")), (Some(0), None));
        assert_eq!((rules.of_column("t", "at"), rules.of_column("u", "at")), (Some(1), Some(2)));
        assert_eq!(rules.of_column("u", "on"), None);
    }
}
